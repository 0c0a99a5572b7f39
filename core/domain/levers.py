"""What could be changed about a row: for every column the values that a person could type, and how far they are."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.domain.columns import Array, Column, Kind, levels_in, missing_mask, shown
from core.domain.features import Floats

MOST_VALUES = 100  # of one number
EDGE = 0.01  # share of the reference rows left out at either end

Positions = NDArray[np.int64]


@dataclass(frozen=True)
class Span:
    """Between which values the reference rows of a column lie.

    Attributes
    ----------
    low, high : float
        1st and 99th percentile within the schema's limits, in the column's unit; of ordered levels their codes,
        of yes/no 0 and 1; NaN for other kinds and where there are no values.
    sd : float
        Standard deviation of the reference rows, in the column's unit; of ordered levels 1: one step.
    step : float
        A number that people count in, at most a hundredth of the range; 1 for counts at least.
    seen : tuple of int
        Level codes, or bits of a set, that some reference row has.
    """

    low: float = math.nan
    high: float = math.nan
    sd: float = 1.0
    step: float = 1.0
    seen: tuple[int, ...] = ()


@dataclass(frozen=True)
class Lever:
    """One column that may be changed, and what it may be changed to.

    Attributes
    ----------
    name : str
    current : Any
        The row's typed value.
    values : array, shape (n,)
        Typed values other than the current one.
    distances : array, shape (n,)
        How far each is: reference standard deviations for numbers, steps for ordered levels and the levels of a set,
        1 for another category or the other answer.
    """

    name: str
    current: Any
    values: Array
    distances: Floats


def nice_step(low: float, high: float, whole: bool, most: int = MOST_VALUES) -> float:
    """The smallest of 1, 2, 5 times a power of ten that cuts a range into at most `most` steps.

    >>> nice_step(10, 1200, whole=False), nice_step(3, 30, whole=True), nice_step(0, 1, whole=False)
    (20.0, 1.0, 0.01)
    """
    rough = (high - low) / most
    if not math.isfinite(rough) or rough <= 0:
        return 1.0 if whole else 0.01
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(times * power for times in (1, 2, 5, 10) if times * power >= rough * (1 - 1e-9))
    return max(1.0, round(step)) if whole else round(step, 12)


def multiples(low: float, high: float, step: float) -> Floats:
    """The multiples of a step from low to high, as a person would type them.

    >>> multiples(0.13, 0.48, 0.1)
    array([0.2, 0.3, 0.4])
    """
    places = np.arange(math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9) + 1)
    decimals = max(0, -math.floor(math.log10(step))) if step < 1 else 0
    found = np.round(places * step, decimals)
    return np.asarray(found[(found >= low) & (found <= high)], dtype=np.float64)


def span_of(column: Column, values: Array) -> Span:
    """The span of a column over its typed reference rows.

    Parameters
    ----------
    column : Column
    values : array, shape (n_rows,) or (n_rows, width)
    """
    known = values[~missing_mask(column, values)]
    if column.kind is Kind.SET:
        return Span(seen=tuple(bit for bit in range(len(column.levels)) if (known >> bit & 1).any()))
    if column.kind.is_coded:
        return _level_span(column, known[known >= 0])
    if column.kind is Kind.YESNO:
        return Span(0.0, 1.0)
    if column.kind not in (Kind.NUMBER, Kind.COUNT) or len(known) == 0:
        return Span()
    whole = column.kind is Kind.COUNT
    low, high = (float(edge) for edge in np.quantile(known, (EDGE, 1 - EDGE)))
    low = low if column.minimum is None else max(low, column.minimum)
    high = high if column.maximum is None else min(high, column.maximum)
    sd = float(known.std())
    return Span(low, high, sd if sd > 0 else 1.0, nice_step(low, high, whole))


def _level_span(column: Column, codes: Array) -> Span:
    seen = tuple(int(code) for code in np.unique(codes))
    if column.kind is Kind.CATEGORY or not seen:
        return Span(seen=seen)
    low, high = np.quantile(codes, (EDGE, 1 - EDGE), method="nearest")
    return Span(float(low), float(high), seen=tuple(code for code in seen if low <= code <= high))


def lever_of(column: Column, current: Array, span: Span) -> Lever | None:
    """What a column of a row may be changed to.

    None where there is nothing to change: the row has no value that is known, the reference rows have but this one,
    or it is a time, a list of numbers, an id or a text, which nobody sets.

    Parameters
    ----------
    column : Column
    current : array, shape (1,) or (1, width)
    span : Span

    Examples
    --------
    >>> views = Column("views", Kind.COUNT, minimum=0)
    >>> lever_of(views, np.array([4.0]), Span(3.0, 6.0, sd=2.0)).values
    array([3., 5., 6.])
    """
    if missing_mask(column, current)[0] or (column.kind.is_coded and current[0] < 0):
        return None
    value = current[0]
    found = _candidates(column, value, span)
    if found is None:
        return None
    values, distances = found
    other = distances > 0
    return Lever(column.name, value, values[other], distances[other]) if other.any() else None


def _candidates(column: Column, value: Any, span: Span) -> tuple[Array, Floats] | None:
    if column.kind in (Kind.NUMBER, Kind.COUNT) and math.isfinite(span.low):
        values = _numbers(float(value), span, column.kind is Kind.COUNT)
        return values, np.abs(values - value) / span.sd
    if column.kind is Kind.YESNO:
        answers = np.array([0.0, 1.0])
        return answers, np.abs(answers - value)
    if column.kind.is_coded:
        codes = np.asarray(span.seen, dtype=np.int16)
        steps = np.abs(codes.astype(np.float64) - float(value))
        return codes, steps if column.kind is Kind.ORDERED else np.minimum(steps, 1.0)
    if column.kind is Kind.SET:
        masks = np.array([int(value) ^ (1 << bit) for bit in span.seen], dtype=np.int64)
        masks = masks[masks > 0]
        return masks, np.ones(len(masks))
    return None


def _numbers(value: float, span: Span, whole: bool) -> Floats:
    """The multiples of the span's step, and within ten steps of the current value those of a tenth of it."""
    fine = max(1.0, round(span.step / 10)) if whole else span.step / 10
    near = multiples(max(span.low, value - 10 * span.step), min(span.high, value + 10 * span.step), fine)
    return np.unique(np.concatenate([multiples(span.low, span.high, span.step), near]))


def typed_as_raw(column: Column, value: Any) -> Any:
    """A typed value as a form or a file would give it.

    >>> typed_as_raw(Column("a", Kind.COUNT), 4.0), typed_as_raw(Column("b", Kind.YESNO), 1.0)
    (4, 'yes')
    """
    if column.kind is Kind.YESNO:
        return "yes" if value == 1.0 else "no"
    if column.kind.is_coded:
        return column.levels[int(value)]
    if column.kind is Kind.SET:
        return list(levels_in(column, int(value)))
    if column.kind is Kind.COUNT:
        return int(value)
    return float(value) if column.kind is Kind.NUMBER else shown(value)
