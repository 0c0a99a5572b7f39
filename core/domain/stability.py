"""How many decisions hang on the last digit: move each numeric value by up to one per cent and decide again."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from core.domain.columns import Array, Column, Columns, Kind
from core.domain.metrics.measured import Measured
from core.domain.metrics.proportion import proportion
from core.domain.schema import Schema

NOISE = 0.01
_NOISY = (Kind.NUMBER, Kind.COUNT, Kind.NUMBERS)

Decide = Callable[[Columns, int], Array]


def shaken(schema: Schema, columns: Columns, seed: int, noise: float = NOISE) -> Columns:
    """The same rows with every numeric value multiplied by 1 + u, u uniform in [-noise, noise].

    Values stay within what their column allows; missing ones stay missing, yes and no stay what they are.

    Parameters
    ----------
    schema : Schema
    columns : mapping of str to array, shape (n_rows,) or (n_rows, width)
    seed : int
        The same seed moves the same rows by the same factors.
    noise : float
        Largest relative change, as a fraction.

    Examples
    --------
    >>> moved = shaken(Schema((Column("x", Kind.NUMBER, maximum=100),)), {"x": np.array([100.0, 0.0])}, seed=1)
    >>> moved["x"][0] <= 100, moved["x"][1]
    (np.True_, np.float64(0.0))
    """
    rng = np.random.default_rng(seed)
    moved = dict(columns)
    for column in schema:
        if column.kind in _NOISY and column.name in columns:
            values = columns[column.name]
            moved[column.name] = _within(column, values * (1 + rng.uniform(-noise, noise, values.shape)))
    return moved


def _within(column: Column, values: Array) -> Array:
    if column.minimum is None and column.maximum is None:
        return values
    return np.clip(values, column.minimum, column.maximum)


def changed_share(schema: Schema, columns: Columns, decide: Decide, n_rows: int, seed: int) -> Measured:
    """Share of rows that are decided otherwise after `shaken`, with its Wilson interval.

    Parameters
    ----------
    schema : Schema
    columns : mapping of str to array, shape (n_rows, ...)
    decide : callable
        (columns, n_rows) -> decision codes, shape (n_rows,).
    n_rows, seed : int
        Each row is moved once, so that the rows stay independent of each other.
    """
    before = decide(columns, n_rows)
    after = decide(shaken(schema, columns, seed), n_rows)
    return proportion("changed", int((before != after).sum()), n_rows)
