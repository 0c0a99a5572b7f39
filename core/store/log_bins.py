"""One item counted in its bins by the database: what is asked of it, as SQL, and how the answer is read."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from core.domain.drift.bins import Bins, Counted

_FACTS = ("min", "max", "avg", "stddev_pop")  # of every number
UNKNOWN = (math.nan, math.nan)


def aggregates(bins: Bins, value: str) -> tuple[str, list[list[float]]]:
    """What is asked of one item, as SQL, and the edges bound in it."""
    if not bins.is_number:
        return f"histogram({value}::VARCHAR)", []
    number = f"nullif(TRY_CAST({value} AS DOUBLE), 'nan'::DOUBLE)"
    edges, facts = list(bins.edges), ", ".join(f"{name}({number})" for name in _FACTS)
    if not edges:  # a reference without any value: one bin
        return f"count({number}), {facts}", []
    text, bound = f"histogram({number}, ?), {facts}", [edges]
    if bins.points:
        return f"{text}, histogram_exact({number}, ?)", [*bound, edges]
    return text, bound


def counted_in(bins: Sequence[Bins], n: int, cell: Iterator[Any]) -> Iterator[tuple[Counted, tuple[float, float]]]:
    """One window's cells, in the order in which they were asked for, as counts with mean and standard deviation."""
    for item in bins:
        if not item.is_number:
            yield _levels(item, n, next(cell)), UNKNOWN
            continue
        found = next(cell)
        low, high, mean, sd = (math.nan if fact is None else float(fact) for fact in (next(cell) for _ in _FACTS))
        exact = next(cell) if item.points and item.edges else None
        counts = _in_bins(item, found)
        between = None if exact is None else int(counts[1:-1].sum()) - _at(item.edges[1:], exact)
        missing = n - int(counts.sum())
        yield Counted(item.name, counts, missing, low=low, high=high, between=between), (mean, sd)


def _in_bins(bins: Bins, found: Mapping[float, int] | int | None) -> Any:
    """Rows per bin of a histogram by upper edge; what lies above the last edge stands at infinity."""
    if not isinstance(found, Mapping):
        return np.array([0] * len(bins.edges) + [found or 0], dtype=np.int64)
    return np.array([found.get(edge, 0) for edge in (*bins.edges, math.inf)], dtype=np.int64)


def _at(edges: Sequence[float], exact: Mapping[float, int] | None) -> int:
    return sum((exact or {}).get(edge, 0) for edge in edges)


def _levels(bins: Bins, n: int, found: Mapping[str, int] | None) -> Counted:
    known = dict(found or {})
    counts = np.array([known.pop(level, 0) for level in bins.levels], dtype=np.int64)
    return Counted(bins.name, counts, n - int(counts.sum()) - sum(known.values()), known)


def no_rows(bins: Bins) -> Counted:
    """An item of a window without rows."""
    return Counted(bins.name, np.zeros(len(bins.counts), dtype=np.int64), 0)
