from __future__ import annotations

import numpy as np
import pytest

from core.domain.compare.exchange import exchange, exchange_of, flag_top, in_shares
from core.domain.compare.rates import newcombe


def world(n: int, seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    truth = rng.normal(size=n)
    outcome = (rng.random(n) < 1 / (1 + np.exp(1.5 - 1.5 * truth))).astype(float)
    return outcome, truth + 1.5 * rng.normal(size=n), truth + 0.3 * rng.normal(size=n)


def test_of_rates_it_is_the_swap_set_with_newcombes_interval():
    outcome, champion, challenger = world(2_000, 1)
    found = exchange(outcome, champion, challenger, 0.2)
    mine, theirs = flag_top(challenger, 400), flag_top(champion, 400)
    a, b = outcome[mine & ~theirs], outcome[theirs & ~mine]
    assert (found.n_moved, found.n_both, found.n_taken) == (len(a), (mine & theirs).sum(), 400)
    rates = newcombe(int(a.sum()), len(a), int(b.sum()), len(b))
    assert (found.difference, found.low, found.high) == (rates.difference, rates.low, rates.high)
    assert found.method == "Newcombe" and found.enough and found.low > 0


def test_money_is_the_worth_of_the_rows_that_change_hands_and_its_interval_covers():
    totals, covered = [], 0
    for seed in range(200):
        outcome, champion, challenger = world(500, seed)
        found = exchange(outcome, champion, challenger, 0.2, worth=np.where(outcome == 1, 100.0, -10.0))
        assert found.money is not None and found.money_low is not None and found.money_high is not None
        assert found.money == pytest.approx(110 * found.n_moved * found.difference)
        totals.append((found.money, found.money_low, found.money_high))
    centre = float(np.mean([money for money, _, _ in totals]))
    covered = sum(low <= centre <= high for _, low, high in totals)
    assert 0.90 <= covered / 200 <= 0.99


def test_of_values_the_interval_is_that_of_two_means():
    rng = np.random.default_rng(3)
    champion, challenger = rng.normal(size=400), rng.normal(size=400)
    values = 2 * challenger + rng.normal(size=400)
    found = exchange(values, champion, challenger, 0.25)
    assert found.method == "normal"
    top = [np.argsort(-scores, kind="stable")[:100] for scores in (challenger, champion)]
    a, b = (values[list(set(mine.tolist()) - set(theirs.tolist()))] for mine, theirs in (top, top[::-1]))
    half = 1.96 * np.sqrt(a.var() / len(a) + b.var() / len(b))
    assert found.difference == pytest.approx(a.mean() - b.mean())
    assert found.high - found.difference == pytest.approx(half, rel=1e-3)


def test_repeated_entities_are_not_more_rows():
    outcome, champion, challenger = world(400, 4)
    tiled = [np.repeat(part, 3) for part in (outcome, champion, challenger)]
    alone = exchange(*tiled, 0.2)
    together = exchange(*tiled, 0.2, clusters=np.repeat(np.arange(400), 3))
    assert together.high - together.low > 1.4 * (alone.high - alone.low)


def test_the_same_order_exchanges_nothing():
    outcome, champion, _ = world(100, 5)
    found = exchange(outcome, champion, 2 * champion + 1, 0.2, worth=outcome)
    assert found.n_moved == 0 and found.difference == 0.0 and found.money == 0.0
    assert np.isnan(found.champion) and not found.enough


def test_bands_of_given_sizes():
    scores = np.array([0.3, 0.9, 0.3, 0.1])
    assert in_shares(scores, np.array([1, 1, 2])).tolist() == [1, 0, 2, 2]


def test_swap_set_at_equal_coverage_holds_equal_numbers():
    rng = np.random.default_rng(1)
    outcomes = (rng.random(1_000) < 0.2).astype(float)
    champion, challenger = rng.normal(size=1_000) + outcomes, rng.normal(size=1_000) + 1.5 * outcomes
    found = exchange(outcomes, champion, challenger, 0.1)
    a, b = flag_top(challenger, 100), flag_top(champion, 100)
    assert (a & ~b).sum() == (b & ~a).sum() == found.n_moved
    assert found.n_both + found.n_moved == 100


def test_unequal_coverage_is_refused():
    flags = np.array([True, False, False])
    with pytest.raises(ValueError, match="1 and 2 rows"):
        exchange_of(np.zeros(3), flags, ~flags)
