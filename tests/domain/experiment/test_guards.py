from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from core.domain.experiment.bounds import rate_bound
from core.domain.experiment.guards import GuardState, drift_guard, error_guard, latency_guard


@pytest.mark.parametrize(("hits", "n"), [(0, 10), (1, 1), (3, 50), (30, 500), (10, 10)])
def test_the_bound_is_exact(hits: int, n: int):
    wanted = stats.binomtest(hits, n, alternative="greater").proportion_ci(0.95, method="exact").low
    assert rate_bound("errors", hits, n, 0.02).low == pytest.approx(wanted, abs=1e-12)


def test_one_bad_row_of_one_is_no_reason():
    assert error_guard(1, 1).state is GuardState.FEW
    assert error_guard(1, 30).state is GuardState.HOLDS


def test_looking_after_every_row_turns_back_hardly_ever_when_the_truth_is_half_the_limit():
    rng = np.random.default_rng(4)
    n = np.arange(1, 2_001)
    least = np.array([_least_breach(int(k)) for k in n])
    hits = (rng.random((2_000, 2_000)) < 0.01).cumsum(axis=1)
    assert (hits >= least).any(axis=1).mean() < 0.01
    failing = (rng.random((300, 2_000)) < 0.2).cumsum(axis=1)
    first = (failing >= least).argmax(axis=1)
    assert (failing >= least).any(axis=1).all()
    assert np.quantile(first, 0.95) < 60  # and soon when one row in five fails


def _least_breach(n: int) -> int:
    """The fewest failures of n rows that turn back."""
    for hits in range(n + 1):
        if error_guard(hits, n).state is GuardState.BREACHED:
            return hits
    return n + 1


def test_a_challenger_half_as_slow_again_is_not_slow_enough_but_one_of_twice_the_time_is():
    rng = np.random.default_rng(5)
    mine = rng.gamma(6.0, 0.2, 400)
    assert latency_guard(mine, rng.permutation(mine) * 1.2, True).state is GuardState.HOLDS
    assert latency_guard(mine, rng.permutation(mine) * 2.5, True).state is GuardState.BREACHED
    assert latency_guard(mine[:59], mine, True).state is GuardState.FEW
    assert latency_guard(mine, mine, False).state is GuardState.NOT_ASKED


def test_equal_latencies_turn_back_hardly_ever():
    rng = np.random.default_rng(6)
    draws = [latency_guard(rng.gamma(6.0, 0.2, 80), rng.gamma(6.0, 0.2, 80), True).state for _ in range(300)]
    assert GuardState.BREACHED not in draws


def test_scores_at_the_edges_of_what_was_held_out_are_drift():
    rng = np.random.default_rng(7)
    edges = np.quantile(rng.normal(size=5_000), np.arange(1, 10) / 10).tolist()
    reference = {"edges": edges, "counts": [500] * 10 + [0]}
    assert drift_guard(rng.normal(size=1_000), reference).state is GuardState.HOLDS
    moved = drift_guard(rng.normal(1.5, 1.0, size=1_000), reference)
    assert moved.state is GuardState.BREACHED
    assert not moved.turns_back
    assert drift_guard(rng.normal(size=1_000), None).state is GuardState.NOT_ASKED
