"""Texts as numbers, by Arrow where it can and by Python where only that can judge."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from core.domain.columns import Column


def is_text(kind: pa.DataType) -> bool:
    """Whether values of a type are texts."""
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind))


def floats(values: pa.Array) -> NDArray[np.float64]:
    """Arrow numbers as float64, NaN where null."""
    array = values.to_numpy(zero_copy_only=False)
    return np.asarray(array, dtype=np.float64)


def numbers_of(column: Column, values: pa.Array) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Texts as numbers, and which of them only Python can judge."""
    texts = values
    if column.decimal == ",":
        texts = pc.replace_substring(pc.replace_substring(values, ".", ""), ",", ".")
    try:
        array = floats(texts.cast(pa.float64()))
        odd = np.isinf(array)  # 'inf' and '1e999' alike, and 'nan': Python judges
        odd |= np.isnan(array) & ~values.is_null().to_numpy(zero_copy_only=False)
    except pa.ArrowInvalid:
        plain = pc.match_substring_regex(texts, r"^[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?$")
        array = floats(pc.if_else(plain, texts, None).cast(pa.float64()))
        odd = ~np.asarray(plain.fill_null(True).to_numpy(zero_copy_only=False), dtype=bool) | np.isinf(array)
    return array, odd
