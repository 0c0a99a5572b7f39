"""Has the world moved?  A window of a use case's own time against the reference and against the window before it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from core.domain.drift.bins import Of
from core.domain.drift.judgement import Finding, Limits
from core.domain.metrics.intervals import z_value
from core.domain.metrics.measured import Measured
from core.domain.usecase import UseCase
from core.services.access import Action, Actor, require
from core.services.desk import Desk
from core.services.kept import kept
from core.services.watching.drift_counting import CountedRows, count_windows, judged
from core.services.watching.drift_feeds import MOST_ROWS, stuck, stuck_says
from core.services.watching.drift_reference import DriftReference, drift_reference, main_version
from core.services.watching.drift_windows import MONTH, WEEK, Window, before, latest, month_window

LIMITS = Limits()


@dataclass(frozen=True, eq=False)
class Drift:
    """One window, measured now.

    Attributes
    ----------
    against_reference, against_previous : tuple of Finding
        In the order of the reference's bins.
    shift : Measured
        Mean of the champion's score now minus that of the reference, in the score's unit.
    stuck, stuck_says : str
        The column that stood still and the sentence about it; "" where none did.
    feeds_from : int
        How many rows were looked at for feeds that stand still: the latest of many.
    simulated : bool
        It holds rows that were drawn and not observed.
    """

    use_case: str
    now: CountedRows
    earlier: CountedRows
    reference: DriftReference
    against_reference: tuple[Finding, ...]
    against_previous: tuple[Finding, ...]
    shift: Measured
    stuck: str
    stuck_says: str
    feeds_from: int
    simulated: bool
    limits: Limits
    measured_at: datetime

    @property
    def window(self) -> Window:
        return self.now.window

    @property
    def n_other(self) -> int:
        """Rows that another version scored."""
        return self.now.rows.n - self.now.n_version

    @property
    def score(self) -> Finding:
        """The champion's score against the reference."""
        return self.against_reference[0]

    @property
    def raised(self) -> tuple[Finding, ...]:
        """Raw columns and features that moved against the reference."""
        return tuple(item for item in self.against_reference if item.level.raised and item.of is not Of.SCORE)

    def beside(self, finding: Finding) -> Finding:
        """The same item against the window before."""
        return self.against_previous[self.against_reference.index(finding)]


@dataclass(frozen=True)
class Choices:
    """Windows that can be looked at: the latest days, and those that were measured, newest first."""

    latest: Window | None
    measured: tuple[Window, ...]


def choices(desk: Desk, actor: Actor, key: str, now: datetime | None = None) -> Choices:
    """What there is to look at; nothing where the log holds no row."""
    require(actor, Action.SEE_MODELS)
    use_case = desk.use_case(key)
    windows = [Window(row["window_from"], row["window_to"]) for row in desk.log.drift_windows(key)]
    return Choices(latest(desk, use_case, now or datetime.now(UTC)), tuple(reversed(windows)))


def drift(desk: Desk, actor: Actor, key: str, window: Window, now: datetime | None = None) -> Drift:
    """Measure a window against the reference of the version that scored it, and against the window before; kept.

    Raises
    ------
    NotReady
        Nothing is trained yet.
    """
    require(actor, Action.SEE_MODELS)
    use_case, at = desk.use_case(key), now or datetime.now(UTC)
    acting = desk.scorer(key).card
    mark = ("drift page", window, acting.version, acting.champion, *desk.log.water_mark(use_case))
    return kept(desk, use_case, mark, lambda: _drift(desk, use_case, window, at))


def _drift(desk: Desk, use_case: UseCase, window: Window, at: datetime) -> Drift:
    days = desk.log.rows_by_day(use_case, window.since, window.until)
    reference = drift_reference(desk, use_case, main_version(desk, use_case.key, days))
    earlier = before(window, MONTH if window == month_window(window.since.date()) else WEEK)
    then, now = _counted(desk, use_case, (earlier, window), reference)
    enough = now.rows.n_entities >= LIMITS.minimum_rows
    run = stuck(desk, use_case, reference.version, window, earlier) if enough else None
    return Drift(
        use_case=use_case.key,
        now=now,
        earlier=then,
        reference=reference,
        against_reference=judged(reference, now, None, LIMITS),
        against_previous=judged(reference, now, then, LIMITS),
        shift=score_shift(reference, now),
        stuck=run.column if run else "",
        stuck_says=stuck_says(use_case, run) if run else "",
        feeds_from=min(now.rows.n, MOST_ROWS),
        simulated=any(day.n_simulated for day in days),
        limits=LIMITS,
        measured_at=at,
    )


def _counted(
    desk: Desk, use_case: UseCase, windows: Sequence[Window], reference: DriftReference
) -> tuple[CountedRows, CountedRows]:
    first, second = windows
    found = count_windows(desk, use_case, [first.since, second.since, second.until], reference)
    return found[0], found[1]


def score_shift(reference: DriftReference, now: CountedRows) -> Measured:
    """Mean of the champion's score now minus that of the reference, 95 % interval of two independent means."""
    n = now.n_version
    if n == 0:
        return Measured("shift", math.nan, math.nan, math.nan, 0, None, "no rows")
    worth = n * now.rows.n_effective / now.rows.n
    mean, sd = now.score
    value = mean - reference.score[0]
    half = z_value() * math.hypot(sd / math.sqrt(worth), reference.score[1] / math.sqrt(reference.rows.n_effective))
    return Measured("shift", value, value - half, value + half, n, None, "two means, 95 %")
