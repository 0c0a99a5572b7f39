"""How far two tables of counts lie apart, each measure with what sampling alone makes of it.

Every function takes counts per bin of a window and of what it is compared with; `n` and `m` are their effective rows
where entities repeat, and the counts' own sums where left out.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from core.domain.columns import Array
from core.domain.features import Floats

LEVEL = 0.95
LEAST_EXPECTED = 1.0  # rows that a bin must expect to count in the noise of a PSI (Yurdakul 2018)
LEAST_CELL = 5.0  # rows that a cell must expect in a chi-square test (Cochran 1954)


@dataclass(frozen=True)
class Divergence:
    """PSI and its kin over the same bins.

    Attributes
    ----------
    psi : float
        sum (c - r) ln(c / r).
    kl : float
        KL(current || reference) = sum c ln(c / r), nats.
    js : float
        Jensen-Shannon distance, the root of the divergence in bits: 0 equal, 1 nothing in common.
    noise : float
        The PSI that sampling alone exceeds once in 1 / (1 - level) windows; half of it for KL.
    p : float
        How often sampling alone makes a PSI as large.
    n_bins : int
        Bins that expect a row.
    """

    psi: float
    kl: float
    js: float
    noise: float
    p: float
    n_bins: int


def divergence(
    now: Array, reference: Array, level: float = LEVEL, n: float | None = None, m: float | None = None
) -> Divergence:
    """PSI, KL and Jensen-Shannon of two tables of counts, half an effective row added per bin.

    Bins that expect less than one row on either side are one bin together, so that a tail of rare levels is no noise of
    its own. Under no drift PSI is (1/n + 1/m) chi2(B - 1), B the bins that expect a row (Yurdakul 2018).

    Parameters
    ----------
    now, reference : arrays of int, shape (n_bins,)
    level : float
        Of the noise; 1 - .05 / k where the largest of k is looked at.
    n, m : float, optional
        Effective rows.

    Examples
    --------
    >>> found = divergence(np.array([80, 20]), np.array([500, 500]))
    >>> round(found.psi, 2), round(found.kl, 2), round(found.js, 2), found.n_bins
    (0.41, 0.19, 0.27, 2)
    """
    from scipy.special import chdtrc, chdtri

    c, r, n_bins, error = _compared(now, reference, n, m)
    if n_bins < 2:
        return Divergence(0.0, 0.0, 0.0, 0.0 if math.isfinite(error) else math.inf, 1.0, n_bins)
    psi = float(((c - r) * np.log(c / r)).sum())
    middle = (c + r) / 2
    shared = float((c * np.log2(c / middle)).sum() + (r * np.log2(r / middle)).sum()) / 2
    return Divergence(
        psi,
        float((c * np.log(c / r)).sum()),
        math.sqrt(max(shared, 0.0)),
        error * float(chdtri(n_bins - 1, 1 - level)),
        float(chdtrc(n_bins - 1, psi / error)),
        n_bins,
    )


def _compared(now: Array, reference: Array, n: float | None, m: float | None) -> tuple[Floats, Floats, int, float]:
    """Shares of both sides, half a row added per bin; bins that expect a row; and 1/n + 1/m."""
    rows, held = float(now.sum()), float(reference.sum())
    n, m = rows if n is None else n, held if m is None else m
    if min(rows, held, n, m) <= 0:
        return np.ones(1), np.ones(1), 0, math.inf
    expected = (now + reference) / (rows + held) * min(n, m)  # on the side that knows less
    kept = expected >= LEAST_EXPECTED
    sides = now * (n / rows), reference * (m / held)  # copies of rows tell nothing new
    pooled = [np.append(side[kept], side[~kept].sum()) for side in sides]
    if pooled[0][-1] + pooled[1][-1] == 0:
        pooled = [side[:-1] for side in pooled]
    n_bins = int(kept.sum() + (expected[~kept].sum() >= LEAST_EXPECTED))
    if len(pooled[0]) > 1:  # the reference all in one bin: what is now beside it makes two
        n_bins = max(n_bins, 2)
    c, r = ((side + 0.5) / (side + 0.5).sum() for side in pooled)
    return c, r, n_bins, 1 / n + 1 / m


def psi(now: Array, reference: Array, band: float, level: float = LEVEL) -> tuple[float, float]:
    """PSI of two tables of counts, and its limit: the larger of a policy's band and the sampling noise.

    Parameters
    ----------
    now, reference : arrays of int, shape (n_bins,)
    band : float
    level : float
        Of the noise; 1 - .05 / k where the largest of k is looked at.

    Returns
    -------
    float, float
        The limit is infinite where one side has no rows.

    Examples
    --------
    >>> value, limit = psi(np.array([50, 50]), np.array([500, 500]), 0.1)
    >>> round(value, 6), round(limit, 3)
    (0.0, 0.1)
    """
    found = divergence(now, reference, level)
    return found.psi, max(band, found.noise)


def rows_needed(reference: Array, band: float, level: float = LEVEL) -> int:
    """Rows of a window from which a PSI's noise against a large reference stays below a band.

    The more rows, the more bins expect one, and the more bins, the more rows it takes: the smallest number is sought.

    Examples
    --------
    >>> even = np.full(10, 100)
    >>> rows_needed(even, 0.1), rows_needed(even, 0.1, 1 - 0.05 / 36)
    (170, 271)
    """
    from scipy.special import chdtri

    shares = reference / max(reference.sum(), 1)
    n, more = 0, math.ceil(1 / band)
    while more > n:
        n = more
        rare = shares[shares * n < LEAST_EXPECTED].sum() * n >= LEAST_EXPECTED
        n_bins = int(np.count_nonzero(shares * n >= LEAST_EXPECTED) + rare)
        more = math.ceil(float(chdtri(max(n_bins - 1, 1), 1 - level)) / band)
    return n


@dataclass(frozen=True)
class Contingency:
    """A two-sample chi-square test.

    Attributes
    ----------
    statistic, p : float
    cramers_v : float
        Of the table as it is; the smaller, the more unequal the two samples are in size.
    effect : float
        Cramer's V were both samples of the same size: it does not shrink where the reference is large.
    """

    statistic: float
    p: float
    cramers_v: float
    effect: float
    n_cells: int


def contingency(now: Array, reference: Array, n: float | None = None, m: float | None = None) -> Contingency:
    """Whether two samples fall into the bins alike; bins that expect fewer than five rows are one cell together.

    Parameters
    ----------
    now, reference : arrays of int, shape (n_bins,)
    n, m : float, optional
        Effective rows.

    Returns
    -------
    Contingency
        p 1 where fewer than two cells are left.

    Examples
    --------
    >>> found = contingency(np.array([30, 70]), np.array([50, 50]))
    >>> round(found.statistic, 2), round(found.p, 4), round(found.cramers_v, 3)
    (8.33, 0.0039, 0.204)
    """
    from scipy.special import chdtrc

    rows, held = float(now.sum()), float(reference.sum())
    if min(rows, held) <= 0:
        return Contingency(0.0, 1.0, 0.0, 0.0, 0)
    n, m = rows if n is None else n, held if m is None else m
    table = pooled_cells(np.vstack([now * (n / rows), reference * (m / held)]))
    n_cells = table.shape[1]
    if n_cells < 2:
        return Contingency(0.0, 1.0, 0.0, 0.0, n_cells)
    statistic, v = _chi_square(table)
    _, effect = _chi_square(table / table.sum(axis=1, keepdims=True))
    return Contingency(statistic, float(chdtrc(n_cells - 1, statistic)), v, effect, n_cells)


def pooled_cells(table: Floats) -> Floats:
    """A 2 x k table, largest bins first; those that expect fewer than five rows are one, empty ones none.

    >>> pooled_cells(np.array([[50.0, 3, 2, 1, 0], [50.0, 3, 2, 1, 0]])).tolist()
    [[50.0, 6.0], [50.0, 6.0]]
    """
    totals = table.sum(axis=0)
    table = table[:, np.argsort(-totals, kind="stable")][:, : np.count_nonzero(totals)]
    expected = table.sum(axis=0) * table.sum(axis=1).min() / max(table.sum(), 1e-300)
    large = int(np.count_nonzero(expected >= LEAST_CELL))
    if large < table.shape[1] and expected[large:].sum() < LEAST_CELL:
        large = max(large - 1, 0)  # even together they are too few: the smallest of the others joins them
    return np.column_stack([table[:, :large], table[:, large:].sum(axis=1)]) if large < table.shape[1] else table


def _chi_square(table: Floats) -> tuple[float, float]:
    total = table.sum()
    expected = table.sum(axis=1, keepdims=True) * table.sum(axis=0) / total
    statistic = float(((table - expected) ** 2 / expected).sum())
    return statistic, math.sqrt(statistic / total)
