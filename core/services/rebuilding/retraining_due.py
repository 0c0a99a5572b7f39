"""Whether a use case is due for retraining, and why: by schedule, by a drop, by a case, by drifting scores.

The schedule is weekly for three months from the first version on, then monthly; it can be paused. Nothing here starts
a retraining: whoever asks (a page, a scheduler) decides. A trigger is a function of `TRIGGERS`; others may be added.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import numpy as np

from core.domain.drift.concept import drop_against
from core.domain.drift.measures import psi
from core.domain.judged import METRICS, Judged, figure_of
from core.domain.metrics.catalogue import metric_of
from core.domain.metrics.measured import Measured
from core.domain.profile import count_bins
from core.domain.score import scalar_score
from core.domain.usecase import UseCase
from core.errors import InputError
from core.services.access import Action, Actor, require
from core.services.desk import Desk
from core.services.judging import judged_rows
from core.services.kept import kept

WEEKLY_FOR_DAYS, WEEK, MONTH = 91, 7, 30
RECENT_DAYS = 90  # of rows' own time, before outcomes are mature
DRIFT_DAYS = 30
DROP = 0.05  # of the reference value
SCORE_PSI = 0.25
SWITCH = "set the retraining schedule"


@dataclass(frozen=True)
class Reason:
    """One thing that speaks for retraining, in words with its numbers. `kind`: schedule, drop, case, drift."""

    kind: str
    text: str


@dataclass(frozen=True)
class Schedule:
    """When the next retraining is due by the calendar alone."""

    on: bool
    every_days: int
    last: date | None  # the newest version that was trained
    next: date | None  # None while paused, or before the first version


@dataclass(frozen=True)
class Due:
    """Whether, and why; `quiet` says what was looked at and found to be fine, or not to be known yet."""

    use_case: str
    on: date
    reasons: tuple[Reason, ...]
    quiet: tuple[str, ...]
    schedule: Schedule

    @property
    def is_due(self) -> bool:
        return bool(self.reasons)


Trigger = Callable[[Desk, UseCase, datetime], "Reason | str"]  # a str: why it does not fire, in words


def due(desk: Desk, actor: Actor, key: str, now: datetime | None = None) -> Due:
    """Whether a use case is due for retraining, and why; kept until the log, the versions or the day change."""
    require(actor, Action.SEE_MODELS)
    use_case, at = desk.use_case(key), now or datetime.now(UTC)
    schedule = schedule_of(desk, key, at.date())
    if schedule.last is None:
        return Due(
            key, at.date(), (), ("Nothing is trained yet: the first version is trained, not retrained.",), schedule
        )
    acting = desk.acting(key)
    mark = ("retraining due", str(acting), schedule.last, at.date(), *desk.log.water_mark(use_case))
    found = kept(desk, use_case, mark, lambda: [trigger(desk, use_case, at) for trigger in TRIGGERS])
    answered = _answered(desk, key)
    found = [f"{item.text} {answered}" if isinstance(item, Reason) and answered else item for item in found]
    said = [_by_schedule(schedule, at.date()), *found, *_by_cases(desk, actor, key, schedule.last)]
    reasons = tuple(item for item in said if isinstance(item, Reason))
    return Due(key, at.date(), reasons, tuple(item for item in said if isinstance(item, str)), schedule)


def _answered(desk: Desk, key: str) -> str:
    """What a trigger about the acting model waits for: a retrained version that runs beside it; "" where none does."""
    version = desk.challenger_version(key)
    record = None if version is None else desk.ledger.version(key, version)
    if record is None or record.origin != "retrain":
        return ""
    return f"{record.version}, retrained on {record.created_at:%Y-%m-%d}, runs beside it: compare that first."


def schedule_of(desk: Desk, key: str, today: date) -> Schedule:
    """The schedule as it stands: on unless somebody paused it."""
    versions = desk.ledger.versions(key)
    switches = (event for event in desk.ledger.events(key, 10_000) if event.action == SWITCH)
    last_switch = next(switches, None)
    on = last_switch is None or bool((last_switch.after or {}).get("on", True))
    if not versions:
        return Schedule(on, WEEK, None, None)
    first = min(record.created_at for record in versions).date()
    last = max(record.created_at for record in versions).date()
    every = WEEK if (today - first).days < WEEKLY_FOR_DAYS else MONTH
    return Schedule(on, every, last, last + timedelta(days=every) if on else None)


def set_schedule(desk: Desk, actor: Actor, key: str, on: bool, reason: str) -> None:
    """Pause the schedule of a use case, or take it up again; the ledger keeps who and why.

    Raises
    ------
    InputError
        No reason is given.
    """
    require(actor, Action.TRAIN)
    desk.use_case(key)
    if len(reason.strip()) < 3:
        raise InputError("A schedule is changed for a reason.", "Say why in a few words.")
    before = schedule_of(desk, key, datetime.now(UTC).date()).on
    desk.ledger.record(
        at=datetime.now(UTC),
        actor=actor.name,
        role=actor.role.value,
        via=actor.via,
        action=SWITCH,
        subject=key,
        before={"on": before},
        after={"on": on},
        reason=reason.strip(),
    )


def _by_schedule(schedule: Schedule, today: date) -> Reason | str:
    how = "weekly in the first three months" if schedule.every_days == WEEK else "monthly"
    if schedule.next is None:
        return "The schedule is paused."
    if today >= schedule.next:
        return Reason("schedule", f"Scheduled {how}: the newest version is of {schedule.last}, due on {schedule.next}.")
    return f"Scheduled {how}: the newest version is of {schedule.last}, the next is due on {schedule.next}."


def _by_cases(desk: Desk, actor: Actor, key: str, last: date) -> list[Reason | str]:
    """Open measures of complaint cases that ask for a retraining, newer than the newest version."""
    from core.services.complaints.cases import prevention_items

    items = [item for item in prevention_items(desk, actor, key, "retraining") if item.state == "open"]
    fresh = [item for item in items if item.created_at.date() >= last]
    if not fresh:
        return ["No complaint asks for a retraining." if not items else "What complaints asked for was trained since."]
    return [Reason("case", f"Case {item.case_id} asks for it: {item.text} ({item.owner}).") for item in fresh]


def by_drop(desk: Desk, use_case: UseCase, now: datetime) -> Reason | str:
    """Whether the acting model's main figure is more than 5 % below its reference, noise allowed for."""
    metric = METRICS[use_case.task][0]
    reference = reference_figure(desk, use_case, metric)
    acting = desk.acting(use_case.key)
    if reference is None or acting is None:
        return f"The acting model has no reference {metric_of(metric).label} to compare with."
    rows = _judged_since(desk, use_case, now, use_case.target.horizon_days + RECENT_DAYS)
    recent = rows.part(rows.counts)
    if len(recent) == 0:
        return "No mature outcome of the last months: nothing to compare the reference with."
    current = figure_of(use_case, recent, acting.model, metric)
    return drop_of(metric, current, reference)


