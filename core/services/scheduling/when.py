"""When a task is due: five cron fields in UTC, or "every 60s"."""

from __future__ import annotations

import math
import re
from datetime import UTC, datetime, timedelta
from typing import Any

from core.errors import InputError

_EVERY = re.compile(r"^every (\d+)s$")
_BACK = tuple(timedelta(hours=hours) for hours in (1, 24, 24 * 8, 24 * 32, 24 * 366))
DAYS = {
    "mon": "Monday", "tue": "Tuesday", "wed": "Wednesday", "thu": "Thursday", "fri": "Friday", "sat": "Saturday",
    "sun": "Sunday",
}  # fmt: skip


def next_after(cron: str, moment: datetime) -> datetime:
    """The first due time after a moment.

    Raises
    ------
    InputError
        Not five fields, a field that cannot be read, or a time that never comes.

    Examples
    --------
    >>> next_after("0 2 * * *", datetime(2026, 11, 21, 2, tzinfo=UTC))
    datetime.datetime(2026, 11, 22, 2, 0, tzinfo=datetime.timezone.utc)
    """
    every = _seconds(cron)
    if every:
        return moment + timedelta(seconds=every)
    found: datetime | None = _trigger(cron).get_next_fire_time(None, moment + timedelta(microseconds=1))
    if found is None:
        raise _unreadable(cron)
    return found.astimezone(UTC)


def latest_due(cron: str, since: datetime, now: datetime) -> datetime | None:
    """The last due time with since < due <= now; None while none has come.

    Examples
    --------
    >>> since = datetime(2026, 11, 18, 12, tzinfo=UTC)
    >>> latest_due("0 2 * * *", since, datetime(2026, 11, 21, 8, tzinfo=UTC))
    datetime.datetime(2026, 11, 21, 2, 0, tzinfo=datetime.timezone.utc)
    """
    every = _seconds(cron)
    if every:
        steps = math.floor((now - since).total_seconds() / every)
        return since + timedelta(seconds=steps * every) if steps > 0 else None
    found = None
    for back in _BACK:
        start = max(since, now - back)
        due = next_after(cron, start)
        while due <= now:
            found, due = due, next_after(cron, due)
        if found is not None or start == since:
            break
    return found


def check(cron: str) -> None:
    """Refuse times that the desk cannot keep.

    Raises
    ------
    InputError
    """
    every = _seconds(cron)
    if every is None and cron.startswith("every"):
        raise _unreadable(cron)
    if every is not None and every < 1:
        raise InputError(f"'{cron}' is no pause between two runs.", 'Write a whole number of seconds: "every 60s".')
    next_after(cron, datetime(2026, 1, 1, tzinfo=UTC))


def in_words(cron: str) -> str:
    """Due times as people say them.

    Examples
    --------
    >>> in_words("0 2 * * *"), in_words("15 * * * *"), in_words("30 6 * * mon"), in_words("every 60s")
    ('daily at 02:00 UTC', 'hourly at :15', 'Mondays at 06:30 UTC', 'every minute')
    >>> in_words("*/15 * * * *"), in_words("0 2 1 * *")
    ('every 15 min', 'cron 0 2 1 * * (UTC)')
    """
    every = _seconds(cron)
    if every:
        return {60: "every minute", 3_600: "every hour"}.get(every, f"every {every} s")
    minute, hour, *rest = cron.split()
    if cron.split() == ["*"] * 5:
        return "every minute"
    if step := re.fullmatch(r"\*/(\d+)", minute):
        return f"every {step[1]} min" if [hour, *rest] == ["*"] * 4 else f"cron {cron} (UTC)"
    if not minute.isdigit() or rest[:2] != ["*", "*"]:
        return f"cron {cron} (UTC)"
    if hour == "*" and rest[2] == "*":
        return f"hourly at :{int(minute):02d}"
    if hour.isdigit() and rest[2] in ("*", *DAYS):
        day = "daily" if rest[2] == "*" else f"{DAYS[rest[2]]}s"
        return f"{day} at {int(hour):02d}:{int(minute):02d} UTC"
    return f"cron {cron} (UTC)"


def stretch(seconds: float) -> str:
    """A stretch of time in its largest two parts.

    >>> stretch(42), stretch(185), stretch(7_500), stretch(200_000)
    ('42 s', '3 min', '2 h 5 min', '2 d 7 h')
    """
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3_600:
        return f"{whole // 60} min"
    if whole < 86_400:
        return f"{whole // 3_600} h {whole % 3_600 // 60} min"
    return f"{whole // 86_400} d {whole % 86_400 // 3_600} h"


def _seconds(cron: str) -> int | None:
    found = _EVERY.match(cron)
    return int(found[1]) if found else None


def _trigger(cron: str) -> Any:
    from apscheduler.triggers.cron import CronTrigger

    fields = cron.split()
    if len(fields) != 5 or any(letter.isdigit() for letter in fields[4]):  # cron and this reader number days otherwise
        raise _unreadable(cron)
    try:
        return CronTrigger.from_crontab(cron, timezone=UTC)
    except ValueError:
        raise _unreadable(cron) from None


def _unreadable(cron: str) -> InputError:
    return InputError(
        f"'{cron}' says no time.",
        "Write minute, hour, day of the month, month and day of the week, in UTC, the day by its name: 30 6 * * mon.",
    )
