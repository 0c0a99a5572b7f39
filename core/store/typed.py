"""Arrow columns read into the desk's typed columns, by the rules of `core.domain.parsing`.

The common spellings are read by vectorised casts; every text a cast cannot read goes, once per distinct
text, to the very function that reads a single row. So a file and a form never disagree, by construction.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from functools import lru_cache

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from core.domain.columns import SEPARATOR, Array, Column, Kind, absent
from core.domain.parsing import parse_value, zone
from core.domain.schema import Parsed
from core.store.typed_lists import is_list, joined, level_sets, number_lists
from core.store.typed_numbers import floats, is_text, numbers_of

_SPACE = r"[\s\x0b\x1c-\x1f\x{85}\p{Z}]*"
_ZONED = r"[T ][0-9:.,]*(Z|[+-][0-9]{2}(:?[0-9]{2})?)$"
_PLAIN_YEARS = np.datetime64("0002-01-01", "us"), np.datetime64("9999-01-01", "us")


def read_column(column: Column, values: pa.Array, timezone: str) -> Parsed:
    """Read one column.

    Parameters
    ----------
    column : Column
    values : pa.Array, shape (n_rows,)
        Texts (null where empty), or values of another Arrow type.
    timezone : str
        The use case's time zone.

    Returns
    -------
    Parsed
        Values of n_rows rows and the texts that could not be read, by row.
    """
    if pa.types.is_dictionary(values.type):
        values = values.dictionary_decode()
    if not is_text(values.type):
        typed = _typed(column, values, timezone)
        if typed is not None:
            return typed
        values = as_texts(values)
    if values.type != pa.string():
        values = values.cast(pa.string())
    return _READERS.get(column.kind, _read_texts)(column, values, timezone)


def as_texts(values: pa.Array) -> pa.Array:
    """Values of any type as a person would write them: whole floats without a point, lists with semicolons."""
    if pa.types.is_dictionary(values.type):
        values = values.dictionary_decode()
    if is_text(values.type):
        return values.cast(pa.string())
    if is_list(values.type):
        return joined(values, as_texts(values.flatten()))
    if pa.types.is_floating(values.type):
        values = pc.if_else(pc.is_nan(values), None, values)
    if pa.types.is_timestamp(values.type) or pa.types.is_date(values.type) or pa.types.is_nested(values.type):
        return pa.array([None if item is None else _written(item) for item in values.to_pylist()], pa.string())
    if pa.types.is_binary(values.type) or pa.types.is_large_binary(values.type):
        return pa.array([None if item is None else item.decode("utf-8", "replace") for item in values.to_pylist()])
    try:
        return values.cast(pa.string())
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
        return pa.array([None if item is None else str(item) for item in values.to_pylist()], pa.string())


def _written(item: object) -> str:
    return item.isoformat() if hasattr(item, "isoformat") else str(item)


def _typed(column: Column, values: pa.Array, timezone: str) -> Parsed | None:
    """A column that already has the right type; None sends it through its texts."""
    kind = values.type
    if pa.types.is_null(kind):
        return _read_texts(column, values.cast(pa.string()), timezone) if column.kind.is_text else None
    numeric = pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind)
    if column.kind in (Kind.NUMBER, Kind.COUNT) and (numeric or pa.types.is_boolean(kind)):
        if pa.types.is_boolean(kind):
            values = values.cast(pa.int8())
        return Parsed(floats(values.cast(pa.float64(), safe=False)))
    if column.kind is Kind.YESNO and pa.types.is_boolean(kind):
        return Parsed(floats(values.cast(pa.int8()).cast(pa.float64())))
    if column.kind.is_list and is_list(kind):
        return _typed_lists(column, values, timezone)
    if column.kind is Kind.TIME and (pa.types.is_timestamp(kind) or pa.types.is_date(kind)):
        if getattr(kind, "tz", None):
            return Parsed(_wall(values.cast(pa.timestamp("us", "UTC"), safe=False), timezone))
        return Parsed(_times(values.cast(pa.timestamp("us"), safe=False)))
    return None


def _times(values: pa.Array) -> Array:
    return np.asarray(values.cast(pa.timestamp("us")).to_numpy(zero_copy_only=False), dtype="datetime64[us]")


def _read_numbers(column: Column, values: pa.Array, timezone: str) -> Parsed:
    array, odd = numbers_of(column, values)
    if column.null_texts:
        odd |= _may_be_null(column, values)
    return _patch(column, values, timezone, array, odd)


def _read_lists(column: Column, values: pa.Array, timezone: str) -> Parsed:
    """Lists of numbers as text."""
    array, odd = number_lists(column, pc.split_pattern(values, SEPARATOR))
    if column.null_texts:
        odd |= _may_be_null(column, values)
    return _patch(column, values, timezone, array, odd)


def _typed_lists(column: Column, values: pa.Array, timezone: str) -> Parsed:
    """Arrow lists; a list with anything unusual in it is read as one row's list is."""
    array, odd = (level_sets if column.kind is Kind.SET else number_lists)(column, values)
    unread: dict[int, str] = {}
    for row in np.flatnonzero(odd).tolist():
        item = parse_value(column, values[row].as_py(), timezone)
        array[row] = item.values[0]
        if item.unread:
            unread[row] = item.unread[0]
    return Parsed(array, unread)


