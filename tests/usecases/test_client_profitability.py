"""Client profitability: the generator keeps its promises, and no model claims more than can be known."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from core.domain.columns import NO_SET, Columns
from core.domain.conformal import Intervals
from core.domain.features import feature_matrix
from core.domain.parsing import parse_row
from core.ml.train import Trained, train
from core.usecases import client_profitability_truth as known
from core.usecases.client_profitability import FEATURES, RULES, SCHEMA, USE_CASE, advise

MODELS = USE_CASE.recipe.model_names
N_ROWS = 6_000


def typed(table: pa.Table) -> tuple[Columns, np.ndarray]:
    rows = [parse_row(SCHEMA, row) for row in table.to_pylist()]
    columns = {name: np.concatenate([row[name].values for row in rows]) for name in SCHEMA.names}
    return columns, table["profit_margin"].to_numpy()


@pytest.fixture(scope="module")
def clients() -> tuple[Columns, np.ndarray]:
    return typed(known.synthesize(N_ROWS, 41))


@pytest.fixture(scope="module")
def trained(clients: tuple[Columns, np.ndarray]) -> Trained:
    columns, margin = clients
    return train(USE_CASE, columns, margin, times=columns["as_of"])


def features_of(columns: Columns) -> dict[str, np.ndarray]:
    n_rows = len(columns["as_of"])
    return dict(zip(USE_CASE.feature_names, feature_matrix(FEATURES, columns, n_rows).T, strict=True))


def one(**values: object) -> Columns:
    row = known.synthesize(1, 3).to_pylist()[0] | values
    return {name: item.values for name, item in parse_row(SCHEMA, row).items()}


def test_margins_have_the_documented_range_and_mean() -> None:
    margin = known.synthesize(100_000, 7)["profit_margin"].to_numpy()
    assert margin.mean() == pytest.approx(0.55, abs=0.005)
    assert -0.3 <= margin.min() < -0.15 and 0.95 < margin.max() <= 0.98
    bands = [(margin >= 0.7).mean(), (margin >= 0.4).mean()]
    assert bands == pytest.approx([0.20, 0.81], abs=0.02)


def test_the_best_that_can_be_known_explains_seventy_per_cent() -> None:
    ceilings = []
    for seed in range(5):
        truth = known.truth(known._draw(60_000, np.random.default_rng(seed)))
        margin = known.synthesize(60_000, seed)["profit_margin"].to_numpy()
        assert margin.mean() == pytest.approx(truth.mean(), abs=0.002)  # the noise moves no mean
        ceilings.append(truth.var() / margin.var())
    assert np.mean(ceilings) == pytest.approx(0.70, abs=0.004)


def test_the_margin_falls_with_hours_tickets_and_dissatisfaction() -> None:
    columns, margin = typed(known.synthesize(5_000, 8))
    features = features_of(columns)
    for name, sign in (("hours_per_1000", -1), ("tickets_per_service", -1), ("satisfaction_score", 1)):
        assert sign * np.corrcoef(features[name], margin)[0, 1] > 0.2, name


def test_the_truth_reads_rows_as_scoring_does() -> None:
    drawn = known._draw(300, np.random.default_rng(9))
    columns, _ = typed(known.synthesize(300, 9))
    assert np.array_equal(known.truth(columns), known.truth(drawn))


def test_features_are_what_their_formulas_say() -> None:
    columns = one(
        contract_value=50_000, hours_logged=250, billing_amount=45_000, ticket_count=6, service_types="audit;support",
        client_since="2025-01-01", as_of="2026-01-01T18:00:00Z",
    )  # fmt: skip
    features = features_of(columns)
    assert features["hours_per_1000"][0] == 5
    assert features["billing_ratio"][0] == 0.9
    assert features["tickets_per_service"][0] == 3
    assert features["tenure_days"][0] == 365
    assert features["service_count"][0] == 2
    services = {name for name in features if name.startswith("service_") and name != "service_count"}
    assert len(services) == 10
    assert {name for name in services if features[name][0]} == {"service_audit", "service_support"}


def test_a_set_that_was_not_given_counts_as_no_service() -> None:
    columns = one() | {"service_types": np.array([NO_SET])}
    features = features_of(columns)
    assert features["service_count"][0] == 0 and features["service_audit"][0] == 0
    assert np.isfinite(features["tickets_per_service"][0])


def test_a_client_cannot_be_newer_than_the_day_it_is_looked_at() -> None:
    row = known.synthesize(1, 3).to_pylist()[0] | {"client_since": "2999-01-01"}
    problems = list(SCHEMA.check(parse_row(SCHEMA, row), 1).problems())
    assert [problem.column for problem in problems] == ["client_since"]


def test_the_rules_are_hours_against_billing() -> None:
    score, band = RULES.apply(
        {"hours_logged": np.array([100.0, 1e6, 0.0, 400.0, 5.0]), "billing_amount": np.array([2e4, 1e4, 1e4, 4e4, 0.0])}
    )
    assert score[:4].tolist() == [0.7, -0.3, 0.98, 0.4]
    assert np.isnan(score[4])
    assert band.tolist() == [0, 2, 0, 1, 2]


def test_advice_is_to_review_below_fifty_and_to_grow_above_eighty() -> None:
    columns = one(contract_value=50_000, hours_logged=600, ticket_count=8, service_types="audit;support")
    assert [item.topic for item in advise(columns, np.array([0.49]))] == ["Delivery cost", "Pricing"]
    assert "12.0 hours per 1,000" in advise(columns, np.array([0.49]))[0].text
    assert advise(columns, np.array([0.5])) == advise(columns, np.array([0.8])) == ()
    assert [item.topic for item in advise(columns, np.array([0.81]))] == ["Upsell", "Relationship"]


def test_every_model_beats_the_mean_and_stays_below_the_ceiling(
    trained: Trained, clients: tuple[Columns, np.ndarray]
) -> None:
    columns, margin = clients
    held = trained.reference
    truth = known.truth({name: values[held] for name, values in columns.items()})
    spread = np.array([(truth - margin[held]) ** 2, (margin[held] - margin[held].mean()) ** 2])
    best = 1 - spread[0].sum() / spread[1].sum()  # what knowing the truth reaches on these very rows
    figures = trained.metrics["sets"]["held_out"]["models"]
    for model in MODELS:
        r2 = figures[model]["r2"]
        assert trained.metrics["verdicts"][model] == "better than the baseline"
        assert 0.60 < r2["value"] < best + 0.01, model
        assert figures[model]["decile_lift"]["low"] > 1.2, model
    assert figures["ridge"]["r2"]["value"] > best - 0.03  # the signal is linear and the champion finds it
    rules = trained.metrics["sets"]["held_out"]["rules"]
    assert rules["r2"]["high"] < figures["ridge"]["r2"]["low"]


def test_where_nothing_is_to_be_known_no_model_beats_the_mean() -> None:
    columns, margin = typed(known.synthesize_noise(4_000, 42))
    assert np.sort(margin).tolist() == np.sort(known.synthesize(4_000, 42)["profit_margin"].to_numpy()).tolist()
    trained = train(USE_CASE, columns, margin, times=columns["as_of"])
    assert set(trained.metrics["verdicts"].values()) == {"no better than the baseline"}
    assert trained.verdict == "no better than the baseline"
    for figures in trained.metrics["sets"].values():
        for model in MODELS:
            assert figures["models"][model]["r2"]["value"] < 0.02, model
    assert trained.interval["coverage"]["low"] < 0.92  # the interval is as honest about knowing nothing
    assert trained.interval["mean_width"] > 3 * margin.std()


def test_intervals_hold_on_fresh_draws_as_often_as_measured(trained: Trained) -> None:
    intervals = Intervals.from_json(trained.interval)
    columns, margin = typed(known.synthesize(6_000, 43))
    matrix = feature_matrix(FEATURES, columns, len(margin))
    predictions = trained.compiled.predict(trained.compiled.inputs(matrix))["ridge"][:, 0]
    found = intervals.coverage(predictions, margin)
    error = np.sqrt(0.09 / (intervals.n_rows + 2) + 0.09 / len(margin))  # calibration rows, then fresh rows
    assert found.value == pytest.approx(0.90, abs=3 * error)
    measured = trained.interval["coverage"]
    assert measured["low"] - 3 * error < found.value < measured["high"] + 3 * error


def test_intervals_are_wider_for_costly_clients_as_the_noise_is(trained: Trained) -> None:
    intervals = Intervals.from_json(trained.interval)
    low, high = intervals.bounds(np.array([0.3, 0.75]))
    assert not intervals.same_width
    assert (high - low)[0] > 1.8 * (high - low)[1]
