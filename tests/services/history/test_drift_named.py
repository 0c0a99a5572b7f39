"""Drift of the simulated history: what was planted is named with its right kind, and quiet weeks stay quiet."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from core.domain.drift.bins import Of
from core.domain.drift.judgement import Level, persistent
from core.domain.history import DAYS, MONTHS, Span
from core.domain.usecase import UseCase
from core.services.access import LOCAL_PEOPLE, Role
from core.services.desk import Desk
from core.services.history.versions import FORMER
from core.services.watching import drift, drift_impact, drift_outcomes, drift_results
from core.services.watching.drift_history import FEED, INPUTS, SCORES, VERSION, DriftHistory, history
from core.services.watching.drift_windows import Window
from core.usecases import builtin

from .conftest import NOW

CASES = [case for case in builtin().values() if case.history]
RISK = LOCAL_PEOPLE[Role.RISK]
each = pytest.mark.parametrize("case", CASES, ids=lambda case: case.key)


def seen(desk: Desk, case: UseCase) -> DriftHistory:
    drift_results.measure(desk, case.key, NOW)
    return history(desk, RISK, case.key)


def stretch(case: UseCase, span: Span) -> tuple[datetime, datetime]:
    """First moment of a span of periods, and the one after its last."""
    assert case.history
    if case.history.by_month:
        first = np.datetime64(NOW.replace(tzinfo=None), "M") - MONTHS
        ends = [(first + place).astype("datetime64[us]").item().replace(tzinfo=UTC) for place in span]
        return ends[0], ends[1]
    ends = [NOW - timedelta(days=DAYS - 7 * place) for place in span]
    return ends[0], ends[1]


def touched(window: Window, case: UseCase, span: Span) -> bool:
    first, end = stretch(case, span)
    return window.until > first and window.since < end


def whole(window: Window, case: UseCase, span: Span) -> bool:
    first, end = stretch(case, span)
    return window.since >= first and window.until <= end


@each
def test_shifted_columns_are_named_with_the_scores_that_they_move(filled: Desk, case: UseCase) -> None:
    assert case.history
    found = seen(filled, case)
    inside = [place for place, item in enumerate(found.windows) if whole(item, case, case.history.episodes.shifted)]
    assert len(inside) == (1 if case.history.by_month else 3)
    for place in inside:
        assert {(Of.RAW, name) for name in case.history.shifted} <= set(found.kinds[place][INPUTS]), found.kinds[place]
        assert FEED not in found.kinds[place]
    scores = [SCORES in found.kinds[place] for place in inside]
    assert sum(scores) >= (1 if case.history.by_month else 2)
    column = found.items[(Of.RAW, case.history.shifted[0])]
    levels = [Level(column[item.since]["level"]) for item in found.windows[: inside[-1] + 1] if item.since in column]
    assert levels[-1].raised and persistent(levels, *found.persistence) is not case.history.by_month


@each
def test_the_broken_feed_is_named_as_such_and_in_its_window_only(filled: Desk, case: UseCase) -> None:
    assert case.history
    found, broken = seen(filled, case), case.history.episodes.broken
    for window, kinds in zip(found.windows, found.kinds, strict=True):
        if touched(window, case, (broken, broken + 1)) and FEED in kinds:
            assert kinds[FEED] == [(Of.RAW, case.history.shifted[0])]
            assert INPUTS not in kinds, "what is made of the column is explained by the feed"
    assert sum(FEED in kinds for kinds in found.kinds) == 1


@each
def test_the_new_version_is_named_where_it_begins_to_act(filled: Desk, case: UseCase) -> None:
    assert case.history
    found, first = seen(filled, case), case.history.episodes.new_version
    versions = [next((row["version"] for row in rows.values()), "") for rows in found.items.values()]
    assert set(versions) <= {FORMER, filled.acting_version(case.key)}
    named = [
        window for window, kinds in zip(found.windows, found.kinds, strict=True) if any(VERSION in k for k in kinds)
    ]
    begins = stretch(case, (first, first + 1))[0]
    assert len(named) == 1 and abs(named[0].since - begins) < timedelta(days=7)
    assert f"{VERSION} {filled.acting_version(case.key)}" in found.kinds[found.windows.index(named[0])]


def test_concept_drift_and_a_bad_week_are_no_feature_drift_and_quiet_weeks_stay_quiet(filled: Desk) -> None:
    """At most 5 % of quiet windows may raise anything; more than 6 of these would happen once in 20 such desks."""
    raised, n = [], 0
    for case in CASES:
        assert case.history
        found, planted = seen(filled, case), case.history.episodes
        loud = (planted.shifted, (planted.broken, planted.broken + 1))
        for window, kinds in zip(found.windows, found.kinds, strict=True):
            if not any(touched(window, case, span) for span in loud):
                n += 1
                if INPUTS in kinds or FEED in kinds:
                    raised.append((case.key, window.since.date(), kinds))
    assert n > 75
    assert len(raised) <= 6, raised


@each
def test_concept_drift_and_the_bad_week_are_named_among_them(filled: Desk, case: UseCase) -> None:
    assert case.history
    spells = drift_outcomes.spells(filled, RISK, case.key)
    first, end = (moment.date() for moment in stretch(case, case.history.episodes.concept))
    named = [spell for spell in spells if spell.kind == drift_outcomes.CONCEPT]
    assert any(spell.first < end and spell.last >= first for spell in named), spells


@each
def test_the_newest_state_is_what_rules_and_home_read(filled: Desk, case: UseCase) -> None:
    found = seen(filled, case)
    state = drift_results.latest(filled, case.key)
    assert state is not None and found.latest is not None
    assert [item.levels for item in found.latest.items] == [item.levels for item in state.items]
    assert state.score.of == "score" and state.score.name == filled.scorer(case.key).card.champion
    assert state.n > 0 and state.window in found.windows
    assert {item.of for item in state.items} == {"score", "raw column", "feature"}


def test_what_was_measured_is_not_measured_again(filled: Desk) -> None:
    seen(filled, CASES[0])
    before = filled.log.drift_windows(CASES[0].key)
    assert drift_results.measure(filled, CASES[0].key, NOW + timedelta(hours=3)) == ()
    assert filled.log.drift_windows(CASES[0].key) == before


@each
def test_the_page_measures_what_was_measured_and_weighs_it(filled: Desk, case: UseCase) -> None:
    assert case.history
    found = seen(filled, case)
    place = next(k for k, item in enumerate(found.windows) if whole(item, case, case.history.episodes.shifted))
    page = drift.drift(filled, RISK, case.key, found.windows[place], NOW)
    kept = drift_results.results(filled, case.key, page.window.since, page.window.until)
    assert [(item.of.value, item.name, item.level.value) for item in page.against_reference] == [
        (row["of"], row["name"], row["level"]) for row in kept
    ]
    assert [item.psi for item in page.against_reference] == pytest.approx([row["psi"] for row in kept])
    weights = drift_impact.weights(filled, RISK, page)
    effects = {name: weight.impact for name, weight in weights.by_name.items()}
    moved = {name for name, item in effects.items() if item.low > 0 or item.high < 0}
    assert moved & set(case.history.shifted), "a shifted column moves the mean score, beyond chance"
    assert page.shift.low > 0 or page.shift.high < 0
