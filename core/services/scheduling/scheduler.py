"""The scheduler inside the desk's process: it looks every few seconds what is due, and has it done.

When a task is due follows from the ledger alone, so a restart, a changed time or another process's run need no word
to the scheduler. Each lane has a thread of its own: the heartbeat waits for no measurement, neither for a file.
"""

from __future__ import annotations

import logging
import threading
import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from core.errors import DeskError
from core.logs import logger
from core.services.desk import Desk
from core.services.scheduling.running import run_due
from core.services.scheduling.task import LANES

if TYPE_CHECKING:
    from apscheduler.schedulers.background import BackgroundScheduler

LOGGER = logger("schedule")

LOOK_SECONDS = 5
SETTLE_SECONDS = 20  # after the start, so that what was missed does not compete with the first pages
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
        self._running: BackgroundScheduler | None = None

    def start(self) -> None:
        """Begin to look; nothing happens where the settings leave that to cron."""
        from apscheduler.executors.pool import ThreadPoolExecutor
        from apscheduler.schedulers.background import BackgroundScheduler

        if not self._desk.settings.scheduler or self._stopping.is_set():
            return
        logging.getLogger("apscheduler").setLevel(logging.ERROR)  # a look that is passed over while one runs is no news
        executors = {lane: ThreadPoolExecutor(1) for lane in LANES}
        settings = {"coalesce": True, "max_instances": 1, "misfire_grace_time": None}
        scheduler = BackgroundScheduler(executors=executors, job_defaults=settings, timezone=UTC)
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

    def stop(self) -> None:
        """Begin nothing more, and give what runs a few seconds to end; what does not is found interrupted."""
        self._stopping.set()
        if self._running is not None:
            self._running.shutdown(wait=False)
        limit = time.monotonic() + PATIENCE_SECONDS
        while any(self._busy.values()) and time.monotonic() < limit:
            time.sleep(0.05)
