"""Where a version comes from: data, seed, parameters, libraries."""

from __future__ import annotations

import hashlib
import importlib.metadata
import platform
from collections.abc import Mapping
from typing import Any

import numpy as np

from core.domain.columns import Columns
from core.domain.features import Floats
from core.domain.usecase import UseCase

_LIBRARIES = ("numpy", "scipy", "scikit-learn", "lightgbm", "pandas")


def lineage(
    use_case: UseCase, columns: Columns, target: Floats, params: Mapping[str, Mapping[str, Any]], seed: int
) -> dict[str, Any]:
    """Seed, library versions, families, hyper-parameters and data fingerprint, as plain values."""
    return {
        "seed": seed,
        "versions": library_versions(),
        "params": {name: dict(values) for name, values in params.items()},
        "families": {spec.name: spec.family for spec in use_case.recipe.models},
        "data_sha256": data_fingerprint(use_case, columns, target),
    }


def library_versions() -> dict[str, str]:
    """Versions that a fitted model depends on."""
    versions = {name: importlib.metadata.version(name) for name in _LIBRARIES}
    return versions | {"python": platform.python_version()}


def data_fingerprint(use_case: UseCase, columns: Columns, target: Floats) -> str:
    """SHA-256 of all that the models saw: the columns that features read, with their levels, and the target.

    Parameters
    ----------
    use_case : UseCase
    columns : mapping of str to array, shape (n_rows,)
    target : array, shape (n_rows,)
    """
    digest = hashlib.sha256()
    for name in use_case.model_columns:
        values = columns[name]
        digest.update(repr((name, use_case.schema[name].levels, len(values))).encode())
        text = "\0".join(map(str, values)).encode() if values.dtype == object else None
        digest.update(text if text is not None else np.ascontiguousarray(values).tobytes())
    digest.update(np.ascontiguousarray(target).tobytes())
    return digest.hexdigest()
