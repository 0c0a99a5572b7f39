"""What the desk tells a monitoring system about itself: counts since the process began, and how things stand now.

Nothing is measured for it: every figure is counted elsewhere, kept in the ledger or asked of the operating system, and
what takes longer than a moment to read is read again at most once a minute (`core.services.metrics_kept`).
"""

from __future__ import annotations

import platform
import shutil
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime

from core import __version__
from core.domain.exposition import HISTOGRAM, Family, Sample, counter, cumulative, gauge, info
from core.logs import logger
from core.services import metrics_ledger, metrics_log
from core.services.access import Action, Actor, require
from core.services.desk import Desk
from core.services.health_facts import last_backup, measured_sizes
from core.services.metrics_kept import read_seldom
from core.services.request_counts import EXPLAIN
from core.services.tallies import FILE_ROWS, TASK_RUNS

LOGGER = logger("metrics")
DRILLS = "backup drill"  # what their events are about

Part = Callable[[Desk, datetime], Iterator[Family]]


def metrics(desk: Desk, actor: Actor, now: datetime | None = None) -> list[Family]:
    """Every family of the desk.

    A part that cannot be read is left out and said so in `ringside_metrics_part_up`; the others are told all the same.

    Raises
    ------
    NotPermitted
    """
    require(actor, Action.READ_METRICS)
    at, began = now or datetime.now(UTC), time.perf_counter()
    found: list[Family] = []
    up: dict[tuple[str, ...], float] = {}
    for name, part in _PARTS.items():
        families = _read(name, part, desk, at)
        up[name,] = float(families is not None)
        found += families or []
    found.append(gauge("ringside_metrics_part_up", "1 where this part of the metrics could be read.", ["part"], up))
    took = time.perf_counter() - began
    found.append(gauge("ringside_metrics_read_seconds", "Seconds it took to read these metrics.", [], {(): took}))
    return found


def _read(name: str, part: Part, desk: Desk, at: datetime) -> list[Family] | None:
    try:
        return list(part(desk, at))
    except Exception:  # a ledger that is locked must not hide that the disk is full
        LOGGER.exception("the metrics of the %s cannot be read", name)
        return None


def _requests(desk: Desk, _at: datetime) -> Iterator[Family]:
    """What was asked of this process since it began, as `core.services.request_counts` counts it."""
    counts = desk.requests.since_start()
    by = ("face", "operation")
    ended = {
        (count.face, count.operation, outcome): float(n)
        for count in counts
        for outcome, n in (
            ("answered", count.n - count.refused - count.errors),
            ("refused", count.refused),
            ("error", count.errors),
        )
    }
    said = "Requests since the process began: answered, refused (the input was) or error (the desk's fault)."
    yield counter("ringside_requests", said, [*by, "outcome"], ended)
    samples = [Sample((count.face, count.operation), count.busy_s, cumulative(count.latency)) for count in counts]
    said = "Seconds from the call to the answer of requests that were answered, the log's write included."
    yield Family("ringside_request_duration_seconds", said, HISTOGRAM, by, samples)
    scored = {(count.face, count.operation): float(count.rows) for count in counts if count.operation != EXPLAIN}
    yield counter("ringside_rows_scored", "Rows that were scored since the process began.", by, scored)


def _work(desk: Desk, _at: datetime) -> Iterator[Family]:
    """Files, tasks and jobs of this process."""
    tallies = desk.requests.tallies
    said = "Rows of files that were read since the process began: accepted, or rejected with a reason."
    yield counter("ringside_file_rows", said, ["use_case", "outcome"], dict(tallies.read(FILE_ROWS)))
    said = "Runs of tasks that ended since the process began: done, failed or skipped."
    yield counter("ringside_task_runs", said, ["task", "state"], dict(tallies.read(TASK_RUNS)))
    jobs = {
        (lane, state): float(n)
        for lane, (waiting, running) in desk.jobs.lanes().items()
        for state, n in (("queued", waiting), ("running", running))
    }
    yield gauge("ringside_jobs", "Jobs of this process that wait or run, by lane.", ["lane", "state"], jobs)


def _machine(desk: Desk, at: datetime) -> Iterator[Family]:
    """What the desk takes up, and what is left."""
    sizes = measured_sizes(desk, at)
    stores = {("log",): float(sizes.log_bytes), ("ledger",): float(sizes.ledger_bytes)}
    yield gauge("ringside_store_bytes", "Bytes of the stores' files on this machine.", ["store"], stores)
    disk, where = shutil.disk_usage(desk.settings.data_dir), "on the disk of the desk's data."
    yield gauge("ringside_disk_free_bytes", f"Bytes that are free {where}", [], {(): float(disk.free)})
    yield gauge("ringside_disk_size_bytes", f"Bytes that there are {where}", [], {(): float(disk.total)})
    memory = {(): float(sizes.memory_bytes)}
    yield gauge("ringside_memory_bytes", "Resident memory of this process in bytes.", [], memory)
    known = (__version__, platform.python_version())
    yield info("ringside_build", "The desk's version and the Python that runs it.", ["version", "python"], [known])


def _backups(desk: Desk, _at: datetime) -> Iterator[Family]:
    newest = read_seldom(desk, "last backup", lambda: last_backup(desk.settings))
    there = {(): float(newest is not None)}
    yield gauge("ringside_backup_present", "1 where at least one backup lies in the folder of backups.", [], there)
    made = {(): newest.made_at.timestamp()} if newest is not None else {}
    said = "When the newest backup was made, in seconds since 1970; none where there is no backup."
    yield gauge("ringside_backup_last_timestamp_seconds", said, [], made)
    events = desk.ledger.events(DRILLS, 1)
    facts = events[0].after if events else {}
    for fact, name, said in (
        ("ok", "ok", "1 where the last drill put a backup back; none where there was no drill."),
        ("rto_seconds", "restore_seconds", "Seconds from nothing to a desk that scores, in the last drill."),
    ):
        yield gauge(f"ringside_drill_{name}", said, [], {(): float(facts[fact])} if fact in facts else {})


_PARTS: dict[str, Part] = {
    "requests": _requests,
    "work": _work,
    "machine": _machine,
    "backups": _backups,
    "ledger": metrics_ledger.families,
    "log": metrics_log.families,
}
