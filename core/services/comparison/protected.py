"""Groups of people among logged rows: the sensitive columns of a use case, and the bands its groupings cut."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from core.domain.usecase import UseCase


def protected_columns(use_case: UseCase) -> tuple[str, ...]:
    """The raw columns that the sensitive columns and groupings are read from."""
    cut = {grouping.name: grouping.column for grouping in use_case.groupings}
    return tuple(dict.fromkeys(cut.get(name, name) for name in use_case.sensitive))


def group_codes(use_case: UseCase, name: str, raw: Mapping[str, Any]) -> tuple[NDArray[np.int64], tuple[str, ...]]:
    """Each row's group, -1 where it is not known, and the groups' names.

    Parameters
    ----------
    name : str
        One of `UseCase.sensitive`.
    raw : mapping of str to array, shape (n_rows,)
        Raw columns as logged.
    """
    grouping = next((item for item in use_case.groupings if item.name == name), None)
    if grouping is not None:
        codes = grouping.codes(np.asarray(raw[grouping.column], dtype=np.float64)).astype(np.int64)
        return np.maximum(codes, -1), grouping.levels
    column = use_case.schema[name]
    coded = pa.array(raw[name], from_pandas=True).dictionary_encode()
    texts = [str(value) for value in coded.dictionary.to_pylist()]
    levels = tuple(column.levels) or tuple(sorted(set(texts) - {""}))
    place = np.array([*(levels.index(text) if text in levels else -1 for text in texts), -1], dtype=np.int64)
    return place[coded.indices.fill_null(len(texts)).to_numpy()], levels
