"""Which groups rows belong to: of one column, or of two together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from core.domain.fairness.rates import Codes
from core.domain.usecase import UseCase
from core.errors import UnknownName
from core.services.comparison.protected import group_codes
from core.services.reasons.drivers import segmentations

MOST_GROUPS = 60  # the largest ones; a column of more levels names no groups of people


@dataclass(frozen=True)
class Groups:
    """Rows by group.

    Attributes
    ----------
    columns : tuple of str
    title : str
    names : tuple of str
    codes : array of int64, shape (n_rows,)
        Places in `names`, -1 where the group is not known.
    """

    columns: tuple[str, ...]
    title: str
    names: tuple[str, ...]
    codes: Codes


def titles(use_case: UseCase) -> dict[str, str]:
    """Name -> title of what rows can be grouped by; columns of a person's own are left out."""
    personal = {column.name for column in use_case.schema if column.personal}
    return {name: title for name, title in segmentations(use_case).items() if name not in personal}


def raw_columns(use_case: UseCase, names: Sequence[str]) -> tuple[str, ...]:
    """The raw columns that groups are read from.

    Raises
    ------
    UnknownName
        No such column or grouping has groups.
    """
    known = titles(use_case)
    for name in names:
        if name not in known:
            raise UnknownName("column to group by", name, tuple(known))
    cut = {grouping.name: grouping.column for grouping in use_case.groupings}
    return tuple(dict.fromkeys(cut.get(name, name) for name in names))


def _codes(use_case: UseCase, name: str, raw: Mapping[str, Any]) -> tuple[Codes, tuple[str, ...]]:
    cut = next((item for item in use_case.groupings if item.name == name), None)
    if cut is None:
        return group_codes(use_case, name, raw)
    return np.nan_to_num(np.asarray(raw[name], dtype=np.float64), nan=-1).astype(np.int64), cut.levels


def groups_of(
    use_case: UseCase, columns: tuple[str, ...], raw: Mapping[str, Any], times: Codes | None = None
) -> Groups:
    """Every row's group of one column, or of two together; groups without a row are left out."""
    codes, names = _codes(use_case, columns[0], raw)
    for column in columns[1:]:
        other, levels = _codes(use_case, column, raw)
        codes = np.where((codes < 0) | (other < 0), -1, codes * len(levels) + other)
        names = tuple(f"{name}, {level}" for name in names for level in levels)
    known = titles(use_case)
    kept = codes >= 0
    sizes = np.bincount(codes[kept], weights=None if times is None else times[kept], minlength=len(names))
    largest = np.argsort(-sizes, kind="stable")[:MOST_GROUPS]
    present = np.sort(largest[sizes[largest] > 0])
    place = np.full(len(names) + 1, -1, dtype=np.int64)  # the last for -1
    place[present] = np.arange(len(present))
    title = " and ".join(known[name] if n == 0 else known[name].lower() for n, name in enumerate(columns))
    return Groups(columns, title, tuple(names[code] for code in present.tolist()), place[codes])
