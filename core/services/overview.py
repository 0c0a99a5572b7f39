"""What the home page and `status` say of each use case, all of it from the log and the ledger."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from core.domain.usecase import UseCase
from core.services.access import Action, Actor, may, require
from core.services.desk import Desk
from core.services.drift_word import Drifted, drifted
from core.services.governing.acting import acting_model
from core.services.governing.standby import StandIn
from core.services.history import job as history
from core.services.jobs import JobState
from core.services.label_counts import Compared, compared
from core.services.realised import Realised, remembered
from core.services.waiting.listing import as_json as needs_json
from core.services.waiting.listing import needs
from core.services.waiting.need import Looked, Need

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
    realised: Realised | None = None  # of the acting model; None: nobody has read its outcomes yet
    comparison: Compared | None = None  # the latest open plan
    drift: Drifted | None = None  # of the newest window that was measured and could be judged


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
    stand_ins: dict[str, StandIn] = field(default_factory=dict)  # use case: what scores in the acting one's place
    needs: list[Need] = field(default_factory=list)  # what waits for who looks, the most urgent first

    def as_json(self) -> dict[str, Any]:
        """Plain values for the command line."""
        return {
            "use_cases": [_case_json(case) for case in self.cases],
            "interrupted_jobs": [job.id for job in self.interrupted],
            "broken_definitions": self.broken,
            "simulated_rows": self.simulated_rows,
            "stand_ins": {
                key: {"failed": found.failed, "serving": str(found.serving), "problem": found.problem}
                for key, found in self.stand_ins.items()
            },
            "needs": needs_json(self.needs),
        }


def _case_json(case: CaseOverview) -> dict[str, Any]:
    facts = asdict(case)
    facts["last_scored_at"] = str(case.last_scored_at) if case.last_scored_at else None
    if case.realised is not None:
        facts["realised"]["known_on"] = case.realised.known_on.isoformat()
    if case.comparison is not None:
        found = case.comparison
        rows = {"window_1": found.first, "window_2": found.second, "planned": found.plan.planned_n}
        facts["comparison"] = {"challenger": str(found.plan.challenger), "rows": rows}
    if case.drift is not None:
        facts["drift"] |= {name: getattr(case.drift, name).isoformat() for name in ("since", "until")}
    return facts


def overview(desk: Desk, actor: Actor, *, hurried: bool = False) -> Overview:
    """Everything the home page shows, one query per use case and figure; `hurried` leaves out what takes counting."""
    require(actor, Action.SEE)
    at, use_cases, stand_ins = datetime.now(UTC), desk.use_cases(), _stand_ins(desk)
    judged = remembered(desk) if may(actor, Action.SEE_MODELS) else {}
    cases = [_case(desk, use_case, at) for use_case in use_cases.values()]
    if may(actor, Action.SEE_MODELS):
        measured = desk.log.drift_measurements()
        cases = [_watched(desk, case, use_cases[case.key], judged.get(case.key), measured) for case in cases]
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
        stand_ins,
        needs(Looked(desk, actor, at, use_cases, stand_ins, hurried)),
    )


def _watched(
    desk: Desk,
    case: CaseOverview,
    use_case: UseCase,
    judged: Realised | None,
    measured: Mapping[str, tuple[int, datetime]],
) -> CaseOverview:
    """The same with what is known of how good it is, for those who see the models."""
    if case.version is None:
        return case
    acts = judged is not None and (judged.champion, judged.version) == (case.champion, case.version)
    plans = compared(desk, use_case, datetime.now(UTC))
    return replace(
        case,
        realised=judged if acts else None,
        comparison=plans[0] if plans else None,
        drift=drifted(desk, use_case, measured),
    )


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
