"""A thread that does one thing when asked to, so that whoever asks need not wait for it."""

from __future__ import annotations

import threading
from collections.abc import Callable

from core.logs import logger

LOGGER = logger("alerts")

Work = Callable[[threading.Event], None]  # it stops early when the event is set


class Courier:
    """Does the work behind the asker's back, once at a time; asked while it works, it works once more."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._asked: Work | None = None
        self._thread: threading.Thread | None = None
        self._stop = threading.Event()

    def ask(self, work: Work) -> None:
        """Have it done soon; nothing is done any more once it is closed."""
        with self._guard:
            self._asked = work
            if self._thread is None and not self._stop.is_set():
                self._thread = threading.Thread(target=self._run, name="courier", daemon=True)
                self._thread.start()

    def wait(self, timeout: float = 60.0) -> None:
        """Until nothing is left to do, or for so many seconds."""
        thread = self._thread
        if thread is not None:
            thread.join(timeout)

    def close(self, timeout: float = 10.0) -> None:
        """Stop before the next piece of work; what is under way is waited for, so many seconds."""
        self._stop.set()
        self.wait(timeout)

    def _run(self) -> None:
        while True:
            with self._guard:
                work, self._asked = self._asked, None
                if work is None or self._stop.is_set():
                    self._thread = None
                    return
            try:
                work(self._stop)
            except Exception:  # what it could not do stays written down, for the next time
                LOGGER.exception("the courier could not do its work")
