"""Whether a column of texts holds times, and in which format: one format per column, from all values."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import product

import numpy as np
from numpy.typing import NDArray

from core.domain.inference.numeric import MOSTLY
from core.domain.inference.texts import Texts, quoted
from core.domain.inference.words import TIME_WORDS
from core.domain.parsing import read_time

_LOOK = 200  # distinct values on which a format is tried before it is tried on all
_ISO = re.compile(r"\d{4}-\d\d-\d\d([T ]\d\d:\d\d.*)?")
_COMPACT = re.compile(r"(19|20)\d\d(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01])")
_CLOCKS = ("", " %H:%M", " %H:%M:%S", " %H:%M:%S.%f", " %I:%M %p", " %I:%M:%S %p", "T%H:%M:%S")
_DAY_FIRST = tuple(f"%d{sep}%m{sep}{year}" for sep, year in product("/.-", ("%Y", "%y")))
_MONTH_FIRST = tuple(f"%m{sep}%d{sep}{year}" for sep, year in product("/.-", ("%Y", "%y")))
_OTHER = (
    *("%Y/%m/%d", "%Y.%m.%d", "%d %b %Y", "%d-%b-%Y", "%d-%b-%y", "%d %B %Y", "%b %d, %Y", "%B %d, %Y"),
    *("%d.%b.%Y", "%d/%b/%Y", "%Y-%m-%d"),
)


@dataclass(frozen=True)
class TimeReading:
    """A column read as times.

    Attributes
    ----------
    values : array of datetime64[us], shape (n_distinct,)
        By distinct text; NaT where a text does not follow the format.
    time_format : str or None
        strptime format; None for ISO 8601.
    other_order : str or None
        The format with day and month exchanged, where it would read all values too.
    strays : tuple of str
    why : str
    """

    values: NDArray[np.datetime64]
    time_format: str | None
    other_order: str | None
    strays: tuple[str, ...]
    why: str


def as_times(texts: Texts, *, day_first: bool | None = None, timezone: str = "UTC") -> TimeReading | None:
    """Read a column as times, or None when it does not hold any.

    Parameters
    ----------
    texts : Texts
    day_first : bool or None
        What the file's other columns say about the order of day and month; used only where this column's
        own values allow both. Without any, the day comes first.
    timezone : str
        Times with an offset are converted to it.
    """
    some = texts.values[:_LOOK]
    if not some or not all(any(letter.isdigit() for letter in text) for text in some[:5]):
        return None
    if _share(_ISO, some) >= MOSTLY:
        return _reading(texts, None, None, timezone)
    if _share(_COMPACT, some) >= MOSTLY and texts.words & TIME_WORDS:
        return _reading(texts, "%Y%m%d", None, timezone)
    return _by_format(texts, day_first, timezone)


def _by_format(texts: Texts, day_first: bool | None, timezone: str) -> TimeReading | None:
    some = texts.values[:_LOOK]
    bases = [(base, base) for base in _OTHER] + list(zip(_DAY_FIRST, _MONTH_FIRST, strict=True))
    for (first, second), clock in product(bases, _CLOCKS):
        hits = [name for name in dict.fromkeys((first + clock, second + clock)) if _fits(some, name)]
        readings = [reading for name in hits if (reading := _reading(texts, name, None, timezone)) is not None]
        if len(readings) == 1:
            return readings[0]
        if readings:
            return _resolve(readings, day_first)
    return None


def _resolve(readings: Sequence[TimeReading], day_first: bool | None) -> TimeReading:
    """Choose between day first and month first when the share of readable values does not."""
    readable = [int(np.isnat(reading.values).sum()) for reading in readings]
    if readable[0] != readable[1]:
        return readings[int(np.argmin(readable))]
    chosen, other = readings if day_first is not False else readings[::-1]
    order = "day first" if day_first is not False else "month first"
    rule = "as in the file's other date columns" if day_first is not None else "by rule, since no value tells"
    why = (
        f"written like {chosen.time_format}; both {chosen.time_format} and {other.time_format} read it: {order}, {rule}"
    )
    return TimeReading(chosen.values, chosen.time_format, other.time_format, chosen.strays, why)


def _share(pattern: re.Pattern[str], texts: Sequence[str]) -> float:
    return sum(pattern.fullmatch(text) is not None for text in texts) / len(texts)


def _fits(texts: Sequence[str], time_format: str) -> bool:
    """Whether a format reads most of a few values; stops at the first misfits."""
    misfits = 0
    for text in texts:
        try:
            datetime.strptime(text, time_format)
        except ValueError:
            misfits += 1
            if misfits > 0.05 * len(texts):
                return False
    return True


def _reading(texts: Texts, time_format: str | None, other: str | None, timezone: str) -> TimeReading | None:
    read = [read_time(text, timezone, time_format) for text in texts.values]
    values = np.array([value if value is not None else "NaT" for value in read], dtype="datetime64[us]")
    unread = np.isnat(values)
    n_stray = int(texts.counts[unread].sum())
    if n_stray > (1 - MOSTLY) * texts.counts.sum():
        return None
    strays = tuple(text for text, bad in zip(texts.values, unread, strict=True) if bad)
    why = "ISO 8601" if time_format is None else f"written like {time_format}"
    if strays:
        why += f"; {n_stray:,} values such as {quoted(strays)} do not follow it and are refused"
    return TimeReading(values, time_format, other, strays, why)


def day_first_elsewhere(readings: Sequence[TimeReading]) -> bool | None:
    """What the unambiguous date columns of a file say about the order of day and month."""
    formats = [reading.time_format for reading in readings if reading.other_order is None and reading.time_format]
    day = any(name.startswith("%d") and "%m" in name for name in formats)
    month = any(name.startswith("%m") for name in formats)
    return day if day != month else None
