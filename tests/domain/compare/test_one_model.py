from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest

from core.domain.compare.difference import auc_part, difference, mean_part, same_scores
from core.domain.compare.one_model import LEVEL, Coats, Pair, coats

MINIMUM = 0.005


def judged(scores: dict[str, np.ndarray], outcome: np.ndarray) -> Coats:
    events = int(min(outcome.sum(), len(outcome) - outcome.sum()))
    parts = {name: auc_part(outcome, values) for name, values in scores.items()}
    pairs = [
        Pair(
            a,
            b,
            same_scores(scores[a], scores[b]),
            difference("auc", parts[a], parts[b], n_events=events, level=LEVEL),
        )
        for a, b in combinations(scores, 2)
    ]
    return coats(list(scores), pairs, MINIMUM)


@pytest.fixture(scope="module")
def world() -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """Four coats of one model, and one that ranks otherwise."""
    rng = np.random.default_rng(4)
    n = 20_000
    truth = rng.normal(size=n)
    outcome = (rng.random(n) < 1 / (1 + np.exp(3 - truth))).astype(float)
    scores = {name: truth + 0.05 * rng.normal(size=n) for name in ("a", "b", "c", "d")}
    return outcome, scores | {"other": truth + 1.0 * rng.normal(size=n)}


def test_four_coats_are_one_model(world):
    outcome, scores = world
    scores = {name: values for name, values in scores.items() if name != "other"}
    found = judged(scores, outcome)
    assert found.whole and found.arms == ("a", "b", "c", "d")
    assert found.least_rank > 0.98 and 0 < found.reach < MINIMUM
    assert len(found.within) == len(found.pairs) == 6


def test_the_one_that_ranks_otherwise_is_left_out(world):
    outcome, scores = world
    found = judged(scores, outcome)
    assert not found.whole and found.arms == ("a", "b", "c", "d")
    assert len(found.within) == 6 and len(found.pairs) == 10


def test_few_rows_do_not_make_models_one(world):
    outcome, scores = world
    few = {name: values[:250] for name, values in scores.items()}
    assert judged(few, outcome[:250]).arms == ()


def test_alike_in_rank_is_not_enough_where_a_worthwhile_difference_is_left_open(world):
    outcome, scores = world
    pair = Pair("a", "b", 0.999, judged({k: scores[k] for k in "ab"}, outcome).pairs[0].difference)
    assert pair.same(MINIMUM)
    assert not pair.same(1e-5)
    assert not Pair("a", "b", 0.9, pair.difference).same(MINIMUM)
    assert not Pair("a", "b", float("nan"), pair.difference).same(MINIMUM)
    assert not Pair("a", "b", 1.0, None).same(MINIMUM)


def test_it_errs_in_five_per_cent_where_the_difference_is_at_the_margin():
    rng, called = np.random.default_rng(1), 0
    for _ in range(400):
        found = difference(
            "accuracy", mean_part(MINIMUM + 0.02 * rng.normal(size=2_000)), mean_part(np.zeros(2_000)), level=LEVEL
        )
        called += Pair("a", "b", 1.0, found).same(MINIMUM)
    assert 0.02 <= called / 400 <= 0.08


def test_nothing_to_compare():
    assert coats(["a"], [], MINIMUM) == Coats((), False, ())
    assert np.isnan(Coats((), False, ()).least_rank) and np.isnan(Coats((), False, ()).reach)
