"""Promotions: asked for with evidence, judged for risk, approved by others, done in one transaction; and undone in one.

request -> compliance gate and risk -> approvals by level -> champion        roll_back -> the former champion
"""

from __future__ import annotations

import uuid
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

from core.domain.compare.plan import ArmName
from core.errors import InputError, NotPermitted, NotReady, UnknownName
from core.services.access import Action, Actor, Role, may, require
from core.services.comparison.group_gaps import arm_scorer
from core.services.desk import CHALLENGER, CHAMPION, Desk
from core.services.governing import timeline
from core.services.governing.promotion_evidence import evidence_for
from core.services.governing.version_states import is_retired
from core.store.ledger_registry import ApprovalRecord, PromotionRecord

OPEN, PROMOTED, REFUSED, WITHDRAWN = "open", "promoted", "refused", "withdrawn"


@dataclass(frozen=True)
class Promotion:
    """A promotion with its approvals, and what the person who looks may do about it."""

    record: PromotionRecord
    approvals: tuple[ApprovalRecord, ...]
    missing: tuple[Role, ...]  # whose approval is still needed; () once it is closed
    hindrance: str  # why the person who looks may not approve; "" if they may

    @property
    def arm(self) -> ArmName:
        """The model that is to act."""
        return ArmName(self.record.version, self.record.model)


def request(
    desk: Desk, actor: Actor, key: str, challenger: ArmName, plan_id: str | None, reason: str
) -> PromotionRecord:
    """Ask that a model act; it enters only with a verdict of Promote and a compliance gate that is passed.

    Parameters
    ----------
    plan_id : str or None
        The comparison plan whose verdict carries it. None only where nothing acts yet.

    Raises
    ------
    InputError
        What is missing, with the verdict's or the check's own sentence.
    UnknownName
        No such version, model or plan.
    NotPermitted
    """
    require(actor, Action.PROMOTE)
    acting = desk.acting(key)
    why = _said(reason, "to ask for a promotion")
    if challenger.model not in desk.scorer(key, challenger.version).card.models:
        raise UnknownName(f"model of {challenger.version}", challenger.model, desk.card(key, challenger.version).models)
    _check_free(desk, key, challenger, acting)
    evidence = evidence_for(desk, actor, key, challenger, plan_id)
    facts: dict[str, Any] = {"plan": plan_id, "requested_at": _now(), "requested_by": actor.name, "reason": why}
    record = PromotionRecord(
        uuid.uuid4().hex[:12], key, challenger.version, challenger.model, evidence=evidence, **facts
    )
    with desk.ledger.transaction():
        _check_free(desk, key, challenger, acting)
        desk.ledger.add_promotion(record)
        after = {"promotion": record.id, **asdict(challenger), "plan": plan_id, "evidence": evidence}
        _event(desk, actor, "request promotion", _subject(record), after=after, reason=why)
    return record


def _check_free(desk: Desk, key: str, challenger: ArmName, acting: ArmName | None) -> None:
    """Refuse what acts already, is retired, or is asked for already."""
    if challenger == acting:
        raise InputError(f"{challenger} acts already.", "Choose a model that does not.")
    if is_retired(desk, key, challenger.version):
        raise InputError(f"{challenger.version} is retired.", "Take it back into service first.")
    for record in desk.ledger.promotions(key, OPEN):
        if ArmName(record.version, record.model) == challenger:
            raise InputError(
                f"{record.requested_by} has asked for {challenger} already.", "Approve, refuse or withdraw that first."
            )


