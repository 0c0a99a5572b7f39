"""The planted episodes of the demo history, each by its kind, and nothing where nothing is planted."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from core.domain.alert import State
from core.domain.history import DAYS, MONTHS, Span
from core.domain.usecase import UseCase
from core.errors import NotPermitted
from core.services.access import LOCAL_PEOPLE, Role
from core.services.desk import Desk
from core.services.watching.concept import ConceptState, concept, concept_state, spells
from core.services.watching.concept_window import ConceptWindow, Kind, Ripe
from core.usecases import builtin

from .conftest import NOW

CASES = [case for case in builtin().values() if case.history]
each = pytest.mark.parametrize("case", CASES, ids=lambda case: case.key)
UNSEEN = {"bnpl_default", "lead_scoring"}  # 30 % of 67 or 47 outcomes a week: within the noise of one week


def days_of(case: UseCase, span: Span) -> tuple[date, date]:
    assert case.history
    if not case.history.by_month:
        first = NOW.date() - timedelta(days=DAYS)
        return first + timedelta(days=7 * span[0]), first + timedelta(days=7 * span[1])
    month = NOW.month - MONTHS
    return date(NOW.year, month + span[0], 1), date(NOW.year, month + span[1], 1)


def over(item: ConceptWindow, days: tuple[date, date]) -> bool:
    return item.start < days[1] and item.end > days[0]


def planted(case: UseCase) -> dict[str, tuple[date, date]]:
    assert case.history
    episodes = case.history.episodes
    spans = {
        "bad": (episodes.bad, episodes.bad + 1), "concept": episodes.concept, "shifted": episodes.shifted,
        "broken": (episodes.broken, episodes.broken + 1),
    }  # fmt: skip
    return {name: days_of(case, span) for name, span in spans.items()}


def state_of(desk: Desk, case: UseCase) -> ConceptState:
    return concept_state(desk, case.key, NOW)


@each
def test_concept_drift_is_named_in_its_weeks(filled: Desk, case: UseCase) -> None:
    inside = planted(case)["concept"]
    found = [item for item in state_of(filled, case).judged if over(item, inside)]
    assert any(item.named for item in found), [item.difference for item in found]
    assert {item.kind for item in found if item.named} == {Kind.CONCEPT}


@each
def test_the_bad_week_is_one_of_outcomes_and_no_concept_drift(filled: Desk, case: UseCase) -> None:
    state, bad = state_of(filled, case), planted(case)["bad"]
    inside = [item for item in state.judged if over(item, bad)]
    assert inside and not any(item.worse or item.named for item in inside)
    moves = [move.change for move in state.moves if move.harmful and not move.explained]
    named = [item for item in moves if item.first < bad[1] and item.last >= bad[0]]
    if case.key not in UNSEEN:
        assert len(named) == 1 and named[0].change.value == pytest.approx(-0.3, abs=0.07)
        assert any(item.kind is Kind.CONVERSION for item in inside)


def test_quiet_weeks_stay_quiet_in_all_use_cases(filled: Desk) -> None:
    n, raised = 0, []
    for case in CASES:
        state, spans = state_of(filled, case), planted(case).values()
        quiet = [item for item in state.judged if not any(over(item, days) for days in spans)]
        n += len(quiet)
        raised += [(case.key, item.start, item.kind) for item in quiet if item.named or item.kind is Kind.CONVERSION]
    assert n >= 20 and raised == []


@each
def test_young_windows_wait_for_their_date(filled: Desk, case: UseCase) -> None:
    state, horizon = state_of(filled, case), timedelta(days=case.target.horizon_days)
    for item in state.windows:
        assert item.matures_on == item.end + horizon
        assert (item.ripe is Ripe.NOT_YET) == (item.matures_on > NOW.date())
        if item.ripe is Ripe.NOT_YET:
            assert item.difference is None and item.expected is not None
    assert state.next_on == min(item.matures_on for item in state.windows if item.ripe is Ripe.NOT_YET)


@each
def test_judgements_carry_their_figures(filled: Desk, case: UseCase) -> None:
    for item in state_of(filled, case).judgements:
        assert item.state is not State.NOT_APPLICABLE, item.sentence
        assert item.value is not None and item.limit is not None and item.low is not None and item.high is not None
        assert item.low <= item.value <= item.high and item.n and item.of
        assert item.sentence.endswith((".", ")."))
        if item.state is State.BREACH and item.about in ("drop", "conversion"):
            assert item.value > item.limit


def test_it_was_known_while_it_happened(filled: Desk) -> None:
    """The day on which a week's last outcomes came in tells as much as today does."""
    state = concept_state(filled, "client_profitability", NOW)
    first = next(item for item in state.judged if item.named)
    then = datetime.combine(first.matures_on, datetime.min.time(), UTC)
    assert concept_state(filled, "client_profitability", then).concept.state is State.BREACH
    before = concept_state(filled, "client_profitability", then - timedelta(days=8))
    assert before.concept.state is State.OK and spells(before) == []


def test_nothing_is_told_before_outcomes_are_mature(filled: Desk) -> None:
    early = NOW - timedelta(days=DAYS - 20)
    state = concept_state(filled, "client_profitability", early)
    assert state.judged == () and {item.state for item in state.judgements} == {State.NOT_APPLICABLE}
    assert "Not yet" in state.concept.sentence and "matures on" in state.concept.sentence


def test_who_may_not_see_models_is_refused(filled: Desk) -> None:
    assert concept(filled, LOCAL_PEOPLE[Role.AUDITOR], "lead_scoring", NOW) is concept_state(
        filled, "lead_scoring", NOW
    )
    with pytest.raises(NotPermitted):
        concept(filled, LOCAL_PEOPLE[Role.SALES], "lead_scoring", NOW)
