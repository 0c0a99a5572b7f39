"""How every comparison plan in force stands today, judged once per state of the log."""

from __future__ import annotations

from datetime import UTC, datetime

from core.services.access import Action, Actor, require
from core.services.comparison.plans import Planned, plans
from core.services.comparison.verdicts import Judged, judge
from core.services.desk import Desk
from core.services.kept import kept


def standing(desk: Desk, actor: Actor, key: str) -> list[Judged]:
    """The verdicts on the plans of a use case that nobody has ended, newest plan first."""
    require(actor, Action.SEE_MODELS)
    use_case = desk.use_case(key)
    day, water = datetime.now(UTC).date(), desk.log.water_mark(use_case)
    scored = tuple((name, *sorted(roles.items())) for name, roles in desk.log.scored_versions(use_case).items())
    experiments = tuple((item.id, item.state, item.stage) for item in desk.ledger.experiments(key))

    def judged(planned: Planned) -> Judged:
        mark = ("verdict", planned.id, day, water, scored, experiments)
        return kept(desk, use_case, mark, lambda: judge(desk, actor, key, planned))

    return [judged(planned) for planned in plans(desk, actor, key) if planned.record.closed_at is None]


def ended(desk: Desk, actor: Actor, key: str) -> list[Planned]:
    """Plans that are over, newest first."""
    return [planned for planned in plans(desk, actor, key) if planned.record.closed_at is not None]
