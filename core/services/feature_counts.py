"""Bin counts of engineered features by day, gathered while a file is scored, for the drift pages."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pyarrow as pa

from core.domain.columns import Array
from core.domain.features import Floats
from core.domain.profile import Counts, bin_counts


class FeatureCounts:
    """Counts that add up over chunks.

    Parameters
    ----------
    profile : mapping
        The version's profile (`core.domain.profile`): names the features and their bins.
    """

    def __init__(self, profile: Mapping[str, Any]) -> None:
        self._profile = profile
        self._by_day: dict[Any, Counts] = {}

    def add(self, matrix: Floats, times: Array) -> None:
        """Count a chunk.

        Parameters
        ----------
        matrix : array, shape (n_rows, n_features)
        times : array of datetime64, shape (n_rows,)
            When each row happened.
        """
        if len(times) == 0:
            return
        days = times.astype("datetime64[D]")
        if (days[1:] < days[:-1]).any():
            order = np.argsort(days, kind="stable")
            days, matrix = days[order], matrix[order]
        names, starts = np.unique(days, return_index=True)
        for day, start, end in zip(names, starts, [*starts[1:], len(days)], strict=True):
            counts = bin_counts(self._profile, matrix[start:end])
            self._by_day[day] = self._by_day[day] + counts if day in self._by_day else counts

    def as_table(self) -> pa.Table:
        """Columns day, feature, bin, n; bins without rows are left out."""
        features = np.array([item["name"] for item in self._profile["features"]], dtype=object)
        parts = []
        for day, counts in self._by_day.items():
            feature, place = np.nonzero(counts)
            parts.append(
                pa.table(
                    {
                        "day": pa.array(np.repeat(day, len(feature))),
                        "feature": pa.array(features[feature], type=pa.string()),
                        "bin": pa.array(place.astype(np.int32)),
                        "n": pa.array(counts[feature, place]),
                    }
                )
            )
        return pa.concat_tables(parts) if parts else _SCHEMA.empty_table()


_SCHEMA = pa.schema([("day", pa.date32()), ("feature", pa.string()), ("bin", pa.int32()), ("n", pa.int64())])
