"""What rows are worth where entities repeat: two rows of one customer tell less than two customers."""

from __future__ import annotations

import numpy as np

from core.domain.columns import Array
from core.domain.drift.bins import Rows


def design_effect(sizes: Array, within: float = 1.0) -> float:
    """Rows over effective rows (Kish 1965): 1 + (rows per entity, as a row meets them, - 1) x correlation within.

    The mean size is weighted by rows, sum(size^2) / sum(size), because a large entity repeats itself to all of its
    rows. One figure serves every item of a window, so the correlation is that of the items that repeat most: a
    feature that never changes within an entity, 1. Items that do change are judged with fewer rows than they are
    worth: slower to be named, never named by repetition.

    Parameters
    ----------
    sizes : array of int, shape (n_entities,)
        Rows of each entity.
    within : float
        Correlation of an item's values within an entity.

    Examples
    --------
    >>> design_effect(np.array([2, 2, 2])), design_effect(np.array([1, 3])), design_effect(np.array([4]), 0.5)
    (2.0, 2.5, 2.5)
    """
    n = float(sizes.sum())
    return 1.0 + max(float((sizes.astype(np.float64) ** 2).sum()) / n - 1.0, 0.0) * within if n else 1.0


def rows_of(entities: Array | None, n: int) -> Rows:
    """A window's rows, entities and effective rows.

    Parameters
    ----------
    entities : array, shape (n_rows,), optional
        Who each row is about; None: every row is somebody else.

    Examples
    --------
    >>> rows_of(np.array(["a", "b", "b", "b"]), 4)
    Rows(n=4, n_entities=2, n_effective=1.6)
    """
    if entities is None or n == 0:
        return Rows(n, n, float(n))
    return rows_of_sizes(np.unique(entities, return_counts=True)[1])


def rows_of_sizes(sizes: Array) -> Rows:
    """The same from the rows of each entity, shape (n_entities,), as a database counts them."""
    n = int(sizes.sum())
    return Rows(n, len(sizes), n / design_effect(sizes))
