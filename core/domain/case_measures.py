"""The measures behind a complaint's checks: stuck feeds, shifts of means and shares, likeness."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from core.domain.features import Floats
from core.domain.metrics.influence import Codes, standard_error
from core.domain.metrics.intervals import z_value
from core.domain.metrics.measured import Measured

_NOTHING = np.inf  # stands for a missing value, so that missing values equal each other


@dataclass(frozen=True)
class Stuck:
    """The least likely run of one value in a column.

    Attributes
    ----------
    length, first : int
        Rows of the run, and the position of its first row.
    value : float
        NaN for missing.
    share : float
        How often the value occurs, or follows itself, by what is known of better days.
    log_odds : float
        Natural logarithm of the number of such runs that chance gives: rows x columns x share ** length.
    """

    column: str
    length: int
    first: int
    value: float
    share: float
    log_odds: float


def least_likely_run(
    columns: Mapping[str, Floats], reference: Mapping[str, Floats], before: Mapping[str, Floats], least: int
) -> Stuck | None:
    """The run of equal values, over all columns, that chance explains worst; None where no run is long enough.

    A value of share p fills a given stretch of L independent rows with probability p ** L, and a stretch may begin at
    any of n rows of any of c columns: n c p ** L is the number of such runs to be expected (an upper bound, by the
    union bound). Where values come in groups, as a rate that is the day's for everybody does, rows are not
    independent: p is then the share of rows, among earlier ones, whose value was followed by itself.

    Parameters
    ----------
    columns : mapping of str to array, shape (n_rows,)
        In the order in which the rows arrived.
    reference : mapping of str to array, shape (n_reference,)
    before : mapping of str to array, shape (n_before,)
        Earlier rows in the order of arrival; may be empty.
    least : int
        Shorter runs are passed over.

    Examples
    --------
    >>> given = np.array([3.0, 1, 2, 2, 2, 2, 2, 1])
    >>> found = least_likely_run({"x": given}, {"x": np.arange(9.0)}, {"x": given[:0]}, least=4)
    >>> found.length, found.first, found.value, round(found.share, 3)
    (5, 2, 2.0, 0.15)
    """
    found = [
        run
        for name, values in columns.items()
        for run in _runs(name, values, reference[name], before.get(name, values[:0]), least)
    ]
    if not found:
        return None
    worst = min(found, key=lambda run: run.log_odds)
    return Stuck(**(vars(worst) | {"log_odds": worst.log_odds + math.log(len(columns))}))


def _runs(name: str, values: Floats, reference: Floats, before: Floats, least: int) -> list[Stuck]:
    whole, known, earlier = (np.where(np.isnan(item), _NOTHING, item) for item in (values, reference, before))
    starts = np.flatnonzero(np.concatenate([[True], whole[1:] != whole[:-1]])) if len(whole) else np.zeros(0, int)
    lengths = np.diff(np.append(starts, len(whole)))
    found = []
    for place in np.flatnonzero(lengths >= least).tolist():
        value, length = whole[starts[place]], int(lengths[place])
        share = (np.count_nonzero(known == value) + 0.5) / (len(known) + 1)
        at = earlier[:-1] == value
        followed = (np.count_nonzero(at & (earlier[1:] == value)) + 0.5) / (np.count_nonzero(at) + 1)
        if np.count_nonzero(at) >= least:
            share = max(share, followed)
        shown = math.nan if value == _NOTHING else float(value)
        odds = math.log(len(whole)) + length * math.log(share)
        found.append(Stuck(name, length, int(starts[place]), shown, float(share), odds))
    return found


def mean_shift(now: Floats, reference: Floats, level: float, clusters: Codes | None = None) -> Measured:
    """Mean now minus mean of the reference, Welch's interval at a level; entities that repeat count once.

    Parameters
    ----------
    now, reference : arrays, shapes (n_rows,) and (n_reference,)
    level : float
    clusters : array of int64, shape (n_rows,), optional
        Entity codes from 0 of the rows now.

    Examples
    --------
    >>> shift = mean_shift(np.array([1.0, 2, 3]), np.array([0.0, 1, 2]), 0.95)
    >>> shift.value, round(shift.high, 2)
    (1.0, 2.6)
    """
    n, m = len(now), len(reference)
    if min(n, m) < 2:
        return Measured("shift", math.nan, math.nan, math.nan, n, None, "too few rows")
    value = float(now.mean() - reference.mean())
    own = standard_error((now - now.mean()) / math.sqrt(n * (n - 1)), clusters)
    half = z_value(level) * math.hypot(own, float(reference.std(ddof=1)) / math.sqrt(m))
    return Measured("shift", value, value - half, value + half, n, None, f"Welch, {level:.0%}")


def share_above(hits: int, n: int, hits_before: int, n_before: int, level: float) -> Measured:
    """Share now minus share before, with the normal interval of two independent proportions, half a row added.

    >>> found = share_above(30, 100, 50, 1000, 0.95)
    >>> round(found.value, 2), found.low > 0.1
    (0.25, True)
    """
    if min(n, n_before) == 0:
        return Measured("excess", math.nan, math.nan, math.nan, n, None, "no rows")
    now, then = (hits + 0.5) / (n + 1), (hits_before + 0.5) / (n_before + 1)
    half = z_value(level) * math.sqrt(now * (1 - now) / n + then * (1 - then) / n_before)
    value = hits / n - hits_before / n_before
    return Measured("excess", value, value - half, value + half, n, None, f"two proportions, {level:.0%}")


def distances(row: Mapping[str, float], others: Mapping[str, Floats], coded: frozenset[str]) -> Floats:
    """Mean scaled difference of a row from others (Gower 1971), shape (n_rows,), in [0, 1] per column.

    Numbers: the difference over the range between the 5th and 95th percentile of the others, at most 1; levels: 0 if
    equal, else 1; missing beside a value: 1.

    Parameters
    ----------
    row : mapping of column to value
    others : mapping of the same columns to arrays, shape (n_rows,)
    coded : columns that hold codes of levels

    Examples
    --------
    >>> distances({"x": 0.0}, {"x": np.array([0.0, 10.0, np.nan])}, frozenset())
    array([0., 1., 1.])
    """
    total = np.zeros(len(next(iter(others.values()))))
    for name, value in row.items():
        values = others[name]
        if name in coded:
            total += values != value
            continue
        present = values[~np.isnan(values)]
        spread = float(np.subtract(*np.quantile(present, [0.95, 0.05]))) if len(present) else 0.0
        apart = np.minimum(np.abs(values - value) / spread, 1.0) if spread > 0 else (values != value).astype(float)
        total += np.where(np.isnan(apart), np.where(np.isnan(values) & math.isnan(value), 0.0, 1.0), apart)
    return total / max(len(row), 1)
