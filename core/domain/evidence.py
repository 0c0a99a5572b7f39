"""What became of earlier rows like this one: the reference rows that share a value, and their outcomes.

A group is what one column says of a row: its level, answer or weekday; of a number (or the mean of a list), the
fifth of the reference rows it lies in, whose edges are values that rows really have; of a set, the rows that share
its levels. Below `FEW` rows a group proves nothing and there is no evidence.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from core.domain.columns import MISSING, OTHER, Array, Column, Kind, levels_in, missing_mask
from core.domain.explained import Evidence
from core.domain.features import Feature, Floats, weekday
from core.domain.metrics.intervals import wilson
from core.domain.metrics.measured import LEVEL
from core.domain.values import listed, number_text, with_unit

FEW = 30
MISSING_TEXT, OTHER_TEXT = "not given", "a value not seen before"
DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
N_PARTS = 5

Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class Group:
    """The rows that are like this one in one column, and how that is said."""

    words: str
    rows: Mask


def evidence_of(column: Column, value: Array, reference: Array, worth: Floats, points: float) -> Evidence | None:
    """What happened to the reference rows that are like a row in one column.

    Parameters
    ----------
    column : Column
        Times are grouped by weekday: ask only where a feature reads it, see `reads_weekday`.
    value : array of one row
        The row's typed value.
    reference : array of n_rows rows
        The same column of the reference rows.
    worth : array, shape (n_rows,)
        What each row's outcome counts, in units of the score; NaN where it is not known.
    points : float
        What the column adds to the row's score.

    Returns
    -------
    Evidence or None
        None where fewer than `FEW` rows are like it, or the column groups no rows.

    Examples
    --------
    >>> yes = np.repeat([1.0, 0.0], 50)
    >>> found = evidence_of(Column("called", Kind.YESNO), np.array([1.0]), yes, yes * (np.arange(100) % 2), 0.1)
    >>> found.group, found.n, found.rate, found.overall, found.agrees
    ('yes', 50, 0.5, 0.25, True)
    """
    known = ~np.isnan(worth)
    group = group_of(column, value, reference[known])
    if group is None or (n := int(group.rows.sum())) < FEW:
        return None
    worth = worth[known]
    inside = worth[group.rows]
    rate, overall = float(inside.mean()), float(worth.mean())
    low, high = interval(inside, share=bool(((worth == 0) | (worth == 1)).all()))
    return Evidence(group.words, n, rate, low, high, overall, len(worth), agreement(low, high, rate, overall, points))


def agreement(low: float, high: float, rate: float, overall: float, points: float) -> bool | None:
    """Whether a group's rate lies on the side of the points; None where its interval covers the overall rate.

    Rates and points are both in units of the score, so it does not matter whether a high score is good news.

    >>> agreement(0.27, 0.35, 0.31, 0.125, 0.08), agreement(0.05, 0.2, 0.11, 0.125, 0.08)
    (True, None)
    """
    if low <= overall <= high or points == 0:
        return None
    return (rate > overall) == (points > 0)


def interval(worth: Floats, share: bool) -> tuple[float, float]:
    """Bounds of a mean at 95 %: Wilson's of a share, else Student's t: mean +- t(n - 1) sd / sqrt(n).

    Parameters
    ----------
    worth : array, shape (n_rows,), n_rows >= 2
    share : bool
        Every value there can be is 0 or 1.

    Examples
    --------
    >>> low, high = interval(np.array([1.0, 2.0, 3.0]), share=False)
    >>> round(low, 4), round(high, 4)
    (-0.4841, 4.4841)
    """
    from scipy.special import stdtrit

    n = len(worth)
    if share:
        return wilson(float(worth.sum()), n)
    mean = float(worth.mean())
    half = float(stdtrit(n - 1, 0.5 + LEVEL / 2)) * float(worth.std(ddof=1)) / math.sqrt(n)
    return mean - half, mean + half


def group_of(column: Column, value: Array, reference: Array) -> Group | None:
    """The reference rows that are like a typed value (an array of one row); None where the column groups none."""
    if column.kind.is_text:
        return None
    if missing_mask(column, value)[0]:
        return Group(MISSING_TEXT, missing_mask(column, reference))
    if column.kind.is_coded:
        return _level(column, int(value[0]), reference)
    if column.kind is Kind.YESNO:
        return Group("yes" if value[0] else "no", np.asarray(reference == value[0]))
    if column.kind is Kind.SET:
        return _sharing(column, int(value[0]), reference)
    if column.kind is Kind.TIME:
        day = int(weekday(value)[0])
        return Group(DAYS[day], np.asarray((weekday(reference) == day) & ~np.isnat(reference)))
    if column.kind is Kind.NUMBERS:
        mean = float(np.nanmean(value[0]))
        return _fifth(column, mean, row_means(reference), "a mean of ")
    return _fifth(column, float(value[0]), reference)


def _level(column: Column, code: int, reference: Array) -> Group:
    words = {OTHER: OTHER_TEXT, MISSING: MISSING_TEXT}.get(code) or column.levels[code]
    return Group(words, np.asarray(reference == code))


def row_means(lists: Array) -> Floats:
    """Mean of the numbers that each list has, shape (n_rows,); NaN for an empty one.

    >>> row_means(np.array([[np.nan, 2.0], [1.0, 2.0], [np.nan, np.nan]]))
    array([2. , 1.5, nan])
    """
    there = ~np.isnan(lists)
    n = there.sum(axis=1)
    sums = np.where(there, lists, 0.0).sum(axis=1)
    return np.asarray(np.divide(sums, n, out=np.full(len(lists), np.nan), where=n > 0))


def upper_edges(values: Floats) -> Floats:
    """Upper edges of about fifths of the values, the last part's left out; each edge is one of the values.

    A part holds the values above the edge before it, up to and including its own; equal values stay together.

    >>> upper_edges(np.arange(1.0, 11.0)), upper_edges(np.array([0.0] * 7 + [1.0, 2.0, 3.0]))
    (array([2., 4., 6., 8.]), array([0., 1.]))
    """
    shares = np.arange(1, N_PARTS) / N_PARTS
    edges = np.unique(np.quantile(values, shares, method="inverted_cdf"))
    return np.asarray(edges[edges < values.max()])


def _fifth(column: Column, value: float, reference: Floats, prefix: str = "") -> Group | None:
    given = reference[~np.isnan(reference)]
    if len(given) == 0:
        return None
    edges = upper_edges(given)
    place = int(np.searchsorted(edges, value, side="left"))
    low = float(edges[place - 1]) if place else None
    high = float(edges[place]) if place < len(edges) else None
    above = reference > (-math.inf if low is None else low)
    rows = np.asarray(above & (reference <= (math.inf if high is None else high)))
    return Group(with_unit(column, prefix + _range(column, low, high, given)), rows)


def _range(column: Column, low: float | None, high: float | None, given: Floats) -> str:
    """Above `low` up to `high`, in words; of whole numbers the smallest one is named."""
    if low is None and high is None:
        return f"between {_edge(float(given.min()))} and {_edge(float(given.max()))}"
    if low is None:
        assert high is not None
        only = bool(given.min() == high)
        return _edge(high) if only else f"at most {_edge(high)}"
    whole = column.kind is Kind.COUNT
    first = low + 1 if whole else low
    if high is None:
        return f"{_edge(first)} or more" if whole else f"more than {_edge(low)}"
    if first == high:
        return _edge(high)
    return f"between {_edge(first)} and {_edge(high)}"


def _edge(value: float) -> str:
    return number_text(value, digits=4)


def _sharing(column: Column, mask: int, reference: Array) -> Group:
    """Rows with all levels of a set; or, while those are few, with all but one, but two, ..."""
    levels = levels_in(column, mask)
    there = np.where(reference < 0, 0, reference)
    shared = np.zeros(len(reference), dtype=np.int64)
    for level in levels:
        shared += there >> column.levels.index(level) & 1
    least = len(levels)
    while least > 1 and int((shared >= least).sum()) < FEW:
        least -= 1
    words = listed(levels) if least == len(levels) else f"at least {least} of {listed(levels)}"
    return Group(words, np.asarray(shared >= least))


@lru_cache(maxsize=256)
def reads_weekday(features: Sequence[Feature], name: str) -> bool:
    """Whether a feature of this time column alone is a function of the weekday.

    It is tried on sixty weeks of days at noon: such a feature changes within a week and is the same in all weeks.

    >>> reads_weekday((Feature("d", ("at",), weekday, "weekday"),), "at")
    True
    """
    days = np.datetime64("2024-01-01T12:00", "us") + np.arange(420) * np.timedelta64(1, "D")
    for feature in features:
        if feature.inputs == (name,):
            weeks = np.asarray(feature.compute(days), dtype=np.float64).reshape(60, 7)
            if (weeks == weeks[0]).all() and len(np.unique(weeks[0])) > 1:
                return True
    return False
