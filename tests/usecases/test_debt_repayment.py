"""The generator's debtors are the documented ones; ceilings, features, rules and advice follow from them."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import accuracy_score, f1_score, roc_auc_score

from core.domain.columns import MISSING, Columns
from core.domain.features import feature_matrix
from core.domain.parsing import parse_row
from core.usecases import debt_repayment as case
from core.usecases import debt_repayment_advice as advising
from core.usecases import debt_repayment_truth as generator

CASE = case.USE_CASE


@pytest.fixture(scope="module")
def debtors() -> object:
    return case.synthesize(100_000, 31).to_pandas()


@pytest.fixture(scope="module")
def drawn() -> tuple[Columns, np.ndarray]:
    return generator._draw(300_000, np.random.default_rng(32))


def typed(rows: list[dict]) -> Columns:
    parsed = [parse_row(case.SCHEMA, row) for row in rows]
    return {name: np.concatenate([row[name].values for row in parsed]) for name in case.SCHEMA.names}


def feature(name: str, *values: object) -> np.ndarray:
    found = next(item for item in case.FEATURES if item.name == name)
    return np.asarray(found.compute(*(np.asarray(value, dtype=float) for value in values)), dtype=float)


def history(*payments: float) -> list[float]:
    return [np.nan] * (12 - len(payments)) + list(payments)


# --- the generator ---


def test_outcomes_have_the_documented_shares(debtors) -> None:  # type: ignore[no-untyped-def]
    shares = debtors["payment_status"].value_counts(normalize=True)
    assert shares["full"] == pytest.approx(0.175, abs=0.005)
    assert shares["partial"] == pytest.approx(0.665, abs=0.006)
    assert shares["none"] == pytest.approx(0.16, abs=0.005)


@pytest.mark.parametrize(
    ("column", "low", "high", "mean", "within"),
    [
        ("customer_age", 18, 85, 46, 0.5),
        ("annual_income", 15_000, 260_000, 68_000, 800),
        ("credit_score", 300, 850, 480, 2),
        ("debt_amount", 100, 200_000, None, None),
        ("days_overdue", 1, 365, 47, 0.5),
        ("contact_attempts", 1, 20, 6.7, 0.1),
        ("response_rate", 0, 1, 0.455, 0.01),
        ("previous_promises", 0, 7, None, None),
    ],
)
def test_columns_have_the_documented_ranges_and_means(debtors, column, low, high, mean, within) -> None:  # type: ignore[no-untyped-def]
    assert debtors[column].between(low, high).all()
    if mean is not None:
        assert debtors[column].mean() == pytest.approx(mean, abs=within)


def test_categories_have_the_documented_shares(debtors) -> None:  # type: ignore[no-untyped-def]
    wanted = {"employed": 0.67, "retired": 0.13, "self_employed": 0.11, "unemployed": 0.06, "student": 0.03}
    shares = debtors["employment_status"].value_counts(normalize=True)
    assert {name: shares[name] for name in wanted} == pytest.approx(wanted, abs=0.01)
    assert (debtors["promise_to_pay"] == "yes").mean() == pytest.approx(0.32, abs=0.005)
    assert debtors["debt_amount"].median() == pytest.approx(5_600, rel=0.05)


def test_columns_are_drawn_jointly(debtors) -> None:  # type: ignore[no-untyped-def]
    related = debtors[["annual_income", "credit_score", "debt_amount", "days_overdue", "response_rate"]].corr()
    assert related.loc["annual_income", "credit_score"] > 0.6
    assert related.loc["annual_income", "debt_amount"] > 0.4
    assert related.loc["credit_score", "days_overdue"] < -0.2
    assert related.loc["credit_score", "response_rate"] > 0.6


def test_h_can_be_recovered_from_the_payments(drawn: tuple[Columns, np.ndarray]) -> None:
    columns, h = drawn
    payments = columns["payment_history"]
    recovered = np.nanmean(payments, axis=1) / (columns["debt_amount"] / 12)
    assert recovered == pytest.approx(h, abs=0.001)
    short = np.isnan(payments).any(axis=1)
    assert short.mean() == pytest.approx(0.05, abs=0.005)
    assert not np.isnan(payments[:, -3:]).any()
    assert np.abs(generator.willingness(columns) - generator._willingness(columns, h)).max() < 1e-4


def test_one_region_answers_more_often_by_the_planted_gap_and_nothing_else_differs(debtors) -> None:  # type: ignore[no-untyped-def]
    by_region = debtors.groupby("region")
    response = by_region["response_rate"].mean()
    others = response.drop(generator.READY_REGION)
    assert response[generator.READY_REGION] - others.mean() == pytest.approx(0.08, abs=0.012)
    assert others.max() - others.min() < 0.01
    for column in ("credit_score", "annual_income", "days_overdue"):
        means = by_region[column].mean()
        assert (means.max() - means.min()) / debtors[column].std() < 0.05


def test_gender_is_independent_of_all(debtors) -> None:  # type: ignore[no-untyped-def]
    for column in ("response_rate", "credit_score", "debt_amount", "customer_age"):
        means = debtors[debtors["gender"] != "other"].groupby("gender")[column].mean()
        assert abs(means["female"] - means["male"]) / debtors[column].std() < 0.02


def test_ceilings_follow_from_the_true_probabilities(drawn: tuple[Columns, np.ndarray]) -> None:
    """Outcomes are drawn with the noise that no model can see; the truth is what is left without it."""
    columns, h = drawn
    p = generator._willingness(columns, h) + np.random.default_rng(33).normal(0, 0.1, len(h))
    outcome = np.where(p > 0.7, 2, np.where(p > 0.4, 1, 0))
    known = case.truth(columns)
    assert known.shape == (len(h), 3) and known.sum(axis=1) == pytest.approx(np.ones(len(h)))
    assert known.mean(axis=0) == pytest.approx(np.bincount(outcome) / len(h), abs=0.003)
    best = known.argmax(axis=1)
    assert accuracy_score(outcome, best) == pytest.approx(0.738, abs=0.005)
    assert f1_score(outcome, best, average="weighted") == pytest.approx(0.717, abs=0.005)
    assert roc_auc_score(outcome, known, multi_class="ovr") == pytest.approx(0.839, abs=0.005)
    assert (outcome == 1).mean() == pytest.approx(0.665, abs=0.006)


def test_the_truth_is_calibrated_in_every_tenth(drawn: tuple[Columns, np.ndarray]) -> None:
    columns, h = drawn
    p = generator._willingness(columns, h) + np.random.default_rng(34).normal(0, 0.1, len(h))
    full = case.truth(columns)[:, 2]
    for part in np.array_split(np.argsort(full), 10):
        assert (p[part] > 0.7).mean() == pytest.approx(full[part].mean(), abs=0.012)


# --- features ---


def test_payment_features_agree_with_numpy() -> None:
    rng = np.random.default_rng(35)
    payments = rng.gamma(2, 100, (50, 12))
    months = np.arange(12)
    slopes = [np.polyfit(months, row, 1)[0] / row.mean() for row in payments]
    assert feature("payment_velocity", payments) == pytest.approx(slopes)
    consistency = np.maximum(0, 1 - payments.std(axis=1) / payments.mean(axis=1))
    assert feature("payment_consistency", payments) == pytest.approx(consistency)
    quarters = payments.reshape(50, 4, 3).sum(axis=2)
    assert feature("seasonal_pattern", payments) == pytest.approx(quarters.max(axis=1) / payments.sum(axis=1))
    assert feature("paid_share", payments, np.full(50, 4_000)) == pytest.approx(
        np.minimum(2, payments.mean(axis=1) / (4_000 / 12))
    )


def test_a_short_history_is_read_as_it_is() -> None:
    short = np.array([history(100, 200, 300, 400)])
    assert feature("payment_velocity", short)[0] == pytest.approx(100 / 250)
    assert feature("payment_consistency", short)[0] == pytest.approx(1 - np.std([100, 200, 300, 400]) / 250)
    assert feature("seasonal_pattern", short)[0] == pytest.approx(900 / 1000)
    assert feature("trend", short)[0] == 1
    assert feature("paid_share", short, [3_000])[0] == pytest.approx(1.0)


@pytest.mark.parametrize("payments", [history(80), history(0), history(0, 0, 0), history(*[0] * 12), history(50, 50)])
def test_histories_without_a_slope_or_a_payment_give_numbers(payments: list[float]) -> None:
    one = np.array([payments])
    assert feature("payment_velocity", one)[0] == 0
    assert feature("trend", one)[0] == 0
    paid = np.nansum(payments) > 0
    assert feature("payment_consistency", one)[0] == (1.0 if paid else 0.0)
    assert feature("seasonal_pattern", one)[0] == (1.0 if paid else 0.0)
    assert 0 < feature("promise_reliability", one, [1_200], [3])[0] < 1


def test_trend_is_up_flat_or_down() -> None:
    rows = [np.linspace(50, 150, 12), np.full(12, 100) + [0, 1] * 6, np.linspace(150, 50, 12)]
    assert feature("trend", np.array(rows)).tolist() == [1, 0, -1]


def test_ratios_say_what_their_formulas_say() -> None:
    assert feature("debt_to_income", [30_000], [60_000])[0] == 0.5
    assert feature("payment_capacity", [30_000], [60_000])[0] == pytest.approx(0.5)
    assert feature("payment_capacity", [120_000], [60_000])[0] == pytest.approx(-1)
    assert feature("debt_beyond_income", [[120_000, 6_000]], [[60_000, 60_000]]).tolist() == [[1, 0]]
    assert feature("contact_responsiveness", [0.6], [5])[0] == pytest.approx(0.6 / (1 + np.log(6)))


def test_risk_concentration_runs_from_a_third_to_one() -> None:
    evenly = feature("risk_concentration", [30_000], [60_000], [182.5], [575])
    assert evenly[0] == pytest.approx(1 / 3)
    assert feature("risk_concentration", [60_000], [60_000], [0], [850])[0] == pytest.approx(1)
    assert feature("risk_concentration", [1], [1e9], [0], [850])[0] == pytest.approx(1)


def test_promises_are_held_against_the_latest_months() -> None:
    payments = np.array([history(*[0] * 9, 100, 0, 60)])  # instalment 100: kept are 100 and 60, not 0
    assert feature("promise_reliability", payments, [1_200], [0])[0] == pytest.approx(1 / 2)
    assert feature("promise_reliability", payments, [1_200], [1])[0] == pytest.approx(2 / 3)
    assert feature("promise_reliability", payments, [1_200], [3])[0] == pytest.approx(3 / 5)
    assert feature("promise_reliability", payments, [1_200], [40])[0] == pytest.approx(3 / 14)


@pytest.mark.parametrize(
    ("days", "bucket"), [(1, 0), (30, 0), (31, 1), (60, 1), (61, 2), (91, 3), (180, 3), (181, 4), (365, 4), (500, 4)]
)
def test_every_day_overdue_is_in_one_bucket(days: int, bucket: int) -> None:
    names = [name for name in CASE.feature_names if name.startswith("overdue_")]
    assert names == ["overdue_0_30", "overdue_31_60", "overdue_61_90", "overdue_91_180", "overdue_181_365"]
    found = [feature(name, [days])[0] for name in names]
    assert found == [1.0 if place == bucket else 0.0 for place in range(5)]


def test_fairness_columns_are_no_features_and_may_be_empty() -> None:
    read = {name for item in case.FEATURES for name in item.inputs}
    assert read.isdisjoint({"region", "gender", "customer_id", "customer_age"})
    row = next(iter(case.synthesize(1, 3).to_pylist())) | {"region": "", "gender": None}
    assert CASE.schema.check(parse_row(CASE.schema, row), 1).ok[0]


def test_age_bands_are_a_grouping_of_the_age() -> None:
    assert CASE.sensitive == ("gender", "region", "age_band")
    codes = case.AGE_BANDS.codes(np.array([18.0, 29, 30, 49, 50, 70, 85, np.nan]))
    assert codes.tolist() == [0, 0, 1, 1, 2, 3, 3, MISSING]


def test_a_grouping_of_a_column_that_is_not_there_is_noticed() -> None:
    from dataclasses import replace

    from core.services.contract import check_use_case

    wrong = replace(CASE, groupings=(replace(case.AGE_BANDS, column="age"),))
    found = {result.name: result.problem for result in check_use_case(wrong)}
    assert found["columns that are named exist"] == "not in the schema: age, age"
    assert {result.problem for result in check_use_case(CASE)} == {""}


# --- rules and advice ---


def debtor(**changes: object) -> Columns:
    row = {
        "customer_id": "D1",
        "as_of": "2026-03-02T09:00:00Z",
        "customer_age": 35,
        "annual_income": 60_000,
        "employment_status": "employed",
        "credit_score": 520,
        "debt_amount": 3_000,
        "debt_type": "credit_card",
        "days_overdue": 20,
        "payment_history": "250;250;250",
        "contact_attempts": 4,
        "response_rate": 0.5,
        "promise_to_pay": "yes",
        "previous_promises": 1,
        "last_channel": "call",
    }
    return typed([row | changes])


@pytest.mark.parametrize(
    ("days", "debt", "points"),
    [(30, 5_000, 0), (31, 5_000, 1), (61, 5_001, 3), (91, 10_001, 5), (91, 25_001, 6), (20, 25_001, 3)],
)
def test_urgency_points(days: int, debt: float, points: int) -> None:
    assert advising.urgency_points(debtor(days_overdue=days, debt_amount=debt)).tolist() == [points]


@pytest.mark.parametrize(
    ("changes", "band"),
    [
        ({}, "Full"),
        ({"promise_to_pay": "no"}, "Partial"),
        ({"days_overdue": 61}, "Partial"),
        ({"days_overdue": 91, "debt_amount": 6_000}, "None"),
    ],
)
def test_rules_say_none_full_or_partial(changes: dict, band: str) -> None:
    score, codes = case.RULES.apply(debtor(**changes))
    assert CASE.policy.bands[codes[0]].name == band
    assert 0 <= score[0] <= 1


def told(**changes: object) -> dict[str, str]:
    return {item.topic: item.text for item in case.advice(debtor(**changes), np.array([0.2, 0.5, 0.3]))}


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"days_overdue": 91, "debt_amount": 26_000}, "Legal notice first, then phone"),
        ({"days_overdue": 91}, "Phone, because the account is old or large"),
        ({"debt_amount": 10_001}, "Phone, because the account is old or large"),
        ({"days_overdue": 31, "response_rate": 0.61}, "Phone, because 61%"),
        ({"days_overdue": 31, "response_rate": 0.6}, "SMS, because 60%"),
        ({"customer_age": 39}, "SMS, usual"),
        ({"customer_age": 40}, "Phone, usual"),
    ],
)
def test_the_channel_follows_days_debt_response_and_age(changes: dict, said: str) -> None:
    channel = told(**changes)["Channel"]
    assert channel.startswith(said) and channel.endswith("e-mail as backup.")


@pytest.mark.parametrize(("days", "word"), [(30, "Standard"), (31, "Persuasive"), (61, "Firm"), (91, "Escalate")])
def test_the_strategy_follows_the_days(days: int, word: str) -> None:
    assert told(days_overdue=days)["Strategy"].startswith(word)


def test_urgency_hours_and_recovery_are_told() -> None:
    said = told(days_overdue=91, debt_amount=6_000)
    assert said["Urgency"].startswith("Critical: 4 of 6")
    assert said["Best hours"].startswith("9-10 and 17-19")
    assert told(employment_status="retired")["Best hours"].startswith("9-11 and 14-15")
    assert said["Expected recovery"].startswith("55% of the debt, about 3,300")
    assert [told(days_overdue=days)["Urgency"].split(":")[0] for days in (10, 31, 61)] == ["Low", "Medium", "High"]


def test_every_feature_of_a_drawn_row_is_finite() -> None:
    columns = typed(case.synthesize(400, 8).to_pylist())
    assert np.isfinite(feature_matrix(case.FEATURES, columns, 400)).all()
