"""What the home page and `status` say of each use case, all of it from the log and the ledger."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from core.domain.usecase import UseCase
from core.services.access import Action, Actor, may, require
from core.services.desk import Desk
from core.services.governing.acting import acting_model
from core.services.governing.standby import StandIn
from core.services.history import job as history
from core.services.jobs import JobState

RECENT_DAYS = 7
FEW_ROWS = 1_000  # of one use case: the sample of the first start and a little more


@dataclass(frozen=True)
class CaseOverview:
    """One use case at a glance. Rates are fractions; voided uploads are left out throughout."""

    key: str
    title: str
    question: str
    noun: str
    origin: str
    version: str | None  # None: nothing trained yet
    champion: str
    loaded: bool
    mode: str
    rows_total: int
    rows_recent: int  # scored in the last RECENT_DAYS
    bands: dict[str, int]  # of all rows, highest band first
    mean_scores: list[float]  # champion's mean score by day of scoring, last 30 days with rows
    latest: list[dict[str, Any]] = field(default_factory=list)  # latest batches, newest first
    last_scored_at: datetime | None = None


@dataclass(frozen=True)
class Overview:
    """The home page."""

    cases: list[CaseOverview]
    interrupted: list[JobState]
    running: list[JobState]
    broken: dict[str, str]  # use cases whose definition file cannot be read, and why
    simulated_rows: int  # among all rows, see core.services.history
    offers_history: bool  # a simulated one could be made, and there is hardly a real row to stand beside it
    at: datetime
    complaints: dict[str, tuple[int, int]] = field(default_factory=dict)  # use case: open ones, past a clock of these
    stand_ins: dict[str, StandIn] = field(default_factory=dict)  # use case: what scores in the acting one's place
    approvals: dict[str, int] = field(default_factory=dict)  # use case: promotions that wait for who looks
    turned_back: dict[str, str] = field(default_factory=dict)  # use case: the experiment rolled back last, lately

    def as_json(self) -> dict[str, Any]:
        """Plain values for the command line."""
        cases = [asdict(case) for case in self.cases]
        for case in cases:
            case["last_scored_at"] = str(case["last_scored_at"]) if case["last_scored_at"] else None
        interrupted = [job.id for job in self.interrupted]
        return {
            "use_cases": cases,
            "interrupted_jobs": interrupted,
            "broken_definitions": self.broken,
            "simulated_rows": self.simulated_rows,
            "stand_ins": {
                key: {"failed": found.failed, "serving": str(found.serving), "problem": found.problem}
                for key, found in self.stand_ins.items()
            },
        }


def overview(desk: Desk, actor: Actor) -> Overview:
    """Everything the home page shows, one query per use case and figure."""
    require(actor, Action.SEE)
    at = datetime.now(UTC)
    cases = [_case(desk, use_case, at) for use_case in desk.use_cases().values()]
    simulated = sum(desk.log.simulated_rows().values())
    offered = not simulated and bool(history.simulated_cases(desk))
    return Overview(
        cases,
        desk.jobs.interrupted(),
        desk.jobs.active(),
        dict(desk.broken),
        simulated,
        offered and max(case.rows_total for case in cases) <= FEW_ROWS,
        at,
        _complaints(desk),
        _stand_ins(desk),
        _approvals(desk, actor),
        _turned_back(desk, at),
    )


def _turned_back(desk: Desk, at: datetime) -> dict[str, str]:
    """Use case -> the name of its latest experiment that was rolled back within RECENT_DAYS."""
    found = {}
    for key in desk.use_cases():
        ended = [
            record
            for record in desk.ledger.experiments(key, "rolled back")
            if record.ended_at is not None and at - record.ended_at < timedelta(days=RECENT_DAYS)
        ]
        if ended:
            found[key] = str(max(ended, key=lambda record: str(record.ended_at)).spec["name"])
    return found


def _approvals(desk: Desk, actor: Actor) -> dict[str, int]:
    """Per use case the promotions that wait for the approval of the person who looks."""
    if not may(actor, Action.APPROVE):
        return {}
    found: dict[str, int] = {}
    for key in desk.use_cases():
        if desk.ledger.promotions(key, "open"):
            from core.services.governing.registry import (
                promotions,  # with all it needs; the first page rarely waits for it
            )

            waiting = [item for item in promotions(desk, actor, key, "open") if not item.hindrance]
            found |= {key: len(waiting)} if waiting else {}
    return found


def _complaints(desk: Desk) -> dict[str, tuple[int, int]]:
    """Per use case the cases nobody has answered yet, and how many of them are past a clock that still runs."""
    from core.services.complaints.cases import CLOCKS

    now, found = datetime.now(UTC), {}
    for key in desk.use_cases():
        waiting = [case for case in desk.ledger.cases(key) if case.state in ("open", "proposed", "decided")]
        late = [
            case
            for case in waiting
            if any(
                getattr(case, stamp) is None and now > case.opened_at + timedelta(hours=hours)
                for _, hours, stamp in CLOCKS
            )
        ]
        if waiting:
            found[key] = (len(waiting), len(late))
    return found


def _stand_ins(desk: Desk) -> dict[str, StandIn]:
    """Use case -> what scores in the acting version's place."""
    known = ((key, desk.standby.last_known(key, desk.acting_version(key))) for key in desk.use_cases())
    return {key: found for key, found in known if found is not None}


def _case(desk: Desk, use_case: UseCase, at: datetime) -> CaseOverview:
    acting = desk.acting_version(use_case.key)
    standing = desk.standby.last_known(use_case.key, acting)
    version = standing.serving.version if standing else acting
    log = desk.log
    by_band = log.by_band(use_case) if version else {}
    counts = log.counts(use_case, since=at - timedelta(days=RECENT_DAYS)) if version else None
    return CaseOverview(
        key=use_case.key,
        title=use_case.title,
        question=use_case.question,
        noun=use_case.noun,
        origin=use_case.origin,
        version=version,
        champion=acting_model(desk, use_case, reading=False),
        loaded=desk.loaded(use_case.key),
        mode=use_case.policy.mode.value,
        rows_total=counts.total if counts else 0,
        rows_recent=counts.recent if counts else 0,
        bands=use_case.policy.by_band(by_band),
        mean_scores=log.mean_score_by_day(use_case, days=30, until=at) if version else [],
        latest=log.latest_batches(use_case, 5) if version else [],
        last_scored_at=counts.last_scored_at if counts else None,
    )
