"""The trail is found by everything an event says, read as what changed, and handed out without formulas."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from core.errors import InputError, NotPermitted, UnknownName
from core.services.access import LOCAL_PEOPLE, Role
from core.services.auditing import trail
from core.services.auditing.trail import Criteria
from core.services.desk import Desk

AUDE, ANA = LOCAL_PEOPLE[Role.AUDITOR], LOCAL_PEOPLE[Role.ANALYST]
START = datetime(2026, 3, 2, 8, tzinfo=UTC)


@pytest.fixture
def desk(bare: Desk) -> Iterator[Desk]:
    for number in range(7):
        bare.ledger.record(
            at=START + timedelta(days=number), actor="Ana (analyst)", role="analyst", via="page",
            action="publish policy", subject=f"bnpl_default policy {number}", reason="=1+1" if number == 2 else None,
            before={"cutoffs": [0.2, 0.5], "costs": {"fn": 10}}, after={"cutoffs": [0.3, 0.5], "costs": {"fn": 10}},
        )  # fmt: skip
    yield bare


def test_pages_of_events(desk: Desk) -> None:
    first, last = (trail.events(desk, AUDE, Criteria(), number, 3) for number in (1, 99))
    assert ([event.seq for event in first.events], first.n, first.pages) == ([7, 6, 5], 7, 3)
    assert ([event.seq for event in last.events], last.number) == ([1], 3)
    found = trail.events(desk, AUDE, Criteria(words="policy 4", actor="Ana (analyst)"))
    assert [event.seq for event in found.events] == [5]
    assert trail.events(desk, AUDE, Criteria(action="nothing")).pages == 1
    assert trail.choices(desk, AUDE)["action"] == ["publish policy"]


def test_what_changed_is_readable(desk: Desk) -> None:
    rows = {row.name: row for row in trail.differences(trail.event(desk, AUDE, 1))}
    assert (rows["cutoffs"].before, rows["cutoffs"].after) == ("0.2, 0.5", "0.3, 0.5")
    assert rows["cutoffs"].changed and not rows["costs.fn"].changed
    with pytest.raises(UnknownName):
        trail.event(desk, AUDE, 99)


def test_only_on_one_side(desk: Desk) -> None:
    event = desk.ledger.record(
        at=START, actor="A", role="risk", via="page", action="x", subject="y", before={"gone": True, "same": None},
        after={"same": None, "bands": [{"name": "A", "from": 0.1}, {"name": "B"}], "new": ""},
    )  # fmt: skip
    rows = {row.name: (row.before, row.after) for row in trail.differences(event)}
    assert rows == {
        "gone": ("yes", None),
        "same": ("none", "none"),
        "bands.1.name": (None, "A"),
        "bands.1.from": (None, "0.1"),
        "bands.2.name": (None, "B"),
        "new": (None, "none"),
    }


def test_csv_has_no_formulas_and_jsonl_every_value(desk: Desk) -> None:
    made = trail.export(desk, AUDE, Criteria(until=START + timedelta(days=4)), "csv")
    rows = list(csv.DictReader(io.StringIO(made.text)))
    assert [row["seq"] for row in rows] == ["4", "3", "2", "1"] and made.n == 4
    assert rows[1]["reason"] == "'=1+1" and json.loads(rows[0]["before"])["costs"] == {"fn": 10}
    lines = [json.loads(line) for line in trail.export(desk, AUDE, Criteria(), "jsonl").text.splitlines()]
    assert lines[0]["action"] == "export" and lines[0]["after"] == {"what": "events, CSV", "rows": 4}
    assert lines[-1]["hash"] == desk.ledger.event(1).hash and lines[-3]["reason"] == "=1+1"
    assert desk.ledger.events(limit=1)[0].after == {"what": "events, JSONL", "rows": 8}


def test_what_is_asked_wrongly(desk: Desk) -> None:
    with pytest.raises(InputError, match="no form 'xml'"):
        trail.export(desk, AUDE, Criteria(), "xml")
    with pytest.raises(InputError, match="before it begins"):
        trail.events(desk, AUDE, Criteria(since=START, until=START))
    with pytest.raises(NotPermitted):
        trail.events(desk, ANA, Criteria())
    with pytest.raises(NotPermitted):
        trail.export(desk, ANA, Criteria(), "csv")
