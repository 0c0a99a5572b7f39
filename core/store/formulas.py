"""Texts that a spreadsheet would run as a formula, made harmless with a leading apostrophe.

A text is dangerous when it begins with = + - @ (also their full-width forms), a tab or a line end, also
after blanks and quotes, and is not simply a signed number, or several with semicolons between. A CSV
cannot say "this is text", so the apostrophe is the one mark that spreadsheets take for that.
"""

from __future__ import annotations

import re

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

_DANGER = r"""^[\s\x00\x0b\p{Z}\x{FEFF}"']*[=+\-@＝＋－＠\t\r\n]|^[\t\r\n]"""
_ONE = r" *[+-]?([0-9]+([.,][0-9]*)*|[.,][0-9]+)([eE][+-]?[0-9]+)? *"
_NUMBER = f"^{_ONE}(;{_ONE})*$"
_DANGER_PY = re.compile(r"""[\s\x00\ufeff"']*[=+\-@＝＋－＠]|[\t\r\n]""")
_NUMBER_PY = re.compile(_NUMBER)
# First bytes worth a closer look; the last five begin UTF-8 blanks, the byte order mark and full-width signs.
_FIRST = np.zeros(256, dtype=bool)
_FIRST[list(b"=+-@\t\r\n\x0b\x0c\x00 \"'\xc2\xe1\xe2\xe3\xef")] = True


def safe_text(text: str) -> str:
    r"""One text, harmless.

    >>> safe_text("=1+1"), safe_text("-3.5"), safe_text(' "@x'), safe_text("a=b")
    ("'=1+1", '-3.5', '\' "@x', 'a=b')
    """
    if _DANGER_PY.match(text) and not _NUMBER_PY.match(text):
        return "'" + text
    return text


safe_name = safe_text


def safe_table(table: pa.Table) -> pa.Table:
    """A table whose text columns are harmless; other columns and the schema stay as they are."""
    for place, field in enumerate(table.schema):
        column = table.column(place)
        if pa.types.is_string(field.type) or pa.types.is_dictionary(field.type):
            parts = [safe_array(part) for part in column.chunks]
            if any(new is not old for new, old in zip(parts, column.chunks, strict=True)):
                table = table.set_column(place, field, pa.chunked_array(parts, field.type))
    return table


def safe_array(values: pa.Array) -> pa.Array:
    """The same array when nothing in it is dangerous; of a dictionary only the distinct values are asked."""
    if isinstance(values, pa.DictionaryArray):
        words = values.dictionary
        if not pa.types.is_string(words.type):
            return values
        safe = safe_array(words)
        return values if safe is words else pa.DictionaryArray.from_arrays(values.indices, safe)
    rows = _suspects(values)
    if not len(rows):
        return values
    texts = values.take(pa.array(rows))
    danger = pc.and_not(pc.match_substring_regex(texts, _DANGER), pc.match_substring_regex(texts, _NUMBER))
    rows = rows[danger.to_numpy(zero_copy_only=False)]
    if not len(rows):
        return values
    mask = np.zeros(len(values), dtype=bool)
    mask[rows] = True
    marked = pc.binary_join_element_wise("'", texts.filter(danger), "")
    return pc.replace_with_mask(values, pa.array(mask), marked)


def _suspects(values: pa.Array) -> NDArray[np.int64]:
    """Rows whose first byte is worth a closer look."""
    _, offsets_buffer, data_buffer = values.buffers()
    if data_buffer is None or data_buffer.size == 0 or not len(values):
        return np.zeros(0, dtype=np.int64)
    offsets = np.frombuffer(offsets_buffer, dtype=np.int32)[values.offset : values.offset + len(values) + 1]
    data = np.frombuffer(data_buffer, dtype=np.uint8)
    some = offsets[1:] > offsets[:-1]
    first = data[np.minimum(offsets[:-1], len(data) - 1)]
    found = _FIRST[first] & some
    if values.null_count:
        found &= values.is_valid().to_numpy(zero_copy_only=False)
    return np.flatnonzero(found)
