"""Which of several candidates are not beaten in both of two objectives."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from core.domain.features import Floats


def pareto_front(points: Floats) -> NDArray[np.bool_]:
    """Points that no other point equals or beats in every objective and beats in one.

    Parameters
    ----------
    points : array, shape (n_points, n_objectives)
        Higher is better; a point with NaN is never on the front and beats nobody.

    Returns
    -------
    array of bool, shape (n_points,)

    Examples
    --------
    >>> pareto_front(np.array([[1.0, 1.0], [2.0, 0.5], [0.5, 0.5], [1.0, 1.0]])).tolist()
    [True, True, False, True]
    """
    known = np.asarray(~np.isnan(points).any(axis=1))
    filled = np.where(known[:, None], points, -np.inf)
    no_worse = np.all(filled[None, :, :] >= filled[:, None, :], axis=-1)
    better = np.any(filled[None, :, :] > filled[:, None, :], axis=-1)
    return np.asarray(known & ~np.any(no_worse & better, axis=-1))
