"""Which raw column an engineered feature's effect belongs to, where it is made of several."""

from __future__ import annotations

import itertools
import math

import numpy as np

from core.domain.columns import Array, Column, Columns, Kind
from core.domain.features import Feature, Floats


def shapley_shares(feature: Feature, columns: Columns, typical: Columns, n_rows: int) -> Floats:
    """|Shapley value| of each column in the feature's own function, as shares of their sum.

    Parameters
    ----------
    feature : Feature
    columns : typed raw columns, n_rows rows
    typical : the typical row, arrays of length 1
    n_rows : int

    Returns
    -------
    array, shape (n_inputs, n_rows), summing to 1 over inputs

    Notes
    -----
    The game: columns in a coalition have the row's value, the others the typical one. A column at its typical value
    has no part in what the feature does; where none has, all share alike.
    """
    names = feature.inputs
    worth: dict[tuple[bool, ...], Floats] = {}
    for held in itertools.product((False, True), repeat=len(names)):
        given = [
            columns[name] if mine else _repeated(typical[name], n_rows) for name, mine in zip(names, held, strict=True)
        ]
        worth[held] = np.nan_to_num(np.asarray(feature.compute(*given), dtype=np.float64))
    values = np.zeros((len(names), n_rows))
    for place in range(len(names)):
        for held, value in worth.items():
            if held[place]:
                size = sum(held) - 1
                weight = math.factorial(size) * math.factorial(len(names) - size - 1) / math.factorial(len(names))
                without = (*held[:place], False, *held[place + 1 :])
                values[place] += weight * (value - worth[without])
    sizes = np.abs(values)
    total = sizes.sum(axis=0)
    return np.where(total > 0, sizes / np.where(total > 0, total, 1.0), 1.0 / len(names))


def _repeated(values: Array, n_rows: int) -> Array:
    return np.repeat(values, n_rows, axis=0)


def typical_array(column: Column, values: Array) -> Array:
    """The middle value, or the most frequent level, answer or set; length 1."""
    if column.kind is Kind.NUMBERS:
        usual = np.isnan(values).mean(axis=0) <= 0.5
        middle = np.where(
            usual, np.nanquantile(np.where(np.isnan(values).all(axis=0), 0.0, values), 0.5, axis=0), np.nan
        )
        return np.asarray(middle[None, :])
    if column.kind in (Kind.NUMBER, Kind.COUNT):
        return np.nanquantile(values, 0.5, method="lower", keepdims=True)
    if column.kind is Kind.TIME:
        return np.sort(values)[len(values) // 2 : len(values) // 2 + 1]
    present = values[~np.isnan(values)] if values.dtype.kind == "f" else values
    levels, counts = np.unique(present, return_counts=True)
    return np.asarray(levels[counts.argmax()][None])
