"""How many requests there were, how many failed, how long the answers took: counted where services are asked.

Counts are kept in memory by minute and written to the ledger by the heartbeat and when the desk closes. What is
counted: scoring one row, scoring a file, explaining a score; from the call to the answer, with the log's write. Beside
them stands what was counted since the process began, for the metrics.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from enum import Enum
from functools import wraps
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec, TypeVar

from core.domain.service_level import place_of
from core.errors import BundleProblem, DatabaseDown, DeskBusy, DeskError
from core.logs import logger
from core.services.access import Actor
from core.services.tallies import Tallies
from core.store.ledger_service import RequestCount

if TYPE_CHECKING:
    from core.services.desk import Desk
    from core.store.ledger import Ledger

LOGGER = logger("service")

SCORE_ONE, SCORE_FILE, EXPLAIN = "single score", "file", "explanation"

P = ParamSpec("P")
T = TypeVar("T")


class Outcome(Enum):
    """How a request ended."""

    ANSWERED = 0
    REFUSED = 1  # the input, the role, or nothing is trained yet: in order for the service
    ERROR = 2  # nobody expected it, a model's files fail their check and nothing can stand in, a server is down
    PASSED_ON = 3  # another process has the log and is asked instead; that one counts it


def outcome_of(error: Exception) -> Outcome:
    """Whose fault an exception is.

    >>> outcome_of(ZeroDivisionError()).name, outcome_of(DeskError("a column is missing")).name
    ('ERROR', 'REFUSED')
    """
    if isinstance(error, DeskBusy):
        return Outcome.PASSED_ON
    refused = isinstance(error, DeskError) and not isinstance(error, BundleProblem | DatabaseDown)
    return Outcome.REFUSED if refused else Outcome.ERROR


class _Tally:
    """Requests of one minute, face and operation."""

    __slots__ = ("busy_s", "by_outcome", "latency", "rows")

    def __init__(self) -> None:
        self.by_outcome = [0, 0, 0]
        self.rows = 0
        self.busy_s = 0.0
        self.latency: dict[int, int] = {}

    def add(self, outcome: Outcome, seconds: float, rows: int, place: int) -> None:
        """One request; rows and seconds count where it was answered."""
        self.by_outcome[outcome.value] += 1
        if outcome is Outcome.ANSWERED:
            self.rows += rows
            self.busy_s += seconds
            self.latency[place] = self.latency.get(place, 0) + 1


class RequestCounts:
    """The counts of one process that are not written down yet; may be shared by threads.

    Attributes
    ----------
    tallies : Tallies
        What else is counted since the process began.
    """

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._tallies: dict[tuple[int, str, str], _Tally] = {}
        self._began = int(time.time() // 60)
        self._since_start: dict[tuple[int, str, str], _Tally] = {}
        self.tallies = Tallies()

    def add(self, face: str, operation: str, outcome: Outcome, seconds: float, rows: int = 1) -> None:
        """Count one request that has ended now."""
        if outcome is Outcome.PASSED_ON:
            return
        place = place_of(seconds * 1_000)
        with self._guard:
            for tallies, minute in ((self._tallies, int(time.time() // 60)), (self._since_start, self._began)):
                mark = (minute, face, operation)
                tally = tallies.get(mark)
                if tally is None:
                    tally = tallies[mark] = _Tally()
                tally.add(outcome, seconds, rows, place)

    def waiting(self) -> list[RequestCount]:
        """What is not written down yet."""
        with self._guard:
            return _counts(self._tallies)

    def since_start(self) -> list[RequestCount]:
        """Everything since this process began, written down or not: one count per face and operation, ever growing."""
        with self._guard:
            return _counts(self._since_start)

    def write(self, keep: Callable[[list[RequestCount]], None]) -> None:
        """Hand everything over; where that fails, it is kept for the next time."""
        with self._guard:
            taken, self._tallies = self._tallies, {}
        try:
            keep(_counts(taken))
        except Exception:
            with self._guard:
                for mark, tally in taken.items():
                    _add_to(self._tallies.setdefault(mark, _Tally()), tally)
            raise

    def close(self, ledger: Ledger) -> None:
        """Write down what is left; a desk that closes does not stop for a count."""
        try:
            self.write(ledger.add_requests)
        except Exception:
            LOGGER.exception("requests of the last minutes are not counted")


def _add_to(tally: _Tally, other: _Tally) -> None:
    tally.by_outcome = [mine + its for mine, its in zip(tally.by_outcome, other.by_outcome, strict=True)]
    tally.rows += other.rows
    tally.busy_s += other.busy_s
    for place, n in other.latency.items():
        tally.latency[place] = tally.latency.get(place, 0) + n


def _counts(tallies: Mapping[tuple[int, str, str], _Tally]) -> list[RequestCount]:
    return [
        RequestCount(
            begins=datetime.fromtimestamp(minute * 60, UTC),
            seconds=60,
            face=face,
            operation=operation,
            n=sum(tally.by_outcome),
            refused=tally.by_outcome[Outcome.REFUSED.value],
            errors=tally.by_outcome[Outcome.ERROR.value],
            rows=tally.rows,
            busy_s=tally.busy_s,
            latency=dict(tally.latency),
        )
        for (minute, face, operation), tally in sorted(tallies.items())
    ]


Service = Callable[Concatenate["Desk", Actor, P], T]


def counted(operation: str, rows: Callable[[Any], int] | None = None) -> Callable[[Service[P, T]], Service[P, T]]:
    """Count every call of a service function (desk, actor, ...).

    Parameters
    ----------
    operation : str
    rows : callable, optional
        answer -> rows that it is about; 1 by default.
    """

    def over(work: Service[P, T]) -> Service[P, T]:
        @wraps(work)
        def counting(desk: Desk, actor: Actor, /, *args: P.args, **kwargs: P.kwargs) -> T:
            began = time.perf_counter()
            try:
                answer = work(desk, actor, *args, **kwargs)
            except Exception as error:
                desk.requests.add(actor.via, operation, outcome_of(error), time.perf_counter() - began)
                raise
            seconds = time.perf_counter() - began
            desk.requests.add(actor.via, operation, Outcome.ANSWERED, seconds, rows(answer) if rows else 1)
            return answer

        return counting

    return over
