"""A version's reference rows as evidence: their columns, what their outcomes were worth, and of when they are."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from weakref import WeakKeyDictionary

import numpy as np

from core.domain.columns import Array, Columns
from core.domain.features import Floats
from core.domain.usecase import Task, UseCase
from core.domain.values import day_text
from core.ml.scorer import Scorer
from core.services.desk import Desk
from core.services.reasons.explainers import reference_columns


@dataclass(frozen=True)
class Reference:
    """Held-out reference rows of one version.

    Attributes
    ----------
    outcome : array, shape (n_rows,), or None
        0/1, the class's place, or the value; NaN where it is not known.
    dates : str
        "1 Jan to 1 Mar 2026"; "" where no column says when a row happened.
    """

    use_case: UseCase
    columns: Columns
    outcome: Array | None
    n_rows: int
    dates: str

    def worth(self, likeliest: int) -> Floats | None:
        """What each outcome counts in units of the score, shape (n_rows,); None where there is none.

        0/1 and values count as they are; a class its value, or, where classes have none, 1 for the row's likeliest.
        """
        outcome = self.outcome
        if outcome is None or self.use_case.task is not Task.MULTICLASS:
            return outcome
        values = self.use_case.target.class_values
        known = ~np.isnan(outcome)
        worth = np.full(len(outcome), np.nan)
        places = outcome[known].astype(np.int64)
        worth[known] = np.array(values)[places] if values else places == likeliest
        return worth


_kept: WeakKeyDictionary[Desk, dict[tuple[str, str], tuple[Scorer, Reference]]] = WeakKeyDictionary()
_guard = threading.Lock()


def reference_of(desk: Desk, key: str, version: str) -> Reference:
    """The reference rows of a version, read once per version and definition."""
    scorer = desk.scorer(key, version)
    with _guard:
        known = _kept.setdefault(desk, {})
        if (key, version) not in known or known[key, version][0] is not scorer:
            columns, outcome, n_rows = reference_columns(desk, key, version)
            dates = dates_text(scorer.use_case, columns)
            known[key, version] = scorer, Reference(scorer.use_case, columns, outcome, n_rows, dates)
        return known[key, version][1]


def dates_text(use_case: UseCase, columns: Columns) -> str:
    """The days between which rows happened, in words; "" where no column says when."""
    time = use_case.schema.time
    times = columns[time.name] if time and time.name in columns else np.empty(0, "datetime64[us]")
    times = times[~np.isnat(times)]
    if len(times) == 0:
        return ""
    first, last = times.min().item(), times.max().item()
    start = day_text(first)
    if first.year == last.year:
        start = start.removesuffix(f" {first.year}")
    return day_text(last) if first.date() == last.date() else f"{start} to {day_text(last)}"
