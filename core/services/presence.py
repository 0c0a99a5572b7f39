"""That this desk is there, said to the others on one ledger; and what desks that are gone have left behind.

A ledger in a file belongs to one desk: nothing is said, and all that a dead process left is this desk's to take up.
"""

from __future__ import annotations

import os
import socket
import threading
from contextlib import closing
from datetime import datetime
from pathlib import Path

from core.config import Settings
from core.errors import DeskError, NotReady
from core.logs import logger
from core.store.ledger import Ledger
from core.store.ledger_desks import BEAT_SECONDS, DeskRecord
from core.store.ledger_engine import SETTING

LOGGER = logger("presence")

LEDGER_FILE = "ledger.sqlite"


def open_ledger(settings: Settings) -> Ledger:
    """The ledger of a desk: a file in its home, or what RINGSIDE_DATABASE_URL names.

    Raises
    ------
    NotReady
        The desk has a ledger in a file, and that of the server is empty.
    DatabaseDown
    """
    path = settings.data_dir / LEDGER_FILE
    if not settings.database_url:
        return Ledger(path)
    from core.store.desk_identity import desk_id

    ledger = Ledger(settings.database_url, desk_id(settings.data_dir))
    if path.exists() and ledger.head()[0] == 0 and _has_events(path):
        ledger.close()
        said = f"This desk's ledger is in {path.name}, and the server that {SETTING} names has none yet."
        raise NotReady(said, "Bring it there once, with: python -m core move-ledger")
    return ledger


def _has_events(path: Path) -> bool:
    with closing(Ledger(path)) as kept:
        return kept.head()[0] > 0


class Presence:
    """Beats while a desk has its lock."""

    def __init__(self, ledger: Ledger, settings: Settings) -> None:
        self._ledger, self._home = ledger, str(settings.home)
        self._since: datetime | None = None
        self._stopping = threading.Event()
        self._beating: threading.Thread | None = None

    def begin(self) -> None:
        """Take up what a dead process left behind, and say from now on that this desk is there.

        Only for who has just taken the desk's lock. Whoever asks again, because the log could not be opened then, takes
        up nothing: what is in hand by now is this process's own.
        """
        if self._since is not None:
            return
        at = self._ledger.now()
        self._beat(at)
        self._ledger.claim_interrupted(at)
        self._ledger.interrupt_runs(at)
        self._since = at
        if self._ledger.desk_id is not None:
            self._beating = threading.Thread(target=self._go_on, name="presence", daemon=True)
            self._beating.start()

    def end(self) -> None:
        """Say that this desk leaves in order, so that nobody waits for it."""
        self._stopping.set()
        if self._beating is None:
            return
        self._beating.join(5.0)
        try:
            at = self._ledger.now()
            self._beat(at, left_at=at)
        except DeskError as error:  # the others will see that it is gone
            LOGGER.warning("leaving: %s", error)

    def _beat(self, at: datetime, left_at: datetime | None = None) -> None:
        mine = self._ledger.desk_id
        if mine is not None:
            process, host = os.getpid(), socket.gethostname()
            self._ledger.beat_desk(DeskRecord(mine, self._home, host, process, self._since or at, at, left_at))

    def _go_on(self) -> None:
        while not self._stopping.wait(BEAT_SECONDS):
            try:
                at = self._ledger.now()
                self._beat(at)
                self._ledger.claim_interrupted(at, others=True)
                self._ledger.interrupt_runs(at, others=True)
            except DeskError as error:
                LOGGER.warning("saying that this desk is there: %s", error)
            except Exception:
                LOGGER.exception("saying that this desk is there failed")
