"""The score over any two columns, everything else as in one row: where one band ends and the next begins."""

from __future__ import annotations

import numpy as np

from core.domain.axes import Axis
from core.domain.columns import Array, Columns
from core.domain.dependence import Score
from core.domain.features import Floats

MOST_CELLS = 2_500


def typical_row(columns: Columns) -> Columns:
    """One row of typed columns: the middle value of numbers and times, the most frequent level or set, else the first.

    Of lists of numbers the median at every place that at least half of the rows have a number at.

    Examples
    --------
    >>> typical_row({"x": np.array([3.0, 1.0, 2.0]), "c": np.array([1, 0, 1], dtype=np.int16)})
    {'x': array([2.]), 'c': array([1], dtype=int16)}
    """
    found = {}
    for name, values in columns.items():
        if values.ndim == 2:
            usual = np.isnan(values).mean(axis=0) <= 0.5
            row = np.full((1, values.shape[1]), np.nan)
            row[0, usual] = np.nanmedian(values[:, usual], axis=0)
            found[name] = row
        elif values.dtype.kind in "fM":
            ordered = np.sort(values[~np.isnan(values)] if values.dtype.kind == "f" else values[~np.isnat(values)])
            found[name] = ordered[(len(ordered) - 1) // 2 :][:1] if len(ordered) else values[:1]
        elif values.dtype.kind == "i":
            levels, counts = np.unique(values, return_counts=True)
            found[name] = levels[counts.argmax()][None]
        else:
            found[name] = values[:1]
    return found


def grid_scores(score: Score, row: Columns, x: tuple[Axis, Floats], y: tuple[Axis, Floats]) -> Floats:
    """Scores over two axes, everything else as in the row; shape (n_y, n_x).

    Parameters
    ----------
    score : callable
    row : mapping of str to array, shape (1, ...)
    x, y : (Axis, values to try)
        Of one column (an hour and a weekday) both take effect, x first.

    Raises
    ------
    ValueError
        More than 2,500 cells.
    """
    (across, xs), (up, ys) = x, y
    n_cells = len(xs) * len(ys)
    if n_cells > MOST_CELLS:
        raise ValueError(f"{n_cells} cells; at most {MOST_CELLS} are drawn.")
    many = {name: np.repeat(values, n_cells, axis=0) for name, values in row.items()}
    column = many[across.column.name]
    many[across.column.name] = _placed(across, column, np.tile(np.arange(len(xs)), len(ys)), xs)
    column = many[up.column.name]
    many[up.column.name] = _placed(up, column, np.repeat(np.arange(len(ys)), len(xs)), ys)
    return score(many, n_cells).reshape(len(ys), len(xs))


def _placed(axis: Axis, values: Array, which: Array, grid: Floats) -> Array:
    placed = values.copy()
    for place, value in enumerate(grid):
        mine = which == place
        placed[mine] = axis.place(values[mine], float(value))
    return placed
