from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pyarrow as pa
import pytest

from core.domain.usecase import Target, Task, UseCase
from core.errors import InputError, UnknownName
from core.store.log import PredictionLog

DAY = timedelta(days=1)


def outcomes(*facts: tuple[str, Any, datetime]) -> pa.Table:
    entity, outcome, observed_at = zip(*facts, strict=True)
    return pa.table({"entity": entity, "outcome": outcome, "observed_at": pa.array(observed_at, pa.timestamp("us"))})


def fill(log: PredictionLog, use_case: UseCase, draw: Any, at: datetime, n_rows: int = 4) -> tuple[pa.Table, pa.Table]:
    """Rows of E00000 ... at one-hour steps from 2026-01-01."""
    rows, scores = draw(use_case, n_rows)
    log.append(use_case, log.start_batch(use_case, version="v1", source="file", actor="Ada", at=at), rows, scores)
    return rows, scores


def test_outcomes_are_revisions_and_can_be_read_as_known_on_a_day(
    log: PredictionLog, bnpl: UseCase, at: datetime
) -> None:
    seen = at - 30 * DAY
    assert log.append_outcomes(bnpl, outcomes(("A", 0.0, seen), ("B", 1.0, seen)), received_at=at) == 2
    assert log.append_outcomes(bnpl, outcomes(("A", 0.0, seen), ("B", 1.0, seen)), received_at=at + DAY) == 0
    assert log.append_outcomes(bnpl, outcomes(("A", 1.0, seen + DAY)), received_at=at + 2 * DAY) == 1
    before = {row["entity"]: row for row in log.outcomes_as_known_on(bnpl, at + DAY).to_pylist()}
    after = {row["entity"]: row for row in log.outcomes_as_known_on(bnpl, at + 2 * DAY).to_pylist()}
    assert (before["A"]["outcome"], before["A"]["revision"]) == (0.0, 1)
    assert (after["A"]["outcome"], after["A"]["revision"], after["A"]["observed_at"]) == (1.0, 2, seen + DAY)
    assert before["B"] == after["B"]
    assert log.outcomes_as_known_on(bnpl, at - DAY).num_rows == 0


def test_two_revisions_of_one_file_keep_their_order(log: PredictionLog, bnpl: UseCase, at: datetime) -> None:
    later_first = outcomes(("A", 1.0, at), ("A", 0.0, at - DAY), ("A", 1.0, at))
    assert log.append_outcomes(bnpl, later_first, received_at=at) == 2
    known = log.outcomes_as_known_on(bnpl, at).to_pylist()
    assert [(row["outcome"], row["revision"]) for row in known] == [(1.0, 2)]


def test_classes_are_kept_as_labels(log: PredictionLog, bnpl: UseCase, at: datetime) -> None:
    target = Target("performance", ("Low", "High"))
    ranked = replace(bnpl, key="ranked", task=Task.MULTICLASS, target=target, shadow_view=None)
    log.append_outcomes(ranked, outcomes(("A", "High", at)), received_at=at)
    assert log.outcomes_as_known_on(ranked, at)["outcome"].to_pylist() == ["High"]


def test_only_mature_rows_meet_their_outcomes(log: PredictionLog, bnpl: UseCase, draw: Any, at: datetime) -> None:
    rows, scores = fill(log, bnpl, draw, at)
    first, last = rows["as_of"][0].as_py(), rows["as_of"][3].as_py()
    log.append_outcomes(bnpl, outcomes(("E00001", 1.0, last + DAY)), received_at=last + 2 * DAY)
    ripe = last + timedelta(days=bnpl.target.horizon_days)
    found = log.with_outcomes(bnpl, ripe, ["ridge", "risk_level"]).sort_by("entity")
    assert found["outcome"].to_pylist() == [None, 1.0, None, None]
    assert found["ridge"].to_pylist() == scores["ridge"].to_pylist()
    assert found["observed_at"].to_pylist()[1] == last + DAY
    assert log.with_outcomes(bnpl, ripe - timedelta(seconds=1)).num_rows == 3
    assert log.with_outcomes(bnpl, first + DAY).num_rows == 0


def test_an_outcome_may_name_the_time_of_its_row(log: PredictionLog, bnpl: UseCase, draw: Any, at: datetime) -> None:
    rows, _ = fill(log, bnpl, draw, at, 3)
    when = rows["as_of"].to_pylist()
    given = outcomes(("E00000", 1.0, at), ("E00001", 1.0, at), ("E00002", 1.0, at))
    given = given.append_column("as_of", pa.array([when[0], when[0], None], pa.timestamp("us")))
    log.append_outcomes(bnpl, given, received_at=at)
    log.append_outcomes(bnpl, outcomes(("E00000", 0.0, at)), received_at=at)
    found = log.with_outcomes(bnpl, at + 400 * DAY).sort_by("entity")
    assert found["outcome"].to_pylist() == [1.0, None, 1.0]


RULES = {"High risk": "decline", "Medium risk": "approve with limit", "Low risk": "approve"}
COST = {"High risk": (21.6, 0.0), "Medium risk": (0.0, 108.0), "Low risk": (0.0, 108.0)}


