from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest

from core.errors import InputError, UnknownName
from core.store.ledger import Ledger
from core.store.ledger_chain import GENESIS
from tests.store.ledgers import OPEN, unguarded

ROOT = Path(__file__).resolve().parents[2]
AT = datetime(2026, 11, 21, 10, 0, tzinfo=UTC)


def say(ledger: Ledger, subject: str = "v1", **facts: Any) -> None:
    ledger.record(at=AT, actor="Ada", role="risk", via="page", action="promote", subject=subject, **facts)


def tamper(place: Path | str, statement: str) -> None:
    """As somebody with the file and an editor, or with the server's password, would."""
    with unguarded(place) as run:
        run(statement)


def test_events_are_chained(ledger: Ledger) -> None:
    assert ledger.head() == (0, GENESIS) and ledger.verify_chain() is None
    say(
        ledger, "v1", before={"champion": None}, after={"champion": "v1", "auc": 0.1 + 0.2}, reason="first", result="ok"
    )
    say(ledger, "v2")
    newest, oldest = ledger.events()
    assert (newest.seq, oldest.seq) == (2, 1) and newest.prev_hash == oldest.hash and oldest.prev_hash == GENESIS
    assert oldest.after == {"champion": "v1", "auc": 0.1 + 0.2} and oldest.at == AT and newest.before is None
    assert ledger.head() == (2, newest.hash) and ledger.verify_chain() is None
    assert [event.subject for event in ledger.events(subject="v2")] == ["v2"]


@pytest.mark.parametrize(
    ("statement", "broken"),
    [
        ("UPDATE events SET actor = 'Eve' WHERE seq = 3", 3),
        ("UPDATE events SET reason = 'another' WHERE seq = 1", 1),
        ("UPDATE events SET after = '{\"n\": 9}' WHERE seq = 4", 4),
        ("UPDATE events SET at = '2026-11-22 10:00:00' WHERE seq = 2", 2),
        ("DELETE FROM events WHERE seq = 2", 2),
        ("DELETE FROM events WHERE seq = 1", 1),
        ("UPDATE events SET seq = 9 WHERE seq = 5", 5),
    ],
)
def test_a_changed_event_is_found(ledger: Ledger, place: Path | str, statement: str, broken: int) -> None:
    for number in range(5):
        say(ledger, after={"n": number}, reason="why")
    tamper(place, statement)
    assert ledger.verify_chain() == broken


def test_a_chain_cut_short_shows_in_its_head(ledger: Ledger, place: Path | str) -> None:
    for _ in range(3):
        say(ledger)
    kept_outside = ledger.head()
    tamper(place, "DELETE FROM events WHERE seq = 3")
    assert ledger.verify_chain() is None and ledger.head() != kept_outside


def test_events_refuse_to_be_changed(ledger: Ledger) -> None:
    say(ledger)
    for statement in ("UPDATE events SET actor = 'Eve'", "DELETE FROM events"):
        with pytest.raises(Exception, match="append-only"), ledger.transaction() as connection:
            connection.exec_driver_sql(statement)
    with pytest.raises(TypeError, match="colour"):
        say(ledger, colour="red")


def test_event_and_change_happen_together_or_not_at_all(ledger: Ledger) -> None:
    ledger.register_version("bnpl", "v1", AT, "ab", "train")
    with pytest.raises(UnknownName), ledger.transaction():
        say(ledger)
        ledger.set_alias("bnpl", "champion", "v1", AT)
        assert ledger.alias("bnpl", "champion") == "v1"  # seen inside
        ledger.set_alias("bnpl", "champion", "v7", AT)
    assert ledger.alias("bnpl", "champion") is None and ledger.head()[0] == 0
    with ledger.transaction():
        ledger.set_alias("bnpl", "champion", "v1", AT)
        say(ledger)
    assert ledger.alias("bnpl", "champion") == "v1" and ledger.head()[0] == 1


WRITER = f"""
import sys
from datetime import UTC, datetime
from pathlib import Path
from core.store.ledger import Ledger
ledger = {OPEN}
for number in range(40):
    ledger.record(at=datetime.now(UTC), actor=sys.argv[2], role="risk", via="cli", action="x", subject=str(number))
ledger.close()
"""


