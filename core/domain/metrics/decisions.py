"""How good decisions are: precision, recall and F1 of the rows a cutoff flags, or of each class."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from core.domain.features import Floats
from core.domain.metrics.binary import CLUSTERED
from core.domain.metrics.intervals import bootstrap_intervals, wilson
from core.domain.metrics.measured import Measured
from core.domain.metrics.proportion import proportion
from core.domain.policy import Policy

Flags = NDArray[np.bool_]
AT_CAPACITY = "_at_capacity"


def decision_metrics(
    outcomes: Flags,
    flagged: Flags,
    *,
    seed: int,
    clusters: NDArray[np.int64] | None = None,
    suffix: str = "",
) -> dict[str, Measured]:
    """Precision, recall and F1 of flagged rows.

    Parameters
    ----------
    outcomes : array of bool, shape (n_rows,)
        Which rows are positive.
    flagged : array of bool, shape (n_rows,)
        Which rows the cutoff flags; the cutoff is taken as given, its own noise is not in the intervals.
    seed : int
    clusters : array of int64, shape (n_rows,), optional
        Entity codes: intervals come from drawing whole entities.
    suffix : str
        Put behind the three names.

    Returns
    -------
    dict of str to Measured
        Precision is NaN where nothing is flagged, recall where nothing is positive, F1 where neither is.

    Notes
    -----
    F1 = 2 J / (1 + J), where J is the share of the rows that are flagged or positive which are both. J is a
    proportion, so that its Wilson interval, taken through this monotone map, is one of F1.

    Examples
    --------
    >>> found = decision_metrics(np.array([True, True, False]), np.array([True, False, False]), seed=1)
    >>> found["precision"].value, found["recall"].value, round(found["f1"].value, 4)
    (1.0, 0.5, 0.6667)
    """
    n_hits = int((outcomes & flagged).sum())
    sizes = {"precision": int(flagged.sum()), "recall": int(outcomes.sum()), "f1": int((outcomes | flagged).sum())}
    bounds = {name: wilson(n_hits, size) for name, size in sizes.items()}
    method = "Wilson"
    if clusters is not None:
        bounds, method = _by_entity(outcomes, flagged, sizes, seed, clusters), CLUSTERED
    elif sizes["f1"]:
        bounds["f1"] = _f1(bounds["f1"][0]), _f1(bounds["f1"][1])
    found = {}
    for name, size in sizes.items():
        share = n_hits / size if size else math.nan
        value = _f1(share) if name == "f1" else share
        low, high = bounds[name] if size else (math.nan, math.nan)
        found[name + suffix] = Measured(name + suffix, value, low, high, size, None, method)
    return found


def _f1(jaccard: float) -> float:
    return 2 * jaccard / (1 + jaccard)


def _by_entity(
    outcomes: Flags, flagged: Flags, sizes: dict[str, int], seed: int, clusters: NDArray[np.int64]
) -> dict[str, tuple[float, float]]:
    cells = np.column_stack([outcomes & flagged, flagged, outcomes]).astype(np.float64)

    def statistic(weights: Floats) -> Floats:
        hits, n_flagged, n_positive = (weights @ cells).T
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.column_stack([hits / n_flagged, hits / n_positive, 2 * hits / (n_flagged + n_positive)])[:, known]

    known = [place for place, size in enumerate(sizes.values()) if size]
    bounds = dict.fromkeys(sizes, (math.nan, math.nan))
    if known:
        low, high = bootstrap_intervals(statistic, len(outcomes), seed, clusters)
        pairs = zip(low.tolist(), high.tolist(), strict=True)
        bounds |= dict(zip([list(sizes)[place] for place in known], pairs, strict=True))
    return bounds


def policy_metrics(
    policy: Policy,
    outcomes: Floats,
    scores: Floats,
    *,
    seed: int,
    clusters: NDArray[np.int64] | None = None,
    top_band: Flags | None = None,
) -> dict[str, Measured]:
    """Precision, recall and F1 in the policy's highest band, and among as many rows as a team can take.

    Parameters
    ----------
    policy : Policy
        Its first cutoff flags; a band given as a share of rows is cut on these scores.
    outcomes : array, shape (n_rows,), 0 or 1
    scores : array, shape (n_rows,)
    seed, clusters : see `decision_metrics`
    top_band : array of bool, shape (n_rows,), optional
        The rows in the highest band, for an arm that has bands of its own (the rules).

    Returns
    -------
    dict of str to Measured
        `precision`, `recall`, `f1` and `flagged` (the share of rows in the highest band); with a capacity
        also the first three with `_at_capacity`. Rows that share the score at the capacity's edge are all in.
    """
    positive = outcomes == 1
    if top_band is None:
        top_band = scores >= policy.cutoffs(scores)[0]
    found = decision_metrics(positive, top_band, seed=seed, clusters=clusters)
    found["flagged"] = proportion("flagged", int(top_band.sum()), len(scores))
    if policy.capacity is not None:
        taken = scores >= np.quantile(scores, 1 - policy.capacity, method="higher")
        found |= decision_metrics(positive, taken, seed=seed, clusters=clusters, suffix=AT_CAPACITY)
    return found


def by_class_metrics(
    codes: NDArray[np.int64],
    predicted: NDArray[np.int64],
    labels: Sequence[str],
    *,
    seed: int,
    clusters: NDArray[np.int64] | None = None,
) -> dict[str, Measured]:
    """Precision, recall and F1 of each class, named `recall:<class>` and so on.

    Parameters
    ----------
    codes, predicted : arrays of int64, shape (n_rows,), in [0, len(labels))
    labels : sequence of str
    seed, clusters : see `decision_metrics`

    Examples
    --------
    >>> found = by_class_metrics(np.array([0, 1, 1]), np.array([0, 0, 1]), ("low", "high"), seed=1)
    >>> found["recall:high"].value, found["precision:low"].value
    (0.5, 0.5)
    """
    found: dict[str, Measured] = {}
    for code, label in enumerate(labels):
        found |= decision_metrics(codes == code, predicted == code, seed=seed, clusters=clusters, suffix=f":{label}")
    return found