@pytest.fixture
def shadowed(log: PredictionLog, bnpl: UseCase, draw: Any, at: datetime) -> list[dict[str, Any]]:
    """Every pair of bands x (no outcome, good, bad), then one row that is not mature; known 90 days on."""
    rows, scores = draw(bnpl, 28)
    bands = list(RULES)
    rules = [bands[row // 9 % 3] for row in range(28)]
    champion = [bands[row // 3 % 3] for row in range(28)]
    for name, values in (("rules_band", rules), ("band", champion)):
        scores = scores.set_column(scores.column_names.index(name), name, pa.array(values))
    moved = [*rows["as_of"].to_pylist()[:27], at + 10 * DAY]
    rows = rows.set_column(rows.column_names.index("as_of"), "as_of", pa.array(moved, pa.timestamp("us")))
    log.append(bnpl, log.start_batch(bnpl, version="v1", source="file", actor="Ada", at=at), rows, scores)
    seen = [(f"E{row:05d}", float(row % 3 - 1), moved[row] + 20 * DAY) for row in range(28) if row % 3 or row == 27]
    seen[-1] = ("E00027", 1.0, moved[27] + 20 * DAY)
    log.append_outcomes(bnpl, outcomes(*seen), received_at=at + 31 * DAY)
    view = log.shadow(bnpl, at + 90 * DAY).sort_by("transaction_id").to_pylist()
    kept = rows.to_pylist(), scores.to_pylist()
    return [{"view": got, "row": row, "score": score} for got, row, score in zip(view, *kept, strict=True)]


def test_the_shadow_view_has_exactly_its_columns(log: PredictionLog, bnpl: UseCase, at: datetime) -> None:
    assert log.shadow(bnpl, at).column_names == [
        "transaction_id",
        "timestamp",
        "business_decision",
        "business_risk_score",
        "ridge_prediction",
        "logistic_prediction",
        "elastic_prediction",
        "ensemble_prediction",
        "consensus_prediction",
        "actual_default",
        "days_to_resolution",
        "opportunity_cost",
    ]
    assert log._arrow("SELECT * FROM shadow_predictions").column_names == log.shadow(bnpl, at).column_names


def test_the_shadow_view_repeats_what_was_logged(shadowed: list[dict[str, Any]]) -> None:
    for item in shadowed:
        view, row, score = item["view"], item["row"], item["score"]
        assert view["transaction_id"] == row["entity"] == row["transaction_id"]
        assert view["timestamp"] == row["as_of"]
        assert view["business_decision"] == RULES[score["rules_band"]]
        assert view["business_risk_score"] == score["rules_score"]
        for model in ("ridge", "logistic", "elastic", "ensemble"):
            assert view[f"{model}_prediction"] == score[model]
        assert view["consensus_prediction"] == score["consensus"]


def test_the_shadow_view_knows_outcomes_and_their_cost(shadowed: list[dict[str, Any]]) -> None:
    costs = []
    for place, item in enumerate(shadowed[:27]):
        view, outcome = item["view"], place % 3 - 1
        if outcome < 0:  # a declined purchase, or one nobody has reported on
            assert (view["actual_default"], view["days_to_resolution"], view["opportunity_cost"]) == (None,) * 3
            continue
        assert (view["actual_default"], view["days_to_resolution"]) == (outcome, 20)
        expected = COST[item["score"]["rules_band"]][outcome] - COST[item["score"]["band"]][outcome]
        assert view["opportunity_cost"] == pytest.approx(expected)
        costs.append(view["opportunity_cost"])
    assert sorted(set(costs)) == [-108.0, -21.6, 0.0, 21.6, 108.0]


def test_an_outcome_before_maturity_is_shown_but_costs_nothing_yet(shadowed: list[dict[str, Any]]) -> None:
    view = shadowed[27]["view"]
    assert (view["actual_default"], view["days_to_resolution"], view["opportunity_cost"]) == (1.0, 20, None)


def test_the_shadow_view_knows_only_what_had_been_received(
    log: PredictionLog, bnpl: UseCase, shadowed: list[dict[str, Any]], at: datetime
) -> None:
    early = log.shadow(bnpl, at + 30 * DAY)
    assert early["actual_default"].null_count == early["opportunity_cost"].null_count == len(shadowed)


def test_the_view_is_the_macro_of_now(log: PredictionLog, bnpl: UseCase, draw: Any) -> None:
    old = datetime.now() - timedelta(days=bnpl.target.horizon_days + 2)
    rows, scores = draw(bnpl, 2)
    times = pa.array([old, datetime.now() - 3 * DAY], pa.timestamp("us"))
    rows = rows.set_column(rows.column_names.index("as_of"), "as_of", times)
    log.append(bnpl, log.start_batch(bnpl, version="v1", source="file", actor="Ada", at=old), rows, scores)
    both = outcomes(("E00000", 1.0, old + DAY), ("E00001", 1.0, old + DAY))
    log.append_outcomes(bnpl, both, received_at=datetime.now() - DAY)
    found = log._arrow("SELECT * FROM shadow_predictions").sort_by("transaction_id")
    assert found["opportunity_cost"].is_null().to_pylist() == [False, True]
    assert found["actual_default"].to_pylist() == [1.0, 1.0]


def test_two_use_cases_cannot_have_one_view(log: PredictionLog, bnpl: UseCase, at: datetime) -> None:
    log.ensure(bnpl)
    with pytest.raises(InputError, match="shadow_predictions"):
        log.ensure(replace(bnpl, key="copy"))
    with pytest.raises(UnknownName):
        log.shadow(replace(bnpl, key="plain", shadow_view=None), at)
    with pytest.raises(InputError, match="no rules"):
        log.ensure(replace(bnpl, key="ruleless", rules=None, shadow_view="other"))
