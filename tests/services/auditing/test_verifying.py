"""The chain is checked against itself and against heads in backups; the check is an event, old events can be sealed."""

from __future__ import annotations

import gzip
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest

from core.errors import InputError, NotPermitted
from core.services.access import LOCAL_PEOPLE, Role
from core.services.auditing import noting, sealing, verifying
from core.services.backing_up import backups
from core.services.desk import Desk

from .conftest import Tamper

AUDE, ADAM, SAM = (LOCAL_PEOPLE[role] for role in (Role.AUDITOR, Role.ADMIN, Role.SALES))
NOW = datetime(2026, 11, 21, 9, tzinfo=UTC)


def fill(desk: Desk, n: int, at: datetime = NOW) -> None:
    for number in range(n):
        noting.downloaded(desk, AUDE, f"file {number}", now=at + timedelta(minutes=number))


def backup(desk: Desk, name: str, made_at: datetime) -> SimpleNamespace:
    seq, digest = desk.ledger.head()
    return SimpleNamespace(id=name, made_at=made_at, event_seq=seq, event_hash=digest)


def test_a_check_tells_how_many_and_the_head_and_is_an_event(bare: Desk) -> None:
    fill(bare, 3)
    head = bare.ledger.head()
    assert verifying.last_check(bare, AUDE) is None
    found = verifying.verify(bare, AUDE, now=NOW)
    assert (found.n, found.result, found.broken, found.at) == (3, "intact", None, NOW)
    assert (found.head.seq, found.head.hash) == head and found.event == 4
    event = verifying.last_check(bare, AUDE)
    assert event is not None and (event.seq, event.result) == (4, "intact")
    assert event.after == {"events": 3, "head": 3, "hash": head[1], "heads": 0}
    with pytest.raises(NotPermitted):
        verifying.verify(bare, SAM)


def test_the_first_broken_link_is_named(bare: Desk, tamper: Tamper) -> None:
    fill(bare, 5)
    tamper(bare, "UPDATE events SET actor = 'Nobody' WHERE seq IN (3, 5)")
    found = verifying.verify(bare, AUDE)
    assert found.broken is not None and (found.broken.seq, found.broken.kind) == (3, "content")
    event = verifying.last_check(bare, AUDE)
    assert event is not None and event.result == "broken at event 3" and event.after["kind"] == "content"


def test_a_chain_cut_short_is_found_by_the_head_in_a_backup(
    bare: Desk, tamper: Tamper, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(bare, 6)
    kept = [backup(bare, "b1", NOW)]
    monkeypatch.setattr(backups, "listed", lambda settings: kept)
    assert verifying.verify(bare, AUDE).kept[0].seq == 6
    tamper(bare, "DELETE FROM events WHERE seq > 4")
    found = verifying.verify(bare, AUDE)
    assert found.broken is not None and (found.broken.seq, found.broken.kind) == (5, "missing")
    assert "backup b1" in found.broken.expected
    fill(bare, 3)  # the numbers are taken again by other events
    found = verifying.verify(bare, AUDE)
    assert found.broken is not None and (found.broken.seq, found.broken.kind) == (6, "head")


def test_a_head_that_somebody_kept(bare: Desk, tamper: Tamper) -> None:
    fill(bare, 4)
    kept = verifying.head_text(bare, AUDE)
    tamper(bare, "DELETE FROM events WHERE seq = 4")
    assert verifying.verify(bare, AUDE).broken is None
    tamper(bare, "DELETE FROM events WHERE seq = 4")
    found = verifying.verify(bare, AUDE, f"  event {kept.upper()} ")
    assert found.broken is not None and found.broken.seq == 4
    with pytest.raises(InputError, match="'4:abc' is no head"):
        verifying.verify(bare, AUDE, "4:abc")


def test_what_a_restore_has_undone_is_not_missed(bare: Desk, monkeypatch: pytest.MonkeyPatch, tamper: Tamper) -> None:
    fill(bare, 3)
    old = backup(bare, "old", NOW)
    fill(bare, 3)
    young = backup(bare, "young", NOW + timedelta(hours=1))
    monkeypatch.setattr(backups, "listed", lambda settings: [young, old])
    tamper(bare, "DELETE FROM events WHERE seq > 3")
    bare.ledger.record(
        at=NOW + timedelta(hours=2), actor="A", role="admin", via="cli", action="restore a backup", subject="old",
        after={"event_seq": 3, "events_undone": 3},
    )  # fmt: skip
    found = verifying.verify(bare, AUDE)
    assert found.broken is None and found.undone == 1 and [head.seq for head in found.kept] == [3]


def test_events_are_sealed_after_the_retention_and_deleted_by_nobody(bare: Desk, tamper: Tamper) -> None:
    long_ago = NOW - sealing.retention() - timedelta(days=1)
    assert sealing.retention() == timedelta(days=7 * 365)
    fill(bare, 4, long_ago)
    fill(bare, 2)
    made = sealing.seal(bare, ADAM, NOW)
    assert (made.first, made.last, made.last_hash) == (1, 4, bare.ledger.event(4).hash)
    assert bare.ledger.event(1).subject == "file 0", "the ledger keeps them"
    assert verifying.verify(bare, AUDE).broken is None
    with pytest.raises(InputError, match="older than 7 years"):
        sealing.seal(bare, ADAM, NOW)
    with pytest.raises(NotPermitted):
        sealing.seal(bare, AUDE, NOW)

    tamper(bare, "DELETE FROM events WHERE seq <= 4")
    found = verifying.verify(bare, AUDE)
    assert found.broken is None and found.n == 4, "the chain goes on from the sealed file"

    file = sealing.folder(bare) / made.name
    whole = file.read_bytes()
    file.write_bytes(gzip.compress(gzip.decompress(whole).replace(b"file 1", b"file 9"), mtime=0))
    found = verifying.verify(bare, AUDE)
    assert found.broken is not None and found.broken.kind == "archive" and made.name in found.broken.found
    file.unlink()
    found = verifying.verify(bare, AUDE)
    assert found.broken is not None and found.broken.found == f"{made.name} is not there."


def test_later_events_are_sealed_behind_the_first(bare: Desk) -> None:
    begin = NOW - sealing.retention() - timedelta(days=10)
    fill(bare, 2, begin)
    first = sealing.seal(bare, ADAM, NOW)
    later = NOW + sealing.retention() + timedelta(days=1)
    second = sealing.seal(bare, ADAM, later)
    assert (second.first, second.prev_hash) == (3, first.last_hash)
    assert [archive.name for archive in sealing.archives(bare)] == [first.name, second.name]
    assert sealing.broken_archive(bare) == ""


def test_what_does_not_hold_is_not_sealed(bare: Desk, tamper: Tamper) -> None:
    fill(bare, 3, NOW - sealing.retention() - timedelta(days=1))
    tamper(bare, "UPDATE events SET reason = 'none' WHERE seq = 2")
    with pytest.raises(InputError, match="Event 2 does not hold"):
        sealing.seal(bare, ADAM, NOW)