def approve(desk: Desk, actor: Actor, key: str, promotion_id: str, reason: str) -> PromotionRecord:
    """Say yes; the last yes that is needed promotes in the same transaction.

    Raises
    ------
    InputError
        It is closed, or another model acts now than the one it was compared with.
    NotPermitted
        The role is not asked, has said yes already, or the person asked for it themselves.
    """
    require(actor, Action.APPROVE)
    why = _said(reason, "to approve")
    record = promotion(desk, actor, key, promotion_id).record
    arm = ArmName(record.version, record.model)
    arm_scorer(desk, key, arm)  # what cannot be loaded must not act
    with desk.ledger.transaction():
        found = promotion(desk, actor, key, promotion_id)
        _check_open(found.record)
        if found.hindrance:
            raise NotPermitted(f"{actor.name} may not approve this promotion.", found.hindrance)
        _check_still_true(desk, key, found)
        own = actor.name == found.record.requested_by
        desk.ledger.add_approval(ApprovalRecord(promotion_id, _now(), actor.name, actor.role.value, True, why))
        facts: dict[str, Any] = {"after": {"promotion": promotion_id, **asdict(arm)}, "reason": why}
        facts["result"] = "self-approved" if own else None
        _event(desk, actor, "approve promotion", _subject(record), **facts)
        if found.missing == (actor.role,):
            _promote(desk, actor, found, why, own)
    return promotion(desk, actor, key, promotion_id).record


def _check_still_true(desk: Desk, key: str, found: Promotion) -> None:
    """What was true when it was asked for must be true when it is done."""
    against, acting = found.record.evidence["against"], desk.acting(key)
    compared = ArmName(**against) if against else None
    if compared != acting:
        raise InputError(
            f"{found.arm} was compared with {compared}, but {acting} acts now.", "Withdraw it and compare again."
        )
    if is_retired(desk, key, found.record.version):
        raise InputError(f"{found.record.version} was retired meanwhile.", "Take it back into service first.")


def _promote(desk: Desk, actor: Actor, found: Promotion, why: str, own: bool) -> None:
    record, at = found.record, _now()
    key, evidence = record.use_case, record.evidence
    _let_act(desk, actor, key, found.arm, at)
    desk.ledger.close_promotion(record.id, PROMOTED, at)
    if record.plan is not None:
        desk.ledger.close_plan(record.plan, at, f"{found.arm} was promoted")
    after = {**asdict(found.arm), "promotion": record.id, "plan": record.plan, "risk": evidence["risk"]["score"]}
    facts = {"before": evidence["against"], "after": after, "reason": record.reason}
    _event(desk, actor, timeline.PROMOTE, _subject(record), **facts, result="self-approved" if own else None)
    for other in desk.ledger.promotions(key, OPEN):
        desk.ledger.close_promotion(other.id, WITHDRAWN, at)
        reason = f"{found.arm} was promoted: it was compared with a model that no longer acts"
        _event(desk, actor, "withdraw promotion", _subject(other), after={"promotion": other.id}, reason=reason)


def _let_act(desk: Desk, actor: Actor, key: str, arm: ArmName, at: datetime) -> None:
    desk.ledger.set_alias(key, CHAMPION, arm.version, at, model=arm.model)
    if desk.ledger.alias(key, CHALLENGER) == arm.version:
        desk.ledger.drop_alias(key, CHALLENGER)
        _event(desk, actor, "stop shadow", f"{key} {arm.version}", reason="it acts now")


def refuse(desk: Desk, actor: Actor, key: str, promotion_id: str, reason: str) -> PromotionRecord:
    """Say no, which closes a promotion; one no of those who are asked is enough."""
    require(actor, Action.APPROVE)
    why = _said(reason, "to refuse")
    with desk.ledger.transaction():
        found = promotion(desk, actor, key, promotion_id)
        _check_open(found.record)
        if found.hindrance:
            raise NotPermitted(f"{actor.name} may not refuse this promotion.", found.hindrance)
        desk.ledger.add_approval(ApprovalRecord(promotion_id, _now(), actor.name, actor.role.value, False, why))
        desk.ledger.close_promotion(promotion_id, REFUSED, _now())
        after = {"promotion": promotion_id}
        _event(desk, actor, "refuse promotion", _subject(found.record), after=after, reason=why)
    return promotion(desk, actor, key, promotion_id).record


