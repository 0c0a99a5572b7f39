"""The scheduler inside the desk's process: it looks every few seconds what is due, and has it done.

When a task is due follows from the ledger alone, so a restart, a changed time or another process's run need no word
to the scheduler. Each lane has a thread of its own: the heartbeat waits for no measurement, neither for a file.
"""

from __future__ import annotations

import threading
import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from core.errors import DeskError
from core.logs import logger
from core.services.access import Actor
from core.services.desk import Desk
from core.services.scheduling.running import begin, finish, run_due, task_named
from core.services.scheduling.task import LANES
from core.store.ledger_schedule_tables import TaskRun

if TYPE_CHECKING:
    from apscheduler.schedulers.background import BackgroundScheduler

LOGGER = logger("schedule")

LOOK_SECONDS = 5
SETTLE_SECONDS = 45  # after the start, so that what was missed does not compete with the first pages
PATIENCE_SECONDS = 10.0


class Scheduler:
    """Runs a desk's tasks until it is stopped.

    Parameters
    ----------
    desk : Desk
        It has the prediction log.
    settle : float
        Seconds before the first look.
    """

    def __init__(self, desk: Desk, settle: float = SETTLE_SECONDS) -> None:
        self._desk, self._settle = desk, settle
        self._busy = dict.fromkeys(LANES, 0)
        self._stopping = threading.Event()
        self._asked: list[threading.Thread] = []
        self._running: BackgroundScheduler | None = None

    def start(self) -> None:
        """Begin to look; nothing happens where the settings leave that to cron."""
        from apscheduler.executors.pool import ThreadPoolExecutor
        from apscheduler.schedulers.background import BackgroundScheduler

        if not self._desk.settings.scheduler or self._stopping.is_set():
            return
        executors = {lane: ThreadPoolExecutor(1) for lane in LANES}
        clock = logger("schedule.clock")
        clock.setLevel("ERROR")  # a look that is passed over while the lane is busy is no news
        settings = {"coalesce": True, "max_instances": 1, "misfire_grace_time": None}
        scheduler = BackgroundScheduler(executors=executors, job_defaults=settings, timezone=UTC, logger=clock)
        first = datetime.now(UTC) + timedelta(seconds=self._settle)
        for lane in LANES:
            scheduler.add_job(
                self.look, "interval", (lane,), id=lane, executor=lane, seconds=LOOK_SECONDS, next_run_time=first
            )
        scheduler.start()
        self._running = scheduler

    def look(self, lane: str) -> None:
        """Run what is due in a lane; a fault is logged and the next look comes."""
        if self._stopping.is_set():
            return
        self._busy[lane] += 1
        try:
            run_due(self._desk, lane=lane, go_on=lambda: not self._stopping.is_set())
        except DeskError as error:
            LOGGER.warning("looking what is due: %s", error)
        except Exception:
            LOGGER.exception("looking what is due failed")
        finally:
            self._busy[lane] -= 1

    def ask(self, actor: Actor, key: str) -> TaskRun:
        """Run a task now, in the background; it is claimed, and who asks is told if that cannot be, at once."""
        task = task_named(self._desk, key)
        self._desk.log  # noqa: B018  whoever has the log runs the tasks
        run = begin(self._desk, actor, task, datetime.now(UTC))
        asked = threading.Thread(target=finish, args=(self._desk, task, run), name=f"task: {key}", daemon=True)
        self._asked = [*(thread for thread in self._asked if thread.is_alive()), asked]
        asked.start()
        return run

    def stop(self) -> None:
        """Begin nothing more, and give what runs a few seconds to end; what does not is found interrupted."""
        self._stopping.set()
        if self._running is not None:
            self._running.shutdown(wait=False)
        limit = time.monotonic() + PATIENCE_SECONDS
        while any(self._busy.values()) and time.monotonic() < limit:
            time.sleep(0.05)
        for thread in self._asked:
            thread.join(max(0.0, limit - time.monotonic()))
