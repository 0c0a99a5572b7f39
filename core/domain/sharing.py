"""Which raw column an engineered feature's effect belongs to, where it is made of several."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from core.domain.columns import Array, Column, Columns, Kind, missing_mask
from core.domain.features import Feature, Floats

MOST_EXACT = 4  # columns; 2^n evaluations of the feature


def shapley_shares(
    feature: Feature, schema: Sequence[Column], columns: Columns, typical: Columns, whole: Floats
) -> Floats:
    """|Shapley value| of each column in the feature's own function, as shares of their sum.

    Parameters
    ----------
    feature : Feature
    schema : the feature's columns, in its order
    columns : typed raw columns, n_rows rows
    typical : the typical row, arrays of length 1
    whole : array, shape (n_rows,)
        The feature's value.

    Returns
    -------
    array, shape (n_inputs, n_rows), summing to 1 over inputs

    Notes
    -----
    The game: columns in a coalition have the row's value, the others the typical one. A column at its typical value
    has no part in what the feature does; where none has, all share alike. Where the feature is missing because columns
    are, it is theirs alone. Of more than 4 columns each counts by the mean of what it does first and what it does last.
    """
    names = feature.inputs
    given, usual = _given(names, columns, typical, len(whole))
    start = np.asarray(feature.compute(*(typical[name] for name in names)), dtype=np.float64)
    values = np.zeros((len(names), len(whole)))
    coalitions = _Coalitions(feature, given, usual, np.nan_to_num(start[0]), whole)
    for held, weight, place in _steps(len(names)):
        values[place] += weight * (coalitions.worth(held | {place}) - coalitions.worth(held))
    values[_same_as(given, usual)] = 0.0  # exactly, whatever a vectorised function rounds to
    return _normalised(_of_missing(np.abs(values), schema, given, np.isnan(whole)))


class _Coalitions:
    """What the feature is where some columns have the row's value and the others the typical one; each asked once."""

    def __init__(self, feature: Feature, given: list[Array], usual: list[Array], start: float, whole: Floats) -> None:
        self._feature, self._given, self._usual, self._start = feature, given, usual, start
        everyone = frozenset(range(len(given)))
        self._known: dict[frozenset[int], Floats] = {
            frozenset(): np.full(len(whole), start),
            everyone: self._filled(whole),
        }

    def worth(self, held: frozenset[int]) -> Floats:
        if held not in self._known:
            pairs = enumerate(zip(self._given, self._usual, strict=True))
            arguments = [given if place in held else usual for place, (given, usual) in pairs]
            self._known[held] = self._filled(np.asarray(self._feature.compute(*arguments), dtype=np.float64))
        return self._known[held]

    def _filled(self, values: Floats) -> Floats:
        return np.where(np.isnan(values), self._start, values)


def _given(names: Sequence[str], columns: Columns, typical: Columns, n_rows: int) -> tuple[list[Array], list[Array]]:
    return [columns[name] for name in names], [np.repeat(typical[name], n_rows, axis=0) for name in names]


def _steps(n: int) -> list[tuple[frozenset[int], float, int]]:
    """Coalition, weight, and the column that joins it."""
    if n > MOST_EXACT:
        others = [(place, frozenset(range(n)) - {place}) for place in range(n)]
        return [step for place, rest in others for step in ((frozenset(), 0.5, place), (rest, 0.5, place))]
    found = []
    for place in range(n):
        rest = [other for other in range(n) if other != place]
        for size in range(n):
            weight = math.factorial(size) * math.factorial(n - size - 1) / math.factorial(n)
            found += [(frozenset(held), weight, place) for held in itertools.combinations(rest, size)]
    return found


def _same_as(given: list[Array], usual: list[Array]) -> NDArray[np.bool_]:
    """Where a column has its typical value, shape (n_inputs, n_rows)."""
    found = []
    for mine, theirs in zip(given, usual, strict=True):
        same = mine == theirs
        if mine.dtype.kind in "fM":
            same |= (mine != mine) & (theirs != theirs)  # missing in both
        found.append(same.all(axis=1) if same.ndim == 2 else same)
    return np.array(found)


def _of_missing(sizes: Floats, schema: Sequence[Column], given: list[Array], unknown: NDArray[np.bool_]) -> Floats:
    if not unknown.any():
        return sizes
    gone = np.array([missing_mask(column, values) for column, values in zip(schema, given, strict=True)])
    return np.where(unknown & gone.any(axis=0), gone * 1.0, sizes)


def _normalised(sizes: Floats) -> Floats:
    total = sizes[0].copy()
    for size in sizes[1:]:
        total += size
    return np.where(total > 0, sizes / np.where(total > 0, total, 1.0), 1.0 / len(sizes))


def typical_array(column: Column, values: Array) -> Array:
    """The middle value, or the most frequent level, answer or set, as the typed array of one row.

    Of lists of numbers, the median at every place that at least half of the rows have a number at.

    >>> typical_array(Column("x", Kind.NUMBER), np.array([3.0, np.nan, 1.0, 2.0]))
    array([2.])
    """
    if column.kind is Kind.NUMBERS:
        usual = np.isnan(values).mean(axis=0) <= 0.5
        middle = np.full((1, values.shape[1]), np.nan)
        if usual.any():
            middle[0, usual] = np.nanquantile(values[:, usual], 0.5, axis=0, method="lower")
        return middle
    present = values[~missing_mask(column, values)]
    if column.kind.is_coded or len(present) == 0:  # "missing" is a level as well
        present = values
    if column.kind in (Kind.NUMBER, Kind.COUNT, Kind.TIME):
        return np.asarray(np.sort(present)[(len(present) - 1) // 2][None])
    levels, counts = np.unique(present, return_counts=True)
    return np.asarray(levels[counts.argmax()][None])
