"""A ledger on a server: one writer at a time, words instead of passwords, and a connection that comes back."""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import create_engine, text

from core.config import Settings
from core.errors import DatabaseDown, InputError
from core.store import ledger_engine
from core.store.ledger import Ledger
from core.store.ledger_answers import AnswerRecord
from core.store.ledger_engine import address_of
from core.store.ledger_stamp import ASK_SECONDS, ServerStamp
from tests import servers
from tests.store.ledgers import ON_SERVERS, OPEN

ROOT = Path(__file__).resolve().parents[2]
AT = datetime(2026, 11, 21, 10, 0, 0, 123456, tzinfo=UTC)
SECRET = "pa55-of-the-desk"


def note(ledger: Ledger, subject: str = "v1", **facts: Any) -> None:
    ledger.record(at=AT, actor="Ada", role="risk", via="page", action="promote", subject=subject, **facts)


@pytest.fixture
def other(place: Path | str) -> Iterator[Ledger]:
    with closing(Ledger(place)) as opened:
        yield opened


@ON_SERVERS
def test_the_stamp_tells_every_commit(ledger: Ledger, other: Ledger) -> None:
    first = ledger.stamp.read()
    assert first is not None and ledger.stamp.read() == first
    note(ledger)
    second = ledger.stamp.read()
    assert second not in (None, first), "its own commit at once"
    note(other)
    time.sleep(ASK_SECONDS + 0.05)
    third = ledger.stamp.read()
    assert third not in (None, second), "another desk's within half a second"
    ledger.events()
    time.sleep(ASK_SECONDS + 0.05)
    assert ledger.stamp.read() == third, "reading changes nothing"
    with ledger.transaction():
        assert ledger.stamp.read() is None, "what is read inside may be taken back"


def test_the_stamp_asks_twice_a_second_at_most() -> None:
    asked: list[int] = []
    stamp = ServerStamp(lambda: asked.append(1) or 7, lambda: 0)  # type: ignore[func-returns-value]
    assert {stamp.read() for _ in range(1_000)} == {7} and len(asked) == 1


@ON_SERVERS
def test_what_a_transaction_has_read_cannot_change_before_it_acts(ledger: Ledger, other: Ledger) -> None:
    order: list[str] = []

    def promote() -> None:
        with other.transaction():
            order.append(f"other sees {other.head()[0]}")
            note(other)

    with ledger.transaction():
        note(ledger)
        waiting = threading.Thread(target=promote)
        waiting.start()
        time.sleep(0.2)
        order.append(f"one sees {ledger.head()[0]}")
    waiting.join(10)
    assert order == ["one sees 1", "other sees 1"] and ledger.verify_chain() is None and ledger.head()[0] == 2


@ON_SERVERS
def test_a_writer_that_waits_too_long_is_told_so(place: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ledger_engine, "BUSY_SECONDS", 1)
    with closing(Ledger(place)) as one, closing(Ledger(place)) as other:
        with one.transaction():
            seen = one.stamp
            with pytest.raises(DatabaseDown, match=r"Another desk has been writing to the ledger .* for 1 s"):
                note(other)
        note(other)
        assert seen is one.stamp and other.head()[0] == 1


DYING = f"""
import sys, time
from datetime import UTC, datetime
from pathlib import Path
from core.store.ledger import Ledger
ledger = {OPEN}
say = dict(at=datetime.now(UTC), actor="Eve", role="risk", via="cli", action="x", subject="y")
ledger.record(**say)
with ledger.transaction():
    ledger.record(**say)
    print("inside", flush=True)
    time.sleep(60)
"""


