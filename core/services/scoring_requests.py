"""Score rows for programs that ask at the same time: those who wait are scored and logged in one transaction."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from functools import partial
from weakref import WeakKeyDictionary

from core.services.access import Actor
from core.services.desk import Desk
from core.services.request_counts import SCORE_ONE, counted
from core.services.scored_row import ScoredRow
from core.services.scoring import Row, score_together
from core.services.together import Together

_Mark = tuple[str, Actor, str | None]
_rooms: WeakKeyDictionary[Desk, dict[_Mark, Together[Row, ScoredRow]]] = WeakKeyDictionary()
_guard = threading.Lock()
_MOST_MARKS = 1_000


@counted(SCORE_ONE)
def score_for(desk: Desk, actor: Actor, key: str, row: Row, version: str | None = None) -> ScoredRow:
    """Score one row and log it, together with the rows that the same actor sends meanwhile.

    Every row is checked, scored and answered as if it had come alone (`core.services.scoring.score_one`).

    Raises
    ------
    RowProblem
        The row breaks the schema.
    NotReady
        The use case has no trained version.
    NotPermitted
    """
    mark = (key, actor, version)
    return _together(desk, mark)(row, partial(_score, desk, mark))


def _together(desk: Desk, mark: _Mark) -> Together[Row, ScoredRow]:
    with _guard:
        rooms = _rooms.setdefault(desk, {})
        if mark not in rooms:
            if len(rooms) >= _MOST_MARKS:
                rooms.clear()  # whoever is at work keeps their own
            rooms[mark] = Together()
        return rooms[mark]


def _score(desk: Desk, mark: _Mark, rows: Sequence[Row]) -> list[ScoredRow | Exception]:
    key, actor, version = mark
    return list(score_together(desk, actor, key, rows, version))
