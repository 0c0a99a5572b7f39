"""The contract of a use case: everything the desk knows about it, in one frozen value.

Pages, API and command line never name a use case; a new one is one Python file in `core/usecases/` or
one TOML file in `models/<key>/`, and nothing else changes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

import pyarrow as pa

from core.domain.advice import Advice, Gauge, ReferenceMean
from core.domain.claim import Claim
from core.domain.columns import Array, Columns
from core.domain.features import Feature, Floats
from core.domain.grouping import Grouping
from core.domain.history import History
from core.domain.policy import Policy, Tone
from core.domain.recipe import Recipe
from core.domain.rules import Rules
from core.domain.schema import Schema


class Task(StrEnum):
    """What kind of answer a model gives."""

    BINARY = "binary"
    MULTICLASS = "multiclass"
    REGRESSION = "regression"


@dataclass(frozen=True)
class Target:
    """What is predicted, and when it is known.

    Attributes
    ----------
    name : str
        The outcome's column in labelled files.
    classes : tuple of str
        The labels as written in files: (negative, positive) for binary, in order for multiclass, empty
        for regression.
    meaning : str
        One sentence: what happened if the positive label (or a high value) is observed.
    horizon_days : int
        A row's outcome counts only once the row is older than this.
    class_values : tuple of float
        Multiclass only: score = sum over classes of probability x value. () for binary (score = probability
        of the positive class) and regression (score = predicted value).
    unit : str
        Regression only.
    """

    name: str
    classes: tuple[str, ...] = ()
    meaning: str = ""
    horizon_days: int = 30
    class_values: tuple[float, ...] = ()
    unit: str = ""


@dataclass(frozen=True)
class UseCase:
    """One scoring problem, whole.

    `truth` is the generator's true answer given what can be seen in a row: P(positive), shape (n_rows,), for
    binary; the mean, shape (n_rows,), for regression; class probabilities in the order of `target.classes`,
    shape (n_rows, n_classes), for multiclass.

    `gauges`, `reference_means` and `advice` are what the result page of one row adds to its score; `advice`
    takes the typed columns of one row, each of length 1, and the champion's outputs for it, shape (k,).
    """

    key: str
    title: str
    question: str
    noun: str  # what one row is, singular: "lead", "purchase"
    task: Task
    schema: Schema
    target: Target
    features: tuple[Feature, ...]
    recipe: Recipe
    policy: Policy
    entity: str | None = None  # the id column that names a row; None: the row's place in its file
    group: str | None = None  # the id column that must not be split
    rules: Rules | None = None
    sensitive: tuple[str, ...] = ()  # columns or groupings
    groupings: tuple[Grouping, ...] = ()
    actionable: tuple[str, ...] = ()
    synthesize: Callable[[int, int], pa.Table] | None = None  # (n_rows, seed) -> labelled table
    truth: Callable[[Columns], Array] | None = None  # see above
    shadow_view: str | None = None  # name of the view of rules against models, where the case promises one
    notes: tuple[str, ...] = ()  # what the desk must say about this case
    gauges: tuple[Gauge, ...] = ()
    reference_means: tuple[ReferenceMean, ...] = ()
    advice: Callable[[Columns, Floats], tuple[Advice, ...]] | None = None
    history: History | None = None  # how six months of it are simulated; takes a generator and a truth
    claims: tuple[Claim, ...] = ()  # what its sources promised, set beside what is measured
    adverse_codes: Mapping[str, tuple[str, str]] = field(default_factory=dict)  # credit: raw column -> (code, text)
    hash_ids: bool = False  # store ids and personal texts as keyed hashes
    origin: str = "built-in"  # or the TOML file it was adopted into
    facts: Mapping[str, Any] = field(default_factory=dict)  # adopted cases: how their data was read

    @property
    def higher_is_better(self) -> bool:
        """Whether a higher score is good news, by the tones of the bands: a lead's is, a risk's is not."""
        order = list(Tone)
        first, last = self.policy.bands[0].tone, self.policy.bands[-1].tone
        return order.index(first) <= order.index(last)

    @property
    def output_names(self) -> tuple[str, ...]:
        """Names of a model's outputs: one per class for multiclass, else just one ("")."""
        return self.target.classes if self.task is Task.MULTICLASS else ("",)

    @property
    def feature_names(self) -> tuple[str, ...]:
        return tuple(feature.name for feature in self.features)

    @property
    def model_columns(self) -> tuple[str, ...]:
        """The raw columns that some feature reads, in schema order."""
        read = {name for feature in self.features for name in feature.inputs}
        return tuple(name for name in self.schema.names if name in read)
