"""Broken rows and a broken split are there when they are said to be, and at no other time."""

from __future__ import annotations

from datetime import timedelta

import pytest

from core.domain.history import DAYS
from core.domain.usecase import UseCase
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
