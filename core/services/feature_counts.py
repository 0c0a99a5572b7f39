"""Bin counts of engineered features by day, logged with the rows they count, for the drift pages."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pyarrow as pa

from core.domain.columns import Array
from core.domain.features import Floats
from core.domain.profile import bin_counts


def feature_counts(profile: Mapping[str, Any], matrix: Floats, times: Array) -> pa.Table:
    """Rows per day, feature and bin; bins without rows are left out.

    Parameters
    ----------
    profile : mapping
        The version's profile (`core.domain.profile`): names the features and their bins.
    matrix : array, shape (n_rows, n_features)
    times : array of datetime64, shape (n_rows,)
        When each row happened.

    Returns
    -------
    pyarrow.Table
        day, feature, bin (its place among the profile's), n.
    """
    days = times.astype("datetime64[D]")
    if (days[1:] < days[:-1]).any():
        order = np.argsort(days, kind="stable")
        days, matrix = days[order], matrix[order]
    features = np.array([item["name"] for item in profile["features"]], dtype=object)
    starts = np.flatnonzero(np.append(True, days[1:] != days[:-1])) if len(days) else np.empty(0, np.int64)
    parts = []
    for start, end in zip(starts, [*starts[1:], len(days)], strict=False):
        counts = bin_counts(profile, matrix[start:end])
        feature, place = np.nonzero(counts)
        day = np.repeat(days[start], len(feature))
        columns = [pa.array(day), pa.array(features[feature], pa.string()), pa.array(place.astype(np.int32))]
        parts.append(pa.Table.from_arrays([*columns, pa.array(counts[feature, place])], schema=_SCHEMA))
    return pa.concat_tables(parts) if parts else _SCHEMA.empty_table()


_SCHEMA = pa.schema([("day", pa.date32()), ("feature", pa.string()), ("bin", pa.int32()), ("n", pa.int64())])
