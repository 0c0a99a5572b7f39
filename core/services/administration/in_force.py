"""What is in force: each use case's policy and retention, the alert rules that were changed, whom alerts reach."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from core.services.access import Action, Actor, require
from core.services.alerting import channels
from core.services.alerting.rule import DESK_SUBJECT
from core.services.alerting.settings import terms_in_force
from core.services.desk import Desk
from core.services.governing.policies import drawn
from core.services.privacy.settings import DESK_WIDE, kept_for


@dataclass(frozen=True)
class PolicyInForce:
    """The policy of a use case.

    Attributes
    ----------
    number : int
        0 for the use case's own.
    since, by, reason : datetime or None, str, str
        When it was published, by whom and why; None and "" for the use case's own.
    n_drafts : int
        Drafts that wait.
    unfit : str
        Why a published policy is left out; "" where none is.
    """

    key: str
    title: str
    number: int
    since: datetime | None
    by: str
    reason: str
    n_drafts: int
    unfit: str


@dataclass(frozen=True)
class KeptHere:
    """How long records of a use case, or of the desk (key ""), are kept.

    `days`: kind of record -> days, None for good. `since`, `by`: who changed that last; None and "" where nobody did.
    """

    key: str
    title: str
    days: Mapping[str, int | None]
    hashes_ids: bool
    since: datetime | None
    by: str


@dataclass(frozen=True)
class Alerting:
    """The alert rules and channels in a few figures.

    `changed`: title of a rule -> the names of its terms that somebody set. `unheard`: severity -> the use cases, or
    "desk", whose alerts of it reach nobody.
    """

    n_rules: int
    changed: Mapping[str, tuple[str, ...]]
    n_channels: int
    n_off: int
    unheard: Mapping[str, tuple[str, ...]]


def policies_in_force(desk: Desk, actor: Actor) -> list[PolicyInForce]:
    """The policy of every use case."""
    require(actor, Action.SEE_ADMIN)
    return [_policy(desk, actor, key, use_case.title) for key, use_case in desk.use_cases().items()]


def _policy(desk: Desk, actor: Actor, key: str, title: str) -> PolicyInForce:
    found = drawn(desk, actor, key)
    record = found.in_force.record
    if record is None:
        return PolicyInForce(key, title, found.in_force.number, None, "", "", len(found.drafts), found.unfit)
    by, reason = record.published_by or record.created_by, record.reason or ""
    return PolicyInForce(key, title, record.number, record.published_at, by, reason, len(found.drafts), found.unfit)


def kept_here(desk: Desk, actor: Actor) -> list[KeptHere]:
    """The retention of every use case, the desk's own last."""
    require(actor, Action.SEE_ADMIN)
    found = []
    for key, use_case in {**desk.use_cases(), DESK_WIDE: None}.items():
        record = desk.ledger.privacy(key)
        title = use_case.title if use_case else "The desk"
        hashes = use_case is not None and desk.pseudonyms.on(use_case)
        since, by = (record.since, record.by) if record else (None, "")
        found.append(KeptHere(key, title, kept_for(desk, use_case), hashes, since, by))
    return found


def alerting(desk: Desk, actor: Actor) -> Alerting:
    """How many rules and channels there are, and what somebody changed."""
    require(actor, Action.SEE_ADMIN)
    changed: dict[str, set[str]] = {}
    rules = set()
    for subject in (*desk.use_cases(), DESK_SUBJECT):
        for item in terms_in_force(desk, actor, subject):
            rules.add(item.rule.key)
            if item.changed:
                changed.setdefault(item.rule.title, set()).update(item.changed)
    known = channels.channels(desk, actor)
    unheard = {severity.value: tuple(subjects) for severity, subjects in channels.unheard(desk, actor).items()}
    by_title = {title: tuple(sorted(names)) for title, names in sorted(changed.items())}
    return Alerting(len(rules), by_title, len(known), sum(not channel.on for channel in known), unheard)
