"""The audit trail: who did what, found by when, who, by which face, what, about what and with which result."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from core.errors import InputError
from core.services.access import Action, Actor, require
from core.services.auditing import noting
from core.services.auditing.handing_out import text_of
from core.services.desk import Desk
from core.store.ledger_chain import Criteria as Criteria
from core.store.ledger_tables import EventRecord

PAGE_ROWS = 50
FORMS = ("csv", "jsonl")
MOST_EXPORTED = 1_000_000
_AT_ONCE = 5_000
_FIELDS = (
    "seq", "at", "actor", "role", "via", "action", "subject", "before", "after", "reason", "result",
    "prev_hash", "hash",
)  # fmt: skip


@dataclass(frozen=True)
class Page:
    """One page of events, newest first. `n`: events on all pages; `number` counts from 1."""

    events: tuple[EventRecord, ...]
    n: int
    number: int
    pages: int


@dataclass(frozen=True)
class Exported:
    """Events as a file's text, and how many they are."""

    text: str
    n: int


@dataclass(frozen=True)
class Difference:
    """One thing an event says: what it is called, how it was, how it became; None where there is nothing."""

    name: str
    before: str | None
    after: str | None

    @property
    def changed(self) -> bool:
        """Whether it differs."""
        return self.before != self.after


def events(desk: Desk, actor: Actor, criteria: Criteria, number: int = 1, size: int = PAGE_ROWS) -> Page:
    """A page of the events that are asked for; the last one where there are not so many.

    Raises
    ------
    InputError
        The time ends before it begins.
    """
    require(actor, Action.SEE_AUDIT)
    _check(criteria)
    n = desk.ledger.count_events(criteria)
    pages = max(1, -(-n // size))
    number = min(max(1, number), pages)
    found = desk.ledger.find_events(criteria, size, (number - 1) * size)
    return Page(tuple(found), n, number, pages)


def event(desk: Desk, actor: Actor, seq: int) -> EventRecord:
    """One event by its number; UnknownName where there is none."""
    require(actor, Action.SEE_AUDIT)
    return desk.ledger.event(seq)


def choices(desk: Desk, actor: Actor) -> dict[str, list[str]]:
    """What there is to filter by: every actor, role, face (`via`), action and result of the events."""
    require(actor, Action.SEE_AUDIT)
    return {name: desk.ledger.event_words(name) for name in ("actor", "role", "via", "action", "result")}


def export(desk: Desk, actor: Actor, criteria: Criteria, form: str, now: datetime | None = None) -> Exported:
    """The events that are asked for as a file, newest first; that it was made is an event.

    CSV has texts that a spreadsheet would run as formulas made harmless; JSONL has every value as it was hashed.

    Raises
    ------
    InputError
        Another form than csv or jsonl, or the time ends before it begins.
    """
    require(actor, Action.EXPORT_AUDIT)
    _check(criteria)
    if form not in FORMS:
        raise InputError(f"There is no form '{form}'.", f"Known: {', '.join(FORMS)}.")
    rows = [as_json(found) for found in _all(desk, criteria)]
    if form == "csv":
        text = text_of(_FIELDS, ([_flat(row[name]) for name in _FIELDS] for row in rows))
    else:
        text = "".join(f"{json.dumps(row, ensure_ascii=False)}\n" for row in rows)
    noting.exported(desk, actor, "audit trail", n_rows=len(rows), what=f"events, {form.upper()}", now=now)
    return Exported(text, len(rows))


def differences(found: EventRecord) -> list[Difference]:
    """What an event says was before and after, by name; parts of parts by their names joined with a dot."""
    before, after = dict(_parts(found.before)), dict(_parts(found.after))
    names = dict.fromkeys([*before, *after])
    return [Difference(name, before.get(name), after.get(name)) for name in names]


def as_json(found: EventRecord) -> dict[str, Any]:
    """An event as plain values."""
    return {name: getattr(found, name) for name in _FIELDS} | {"at": found.at.isoformat()}


def _all(desk: Desk, criteria: Criteria) -> Iterator[EventRecord]:
    for offset in range(0, MOST_EXPORTED, _AT_ONCE):
        found = desk.ledger.find_events(criteria, _AT_ONCE, offset)
        yield from found
        if len(found) < _AT_ONCE:
            return


def _check(criteria: Criteria) -> None:
    if criteria.since and criteria.until and criteria.since >= criteria.until:
        said = f"The time ends {criteria.until:%Y-%m-%d}, before it begins {criteria.since:%Y-%m-%d}."
        raise InputError(said, "Give the earlier day first.")


def _flat(value: Any) -> Any:
    return json.dumps(value, ensure_ascii=False) if isinstance(value, Mapping | list) else value


def _parts(value: Any, name: str = "") -> Iterator[tuple[str, str]]:
    if isinstance(value, Mapping):
        for key, part in value.items():
            yield from _parts(part, f"{name}.{key}" if name else str(key))
    elif isinstance(value, list) and any(isinstance(part, Mapping | list) for part in value):
        for place, part in enumerate(value, start=1):
            yield from _parts(part, f"{name}.{place}" if name else str(place))
    elif value is not None or name:
        yield name or "value", _said(value)


def _said(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(_said(part) for part in value) or "none"
    if value is None or value == "":
        return "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value)
