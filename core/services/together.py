"""Group commit: calls that arrive while one is at work are done together by the next.

Nobody waits for company: a call that comes alone is done at once. Under load the cost of a transaction is shared by as
many calls as came in while the one before it was written.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

Given = TypeVar("Given")
Answer = TypeVar("Answer")


class _Call(Generic[Given, Answer]):
    """One call that waits: for its answer, or for its turn to do the work of all who wait."""

    __slots__ = ("answer", "awake", "given", "leads")

    def __init__(self, given: Given) -> None:
        self.given = given
        self.awake = threading.Event()
        self.answer: Answer | Exception | None = None
        self.leads = False


class Together(Generic[Given, Answer]):
    """Where calls of the same kind of work meet; may be shared by threads.

    Parameters
    ----------
    most : int
        Things that are worked on at a time.
    """

    def __init__(self, most: int = 128) -> None:
        self._most = most
        self._waiting: list[_Call[Given, Answer]] = []
        self._busy = False
        self._guard = threading.Lock()

    def __call__(self, given: Given, work: Callable[[Sequence[Given]], Sequence[Answer | Exception]]) -> Answer:
        """Have the work done on one thing, by this thread or by the one that is at it.

        Parameters
        ----------
        work : callable
            Things in the order they came -> their answers in the same order; an exception among the answers is
            raised for that thing alone, one that is raised for all of them. Whose work is used is not said.
        """
        call: _Call[Given, Answer] = _Call(given)
        with self._guard:
            self._waiting.append(call)
            call.leads, self._busy = not self._busy, True
        if not call.leads:
            call.awake.wait()
        if call.leads:
            self._lead(work)
        if isinstance(call.answer, Exception):
            raise call.answer
        return call.answer  # type: ignore[return-value]  # every call that was taken has its answer

    def _lead(self, work: Callable[[Sequence[Given]], Sequence[Answer | Exception]]) -> None:
        """Work on those who wait, this call first among them; then hand over to the first who came meanwhile."""
        with self._guard:
            taken, self._waiting = self._waiting[: self._most], self._waiting[self._most :]
        try:
            answers = work([call.given for call in taken])
            for call, answer in zip(taken, answers, strict=True):
                call.answer = answer
        except Exception as error:  # noqa: BLE001  every caller raises it
            for call in taken:
                call.answer = error
        finally:
            with self._guard:
                following = self._waiting[0] if self._waiting else None
                self._busy = following is not None
            if following is not None:
                following.leads = True
                following.awake.set()
            for call in taken:
                call.awake.set()
