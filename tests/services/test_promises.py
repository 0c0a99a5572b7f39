"""Promises stand beside figures that nobody typed in: the card's, and the known truth's."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from core.config import Settings
from core.domain.claim import Claim
from core.domain.metrics.catalogue import metric_of
from core.errors import NotPermitted
from core.services.access import LOCAL_PEOPLE, Role
from core.services.desk import Desk, open_desk
from core.services.promises import Promise, promises
from core.usecases import builtin

ADMIN = LOCAL_PEOPLE[Role.ADMIN]
CLAIMED = [key for key, case in builtin().items() if case.claims]


@pytest.fixture(scope="module")
def desk(trained_home: Path):
    opened = open_desk(Settings(home=trained_home))
    yield opened
    opened.close()


@pytest.mark.slow
@pytest.mark.parametrize("key", CLAIMED)
def test_figures_come_from_the_card_and_the_truth(desk: Desk, key: str) -> None:
    found = promises(desk, ADMIN, key)
    assert [promise.claim for promise in found] == list(builtin()[key].claims)
    card = desk.card(key, "v1")
    main = card.metrics["sets"][card.metrics["main"]]
    for promise in found:
        assert promise.known is None or promise.known["low"] < promise.known["value"] < promise.known["high"]
        if promise.claim.metric in main["models"][card.champion]:
            assert promise.measured == main["models"][card.champion][promise.claim.metric]


@pytest.mark.slow
def test_what_cannot_be_reached_is_called_so(desk: Desk) -> None:
    said = {(key, p.claim.metric): p for key in CLAIMED for p in promises(desk, ADMIN, key)}
    for place in (("bnpl_default", "auc"), ("lead_scoring", "f1"), ("debt_repayment", "weighted_f1")):
        assert said[place].verdict == "beyond what can be reached"
    assert said["client_profitability", "r2"].verdict == "beyond what can be reached"
    ratio = said["bnpl_default", "risk_ratio"]
    assert ratio.measured is not None
    assert ratio.known is not None
    assert 1 < ratio.measured["low"] < ratio.known["value"] < ratio.measured["high"]
    assert ratio.known["value"] == pytest.approx(3.3, abs=0.2)


def _promise(value: float, low: float, high: float, known: float | None = None) -> Promise:
    figure = {"name": "auc", "value": (low + high) / 2, "low": low, "high": high}
    truth = None if known is None else {"name": "auc", "value": known, "low": known, "high": known}
    return Promise("k", "K", Claim("auc", value, "said", "why"), "v1", "held out", figure, truth)


def test_verdicts() -> None:
    assert _promise(0.9, 0.7, 0.8, known=0.85).verdict == "beyond what can be reached"
    assert _promise(0.9, 0.7, 0.8, known=0.95).verdict == "not reached"
    assert _promise(0.75, 0.7, 0.8).verdict == "within the interval of what is measured"
    assert _promise(0.6, 0.7, 0.8).verdict == "surpassed"
    assert replace(_promise(0.6, 0.7, 0.8), measured=None).verdict == "not measured yet"
    ranged = _promise(0.6, 0.7, 0.8)
    assert replace(ranged, claim=replace(ranged.claim, upto=0.71)).verdict.startswith("within")


@pytest.mark.parametrize("key", CLAIMED)
def test_before_a_training_nothing_is_measured_and_the_truth_stands(key: str, tmp_path: Path) -> None:
    fresh = open_desk(Settings(home=tmp_path))
    found = promises(fresh, ADMIN, key)
    assert all(promise.measured is None for promise in found)
    assert all(metric_of(promise.claim.metric) for promise in found)
    with pytest.raises(NotPermitted):
        promises(fresh, LOCAL_PEOPLE[Role.SALES], key)
    fresh.close()
