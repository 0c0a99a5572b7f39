"""A request that a program sends twice under one key is answered once: the second time with the first answer.

The key is the program's own (`Idempotency-Key`). What is kept is a digest of the key with who sent it, a digest of
what was asked, and the answer; for `KEPT_DAYS`, in the ledger, so that it outlives the process. Nothing is kept of a
request that was refused: it has changed nothing, and may be corrected under the same key.
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

from core.errors import DeskBusy, InputError
from core.services.access import Actor
from core.services.together import Together
from core.store.ledger_answers import AnswerRecord

if TYPE_CHECKING:
    from core.services.desk import Desk

KEPT_DAYS = 7
_SWEEP = timedelta(hours=1)


class KeyInUse(InputError):
    """The key was used for something else."""


class StillAtWork(DeskBusy):
    """The same request is being answered at this moment."""


class AskedOnce:
    """The keyed answers of one desk; may be shared by threads."""

    def __init__(self, desk: Desk) -> None:
        self._ledger = desk.ledger
        self._at_work: set[str] = set()
        self._guard = threading.Lock()
        self._swept = datetime.min.replace(tzinfo=UTC)
        self._look: Together[str, AnswerRecord | None] = Together()
        self._keep: Together[AnswerRecord, AnswerRecord] = Together()

    def __call__(self, mark: str, asked: str, answer: Callable[[], str]) -> tuple[str, bool]:
        """The answer to a request, and whether it had been given before.

        Parameters
        ----------
        mark, asked : str
            Digests: of who asks under which key, and of what is asked.
        answer : callable
            Makes the answer, once.

        Raises
        ------
        KeyInUse
            Something else was asked under this key.
        StillAtWork
            The same request is being answered now.
        """
        with self._guard:
            if mark in self._at_work:
                raise StillAtWork("The same request is still being answered.", "Send it again in a moment.")
            self._at_work.add(mark)
        try:
            known = self._look(mark, self._known)
            if known is not None:
                return _same(known, asked), True
            record = AnswerRecord(mark, asked, answer(), datetime.now(UTC))
            kept = self._keep(record, self._kept)
            return _same(kept, asked), kept is not record
        finally:
            with self._guard:
                self._at_work.discard(mark)

    def _known(self, marks: Sequence[str]) -> list[AnswerRecord | None]:
        found = self._ledger.answers(marks)
        return [found.get(mark) for mark in marks]

    def _kept(self, records: Sequence[AnswerRecord]) -> list[AnswerRecord]:
        now = datetime.now(UTC)
        if now - self._swept > _SWEEP:
            self._swept = now
            self._ledger.drop_answers(now - timedelta(days=KEPT_DAYS))
        return self._ledger.keep_answers(records)


def _same(known: AnswerRecord, asked: str) -> str:
    if known.asked != asked:
        raise KeyInUse(
            "Something else was asked under this Idempotency-Key.",
            "Send the same request again, or take a new key for a new one.",
        )
    return known.answer


_desks: WeakKeyDictionary[Desk, AskedOnce] = WeakKeyDictionary()
_making = threading.Lock()


def asked_once(desk: Desk) -> AskedOnce:
    """The keyed answers of a desk."""
    with _making:
        return _desks.setdefault(desk, AskedOnce(desk))


def mark_of(actor: Actor, sender: str, key: str) -> str:
    """The digest of a key and of who sent it: the same key of another token, or in another role, is another key."""
    scope = ",".join(sorted(actor.only)) if actor.only is not None else "*"
    return digest(actor.name, actor.role.value, scope, sender, key)


def digest(*texts: str) -> str:
    """A digest of texts in their order; no two lists of texts share one."""
    whole = hashlib.sha256()
    for text in texts:
        content = text.encode()
        whole.update(len(content).to_bytes(8, "little") + content)
    return whole.hexdigest()
