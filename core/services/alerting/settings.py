"""The terms of every rule: its own, unless a risk manager set others, for every subject or for one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from core.domain.alert import Severity, Terms
from core.domain.alert_state import MOST_LOOKS
from core.errors import InputError, UnknownName
from core.services.access import Action, Actor, require
from core.services.alerting.rule import DESK_SUBJECT, Rule, rules
from core.services.desk import Desk
from core.store.ledger_alert_tables import RuleTermsRecord

EVERYWHERE = ""
SETTABLE = tuple(field.name for field in fields(Terms) if field.name != "below")
_SHORTEST = timedelta(minutes=5)


@dataclass(frozen=True)
class InForce:
    """A rule's terms for a subject, and who set them; `changed` names those that are not the rule's own."""

    rule: Rule
    subject: str
    terms: Terms
    changed: tuple[str, ...] = ()
    record: RuleTermsRecord | None = None  # the one that was set last, of those that hold here


def in_force(rule: Rule, subject: str, records: Sequence[RuleTermsRecord]) -> InForce:
    """What holds for a subject: the rule's own terms, under what was set for all, under what was set for it."""
    holding = [record for record in records if record.rule == rule.key and record.subject in (EVERYWHERE, subject)]
    terms = rule.terms
    for record in sorted(holding, key=lambda item: item.subject):
        terms = replace(terms, **from_json(record.terms))
    changed = tuple(name for name in SETTABLE if getattr(terms, name) != getattr(rule.terms, name))
    return InForce(rule, subject, terms, changed, max(holding, key=lambda item: item.set_at, default=None))


def terms_in_force(desk: Desk, actor: Actor, subject: str) -> list[InForce]:
    """Every rule that looks at a subject, with its terms there."""
    require(actor, Action.SEE_MODELS)
    records = desk.ledger.rule_terms()
    return [in_force(rule, subject, records) for rule in rules().values() if looks_at(rule, subject)]


def looks_at(rule: Rule, subject: str) -> bool:
    """Whether a rule looks at a subject at all."""
    return (rule.over == "desk") == (subject == DESK_SUBJECT)


def set_terms(
    desk: Desk,
    actor: Actor,
    rule_key: str,
    changes: Mapping[str, Any],
    reason: str,
    subject: str = EVERYWHERE,
    now: datetime | None = None,
) -> Terms:
    """Set what differs from a rule's own terms for all subjects, or from what holds for all of them for one.

    {} takes back what was set.

    Parameters
    ----------
    changes : mapping
        Terms by name, in their Python types.

    Raises
    ------
    InputError
        No reason, or a term out of range.
    UnknownName
        No such rule, subject or term.
    """
    require(actor, Action.SET_ALERTS)
    rule = one(rule_key)
    if subject != EVERYWHERE and not looks_at(rule, subject):
        raise UnknownName(f"subject of {rule.title}", subject, [EVERYWHERE])
    if subject not in (EVERYWHERE, DESK_SUBJECT):
        desk.use_case(subject)
    if not reason.strip():
        raise InputError("A reason is needed to change when a rule fires.", "Say in a few words why.")
    under = rule.terms if subject == EVERYWHERE else in_force(rule, EVERYWHERE, desk.ledger.rule_terms()).terms
    kept = {name: value for name, value in changes.items() if value != getattr(under, _known(rule, name))}
    terms = replace(under, **kept)
    _check(terms)
    at, before = now or datetime.now(UTC), {}
    with desk.ledger.transaction():
        for record in desk.ledger.rule_terms():
            if (record.rule, record.subject) == (rule_key, subject):
                before = dict(record.terms)
        desk.ledger.set_rule_terms(RuleTermsRecord(rule_key, subject, to_json(kept), at, actor.name, reason.strip()))
        who = {"actor": actor.name, "role": actor.role.value, "via": actor.via}
        facts: dict[str, Any] = {"before": before, "after": to_json(kept), "reason": reason.strip()}
        about = f"alert rule {rule_key}" + (f" of {subject}" if subject else "")
        desk.ledger.record(at=at, **who, action="set alert rule", subject=about, **facts)
    return terms


def one(rule_key: str) -> Rule:
    """A rule by its key; UnknownName suggests the nearest."""
    if rule_key not in rules():
        raise UnknownName("alert rule", rule_key, rules())
    return rules()[rule_key]


def _known(rule: Rule, name: str) -> str:
    known = [term for term in SETTABLE if term not in rule.fixed]
    if name not in known:
        raise UnknownName(f"term of {rule.title}", name, known)
    return name


def _check(terms: Terms) -> None:
    needed, of = terms.persistence
    wrong = {
        f"{needed} breaches among the last {of} looks": not 1 <= needed <= of <= MOST_LOOKS,
        f"{terms.clear_after} looks in order end it": not 1 <= terms.clear_after <= MOST_LOOKS,
        f"{terms.clear_share} of the limit": not 0 < terms.clear_share <= 1,
        f"{terms.minimum_n} rows": terms.minimum_n < 1,
        f"a look every {terms.every}": terms.every < _SHORTEST,
        f"{terms.limit} as limit and {terms.critical} as critical limit": _crossed(terms),
    }
    for what, is_wrong in wrong.items():
        if is_wrong:
            hint = (
                f"Looks count from 1 to {MOST_LOOKS}, the share of the limit lies in (0, 1], a rule looks every 5 "
                "minutes at most, and the critical limit lies beyond the limit."
            )
            raise InputError(f"A rule cannot go by {what}.", hint)


def _crossed(terms: Terms) -> bool:
    if terms.limit is None or terms.critical is None:
        return False
    return terms.critical > terms.limit if terms.below else terms.critical < terms.limit


def to_json(terms: Mapping[str, Any]) -> dict[str, Any]:
    """Terms as plain values: times in hours."""
    return {name: _plain(value) for name, value in terms.items()}


def _plain(value: Any) -> Any:
    if isinstance(value, timedelta):
        return value.total_seconds() / 3_600
    return list(value) if isinstance(value, tuple) else value


def from_json(terms: Mapping[str, Any]) -> dict[str, Any]:
    """The same in their types; terms that no rule has any more are left out."""
    found = {name: value for name, value in terms.items() if name in SETTABLE}
    for name in ("every", "window"):
        if found.get(name) is not None:
            found[name] = timedelta(hours=found[name])
    if "severity" in found:
        found["severity"] = Severity(found["severity"])
    if "persistence" in found:
        found["persistence"] = tuple(found["persistence"])
    return found
