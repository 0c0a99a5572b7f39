"""Rejected rows: silent while few are, fires when the interval leaves the limit, not applicable without rows."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from core.domain.alert import Severity, State
from core.domain.usecase import UseCase
from core.services.alerting.rules.rejects import RULE, check
from core.services.desk import Desk

from .conftest import NOW


def upload(desk: Desk, use_case: UseCase, n_rows: int, n_rejected: int, at: datetime = NOW) -> str:
    facts = {"version": "v1", "source": "file", "actor": "Ana", "at": at}
    batch = desk.log.start_batch(use_case, **facts)
    desk.log.finish_batch(batch, state="done", at=at, n_rows=n_rows, n_rejected=n_rejected)
    return batch.id


def test_stays_silent(bare: Desk, leads: UseCase) -> None:
    upload(bare, leads, 1_000, 40)
    upload(bare, leads, 200, 14, NOW - timedelta(hours=3))
    [reading] = check(bare, leads, NOW, RULE.terms)
    assert reading.state is State.OK
    assert (reading.value, reading.n) == (54 / 1_200, 1_200)
    assert "4.5% of 1,200 rows in 2 uploads of the last 24 hours" in reading.sentence


@pytest.mark.parametrize(("n_rejected", "severity"), [(80, Severity.WARNING), (300, Severity.CRITICAL)])
def test_fires(bare: Desk, leads: UseCase, n_rejected: int, severity: Severity) -> None:
    upload(bare, leads, 1_000, n_rejected)
    [reading] = check(bare, leads, NOW, RULE.terms)
    assert (reading.state, reading.severity) == (State.BREACH, severity)


def test_few_rows_over_the_limit_do_not_fire_while_the_interval_holds_it(bare: Desk, leads: UseCase) -> None:
    upload(bare, leads, 200, 12)
    [reading] = check(bare, leads, NOW, RULE.terms)
    assert (reading.state, reading.value) == (State.OK, 0.06)


def test_not_applicable(bare: Desk, leads: UseCase) -> None:
    assert check(bare, leads, NOW, RULE.terms)[0].sentence == "Nothing was uploaded in the last 24 hours."
    upload(bare, leads, 5_000, 5_000, NOW - timedelta(days=2))
    upload(bare, leads, 5_000, 5_000, NOW + timedelta(minutes=1))
    bare.log.void(upload(bare, leads, 5_000, 5_000), NOW, "Ana", "wrong file")
    upload(bare, bare.use_case("bnpl_default"), 5_000, 5_000)
    upload(bare, leads, 84, 84)
    [reading] = check(bare, leads, NOW, RULE.terms)
    assert (reading.state, reading.sentence) == (State.NOT_APPLICABLE, "Not enough rows: 84 of 170.")
