"""Lists in Arrow as the desk's typed arrays: right-aligned numbers, bit masks of levels."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from core.domain.columns import SEPARATOR, Array, Column, absent
from core.domain.parsing import level_codes
from core.store.typed_numbers import floats, is_text, numbers_of


def is_list(kind: pa.DataType) -> bool:
    """Whether values of a type are lists."""
    tests = (pa.types.is_list, pa.types.is_large_list, pa.types.is_fixed_size_list)
    return any(test(kind) for test in tests)


def number_lists(column: Column, values: pa.Array) -> tuple[Array, NDArray[np.bool_]]:
    """Lists as right-aligned rows, shape (n_rows, width), and which of them only Python can judge."""
    items, rows, lengths = _items(values)
    array, odd = absent(column, len(values)), lengths > column.width
    if is_text(items.type):
        numbers, strange = numbers_of(column, pc.ascii_trim_whitespace(items.cast(pa.string())))
        strange |= np.isnan(numbers)
    elif pa.types.is_integer(items.type) or pa.types.is_floating(items.type):
        numbers = floats(items.cast(pa.float64(), safe=False))
        strange = np.isnan(numbers)
    else:
        numbers, strange = np.full(len(items), np.nan), np.ones(len(items), dtype=bool)
    odd[rows[strange]] = True
    ends = np.cumsum(lengths)
    columns = column.width - ends[rows] + np.arange(len(items))
    fits = ~odd[rows]
    array[rows[fits], columns[fits]] = numbers[fits]
    return array, odd


def level_sets(column: Column, values: pa.Array) -> tuple[Array, NDArray[np.bool_]]:
    """Lists of levels as bit masks, shape (n_rows,), and which of them only Python can judge."""
    items, rows, lengths = _items(values)
    if not is_text(items.type):
        return absent(column, len(values)), lengths > 0
    codes = level_codes(column.levels)
    encoded = items.cast(pa.string()).dictionary_encode()
    bits = [1 << codes[text.lower()] if text.lower() in codes else 0 for text in encoded.dictionary.to_pylist()]
    places = pc.fill_null(encoded.indices, len(bits)).to_numpy(zero_copy_only=False)
    found = np.array([*bits, 0], dtype=np.int64)[places]
    array, odd = np.where(lengths > 0, 0, absent(column, len(values))), np.zeros(len(values), dtype=bool)
    np.bitwise_or.at(array, rows, found)
    odd[rows[found == 0]] = True
    return array, odd


def joined(values: pa.Array, texts: pa.Array) -> pa.Array:
    """Each list as one text, given the texts of all items; an item that is null leaves its place empty."""
    lengths = pc.fill_null(pc.list_value_length(values), 0).to_numpy(zero_copy_only=False)
    offsets = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int32)
    lists = pa.ListArray.from_arrays(pa.array(offsets), pc.fill_null(texts, ""), mask=values.is_null())
    return pc.binary_join(lists, SEPARATOR)


def _items(values: pa.Array) -> tuple[pa.Array, NDArray[np.int64], NDArray[np.int64]]:
    """All items of the lists, the row of each, and how many each row has; null lists have none."""
    items = values.flatten()
    if pa.types.is_dictionary(items.type):
        items = items.dictionary_decode()
    lengths = pc.fill_null(pc.list_value_length(values), 0).to_numpy(zero_copy_only=False).astype(np.int64)
    return items, np.repeat(np.arange(len(values)), lengths), lengths
