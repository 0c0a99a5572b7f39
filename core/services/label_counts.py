"""How many rows wait for an outcome, how far open comparisons are: counts, kept while the log stays much the same."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from core.domain.compare.plan import Plan
from core.domain.usecase import UseCase
from core.services.desk import Desk
from core.services.kept import kept
from core.store.ledger_registry import PlanRecord
from core.store.log_outcomes import Ripe

SOON = timedelta(days=7)


def ripe(desk: Desk, use_case: UseCase, now: datetime) -> Ripe:
    """Rows older than the horizon, those among them without an outcome, and rows that get as old within a week.

    By whole days, so that the answer is kept for the day.
    """
    until = _midnight(now.astimezone(UTC).date())
    mark = ("ripe", until, *_log_mark(desk, use_case))
    return kept(desk, use_case, mark, lambda: desk.log.ripeness(use_case, until, SOON))


@dataclass(frozen=True)
class Compared:
    """An open comparison plan, and how many rows of each window can be judged by now."""

    plan: Plan
    planned_at: datetime
    first: int
    second: int

    @property
    def reached(self) -> bool:
        """Whether both windows have the rows that were planned."""
        return min(self.first, self.second) >= self.plan.planned_n


def compared(desk: Desk, use_case: UseCase, now: datetime) -> list[Compared]:
    """Open plans, newest first, with the rows that both versions scored and whose outcome is known."""
    known_on = _midnight(now.astimezone(UTC).date() + timedelta(days=1))
    return [
        _compared(desk, use_case, record, known_on)
        for record in desk.ledger.plans(use_case.key)
        if record.closed_at is None
    ]


def _compared(desk: Desk, use_case: UseCase, record: PlanRecord, known_on: datetime) -> Compared:
    plan = Plan.from_json(record.plan)
    versions = tuple(dict.fromkeys((plan.champion.version, plan.challenger.version)))

    def count(window: tuple[date, date]) -> int:
        return desk.log.judged_between(use_case, versions, _midnight(window[0]), _midnight(window[1]), known_on)

    mark = ("compared", record.id, known_on, *_log_mark(desk, use_case))
    first, second = kept(desk, use_case, mark, lambda: (count(plan.window_1), count(plan.window_2)))
    return Compared(plan, record.created_at, first, second)


def _log_mark(desk: Desk, use_case: UseCase) -> tuple[str, int, int]:
    """Changes with every outcome and voided batch, and where rows become more by about a twentieth: not with each row.

    Rows that are scored now are mostly too young to be counted here, and on a large log counting takes a moment.
    """
    rows, outcomes, voided = desk.log.water_mark(use_case)
    return f"{rows:.1e}", outcomes, voided


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)
