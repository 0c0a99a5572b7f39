"""Kolmogorov-Smirnov and Wasserstein distances from counts in fine bins, each with the most that the bins can hide."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from core.domain.drift.bins import Bins, Counted
from core.domain.features import Floats
from core.domain.profile import Counts


@dataclass(frozen=True)
class Distance:
    """A distance and how far it can be from the one of the values themselves; NaN where that is not known."""

    value: float
    error: float


def ks(now: Counts, reference: Counts, *, between: float | None = None) -> Distance:
    """The largest distance between two cumulative shares, D.

    At the edges both are known. Within a bin either may still have risen by all of the bin or by nothing, which bounds
    D from above; from the counts alone D is too small, never too large.

    Parameters
    ----------
    now, reference : arrays of int, shape (n_bins,)
    between : float, optional
        Share of rows that can lie anywhere within their bins; all of them where left out.

    Examples
    --------
    >>> found = ks(np.array([10, 10, 80]), np.array([30, 30, 40]))
    >>> round(found.value, 2), round(found.error, 2)
    (0.4, 0.4)
    """
    if min(now.sum(), reference.sum()) == 0:
        return Distance(0.0, 0.0)
    c, r = _cumulative(now), _cumulative(reference)
    value = float(np.abs(c - r).max())
    within = max(float((c[1:] - r[:-1]).max()), float((r[1:] - c[:-1]).max()))
    error = max(within - value, 0.0)
    return Distance(value, error if between is None else min(error, between))


def ks_p(d: float, n: float, m: float) -> float:
    """How often two samples of the same rows lie as far apart (Kolmogorov's limit; too large where values tie).

    >>> round(ks_p(0.1, 500, 500), 4)
    0.0135
    """
    from scipy.special import kolmogorov

    return float(kolmogorov(d * math.sqrt(n * m / (n + m)))) if min(n, m) > 0 else 1.0


def wasserstein(bins: Bins, now: Counted, reference: Counted) -> Distance:
    """The area between two cumulative shares, in the item's own unit.

    Within a bin both are taken to rise evenly; a cumulative share is at most half of width x share away from that in
    area, which bounds the error. Values beyond the reference need the window's ends: without them they are taken to
    lie at the reference's, and the error is not known.
    """
    fine = now.fine and reference.fine
    edges = np.asarray(bins.edges if fine else bins.coarse_edges)
    counts = [side.counts if fine or not side.fine else bins.in_coarse(side.counts) for side in (now, reference)]
    if min(side.sum() for side in counts) == 0 or math.isnan(bins.low):
        return Distance(0.0, 0.0)
    lows, highs = [bins.low, now.low, reference.low], [bins.high, now.high, reference.high]
    places = np.concatenate([[np.nanmin(lows)], edges, [np.nanmax(highs)]])
    with np.errstate(invalid="ignore"):  # values without end have no distance: their stretch counts as none
        widths = np.nan_to_num(np.maximum(np.diff(places), 0.0), posinf=0.0)
    apart = np.subtract(*(_cumulative(side) for side in counts))
    shares = counts[0] / counts[0].sum() + counts[1] / counts[1].sum()
    inner = slice(1, len(widths) - 1)
    loose = between(bins, now, reference)
    area, most = _area(apart, widths), widths * shares / 2
    if loose is not None:  # shares rise at the edges, and are level up to them
        area[inner] = widths[inner] * np.abs(apart[:-1][inner])
        most[inner] = 0.0
        most = np.append(most, loose * widths[inner].max(initial=0.0))
    known = not math.isnan(now.low + reference.low)
    return Distance(float(area.sum()), float(most.sum()) if known else math.nan)


def between(bins: Bins, now: Counted, reference: Counted) -> float | None:
    """Share of rows that can lie anywhere within their bins, now and before together; None: any row can."""
    sides = (now, reference)
    if not bins.points or not all(side.fine for side in sides):
        return None
    loose = [side.between / max(int(side.counts.sum()), 1) for side in sides if side.between is not None]
    return sum(loose) if len(loose) == len(sides) else None


def _area(apart: Floats, widths: Floats) -> Floats:
    """Area under the absolute value of a line from one edge's difference to the next, shape (n_bins,)."""
    left, right = apart[:-1], apart[1:]
    size = np.abs(left) + np.abs(right)
    crossing = (left**2 + right**2) / np.where(size > 0, size, 1.0)
    return np.asarray(widths * np.where(left * right < 0, crossing, size) / 2)


def _cumulative(counts: Counts) -> Floats:
    """Shares up to every edge, shape (n_bins + 1,), from 0 to 1."""
    return np.concatenate([[0.0], np.cumsum(counts) / counts.sum()])
