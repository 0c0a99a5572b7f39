"""How long each kind of record is kept, and whether ids are stored as keyed hashes; every change is on record."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from core.domain.pseudonym import personal_texts
from core.domain.usecase import UseCase
from core.errors import InputError
from core.services.access import Action, Actor, require
from core.services.desk import Desk
from core.store.ledger_privacy import PrivacyRecord

DESK_WIDE = ""  # the "use case" of what belongs to none
FOR_GOOD = None
LEAST_AFTER_HORIZON = 90  # days that rows and outcomes must outlive the horizon, or no figure of them is ever judged


@dataclass(frozen=True)
class Kept:
    """One kind of record: what it is, what is told by its age, how long it is kept unless somebody set it otherwise."""

    name: str
    title: str
    age: str
    days: int | None
    least: int = 1  # days


OF_USE_CASE = (
    Kept("rows", "Scored rows, with their scores", "the row's own time", FOR_GOOD),
    Kept("outcomes", "Outcomes", "when they were observed", FOR_GOOD),
    Kept("views", "Who looked at which prediction", "when they looked", 365),
    Kept("feedback", "What people said of a score", "when they said it", FOR_GOOD),
)
OF_DESK = (
    Kept("results", "Scored files made here", "when they were written", 90),
    Kept("inbox", "Files taken from the inbox, and their answers", "when they were taken", 90),
    Kept("jobs", "Finished jobs", "when they were queued", 365),
)
EVENTS = Kept("events", "Who did what", "when they did it", 7 * 365)  # told, never swept: the chain must stay whole


def kept_for(desk: Desk, use_case: UseCase | None) -> dict[str, int | None]:
    """Days by kind of record, of a use case or of the desk; None: for good."""
    found = {item.name: item.days for item in (OF_USE_CASE if use_case else OF_DESK)}
    record = desk.ledger.privacy(use_case.key if use_case else DESK_WIDE)
    return found | {name: days for name, days in (record.keep if record else {}).items() if name in found}


def least_days(use_case: UseCase | None, name: str) -> int:
    """The shortest retention that a kind of record may have."""
    if use_case is not None and name in ("rows", "outcomes"):
        return use_case.target.horizon_days + LEAST_AFTER_HORIZON
    return 1


def set_retention(
    desk: Desk, actor: Actor, key: str, keep: Mapping[str, int | None], reason: str, now: datetime | None = None
) -> dict[str, int | None]:
    """Say how long records of a use case, or with key "" of the desk, are kept; None keeps them for good.

    Raises
    ------
    InputError
        An unknown kind, a retention shorter than figures need, or no reason.
    """
    require(actor, Action.SET_RETENTION)
    use_case = desk.use_case(key) if key else None
    before = kept_for(desk, use_case)
    for name, days in keep.items():
        if name not in before:
            raise InputError(f"There is no kind of record '{name}'.", f"Known: {', '.join(before)}.")
        least = least_days(use_case, name)
        if days is not None and days < least:
            why = "figures need the horizon and 90 days" if least > 1 else "a day at least"
            raise InputError(f"{name} would be kept {days} days.", f"At least {least}: {why}.", least=least)
    after = before | dict(keep)
    _write(desk, actor, key, {"keep": after}, before, reason, now)
    return after


def switch_on_hashing(desk: Desk, actor: Actor, key: str, reason: str, now: datetime | None = None) -> int:
    """Store the ids of a use case as keyed hashes from now on, and those stored already too; returns how many.

    There is no way back: a hash does not tell the id that it was made of.

    Raises
    ------
    InputError
        The use case has no column that names anybody, hashes its ids already, or no reason is given.
    """
    require(actor, Action.SET_RETENTION)
    use_case = desk.use_case(key)
    if not personal_texts(use_case):
        raise InputError(f"{use_case.title} has no column that names anybody.", "There is nothing to hash.")
    if desk.pseudonyms.on(use_case):
        raise InputError(f"{use_case.title} stores ids as keyed hashes already.", "There is nothing to do.")
    _write(desk, actor, key, {"hash_ids": True}, {"hash_ids": False}, reason, now)
    return hash_stored(desk, use_case)


def hash_stored(desk: Desk, use_case: UseCase) -> int:
    """Hash what the log still holds in plain; doing it again changes nothing."""
    plain = desk.log.plain_texts(use_case)
    names = dict(zip(plain, desk.pseudonyms.hashes(use_case, plain).tolist(), strict=True))
    names = {text: name for text, name in names.items() if text != name}
    if names:
        desk.log.rename_texts(use_case, names)
    return len(names)


def _write(
    desk: Desk,
    actor: Actor,
    key: str,
    changes: Mapping[str, Any],
    before: Mapping[str, Any],
    reason: str,
    now: datetime | None,
) -> None:
    if len(reason.strip()) < 3:
        raise InputError("What is kept is changed for a reason.", "Say why in a few words.")
    at, known = now or datetime.now(UTC), desk.ledger.privacy(key)
    hash_ids = bool(changes.get("hash_ids", known is not None and known.hash_ids))
    keep = changes.get("keep", known.keep if known else {})
    record = PrivacyRecord(key, hash_ids, dict(keep), at, actor.name)
    who = {"actor": actor.name, "role": actor.role.value, "via": actor.via}
    with desk.ledger.transaction():
        desk.ledger.set_privacy(record)
        desk.ledger.record(
            at=at, **who, action="set what is kept", subject=key or "the desk", before=dict(before),
            after=dict(changes), reason=reason.strip(),
        )  # fmt: skip
