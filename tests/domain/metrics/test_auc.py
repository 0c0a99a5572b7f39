"""AUC and the paired comparison, against scikit-learn, brute force and pROC's published example."""

import csv
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from core.domain.metrics.auc import auc, delong, midranks, paired_delong


def _rows(n: int, seed: int, ties: bool) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    outcomes = (rng.random(n) < 0.2).astype(float)
    outcomes[:2] = 0.0, 1.0
    common = rng.normal(size=n) + outcomes
    first, second = common + 0.3 * rng.normal(size=n), common + 0.3 * rng.normal(size=n)
    return outcomes, *((np.round(score) if ties else score) for score in (first, second))


@pytest.mark.parametrize("ties", [False, True])
@pytest.mark.parametrize("n", [10, 500])
def test_auc_agrees_with_scikit_learn(n: int, ties: bool) -> None:
    outcomes, scores, _ = _rows(n, 3, ties)
    assert auc(outcomes, scores).value == pytest.approx(roc_auc_score(outcomes, scores), abs=1e-12)


@pytest.mark.parametrize("ties", [False, True])
def test_delong_agrees_with_its_definition_over_all_pairs(ties: bool) -> None:
    outcomes, scores, other = _rows(120, 5, ties)
    kernels = []
    for score in (scores, other):
        gap = score[outcomes == 1][:, None] - score[outcomes == 0][None, :]
        kernels.append((gap > 0) + 0.5 * (gap == 0))
    m, n = kernels[0].shape
    by_positive = np.cov([kernel.mean(axis=1) for kernel in kernels])
    by_negative = np.cov([kernel.mean(axis=0) for kernel in kernels])
    covariance = by_positive / m + by_negative / n
    assert delong(outcomes, scores)[1] == pytest.approx(np.sqrt(covariance[0, 0]), rel=1e-12)
    paired = paired_delong(outcomes, scores, other)
    expected = np.sqrt(covariance[0, 0] + covariance[1, 1] - 2 * covariance[0, 1])
    assert paired.se == pytest.approx(expected, rel=1e-9)


def test_midranks_agree_with_scipy() -> None:
    from scipy.stats import rankdata

    values = np.random.default_rng(1).integers(0, 20, 200).astype(float)
    assert np.array_equal(midranks(values), rankdata(values))


def _asah(path: Path) -> dict[str, np.ndarray]:
    with path.open() as file:
        rows = list(csv.DictReader(file))
    found = {name: np.array([float(row[name]) for row in rows]) for name in ("s100b", "wfns", "ndka")}
    return found | {"poor": np.array([float(row["outcome"] == "Poor") for row in rows])}


@pytest.mark.real_data
def test_published_areas_of_proc(real_data: Callable[[str], Path]) -> None:
    rows = _asah(real_data("asah.csv"))
    value, se = delong(rows["poor"], rows["s100b"])
    assert (round(value, 4), round(se, 5)) == (0.7314, 0.05166)
    value, se = delong(rows["poor"], rows["wfns"])
    assert (round(value, 4), round(se, 5)) == (0.8237, 0.03834)


@pytest.mark.real_data
def test_published_comparisons_of_proc(real_data: Callable[[str], Path]) -> None:
    rows = _asah(real_data("asah.csv"))
    first = paired_delong(rows["poor"], rows["s100b"], rows["wfns"])
    assert (round(first.z, 4), round(first.p, 5)) == (-2.2090, 0.02718)
    second = paired_delong(rows["poor"], rows["s100b"], rows["ndka"])
    assert (round(second.z, 4), round(second.p, 4)) == (1.3908, 0.1643)


def test_the_interval_covers_the_truth_as_often_as_it_says() -> None:
    from scipy.special import ndtri

    rng = np.random.default_rng(7)
    shift = np.sqrt(2) * ndtri(0.75)
    covered = 0
    for _ in range(400):
        outcomes = (rng.random(400) < 0.2).astype(float)
        found = auc(outcomes, rng.normal(size=400) + shift * outcomes)
        covered += found.low <= 0.75 <= found.high
    assert 0.92 <= covered / 400 <= 0.98


def test_a_perfect_ranking_is_not_certain() -> None:
    found = auc(np.repeat([0.0, 1.0], 10), np.arange(20.0))
    assert found.value == 1.0
    assert found.low < 0.8
    assert found.high == 1.0


def test_fewer_than_thirty_events_are_not_enough() -> None:
    scores = np.arange(200.0)
    assert not auc((scores < 29).astype(float), scores).enough
    assert auc((scores < 30).astype(float), scores).enough
    assert not auc((scores < 171).astype(float), scores).enough


def test_folds_are_never_compared_with_each_other() -> None:
    rng = np.random.default_rng(2)
    outcomes = (rng.random(1000) < 0.3).astype(float)
    scores, fold = rng.normal(size=1000) + outcomes, np.arange(1000) % 5
    shifted = scores + 100 * fold
    assert auc(outcomes, shifted, fold).value == pytest.approx(auc(outcomes, scores, fold).value, abs=1e-12)
    assert auc(outcomes, scores, fold).value == pytest.approx(auc(outcomes, scores).value, abs=0.02)


def test_models_that_rank_alike_do_not_differ() -> None:
    outcomes, scores, _ = _rows(100, 8, ties=False)
    paired = paired_delong(outcomes, scores, np.exp(scores))
    assert (paired.difference, paired.z, paired.p) == (0.0, 0.0, 1.0)
