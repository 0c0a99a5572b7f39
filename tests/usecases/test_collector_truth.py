"""The collectors' generator gives the documented population, and its ceiling follows from its own probabilities."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from core.domain.columns import Columns
from core.domain.features import feature_matrix
from core.usecases.collector_performance import USE_CASE
from core.usecases.collector_performance_truth import CLASSES, QUALITY

POPULATION = 955 * 12


def typed(table: pa.Table) -> Columns:
    """The figures as scoring types them; ids and months are not read."""
    columns = {}
    for column in USE_CASE.schema:
        if column.kind.is_coded:
            columns[column.name] = np.array([column.levels.index(text) for text in table[column.name].to_pylist()])
        elif not column.kind.is_text and column.name != "month":
            columns[column.name] = table[column.name].to_numpy().astype(np.float64)
    return columns


@pytest.fixture(scope="module")
def months() -> pa.Table:
    assert USE_CASE.synthesize is not None
    return USE_CASE.synthesize(10 * POPULATION, 11)


@pytest.fixture(scope="module")
def features(months: pa.Table) -> dict[str, np.ndarray]:
    matrix = feature_matrix(USE_CASE.features, typed(months), months.num_rows)
    return dict(zip(USE_CASE.feature_names, matrix.T, strict=True))


def rating(months: pa.Table) -> np.ndarray:
    return np.array([CLASSES.index(text) for text in months["performance"].to_pylist()])


def test_the_shares_of_the_classes_hold(months: pa.Table) -> None:
    shares = np.bincount(rating(months)) / months.num_rows
    assert shares.tolist() == pytest.approx([0.09, 0.48, 0.43], abs=0.015)


@pytest.mark.parametrize(("name", "mean", "spread"), [("rpc", 53.7, 22), ("ptp", 67.4, 12), ("recovery", 82.6, 23)])
def test_the_rates_have_the_reference_means_and_spreads(
    features: dict[str, np.ndarray], name: str, mean: float, spread: float
) -> None:
    rate = features[f"{name}_rate"]
    assert (rate.mean(), rate.std()) == (pytest.approx(mean, abs=1.5), pytest.approx(spread, abs=1.5))
    assert rate.min() >= 0 and rate.max() <= 100


def test_counts_and_ranges_are_the_documented_ones(features: dict[str, np.ndarray]) -> None:
    for name, mean, within in (("total_contacts", 53, 2), ("contacts_connected", 27, 2), ("promises_to_pay", 18.5, 2)):
        assert features[name].mean() == pytest.approx(mean, abs=within)
    assert features["cases_total"].mean() == pytest.approx(20, abs=0.2)
    for name, low, high in (("total_contacts", 20, 100), ("transfer_days", 1, 31), ("total_debt", 1e8, 1e9)):
        assert features[name].min() >= low and features[name].max() <= high
    for name in ("communication_quality", "problem_solving", "debtor_feedback"):
        assert set(np.unique(features[f"{name}_points"])) == {1, 2, 3, 4, 5}


DOCUMENTED = {
    "promises_to_pay": 0.62,
    "cases_closed": 0.61,
    "contacts_connected": 0.53,
    "problem_solving_points": 0.46,
    "debt_recovered": 0.33,
    "transfer_days": -0.14,
}


@pytest.mark.parametrize("name", DOCUMENTED)
def test_correlations_with_the_class_are_near_the_documented_ones(
    months: pa.Table, features: dict[str, np.ndarray], name: str
) -> None:
    found = np.corrcoef(features[name], rating(months))[0, 1]
    assert found == pytest.approx(DOCUMENTED[name], abs=0.2)
    assert np.sign(found) == np.sign(DOCUMENTED[name])


def test_the_ceiling_follows_from_the_true_probabilities(months: pa.Table) -> None:
    """Monte-Carlo from the truth: nobody who sees the figures names the class more often than this."""
    assert USE_CASE.truth is not None
    p = USE_CASE.truth(typed(months))
    assert p.max(axis=1).mean() == pytest.approx(0.955, abs=0.002)
    hits = (p.argmax(axis=1) == rating(months)).mean()  # and the drawn ratings agree with it
    assert hits == pytest.approx(p.max(axis=1).mean(), abs=3 * np.sqrt(0.955 * 0.045 / months.num_rows))


def test_the_truth_is_calibrated_class_by_class(months: pa.Table) -> None:
    assert USE_CASE.truth is not None
    p, drawn = USE_CASE.truth(typed(months)), rating(months)
    for code in range(3):
        unsure = (p[:, code] > 0.2) & (p[:, code] < 0.8)
        assert (drawn[unsure] == code).mean() == pytest.approx(p[unsure, code].mean(), abs=0.03)


def test_a_collector_is_rated_in_twelve_months_and_never_above_its_wholes(months: pa.Table) -> None:
    frame = months.to_pandas()
    assert (frame.groupby("collector_id")["month"].nunique() == 12).all()
    assert frame["month"].is_monotonic_increasing
    assert (frame["month"].str[-2:].astype(int) >= 28).all()
    for part, whole in [rule.columns for rule in USE_CASE.schema.rules]:
        assert (frame[part] <= frame[whole]).all()
    assert (frame["rated_on"].astype(str) > frame["month"]).all()


@pytest.mark.parametrize("n_rows", [1, 11, 12, 13, 250])
def test_any_number_of_rows_can_be_drawn(n_rows: int) -> None:
    assert USE_CASE.synthesize is not None
    drawn = USE_CASE.synthesize(n_rows, 3)
    assert drawn.num_rows == n_rows
    assert len(set(drawn["collector_id"].to_pylist())) == -(-n_rows // 12)


def test_skill_stays_with_the_collector_and_fortune_with_the_month(months: pa.Table) -> None:
    """Skill sd .8 against month sd .6: .64 of the ability is the collector's, so months of one collector agree."""
    closed = np.array(typed(months)["cases_closed"] / typed(months)["cases_total"])
    by = months.to_pandas().assign(share=closed).groupby("collector_id")["share"]
    between = by.mean().var() - by.var().mean() / 12
    within = by.var().mean()
    assert between / (between + within) == pytest.approx(0.6**2 * 0.64, abs=0.04)


def test_the_scale_runs_from_very_poor_to_very_good() -> None:
    assert QUALITY == ("very poor", "unsatisfactory", "fair", "good", "very good")
