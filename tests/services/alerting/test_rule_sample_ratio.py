"""Sample-ratio mismatch: silent on a split that chance gives, fires on one it does not, not applicable without any."""

from __future__ import annotations

from datetime import timedelta
from types import SimpleNamespace

import pytest

from core.domain.alert import Severity, State
from core.domain.compare.rates import sample_ratio_p
from core.domain.usecase import UseCase
from core.services.alerting.rules.sample_ratio import RULE, check
from core.services.comparison.experiment_readout import SampleRatio
from core.services.desk import Desk
from core.store.ledger_registry import ExperimentRecord

from .conftest import NOW

DAY = timedelta(days=1)


def run(desk: Desk, leads: UseCase, experiment_id: str = "e123", state: str = "running", **facts: object) -> None:
    began = NOW - 9 * DAY
    record = ExperimentRecord(
        experiment_id, leads.key, "test", began, "Rita", {"name": "Logistic"}, state, 0, began, **facts
    )  # fmt: skip
    desk.ledger.add_experiment(record)


def split(monkeypatch: pytest.MonkeyPatch, *stages: tuple[int, int]) -> None:
    ratios = tuple(
        SampleRatio(place, observed, (0.9, 0.1), sample_ratio_p(observed, (0.9, 0.1)))
        for place, observed in enumerate(stages)
    )
    read_out = "core.services.comparison.experiment_readout.read_out"
    monkeypatch.setattr(read_out, lambda *_: SimpleNamespace(ratios=ratios))


def test_stays_silent(bare: Desk, leads: UseCase, monkeypatch: pytest.MonkeyPatch) -> None:
    run(bare, leads)
    split(monkeypatch, (905, 95))
    [reading] = check(bare, leads, NOW, RULE.terms)
    assert (reading.state, reading.n, reading.about) == (State.OK, 1_000, "Logistic (e123)")


def test_fires_on_any_stage(bare: Desk, leads: UseCase, monkeypatch: pytest.MonkeyPatch) -> None:
    run(bare, leads)
    split(monkeypatch, (960, 40), (905, 95))
    [reading] = check(bare, leads, NOW, RULE.terms)
    assert (reading.state, reading.severity) == (State.BREACH, Severity.CRITICAL)
    assert "960 and 40 entities in stage 1 where 90% / 10% were assigned" in reading.sentence


def test_one_that_ended_is_in_order(bare: Desk, leads: UseCase) -> None:
    run(bare, leads, state="concluded", ended_at=NOW - DAY)
    run(bare, leads, "old0", state="concluded", ended_at=NOW - 60 * DAY)
    [reading] = check(bare, leads, NOW, RULE.terms)
    assert (reading.state, reading.about) == (State.OK, "Logistic (e123)")
    assert reading.value is None


def test_not_applicable(bare: Desk, leads: UseCase, monkeypatch: pytest.MonkeyPatch) -> None:
    assert check(bare, leads, NOW, RULE.terms)[0].sentence == "No experiment runs."
    run(bare, leads)
    assert check(bare, leads, NOW - 10 * DAY, RULE.terms)[0].sentence == "No experiment runs."
    split(monkeypatch, (80, 4))
    [reading] = check(bare, leads, NOW, RULE.terms)
    assert (reading.state, reading.sentence) == (State.NOT_APPLICABLE, "Not enough entities: 84 of 170.")
