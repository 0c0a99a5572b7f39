from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import average_precision_score, cohen_kappa_score, f1_score, roc_curve

from core.domain.compare.bootstrap import class_statistic, draw_together, ranking_statistic, value_statistic
from core.domain.compare.difference import auc_part, difference, macro_f1_part

RNG = np.random.default_rng(8)
N = 600
Y = (RNG.random(N) < 0.25).astype(float)
A = RNG.normal(size=N) + Y
B = A + 0.3 * RNG.normal(size=N)


def test_points_agree_with_scikit_learn():
    names, statistic = ranking_statistic(Y, A, 0.2)
    found = dict(zip(names, statistic(np.ones((1, N)))[0], strict=True))
    fpr, tpr, _ = roc_curve(Y, A)
    top = np.argsort(-A)[:120]
    assert found["pr_auc"] == pytest.approx(average_precision_score(Y, A))
    assert found["ks"] == pytest.approx((tpr - fpr).max())
    assert found["precision_at_capacity"] == pytest.approx(Y[top].mean())
    assert found["recall_at_capacity"] == pytest.approx(Y[top].sum() / Y.sum())
    assert found["lift_at_capacity"] == pytest.approx(Y[top].mean() / Y.mean())
    flagged = np.isin(np.arange(N), top)
    assert found["f1_at_capacity"] == pytest.approx(f1_score(Y, flagged))


def test_the_cut_is_found_anew_in_every_draw():
    _, statistic = ranking_statistic(Y, A, 0.2)
    weights = RNG.integers(0, 3, (1, N)).astype(float)
    rows = np.repeat(np.arange(N), weights[0].astype(int))
    order = rows[np.argsort(-A[rows], kind="stable")]
    n_taken = 0.2 * len(rows)
    whole = int(n_taken)
    hits = Y[order[:whole]].sum() + (n_taken - whole) * Y[order[whole]]
    assert statistic(weights)[0, 2] == pytest.approx(hits / n_taken)


def test_kappa_agrees_and_macro_f1_has_the_error_of_its_influences():
    rng = np.random.default_rng(2)
    codes = rng.integers(0, 3, 500)
    one = np.where(rng.random(500) < 0.6, codes, rng.integers(0, 3, 500))
    two = np.where(rng.random(500) < 0.7, codes, one)
    names, first = class_statistic(codes, one, 3)
    assert first(np.ones((1, 500)))[0, 3] == pytest.approx(cohen_kappa_score(codes, one))
    drawn = draw_together(names, {"a": first, "b": class_statistic(codes, two, 3)[1]}, 500, seed=1)
    ours = drawn.gain("b", "a", "macro_f1")
    exact = difference("macro_f1", macro_f1_part(codes, two, 3), macro_f1_part(codes, one, 3))
    assert ours.gain == pytest.approx(exact.gain)
    assert ours.se == pytest.approx(exact.se, rel=0.08)


def test_differences_are_paired():
    names, a = ranking_statistic(Y, A, 0.2)
    _, b = ranking_statistic(Y, B, 0.2)
    drawn = draw_together(names, {"a": a, "b": b}, N, seed=3, n_events=int(Y.sum()))
    gain = drawn.gain("b", "a", "pr_auc")
    alone = [drawn.figure(name, "pr_auc") for name in ("a", "b")]
    assert gain.high - gain.low < 0.6 * sum(figure.high - figure.low for figure in alone)
    assert drawn.gain("a", "a", "pr_auc").p == 1.0
    exact = difference("auc", auc_part(Y, B), auc_part(Y, A))
    assert np.sign(gain.gain) == np.sign(exact.gain)


def test_whole_entities_are_drawn():
    twice = np.repeat(np.arange(N), 2)
    names, once = ranking_statistic(Y, A, 0.2)
    _, doubled = ranking_statistic(Y[twice], A[twice], 0.2)
    plain = draw_together(names, {"a": once}, N, seed=1).figure("a", "ks")
    right = draw_together(names, {"a": doubled}, 2 * N, seed=1, clusters=twice).figure("a", "ks")
    naive = draw_together(names, {"a": doubled}, 2 * N, seed=1).figure("a", "ks")
    assert right.high - right.low == pytest.approx(plain.high - plain.low, rel=0.15)
    assert naive.high - naive.low < 0.85 * (right.high - right.low)


def test_decile_lift():
    values = RNG.normal(size=N) + 5
    names, statistic = value_statistic(values, values)
    top = np.sort(values)[-60:]
    assert dict(zip(names, statistic(np.ones((1, N)))[0], strict=True))["decile_lift"] == pytest.approx(
        top.mean() / values.mean(), rel=0.01
    )
