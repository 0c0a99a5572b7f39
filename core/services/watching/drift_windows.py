"""Windows of a use case's own time: whole weeks from Monday on, or months where rows come once a month; UTC."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from core.domain.usecase import UseCase
from core.services.desk import Desk
from core.store.log_drift import DayRows

WEEK, MONTH = "week", "month"
LATEST_DAYS = 7
AROUND = 6  # weeks that tell whether rows come by month
_DAY = timedelta(days=1)
_EVER = datetime(1900, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Window:
    """A stretch of the rows' own time; `until` is not in it."""

    since: datetime
    until: datetime

    @property
    def last(self) -> date:
        """Its last day."""
        return (self.until - timedelta(microseconds=1)).date()

    @property
    def whole_days(self) -> bool:
        """Whether it begins and ends at midnight, as what is counted by day does."""
        return self.since.time() == self.until.time() == time()


def midnight(day: date) -> datetime:
    """The beginning of a day."""
    return datetime.combine(day, time(), UTC)


def step_of(days: Sequence[date]) -> str:
    """Months where fewer than half of the weeks have rows, else weeks.

    >>> step_of([date(2026, 1, 31), date(2026, 2, 28), date(2026, 3, 31)]), step_of([date(2026, 1, 31)])
    ('month', 'week')
    """
    weeks = {start_of(day, WEEK) for day in days}
    if len(weeks) < 2:
        return WEEK
    return MONTH if 2 * len(weeks) < (max(weeks) - min(weeks)).days / 7 + 1 else WEEK


def start_of(day: date, step: str) -> date:
    """First day of the window that a day lies in."""
    return day.replace(day=1) if step == MONTH else day - timedelta(days=day.weekday())


def after(start: date, step: str) -> date:
    """First day of the next window."""
    return start_of(start + timedelta(days=31), MONTH) if step == MONTH else start + timedelta(days=7)


def before(window: Window, step: str) -> Window:
    """The window that a window is set beside: of the same length, or the month before a whole month."""
    first = window.since.date()
    if step == MONTH and window == month_window(first):
        return month_window(first - _DAY)
    return Window(window.since - (window.until - window.since), window.since)


def month_window(day: date) -> Window:
    """The month that a day lies in."""
    start = start_of(day, MONTH)
    return Window(midnight(start), midnight(after(start, MONTH)))


def days_with_rows(desk: Desk, use_case: UseCase, until: datetime) -> list[DayRows]:
    """Rows per day and version of everything that happened before a time."""
    return desk.log.rows_by_day(use_case, _EVER, until)


def whole_windows(days: Sequence[date], step: str, now: datetime) -> list[Window]:
    """Windows with rows that have ended, oldest first."""
    starts = sorted({start_of(day, step) for day in days})
    windows = [Window(midnight(start), midnight(after(start, step))) for start in starts]
    return [window for window in windows if window.until <= now]


def latest(desk: Desk, use_case: UseCase, now: datetime) -> Window | None:
    """The seven days up to the newest row, the day of that row included; the month where rows come by month."""
    newest = desk.log.newest_row(use_case, now + _DAY)
    if newest is None:
        return None
    day, span = newest.date(), timedelta(days=LATEST_DAYS)
    around = {row.day for row in desk.log.rows_by_day(use_case, midnight(day) - AROUND * span, midnight(day + _DAY))}
    if step_of(sorted(around)) == MONTH:
        return month_window(day)
    return Window(midnight(day + _DAY) - span, midnight(day + _DAY))
