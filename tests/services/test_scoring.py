"""One row: checked, scored, logged, and decided exactly as in a file."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import InputError, NotPermitted, RowProblem
from core.ml.scorer import Scorer
from core.services.access import LOCAL_PEOPLE, Actor, Role
from core.services.desk import Desk
from core.services.records import accept
from core.services.scoring import check_row, defaults, sample_rows, score_one
from core.usecases import builtin

KEYS = list(builtin())


def drawn(key: str, n_rows: int = 40) -> list[dict[str, Any]]:
    synthesize = builtin()[key].synthesize
    assert synthesize is not None
    return list(synthesize(n_rows, 5).to_pylist())


def scores_of(scorer: Scorer, rows: list[Mapping[str, Any]]) -> dict[str, list[float]]:
    """The rows scored together, through the same check as one row."""
    accepted = [check_row(scorer.use_case, row) for row in rows]
    columns = {name: np.concatenate([row.columns[name] for row in accepted]) for name in accepted[0].columns}
    return {name: values.tolist() for name, values in scorer.score(columns, len(rows)).scores.items()}


@pytest.mark.parametrize("key", KEYS)
def test_a_row_scores_the_same_alone_and_among_others_to_the_last_bit(desk: Desk, key: str) -> None:
    scorer, rows = desk.scorer(key), drawn(key)
    together = scores_of(scorer, rows)
    for place, row in enumerate(rows):
        assert {name: values[place] for name, values in together.items()} == {
            name: values[0] for name, values in scores_of(scorer, [row]).items()
        }


@given(seed=st.integers(0, 10_000), n_rows=st.integers(2, 70))
def test_any_slice_of_a_file_scores_as_the_file(seed: int, n_rows: int) -> None:
    """The compiled sum itself, for any number of rows: no path may round differently."""
    from core.ml.compiled import LinearMember

    rng = np.random.default_rng(seed)
    member = LinearMember("m", rng.normal(size=(36, 1)), rng.normal(size=1))
    inputs = np.asfortranarray(rng.normal(size=(n_rows, 36)))
    whole = member.margins(inputs)[0]
    start = n_rows // 3
    assert (whole[start:] == member.margins(inputs[start:])[0]).all()
    assert whole == pytest.approx(inputs @ member.coef[:, 0] + member.intercept[0], rel=1e-12, abs=1e-12)


@pytest.mark.parametrize("key", KEYS)
def test_what_is_said_of_a_row_is_what_is_logged(desk: Desk, analyst: Actor, key: str) -> None:
    said = score_one(desk, analyst, key, drawn(key)[0])
    logged = desk.log.prediction(desk.use_case(key), said.prediction_id).to_pylist()[0]
    assert not said.already
    assert logged["score"] == said.score and logged["band"] == said.band and logged["decision"] == said.decision
    assert logged["consensus"] == pytest.approx(np.mean(list(said.scores.values())))
    assert {name: logged[name] for name in said.scores} == said.scores


def test_the_same_row_again_is_the_same_prediction(desk: Desk, analyst: Actor) -> None:
    row = drawn("lead_scoring")[0]
    first, second = (score_one(desk, analyst, "lead_scoring", row) for _ in range(2))
    assert first.prediction_id == second.prediction_id
    assert second.already
    assert desk.log.counts(desk.use_case("lead_scoring")).total == 1


def test_a_changed_value_is_a_new_prediction(desk: Desk, analyst: Actor) -> None:
    row = drawn("lead_scoring")[0]
    first = score_one(desk, analyst, "lead_scoring", row)
    second = score_one(desk, analyst, "lead_scoring", row | {"page_views": row["page_views"] + 1})
    assert first.prediction_id != second.prediction_id and not second.already


def test_in_shadow_mode_the_rules_decide(desk: Desk, analyst: Actor) -> None:
    for row in drawn("bnpl_default", 30):
        said = score_one(desk, analyst, "bnpl_default", row)
        assert said.decided_by == "rules" and said.rules is not None
        assert said.decision == {"low": "approve", "medium": "approve with limit"}.get(row["risk_level"], "decline")


def test_an_unknown_category_is_refused_not_scored_as_the_first(desk: Desk, analyst: Actor) -> None:
    row = drawn("lead_scoring")[0] | {"referral_source": "TikTok"}
    with pytest.raises(RowProblem, match="referral_source is 'TikTok'; it takes one of Organic Search"):
        score_one(desk, analyst, "lead_scoring", row)
    assert desk.log.counts(desk.use_case("lead_scoring")).total == 0


def test_a_missing_time_is_never_replaced_by_the_clock(desk: Desk, analyst: Actor) -> None:
    row = {name: value for name, value in drawn("lead_scoring")[0].items() if name != "created_at"}
    with pytest.raises(RowProblem, match="created_at is missing"):
        score_one(desk, analyst, "lead_scoring", row)


def test_a_misspelt_field_is_pointed_out(desk: Desk, analyst: Actor) -> None:
    row = drawn("lead_scoring")[0]
    row["page_view"] = row.pop("page_views")
    with pytest.raises(RowProblem, match="Is 'page_view' meant to be 'page_views'"):
        score_one(desk, analyst, "lead_scoring", row)


def test_every_problem_of_a_row_is_told_at_once(desk: Desk, analyst: Actor) -> None:
    row = drawn("bnpl_default")[0] | {"amount": "a lot", "risk_score": 1.2, "device_type": "fridge"}
    with pytest.raises(RowProblem) as refused:
        score_one(desk, analyst, "bnpl_default", row)
    assert {problem.column for problem in refused.value.data["problems"]} == {"amount", "risk_score", "device_type"}


def test_an_auditor_does_not_score(desk: Desk) -> None:
    with pytest.raises(NotPermitted, match="may not score one"):
        score_one(desk, LOCAL_PEOPLE[Role.AUDITOR], "lead_scoring", drawn("lead_scoring")[0])


def test_an_unknown_use_case_suggests_the_nearest(desk: Desk, analyst: Actor) -> None:
    with pytest.raises(InputError, match="Did you mean 'lead_scoring'"):
        score_one(desk, analyst, "lead_scorin", {})


@pytest.mark.parametrize("key", KEYS)
def test_sample_rows_score_as_they_stand(desk: Desk, analyst: Actor, key: str) -> None:
    for row in sample_rows(desk, key):
        assert score_one(desk, analyst, key, row).ignored == ()


def test_sample_rows_keep_their_hour(desk: Desk) -> None:
    """A reference row's time is kept in UTC; read again it must be the same wall clock in Dubai."""
    scorer = desk.scorer("lead_scoring")
    row = sample_rows(desk, "lead_scoring", 1)[0]
    accepted = check_row(scorer.use_case, row)
    utc = scorer.bundle.reference["created_at"][0].as_py()
    assert (accepted.columns["created_at"][0].item().hour - utc.hour) % 24 == 4


@pytest.mark.parametrize("key", KEYS)
def test_defaults_are_typical_values_of_the_reference(desk: Desk, key: str) -> None:
    typical = defaults(desk, key)
    assert set(typical) == set(desk.use_case(key).schema.names)
    if key == "bnpl_default":
        assert typical["product_category"] == "electronics" and 90 < typical["amount"] < 150


def test_nothing_trained_is_said_with_the_command(home: Any, analyst: Actor) -> None:
    from core.config import Settings
    from core.errors import NotReady
    from core.services.desk import open_desk

    desk = open_desk(Settings(home=home))
    with pytest.raises(NotReady, match="python -m core train lead_scoring"):
        score_one(desk, analyst, "lead_scoring", {})
    desk.close()


def test_accept_keeps_the_numbers_of_good_rows() -> None:
    from core.domain.columns import Column, Kind
    from core.domain.schema import Parsed, Schema

    schema = Schema((Column("x", Kind.NUMBER),))
    parsed = {"x": Parsed(np.array([1.0, np.nan, 3.0]))}
    accepted = accept(schema.check(parsed, 3), parsed, np.array([11, 12, 13]))
    assert accepted.row_numbers.tolist() == [11, 13] and accepted.columns["x"].tolist() == [1.0, 3.0]
