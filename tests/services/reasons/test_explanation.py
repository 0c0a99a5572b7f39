"""Why a score is what it is: recomputed from the log to the last bit, taken apart, and shown as far as one may see."""

from __future__ import annotations

import dataclasses
import shutil
from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import UTC, timedelta
from pathlib import Path
from typing import Any

import pytest

from core.config import Settings
from core.domain.evidence import FEW
from core.domain.explained import Explanation
from core.errors import BundleProblem, InputError, RowProblem
from core.services.access import LOCAL_PEOPLE, Role
from core.services.batches import void
from core.services.desk import Desk, open_desk
from core.services.reasons import found
from core.services.reasons.explanation import compare, explain, explain_row, find_predictions, plain_text
from core.services.scoring import score_one
from core.usecases import builtin

KEYS = list(builtin())
ANALYST, SALES = LOCAL_PEOPLE[Role.ANALYST], LOCAL_PEOPLE[Role.SALES]
N_ROWS = 6


def drawn(key: str, n_rows: int = N_ROWS) -> list[dict[str, Any]]:
    synthesize = builtin()[key].synthesize
    assert synthesize is not None
    return list(synthesize(n_rows, 7).to_pylist())


@pytest.fixture(scope="module")
def scored(trained_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Desk, dict[str, list[str]]]]:
    """A desk whose log holds the first rows of every use case, and their predictions' ids."""
    home = tmp_path_factory.mktemp("explained") / "home"
    shutil.copytree(trained_home, home)
    desk = open_desk(Settings(home=home))
    ids = {key: [score_one(desk, ANALYST, key, row).prediction_id for row in drawn(key)] for key in KEYS}
    yield desk, ids
    desk.close()


@pytest.mark.parametrize("key", KEYS)
def test_the_logged_row_scores_the_same_again_to_the_last_bit(
    scored: tuple[Desk, dict[str, list[str]]], key: str
) -> None:
    desk, ids = scored
    for prediction_id in ids[key]:
        said = explain(desk, ANALYST, key, prediction_id)
        assert said.recomputed.logged == said.recomputed.now == said.score
        assert said.recomputed.equal


@pytest.mark.parametrize("key", KEYS)
def test_base_and_reasons_add_up_for_every_model(scored: tuple[Desk, dict[str, list[str]]], key: str) -> None:
    desk, ids = scored
    said = explain(desk, ANALYST, key, ids[key][0])
    assert set(said.models) == set(desk.use_case(key).recipe.model_names)
    assert said.base + sum(reason.points for reason in said.reasons) == pytest.approx(said.score, abs=1e-9)
    for model in said.models.values():
        assert model.base + sum(model.points.values()) == pytest.approx(model.score, abs=1e-9)
        assert model.base + sum(model.feature_points.values()) == pytest.approx(model.score, abs=1e-9)
        assert (model.rank_agreement is None) == (model.model == said.model)
    assert [reason.column for reason in sorted(said.reasons, key=lambda reason: reason.column)] == sorted(
        desk.use_case(key).model_columns
    )
    assert [abs(reason.points) for reason in said.reasons] == sorted(
        (abs(reason.points) for reason in said.reasons), reverse=True
    )


@pytest.mark.parametrize("key", KEYS)
def test_what_helps_moves_the_score_to_its_better_end(scored: tuple[Desk, dict[str, list[str]]], key: str) -> None:
    desk, ids = scored
    better = 1 if desk.use_case(key).higher_is_better else -1
    for prediction_id in ids[key]:
        said = explain(desk, ANALYST, key, prediction_id)
        assert all(better * reason.points > 0 for reason in said.helps)
        assert all(better * reason.points < 0 for reason in said.hurts)
        assert max(len(said.helps), len(said.hurts)) <= 5


@pytest.mark.parametrize("key", KEYS)
def test_a_row_that_is_not_logged_takes_the_same_path(scored: tuple[Desk, dict[str, list[str]]], key: str) -> None:
    """As it was sent, and as the explanation of its logged twin gives it back: times keep their zone."""
    desk, ids = scored
    logged = explain(desk, ANALYST, key, ids[key][1])
    for row in (drawn(key)[1], logged.row):
        said = explain_row(desk, ANALYST, key, row)
        assert (said.score, said.reasons, said.base) == (logged.score, logged.reasons, logged.base)
        assert said.as_of == logged.as_of
        assert (said.prediction_id, said.recomputed.logged, said.trend) == (None, None, ())


