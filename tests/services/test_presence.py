"""Desks on one ledger say that they are there, and take up what desks that are gone have left behind."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from core.api.problems import told
from core.config import Settings
from core.errors import DatabaseDown
from core.services import presence
from core.services.presence import Presence, open_ledger
from core.services.request_counts import Outcome, outcome_of
from core.store.ledger_desks import GONE_AFTER
from tests import servers


def eventually(holds: Callable[[], bool], seconds: float = 10.0) -> bool:
    limit = time.monotonic() + seconds
    while time.monotonic() < limit:
        if holds():
            return True
        time.sleep(0.05)
    return False


def test_two_desks_share_a_ledger(mariadb_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(presence, "BEAT_SECONDS", 0.1)
    homes = [Settings(home=tmp_path / name, database_url=mariadb_url) for name in ("one", "other")]
    one, other = (open_ledger(settings) for settings in homes)
    assert one.desk_id != other.desk_id
    mine, theirs = Presence(one, homes[0]), Presence(other, homes[1])
    mine.begin()
    one.create_job("a", "score file", "bnpl", "Ada", {}, one.now())
    theirs.begin()
    assert one.job("a").state == "queued", "it is another desk's"  # type: ignore[union-attr]
    assert eventually(lambda: len({record.last_beat for record in other.desks()}) == 2)

    mine._stopping.set()  # as if it were killed: it says no more
    assert mine._beating is not None
    mine._beating.join(5)
    silent = next(record for record in one.desks() if record.id == one.desk_id)
    one.beat_desk(replace(silent, last_beat=silent.last_beat - GONE_AFTER - timedelta(seconds=1)))
    assert eventually(lambda: other.job("a").state == "interrupted")  # type: ignore[union-attr]

    theirs.end()
    left = next(record for record in one.desks() if record.id == other.desk_id)
    assert left.left_at is not None and left.home == str(tmp_path / "other")
    for ledger in (one, other):
        ledger.close()


def test_a_desk_alone_says_nothing_and_takes_up_everything(home: Path) -> None:
    settings = Settings(home=home)
    ledger = open_ledger(settings)
    ledger.create_job("a", "score file", "bnpl", "Ada", {}, ledger.now())
    alone = Presence(ledger, settings)
    alone.begin()
    assert ledger.job("a").state == "interrupted" and ledger.desks() == []  # type: ignore[union-attr]
    assert not (home / "data" / "desk.id").exists()
    ledger.create_job("b", "train", "bnpl", "Ada", {}, ledger.now())
    alone.begin()  # the log could not be opened the first time
    assert ledger.job("b").state == "queued", "this process has it in hand"  # type: ignore[union-attr]
    alone.end()
    ledger.close()


def test_a_server_that_is_down_is_an_error_of_the_service(home: Path) -> None:
    address = f"postgresql://desk:pa55@127.0.0.1:{servers.free_port()}/ringside"
    with pytest.raises(DatabaseDown, match="nothing answers there") as caught:
        open_ledger(Settings(home=home, database_url=address))
    assert outcome_of(caught.value) is Outcome.ERROR
    assert told(caught.value)[0].status == 503
