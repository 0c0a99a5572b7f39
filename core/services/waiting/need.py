"""One thing that waits for a person, who looks at it, and the few words they share."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import IntEnum

from core.domain.usecase import UseCase
from core.services.access import Actor
from core.services.desk import Desk
from core.services.governing.standby import StandIn

LATELY = timedelta(days=7)
THE_DESK = "The desk"


class Urgency(IntEnum):
    """How soon."""

    NOW = 0  # something fails, or a clock has run out
    TODAY = 1  # somebody waits
    SOON = 2
    NEWS = 3  # nothing to do


@dataclass(frozen=True)
class Need:
    """One thing that waits.

    Attributes
    ----------
    kind : str
        alert, stand-in, clock, answered, approval, verdict, labels, run, delivery, rolled back, backup,
        fault.
    subject : str
        Title of the use case, or "The desk".
    sentence : str
        What it is, with number and date; plain text that reads on from the subject.
    url, query : str, mapping
        The page on which one does something about it, and what it is opened with.
    at : datetime
        Since when.
    """

    kind: str
    urgency: Urgency
    subject: str
    sentence: str
    at: datetime
    url: str = ""
    query: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Looked:
    """Who looks, when, and at what; `hurried`: what takes counting of rows is left out."""

    desk: Desk
    actor: Actor
    now: datetime
    use_cases: Mapping[str, UseCase]
    stand_ins: Mapping[str, StandIn]
    hurried: bool = False

    def title(self, key: str) -> str:
        """Of a use case, or of the desk as a whole."""
        use_case = self.use_cases.get(key)
        return THE_DESK if use_case is None else use_case.title


def of(key: str, **query: str) -> dict[str, str]:
    """What a page is opened with to show a use case."""
    return {"use_case": key, **query}


def counted(number: int, noun: str) -> str:
    """A number of things.

    >>> counted(1, "row"), counted(1204, "row")
    ('1 row', '1,204 rows')
    """
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def day(at: datetime) -> str:
    """The day of a time (UTC).

    >>> day(datetime(2026, 3, 2, tzinfo=UTC))
    '2 Mar 2026'
    """
    return f"{at.day} {at:%b %Y}"


def moment(at: datetime) -> str:
    """A time to the minute (UTC)."""
    at = at.astimezone(UTC)
    return f"{day(at)}, {at:%H:%M} UTC"
