"""How tasks, their runs and their times are said."""

from __future__ import annotations

from datetime import datetime, time

from core.services.scheduling import when
from core.services.scheduling.running import Planned
from core.store.ledger_schedule_tables import SourceTaken, TaskRun
from core.ui import words

STATE_HUES = {
    "Done": "green",
    "Running": "blue",
    "Failed": "red",
    "Skipped": "gray",
    "Missed": "orange",
    "Interrupted": "orange",
    "Never": "gray",
}
HOURLY, DAILY, WEEKLY, OWN = "hourly", "daily", "weekly", "other"


def state(run: TaskRun | None) -> str:
    """The state of a run as a badge."""
    return words.capitalised(run.state) if run is not None else "Never"


def ahead(moment: datetime | None, now: datetime) -> str:
    """When something comes.

    >>> from datetime import UTC
    >>> now = datetime(2026, 11, 21, 8, tzinfo=UTC)
    >>> ahead(datetime(2026, 11, 21, 8, 15, tzinfo=UTC), now), ahead(datetime(2026, 11, 23, 5, tzinfo=UTC), now)
    ('in 15 min', '23 Nov 2026, 05:00 UTC')
    >>> ahead(now, now), ahead(None, now)
    ('now', 'paused')
    """
    if moment is None:
        return "paused"
    seconds = (moment - now).total_seconds()
    if seconds <= 0:
        return "now"
    return f"in {when.stretch(max(60, seconds))}" if seconds < 86_400 else words.exact(moment)


def row(item: Planned, now: datetime) -> dict[str, object]:
    """A task as a row of the table."""
    last = item.last
    return {
        "Task": item.task.title,
        "Last run": words.moment(last.ended_at or last.started_at, now) if last is not None else "never",
        "Result": [state(last)],
        "Next run": ahead(item.next, now),
        "When": when.in_words(item.cron),
        "On": item.on,
        "What came of it": last.said if last is not None else "",
    }


def run_row(run: TaskRun, titles: dict[str, str]) -> dict[str, object]:
    """A run as a row of the table."""
    seconds = (run.ended_at - run.started_at).total_seconds() if run.ended_at is not None else None
    return {
        "Task": titles.get(run.task, run.task),
        "Result": [state(run)],
        "Started (UTC)": run.started_at,
        "What came of it": run.said,
        "Took": "" if seconds is None else words.duration(seconds),
        "Due (UTC)": run.due_at,
        "By": f"{run.by}, {run.actor}" if run.by != "schedule" else "schedule",
    }


def handed_on(taken: SourceTaken) -> str:
    """How far a source has come."""
    if taken.handed_on_at is not None:
        return str(taken.facts.get("went", ""))
    return "not yet: tried again with the next run" if taken.scored_at is not None else "begun, not scored"


def kind_of(cron: str) -> str:
    """How a time is set on the page.

    >>> kind_of("0 2 * * *"), kind_of("15 * * * *"), kind_of("0 5 * * mon"), kind_of("*/5 * * * *")
    ('daily', 'hourly', 'weekly', 'other')
    """
    said = when.in_words(cron)
    if said.startswith("hourly at"):
        return HOURLY
    if said.startswith("daily at"):
        return DAILY
    return WEEKLY if said.split("s at ")[0] in when.DAYS.values() else OWN


def time_of(cron: str) -> time:
    """The time of day in a daily or weekly time; 02:00 where there is none.

    >>> time_of("30 6 * * mon"), time_of("*/5 * * * *")
    (datetime.time(6, 30), datetime.time(2, 0))
    """
    minute, hour, *_ = [*cron.split(), "", ""]
    return time(int(hour), int(minute)) if hour.isdigit() and minute.isdigit() else time(2)


def cron_of(kind: str, at: time, day: str) -> str:
    """Five fields of what was chosen.

    >>> cron_of("weekly", time(6, 30), "mon"), cron_of("hourly", time(0, 15), "mon")
    ('30 6 * * mon', '15 * * * *')
    """
    hour = "*" if kind == HOURLY else str(at.hour)
    return f"{at.minute} {hour} * * {day if kind == WEEKLY else '*'}"
