"""The peer of the benchmarks computes the desk's own features, or the comparison would mean nothing."""

from __future__ import annotations

import numpy as np

from benchmarks.peer_features import features
from core.domain.features import feature_matrix
from core.services.reference import typed_columns
from core.usecases.bnpl_default import USE_CASE, synthesize


def test_the_pandas_script_computes_the_36_features_of_the_desk() -> None:
    rows = synthesize(3_000, 21)
    theirs = features(rows.to_pandas())[list(USE_CASE.feature_names)].to_numpy(dtype=np.float64)
    ours = feature_matrix(USE_CASE.features, typed_columns(USE_CASE.schema, rows), len(rows))
    np.testing.assert_array_equal(ours, theirs)
