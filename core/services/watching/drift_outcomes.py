"""What outcomes add to the drift of inputs: whether calibration holds, when they left what scores promised."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING

from core.services.access import Action, Actor, require
from core.services.desk import Desk

if TYPE_CHECKING:
    from core.services.watching.concept import ConceptState
    from core.services.watching.concept_judged import ConceptJudgement

MOST_READ = 200_000  # rows of a log whose outcomes are read beside the drift page's own figures
CONCEPT, OUTCOMES = "concept drift", "outcomes worse than the rows explain"


@dataclass(frozen=True)
class Spell:
    """Days, both included, in which outcomes were a case of something."""

    first: date
    last: date
    kind: str


def calibration(desk: Desk, actor: Actor, key: str) -> ConceptJudgement | None:
    """Whether probabilities still hold; None where the log is too long to read it beside other things."""
    state = _state(desk, actor, key)
    return None if state is None else state.calibration


def spells(desk: Desk, actor: Actor, key: str) -> tuple[Spell, ...]:
    """Concept drift and bad stretches, oldest first; nothing where the log is too long."""
    state = _state(desk, actor, key)
    if state is None:
        return ()
    found: list[Spell] = []
    for item in state.judged:
        if item.named:
            last = item.end - timedelta(days=1)
            if found and found[-1].last + timedelta(days=1) == item.start:
                found[-1] = Spell(found[-1].first, last, CONCEPT)
            else:
                found.append(Spell(item.start, last, CONCEPT))
    bad = [Spell(m.change.first, m.change.last, OUTCOMES) for m in state.moves if m.harmful and not m.explained]
    return tuple(sorted([*found, *bad], key=lambda spell: spell.first))


def _state(desk: Desk, actor: Actor, key: str) -> ConceptState | None:
    require(actor, Action.SEE_MODELS)
    if desk.log.water_mark(desk.use_case(key))[0] > MOST_READ:
        return None
    from core.services.watching.concept import concept_state

    return concept_state(desk, key)
