"""How alike two models order the columns of a row by importance."""

from __future__ import annotations

import numpy as np

from core.domain.features import Floats


def tau_b(first: Floats, second: Floats) -> float | None:
    """Kendall's tau-b of two orders of the same few things: 1 the same order, -1 the reverse; ties corrected.

    (concordant - discordant) / sqrt((pairs untied in the first) (pairs untied in the second)), Kendall (1945).

    Parameters
    ----------
    first, second : arrays, shape (n,)

    Returns
    -------
    float or None
        None where one of them puts nothing before anything else.

    Examples
    --------
    >>> tau_b(np.array([1.0, 2.0, 3.0]), np.array([1.0, 3.0, 2.0]))
    0.3333333333333333
    """
    ones = np.sign(first[:, None] - first[None, :])
    twos = np.sign(second[:, None] - second[None, :])
    untied = float((ones != 0).sum()) * float((twos != 0).sum())
    return float((ones * twos).sum() / np.sqrt(untied)) if untied else None
