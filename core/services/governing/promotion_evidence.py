"""What a promotion stands on: the verdict of its plan, the compliance gate, the risk; or what is missing for it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from datetime import UTC, date, datetime, time
from typing import Any

from core.domain.compare.plan import ArmName
from core.domain.compare.verdict import Decision, State
from core.errors import InputError, UnknownName
from core.services.access import Action, Actor, require
from core.services.comparison import verdicts
from core.services.comparison.group_gaps import Span, group_gaps
from core.services.comparison.plans import Planned, plans
from core.services.desk import Desk
from core.services.governing import compliance, risk

NOT_CARRIED = "A promotion that the evidence does not carry is refused."


def evidence_for(desk: Desk, actor: Actor, key: str, challenger: ArmName, plan_id: str | None) -> dict[str, Any]:
    """Everything that speaks for a promotion, as plain values for its record.

    Raises
    ------
    InputError
        There is no plan, its verdict is not Promote, or the gate is not passed.
    UnknownName
        There is no such plan.
    """
    require(actor, Action.PROMOTE)
    use_case, acting = desk.use_case(key), desk.acting(key)
    judged = None if acting is None else _carried(desk, actor, key, challenger, plan_id)
    span = None if judged is None else _span(judged.planned)
    gaps = group_gaps(desk, use_case, challenger, span)
    gate = compliance.gate(desk, use_case, challenger, gaps)
    failed = next((check for check in gate if check.state in (State.BROKEN, State.OPEN)), None)
    if failed is not None:
        raise InputError(f"The compliance gate is not passed, {failed.name}: {failed.sentence}", NOT_CARRIED)
    assessed = risk.assess(desk, use_case, challenger, gaps, span)
    return {
        "verdict": None if judged is None else _verdict_json(judged),
        "gate": [asdict(check) for check in gate],
        "risk": assessed.as_json(),
        "needs": [role.value for role in assessed.needs],
        "against": None if acting is None else asdict(acting),
    }


def _carried(desk: Desk, actor: Actor, key: str, challenger: ArmName, plan_id: str | None) -> verdicts.Judged:
    """The verdict that carries a promotion, or what is missing for one."""
    if plan_id is None:
        raise InputError(f"No comparison plan stands behind {challenger}.", f"Plan a comparison first. {NOT_CARRIED}")
    known = {planned.id: planned for planned in plans(desk, actor, key)}
    if plan_id not in known:
        raise UnknownName("plan", plan_id, known)
    planned = known[plan_id]
    _check_plan(planned, challenger, desk.acting(key))
    judged = verdicts.judge(desk, actor, key, planned)
    if judged.verdict.decision is not Decision.PROMOTE:
        raise InputError(f"The verdict is {judged.verdict.decision}: {judged.verdict.reason}", NOT_CARRIED)
    return judged


def _check_plan(planned: Planned, challenger: ArmName, acting: ArmName | None) -> None:
    plan = planned.plan
    if planned.record.closed_at is not None:
        raise InputError(f"Plan {planned.id} was ended: {planned.record.closed_reason}.", "Make a new plan.")
    if plan.challenger != challenger:
        raise InputError(f"Plan {planned.id} compares {plan.challenger}, not {challenger}.", "Choose its own plan.")
    if plan.champion != acting:
        raise InputError(
            f"Plan {planned.id} compares with {plan.champion}, but {acting} acts now.",
            "Plan a comparison with the model that acts.",
        )


def _span(planned: Planned) -> Span:
    """The time of both windows of a plan, as far as it has passed."""
    return _start(planned.plan.window_1[0]), min(_start(planned.plan.window_2[1]), datetime.now(UTC))


def _start(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)


def _verdict_json(judged: verdicts.Judged) -> Mapping[str, Any]:
    found = judged.verdict
    checks = [asdict(check) for check in found.checks]
    return {"decision": found.decision.value, "reason": found.reason, "checks": checks}
