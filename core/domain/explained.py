"""Why a score is what it is, as values: reasons in the raw columns a person typed, with evidence and checks.

Points are in units of the score: of probability (.05 is five points of a hundred), or of the target.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from core.domain.policy import Tone


@dataclass(frozen=True)
class Evidence:
    """What happened to reference rows that share a row's value (or its range of values).

    `rate` and `overall` are the share of the positive class, the mean of the class values, or the mean target;
    `low` and `high` bound `rate` at 95 %.
    """

    group: str  # "Referral", "between 12 and 25"
    n: int
    rate: float
    low: float
    high: float
    overall: float
    n_overall: int
    agrees: bool | None  # with the sign of the points; None: the evidence cannot tell


@dataclass(frozen=True)
class Reason:
    """One raw column's part in a score."""

    column: str
    title: str
    value: str  # as shown to a person
    points: float  # what the column adds to the base
    helps: bool  # moves the score towards the better end
    evidence: Evidence | None  # None: under 30 reference rows share the value, or there are no labels
    actionable: bool


@dataclass(frozen=True)
class ModelReasons:
    """One model's points for every raw column; base + sum = score."""

    model: str
    base: float
    score: float
    points: Mapping[str, float]  # raw column -> points
    feature_points: Mapping[str, float]  # engineered feature -> points
    feature_margins: Mapping[str, float]  # engineered feature -> attribution on the margin; {} where there is none
    feature_values: Mapping[str, float]  # engineered feature -> value, before imputing
    method: str  # "linear, closed form", "TreeSHAP (path-dependent)", "mean of ...", ...
    background: str  # what the base is the answer for, with its n
    rank_agreement: float | None  # Kendall's tau of |points| with the acting model's; None for that one
    error: float  # |base + sum - score|


@dataclass(frozen=True)
class Recomputed:
    """The score that is logged beside the one the same version gives now."""

    logged: float | None  # None: the row was not logged
    now: float
    equal: bool
    version: str


@dataclass(frozen=True)
class TrendPoint:
    """One score that an entity had."""

    prediction_id: str
    scored_at: datetime
    as_of: datetime
    score: float
    band: str
    version: str
    voided: bool = False  # its upload was voided: it no longer counts


@dataclass(frozen=True)
class Explanation:
    """The whole answer to "why this score?"."""

    use_case: str
    version: str
    model: str  # the acting model whose reasons these are
    prediction_id: str | None
    entity: str
    as_of: datetime | None
    scored_at: datetime | None
    row: Mapping[str, Any]  # raw column -> value as it came
    score: float
    band: str
    decision: str
    tone: Tone
    decided_by: str
    base: float
    reasons: tuple[Reason, ...]  # every raw column a model reads, the largest |points| first
    helps: tuple[Reason, ...]  # at most five, the largest first
    hurts: tuple[Reason, ...]
    models: Mapping[str, ModelReasons]  # for sales: the acting model only
    recomputed: Recomputed
    trend: tuple[TrendPoint, ...]  # oldest first
    n_reference: int
    reference_dates: str
    imputed: tuple[str, ...] = ()
    other: tuple[str, ...] = ()
    voided: bool = False  # its upload was voided: the score no longer counts


@dataclass(frozen=True)
class Gap:
    """What one raw column adds to the first of two records, and to the second."""

    column: str
    title: str
    first: str  # values as shown to a person
    second: str
    first_points: float
    second_points: float
    same: bool  # both have the same value

    @property
    def points(self) -> float:
        """By how much the column sets the first apart from the second."""
        return self.first_points - self.second_points


@dataclass(frozen=True)
class Comparison:
    """Two records side by side.

    `first.score - second.score` is the gap of the bases (0 under one version) plus the sum of the gaps.
    """

    first: Explanation
    second: Explanation
    gaps: tuple[Gap, ...]  # the largest difference first
    same_version: bool
