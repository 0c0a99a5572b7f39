"""Bins of everything that is watched of a version, from its held-out reference rows; and a window counted in them.

Watched are every model's score, every raw column that is a number, a yes or no, a category or an ordered level, every
level of a set, and every engineered feature. Ids, texts, times and lists of numbers are not: what is made of them is.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from core.domain.columns import NO_SET, Array, Column, Columns, Kind
from core.domain.drift.bins import Bins, Counted, Of, count_levels, count_numbers, level_bins, number_bins
from core.domain.features import Feature, Floats
from core.domain.schema import Schema


def reference_bins(
    schema: Schema,
    features: Sequence[Feature],
    columns: Columns,
    matrix: Floats,
    scores: Mapping[str, Floats],
    design: float = 1.0,
) -> tuple[Bins, ...]:
    """Scores first, then raw columns in the schema's order, then features; coarse bins are those of the profile.

    Parameters
    ----------
    columns : typed raw columns of the reference rows
    matrix : array, shape (n_rows, n_features)
    scores : mapping of str to array, shape (n_rows,)
        By model.
    design : float
        Rows over effective rows of the reference (`core.domain.drift.entities`).
    """
    found = [number_bins(name, Of.SCORE, values, design=design) for name, values in scores.items()]
    for column in schema:
        if column.name in columns:
            found += _of_column(column, columns[column.name], design)
    for place, feature in enumerate(features):
        values = matrix[:, place]
        found.append(number_bins(feature.name, Of.FEATURE, values, calendar=feature.calendar, design=design))
    return tuple(found)


def _of_column(column: Column, values: Array, design: float) -> list[Bins]:
    if column.kind.is_numeric:
        return [number_bins(column.name, Of.RAW, values, design=design)]
    if column.kind.is_coded:
        return [level_bins(column.name, Of.RAW, column.levels, values, design=design, personal=column.personal)]
    if column.kind is not Kind.SET:
        return []
    members = (member_values(values, bit) for bit in range(len(column.levels)))
    return [
        number_bins(f"{column.name}: {level}", Of.RAW, held, design=design, column=column.name, member=bit)
        for bit, (level, held) in enumerate(zip(column.levels, members, strict=True))
    ]


def member_values(masks: Array, bit: int) -> Floats:
    """1 where a set holds a level, else 0, NaN where no set is given; shape (n_rows,).

    >>> member_values(np.array([0b01, 0b10, NO_SET]), 0)
    array([ 1.,  0., nan])
    """
    return np.where(masks == NO_SET, np.nan, (masks >> bit & 1).astype(np.float64))


def count_window(
    bins: Sequence[Bins],
    columns: Columns,
    features: Sequence[Feature] = (),
    matrix: Floats | None = None,
    scores: Mapping[str, Floats] | None = None,
) -> tuple[Counted, ...]:
    """The rows of a window, counted in every bin; in the order of `bins`.

    Parameters
    ----------
    columns : typed raw columns of the window's rows
    matrix : array, shape (n_rows, n_features), in the order of `features`
    scores : mapping of str to array, shape (n_rows,)
    """
    places = {feature.name: place for place, feature in enumerate(features)}

    def counted(item: Bins) -> Counted:
        if item.of is Of.SCORE:
            return count_numbers(item, (scores or {})[item.name])
        if item.of is Of.FEATURE:
            assert matrix is not None
            return count_numbers(item, matrix[:, places[item.name]])
        values = columns[item.column]
        if item.member >= 0:
            return count_numbers(item, member_values(values, item.member))
        return count_numbers(item, values) if item.is_number else count_levels(item, values)

    return tuple(counted(item) for item in bins)
