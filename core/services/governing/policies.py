"""Where the lines are drawn: drafts of a use case's policy, publish, roll back, history."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from core.domain.policy import Policy
from core.domain.policy_draft import policy_as_json, policy_differences, policy_from_json, policy_problems
from core.errors import InputError, UnknownName
from core.services.access import Action, Actor, require
from core.services.desk import Desk
from core.services.governing.in_force import OWN, PUBLISHED, REPLACED, laid_over
from core.services.governing.policy_preview import problems, refuse
from core.store.ledger_registry import PolicyRecord
from core.store.ledger_tables import EventRecord

DRAFT, DROPPED = "draft", "dropped"
# Only what changes decisions carries the word: the case desk looks for "policy" among what may explain a complaint.
DRAFTED, CHANGED, DROP = "keep draft", "change draft", "put draft away"
PUBLISH, ROLL_BACK = "publish policy", "roll back policy"


@dataclass(frozen=True)
class KeptPolicy:
    """A policy of a use case with what is on record about it; number `OWN` is the use case's own, without a record."""

    number: int
    state: str  # draft | published | replaced | dropped
    policy: Policy
    record: PolicyRecord | None


@dataclass(frozen=True)
class Drawn:
    """Where the lines of a use case are drawn now, and every other policy it has or had."""

    in_force: KeptPolicy
    drafts: tuple[KeptPolicy, ...]  # newest first
    former: tuple[KeptPolicy, ...]  # that were in force once, newest first
    unfit: str  # why a published policy is left out; "" where none is


def drawn(desk: Desk, actor: Actor, key: str) -> Drawn:
    """The policy in force, the drafts and the former policies of a use case."""
    require(actor, Action.SEE_MODELS)
    use_case = desk.use_case(key)
    standing = desk.in_force.standing(key)
    own = KeptPolicy(OWN, PUBLISHED if standing.number == OWN else REPLACED, standing.own.policy, None)
    kept = [_kept(record) for record in desk.ledger.policies(key)]
    now = next((item for item in kept if item.number == standing.number), own)
    former = [item for item in kept if item.state in (PUBLISHED, REPLACED) and item is not now]
    return Drawn(
        replace(now, policy=use_case.policy),
        tuple(item for item in kept if item.state == DRAFT),
        tuple(former if now is own else [*former, own]),
        standing.unfit,
    )


def _kept(record: PolicyRecord) -> KeptPolicy:
    return KeptPolicy(record.number, record.state, policy_from_json(record.policy), record)


def kept_policy(desk: Desk, actor: Actor, key: str, number: int) -> KeptPolicy:
    """One policy of a use case by its number.

    Raises
    ------
    UnknownName
    """
    found = drawn(desk, actor, key)
    known = {item.number: item for item in (found.in_force, *found.drafts, *found.former)}
    if number not in known:
        raise UnknownName(f"policy of {key}", str(number), [str(item) for item in known])
    return known[number]


def save_draft(
    desk: Desk, actor: Actor, key: str, policy: Policy, reason: str, number: int | None = None
) -> KeptPolicy:
    """Keep a draft under a number of its own, or change one that is still a draft.

    Raises
    ------
    InputError
        A problem of `policy_problems`, no difference to the policy in force, or no reason.
    """
    require(actor, Action.SET_POLICY)
    now, said = desk.use_case(key).policy, _said(reason, "What the draft is for")
    policy = replace(policy, formerly=())
    refuse(problems(desk, actor, key, policy))
    if policy == now:
        raise InputError("The draft says what the policy in force says.", "Change something, then save it.")
    facts = policy_as_json(policy)
    with desk.ledger.transaction():
        if number is None:
            number = 1 + max((record.number for record in desk.ledger.policies(key)), default=OWN)
            desk.ledger.add_policy(PolicyRecord(key, number, DRAFT, datetime.now(UTC), actor.name, facts, said))
            action, before = DRAFTED, None
        else:
            record = _draft(desk, key, number)
            desk.ledger.change_policy(key, number, policy=facts, reason=said)
            action, before = CHANGED, {"number": number, "policy": dict(record.policy)}
        after = {"number": number, "policy": facts, "differences": list(policy_differences(now, policy))}
        _event(desk, actor, action, key, before=before, after=after, reason=said)
    return kept_policy(desk, actor, key, number)


