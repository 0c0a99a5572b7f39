"""What mature outcomes came to, as rules are told it; how it is worked out is tested with what works it out."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from types import SimpleNamespace

import pytest

from core.domain.alert import State
from core.services.watching.concept_judged import ConceptJudgement

OK = ConceptJudgement("concept", State.OK, "As promised.", 0.001, 0.05, 900, -0.01, 0.02, date(2026, 10, 5))
BREACH = replace(OK, state=State.BREACH, sentence="Below what was promised.", value=0.08, low=0.06, high=0.1)
NOTHING = ConceptJudgement("concept", State.NOT_APPLICABLE, "Not yet: the week matures on 20 Nov 2026.")


def told(monkeypatch: pytest.MonkeyPatch, **judgements: ConceptJudgement) -> list[tuple[object, ...]]:
    """Let the outcomes say so, in order where nothing else is given; returns what was asked for."""
    asked: list[tuple[object, ...]] = []
    names = ("concept", "drop", "calibration", "conversion")
    found = SimpleNamespace(**{name: judgements.get(name, OK) for name in names})

    def state(desk: object, key: str, now: object) -> SimpleNamespace:
        asked.append((key, now))
        return found

    monkeypatch.setattr("core.services.watching.concept.concept_state", state)
    return asked
