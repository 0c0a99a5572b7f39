"""Points of the curves that two arms are drawn with: few enough to be drawn, exact where they are."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from core.domain.features import Floats

ROC_POINTS = 120
LIFT_SHARES = (0.01, 0.02, 0.05, *(round(0.1 * step, 1) for step in range(1, 11)))
N_BINS = 10
CELLS = 40


def roc_points(outcomes: Floats, scores: Floats, n_points: int = ROC_POINTS) -> tuple[Floats, Floats]:
    """False and true positive rates, from (0, 0) to (1, 1); between two points the curve is nearly straight.

    Parameters
    ----------
    outcomes : array, shape (n_rows,), 0 or 1, both present
    scores : array, shape (n_rows,)

    Examples
    --------
    >>> [part.tolist() for part in roc_points(np.array([0.0, 1.0]), np.array([0.1, 0.9]))]
    [[0.0, 0.0, 1.0], [0.0, 1.0, 1.0]]
    """
    order = np.argsort(-scores, kind="stable")
    ends = np.append(np.flatnonzero(np.diff(scores[order])), len(scores) - 1)  # ties are one step
    hits = np.concatenate([[0.0], outcomes[order].cumsum()[ends]])
    misses = np.concatenate([[0.0], (1 - outcomes[order]).cumsum()[ends]])
    kept = np.unique(np.linspace(0, len(hits) - 1, n_points).round().astype(np.int64))
    return misses[kept] / misses[-1], hits[kept] / hits[-1]


def lift_points(values: Floats, scores: Floats, shares: tuple[float, ...] = LIFT_SHARES) -> tuple[Floats, Floats]:
    """Share of rows with the highest scores, and the mean outcome among them over that of all.

    Examples
    --------
    >>> lift_points(np.array([1.0, 0.0]), np.array([0.9, 0.1]), (0.5, 1.0))[1].tolist()
    [2.0, 1.0]
    """
    ordered = values[np.argsort(-scores, kind="stable")].cumsum()
    counts = np.array([max(1, round(share * len(values))) for share in shares])
    with np.errstate(divide="ignore", invalid="ignore"):
        lift = ordered[counts - 1] / counts / (ordered[-1] / len(values))
    return counts / len(values), lift


@dataclass(frozen=True)
class DualLift:
    """Rows in bins from where the challenger says less than the champion to where it says more; shape (n_bins,)."""

    champion: Floats  # mean score
    challenger: Floats
    observed: Floats  # mean outcome
    half: Floats  # 95 % of it, either way
    n: Floats


def dual_lift(values: Floats, champion: Floats, challenger: Floats, n_bins: int = N_BINS) -> DualLift:
    """Who is right where two arms differ: bins by challenger minus champion, equal in rows.

    Parameters
    ----------
    values : array, shape (n_rows,)
        Outcomes on the scale of the scores.
    champion, challenger : arrays, shape (n_rows,)
    """
    order = np.argsort(challenger - champion, kind="stable")
    parts = [part for part in np.array_split(order, n_bins) if len(part)]
    n = np.array([float(len(part)) for part in parts])
    spread = np.array([float(values[part].std(ddof=1)) if len(part) > 1 else np.nan for part in parts])
    return DualLift(
        champion=np.array([float(champion[part].mean()) for part in parts]),
        challenger=np.array([float(challenger[part].mean()) for part in parts]),
        observed=np.array([float(values[part].mean()) for part in parts]),
        half=1.96 * spread / np.sqrt(n),
        n=n,
    )


@dataclass(frozen=True)
class Calibration:
    """Rows in bins by score, equal in rows; arrays of shape (n_bins,)."""

    said: Floats  # mean score
    observed: Floats  # mean outcome
    half: Floats
    n: Floats


def calibration_bins(values: Floats, scores: Floats, n_bins: int = N_BINS) -> Calibration:
    """What was said beside what was observed; arguments as in `dual_lift`."""
    found = dual_lift(values, np.zeros(len(scores)), scores, n_bins)
    return Calibration(found.challenger, found.observed, found.half, found.n)


def cells(across: Floats, upwards: Floats, n_bins: int = CELLS) -> tuple[Floats, Floats, Floats]:
    """Two arms' scores in square cells: edges across, edges upwards, and counts of shape (n_bins, n_bins).

    The outer edges are the 0.1 % and 99.9 % quantiles; rows beyond count in the outer cells.
    """
    edges = [_edges(values, n_bins) for values in (across, upwards)]
    inside = [np.clip(values, edge[0], edge[-1]) for values, edge in zip((across, upwards), edges, strict=True)]
    counts, _, _ = np.histogram2d(inside[1], inside[0], bins=[edges[1], edges[0]])
    return edges[0], edges[1], counts


def _edges(values: Floats, n_bins: int) -> Floats:
    low, high = np.quantile(values, [0.001, 0.999])
    if high <= low:
        low, high = low - 0.5, high + 0.5
    return np.linspace(low, high, n_bins + 1)