def drop_draft(desk: Desk, actor: Actor, key: str, number: int, reason: str) -> None:
    """Put a draft away; it stays on record."""
    require(actor, Action.SET_POLICY)
    said = _said(reason, "Why the draft is put away")
    with desk.ledger.transaction():
        _draft(desk, key, number)
        desk.ledger.change_policy(key, number, state=DROPPED)
        _event(desk, actor, DROP, key, before={"number": number}, reason=said)


def publish(desk: Desk, actor: Actor, key: str, number: int, reason: str, over: int) -> KeptPolicy:
    """Put a draft into force, for the next row on every face; rows that are logged keep their band and decision.

    Parameters
    ----------
    over : int
        Number of the policy that was in force when the person looked at the differences.

    Raises
    ------
    InputError
        It is no draft, another policy came into force meanwhile, or the draft no longer fits the use case.
    """
    require(actor, Action.PUBLISH_POLICY)
    said = _said(reason, "Why this policy")
    _draft(desk, key, number)
    _put_in_force(desk, actor, key, number, said, (PUBLISH, DRAFT, over))
    return kept_policy(desk, actor, key, number)


def roll_back(desk: Desk, actor: Actor, key: str, number: int, reason: str, over: int) -> KeptPolicy:
    """Put a former policy into force again; number `OWN` for the use case's own. Parameters as `publish`."""
    require(actor, Action.ROLL_BACK)
    said = _said(reason, "Why back")
    if number not in [item.number for item in drawn(desk, actor, key).former]:
        raise InputError(
            f"Policy {number} was never in force, or is now.", "Roll back to one that was in force before."
        )
    _put_in_force(desk, actor, key, number, said, (ROLL_BACK, REPLACED, over))
    return kept_policy(desk, actor, key, number)


def _put_in_force(desk: Desk, actor: Actor, key: str, number: int, reason: str, how: tuple[str, str, int]) -> None:
    """One policy out, another in, and the event, all or nothing."""
    action, state, over = how
    wanted, own = kept_policy(desk, actor, key, number), desk.in_force.standing(key).own
    refuse(problems(desk, actor, key, wanted.policy) if state == DRAFT else policy_problems(own, wanted.policy))
    at = datetime.now(UTC)
    with desk.ledger.transaction():
        records = desk.ledger.policies(key)
        published = [record for record in records if record.state == PUBLISHED]
        standing = laid_over(own, records)
        if standing.number != over:
            raise InputError(
                f"Policy {standing.number} came into force meanwhile.", "Look at the differences again, then decide."
            )
        for record in published:
            desk.ledger.change_policy(key, record.number, state=REPLACED)
        if number != OWN:
            if wanted.state not in (state, PUBLISHED):
                raise InputError(f"Policy {number} is {wanted.state}.", f"It takes one that is {state}.")
            changes = {"published_at": at, "published_by": actor.name, "reason": reason}
            desk.ledger.change_policy(key, number, state=PUBLISHED, **changes)
        now = standing.laid.policy
        author = wanted.record.created_by if wanted.record else ""
        after = {
            "number": number,
            "differences": list(policy_differences(now, wanted.policy)),
            "drafted_by": author,
            "own_draft": author == actor.name,
            "policy": policy_as_json(wanted.policy),
        }
        before = {"number": over, "policy": policy_as_json(now)}
        _event(desk, actor, action, key, before=before, after=after, reason=reason)


def history(desk: Desk, actor: Actor, key: str, limit: int = 200) -> list[EventRecord]:
    """What was done to the policy of a use case: who, when, why; newest first."""
    require(actor, Action.SEE_MODELS)
    return desk.ledger.events(_subject(key), limit)


def _draft(desk: Desk, key: str, number: int) -> PolicyRecord:
    records = {record.number: record for record in desk.ledger.policies(key)}
    if number not in records:
        raise UnknownName(f"policy of {key}", str(number), [str(known) for known in records])
    if records[number].state != DRAFT:
        raise InputError(f"Policy {number} is {records[number].state}.", "Only a draft can be changed or published.")
    return records[number]


def _said(reason: str, what: str) -> str:
    if not reason.strip():
        raise InputError("A reason is needed.", f"{what}, in a few words: whoever reads the record next wants to know.")
    return reason.strip()


def _subject(key: str) -> str:
    return f"{key} policy"


def _event(desk: Desk, actor: Actor, action: str, key: str, **facts: Any) -> None:
    who = {"actor": actor.name, "role": actor.role.value, "via": actor.via}
    desk.ledger.record(at=datetime.now(UTC), **who, action=action, subject=_subject(key), **facts)