def texts_and_numbers(value: Any) -> Iterator[Any]:
    """Everything that stands anywhere inside a value."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        for field in dataclasses.fields(value):
            yield from texts_and_numbers(getattr(value, field.name))
    elif isinstance(value, Mapping):
        for name, item in value.items():
            yield name
            yield from texts_and_numbers(item)
    elif isinstance(value, list | tuple | set | frozenset):
        for item in value:
            yield from texts_and_numbers(item)
    else:
        yield value


@pytest.mark.parametrize("key", KEYS)
def test_sales_get_nothing_of_the_other_models(scored: tuple[Desk, dict[str, list[str]]], key: str) -> None:
    desk, ids = scored
    whole, said = (explain(desk, actor, key, ids[key][0]) for actor in (ANALYST, SALES))
    others = {name: model for name, model in whole.models.items() if name != whole.model}
    mine = set(texts_and_numbers(dataclasses.replace(whole, models={whole.model: whole.models[whole.model]})))
    told = list(texts_and_numbers(said))
    assert set(said.models) == {said.model}
    for name, model in others.items():
        assert not [item for item in told if isinstance(item, str) and name in item]
        hidden = set(texts_and_numbers(model)) - mine
        assert hidden & {model.score, model.base}
        assert not hidden & set(told)
    assert said.reasons == whole.reasons


def test_the_method_of_an_acting_ensemble_does_not_name_its_members_to_sales() -> None:
    from core.services.reasons.explanation import _alone

    use_case = builtin()["lead_scoring"]
    assert _alone("mean of lightgbm, logistic", "ensemble", use_case) == "several models together"
    assert _alone("TreeSHAP, path-dependent", "lightgbm", use_case) == "TreeSHAP, path-dependent"


@pytest.mark.parametrize("key", KEYS)
def test_evidence_counts_at_least_thirty_rows_inside_its_interval(
    scored: tuple[Desk, dict[str, list[str]]], key: str
) -> None:
    desk, ids = scored
    said = explain(desk, ANALYST, key, ids[key][2])
    shown = [reason.evidence for reason in said.reasons if reason.evidence]
    assert len(shown) >= len(said.reasons) / 2
    for evidence in shown:
        assert FEW <= evidence.n <= evidence.n_overall <= said.n_reference
        assert evidence.low <= evidence.rate <= evidence.high


def test_a_level_is_compared_with_the_reference_rows_of_that_level(scored: tuple[Desk, dict[str, list[str]]]) -> None:
    desk, ids = scored
    said = explain(desk, ANALYST, "lead_scoring", ids["lead_scoring"][0])
    reason = next(reason for reason in said.reasons if reason.column == "industry")
    reference = desk.scorer("lead_scoring").bundle.reference.select(["industry", "converted"]).to_pylist()
    like = [float(row["converted"]) for row in reference if row["industry"] == reason.value]
    assert reason.evidence is not None
    assert (reason.evidence.n, reason.evidence.rate) == (len(like), pytest.approx(sum(like) / len(like)))
    assert reason.evidence.n_overall == len(reference)


def test_a_record_and_the_beginning_of_a_prediction_are_found(scored: tuple[Desk, dict[str, list[str]]]) -> None:
    desk, ids = scored
    lead, first = drawn("lead_scoring")[0]["lead_id"], ids["lead_scoring"][0]
    spelled = (lead, f" {lead.lower()} ", first, first[:6], first.upper())
    assert [find_predictions(desk, SALES, "lead_scoring", text)[0].prediction_id for text in spelled] == [first] * 5


def test_digits_that_begin_several_ids_are_asked_about(
    scored: tuple[Desk, dict[str, list[str]]], monkeypatch: pytest.MonkeyPatch
) -> None:
    desk, _ = scored
    monkeypatch.setattr(found, "LEAST_DIGITS", 1)
    synthesize = builtin()["lead_scoring"].synthesize
    assert synthesize is not None
    rows = synthesize(17, 8).to_pylist()  # of seventeen ids two begin with the same one of sixteen digits
    ids = [score_one(desk, ANALYST, "lead_scoring", row).prediction_id for row in rows]
    digit = Counter(name[0] for name in ids).most_common(1)[0][0]
    with pytest.raises(InputError, match=f"begin with '{digit}'") as caught:
        find_predictions(desk, SALES, "lead_scoring", digit)
    near = caught.value.data["near"]
    assert len(near) >= 2 and all(name.startswith(digit) for name in near) and near[0] in str(caught.value.hint)
    for name in near[:2]:
        assert find_predictions(desk, SALES, "lead_scoring", name)[0].prediction_id == name


@pytest.mark.parametrize("text", ["L007-000001", "nobody at all", "abcde", "", "ffffff"])
def test_what_is_not_there_is_said_with_what_to_do(scored: tuple[Desk, dict[str, list[str]]], text: str) -> None:
    desk, _ = scored
    with pytest.raises(InputError) as caught:
        find_predictions(desk, SALES, "lead_scoring", text)
    assert f"'{text}'" in caught.value.message
    assert caught.value.hint
    if text.startswith("L007"):
        assert "Did you mean 'L007-0000001'" in caught.value.hint


@pytest.mark.parametrize("text", ["", "0" * 32, "zz", "0" * 6])
def test_an_unknown_prediction_cannot_be_explained(scored: tuple[Desk, dict[str, list[str]]], text: str) -> None:
    desk, _ = scored
    with pytest.raises(InputError, match="No lead and no prediction"):
        explain(desk, ANALYST, "lead_scoring", text)


def test_a_row_that_breaks_the_schema_is_refused(scored: tuple[Desk, dict[str, list[str]]]) -> None:
    desk, _ = scored
    with pytest.raises(RowProblem, match="page_views"):
        explain_row(desk, ANALYST, "lead_scoring", drawn("lead_scoring")[0] | {"page_views": -1})


def test_the_scores_of_an_entity_stand_in_the_order_of_time(desk: Desk) -> None:
    row = drawn("lead_scoring")[0]
    said = [score_one(desk, ANALYST, "lead_scoring", row | {"page_views": views}) for views in (3, 9, 27)]
    explained = explain(desk, ANALYST, "lead_scoring", said[1].prediction_id)
    assert [point.score for point in explained.trend] == [one.score for one in said]
    assert [point.scored_at for point in explained.trend] == sorted(point.scored_at for point in explained.trend)
    assert explained.trend[0].scored_at.utcoffset() == timedelta(0)
    newest = find_predictions(desk, ANALYST, "lead_scoring", row["lead_id"])
    assert [point.prediction_id for point in newest] == [one.prediction_id for one in reversed(said)]


def test_a_score_of_a_voided_upload_is_marked_and_still_explained(desk: Desk) -> None:
    rows = drawn("lead_scoring")
    first = score_one(desk, ANALYST, "lead_scoring", rows[0]).prediction_id
    void(desk, ANALYST, desk.log.latest_batches()[0]["batch_id"], "wrong list")
    said = explain(desk, ANALYST, "lead_scoring", first)
    assert said.voided and said.recomputed.equal
    assert "voided" in plain_text(desk.use_case("lead_scoring"), said)
    assert [point.voided for point in find_predictions(desk, ANALYST, "lead_scoring", first)] == [True]


def test_a_version_that_is_gone_is_said_with_what_stands_and_what_can_be_done(desk: Desk, desk_home: Path) -> None:
    found = score_one(desk, ANALYST, "lead_scoring", drawn("lead_scoring")[0])
    desk.close()
    folder = desk_home / "models" / "lead_scoring" / "v1"
    folder.rename(folder.with_name("lost"))
    again = open_desk(Settings(home=desk_home))
    try:
        with pytest.raises(BundleProblem) as caught:
            explain(again, ANALYST, "lead_scoring", found.prediction_id)
    finally:
        again.close()
    assert "stands in the log" in caught.value.message and "no longer there" in caught.value.message
    assert "Restore models/lead_scoring/v1" in caught.value.hint


def test_a_score_that_the_log_holds_otherwise_is_told_apart(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    found = score_one(desk, ANALYST, "lead_scoring", drawn("lead_scoring")[0])
    real = desk.log.predictions_by_id

    def other(*args: Any) -> Any:
        table = real(*args)
        place = table.schema.get_field_index("score")
        return table.set_column(place, "score", [[table["score"][0].as_py() + 1e-12]])

    monkeypatch.setattr(desk.log, "predictions_by_id", other)
    said = explain(desk, ANALYST, "lead_scoring", found.prediction_id)
    assert not said.recomputed.equal
    assert said.recomputed.logged != said.recomputed.now == found.score


def test_two_records_differ_by_the_gaps_of_their_columns(scored: tuple[Desk, dict[str, list[str]]]) -> None:
    desk, ids = scored
    both = compare(desk, ANALYST, "lead_scoring", *ids["lead_scoring"][:2])
    assert both.same_version
    assert sum(gap.points for gap in both.gaps) == pytest.approx(both.first.score - both.second.score, abs=1e-9)
    assert {gap.column for gap in both.gaps} == set(desk.use_case("lead_scoring").model_columns)
    rows = drawn("lead_scoring")
    for gap in both.gaps:
        assert gap.same == (rows[0][gap.column] == rows[1][gap.column])
    sizes = [abs(gap.points) for gap in both.gaps]
    assert sizes == sorted(sizes, reverse=True)


def test_the_decision_is_told_as_logged_with_who_took_it(scored: tuple[Desk, dict[str, list[str]]]) -> None:
    desk, ids = scored
    said: Explanation = explain(desk, SALES, "bnpl_default", ids["bnpl_default"][0])
    assert said.decided_by == "rules"
    assert said.decision in desk.use_case("bnpl_default").policy.decisions
    assert said.scored_at is not None and said.scored_at.tzinfo is UTC
