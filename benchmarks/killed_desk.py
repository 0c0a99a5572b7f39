"""A desk under load that tells what it acknowledged, and what must hold of it after it was killed.

Every acknowledgement is one line of a file, written after the desk has answered: rows scored singly, files, outcomes,
voided uploads, events, backups. A kill loses what the process held in memory, never such a line.
"""

from __future__ import annotations

import csv
import itertools
import json
import os
import threading
import zlib
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa

from core.config import Settings
from core.services import batches, outcomes, scoring
from core.services.access import Actor, Role
from core.services.backing_up import making
from core.services.backing_up.reconciling import left_open
from core.services.desk import Desk, open_desk
from core.store.backup import Backups
from core.store.log_schema import quoted

KEY, FILE_ROWS, FILES, ROWS, SINGLE = "bnpl_default", 300, 6, 200, 2
ACTOR = Actor("Kim", Role.ADMIN, "cli")


class Acknowledged:
    """The lines of all processes so far."""

    def __init__(self, path: Path) -> None:
        self._handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        self._path = path

    def say(self, what: str, **facts: Any) -> None:
        """Write a line at once, as a whole."""
        os.write(self._handle, (json.dumps({"what": what, **facts}, default=str) + "\n").encode())

    def lines(self, what: str) -> list[dict[str, Any]]:
        """Every line of a kind."""
        found = [json.loads(line) for line in self._path.read_text().splitlines()]
        return [line for line in found if line["what"] == what]

    def __len__(self) -> int:
        return self._path.read_bytes().count(b"\n")


class Load:
    """Everything that changes log or ledger, at once, until the process is killed.

    Parameters
    ----------
    cycle : int
        Which process this is: its rows are its own, but for those of the one before that it sends again.
    """

    def __init__(self, desk: Desk, folder: Path, cycle: int) -> None:
        self._desk, self._folder, self._cycle = desk, folder, cycle
        self._acknowledged = Acknowledged(folder / "acknowledged")
        self._drawn = {number: self._drawn_for(number) for number in range(SINGLE)}
        self._files_ahead = [self._file(place) for place in range(FILES)]

    def start(self) -> None:
        """Begin; returns at once."""
        work: list[Callable[[], None]] = [lambda n=n: self._singly(n) for n in range(SINGLE)]  # type: ignore[misc]
        for target in (*work, self._files, self._deeds, self._backing_up):
            threading.Thread(target=self._until_killed, args=(target,), daemon=True).start()

    def _until_killed(self, work: Callable[[], None]) -> None:
        try:
            work()
        except Exception as error:  # noqa: BLE001  nobody else would hear of it
            self._acknowledged.say("fault", error=repr(error))

    def _rows(self, cycle: int, name: str, n: int) -> list[dict[str, Any]]:
        """The same rows for the same cycle, name and number."""
        use_case = self._desk.use_case(KEY)
        assert use_case.synthesize is not None
        rows = use_case.synthesize(n, 1_000 + cycle).to_pylist()
        return [row | {"transaction_id": f"{name}-{cycle}-{place}"} for place, row in enumerate(rows)]

    def _drawn_for(self, number: int) -> list[dict[str, Any]]:
        """First what may have been on its way when the process before was killed, as a program would send it again."""
        before = self._rows(self._cycle - 1, f"s{number}", ROWS)
        sent = {line["row"] for line in self._acknowledged.lines("row")}
        unanswered = [row for row in before if row["transaction_id"] not in sent][:3]
        return [*unanswered, *self._rows(self._cycle, f"s{number}", ROWS)]

    def _file(self, place: int) -> Path:
        return self._csv(f"f{self._cycle}-{place}", self._rows(self._cycle, f"f{place}", FILE_ROWS))

    def _singly(self, number: int) -> None:
        for row in self._drawn[number]:
            said = scoring.score_one(self._desk, ACTOR, KEY, row)
            self._acknowledged.say("row", row=row["transaction_id"], id=said.prediction_id)

    def _files(self) -> None:
        for job in self._desk.jobs.interrupted():
            self._done(self._desk.jobs.resume(job.id))
        for path in self._files_ahead:
            self._done(batches.submit(self._desk, ACTOR, KEY, path))

    def _done(self, job_id: str) -> None:
        state = self._desk.jobs.wait(job_id)
        if state.state != "done":
            raise RuntimeError(f"{job_id}: {state.message}")
        self._acknowledged.say("file", job=job_id, batch=state.result["batch"], file=state.spec["filename"])

    def _csv(self, name: str, rows: list[dict[str, Any]]) -> Path:
        path = self._folder / "files" / f"{name}.csv"
        path.parent.mkdir(exist_ok=True)
        with path.open("w", newline="") as stream:
            writer = csv.DictWriter(stream, list(rows[0]))
            writer.writeheader()
            writer.writerows(rows)
        return path

    def _deeds(self) -> None:
        """What is told in the ledger before and after it: outcomes for rows, an upload that is voided, plain events."""
        target, given = self._desk.use_case(KEY).target.name, 0
        for place in itertools.count():
            mine = [line["row"] for line in self._acknowledged.lines("row")][given : given + 20]
            given += len(mine)
            if mine:
                rows = [{"transaction_id": row, target: zlib.crc32(row.encode()) % 2} for row in mine]
                path = self._csv(f"o{self._cycle}-{place}", rows)
                taken = outcomes.take_in(self._desk, ACTOR, KEY, path)
                self._acknowledged.say("outcomes", rows=mine, revisions=taken.revisions)
            self._void(place)
            facts = {"actor": ACTOR.name, "role": "admin", "via": "cli", "action": "note", "subject": f"n{place}"}
            event = self._desk.ledger.record(at=datetime.now(UTC), **facts)
            self._acknowledged.say("event", seq=event.seq, hash=event.hash)

    def _void(self, place: int) -> None:
        voided = {line["batch"] for line in self._acknowledged.lines("void")}
        open_ = [line["batch"] for line in self._acknowledged.lines("file") if line["batch"] not in voided]
        if place % 3 == 0 and len(open_) > 2 and not self._desk.log.is_voided(open_[0]):
            batches.void(self._desk, ACTOR, open_[0], "wrong month")
            self._acknowledged.say("void", batch=open_[0])

    def _backing_up(self) -> None:
        while True:
            before = len(self._acknowledged)
            manifest = making.make(self._desk, "hourly")
            self._acknowledged.say("backup", id=manifest.id, lines=before, n_rows=dict(manifest.n_rows))


