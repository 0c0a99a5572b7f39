"""The strongest reasons of many rows at once, and each as one short text; no Python step per row.

A text reads "Referral source: Referral (+4.1 points)": the column, the row's value, and what it adds to the score.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from core.domain.columns import Array, Column, Kind
from core.domain.features import Floats
from core.domain.reasons import points_text
from core.domain.usecase import UseCase
from core.domain.values import NOT_GIVEN, number_text, value_text

SMALL = 0.01  # of the largest reason of a row: what is below is not worth a line, as in `split_reasons`
LONGEST = 60  # characters of a value; the rest is cut
DIGITS = 6  # significant digits of a number, as `number_text` shows them

Places = NDArray[np.int64]


def strongest(points: Floats, n: int) -> tuple[Places, Floats]:
    """The columns with the largest positive points of every row, the largest first; not what hardly counts.

    Parameters
    ----------
    points : array, shape (n_rows, n_columns)
    n : int

    Returns
    -------
    places : array of int64, shape (n_rows, n)
        -1 where a row has no further column with positive points that are worth a line (`core.domain.reasons`);
        of equal points the first column comes first.
    values : array, shape (n_rows, n)
        Their points, NaN where the place is -1.

    Examples
    --------
    >>> places, values = strongest(np.array([[0.1, -0.2, 0.3], [-1.0, 0.0, -2.0]]), 2)
    >>> places.tolist(), values.tolist()
    ([[2, 0], [-1, -1]], [[0.3, 0.1], [nan, nan]])
    """
    n_rows, n_columns = points.shape
    places, values = np.full((n_rows, n), -1), np.full((n_rows, n), np.nan)
    order = np.argsort(-points, axis=1, kind="stable")[:, : min(n, n_columns)]
    found = np.take_along_axis(points, order, axis=1)
    worth = (found > 0) & (found >= SMALL * np.abs(points).max(axis=1, keepdims=True, initial=0.0))
    places[:, : order.shape[1]] = np.where(worth, order, -1)
    values[:, : order.shape[1]] = np.where(worth, found, np.nan)
    return places, values


def point_texts(use_case: UseCase, points: Floats) -> pa.Array:
    """Points as `core.domain.reasons.points_text` writes them, shape (n_rows,); rounded first, into few texts."""
    percent = use_case.policy.score_format == "percent"
    exact = np.round(100 * points, 1) / 100 if percent else _significant(points, 3)
    seen, index = np.unique(exact, return_inverse=True)
    return pa.array([points_text(use_case, value) for value in seen.tolist()], pa.string()).take(pa.array(index))


def _significant(values: Floats, digits: int) -> Floats:
    """Numbers rounded to significant digits; whole ones above them keep their digits."""
    with np.errstate(divide="ignore"):
        size = np.floor(np.log10(np.where(values == 0, 1.0, np.abs(values))))
    power = 10.0 ** np.clip(digits - 1 - size, 0.0, 300.0)
    return np.where(np.isfinite(values * power), np.rint(values * power) / power, values)


def value_texts(
    column: Column, values: Array, timezone: str = "UTC", others: Mapping[int, str] | None = None
) -> pa.Array:
    """Typed values as `core.domain.values.value_text` writes them, each distinct one once.

    Parameters
    ----------
    values : array of n_rows rows
    others : mapping of int to str
        Row -> the text as it came, where the column's levels do not have it.

    Examples
    --------
    >>> value_texts(Column("wait", Kind.COUNT, unit="days"), np.array([3.0, np.nan, 25_000.0])).to_pylist()
    ['3 days', 'not given', '25,000 days']
    """
    if column.kind is Kind.NUMBERS:
        return _lists(column, values)
    if column.kind in (Kind.NUMBER, Kind.COUNT):
        values = _significant(values, DIGITS)
    seen, index = np.unique(values, return_inverse=True)
    texts = [_cut(value_text(column, seen[place : place + 1], timezone)) for place in range(len(seen))]
    if others:
        extra = {text: len(texts) + place for place, text in enumerate(sorted(set(others.values())))}
        for row, text in others.items():
            index[row] = extra[text]
        texts += [_cut(text) for text in extra]
    return pa.array(texts, pa.string()).take(pa.array(index))


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1].rstrip()}…"


def _lists(column: Column, values: Array) -> pa.Array:
    """Lists of numbers: every distinct number is written once, then they are joined row by row."""
    there = ~np.isnan(values)
    seen, index = np.unique(_significant(values[there], DIGITS), return_inverse=True)
    numbers = pa.array([number_text(value) for value in seen.tolist()], pa.string()).take(pa.array(index))
    offsets = np.concatenate([[0], np.cumsum(there.sum(axis=1))]).astype(np.int32)
    texts = pc.binary_join(pa.ListArray.from_arrays(pa.array(offsets), numbers), "; ")
    if column.unit:
        texts = pc.binary_join_element_wise(texts, column.unit, " ")
    head = pc.utf8_rtrim_whitespace(pc.utf8_slice_codeunits(texts, 0, LONGEST - 1))
    long = pc.greater(pc.utf8_length(texts), LONGEST)
    texts = pc.if_else(long, pc.binary_join_element_wise(head, "…", ""), texts)
    return pc.if_else(pa.array(there.any(axis=1)), texts, NOT_GIVEN)


def reason_texts(
    places: Array, points: pa.Array, titles: Sequence[str], texts: Callable[[int, Array], pa.Array]
) -> pa.Array:
    """One text per row: "title: value (points)"; null where the place is -1.

    Parameters
    ----------
    places : array of int64, shape (n_rows,)
        Each row's column, by its place among `titles`.
    points : pyarrow.Array of string, n_rows long
    texts : callable
        Column's place, rows (positions, ascending) -> the values of these rows as texts.

    Examples
    --------
    >>> told = pa.array(["+4.1 points", "+2.0 points"])
    >>> reason_texts(np.array([0, -1]), told, ["Source"], lambda place, rows: pa.array(["API"])).to_pylist()
    ['Source: API (+4.1 points)', None]
    """
    order = np.argsort(places, kind="stable")
    bounds = np.searchsorted(places[order], np.arange(-1, len(titles) + 1))
    pieces = [pa.nulls(int(bounds[1]), pa.string())]
    for place, title in enumerate(titles):
        rows = order[bounds[place + 1] : bounds[place + 2]]
        if len(rows):
            told = points.take(pa.array(rows))
            pieces.append(pc.binary_join_element_wise(f"{title}: ", texts(place, rows), " (", told, ")", ""))
    back = np.empty(len(places), dtype=np.int64)
    back[order] = np.arange(len(places))
    return pa.concat_arrays(pieces).take(pa.array(back))
