"""Broken rows and a broken split are there when they are said to be, and at no other time."""

from __future__ import annotations

from datetime import timedelta

import pytest

from core.domain.history import DAYS
from core.domain.usecase import UseCase
from core.services.alerting.rule import rules
from core.services.comparison.experiment_readout import read_out
from core.services.desk import Desk
from core.services.history import job
from core.services.history.refused import NEW_LEVEL, planted_columns
from core.usecases import builtin

from .conftest import ADMIN, NOW

WEEKLY = [case for case in builtin().values() if case.history and not case.history.by_month]


@pytest.mark.parametrize("case", WEEKLY, ids=lambda case: case.key)
def test_rows_are_refused_in_two_weeks(filled: Desk, case: UseCase) -> None:
    assert case.history is not None
    planted = planted_columns(case, case.history.episodes)
    for week in range(26):
        since = NOW - timedelta(days=DAYS - 7 * week)
        refused = filled.log.refused(case, since, since + timedelta(days=7))
        if week not in planted:
            assert not refused
            continue
        (column, rule, level), n = next(iter(refused.items()))
        uploads = filled.log.uploads(case, since, since + timedelta(days=7))
        assert (column, rule) == (planted[week], "type" if week == case.history.episodes.new_level else "required")
        assert level == (NEW_LEVEL if rule == "type" else "")
        assert n == uploads.n_rejected == pytest.approx(0.15 * uploads.n_rows, rel=0.01)


def test_the_split_is_broken_and_says_so(filled: Desk) -> None:
    record = filled.ledger.experiments("client_profitability")[0]
    found = read_out(filled, ADMIN, record)
    assert not found.split_held and found.reason.startswith("The split is broken")
    assert record.state == "concluded" and found.n_rows > 400
    assert not any(filled.ledger.experiments(key) for key in builtin() if key != "client_profitability")


def test_it_goes_with_the_rows(own: Desk) -> None:
    job.clear(own, ADMIN)
    assert not own.ledger.experiments("client_profitability")
    assert not own.log.refused(WEEKLY[0], NOW - timedelta(days=DAYS), NOW)


@pytest.mark.slow
def test_every_rule_that_a_simulation_can_break_has_fired_and_for_what_was_planted(filled: Desk) -> None:
    found = filled.ledger.alerts(limit=1_000)
    assert all(alert.simulated for alert in found)
    fired = {rule: {alert.subject for alert in found if alert.rule == rule} for rule in rules()}
    every = set(builtin())
    weekly = {case.key for case in WEEKLY}
    assert fired["score_drift"] == fired["feature_drift"] == every
    assert fired["scores_now"] <= every
    assert fired["rejects"] == fired["missing_shares"] == fired["new_categories"] == weekly
    assert fired["concept_drift"] == every
    assert fired["calibration"] and fired["conversion_drop"]
    assert fired["fairness_gap"] == {"debt_repayment"}
    assert fired["sample_ratio"] == {"client_profitability"}
    assert fired["latency"] == fired["error_rate"] == fired["availability"] == {"desk"}
    assert not fired["backup_age"], "no row of a person is there that could be lost"
    assert not [look for look in filled.ledger.looks(simulated=True) if look.incident]


@pytest.mark.slow
def test_alerts_begin_when_what_they_are_about_has_begun(filled: Desk) -> None:
    for alert in filled.ledger.alerts(limit=1_000):
        week = (alert.opened_at - (NOW - timedelta(days=DAYS))).days / 7
        case = builtin().get(alert.subject)
        if case is None or case.history is None or case.history.by_month:
            continue
        episodes = case.history.episodes
        begins = {
            "score_drift": episodes.shifted[0],
            "concept_drift": episodes.concept[0],
            "rejects": episodes.new_level,
        }
        begins |= {"missing_shares": episodes.gaps, "new_categories": episodes.new_level, "sample_ratio": 16}
        assert week >= begins.get(alert.rule, 0), (alert.rule, alert.subject, week)
