"""The difference of two arms on the same rows, with an interval that uses that they are the same rows.

Every metric here is a sum over rows to first order: each row has an influence on it (see
`core.domain.metrics.influence`). The difference of two arms has the difference of their influences, and its variance
is the sum of their squares: for the AUC that is the paired variance of DeLong, DeLong & Clarke-Pearson (1988), for
means the paired t's, and summed by entity first it stays right where entities repeat.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.domain.features import Floats
from core.domain.metrics.catalogue import metric_of
from core.domain.metrics.influence import Codes, auc_parts, standard_error
from core.domain.metrics.intervals import z_value
from core.domain.metrics.measured import LEVEL, MIN_EVENTS


@dataclass(frozen=True)
class Part:
    """A metric of one arm and each row's influence on it, shape (n_rows,); influences sum to 0."""

    value: float
    influence: Floats


@dataclass(frozen=True)
class Difference:
    """What an arm gains over another on the same rows; positive is better, whichever way the metric runs.

    Attributes
    ----------
    metric : str
    gain, low, high : float
        Point and interval, in units of the metric.
    se : float
    p : float
        Two-sided, of no difference.
    n, n_events : int
        Rows, and rows of the rarer side (None for values).
    level : float
        Of the interval; higher than .95 where several challengers are compared at once.
    row_variance : float
        Variance of the difference times n: what one more row is worth, for planning.
    method : str
    """

    metric: str
    gain: float
    low: float
    high: float
    se: float
    p: float
    n: int
    n_events: int | None
    level: float
    row_variance: float
    method: str

    @property
    def enough(self) -> bool:
        """False: too few rows for a judgement; shown in grey."""
        if self.n_events is None:
            return self.n >= MIN_EVENTS
        return min(self.n_events, self.n - self.n_events) >= MIN_EVENTS


def auc_part(outcomes: Floats, scores: Floats) -> Part:
    """AUC; outcomes 0 or 1, shape (n_rows,)."""
    value, up, down = auc_parts(outcomes, scores)
    return Part(value, np.where(outcomes == 1, up, down))


def macro_auc_part(codes: Codes, probabilities: Floats) -> Part:
    """Mean one-vs-rest AUC of the classes that occur; probabilities of shape (n_rows, n_classes)."""
    n_classes = probabilities.shape[1]
    counts = np.bincount(codes, minlength=n_classes)
    present = [code for code in range(n_classes) if 0 < counts[code] < len(codes)]
    parts = [auc_part((codes == code).astype(np.float64), probabilities[:, code]) for code in present]
    if not parts:
        return Part(math.nan, np.full(len(codes), np.nan))
    value = float(np.mean([part.value for part in parts]))
    return Part(value, np.asarray(np.mean([part.influence for part in parts], axis=0)))


def mean_part(values: Floats) -> Part:
    """A mean over rows: Brier score, absolute error, accuracy, gain in money."""
    n = len(values)
    value = float(values.mean()) if n else math.nan
    return Part(value, (values - value) / math.sqrt(n * max(n - 1, 1)) if n else values)


def r2_part(values: Floats, predictions: Floats) -> Part:
    """R2 = 1 - mean squared error / variance."""
    n = len(values)
    errors, spread = (values - predictions) ** 2, (values - values.mean()) ** 2
    error, variance = float(errors.mean()), float(spread.mean())
    if n < 2 or variance == 0:
        return Part(math.nan, np.full(n, np.nan))
    influence = (-(errors - error) / variance + error / variance**2 * (spread - variance)) / n
    return Part(1 - error / variance, influence)


def macro_f1_part(codes: Codes, predicted: Codes, n_classes: int) -> Part:
    """Mean F1 over the classes that occur or are predicted, by the delta method on the confusion matrix.

    Notes
    -----
    F1 = 2 T / (A + P) with T hits, A actual and P predicted rows of a class: the influence of a row is
    (2 t - F1 (a + p)) / (A + P) for its own indicators t, a, p.
    """
    n = len(codes)
    total, influence, present = 0.0, np.zeros(n), 0
    for code in range(n_classes):
        actual, said = codes == code, predicted == code
        size = float(actual.sum() + said.sum())
        if size == 0:
            continue
        f1 = 2 * float((actual & said).sum()) / size
        total += f1
        present += 1
        influence += (2.0 * (actual & said) - f1 * (actual.astype(np.float64) + said)) / size
    if present == 0:
        return Part(math.nan, np.full(n, np.nan))
    return Part(total / present, influence / present)


def difference(
    metric: str,
    challenger: Part,
    champion: Part,
    *,
    n_events: int | None = None,
    clusters: NDArray[np.int64] | None = None,
    level: float = LEVEL,
) -> Difference:
    """What the challenger gains over the champion; both parts are of the same rows in the same order.

    Parameters
    ----------
    metric : str
        Of the catalogue, which says which way is better.
    challenger, champion : Part
    n_events : int, optional
        Rows of the rarer side.
    clusters : array of int64, shape (n_rows,), optional
        Entity codes from 0, where entities repeat.
    level : float

    Examples
    --------
    >>> outcomes = np.array([0, 0, 1, 1.0])
    >>> a, b = auc_part(outcomes, np.array([0.1, 0.4, 0.35, 0.8])), auc_part(outcomes, np.array([0.1, 0.2, 0.3, 0.4]))
    >>> difference("auc", b, a, n_events=2).gain
    0.25
    """
    from scipy.special import ndtr

    sign = 1.0 if metric_of(metric).higher_is_better else -1.0
    gain = sign * (challenger.value - champion.value)
    influence = challenger.influence - champion.influence
    n = len(influence)
    se = standard_error(influence, clusters)
    half = z_value(level) * se
    p = 1.0 if se == 0 and gain == 0 else float(2 * ndtr(-abs(gain) / se)) if se > 0 else 0.0
    method = "paired, by row" if clusters is None else "paired, by entity"
    return Difference(metric, gain, gain - half, gain + half, se, p, n, n_events, level, se * se * n, method)


def same_scores(a: Floats, b: Floats) -> float:
    """Spearman's rank correlation of two arms' scores; 1 where they rank every row alike.

    >>> same_scores(np.array([0.1, 0.2, 0.9]), np.array([1.0, 2.0, 3.0]))
    1.0
    """
    from core.domain.metrics.auc import midranks

    ranks = midranks(a), midranks(b)
    spread = float(ranks[0].std() * ranks[1].std())
    if spread == 0:
        return math.nan
    centred = (ranks[0] - ranks[0].mean()) @ (ranks[1] - ranks[1].mean())
    return float(np.round(centred / len(a) / spread, 12))
