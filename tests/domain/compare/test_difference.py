from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats
from sklearn.metrics import f1_score, r2_score, roc_auc_score

from core.domain.compare.difference import (
    auc_part,
    difference,
    macro_auc_part,
    macro_f1_part,
    mean_part,
    r2_part,
    same_scores,
)
from core.domain.metrics.auc import paired_delong

RNG = np.random.default_rng(3)
N = 400
OUTCOMES = (RNG.random(N) < 0.3).astype(float)
A = RNG.normal(size=N) + 0.8 * OUTCOMES
B = 0.7 * A + RNG.normal(size=N) + 0.5 * OUTCOMES


def test_auc_is_paired_delong():
    ours = difference("auc", auc_part(OUTCOMES, A), auc_part(OUTCOMES, B), n_events=int(OUTCOMES.sum()))
    theirs = paired_delong(OUTCOMES, A, B)
    assert ours.gain == pytest.approx(theirs.difference, abs=1e-12)
    assert ours.se == pytest.approx(theirs.se, rel=1e-9)
    assert ours.p == pytest.approx(theirs.p, rel=1e-8)
    assert (ours.low, ours.high) == pytest.approx((theirs.low, theirs.high), abs=1e-10)


def test_means_are_the_paired_z_of_the_differences_and_a_lower_error_is_a_gain():
    errors_a, errors_b = (A - OUTCOMES) ** 2, (B - OUTCOMES) ** 2
    ours = difference("brier", mean_part(errors_b), mean_part(errors_a))
    gap = errors_a - errors_b
    assert ours.gain == pytest.approx(gap.mean())
    assert ours.se == pytest.approx(gap.std(ddof=1) / math.sqrt(N))
    assert ours.p == pytest.approx(2 * stats.norm.sf(abs(gap.mean() / stats.sem(gap))))


@pytest.mark.parametrize("kind", ["macro_f1", "r2", "macro_auc"])
def test_influences_give_the_point_and_the_jackknife_error(kind):
    rng = np.random.default_rng(5)
    codes = rng.integers(0, 3, 300)
    said = np.where(rng.random(300) < 0.6, codes, rng.integers(0, 3, 300))
    values = rng.normal(size=300)
    guess = values + rng.normal(size=300)
    p = rng.dirichlet([1, 1, 1], 300) + np.eye(3)[codes] * 0.4
    p /= p.sum(axis=1, keepdims=True)

    def figure(rows):
        if kind == "macro_f1":
            return f1_score(codes[rows], said[rows], average="macro")
        if kind == "r2":
            return r2_score(values[rows], guess[rows])
        return np.mean([roc_auc_score(codes[rows] == k, p[rows, k]) for k in range(3)])

    part = {
        "macro_f1": lambda: macro_f1_part(codes, said, 3),
        "r2": lambda: r2_part(values, guess),
        "macro_auc": lambda: macro_auc_part(codes, p),
    }[kind]()
    everyone = np.arange(300)
    left_out = np.array([figure(np.delete(everyone, k)) for k in everyone])
    jackknife = math.sqrt(299 / 300 * ((left_out - left_out.mean()) ** 2).sum())
    assert part.value == pytest.approx(figure(everyone))
    assert part.influence.sum() == pytest.approx(0, abs=1e-9)
    assert math.sqrt((part.influence**2).sum()) == pytest.approx(jackknife, rel=0.02)


def test_equal_arms_differ_by_nothing_for_sure():
    found = difference("auc", auc_part(OUTCOMES, A), auc_part(OUTCOMES, 3 * A + 1), n_events=100)
    assert (found.gain, found.se, found.p) == (0.0, 0.0, 1.0)
    assert same_scores(A, 3 * A + 1) == 1.0


def test_rows_repeated_by_entity_do_not_pass_for_new_ones():
    twice = np.repeat(np.arange(N), 2)
    one = difference("auc", auc_part(OUTCOMES, A), auc_part(OUTCOMES, B), n_events=100)
    parts = auc_part(OUTCOMES[twice], A[twice]), auc_part(OUTCOMES[twice], B[twice])
    naive, right = difference("auc", *parts), difference("auc", *parts, clusters=twice)
    assert naive.se == pytest.approx(one.se / math.sqrt(2), rel=0.01)
    assert right.se == pytest.approx(one.se, rel=0.02)


def test_spearman_agrees_with_scipy():
    assert same_scores(A, B) == pytest.approx(stats.spearmanr(A, B).statistic, abs=1e-9)


def test_paired_against_unpaired_and_rows_needed_as_simulated():
    """Paired .00135 against unpaired .0129 at n = 20,000 and correlation .99; .001 takes 286,000 rows, .01 2,900."""
    from core.domain.compare.planning import rows_needed
    from core.domain.metrics.auc import delong

    rng = np.random.default_rng(11)
    errors, single = [], []
    for _ in range(8):
        y = (rng.random(20_000) < 0.05).astype(float)
        z1, z2 = rng.normal(size=(2, 20_000))
        d1, d2 = (math.sqrt(2) * stats.norm.ppf(area) for area in (0.616, 0.615))
        first, second = z1 + d1 * y, 0.99 * z1 + math.sqrt(1 - 0.99**2) * z2 + d2 * y
        errors.append(difference("auc", auc_part(y, first), auc_part(y, second)).se)
        single.append(math.hypot(delong(y, first)[1], delong(y, second)[1]))
    assert np.mean(errors) == pytest.approx(0.00135, rel=0.05)
    assert np.mean(single) == pytest.approx(0.0129, rel=0.05)
    variance = 20_000 * np.mean(errors) ** 2
    assert rows_needed(variance, 0.001) == pytest.approx(286_000, rel=0.1)
    assert rows_needed(variance, 0.01) == pytest.approx(2_900, rel=0.1)


@pytest.mark.real_data
def test_published_comparison_of_proc(real_data):
    """R package pROC, aSAH: paired DeLong of s100b against wfns, Z = -2.2090, p = .02718."""
    import csv

    with real_data("asah.csv").open() as file:
        rows = list(csv.DictReader(file))
    poor = np.array([float(row["outcome"] == "Poor") for row in rows])
    s100b, wfns = (np.array([float(row[name]) for row in rows]) for name in ("s100b", "wfns"))
    found = difference("auc", auc_part(poor, s100b), auc_part(poor, wfns), n_events=int(poor.sum()))
    assert (round(found.gain / found.se, 4), round(found.p, 5)) == (-2.2090, 0.02718)
    assert round(auc_part(poor, s100b).value, 4) == 0.7314


def test_the_best_of_four_equal_models_looks_better_than_a_fixed_one():
    """More than .01 AUC in about 27 % of choices at n = 2,000: why a winner is confirmed on later rows."""
    rng, fooled = np.random.default_rng(21), []
    shift = math.sqrt(2) * stats.norm.ppf(0.615)
    for _ in range(400):
        y = (rng.random(2_000) < 0.05).astype(float)
        scores = math.sqrt(0.95) * rng.normal(size=2_000) + math.sqrt(0.05) * rng.normal(size=(4, 2_000)) + shift * y
        areas = [auc_part(y, score).value for score in scores]
        fooled.append(max(areas) - areas[0] > 0.01)
    assert np.mean(fooled) == pytest.approx(0.27, abs=3 * math.sqrt(0.27 * 0.73 / 400))
