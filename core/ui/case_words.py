"""Complaints in words: their subject, state, clocks and causes, the same on the page and on paper."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta

from core.domain.diagnosis import MEANING, Cause, State
from core.domain.metrics.measured import Measured
from core.domain.usecase import UseCase
from core.services.complaints.cases import Case, Clock
from core.ui import words

CHECK_LOOK: dict[State, tuple[str, str, str]] = {  # icon, hue, word
    State.OK: ("check_circle", "green", "ok"),
    State.BREACH: ("error", "red", "breach"),
    State.FEW: ("hourglass_empty", "gray", "not enough rows"),
}
CLOCK_LOOK = {"running": ("timer", "blue"), "overdue": ("alarm", "red"), "met": ("check_circle", "green")}
STATE_LOOK = {
    "open": ("mark_email_unread", "orange"),
    "proposed": ("search_insights", "blue"),
    "decided": ("gavel", "blue"),
    "answered": ("reply", "green"),
    "closed": ("task_alt", "gray"),
}
WORK = {  # what stops each clock
    "service health": "Somebody who works on cases looks at what the desk found.",
    "data analysis": "A cause is proposed from the checks, and kept.",
    "model review": "A person decides the cause and says why.",
}
CAUSE_SHORT = {
    Cause.MODEL: "The model or its policy",
    Cause.INTEGRATION: "What reached the desk",
    Cause.DATA: "The rows changed",
    Cause.CONCEPT: "The world changed",
    Cause.EXPECTED: "Working as expected",
}
PREVENTION = {"alert": "Alert", "retraining": "Retraining request", "note": "Note"}


def cause(name: str) -> str:
    """A cause as a short heading.

    >>> cause("data"), cause("working as expected")
    ('The rows changed', 'Working as expected')
    """
    return CAUSE_SHORT[Cause(name)]


def meaning(name: str) -> str:
    """A cause as a sentence."""
    return MEANING[Cause(name)]


def subject(use_case: UseCase, case: Case) -> str:
    """What a case is about."""
    if case.prediction_id is not None:
        return f"one {use_case.noun}, prediction {case.prediction_id[:8]}"
    assert case.period_from is not None  # a case is about a score or about a period
    assert case.period_to is not None
    return f"{day(case.period_from)} to {day(case.period_to)}"


def day(at: datetime) -> str:
    """A UTC day.

    >>> day(datetime(2026, 3, 2, 12, tzinfo=UTC))
    '2 Mar 2026'
    """
    return f"{at.day} {at:%b %Y}"


def age(case: Case, now: datetime | None = None) -> str:
    """How long ago a case was opened."""
    return f"{stretch((now or datetime.now(UTC)) - case.opened_at)} old"


def stretch(passed: timedelta) -> str:
    """A stretch of time to one part.

    >>> stretch(timedelta(minutes=5)), stretch(timedelta(hours=30)), stretch(timedelta(days=3, hours=2))
    ('5 min', '30 h', '3 days')
    """
    minutes = max(0, int(passed.total_seconds() // 60))
    if minutes < 60:
        return f"{minutes} min"
    return f"{minutes // 60} h" if minutes < 48 * 60 else f"{minutes // 1_440} days"


def clock(item: Clock, now: datetime | None = None) -> str:
    """A clock as a sentence's end: met when, or how much is left, or how late.

    >>> due = datetime(2026, 3, 2, 12, tzinfo=UTC)
    >>> clock(Clock("data analysis", 4, due, "running", None), datetime(2026, 3, 2, 9, tzinfo=UTC))
    'running, 3 h left'
    """
    if item.at is not None:
        late = f", {stretch(item.at - item.due)} late" if item.at > item.due else ""
        return f"{'met' if item.state == 'met' else 'overdue'}: done {words.exact(item.at)}{late}"
    passed = (now or datetime.now(UTC)) - item.due
    return f"overdue by {stretch(passed)}" if item.state == "overdue" else f"running, {stretch(-passed)} left"


def next_clock(case: Case) -> Clock | None:
    """The first promise that is not kept yet."""
    return next((item for item in case.clocks if item.at is None), None) if waiting(case) else None


def waiting(case: Case) -> bool:
    """Whether somebody must still decide, answer, or close."""
    return case.state in ("open", "proposed", "decided")


def measured(found: Measured, unit: str) -> str:
    """A figure with its interval and n; a rate in per cents, another value in its unit.

    >>> measured(Measured("rate", 0.125, 0.1, 0.15, 402, 50, "Wilson"), "rate")
    '12.5% [10.0%, 15.0%], n = 402'
    """
    if found.n == 0 or math.isnan(found.value):
        return f"none, n = {found.n:,}"
    few = "" if found.n >= 30 else ", few rows"
    return f"{spread(found, unit)}, n = {found.n:,}{few}"


def spread(found: Measured, unit: str) -> str:
    """A figure with its interval."""
    if math.isnan(found.low) or math.isnan(found.high):
        return value(found.value, unit)
    return f"{value(found.value, unit)} [{value(found.low, unit)}, {value(found.high, unit)}]"


def value(number: float, unit: str) -> str:
    """One number: a rate as a per cent, anything else to four figures.

    >>> value(0.5, "rate"), value(1234.5, "EUR")
    ('50.0%', '1,234 EUR')
    """
    if math.isnan(number):
        return "none"
    if unit == "rate":
        return words.percent(number)
    return f"{number:,.4g}{f' {unit}' if unit and unit != 'value' else ''}"


def outcome_name(use_case: UseCase) -> str:
    """What is counted by band: the share of the positive class by its name, or the mean of the target."""
    target = use_case.target
    name = target.name.replace("_", " ")
    if len(target.classes) != 2:
        return f"Mean {name}"
    label = target.classes[1]
    return f"Share '{name if label.lower() in _YES else label}'"


_YES = ("1", "yes", "true", "y", "t")
