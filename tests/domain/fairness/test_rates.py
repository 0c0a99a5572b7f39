"""Parity and odds gaps are Fairlearn's, to the last digit."""

from __future__ import annotations

import math

import numpy as np
import pytest
from fairlearn import metrics

from core.domain.fairness.rates import (
    demographic_parity_difference,
    demographic_parity_ratio,
    equalised_odds_difference,
    rates_by_group,
    spread,
)

EXACT = 1e-12


def drawn(seed: int, n: int, k: int):
    rng = np.random.default_rng(seed)
    groups = rng.integers(0, k, n)
    outcome = rng.random(n) < rng.uniform(0.1, 0.9, k)[groups]
    return groups, rng.random(n) < rng.uniform(0.1, 0.9, k)[groups], outcome


@pytest.mark.parametrize("seed", range(40))
def test_gaps_agree_with_fairlearn(seed):
    """Groups of 2 to 9, rows from few to many; every group has both outcomes, as Fairlearn's rates need."""
    k = 2 + seed % 8
    groups, flags, outcome = drawn(seed, (40, 300, 5_000)[seed % 3] * k, k)
    selection = rates_by_group(flags, groups, k)
    true, false = (rates_by_group(flags, groups, k, among) for among in (outcome, ~outcome))
    asked = {"y_true": outcome, "y_pred": flags, "sensitive_features": groups}
    assert demographic_parity_difference(selection) == pytest.approx(
        metrics.demographic_parity_difference(**asked), abs=EXACT
    )
    assert demographic_parity_ratio(selection) == pytest.approx(metrics.demographic_parity_ratio(**asked), abs=EXACT)
    assert equalised_odds_difference(true, false) == pytest.approx(
        metrics.equalized_odds_difference(**asked), abs=EXACT
    )
    frame = metrics.MetricFrame(
        metrics={"tpr": metrics.true_positive_rate, "fpr": metrics.false_positive_rate}, y_true=outcome, y_pred=flags,
        sensitive_features=groups,
    )  # fmt: skip
    np.testing.assert_allclose(frame.by_group["tpr"], true, atol=EXACT)
    np.testing.assert_allclose(frame.by_group["fpr"], false, atol=EXACT)


def test_one_group_has_no_gap():
    groups, flags, outcome = np.zeros(50, dtype=int), np.arange(50) % 3 == 0, np.arange(50) % 2 == 0
    asked = {"y_true": outcome, "y_pred": flags, "sensitive_features": groups}
    selection = rates_by_group(flags, groups, 1)
    assert demographic_parity_difference(selection) == metrics.demographic_parity_difference(**asked) == 0
    assert demographic_parity_ratio(selection) == metrics.demographic_parity_ratio(**asked) == 1


@pytest.mark.parametrize("flag", [True, False])
def test_everybody_or_nobody_is_selected(flag):
    groups, flags = np.arange(60) % 3, np.full(60, flag)
    outcome = np.arange(60) % 2 == 0
    asked = {"y_true": outcome, "y_pred": flags, "sensitive_features": groups}
    selection = rates_by_group(flags, groups, 3)
    assert demographic_parity_difference(selection) == metrics.demographic_parity_difference(**asked) == 0
    ours, theirs = demographic_parity_ratio(selection), metrics.demographic_parity_ratio(**asked)
    assert ours == theirs or (math.isnan(ours) and math.isnan(theirs))


def test_a_group_with_no_row_selected_has_ratio_zero():
    groups, flags = np.arange(60) % 2, (np.arange(60) % 2 == 0) & (np.arange(60) < 30)
    asked = {"y_true": flags, "y_pred": flags, "sensitive_features": groups}
    assert demographic_parity_ratio(rates_by_group(flags, groups, 2)) == metrics.demographic_parity_ratio(**asked) == 0


def test_a_group_without_positives_is_not_known_here_and_zero_there():
    """The one deliberate difference: an empty base is no rate, so it makes no gap."""
    groups = np.repeat([0, 1, 2], 40)
    outcome = np.where(groups == 2, False, np.arange(120) % 2 == 0)
    flags = np.arange(120) % 4 == 0
    true, false = (rates_by_group(flags, groups, 3, among) for among in (outcome, ~outcome))
    assert np.isnan(true[2])
    theirs = metrics.equalized_odds_difference(outcome, flags, sensitive_features=groups)
    assert equalised_odds_difference(np.nan_to_num(true), false) == pytest.approx(theirs, abs=EXACT)
    assert equalised_odds_difference(true, false) == pytest.approx(float(spread(false)), abs=EXACT) != theirs


def test_rows_without_a_group_count_nowhere():
    groups, flags = np.array([0, 0, 1, 1, -1, -1]), np.array([1, 0, 1, 1, 0, 0], dtype=bool)
    assert rates_by_group(flags, groups, 2).tolist() == [0.5, 1.0]
    assert np.isnan(rates_by_group(flags, groups, 3)[2])
    assert math.isnan(demographic_parity_difference(np.full(2, np.nan)))
