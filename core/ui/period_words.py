"""Periods and their figures in words, and as rows of the table behind a chart."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from core.domain.metrics.catalogue import METRICS
from core.domain.metrics.measured import Measured
from core.services.performance import Performance
from core.ui import words


def caption(seen: Performance) -> str:
    """How many rows, of when, known when, scored by what."""
    if not seen.periods:
        return ""
    span = f"{day(seen.periods[0].start)} to {day(seen.periods[-1].end - timedelta(days=1))}"
    return (
        f"n = {words.count(seen.maturity.n_known)} judged, by {seen.step}, {span}, as known on {day(seen.known_on)}, "
        f"version {', '.join(seen.versions)}."
    )


def day(when: date) -> str:
    """A day in words.

    >>> day(date(2026, 3, 2))
    '2 Mar 2026'
    """
    return f"{when.day} {when:%b %Y}"


def figure(found: Measured) -> str:
    """A figure with its interval.

    >>> figure(Measured("auc", 0.7, 0.65, 0.75, 500, 60, "DeLong"))
    '.700 [.650, .750]'
    """
    numbers = [_number(found.name, part) for part in (found.value, found.low, found.high)]
    return f"{numbers[0]} [{numbers[1]}, {numbers[2]}]"


def _number(metric: str, value: float) -> str:
    if METRICS[metric].in_target_unit:
        return f"{value:,.4g}"
    return f"{value:.3f}".replace("0.", ".", 1)


def form_of(metric: str) -> str:
    """How a figure is written on an axis."""
    return ",.4~g" if METRICS[metric].in_target_unit else ".3f"


def row(start: date, name: str, found: Measured) -> dict[str, Any]:
    """One line of the table behind."""
    return {
        "From": start,
        "Arm": name,
        "Value": found.value,
        "Low": found.low,
        "High": found.high,
        "n": found.n,
        "Events": found.n_events,
        "Interval": found.method,
    }
