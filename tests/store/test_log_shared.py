"""Desks that share one log in PostgreSQL: what one writes or takes out the others see, each row once, none halved."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from core.domain.usecase import UseCase
from core.errors import DatabaseDown, InputError, NotReady
from core.store import log_line, log_postgres
from core.store.log import PredictionLog
from core.store.log_feedback import FeedbackRow
from core.store.log_home import home_shape, marks
from core.store.log_open import open_log
from core.store.log_postgres import home_of
from core.store.log_shared import OWN_ROWS, SharedLog
from tests.store.shared_logs import assert_same, in_copy, open_shared, stale

DAY = timedelta(days=1)
Draw = Callable[..., tuple[pa.Table, pa.Table]]


@pytest.fixture
def desks(tmp_path: Path, postgres_url: str) -> Iterator[tuple[SharedLog, SharedLog]]:
    """Two desks on one home."""
    pair = (
        open_shared(tmp_path / "a" / "log.duckdb", postgres_url),
        open_shared(tmp_path / "b" / "log.duckdb", postgres_url),
    )
    yield pair
    for desk in pair:
        assert_same(desk)
        desk.close()


def fill(log: PredictionLog, use_case: UseCase, draw: Draw, at: datetime, **facts: Any) -> pa.Table:
    source = facts.pop("source", "file")
    rows, scores = draw(use_case, 30, **facts)
    batch = log.start_batch(use_case, version="v1", source=source, actor="Ada", at=at)
    log.append(use_case, batch, rows, scores)
    log.append_view(use_case, rows["prediction_id"][0].as_py(), at, "Ada", "analyst", "Lists")
    log.append_feedback(use_case, FeedbackRow(rows["prediction_id"][1].as_py(), at, "Ada", "analyst", "agree"))
    ripe = rows["as_of"][-1].as_py() + 60 * DAY
    outcomes = {"entity": rows["entity"].slice(0, 9), "outcome": [1.0] * 9, "observed_at": [ripe] * 9}
    said = "simulated" if source == "simulated" else None
    log.append_outcomes(use_case, pa.table(outcomes), received_at=ripe, source=said)
    log.finish_batch(batch, state="done", at=at, n_rows=30, n_rejected=0)
    return rows


def test_a_desk_sees_what_another_has_written(desks: Any, bnpl: UseCase, draw: Draw, at: datetime) -> None:
    one, other = desks
    rows = fill(one, bnpl, draw, at)
    assert stale(other).counts(bnpl).total == 30
    again = other.start_batch(bnpl, version="v1", source="file", actor="Bob", at=at)
    assert not other.append(bnpl, again, *draw(bnpl, 30)).any()
    assert other.append(bnpl, again, *draw(bnpl, 5, 30)).all()
    assert stale(one).counts(bnpl).total == 35
    assert [batch["actor"] for batch in one.latest_batches(bnpl)] == ["Bob", "Ada"]
    assert one.prediction(bnpl, rows["prediction_id"][0].as_py()).num_rows == 1


def test_a_row_is_new_once_though_the_other_desk_has_not_looked(
    desks: Any, bnpl: UseCase, draw: Draw, at: datetime
) -> None:
    batches = [desk.start_batch(bnpl, version="v1", source="page", actor="Ada", at=at) for desk in desks]
    for place in range(6):
        chunk = draw(bnpl, 1, place)
        assert [bool(d.append(bnpl, b, *chunk)[0]) for d, b in zip(desks, batches, strict=True)] == [True, False]
    assert batches[0].number != batches[1].number


def test_what_is_taken_out_is_gone_everywhere(desks: Any, bnpl: UseCase, draw: Draw, at: datetime) -> None:
    one, other = desks
    rows = fill(one, bnpl, draw, at)
    assert stale(other).counts(bnpl).total == 30
    name = rows["entity"][0].as_py()
    gone = one.erase_entity(bnpl, [name])
    assert gone == {"views": 1, "feedback": 0, "scores": 1, "outcomes": 1, "rows": 1}
    assert all(not len(found) for found in stale(other).of_entity(bnpl, [name]).values())
    assert other.counts(bnpl).total == 29
    middle = rows["as_of"][15].as_py()
    assert other.delete_before(bnpl, "rows", middle) == 14  # the first is gone already
    assert other.delete_before(bnpl, "outcomes", at + 999 * DAY) == 8
    assert other.delete_before(bnpl, "feedback", at + DAY) == 0 and other.delete_before(bnpl, "views", at + DAY) == 0
    assert stale(one).counts(bnpl).total == 15
    assert in_copy(one) == in_copy(other)


def test_no_name_lives_on_among_what_was_taken_out(desks: Any, bnpl: UseCase, draw: Draw, at: datetime) -> None:
    rows = fill(desks[0], bnpl, draw, at)
    desks[0].erase_entity(bnpl, [rows["entity"][0].as_py()])
    with desks[0]._server.session(reading=True) as session:
        told = session.rows('SELECT "table", prediction_id IS NULL, batch IS NULL FROM log.deleted ORDER BY seq')
    assert told == [("views", False, True), ("scores", False, True), ("outcomes", True, True), ("rows", False, False)]


def test_simulated_rows_leave_every_desk(desks: Any, bnpl: UseCase, draw: Draw, at: datetime) -> None:
    one, other = desks
    fill(one, bnpl, draw, at)
    before = in_copy(one)
    fill(other, bnpl, draw, at, first=100, source="simulated")
    assert stale(one).simulated_rows() == {"bnpl_default": 30}
    assert one.clear_simulated() == {"bnpl_default": 30}
    assert stale(other).simulated_rows() == {}
    assert in_copy(other) == in_copy(one) == before


def test_names_hashed_at_one_desk_are_hashed_at_the_other(desks: Any, bnpl: UseCase, draw: Draw, at: datetime) -> None:
    one, other = desks
    rows = fill(one, bnpl, draw, at)
    assert stale(other).counts(bnpl).total == 30
    one.rename_texts(bnpl, {name: f"h-{name}" for name in rows["entity"].to_pylist()})
    assert all(text.startswith("h-") for text in stale(other).plain_texts(bnpl))
    fill(other, bnpl, draw, at, first=100)
    assert stale(one).counts(bnpl).total == 60


def test_a_copy_that_looks_while_a_table_is_replaced_keeps_its_rows(
    desks: Any, bnpl: UseCase, draw: Draw, at: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, other = desks
    rows = fill(one, bnpl, draw, at)
    assert stale(other).counts(bnpl).total == 30
    fill(one, bnpl, draw, at, first=100)
    look = other._marks

    def looked(session: Any) -> Any:
        found = look(session)
        one.rename_texts(bnpl, {name: f"h-{name}" for name in rows["entity"].to_pylist()})
        return found

    with monkeypatch.context() as patch:
        patch.setattr(other, "_marks", looked)
        assert stale(other).counts(bnpl).total == 60
    assert stale(other).counts(bnpl).total == 60


def test_columns_grow_everywhere(desks: Any, bnpl: UseCase, draw: Draw, at: datetime) -> None:
    from dataclasses import replace

    from core.domain.columns import Column, Kind
    from core.domain.schema import Schema

    one, other = desks
    fill(one, bnpl, draw, at)
    fill(other, bnpl, draw, at, first=100)
    count = next(column for column in bnpl.schema if column.kind is Kind.COUNT)
    long = "a column whose name is longer than PostgreSQL keeps whole, in its way of things"
    edited = [replace(c, kind=Kind.TEXT) if c is count else c for c in bnpl.schema]
    wider = replace(bnpl, schema=Schema((*edited, Column(long, Kind.NUMBER), Column("seq", Kind.YESNO))))
    fill(one, wider, draw, at, first=200)
    assert stale(other).counts(bnpl).total == 90
    fill(other, wider, draw, at, first=300)
    assert stale(one).scan(wider, [long, "seq", count.name]).num_rows == 120


def test_a_batch_of_the_day_that_another_desk_voids_collects_no_more(
    desks: Any, bnpl: UseCase, draw: Draw, at: datetime
) -> None:
    one, other = desks
    batch = one.batch_for(bnpl, "v1", "api", "crm", at)
    one.append(bnpl, batch, *draw(bnpl, 1))
    stale(other).void(batch.id, at, "Bob", "twice")
    assert stale(one).batch_for(bnpl, "v1", "api", "crm", at).number != batch.number
    with pytest.raises(InputError, match="voided already"):
        one.void(batch.id, at, "Ada", "twice")


def test_a_new_desk_fills_its_copy(
    desks: Any, tmp_path: Path, postgres_url: str, bnpl: UseCase, draw: Draw, at: datetime
) -> None:
    fill(desks[0], bnpl, draw, at)
    desks[1].erase_entity(bnpl, ["E00003"])
    third = open_shared(tmp_path / "c" / "log.duckdb", postgres_url)
    assert third.counts(bnpl).total == 29
    assert_same(third)
    third.close()


def test_a_copy_that_was_away_for_long_is_filled_anew(desks: Any, bnpl: UseCase, draw: Draw, at: datetime) -> None:
    one, other = desks
    fill(one, bnpl, draw, at)
    assert stale(other).counts(bnpl).total == 30
    one.erase_entity(bnpl, ["E00003"])
    with one._server.session() as session:
        session.run("UPDATE log.deleted SET at = at - interval '91 days'")
        session.commit()
    one.erase_entity(bnpl, ["E00004"])
    assert stale(other).counts(bnpl).total == 28


def test_a_file_and_a_url_that_do_not_belong_together_are_told_apart(
    tmp_path: Path, postgres_url: str, bnpl: UseCase, draw: Draw, at: datetime
) -> None:
    path = tmp_path / "log.duckdb"
    own = PredictionLog(path, 128, 1)
    fill(own, bnpl, draw, at)
    own.close()
    with pytest.raises(NotReady, match=r"rows of its own.*move-log"):
        open_log(path, postgres_url, 128, 1)
    path.unlink()
    open_log(path, postgres_url, 128, 1).close()
    with pytest.raises(NotReady, match="is the copy of a log in PostgreSQL"):
        open_log(path, "", 128, 1)
    with pytest.raises(NotReady, match="is the copy of a log in PostgreSQL"):
        open_log(path, "mysql://desk@127.0.0.1/desk", 128, 1)
    log = open_shared(path, postgres_url)
    with log._server.session() as session:
        session.run("UPDATE log.home SET log_id = gen_random_uuid()")
        session.commit()
    log.close()
    with pytest.raises(NotReady, match="copy of another shared log"):
        open_log(path, postgres_url, 128, 1)


def test_rows_of_a_transaction_are_numbered_apart(tmp_path: Path) -> None:
    import duckdb

    for n_rows in (1, 300_000):  # a few rows, and more than a row group, which DuckDB writes before the commit
        with duckdb.connect(str(tmp_path / f"{n_rows}.duckdb")) as database:
            database.execute("CREATE TABLE t AS SELECT range AS i FROM range(200000)")
            database.execute("BEGIN")
            database.execute("INSERT INTO t SELECT 1000000 + range FROM range(?)", [n_rows])
            database.execute("DELETE FROM t WHERE i < 50")
            database.execute("UPDATE t SET i = i + 1 WHERE i BETWEEN 100 AND 200")
            found = database.execute(f"SELECT count(*), min(i) FROM t WHERE rowid >= {OWN_ROWS}").fetchall()
            assert found == [(n_rows, 1_000_000)]


class Line:
    """A line to a server that can be cut, or fall silent."""

    def __init__(self, url: str) -> None:
        place = url.split("@")[1].split("/")[0]
        self._to = (place.split(":")[0], int(place.split(":")[1]))
        self._ears = socket.create_server(("127.0.0.1", 0))
        self.url = url.replace(place, f"127.0.0.1:{self._ears.getsockname()[1]}")
        self._open: list[socket.socket] = []
        self.cut = self.silent = False
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        while True:
            try:
                near, _ = self._ears.accept()
            except OSError:
                return
            if self.cut:
                near.close()
                continue
            far = socket.create_connection(self._to)
            self._open += [near, far]
            for source, sink in ((near, far), (far, near)):
                threading.Thread(target=self._pass_on, args=(source, sink), daemon=True).start()

    def _pass_on(self, source: socket.socket, sink: socket.socket) -> None:
        with suppress(OSError):
            while content := source.recv(65_536):
                while self.silent:
                    time.sleep(0.05)
                sink.sendall(content)
        for end in (source, sink):
            end.close()

    def fall(self) -> None:
        self.cut = True
        for end in self._open:
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
        self._open.clear()

    def close(self) -> None:
        self.fall()
        self._ears.close()


def test_a_server_that_goes_is_told_in_words_and_found_again(
    tmp_path: Path, postgres_url: str, bnpl: UseCase, draw: Draw, at: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(log_postgres, "REST_SECONDS", 0.2)
    line = Line(postgres_url)
    log = open_shared(tmp_path / "log.duckdb", line.url)
    batch = log.start_batch(bnpl, version="v1", source="page", actor="Ada", at=at)
    log.append(bnpl, batch, *draw(bnpl, 3))
    line.fall()
    for n_rows in (1, 5):
        with pytest.raises(DatabaseDown, match=r"The log's server 127\.0\.0\.1:.*Nothing was written"):
            log.append(bnpl, batch, *draw(bnpl, n_rows, 10))
    with pytest.raises(DatabaseDown):
        stale(log).counts(bnpl)
    line.cut = False
    time.sleep(0.3)
    assert stale(log).counts(bnpl).total == 3
    assert log.append(bnpl, batch, *draw(bnpl, 5, 10)).all()
    assert_same(log)
    log.close()
    line.close()


def test_a_server_that_was_started_anew_is_not_noticed(
    tmp_path: Path, postgres_url: str, bnpl: UseCase, draw: Draw, at: datetime
) -> None:
    line = Line(postgres_url)
    log = open_shared(tmp_path / "log.duckdb", line.url)
    batch = log.start_batch(bnpl, version="v1", source="page", actor="Ada", at=at)
    line.fall()
    line.cut = False
    assert log.append(bnpl, batch, *draw(bnpl, 3)).all()
    log.close()
    line.close()


def test_a_line_that_breaks_while_a_copy_follows_is_told_in_words(
    desks: Any, bnpl: UseCase, draw: Draw, at: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    from adbc_driver_manager import OperationalError

    one, other = desks
    fill(one, bnpl, draw, at)

    def broken(reader: Any) -> Any:
        raise OperationalError("server closed the connection unexpectedly", status_code=0)

    with monkeypatch.context() as patch, pytest.raises(DatabaseDown, match="closed the connection"):
        patch.setattr(log_line, "_next", broken)
        stale(other).counts(bnpl)
    assert stale(other).counts(bnpl).total == 30


@pytest.mark.parametrize("traces", [True, False])
def test_a_copy_of_a_home_that_was_put_back_is_filled_anew(
    desks: Any, bnpl: UseCase, draw: Draw, at: datetime, traces: bool
) -> None:
    one, other = desks
    fill(one, bnpl, draw, at)
    with one._server.session(reading=True) as session:
        _, before = marks(session)
    fill(one, bnpl, draw, at, first=100)
    assert stale(other).counts(bnpl).total == 60
    with one._server.session() as session:  # as a backup of the database would
        for key, mark in before.items():
            session.run("UPDATE log.marks SET seq = $2 WHERE use_case = $1", [key, mark.seq])
            for table in home_shape(session, key):
                session.run(f"DELETE FROM {home_of(key, table)} WHERE seq > $1", [mark.seq])
        if traces:
            session.run("ALTER TABLE log.home RENAME TO old")
            session.run("CREATE TABLE log.home AS TABLE log.old")
            session.run("DROP TABLE log.old")
        else:
            session.run(f"SELECT setval('log.seq', {max(mark.seq for mark in before.values())})")
        session.commit()
    again = one.start_batch(bnpl, version="v1", source="file", actor="Bob", at=at)
    assert one.append(bnpl, again, *draw(bnpl, 1, 300)).all()
    assert stale(one).counts(bnpl).total == stale(other).counts(bnpl).total == 31


def test_a_server_that_falls_silent_is_left_in_time(
    tmp_path: Path, postgres_url: str, bnpl: UseCase, draw: Draw, at: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    line = Line(postgres_url)
    log = open_shared(tmp_path / "log.duckdb", line.url)
    batch = log.start_batch(bnpl, version="v1", source="page", actor="Ada", at=at)
    log.append(bnpl, batch, *draw(bnpl, 3))
    monkeypatch.setattr(log_line, "SILENT_SECONDS", 0.5)
    monkeypatch.setattr(log_postgres, "REST_SECONDS", 0.2)
    line.silent = True
    with pytest.raises(DatabaseDown, match="is silent"):
        log.append(bnpl, batch, *draw(bnpl, 5, 10))
    line.silent = False
    monkeypatch.setattr(log_line, "SILENT_SECONDS", 60.0)
    time.sleep(0.3)
    assert log.append(bnpl, batch, *draw(bnpl, 5, 10)).all()
    assert_same(log)
    log.close()
    line.close()


@pytest.mark.parametrize("lost", ["before the home's commit", "after the home's commit"])
def test_a_line_that_breaks_at_the_commit_leaves_no_half_row(
    tmp_path: Path,
    postgres_url: str,
    bnpl: UseCase,
    draw: Draw,
    at: datetime,
    lost: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from core.store.log_postgres import Session

    log = open_shared(tmp_path / "log.duckdb", postgres_url)
    batch = log.start_batch(bnpl, version="v1", source="page", actor="Ada", at=at)
    log.ensure(bnpl)
    commit = Session.commit

    def broken(session: Session) -> None:
        if lost.startswith("after"):
            commit(session)
        raise ConnectionError

    with monkeypatch.context() as patch, pytest.raises(ConnectionError):
        patch.setattr(Session, "commit", broken)
        log.append(bnpl, batch, *draw(bnpl, 4))
    kept = 4 if lost.startswith("after") else 0
    assert stale(log).counts(bnpl).total == kept
    assert log.append(bnpl, batch, *draw(bnpl, 4)).sum() == 4 - kept  # sent again: logged once
    assert_same(log)
    log.close()


def test_nobody_says_that_nothing_was_written_when_the_answer_to_the_commit_is_lost(
    desks: Any, bnpl: UseCase, draw: Draw, at: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    from adbc_driver_manager import AdbcStatusCode, OperationalError

    from core.store.log_postgres import Session

    one, _ = desks
    batch = one.start_batch(bnpl, version="v1", source="page", actor="Ada", at=at)
    one.ensure(bnpl)
    ask = Session._asked

    def lost(session: Session, query: str, parameters: Any = ()) -> Any:
        answer = ask(session, query, parameters)
        if query == "COMMIT":
            raise OperationalError("server closed the connection unexpectedly", status_code=AdbcStatusCode.IO)
        return answer

    with monkeypatch.context() as patch, pytest.raises(DatabaseDown) as told:
        patch.setattr(Session, "_asked", lost)
        one.append(bnpl, batch, *draw(bnpl, 4))
    assert "Nothing was written" not in str(told.value)
    assert stale(one).counts(bnpl).total == 4


def test_a_character_that_postgresql_cannot_keep_is_named(
    tmp_path: Path, postgres_url: str, bnpl: UseCase, draw: Draw, at: datetime
) -> None:
    log = open_shared(tmp_path / "log.duckdb", postgres_url)
    rows, scores = draw(bnpl, 3)
    place = rows.column_names.index("entity")
    rows = rows.set_column(place, "entity", pa.array(["a", "b\x00", "c"]))
    batch = log.start_batch(bnpl, version="v1", source="page", actor="Ada", at=at)
    with pytest.raises(InputError, match=r"U\+0000"):
        log.append(bnpl, batch, rows, scores)
    assert log.counts(bnpl).total == 0
    log.close()