def _read_times(column: Column, values: pa.Array, timezone: str) -> Parsed:
    array, odd = _formatted(values, column.time_format) if column.time_format else _iso(values, timezone)
    odd |= (array < _PLAIN_YEARS[0]) | (array > _PLAIN_YEARS[1])
    if column.null_texts:
        odd |= _may_be_null(column, values)
    return _patch(column, values, timezone, array, odd)


def _iso(values: pa.Array, timezone: str) -> tuple[Array, NDArray[np.bool_]]:
    """ISO 8601 times as wall clock, and which rows the casts could not read."""
    first = pc.match_substring_regex(values.slice(0, 1), _ZONED).fill_null(False)
    read = _zoned if len(first) and first[0].as_py() else _naive  # a cast that fails costs 40 x one that does not
    try:
        return read(values, timezone), np.zeros(len(values), dtype=bool)
    except pa.ArrowInvalid:
        pass
    zoned = pc.match_substring_regex(values, _ZONED).fill_null(False)
    array = np.full(len(values), "NaT", "datetime64[us]")
    odd = np.zeros(len(values), dtype=bool)
    for part, mask in ((_naive, pc.invert(zoned)), (_zoned, zoned)):
        rows = mask.to_numpy(zero_copy_only=False)
        try:
            array[rows] = part(values.filter(mask), timezone)
        except pa.ArrowInvalid:
            odd |= rows
    return array, odd & ~values.is_null().to_numpy(zero_copy_only=False)


_DIGITS = {"Y": 4, "m": 2, "d": 2, "H": 2, "M": 2, "S": 2}


def _formatted(values: pa.Array, time_format: str) -> tuple[Array, NDArray[np.bool_]]:
    """Times of a fixed layout, put in ISO order and cast; what does not fit is left to strptime."""
    odd = ~values.is_null().to_numpy(zero_copy_only=False)
    array = np.full(len(values), "NaT", "datetime64[us]")
    parts = re.split("%([YmdHMS])", time_format)
    names = parts[1::2]
    if not {"Y", "m", "d"} <= set(names) or len(set(names)) < len(names) or any("%" in text for text in parts[::2]):
        return array, odd
    if "HMS"[: sum(name in "HMS" for name in names)] != "".join(name for name in "HMS" if name in names):
        return array, odd  # minutes without hours
    pattern = "".join(
        f"([0-9]{{{_DIGITS[part]}}})" if place % 2 else re.escape(part) for place, part in enumerate(parts)
    )
    place = {name: rf"\{names.index(name) + 1}" for name in names}
    clock = ":".join(place.get(name, "00") for name in "HMS")
    fits = pc.match_substring_regex(values, f"^{pattern}$").fill_null(False)
    iso = pc.replace_substring_regex(
        values.filter(fits), f"^{pattern}$", f"{place['Y']}-{place['m']}-{place['d']}T{clock}"
    )
    try:
        rows = fits.to_numpy(zero_copy_only=False)
        array[rows] = _naive(iso, "")
        odd &= ~rows
    except pa.ArrowInvalid:  # a 31st of February among them
        pass
    return array, odd


def _naive(values: pa.Array, _: str) -> Array:
    return _times(values.cast(pa.timestamp("us")))


def _zoned(values: pa.Array, timezone: str) -> Array:
    return _wall(values.cast(pa.timestamp("us", "UTC")), timezone)


