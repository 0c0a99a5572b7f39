"""Typed values as a person writes them: numbers with their unit, levels, answers, times with their weekday, lists."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import numpy as np

from core.domain.columns import MISSING, OTHER, Array, Column, Kind, levels_in, missing_mask

NOT_GIVEN = "not given"
_DIGITS = 6


def number_text(value: float, digits: int = _DIGITS) -> str:
    """A number, thousands apart; decimals only as far as there are fewer digits than asked for.

    >>> number_text(25000.0), number_text(0.25), number_text(1234567.891), number_text(12.3456789), number_text(-0.0)
    ('25,000', '0.25', '1,234,568', '12.3457', '0')
    """
    if value == 0 or not math.isfinite(value):
        return "0" if value == 0 else str(value)
    decimals = max(0, digits - 1 - math.floor(math.log10(abs(value))))
    if decimals > 2 * digits:
        return f"{value:.3g}"
    text = f"{value:,.{decimals}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def with_unit(column: Column, text: str) -> str:
    """A number's text and the column's unit, in the singular for one.

    >>> with_unit(Column("n", Kind.COUNT, unit="pages"), "12"), with_unit(Column("n", Kind.COUNT), "12")
    ('12 pages', '12')
    """
    unit = column.unit
    if text == "1" and unit.endswith("s"):
        unit = unit[:-1]
    return f"{text} {unit}" if unit else text


def listed(names: Sequence[str]) -> str:
    """Names in a sentence.

    >>> listed(("audit", "tax", "legal")), listed(("audit",))
    ('audit, tax and legal', 'audit')
    """
    return " and ".join((", ".join(names[:-1]), names[-1])) if len(names) > 1 else "".join(names)


def value_text(column: Column, value: Array, timezone: str = "UTC", other: str = "") -> str:
    """A typed value (an array of one row) as a person would write it, with its unit.

    Parameters
    ----------
    column : Column
    value : array of one row
    timezone : str
        Of times; named where it is not UTC.
    other : str
        The text as it came, where the column's levels do not have it.

    Examples
    --------
    >>> value_text(Column("views", Kind.COUNT, unit="pages"), np.array([12.0]))
    '12 pages'
    >>> value_text(Column("at", Kind.TIME), np.array(["2026-03-02T14:05"], dtype="datetime64[us]"), "Asia/Dubai")
    'Mon 2 Mar 2026, 14:05 (Asia/Dubai)'
    """
    if missing_mask(column, value)[0]:
        return NOT_GIVEN
    if column.kind.is_coded:
        code = int(value[0])
        return (other or "a new value") if code in (OTHER, MISSING) else column.levels[code]
    if column.kind is Kind.TIME:
        return _time_text(value[0].astype("datetime64[us]").item(), timezone)
    if column.kind is Kind.SET:
        return listed(levels_in(column, int(value[0])))
    if column.kind is Kind.NUMBERS:
        return with_unit(column, "; ".join(number_text(float(item)) for item in value[0] if not np.isnan(item)))
    return _plain(column, value[0])


def _plain(column: Column, value: Any) -> str:
    if column.kind is Kind.YESNO:
        return "yes" if value else "no"
    return str(value) if column.kind.is_text else with_unit(column, number_text(float(value)))


def day_text(time: datetime) -> str:
    """A day.

    >>> day_text(datetime(2026, 3, 2))
    '2 Mar 2026'
    """
    return f"{time.day} {time:%b %Y}"


def _time_text(time: datetime, timezone: str) -> str:
    day = f"{time:%a} {day_text(time)}"
    if (time.hour, time.minute, time.second) == (0, 0, 0):
        return day
    return f"{day}, {time:%H:%M}" + ("" if timezone == "UTC" else f" ({timezone})")
