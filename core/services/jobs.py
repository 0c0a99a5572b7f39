"""The queue for long work: one job at a time in each lane, with progress and cancel, kept in the ledger.

Work that waits for a process of its own has a lane of its own, so that no file waits behind it.

A job belongs to the desk's process, not to a page: a rerun or a closed browser never stops it. What a
job had logged when the process died stays logged; the job is found as "interrupted" at the next start
and can be resumed, and rows that were logged are then known by their id.
"""

from __future__ import annotations

import queue
import threading
import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from core.errors import DeskError, InputError, UnknownName
from core.logs import logger
from core.services.access import Actor
from core.store.ledger import Ledger

LOGGER = logger("jobs")

FINISHED = frozenset({"done", "failed", "cancelled", "interrupted"})


class Cancelled(DeskError):
    """Raised inside a job when a person has cancelled it."""


@dataclass
class JobState:
    """What a page shows of a job. `state`: queued, running, done, failed, cancelled or interrupted."""

    id: str
    kind: str
    use_case: str
    actor: str
    spec: Mapping[str, Any]
    created_at: datetime
    state: str = "queued"
    rows_done: int = 0
    fraction: float = 0.0
    seconds: float = 0.0
    message: str = ""
    result: dict[str, Any] = field(default_factory=dict)

    @property
    def finished(self) -> bool:
        return self.state in FINISHED

    @property
    def rows_per_second(self) -> float:
        return self.rows_done / self.seconds if self.seconds > 0 else 0.0

    @property
    def seconds_left(self) -> float | None:
        """By the pace so far; None while that says nothing."""
        if self.finished or self.fraction < 0.02:
            return None
        return self.seconds * (1.0 - self.fraction) / self.fraction


class JobRun:
    """A running job, as its handler sees it."""

    def __init__(self, state: JobState) -> None:
        self.state = state
        self.cancel_asked = threading.Event()
        self.start()

    def start(self) -> None:
        """Start the clock: time in the queue does not count."""
        self._started = time.monotonic()

    def report(self, rows_done: int, fraction: float, message: str = "") -> None:
        """Say how far the job is; raises Cancelled when a person has asked for that."""
        self.state.rows_done = rows_done
        self.state.fraction = min(1.0, max(0.0, fraction))
        self.state.seconds = time.monotonic() - self._started
        if message:
            self.state.message = message
        if self.cancel_asked.is_set():
            raise Cancelled("Cancelled.", "Rows that were already logged stay; void the upload to take them out.")

    def elapsed(self) -> float:
        """Seconds since the job began."""
        return time.monotonic() - self._started


Handler = Callable[[JobRun], dict[str, Any]]


