"""Complaints in words."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from core.domain.diagnosis import Cause
from core.domain.metrics.measured import Measured
from core.services.complaints.cases import CLOCKS, KINDS, Clock
from core.ui import case_words
from core.ui.cases import clock_badge
from core.usecases import builtin

from .case_files import AT, NAN, USE_CASE, a_case


def test_every_word_that_a_service_uses_has_a_look() -> None:
    assert set(case_words.CAUSE_SHORT) == set(Cause)
    assert set(case_words.PREVENTION) == set(KINDS)
    assert set(case_words.WORK) == {name for name, _, _ in CLOCKS}
    for state in ("running", "overdue", "met"):
        assert state in case_words.CLOCK_LOOK


@pytest.mark.parametrize(
    ("state", "at", "now", "says"),
    [
        ("running", None, -2, "running, 2 h left"),
        ("overdue", None, 3, "overdue by 3 h"),
        ("met", -1, 5, "met: done 2 Mar 2026, 11:00 UTC"),
        ("overdue", 1, 5, "overdue: done 2 Mar 2026, 13:00 UTC, 60 min late"),
    ],
)
def test_a_clock(state: str, at: int | None, now: int, says: str) -> None:
    done = None if at is None else AT + timedelta(hours=at)
    said = case_words.clock(Clock("data analysis", 4, AT, state, done), AT + timedelta(hours=now))
    assert said.replace("1 h late", "60 min late") == says


def test_the_next_clock_is_the_first_that_was_not_stopped() -> None:
    case = a_case()
    first, *rest = case.clocks
    stopped = replace(case, clocks=(replace(first, at=AT, state="met"), *rest))
    found = case_words.next_clock(stopped)
    assert found is not None
    assert found.name == "data analysis"
    assert case_words.next_clock(replace(case, state="answered")) is None


def test_the_badge_of_an_answered_case_says_what_was_missed() -> None:
    case = a_case(state="closed")
    met = tuple(replace(item, state="met", at=AT) for item in case.clocks)
    assert "every clock met" in clock_badge(replace(case, clocks=met))
    late = (replace(met[0], state="overdue"), *met[1:])
    assert "1 of 3 clocks missed" in clock_badge(replace(case, clocks=late))


def test_figures_say_when_there_is_none() -> None:
    none = Measured("rate", NAN, NAN, NAN, 0, 0, "")
    assert case_words.measured(none, "rate") == "none, n = 0"
    few = Measured("rate", 0.5, 0.3, 0.7, 12, 6, "Wilson")
    assert case_words.measured(few, "rate") == "50.0% [30.0%, 70.0%], n = 12, few rows"


@pytest.mark.parametrize("key", builtin())
def test_what_is_counted_has_a_name(key: str) -> None:
    name = case_words.outcome_name(builtin()[key])
    assert name[:4] in ("Shar", "Mean")
    assert "'1'" not in name


def test_a_subject() -> None:
    assert case_words.subject(USE_CASE, a_case()) == "2 Feb 2026 to 2 Mar 2026"
    about = a_case(prediction_id="0123456789", period_from=None, period_to=None)
    assert case_words.subject(USE_CASE, about) == f"one {USE_CASE.noun}, prediction 01234567"
