"""What says which row came first: a column of times, a column of numbers, or the file itself."""

from __future__ import annotations

import numpy as np

from core.domain.columns import Array, Columns
from core.domain.usecase import UseCase


def times_of(use_case: UseCase, columns: Columns, n_rows: int) -> Array | None:
    """When each row happened, or what orders the rows, shape (n_rows,).

    The column of numbers that was named for it, else the time column, else the place in a file whose rows are
    in order of time, from 1; None without any.
    """
    order_by = use_case.facts.get("order_by")
    if order_by is not None:
        return columns[order_by]
    if use_case.schema.time is not None:
        return columns[use_case.schema.time.name]
    if use_case.facts.get("row_order"):
        return np.arange(1.0, n_rows + 1)
    return None


def order_of(use_case: UseCase) -> str:
    """What says which row came first, in words; "" where nothing does.

    Whoever has no time is ordered by a number: its size is read, not the day it may stand for.
    """
    order_by = use_case.facts.get("order_by")
    if order_by is not None:
        return f"{order_by}, a number that only orders the rows"
    if use_case.schema.time is not None:
        return use_case.schema.time.name
    return "the rows' place in the file" if use_case.facts.get("row_order") else ""
