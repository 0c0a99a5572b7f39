"""What a case file holds, section by section, as values. Every figure has its n, and its interval where it is one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from core.domain.diagnosis import Check, Diagnosis
from core.domain.maturity import Maturity
from core.domain.metrics.measured import Measured
from core.services.complaints.cases import Case


@dataclass(frozen=True)
class Window:
    """The time a case is about. A period's own; of one row, the days on either side of it."""

    start: datetime
    end: datetime  # included
    before: datetime  # where "before" begins; it ends with `start`
    known_on: datetime  # outcomes as known then
    n: int  # rows in the window
    n_before: int
    simulated: bool  # every row of the window is


@dataclass(frozen=True)
class Health:
    """How the service ran in the window."""

    n: int
    latency_p50_ms: float | None
    latency_p95_ms: float | None
    latency_simulated: bool  # drawn by a generator, not measured
    n_read: int  # rows that came in, rejected ones too
    rejected: Measured  # share of them
    n_batches: int
    failed_jobs: tuple[tuple[str, datetime, str], ...]  # kind, when, message
    n_jobs: int


@dataclass(frozen=True)
class Change:
    """A change of the acting version or of the policy within seven days before the window, or in it."""

    at: datetime
    actor: str
    action: str
    subject: str
    before: Any
    after: Any
    reason: str | None
    simulated: bool


@dataclass(frozen=True)
class BandRow:
    """One band's outcomes in the window and before it, mature rows only."""

    band: str
    n_now: int  # all rows, mature or not
    now: Measured  # outcome rate, or mean value
    before: Measured


@dataclass(frozen=True)
class Conversion:
    """Outcomes by score band now and before; `unit` is "rate" or the target's unit."""

    unit: str
    bands: tuple[BandRow, ...]
    all_now: Measured
    all_before: Measured
    maturity_now: Maturity
    maturity_before: Maturity


@dataclass(frozen=True)
class ColumnDrift:
    """One feature's distribution in the window against the reference: PSI beside its sampling limit."""

    feature: str
    psi: float
    limit: float
    n: int
    n_reference: int
    judged: bool  # calendar features are shown, never judged
    drifted: bool


@dataclass(frozen=True)
class Drift:
    """Score shift against the reference rows of the version, and the features that moved most."""

    shift: Measured  # mean score minus the reference's, as if on the reference's days; level in `method`
    logged_shift: Measured  # the same of the scores as logged, the calendar's part included
    impact_limit: float
    score_psi: float
    score_psi_limit: float
    columns: tuple[ColumnDrift, ...]  # the largest PSI first


@dataclass(frozen=True)
class ArmFigure:
    """One arm's figure on the same rows, and the champion's minus it, paired."""

    arm: str
    figure: Measured
    difference: Measured | None  # None for the champion itself


@dataclass(frozen=True)
class Shadow:
    """Champion against the others on the same mature rows of the window. `pooled`: too few, so rows before are in."""

    metric: str
    arms: tuple[ArmFigure, ...]
    n: int
    pooled: bool


@dataclass(frozen=True)
class CalibrationNow:
    """Mean score against mean outcome on the window's mature rows; slope and intercept where classes allow."""

    mean_score: float
    mean_outcome: Measured
    slope: float | None
    slope_se: float | None
    intercept: float | None
    intercept_se: float | None


@dataclass(frozen=True)
class SimilarRow:
    """A row like the one complained about."""

    prediction_id: str
    entity: str
    as_of: datetime
    distance: float  # mean scaled difference per column, 0 for equal rows
    score: float
    outcome: str | None
    values: Mapping[str, Any]


@dataclass(frozen=True)
class Similar:
    """The k nearest of n mature rows with an outcome, and how they turned out."""

    k: int
    n: int
    outcome: Measured
    score: float  # of the row complained about
    actual: str | None  # its own outcome, if known
    rows: tuple[SimilarRow, ...]


@dataclass(frozen=True)
class Recomputation:
    """Logged scores scored again by the versions that gave them."""

    n: int
    n_differing: int
    largest: float  # difference
    versions: tuple[str, ...]
    missing: tuple[str, ...]  # versions that can no longer score


@dataclass(frozen=True)
class Estimated:
    """The figure to be expected on the window's judged rows, and the realised one."""

    metric: str
    expected: Measured  # corrected by the gap on the reference rows
    realised: Measured
    difference: Measured  # realised minus expected
    reference_gap: float  # realised minus expected on the version's held-out rows
    model: str = "the champion"  # whose figures these are


@dataclass(frozen=True)
class CaseFile:
    """A case that answers itself: every section, every check, and the cause that the table gives."""

    case: Case
    made_at: datetime
    window: Window
    health: Health
    changes: tuple[Change, ...]
    conversion: Conversion
    drift: Drift | None  # None: no rows
    shadow: Shadow | None  # None for sales, or without judged rows
    calibration: CalibrationNow | None
    similar: Similar | None  # None: the case is about a period
    recomputed: Recomputation
    estimated: Estimated | None
    diagnosis: Diagnosis

    @property
    def checks(self) -> tuple[Check, ...]:
        return self.diagnosis.checks

    @property
    def on(self) -> date:
        """Last day of the window."""
        return self.window.end.date()
