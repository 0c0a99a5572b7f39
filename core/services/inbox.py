"""The inbox of a running desk: requests from terminals, and files dropped into data/inbox/<use case>/.

A dropped file is scored once it has stopped growing; its scored file, rejects and a summary land in
data/outbox/<use case>/, and the file itself moves to data/inbox/<use case>/taken/.
"""

from __future__ import annotations

import json
import threading
import time
from pathlib import Path

from core.errors import DeskError
from core.logs import logger
from core.services import batches, handover
from core.services.access import Actor, Role
from core.services.desk import Desk
from core.services.scanning import refuse_harmful

LOGGER = logger("inbox")

EVERY_SECONDS = 0.25
SETTLED_SECONDS = 1.0
SUFFIXES = frozenset({".csv", ".tsv", ".txt", ".parquet", ".xlsx"})
DROPPED = Actor("inbox", Role.ANALYST, "inbox")


class Inbox:
    """Looks into the inbox until it is stopped."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="inbox", daemon=True)
        self._jobs: dict[str, tuple[str, Path]] = {}  # job id -> use case, summary path
        self.folder = desk.settings.data_dir / "inbox"

    def start(self) -> None:
        """Begin to look; make a folder for every use case, so that people see where to drop."""
        for key in self._desk.use_cases():
            (self.folder / key).mkdir(parents=True, exist_ok=True)
        self._thread.start()

    def stop(self) -> None:
        """Stop looking."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join(5)

    def _watch(self) -> None:
        while not self._stop.wait(EVERY_SECONDS):
            try:
                self.look()
            except Exception:
                LOGGER.exception("looking into the inbox failed")

    def look(self) -> None:
        """Take whatever is there now."""
        for request in handover.waiting(self._desk.settings):
            threading.Thread(target=handover.serve, args=(self._desk, request), daemon=True).start()
            _wait_for(request.with_suffix(".status.json"))
        for key in self._desk.use_cases():
            for path in sorted((self.folder / key).glob("*")):
                if path.is_file() and path.suffix.lower() in SUFFIXES and _settled(path):
                    self._take(key, path)
        self._finish()

    def _take(self, key: str, path: Path) -> None:
        taken = self.folder / key / "taken"
        taken.mkdir(exist_ok=True)
        moved = taken / f"{time.strftime('%Y%m%dT%H%M%S')}-{path.name}"
        path.rename(moved)
        outbox = self._desk.settings.data_dir / "outbox" / key
        outbox.mkdir(parents=True, exist_ok=True)
        summary = outbox / f"{path.stem}.summary.json"
        outputs = batches.Outputs(outbox / f"{path.stem}.scored.csv", outbox / f"{path.stem}.rejects.csv")
        try:
            refuse_harmful(self._desk, DROPPED, moved)
            job_id = batches.submit_to(self._desk, DROPPED, key, moved, outputs, filename=path.name)
        except DeskError as error:
            summary.write_text(json.dumps({"state": "refused", "message": str(error)}) + "\n")
            return
        self._jobs[job_id] = (key, summary)

    def _finish(self) -> None:
        for job_id, (_, summary) in list(self._jobs.items()):
            state = self._desk.jobs.state(job_id)
            if state.finished:
                facts = {"state": state.state, "message": state.message, **state.result}
                summary.write_text(json.dumps(facts, indent=1) + "\n")
                del self._jobs[job_id]


def _settled(path: Path) -> bool:
    return time.time() - path.stat().st_mtime > SETTLED_SECONDS


def _wait_for(path: Path, seconds: float = 2.0) -> None:
    """Until a request is visibly taken, so that it is not taken twice."""
    limit = time.monotonic() + seconds
    while not path.exists() and time.monotonic() < limit:
        time.sleep(0.005)
