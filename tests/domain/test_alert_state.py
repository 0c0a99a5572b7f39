"""When an alert opens, rises and is over: persistence, hysteresis in time and in value, and what people closed."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.domain.alert import Reading, Severity, State, Terms
from core.domain.alert_state import KEPT, Standing, Step, decide

INFO, WARNING, CRITICAL = Severity.INFO, Severity.WARNING, Severity.CRITICAL


def breach(severity: Severity | None = None, evidence: str = "") -> Reading:
    return Reading(State.BREACH, "too high", 2.0, 1.0, severity=severity, evidence=evidence)


def calm(value: float = 0.1, evidence: str = "") -> Reading:
    return Reading(State.OK, "in order", value, 1.0, evidence=evidence)


NOTHING = Reading(State.NOT_APPLICABLE, "too few rows")


def steps(terms: Terms, *readings: Reading, standing: Standing | None = None) -> tuple[list[Step], Standing]:
    known, found = standing or Standing(), []
    for reading in readings:
        decision = decide(terms, known, reading)
        found.append(decision.step)
        known = decision.after
    return found, known


def test_opens_at_once_repeats_and_clears_after_two_calm_looks() -> None:
    found, known = steps(Terms(), breach(), breach(), calm(), breach(), calm(), calm())
    assert found == [Step.OPEN, Step.REPEAT, Step.NONE, Step.REPEAT, Step.NONE, Step.CLEAR]
    assert known.open is None


def test_two_of_three_before_it_opens() -> None:
    terms = Terms(persistence=(2, 3))
    assert steps(terms, breach(), calm(), calm(), breach())[0] == [Step.NONE] * 4
    assert steps(terms, breach(), calm(), breach())[0][-1] is Step.OPEN


def test_a_critical_alarm_takes_as_many_critical_looks() -> None:
    terms = Terms(persistence=(2, 3))
    known, told = Standing(), []
    for severity in (WARNING, CRITICAL, CRITICAL):
        decision = decide(terms, known, breach(severity))
        told.append((decision.step, decision.severity))
        known = decision.after
    assert told == [(Step.NONE, None), (Step.OPEN, WARNING), (Step.RISE, CRITICAL)]


def test_it_rises_once_and_never_falls() -> None:
    found, known = steps(Terms(), breach(WARNING), breach(CRITICAL), breach(CRITICAL), breach(WARNING))
    assert found == [Step.OPEN, Step.RISE, Step.REPEAT, Step.REPEAT]
    assert known.open is CRITICAL


def test_what_cannot_be_judged_changes_nothing() -> None:
    found, known = steps(Terms(), breach(), NOTHING, calm(), NOTHING, calm())
    assert found == [Step.OPEN, Step.NONE, Step.NONE, Step.NONE, Step.CLEAR]
    before = Standing("w", open=WARNING)
    assert decide(Terms(), before, NOTHING).after == before


@pytest.mark.parametrize(("below", "near", "clear"), [(False, 0.95, 0.85), (True, 1.05, 1.2)])
def test_a_value_near_the_limit_does_not_end_it(below: bool, near: float, clear: float) -> None:
    terms = Terms(clear_share=0.9, below=below)
    assert steps(terms, breach(), calm(near), calm(near), calm(near))[0][1:] == [Step.NONE] * 3
    assert steps(terms, breach(), calm(clear), calm(near), calm(clear))[0][-1] is Step.NONE
    assert steps(terms, breach(), calm(near), calm(clear), calm(clear))[0][-1] is Step.CLEAR
    assert steps(terms, breach(), Reading(State.OK, "no figure"), Reading(State.OK, ""))[0][-1] is Step.CLEAR


def test_looks_at_the_same_evidence_count_once() -> None:
    terms = Terms(persistence=(2, 3))
    found, known = steps(terms, *[breach(evidence="2026-11-01")] * 4, breach(evidence="2026-11-08"))
    assert found == [Step.NONE] * 4 + [Step.OPEN]
    assert known.marks == "ww"
    again, _ = steps(terms, breach(evidence="2026-11-08"), *[calm(evidence="2026-11-15")] * 3, standing=known)
    assert again == [Step.NONE] * 4
    assert steps(terms, calm(evidence="a"), calm(evidence="b"), standing=known)[0][-1] is Step.CLEAR


def test_what_a_person_closed_stays_closed_until_it_was_over_or_gets_worse() -> None:
    hushed = Standing("ww", hushed=WARNING)
    assert steps(Terms(), breach(), breach(), standing=hushed)[0] == [Step.NONE, Step.NONE]
    assert steps(Terms(), breach(CRITICAL), standing=hushed)[0] == [Step.OPEN]
    assert steps(Terms(), calm(), breach(), standing=hushed)[0] == [Step.NONE, Step.NONE]
    assert steps(Terms(), calm(), calm(), breach(), standing=hushed)[0][-1] is Step.OPEN


def test_a_settled_breach_is_enough() -> None:
    terms = Terms(persistence=(2, 3))
    told = replace(breach(evidence="2026-11-08"), settled=True)
    worse = replace(told, severity=CRITICAL, evidence="2026-11-15")
    assert steps(terms, told, told, worse, calm(), calm())[0] == [
        Step.OPEN, Step.NONE, Step.RISE, Step.NONE, Step.CLEAR
    ]  # fmt: skip


LOOKS = st.lists(st.sampled_from([breach(), breach(CRITICAL), breach(INFO), calm(), calm(0.95), NOTHING]), max_size=60)


@given(LOOKS, st.tuples(st.integers(1, 4), st.integers(0, 4)), st.integers(1, 4))
def test_every_opening_has_its_looks_and_nothing_is_opened_twice(
    readings: list[Reading], k_more: tuple[int, int], clear_after: int
) -> None:
    terms = Terms(persistence=(k_more[0], sum(k_more)), clear_after=clear_after)
    known, is_open = Standing(), False
    for reading in readings:
        decision = decide(terms, known, reading)
        known = decision.after
        if decision.step is Step.OPEN:
            assert not is_open
            assert sum(mark in "iwc" for mark in known.marks[-sum(k_more) :]) >= k_more[0]
        if decision.step is Step.CLEAR:
            assert is_open
            assert known.marks.endswith("." * clear_after)
        is_open = known.open is not None
        assert (decision.step in (Step.OPEN, Step.RISE, Step.REPEAT)) <= is_open
        assert len(known.marks) <= KEPT
