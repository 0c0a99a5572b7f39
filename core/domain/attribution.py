"""From attributions on a model's margin to points of its score: exactly additive, on one scale for every model.

An attribution phi says what an input adds to the margin (log-odds, one per class, or the target itself). Points say
what it adds to the score. They follow the path from the base to the row: each input's part of the margin's way is its
part of the score's way, so that base + sum of points = score.
"""

from __future__ import annotations

import numpy as np

from core.domain.features import Floats

# A softmax has poles at a distance of pi from the real margins: on a stretch of 8, 20 nodes leave an error of 2.06^-40,
# which is 3e-13. Longer ways are cut into such stretches.
NODES, STRETCH = 20, 8.0


def sigmoid(margins: Floats) -> Floats:
    """P(positive), any shape."""
    with np.errstate(over="ignore"):
        return np.asarray(1.0 / (1.0 + np.exp(-margins)))


def softmax(margins: Floats) -> Floats:
    """P(class) along the last axis."""
    powers = np.exp(margins - margins.max(axis=-1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=-1, keepdims=True))


def slope_of_sigmoid(base: float, margins: Floats) -> Floats:
    """(p - p0) / (z - z0), its limit p (1 - p) where both meet; shape (n_rows,).

    Examples
    --------
    >>> slope_of_sigmoid(0.0, np.array([0.0, 2.0])).round(4)
    array([0.25  , 0.1904])
    """
    p0, p = float(sigmoid(np.array(base))), sigmoid(margins)
    high, low = np.maximum(p, p0), np.minimum(p, p0)
    gap = np.abs(margins - base)
    # p - p0 = p (1 - p0) (1 - exp(-(z - z0))): no difference of two nearly equal probabilities is taken
    share = np.divide(-np.expm1(-gap), gap, out=np.ones_like(gap), where=gap > 0)
    return np.asarray(high * (1 - low) * share)


def slope_of_softmax(base: Floats, margins: Floats, weights: Floats) -> Floats:
    """Mean gradient of a weighted sum of class probabilities along the straight path between margins.

    Parameters
    ----------
    base : array, shape (k,)
    margins : array, shape (n_rows, k)
    weights : array, shape (n_rows, k)
        What each class is worth in the score of each row.

    Returns
    -------
    array, shape (n_rows, k)
        Times (margins - base), summed over classes, it is the change of the score.

    Notes
    -----
    d/dz_l sum_c w_c p_c = p_l (w_l - sum_c w_c p_c), integrated by Gauss-Legendre.
    """
    total = np.zeros_like(margins)
    length = np.ptp(margins - base, axis=1)
    n_pieces = np.maximum(1, 2 ** np.ceil(np.log2(np.maximum(length / STRETCH, 1.0)))).astype(np.int64)
    for pieces in np.unique(n_pieces).tolist():
        rows = n_pieces == pieces
        total[rows] = _mean_gradient(base, margins[rows], weights[rows], pieces)
    return total


def _mean_gradient(base: Floats, margins: Floats, weights: Floats, pieces: int) -> Floats:
    nodes, shares = np.polynomial.legendre.leggauss(NODES)
    total = np.zeros_like(margins)
    for piece in range(pieces):
        for node, share in zip((nodes + 1) / 2, shares / 2, strict=True):
            p = softmax(base + (piece + node) / pieces * (margins - base))
            total += share / pieces * p * (weights - (weights * p).sum(axis=1, keepdims=True))
    return total
