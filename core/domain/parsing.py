"""One row, as a form, a JSON text or the API gives it, read into typed columns of length one.

The database reads files by the same rules (`core.store.intake`); a property test holds the two equal.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np

from core.domain.columns import (
    MISSING,
    NO_SET,
    NO_TEXTS,
    OTHER,
    SEPARATOR,
    YES_TEXTS,
    Array,
    Column,
    Kind,
    absent,
)
from core.domain.schema import Parsed, Schema


def parse_row(schema: Schema, row: Mapping[str, Any]) -> dict[str, Parsed]:
    """Read one row; unknown names are ignored here (`services.scoring` refuses them by name).

    Parameters
    ----------
    schema : Schema
    row : mapping of str to Any
        Raw column -> text, number, bool, date, datetime, list or None.

    Returns
    -------
    dict of str to Parsed
        Arrays of one row for every column of the schema.
    """
    return {column.name: parse_value(column, row.get(column.name), schema.timezone) for column in schema.columns}


def parse_value(column: Column, value: Any, timezone: str) -> Parsed:
    """Read one value of one column into an array of one row."""
    if value is None or (isinstance(value, str) and value.strip().lower() in column.nulls):
        return Parsed(_empty(column))
    if column.kind.is_text:
        return Parsed(np.array([str(value)], dtype=object))
    if column.kind.is_coded:
        return _parse_level(column, str(value))
    if column.kind.is_list:
        return _parse_list(column, value)
    read: Any = None
    if column.kind is Kind.TIME:
        read = read_time(value, timezone, column.time_format)
        array = np.array([read if read is not None else "NaT"], dtype="datetime64[us]")
    else:
        read = _read_yesno(value) if column.kind is Kind.YESNO else _read_number(value, column.decimal)
        array = np.array([read if read is not None else math.nan])
    return Parsed(array, {} if read is not None else {0: str(value)})


def _empty(column: Column) -> Array:
    if column.kind.is_numeric:
        return np.array([math.nan])
    if column.kind.is_coded:
        return np.array([MISSING], dtype=np.int16)
    if column.kind is Kind.TIME:
        return np.array(["NaT"], dtype="datetime64[us]")
    return absent(column, 1) if column.kind.is_list else np.array([""], dtype=object)


@lru_cache(maxsize=512)
def level_codes(levels: tuple[str, ...]) -> Mapping[str, int]:
    """Lower-case level -> code."""
    return {level.lower(): code for code, level in enumerate(levels)}


def _parse_level(column: Column, text: str) -> Parsed:
    code = level_codes(column.levels).get(text.strip().lower())
    if code is not None:
        return Parsed(np.array([code], dtype=np.int16))
    return Parsed(np.array([OTHER], dtype=np.int16), {0: text})


def _parse_list(column: Column, value: Any) -> Parsed:
    """A list, or a text of one: separated by semicolons, or JSON."""
    items = list(value) if isinstance(value, list | tuple | np.ndarray) else _items(str(value), column)
    array = absent(column, 1)
    if items:
        read = _read_set(column, items) if column.kind is Kind.SET else _read_list(column, items)
        if read is None:
            return Parsed(array, {0: value if isinstance(value, str) else SEPARATOR.join(map(str, items))})
        array[0] = read
    return Parsed(array)


def _items(text: str, column: Column) -> list[Any]:
    if text.strip().lower() in column.nulls:  # NaN is no text, its words are
        return []
    if text.lstrip().startswith("["):
        try:
            items = json.loads(text)
        except (ValueError, RecursionError):
            return [text]
        return items if isinstance(items, list) else [text]
    return text.split(SEPARATOR)


def _read_list(column: Column, items: Sequence[Any]) -> Array | None:
    """Right-aligned numbers, shape (width,); None where one cannot be read or there are too many."""
    numbers = [_read_number(item, column.decimal) for item in items]
    if len(numbers) > column.width or any(number is None or math.isnan(number) for number in numbers):
        return None
    return np.array([math.nan] * (column.width - len(numbers)) + numbers)


def _read_set(column: Column, items: Sequence[Any]) -> int | None:
    """Bits of the levels; empty texts between separators say nothing."""
    codes, mask = level_codes(column.levels), 0
    for item in items:
        text = str(item).strip().lower()
        if text not in codes:
            if text:
                return None
            continue
        mask |= 1 << codes[text]
    return mask or NO_SET


def _read_number(value: Any, decimal: str) -> float | None:
    if isinstance(value, bool):
        return float(value)
    if isinstance(value, str):
        text = value.strip()
        if decimal == ",":
            text = text.replace(".", "").replace(",", ".")
        if "_" in text or text.lower().lstrip("+-") in {"infinity", "nan"}:
            return None
        value = text
    try:
        return float(value)
    except (TypeError, ValueError, OverflowError):
        return None


def _read_yesno(value: Any) -> float | None:
    text = str(value).strip().lower()
    if text in YES_TEXTS:
        return 1.0
    return 0.0 if text in NO_TEXTS else None


@lru_cache(maxsize=64)
def zone(name: str) -> ZoneInfo:
    """The named time zone, kept, because building one reads a file."""
    return ZoneInfo(name)


def read_time(value: Any, timezone: str, time_format: str | None = None) -> datetime | None:
    """A time as naive wall clock in `timezone`: offsets are converted, naive times are taken in it.

    >>> read_time("2026-03-01T22:30:00Z", "Asia/Dubai")
    datetime.datetime(2026, 3, 2, 2, 30)
    """
    if isinstance(value, str):
        try:
            text = value.strip()
            value = datetime.strptime(text, time_format) if time_format else datetime.fromisoformat(text)
        except ValueError:
            return None
    elif isinstance(value, date) and not isinstance(value, datetime):
        value = datetime(value.year, value.month, value.day)
    if not isinstance(value, datetime):
        return None
    if value.tzinfo is None:
        return value
    try:
        return value.astimezone(zone(timezone)).replace(tzinfo=None)
    except OverflowError:  # year 0 or 10000 in the other zone
        return None


def to_utc(wall: datetime, timezone: str) -> datetime:
    """The UTC time of a wall clock reading, naive.

    >>> to_utc(datetime(2026, 3, 2, 2, 30), "Asia/Dubai")
    datetime.datetime(2026, 3, 1, 22, 30)
    """
    return wall.replace(tzinfo=zone(timezone)).astimezone(UTC).replace(tzinfo=None)