def _wall(values: pa.Array, timezone: str) -> Array:
    """UTC to wall clock by Python's zones (Arrow's end in 2037): per day, and per time on days of change."""
    utc = _times(values.cast(pa.timestamp("us")))
    if timezone == "UTC":
        return utc
    rows = np.flatnonzero((utc >= _PLAIN_YEARS[0]) & (utc <= _PLAIN_YEARS[1]))
    days, which = np.unique(utc[rows].astype("datetime64[D]"), return_inverse=True)
    starts = _shifts(days, timezone)
    changes = starts != _shifts(days + 1, timezone)
    wall = utc.copy()
    wall[rows] += starts[which]
    rows = rows[changes[which]]
    wall[rows] = utc[rows] + _shifts(utc[rows], timezone)
    return wall


def _shifts(utc: Array, timezone: str) -> Array:
    """What a zone adds to UTC at each time."""
    place = zone(timezone)
    moments = utc.astype("datetime64[us]").astype(datetime)
    return np.array([moment.replace(tzinfo=UTC).astimezone(place).utcoffset() for moment in moments], "timedelta64[us]")


def _read_distinct(column: Column, values: pa.Array, timezone: str) -> Parsed:
    """Categories and yes/no: few distinct texts, each read once."""
    encoded = values.dictionary_encode()
    table, failed = _each(column, encoded.dictionary.to_pylist(), timezone)
    codes = pc.fill_null(encoded.indices, len(table)).to_numpy(zero_copy_only=False)
    array = np.append(table, absent(column, 1))[codes]
    if not failed.any():
        return Parsed(array)
    rows = np.flatnonzero(np.append(failed, False)[codes])
    return Parsed(array, _raw(values, rows))


def _read_texts(column: Column, values: pa.Array, timezone: str) -> Parsed:
    maybe = _may_be_null(column, values)
    array = values.to_numpy(zero_copy_only=False)
    if not array.flags.writeable:
        array = array.copy()
    if values.null_count:
        array[values.is_null().to_numpy(zero_copy_only=False)] = ""
    rows = np.flatnonzero(maybe)
    for row in rows.tolist():
        array[row] = parse_value(column, array[row], timezone).values[0]
    return Parsed(array)


@lru_cache(maxsize=256)
def _null_pattern(nulls: frozenset[str]) -> str:
    words = "|".join(re.escape(text) for text in sorted(nulls) if text)
    return f"(?i)^{_SPACE}({words})?{_SPACE}$"


def _may_be_null(column: Column, values: pa.Array) -> NDArray[np.bool_]:
    """Rows whose text may mean "no value"; a superset, Python decides."""
    mask = pc.match_substring_regex(values, _null_pattern(column.nulls)).fill_null(False)
    return np.array(mask.to_numpy(zero_copy_only=False), dtype=bool)


def _patch(column: Column, values: pa.Array, timezone: str, array: Array, odd: NDArray[np.bool_]) -> Parsed:
    """Read the odd rows again, once per distinct text, as a single row is read."""
    rows = np.flatnonzero(odd)
    if not len(rows):
        return Parsed(array)
    encoded = values.take(pa.array(rows)).dictionary_encode()
    table, failed = _each(column, encoded.dictionary.to_pylist(), timezone)
    codes = encoded.indices.to_numpy(zero_copy_only=False)
    array = array if array.flags.writeable else array.copy()
    array[rows] = table[codes]
    return Parsed(array, _raw(values, rows[failed[codes]]))


def _each(column: Column, texts: Iterable[str], timezone: str) -> tuple[Array, NDArray[np.bool_]]:
    """Distinct texts read one by one, and which of them could not be read."""
    items = [parse_value(column, text, timezone) for text in texts]
    empty = parse_value(column, None, timezone).values[:0]
    array = np.concatenate([item.values for item in items]) if items else empty
    return array, np.array([bool(item.unread) for item in items], dtype=bool)


def _raw(values: pa.Array, rows: NDArray[np.int64]) -> Mapping[int, str]:
    return dict(zip(rows.tolist(), values.take(pa.array(rows)).to_pylist(), strict=True))


_READERS: dict[Kind, Callable[[Column, pa.Array, str], Parsed]] = {
    Kind.NUMBER: _read_numbers,
    Kind.COUNT: _read_numbers,
    Kind.TIME: _read_times,
    Kind.YESNO: _read_distinct,
    Kind.CATEGORY: _read_distinct,
    Kind.ORDERED: _read_distinct,
    Kind.NUMBERS: _read_lists,
    Kind.SET: _read_distinct,
}
