"""The generators give the rows that their documentation promises, and the ceilings follow from them."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from sklearn.metrics import roc_auc_score

from core.domain.columns import Columns
from core.domain.parsing import parse_row
from core.usecases import bnpl_default, lead_scoring


def typed(case: object, table: pa.Table) -> Columns:
    rows = [parse_row(case.schema, row) for row in table.to_pylist()]  # type: ignore[attr-defined]
    return {name: np.concatenate([row[name].values for row in rows]) for name in case.schema.names}  # type: ignore[attr-defined]


@pytest.fixture(scope="module")
def purchases() -> pa.Table:
    return bnpl_default.synthesize(100_000, 11)


def test_purchases_have_the_documented_shares(purchases: pa.Table) -> None:
    frame = purchases.to_pandas()
    assert frame["will_default"].mean() == pytest.approx(0.049, abs=0.003)
    assert frame["risk_score"].mean() == pytest.approx(0.348, abs=0.003)
    assert frame["risk_score"].std() == pytest.approx(0.106, abs=0.003)
    assert frame["amount"].between(15.01, 400).all()
    assert frame["amount"].quantile([0.25, 0.5, 0.75]).tolist() == pytest.approx([63, 117, 208], rel=0.03)
    assert frame["customer_tenure_days"].agg(["mean", "std"]).tolist() == pytest.approx([556, 241], rel=0.02)
    assert ((frame["purchase_context"] == "rushed") == (frame["risk_scenario"] == "high_risk_behavior")).all()
    levels = frame.groupby("risk_level")["will_default"].mean()
    assert levels["low"] == pytest.approx(0.031, abs=0.004) and levels["medium"] == pytest.approx(0.057, abs=0.004)
    assert (frame["risk_level"].isin(["high", "very_high"])).mean() == pytest.approx(0.012, abs=0.002)


def test_nothing_a_model_sees_beats_the_risk_score(purchases: pa.Table) -> None:
    frame = purchases.to_pandas()
    ceiling = roc_auc_score(frame["will_default"], bnpl_default.truth({"risk_score": frame["risk_score"].to_numpy()}))
    assert ceiling == pytest.approx(0.603, abs=0.012)


def test_declining_never_pays() -> None:
    largest = bnpl_default.truth({"risk_score": np.array([0.81])})[0]  # every risk factor at its worst
    money = bnpl_default.POLICY.money
    assert money is not None
    (declined_good, _), _, (_, approved_bad) = money.costs
    assert largest == pytest.approx(0.139, abs=0.001)
    assert declined_good / (declined_good + approved_bad) > largest


def test_leads_have_the_documented_base_rate_spread_and_ceiling() -> None:
    columns = lead_scoring._draw(200_000, np.random.default_rng(12))
    p = lead_scoring.truth(columns)
    logit = np.log(p / (1 - p))
    assert p.mean() == pytest.approx(0.125, abs=0.002)
    assert logit.std() == pytest.approx(2.0, abs=0.02)
    outcome = np.random.default_rng(13).random(len(p)) < p
    assert roc_auc_score(outcome, p) == pytest.approx(0.88, abs=0.005)


def test_leads_carry_their_conversion_only_if_they_converted() -> None:
    frame = lead_scoring.synthesize(5_000, 3).to_pandas()
    converted = frame["converted"] == 1
    assert (frame["conversion_value"].notna() == converted).all()
    assert frame.loc[converted, "conversion_value"].between(1_000, 10_000).all()


def test_the_hour_is_read_in_the_leads_own_time_zone() -> None:
    schema = lead_scoring.SCHEMA
    row = parse_row(schema, {"created_at": "2026-03-01T22:30:00Z"})
    hour_of_day = lead_scoring.FEATURES[0]
    assert hour_of_day.compute(row["created_at"].values).tolist() == [2]


def test_the_36_bnpl_features_stand_in_their_documented_order() -> None:
    names = bnpl_default.USE_CASE.feature_names
    assert len(names) == 36
    assert names[0] == "amount" and names[13] == "customer_credit_score_range_encoded"
    assert names[-3:] == ("time_of_day_evening", "time_of_day_morning", "time_of_day_night")
