"""What is trained on collectors is worth having, and claims no more than the figures can tell."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import f1_score

from core.usecases.collector_performance import USE_CASE

from .conftest import Fitted

MODELS = USE_CASE.recipe.model_names


def ceiling(fitted: Fitted) -> tuple[float, float]:
    """The best reachable accuracy on the held-out rows, and its standard error, from the true probabilities."""
    assert USE_CASE.truth is not None
    best = USE_CASE.truth(fitted.take(fitted.partition.test)).max(axis=1)
    return float(best.mean()), float(np.sqrt((best * (1 - best)).sum()) / len(best))


@pytest.mark.parametrize("model", MODELS)
def test_no_model_beats_the_ceiling_by_more_than_noise(collectors: Fitted, model: str) -> None:
    outputs, target = collectors.held_out()
    best, error = ceiling(collectors)
    assert (outputs[model].argmax(axis=1) == target).mean() < best + 3 * error


@pytest.mark.parametrize("model", MODELS)
def test_every_model_is_far_above_the_majority_class_and_the_rules(collectors: Fitted, model: str) -> None:
    outputs, target = collectors.held_out()
    accuracy = (outputs[model].argmax(axis=1) == target).mean()
    majority = (target == 1).mean()
    assert USE_CASE.rules is not None
    band = USE_CASE.rules.apply(collectors.take(collectors.partition.test))[1]
    rules = (2 - band == target).mean()
    assert majority == pytest.approx(0.48, abs=0.04)
    assert majority < rules < accuracy
    assert accuracy > 0.92
    assert f1_score(target, outputs[model].argmax(axis=1), average="macro") > 0.90


def test_the_rules_follow_their_formula() -> None:
    assert USE_CASE.rules is not None
    rows = [  # (rpc, ptp, recovery) in per cent -> band
        ((55, 41, 81), "High"),
        ((54, 41, 81), "Medium"),  # RPC must be over 54
        ((55, 40, 81), "Medium"),
        ((55, 41, 80), "Medium"),
        ((26, 39, 81), "Low"),
        ((26, 90, 39), "Low"),
        ((55, 39, 39), "Low"),
        ((26, 40, 40), "Medium"),
        ((0, 0, 0), "Low"),
    ]
    rpc, ptp, recovery = np.array([rates for rates, _ in rows], dtype=np.float64).T
    columns = {
        "total_contacts": np.full(len(rows), 100.0),
        "contacts_connected": rpc,
        "promises_to_pay": rpc * ptp / 100,
        "total_debt": np.full(len(rows), 100.0),
        "debt_recovered": recovery,
    }
    score, band = USE_CASE.rules.apply(columns)
    assert [USE_CASE.policy.band_names[code] for code in band] == [name for _, name in rows]
    assert score.tolist() == [{"High": 1.0, "Medium": 0.5, "Low": 0.0}[name] for _, name in rows]


def test_bands_run_from_the_highest_class_down() -> None:
    assert USE_CASE.policy.band_names == USE_CASE.target.classes[::-1]


def test_advice_follows_the_gauges() -> None:
    assert USE_CASE.advice is not None
    row = {
        "total_contacts": np.array([100.0]),
        "contacts_connected": np.array([26.0]),
        "promises_to_pay": np.array([13.0]),
        "total_debt": np.array([100.0]),
        "debt_recovered": np.array([81.0]),
    }
    said = {item.topic: item.text for item in USE_CASE.advice(row, np.full(3, 1 / 3))}
    assert "contact data" in said["RPC"]
    assert "amount" in said["PTP"]
    assert "as it is" in said["Recovery"]
    row["promises_to_pay"], row["contacts_connected"] = np.array([13.0]), np.array([60.0])
    said = {item.topic: item.text for item in USE_CASE.advice(row, np.full(3, 1 / 3))}
    assert "coach others" in said["RPC"]
    assert "commitment" in said["PTP"]
