"""The list of what waits for a person.

Everything is read from the ledger and from counts of the log; nothing is measured here, because the first page waits
for it. What takes heavier modules is imported only where something waits.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from core.logs import logger
from core.services.waiting import models, people, service
from core.services.waiting.need import THE_DESK, Looked, Need, Urgency

LOGGER = logger("waiting")

_KINDS: tuple[Callable[[Looked], Iterator[Need]], ...] = (
    models.stand_ins,
    service.alerts,
    people.clocks,
    people.answered,
    people.approvals,
    models.verdicts,
    service.runs,
    service.deliveries,
    models.rolled_back,
    models.labels,
    service.backup,
)


def needs(looked: Looked) -> list[Need]:
    """Everything that waits for the person who looks, the most urgent first, then the newest."""
    found = [need for of_kind in _KINDS for need in _read(of_kind, looked)]
    return sorted(found, key=lambda need: (need.urgency, -need.at.timestamp()))


def _read(of_kind: Callable[[Looked], Iterator[Need]], looked: Looked) -> list[Need]:
    """What waits of one kind; a fault in it is said in the list, and the others are there all the same."""
    try:
        return list(of_kind(looked))
    except Exception:
        incident = uuid.uuid4().hex[:8]
        LOGGER.exception("%s cannot be read, incident %s", of_kind.__name__, incident)
        kind = of_kind.__name__.replace("_", " ")
        said = f"whether {kind} wait could not be read; the desk's log has incident {incident}."
        return [Need("fault", Urgency.TODAY, THE_DESK, said, looked.now, "service")]


def as_json(found: Sequence[Need]) -> list[dict[str, Any]]:
    """Plain values for the command line."""
    return [
        {
            "kind": need.kind,
            "urgency": need.urgency.name.lower(),
            "subject": need.subject,
            "sentence": need.sentence,
            "at": need.at.isoformat(timespec="seconds"),
            "page": need.url,
        }
        for need in found
    ]
