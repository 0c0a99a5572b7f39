"""The stamp of a ledger: equal while nothing is committed, another after every commit, whoever commits."""

from __future__ import annotations

import os
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest

from core.store.ledger import Ledger
from core.store.ledger_stamp import LedgerStamp


def note(ledger: Ledger) -> None:
    ledger.record(at=datetime.now(UTC), actor="a", role="risk", via="page", action="x", subject="y")


def settled(stamp: LedgerStamp) -> object:
    time.sleep(0.12)
    return stamp.read()


def test_a_commit_of_any_process_changes_it(tmp_path: Path) -> None:
    path = tmp_path / "ledger.sqlite"
    ledger, other = Ledger(path), Ledger(path)
    stamp = LedgerStamp(path)
    first = settled(stamp)
    assert first is not None and stamp.read() == first
    note(other)
    assert stamp.read() is None  # a moment later another commit could hide behind the same time
    second = settled(stamp)
    assert second is not None and second != first
    ledger.events()
    assert settled(stamp) == second  # reading changes nothing
    ledger.close()
    other.close()


def test_a_clock_that_stands_still_hides_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "ledger.sqlite"
    ledger = Ledger(path)
    wal = path.with_name("ledger.sqlite-wal")
    stamp = LedgerStamp(path)
    now = time.time_ns()
    os.utime(wal, ns=(now, now))
    monkeypatch.setattr(time, "time_ns", lambda: now)
    assert stamp.read() is None
    monkeypatch.setattr(time, "time_ns", lambda: now + 200_000_000)
    assert stamp.read() is not None
    ledger.close()