class Jobs:
    """The queue. Handlers are registered by kind before jobs of that kind are submitted."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._handlers: dict[str, Handler] = {}
        self._lane_of: dict[str, str] = {}
        self._runs: dict[str, JobRun] = {}
        self._queues: dict[str, queue.SimpleQueue[str | None]] = {}
        self._workers: dict[str, threading.Thread] = {}
        self._guard = threading.Lock()

    def register(self, kind: str, handler: Handler, lane: str = "files") -> None:
        """Name the function that does jobs of this kind, and the lane they wait in."""
        self._handlers[kind] = handler
        self._lane_of[kind] = lane

    def submit(self, kind: str, use_case: str, actor: Actor, spec: Mapping[str, Any]) -> str:
        """Put a job at the end of the queue and return its id at once."""
        state = JobState(uuid.uuid4().hex[:12], kind, use_case, actor.name, dict(spec), _now())
        self._ledger.create_job(state.id, kind, use_case, actor.name, state.spec, state.created_at)
        self._enqueue(state)
        return state.id

    def resume(self, job_id: str) -> str:
        """Queue an interrupted, failed or cancelled job again, under its own id."""
        state = self.state(job_id)
        if state.state not in {"interrupted", "failed", "cancelled"}:
            raise InputError(f"Job {job_id} is {state.state}.", "Only a job that stopped early can be resumed.")
        state.state, state.message, state.fraction, state.rows_done = "queued", "", 0.0, 0
        self._ledger.update_job(job_id, state="queued")
        self._enqueue(state)
        return job_id

    def _enqueue(self, state: JobState) -> None:
        lane = self._lane_of.get(state.kind, "files")
        with self._guard:
            self._runs[state.id] = JobRun(state)
            waiting = self._queues.setdefault(lane, queue.SimpleQueue())
            worker = self._workers.get(lane)
            if worker is None or not worker.is_alive():
                worker = threading.Thread(target=self._work, args=(waiting,), name=f"jobs: {lane}", daemon=True)
                self._workers[lane] = worker
                worker.start()
        waiting.put(state.id)

    def cancel(self, job_id: str) -> None:
        """Ask a queued or running job to stop; it does so before its next chunk."""
        run = self._runs.get(job_id)
        if run is None or run.state.finished:
            raise InputError(f"Job {job_id} is not running.", "There is nothing to cancel.")
        run.cancel_asked.set()

    def state(self, job_id: str) -> JobState:
        """The job as it stands now."""
        run = self._runs.get(job_id)
        if run is not None:
            if run.state.state == "running":
                run.state.seconds = run.elapsed()
            return run.state
        return self._from_ledger(job_id)

    def active(self, use_case: str | None = None) -> list[JobState]:
        """Jobs that are queued or running, oldest first."""
        states = [run.state for run in list(self._runs.values()) if not run.state.finished]
        return [state for state in states if use_case in (None, state.use_case)]

    def lanes(self) -> dict[str, tuple[int, int]]:
        """Lane -> how many jobs wait in it, how many run; every lane that some kind of job waits in."""
        found = {lane: [0, 0] for lane in sorted(set(self._lane_of.values()))}
        for state in self.active():
            found.setdefault(self._lane_of.get(state.kind, "files"), [0, 0])[state.state == "running"] += 1
        return {lane: (waiting, running) for lane, (waiting, running) in found.items()}

    def interrupted(self) -> list[JobState]:
        """Jobs that a dead process left behind and nobody has resumed."""
        return [_state_of(record) for record in self._ledger.jobs(state="interrupted")]

    def wait(self, job_id: str, timeout: float | None = None) -> JobState:
        """Block until the job has finished, or for `timeout` seconds."""
        limit = None if timeout is None else time.monotonic() + timeout
        while not (state := self.state(job_id)).finished:
            if limit is not None and time.monotonic() > limit:
                break
            time.sleep(0.01)
        return state

    def close(self, timeout: float = 10.0) -> None:
        """Cancel what is running and stop the worker; cancelled jobs stay resumable."""
        for run in list(self._runs.values()):
            if not run.state.finished:
                run.cancel_asked.set()
        for waiting in self._queues.values():
            waiting.put(None)
        limit = time.monotonic() + timeout
        for worker in self._workers.values():
            worker.join(max(0.0, limit - time.monotonic()))

    def _from_ledger(self, job_id: str) -> JobState:
        record = self._ledger.job(job_id)
        if record is None:
            raise UnknownName("job", job_id, [])
        return _state_of(record)

    def _work(self, waiting: queue.SimpleQueue[str | None]) -> None:
        while (job_id := waiting.get()) is not None:
            self._run(self._runs[job_id])

    def _run(self, run: JobRun) -> None:
        state = run.state
        state.state = "running"
        run.start()
        self._ledger.update_job(state.id, state="running", started_at=_now())
        try:
            run.report(0, 0.0)
            state.result = self._handlers[state.kind](run)
            state.fraction = 1.0
            outcome = "done"
        except Cancelled as stop:
            outcome, state.message = "cancelled", str(stop)
        except DeskError as error:
            outcome, state.message = "failed", str(error)
        except Exception:
            incident = uuid.uuid4().hex[:8]
            LOGGER.exception("job %s (%s) failed, incident %s", state.id, state.kind, incident)
            outcome, state.message = "failed", f"Something unexpected went wrong; the log has incident {incident}."
        state.seconds = run.elapsed()
        self._ledger.update_job(state.id, state=outcome, finished_at=_now(), result=state.result, message=state.message)
        state.state = outcome  # last: whoever waits for the state finds the ledger written


def _now() -> datetime:
    return datetime.now(UTC)


def _state_of(record: Any) -> JobState:
    return JobState(
        id=record.id,
        kind=record.kind,
        use_case=record.use_case,
        actor=record.actor,
        spec=record.spec,
        created_at=record.created_at,
        state=record.state,
        message=record.message or "",
        result=record.result or {},
    )
