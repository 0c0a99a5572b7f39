"""The built-in use cases, one module each, found by looking; there is no list to edit."""

from __future__ import annotations

import importlib
import pkgutil

from core.domain.usecase import UseCase


def builtin() -> dict[str, UseCase]:
    """Every module of this package that has a `USE_CASE`, by key, in order of name."""
    found: dict[str, UseCase] = {}
    for module in pkgutil.iter_modules(__path__):
        use_case = getattr(importlib.import_module(f"{__name__}.{module.name}"), "USE_CASE", None)
        if use_case is not None:
            found[use_case.key] = use_case
    return found