def problems(desk: Desk, acknowledged: Acknowledged) -> Iterator[str]:
    """What was acknowledged and is lost or doubled, and where log and ledger disagree; nothing where all is well."""
    desk.log.ensure(desk.use_case(KEY))
    yield from (f"fault: {line['error']}" for line in acknowledged.lines("fault"))
    yield from _lost_rows(desk, acknowledged)
    yield from _doubled(desk)
    yield from _files_told(desk, acknowledged)
    yield from _deeds_told(desk, acknowledged)
    yield from _events_told(desk, acknowledged)


def _lost_rows(desk: Desk, acknowledged: Acknowledged) -> Iterator[str]:
    told = {line["id"]: line["row"] for line in acknowledged.lines("row")}
    cursor = desk.log._cursor()
    cursor.register("told", pa.table({"id": pa.array(list(told), pa.string())}))
    lost = cursor.execute(
        f"SELECT id FROM told WHERE id::UUID NOT IN (SELECT prediction_id FROM {quoted(KEY, 'rows')})"
    ).fetchall()
    yield from (f"lost: row {told[row[0]]}" for row in lost)


def _doubled(desk: Desk) -> Iterator[str]:
    """A row that counts is there once, with one acting score, and its scores with it."""
    rows, scores = quoted(KEY, "rows"), quoted(KEY, "scores")
    ids = "SELECT prediction_id, batch FROM"
    twice = "SELECT prediction_id, count(*) FROM {} WHERE batch NOT IN (FROM voided) {} GROUP BY 1 HAVING count(*) > 1"
    checks = {
        "rows logged twice": twice.format(rows, ""),
        "rows scored twice": twice.format(scores, "AND role = 'acting'"),
        "rows without a score": f"{ids} {rows} EXCEPT {ids} {scores}",
        "scores without a row": f"{ids} {scores} EXCEPT {ids} {rows}",
        "outcomes twice": f"SELECT entity, as_of FROM {quoted(KEY, 'outcomes')} GROUP BY ALL HAVING count(*) > 1",
    }
    for what, query in checks.items():
        if n := desk.log._cursor().execute(f"SELECT count(*) FROM ({query})").fetchall()[0][0]:
            yield f"{n} {what}"


