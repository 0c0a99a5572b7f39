"""Engineered features: pure, vectorised functions of raw columns, each with its formula in words.

A feature reads only the row it belongs to, never the batch, so a row scores the same alone or in a file.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.domain.columns import Array, Columns

Floats = NDArray[np.float64]

_HOUR_US = 3_600_000_000
_DAY_US = 24 * _HOUR_US


@dataclass(frozen=True)
class Feature:
    """One engineered feature.

    Attributes
    ----------
    name : str
    inputs : tuple of str
        The raw columns that `compute` reads, in its argument order.
    compute : callable
        Typed arrays of shape (n_rows,) -> array of shape (n_rows,) that casts to float64; NaN where an
        imputed column is missing.
    formula : str
        What it is, in words or as a formula, for the data dictionary.
    calendar : bool
        A function of the date alone: shown in drift, never judged.
    """

    name: str
    inputs: tuple[str, ...]
    compute: Callable[..., Array]
    formula: str
    calendar: bool = False


def feature_matrix(features: Sequence[Feature], columns: Columns, n_rows: int) -> Floats:
    """All features, shape (n_rows, n_features), column-major so that each column is written at once."""
    matrix = np.empty((n_rows, len(features)), dtype=np.float64, order="F")
    for position, feature in enumerate(features):
        matrix[:, position] = feature.compute(*(columns[name] for name in feature.inputs))
    return matrix


def raw(name: str) -> Feature:
    """The column itself (numbers, counts, yes/no)."""
    return Feature(name, (name,), _same, name)


def ordered(name: str, feature_name: str | None = None) -> Feature:
    """The position of an ordered column's level, 0 for the lowest, -1 for an unknown one."""
    return Feature(feature_name or f"{name}_encoded", (name,), _order, f"position of {name}, 0 lowest, -1 unknown")


def one_hot(name: str, level: str, code: int, feature_name: str | None = None) -> Feature:
    """1 where a category column has the level with this code."""
    return Feature(feature_name or f"{name}_{level}", (name,), _Equals(code), f"1 if {name} is {level}, else 0")


@dataclass(frozen=True)
class _Equals:  # a class, not a closure, so that features can be pickled
    code: int

    def __call__(self, codes: Array) -> Array:
        return np.asarray(codes == self.code)


def _same(values: Array) -> Array:
    return values


def _order(codes: Array) -> Array:
    return np.asarray(np.maximum(codes, -1))


def percentage(part: Array, whole: Array) -> Floats:
    """100 part / whole, 0 where the whole is 0; shape (n_rows,).

    >>> percentage(np.array([1.0, 0.0]), np.array([4.0, 0.0]))
    array([25.,  0.])
    """
    share = np.zeros(len(whole))
    return np.divide(100.0 * part, whole, out=share, where=whole != 0)


def hour(times: Array) -> NDArray[np.int64]:
    """Hour of the day, 0-23.

    >>> hour(np.array(["2026-11-21T23:59:00"], dtype="datetime64[us]"))
    array([23])
    """
    return np.asarray(times.view(np.int64) % _DAY_US // _HOUR_US)


def weekday(times: Array) -> NDArray[np.int64]:
    """Day of the week, Monday 0 to Sunday 6 (1970-01-01 was a Thursday).

    >>> weekday(np.array(["2026-11-21"], dtype="datetime64[us]"))
    array([5])
    """
    return np.asarray((times.view(np.int64) // _DAY_US + 3) % 7)


def month_day(times: Array) -> NDArray[np.int64]:
    """Day of the month, 1-31.

    >>> month_day(np.array(["2026-02-28T10:00"], dtype="datetime64[us]"))
    array([28])
    """
    days = times.astype("datetime64[D]")
    return np.asarray((days - days.astype("datetime64[M]")).astype(np.int64) + 1)


def month(times: Array) -> NDArray[np.int64]:
    """Month of the year, 1-12."""
    return np.asarray(times.astype("datetime64[M]").view(np.int64) % 12 + 1)


def is_weekend(times: Array) -> NDArray[np.bool_]:
    """Saturday or Sunday."""
    return weekday(times) >= 5