def test_a_process_that_is_killed_leaves_the_chain_whole(ledger: Ledger, place: Path | str) -> None:
    dying = subprocess.Popen([sys.executable, "-c", DYING, str(place)], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert dying.stdout is not None and dying.stdout.readline().strip() == "inside"
    os.kill(dying.pid, signal.SIGKILL)
    dying.wait(10)
    dying.stdout.close()
    began = time.monotonic()
    note(ledger)
    assert time.monotonic() - began < 5, "its lock went with it"
    assert ledger.head()[0] == 2 and ledger.verify_chain() is None


def cut(place: str) -> None:
    """End every connection to the server, as a restart does."""
    if place.startswith("postgresql"):
        import psycopg

        with psycopg.connect(place, autocommit=True) as admin:
            admin.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()")
        return
    engine = create_engine(place.replace("mariadb://", "mysql+pymysql://"), isolation_level="AUTOCOMMIT")
    with engine.connect() as admin:
        own = admin.execute(text("SELECT CONNECTION_ID()")).scalar()
        asked = "SELECT id FROM information_schema.processlist WHERE user = 'desk' AND id <> :own"
        for number in admin.execute(text(asked), {"own": own}).scalars().all():
            admin.exec_driver_sql(f"KILL CONNECTION {number}")
    engine.dispose()


@ON_SERVERS
def test_a_restarted_server_is_found_again(ledger: Ledger, place: str) -> None:
    note(ledger)
    cut(place)
    assert ledger.head()[0] == 1
    cut(place)
    note(ledger)
    with pytest.raises(DatabaseDown, match="went away"), ledger.transaction():
        note(ledger)
        cut(place)
        note(ledger)
    assert ledger.head()[0] == 2 and ledger.verify_chain() is None


@pytest.mark.parametrize("kind", ["postgresql", "mysql", "mariadb"])
def test_a_server_that_is_down_is_named_without_its_password(kind: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    port = servers.free_port()
    with pytest.raises(DatabaseDown) as caught:
        Ledger(f"{kind}://desk:{SECRET}@127.0.0.1:{port}/ringside")
    said = str(caught.value)
    assert f"127.0.0.1:{port}, database ringside" in said and "nothing answers there" in said
    assert SECRET not in said + repr(caught.value.__dict__) + caplog.text


@ON_SERVERS
def test_a_server_that_refuses_the_desk_says_why(place: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    address = f"{place.split('://')[0]}://nobody-here:{SECRET}@{place.split('@')[1]}"
    with pytest.raises(DatabaseDown, match=r"does not accept|no such") as caught:
        Ledger(address)
    assert SECRET not in str(caught.value) + caplog.text


@pytest.mark.parametrize(
    ("address", "says"),
    [
        (f"postgresql://desk:{SECRET}@db:54x2/ringside", "cannot be read"),
        (f"oracle://desk:{SECRET}@db/ringside", "names no server the desk can use"),
        (f"postgresql://desk:{SECRET}@db", "names a server but no database"),
    ],
)
def test_an_address_that_cannot_be_used_is_not_repeated(address: str, says: str) -> None:
    with pytest.raises(InputError, match=says) as caught:
        address_of(address)
    assert SECRET not in str(caught.value)


@ON_SERVERS
def test_a_server_tells_how_large_the_ledger_is(ledger: Ledger) -> None:
    size = ledger.server_bytes()
    assert size is not None and 34 * 8_192 <= size < 50_000_000


def test_no_traceback_shows_the_address() -> None:
    assert SECRET not in repr(Settings(database_url=f"postgresql://desk:{SECRET}@db/ringside"))


def test_a_long_answer_is_kept_on_every_database(ledger: Ledger) -> None:
    ledger.keep_answers([AnswerRecord("m", "a", "x" * 200_000, AT)])
    assert len(ledger.answers(["m"])["m"].answer) == 200_000


def test_drivers_are_chosen_by_the_kind_of_server() -> None:
    url, called = address_of(f"mariadb://desk:{SECRET}@db:3307/ringside?ssl_ca=/etc/ca.pem")
    assert url.drivername == "mysql+pymysql" and url.query == {"ssl_ca": "/etc/ca.pem", "charset": "utf8mb4"}
    assert called == "MariaDB at db:3307, database ringside"
    assert address_of("postgresql://db/ringside")[0].drivername == "postgresql+psycopg"


def test_texts_and_numbers_come_back_as_they_were(ledger: Ledger) -> None:
    facts = {
        "before": {"n": 1, "share": 0.1 + 0.2, "big": 2**53, "none": None},
        "after": ["ÄÖ", "\U0001f680", "a ' \" \\ %"],
    }
    note(ledger, "x" * 900, reason="r" * 20_000, **facts)
    (found,) = ledger.events()
    assert found.at == AT and found.before == facts["before"] and found.after == facts["after"]
    assert found.reason == "r" * 20_000 and found.subject == "x" * 499 + "\N{HORIZONTAL ELLIPSIS}"
    note(ledger, "a\0b")
    assert ledger.events()[0].subject == "a\N{REPLACEMENT CHARACTER}b", "PostgreSQL's texts have no zero bytes"
    note(ledger, "ada")
    assert ledger.events(subject="ADA") == [] and len(ledger.events(subject="ada")) == 1
    assert ledger.verify_chain() is None