def _files_told(desk: Desk, acknowledged: Acknowledged) -> Iterator[str]:
    """A file that was told as done is a job that is done, with a batch that is done and has every row, or knew it."""
    for line in acknowledged.lines("file"):
        job, facts = desk.ledger.job(line["job"]), desk.log.batch_facts(line["batch"])
        if job is None or job.state != "done":
            yield f"lost: file {line['file']} of job {line['job']}"
        elif facts["n_rows"] != FILE_ROWS or facts["n_logged"] + (facts["n_known"] or 0) != FILE_ROWS:
            yield f"file {line['file']}: {facts['n_logged']} rows logged, {facts['n_known']} known, of {FILE_ROWS}"


def _deeds_told(desk: Desk, acknowledged: Acknowledged) -> Iterator[str]:
    for line in acknowledged.lines("void"):
        if not desk.log.is_voided(line["batch"]):
            yield f"lost: voided {line['batch']}"
    found = desk.log._cursor().execute(f"SELECT entity FROM {quoted(KEY, 'outcomes')}").fetchall()
    there = {row[0] for row in found}
    for line in acknowledged.lines("outcomes"):
        yield from (f"lost: outcome of {row}" for row in line["rows"] if row not in there)


def _events_told(desk: Desk, acknowledged: Acknowledged) -> Iterator[str]:
    """The chain holds, with every event that was told; every intention is closed, by what the log has."""
    broken = desk.ledger.verify_chain()
    if broken is not None:
        yield f"the chain breaks at event {broken}"
    events = desk.ledger.events(limit=1_000_000)
    hashes = {event.seq: event.hash for event in events}
    told = acknowledged.lines("event")
    yield from (f"lost: event {line['seq']}" for line in told if hashes.get(line["seq"]) != line["hash"])
    yield from (f"left open: event {event.seq} {event.action}" for event in left_open(events))
    meant = [event for event in events if event.action == "bring outcomes"]
    said = sum(event.after["revisions"] for event in events if event.action == "brought outcomes")
    has = sum(desk.log.n_received(KEY, event.at) for event in meant)
    if said != has:
        yield f"events say {said} outcomes, the log has {has}"
    for event in events:
        if event.action == "void batch" and event.result == "done" and not desk.log.is_voided(event.subject):
            yield f"event {event.seq} says that {event.subject} is voided; the log does not"


def missing_from_backup(home: Path, folder: Path, restored: Path) -> Iterator[str]:
    """Put the newest acknowledged backup back and look for what was acknowledged before it was begun."""
    from core.services.backing_up.restoring import unpack

    acknowledged = Acknowledged(folder / "acknowledged")
    kept = Backups(Settings(home=home).backups_dir)
    ids = {manifest.id for manifest in kept.all()}
    told = [line for line in acknowledged.lines("backup") if line["id"] in ids]
    if not told:
        return
    unpack(kept, kept.get(told[-1]["id"]), restored)  # raises where log, ledger and manifest disagree
    before = folder / "before"
    before.write_text("".join((folder / "acknowledged").read_text().splitlines(True)[: told[-1]["lines"]]))
    desk = open_desk(Settings(home=restored))
    try:
        desk.log  # noqa: B018  the lock is not in a backup, so nothing is looked up
        from core.services.backing_up.reconciling import reconcile

        desk.ledger.claim_interrupted(datetime.now(UTC))
        reconcile(desk.log, desk.ledger)
        yield from (f"backup {told[-1]['id']}: {problem}" for problem in problems(desk, Acknowledged(before)))
    finally:
        desk.close()