def test_processes_and_threads_share_one_chain(ledger: Ledger, place: Path | str) -> None:
    command = [sys.executable, "-c", WRITER, str(place)]
    writers = [subprocess.Popen([*command, name], cwd=ROOT) for name in ("Ada", "Bob")]
    with ThreadPoolExecutor(3) as pool:
        list(pool.map(lambda _: say(ledger), range(60)))
    assert [writer.wait(60) for writer in writers] == [0, 0]
    assert ledger.head()[0] == 140 and ledger.verify_chain() is None


def test_versions_are_registered_once(ledger: Ledger) -> None:
    for number in (1, 2, 10):
        ledger.register_version("bnpl", f"v{number}", AT + timedelta(hours=number), "ab" * 32, "train")
    with pytest.raises(InputError, match="registered already"):
        ledger.register_version("bnpl", "v2", AT, "cd", "import")
    assert [record.version for record in ledger.versions("bnpl")] == ["v1", "v2", "v10"]
    record = ledger.version("bnpl", "v2")
    assert record is not None and record.card_sha256 == "ab" * 32 and record.created_at == AT + timedelta(hours=2)
    assert ledger.version("bnpl", "v3") is None and ledger.versions("leads") == []


def test_an_alias_points_at_one_version(ledger: Ledger) -> None:
    for version in ("v1", "v2"):
        ledger.register_version("bnpl", version, AT, "ab", "train")
        ledger.set_alias("bnpl", "champion", version, AT)
    assert ledger.alias("bnpl", "champion") == "v2" and ledger.alias("leads", "champion") is None
    with pytest.raises(UnknownName, match="Did you mean 'v2'"):
        ledger.set_alias("bnpl", "champion", "v22", AT)


def test_jobs_are_followed_and_found_again(ledger: Ledger) -> None:
    for place, name in enumerate(("one", "two", "three")):
        ledger.create_job(name, "score file", "bnpl", "Ada", {"path": "a.csv"}, AT + timedelta(minutes=place))
    ledger.update_job("one", state="running", started_at=AT, progress={"rows": 5})
    ledger.update_job("two", state="done", finished_at=AT, result={"rows": 9}, message="fine")
    job = ledger.job("two")
    assert job is not None and (job.state, job.result, job.message) == ("done", {"rows": 9}, "fine")
    assert job.spec == {"path": "a.csv"} and job.started_at is None and job.finished_at == AT
    assert [job.id for job in ledger.jobs()] == ["three", "two", "one"]
    assert [job.id for job in ledger.claim_interrupted(AT)] == ["one", "three"]
    assert ledger.claim_interrupted(AT) == []
    assert [job.id for job in ledger.jobs(state="interrupted")] == ["three", "one"]
    assert ledger.jobs(use_case="leads") == [] and ledger.job("four") is None
    with pytest.raises(UnknownName):
        ledger.update_job("four", state="done")


def test_a_mapping_is_remembered_for_its_header(ledger: Ledger) -> None:
    ledger.remember_mapping("bnpl", "f1", {"Amt": "amount", "x": None}, AT)
    ledger.remember_mapping("bnpl", "f1", {"Amt": "amount"}, AT)
    assert ledger.recall_mapping("bnpl", "f1") == {"Amt": "amount"}
    assert ledger.recall_mapping("bnpl", "f2") is None and ledger.recall_mapping("leads", "f1") is None


def test_times_are_utc_and_never_ambiguous(ledger: Ledger) -> None:
    dubai = datetime(2026, 11, 21, 14, 0, tzinfo=timezone(timedelta(hours=4)))
    ledger.register_version("bnpl", "v1", dubai, "ab", "train")
    record = ledger.version("bnpl", "v1")
    assert record is not None and record.created_at == AT and record.created_at.tzinfo is UTC
    with pytest.raises(Exception, match="with a zone"):
        ledger.register_version("bnpl", "v2", datetime(2026, 11, 21), "ab", "train")
    with pytest.raises(ValueError, match="with a zone"):
        ledger.record(at=datetime(2026, 11, 21), actor="Ada", role="risk", via="page", action="x", subject="y")


def test_a_ledger_opens_again(ledger: Ledger, place: Path | str) -> None:
    say(ledger)
    second = Ledger(place)
    say(second)
    assert ledger.head() == second.head() and second.verify_chain() is None
    second.close()
