"""What is trained for a use case, and how its rows are split."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class Split(StrEnum):
    """How rows are held out."""

    TIME = "time"  # the last rows by time are held out
    GROUP = "group"  # no entity is on both sides
    RANDOM = "random"  # stratified by class


@dataclass(frozen=True)
class ModelSpec:
    """One of the four models: its name on every page, its family (see `core.ml.families`), parameters."""

    name: str
    family: str  # logistic | ridge | elastic | lightgbm | forest | mean | stack
    params: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Recipe:
    """Four models over one shared preprocessor.

    `scaled` names the features that are standardised (and come first in the matrix, in this order); the
    others pass through. None standardises every feature that is not 0/1. `dropped` names features that no model
    reads; `tuned` says that parameters were chosen on these rows, so that only later rows may judge them.
    """

    models: tuple[ModelSpec, ...]
    champion: str
    split: Split = Split.RANDOM
    scaled: tuple[str, ...] | None = None
    seed: int = 20260101
    dropped: tuple[str, ...] = ()
    tuned: bool = False

    @property
    def model_names(self) -> tuple[str, ...]:
        return tuple(model.name for model in self.models)