def withdraw(desk: Desk, actor: Actor, key: str, promotion_id: str, reason: str) -> PromotionRecord:
    """Take a request back: who asked for it may, and who may roll back."""
    require(actor, Action.PROMOTE)
    why = _said(reason, "to withdraw a promotion")
    with desk.ledger.transaction():
        record = promotion(desk, actor, key, promotion_id).record
        _check_open(record)
        if actor.name != record.requested_by and not may(actor, Action.ROLL_BACK):
            raise NotPermitted(f"{record.requested_by} asked for this promotion.", "They, or who may roll back, may.")
        desk.ledger.close_promotion(promotion_id, WITHDRAWN, _now())
        _event(desk, actor, "withdraw promotion", _subject(record), after={"promotion": promotion_id}, reason=why)
    return promotion(desk, actor, key, promotion_id).record


def rollback(desk: Desk, actor: Actor, key: str, reason: str) -> ArmName:
    """Let the former champion act again, at once and without a comparison; returns it.

    Raises
    ------
    NotReady
        There is no former champion.
    InputError
        It is retired.
    """
    require(actor, Action.ROLL_BACK)
    why = _said(reason, "to roll back")
    target = timeline.former(desk, key)
    if target is None:
        raise NotReady("There is no former champion to go back to.", "Promote another model first.")
    arm_scorer(desk, key, target)
    with desk.ledger.transaction():
        if is_retired(desk, key, target.version):
            raise InputError(f"{target.version} is retired.", "Take it back into service first.")
        acting, at = desk.acting(key), _now()
        _let_act(desk, actor, key, target, at)
        before = None if acting is None else asdict(acting)
        _event(
            desk, actor, timeline.ROLL_BACK, f"{key} {target.version}", before=before, after=asdict(target), reason=why
        )
    return target


def promotions(desk: Desk, actor: Actor, key: str, state: str | None = None) -> list[Promotion]:
    """Promotions of a use case, newest first, as they concern the person who looks."""
    require(actor, Action.SEE_MODELS)
    return [_seen(desk, actor, record) for record in desk.ledger.promotions(key, state)]


def promotion(desk: Desk, actor: Actor, key: str, promotion_id: str) -> Promotion:
    """One promotion as it concerns the person who looks; UnknownName where there is none."""
    require(actor, Action.SEE_MODELS)
    known = {record.id: record for record in desk.ledger.promotions(key)}
    if promotion_id not in known:
        raise UnknownName("promotion", promotion_id, known)
    return _seen(desk, actor, known[promotion_id])


def _seen(desk: Desk, actor: Actor, record: PromotionRecord) -> Promotion:
    said = tuple(desk.ledger.approvals(record.id))
    given = {approval.role for approval in said if approval.approved}
    needed = [Role(name) for name in record.evidence["needs"]]
    missing = tuple(role for role in needed if role.value not in given) if record.state == OPEN else ()
    alone = desk.settings.allow_self_approval
    return Promotion(record, said, missing, _hindrance(actor, record, said, needed, alone))


def _hindrance(
    actor: Actor, record: PromotionRecord, said: tuple[ApprovalRecord, ...], needed: list[Role], alone: bool
) -> str:
    """Why a person may not approve, in words; "" if they may."""
    if not may(actor, Action.APPROVE) or actor.role not in needed:
        return f"It takes the approval of {' and '.join(needed)}."
    if any(approval.role == actor.role.value for approval in said):
        return f"The {actor.role} has answered already."
    if alone:
        return ""
    if actor.name == record.requested_by:
        return "Who asks for a promotion does not approve it."
    if any(approval.actor == actor.name for approval in said):
        return "One person answers once."
    return ""


def _check_open(record: PromotionRecord) -> None:
    if record.state != OPEN:
        raise InputError(f"This promotion is {record.state} already.", "There is nothing to do.")


def _said(reason: str, what: str) -> str:
    if not reason.strip():
        raise InputError(f"A reason is needed {what}.", "Say in a few words why.")
    return reason.strip()


def _subject(record: PromotionRecord) -> str:
    return f"{record.use_case} {record.version}"


def _now() -> datetime:
    return datetime.now(UTC)


def _event(desk: Desk, actor: Actor, action: str, subject: str, **facts: Any) -> None:
    who = {"actor": actor.name, "role": actor.role.value, "via": actor.via}
    desk.ledger.record(at=_now(), **who, action=action, subject=subject, **facts)