def _judged_since(desk: Desk, use_case: UseCase, now: datetime, days: int) -> Judged:
    """The rows of so many days, whole UTC days, with what is known of them; a long log is not read for them."""
    since = datetime.combine((now - timedelta(days=days)).astimezone(UTC).date(), time(), UTC)
    return judged_rows(use_case, desk.log.judged(use_case, now, since=since))


def drop_of(metric: str, current: Measured | None, reference: Measured) -> Reason | str:
    """A drop of more than 5 % of the reference value whose interval excludes no change; else why it is none."""
    label = metric_of(metric).label
    if current is None or not all(map(math.isfinite, (current.value, current.low, current.high))):
        return f"Too few mature outcomes to tell the {label} of the last months."
    found, _ = drop_against(current, reference)
    share = found.value / abs(reference.value)
    said = (
        f"{label} {current.value:.3f} on {current.n:,} mature rows against {reference.value:.3f} on {reference.n:,} "
        f"held-out ones: {abs(share):.1%} {'lower' if share > 0 else 'higher'}, difference {found.value:.3f} "
        f"[{found.low:.3f}, {found.high:.3f}]"
    )
    if share > DROP and found.low > 0:
        return Reason("drop", f"{said}; more than {DROP:.0%}, and no change is excluded.")
    return f"{said}; no drop of more than {DROP:.0%} beyond noise."


def reference_figure(desk: Desk, use_case: UseCase, metric: str) -> Measured | None:
    """The acting model's figure on the rows its training held out."""
    card = desk.scorer(use_case.key).card
    figures: dict[str, Any] = dict(card.metrics.get("sets", {})).get(str(card.metrics.get("main")), {})
    found = figures.get("models", {}).get(card.champion, {}).get(metric)
    if found is None or found.get("low") is None:
        return None
    return Measured(metric, found["value"], found["low"], found["high"], found["n"], None, str(found.get("method", "")))


def by_drift(desk: Desk, use_case: UseCase, now: datetime) -> Reason | str:
    """Whether the acting model's scores of the last month lie otherwise than on its reference rows (PSI above .25)."""
    acting = desk.acting(use_case.key)
    profile = desk.scorer(use_case.key).bundle.profile
    reference = next((item for item in profile.get("scores", ()) if acting and item["name"] == acting.model), None)
    if reference is None or acting is None:
        return "The acting version has no profile of its scores."
    recent = _judged_since(desk, use_case, now, DRIFT_DAYS)
    scores = scalar_score(recent.outputs[acting.model], use_case.target.class_values)
    counts = count_bins(reference["edges"], scores, profile["width"])
    value, limit = psi(counts[:-1], np.array(reference["counts"])[:-1], SCORE_PSI)
    said = f"PSI of the scores of the last {DRIFT_DAYS} days {value:.3f} on {int(counts[:-1].sum()):,} rows, limit"
    if value > limit:
        return Reason("drift", f"{said} {limit:.3f}: they lie otherwise than on the reference rows.")
    return f"{said} {limit:.3f}." if math.isfinite(limit) else f"No scores in the last {DRIFT_DAYS} days."


TRIGGERS: tuple[Trigger, ...] = (by_drop, by_drift)
