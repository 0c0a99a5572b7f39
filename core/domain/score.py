"""From a model's outputs to the one number that is ranked, banded and shown."""

from __future__ import annotations

import numpy as np

from core.domain.features import Floats


def scalar_score(outputs: Floats, class_values: tuple[float, ...] = ()) -> Floats:
    """The score of every row.

    Parameters
    ----------
    outputs : array, shape (n_rows, k)
        P(positive) or the value where k = 1, else P(class).
    class_values : tuple of float, length k or 0
        What each class is worth; without it the score of a multiclass row is its largest probability.

    Returns
    -------
    array, shape (n_rows,)

    Examples
    --------
    >>> scalar_score(np.array([[0.2, 0.3, 0.5]]), (0.0, 0.5, 1.0))
    array([0.65])
    """
    if outputs.shape[1] == 1:
        return outputs[:, 0]
    if not class_values:
        return np.asarray(outputs.max(axis=1))
    total = outputs[:, 0] * class_values[0]
    for position in range(1, len(class_values)):
        total += outputs[:, position] * class_values[position]
    return total
