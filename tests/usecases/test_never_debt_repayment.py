"""What must never happen with debtors: one named test each, and what the trained models may claim."""

from __future__ import annotations

import csv
import shutil
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from pyarrow import csv as arrow_csv
from sklearn.metrics import f1_score, roc_auc_score

from core.config import Settings
from core.domain.columns import Columns
from core.domain.likeness import compare_column
from core.domain.metrics.baseline import Verdict, against_baseline, constant_outputs
from core.domain.metrics.multiclass import multiclass_metrics
from core.domain.parsing import parse_row
from core.domain.schema import Parsed
from core.ml.compiled import StackMember
from core.services import batches
from core.services.access import LOCAL_PEOPLE, Role
from core.services.desk import Desk, open_desk
from core.services.reference import typed_columns
from core.services.scoring import score_one
from core.usecases import debt_repayment

KEY = "debt_repayment"
CASE = debt_repayment.USE_CASE
ANALYST = LOCAL_PEOPLE[Role.ANALYST]
MODELS = CASE.recipe.model_names


@pytest.fixture(scope="module")
def desk(trained_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    home = tmp_path_factory.mktemp("debtors") / "home"
    shutil.copytree(trained_home, home)
    opened = open_desk(Settings(home=home))
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def held_out(desk: Desk) -> tuple[Columns, np.ndarray]:
    """Held-out debtors and their outcomes as class codes."""
    reference = desk.scorer(KEY).bundle.reference
    outcome = [CASE.target.classes.index(label) for label in reference[CASE.target.name].to_pylist()]
    return typed_columns(CASE.schema, reference), np.array(outcome)


@pytest.fixture(scope="module")
def rows() -> list[dict[str, Any]]:
    """Debtors nobody was trained on."""
    return list(CASE.synthesize(400, 71).to_pylist())  # type: ignore[misc]


def typed(rows: list[dict[str, Any]]) -> Columns:
    parsed = [parse_row(CASE.schema, row) for row in rows]
    return {name: np.concatenate([row[name].values for row in parsed]) for name in CASE.schema.names}


def figures(desk: Desk, model: str, kind: str = "held_out") -> dict[str, Any]:
    return desk.scorer(KEY).card.metrics["sets"][kind]["models"][model]


# --- what the models may claim ---


@pytest.mark.parametrize("model", MODELS)
def test_models_beat_the_majority_and_stay_below_the_ceiling(desk: Desk, held_out: Any, model: str) -> None:
    """The ceiling of these very rows, from their true class probabilities, and the noise of drawing outcomes."""
    columns, _ = held_out
    known = debt_repayment.truth(columns)
    rng, best = np.random.default_rng(72), known.argmax(axis=1)
    draws = [(rng.random(len(known))[:, None] > known.cumsum(axis=1)).sum(axis=1) for _ in range(20)]
    ceiling = {
        "accuracy": [(draw == best).mean() for draw in draws],
        "weighted_f1": [f1_score(draw, best, average="weighted") for draw in draws],
        "macro_auc": [roc_auc_score(draw, known, multi_class="ovr") for draw in draws],
    }
    mine = figures(desk, model)
    for name, reached in ceiling.items():
        assert mine[name]["value"] < np.mean(reached) + 3 * np.std(reached), name
    assert mine["weighted_f1"]["value"] > 0.65
    assert mine["macro_auc"]["value"] > 0.81
    baseline = desk.scorer(KEY).card.metrics["sets"]["held_out"]["baseline"]
    assert mine["accuracy"]["low"] > baseline["accuracy"]["value"] == pytest.approx(0.665, abs=0.015)
    assert desk.scorer(KEY).card.metrics["verdicts"][model] == "better than the baseline"


def test_models_beat_the_rules_on_the_same_rows(desk: Desk) -> None:
    rules = desk.scorer(KEY).card.metrics["sets"]["held_out"]["rules"]
    for model in MODELS:
        assert figures(desk, model)["weighted_f1"]["low"] > rules["weighted_f1"]["high"]


def test_the_ensemble_is_a_stack_over_its_three_members(desk: Desk) -> None:
    scorer = desk.scorer(KEY)
    member = scorer.bundle.compiled.members[MODELS.index("ensemble")]
    assert isinstance(member, StackMember) and member.of == ("lightgbm", "logistic", "forest")
    assert scorer.card.uncompiled == () and scorer.card.compile_difference <= 1e-12
    worst = max(figures(desk, model)["log_loss"]["value"] for model in member.of)
    assert figures(desk, "ensemble")["log_loss"]["value"] < worst


def test_probabilities_are_calibrated_on_debtors_never_trained_on(desk: Desk) -> None:
    for model, facts in desk.scorer(KEY).card.calibration.items():
        assert abs(facts["on_test"]["slope"] - 1) < 0.1, model


# --- must never happen ---


def test_never_a_prediction_that_is_a_random_draw(desk: Desk, held_out: Any) -> None:
    """Two scorers, read from disk one after the other, say the same to the last bit, and speak of the debtor."""
    columns, _ = held_out
    n_rows = len(columns["debt_amount"])
    first = desk.scorer(KEY).score(columns, n_rows)
    again = desk.scorer(KEY).score(columns, n_rows)
    other = open_copy(desk).score(columns, n_rows)
    for model in MODELS:
        assert (first.outputs[model] == again.outputs[model]).all()
        assert (first.outputs[model] == other.outputs[model]).all()
        known = debt_repayment.truth(columns) @ np.array(CASE.target.class_values)
        assert np.corrcoef(first.scores[model], known)[0, 1] > 0.95, model


def open_copy(desk: Desk) -> Any:
    from core.ml.scorer import Scorer
    from core.store.bundles import load_bundle

    version = desk.acting_version(KEY)
    assert version is not None
    return Scorer(CASE, load_bundle(desk.folder(KEY) / version))


def test_never_class_labels_permuted_between_encoder_and_screen(desk: Desk, rows: Any, tmp_path: Path) -> None:
    """A debtor who pays is said to pay: in the answer to one row, its class probabilities, its band, and in a file."""
    known = debt_repayment.truth(typed(rows))
    certain = {label: int(known[:, code].argmax()) for code, label in enumerate(CASE.target.classes)}
    assert all(known[place].max() > 0.7 for place in certain.values())
    path = tmp_path / "debtors.csv"
    arrow_csv.write_csv(pa.Table.from_pylist(rows).drop_columns([CASE.target.name]), path)
    state = desk.jobs.wait(batches.submit(desk, ANALYST, KEY, path), 60)
    with Path(state.result["files"]["csv"]).open(newline="") as stream:
        written = list(csv.DictReader(stream))
    for label, place in certain.items():
        said = score_one(desk, ANALYST, KEY, rows[place])
        assert tuple(said.classes) == CASE.target.classes
        assert max(said.classes, key=lambda name: said.classes[name]) == label
        assert said.band.lower() == label
        assert written[place]["band"] == said.band and float(written[place]["score"]) == said.score
    scores = [float(written[certain[label]]["score"]) for label in ("none", "partial", "full")]
    assert scores == sorted(scores) and scores[0] < 0.3 < 0.7 < scores[2]


def test_never_labels_in_another_order_than_the_models(desk: Desk, held_out: Any) -> None:
    """Each class column predicts its own class and no other."""
    columns, outcome = held_out
    outputs = desk.scorer(KEY).score(columns, len(outcome)).outputs
    for model in MODELS:
        for code in (0, 2):
            areas = [roc_auc_score(outcome == code, outputs[model][:, column]) for column in range(3)]
            assert np.argmax(areas) == code and areas[code] > 0.8


def test_never_the_customer_id_encoded_as_a_feature(desk: Desk, rows: Any) -> None:
    """No input is made of ids, however many there are, and another id changes no score."""
    compiled = desk.scorer(KEY).bundle.compiled
    assert len(compiled.feature_names) < 50
    assert not any("customer" in name for name in compiled.feature_names)
    assert all("customer_id" not in feature.inputs for feature in CASE.features)
    one = score_one(desk, ANALYST, KEY, rows[0])
    other = score_one(desk, ANALYST, KEY, rows[0] | {"customer_id": "somebody else"})
    assert one.scores == other.scores and one.prediction_id != other.prediction_id


def test_never_a_group_that_changes_a_score(desk: Desk, rows: Any) -> None:
    one = score_one(desk, ANALYST, KEY, rows[1] | {"gender": "female", "region": "north"})
    other = score_one(desk, ANALYST, KEY, rows[1] | {"gender": "male", "region": ""})
    assert one.scores == other.scores


def test_never_drift_judged_on_twenty_rows(held_out: Any) -> None:
    """Twenty rows, all of them far out: nothing is said of them; of forty it is."""
    columns, _ = held_out
    for name in ("debt_amount", "annual_income", "payment_history", "days_overdue"):
        column, far = CASE.schema[name], columns[name] * 100
        assert compare_column(column, Parsed(far[:20]), columns[name]) == [], name
        assert compare_column(column, Parsed(far[:40]), columns[name]) != [], name


def test_never_a_test_statistic_of_constant_arrays() -> None:
    """A model that says the same of everybody, judged: finite figures, no warning, no better than the baseline."""
    codes = np.repeat([0, 1, 1, 1, 2], 100)
    flat = constant_outputs("multiclass", codes.astype(float), 3, len(codes))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        measured = multiclass_metrics(codes, flat, seed=1)
        always = multiclass_metrics(np.ones(500, dtype=np.int64), np.tile([0.0, 1.0, 0.0], (500, 1)), seed=1)
    assert measured["macro_auc"].value == 0.5 == measured["macro_auc"].low == measured["macro_auc"].high
    assert np.isfinite([[item.value, item.low, item.high] for item in measured.values()]).all()
    assert against_baseline("multiclass", measured, measured) is Verdict.NO_BETTER
    assert "macro_auc" not in always and not always["accuracy"].enough


def test_never_a_constant_history_that_breaks_a_feature(desk: Desk, rows: Any) -> None:
    """Twelve equal payments, or twelve zeros: spread and slope are zero, and the row is scored."""
    for payments in (";".join(["250"] * 12), ";".join(["0"] * 12), "250"):
        said = score_one(desk, ANALYST, KEY, rows[2] | {"payment_history": payments})
        assert all(np.isfinite(value) for value in said.scores.values())


# --- one row and a file, end to end ---


def test_one_debtor_is_scored_and_advised(desk: Desk, rows: Any) -> None:
    said = score_one(desk, ANALYST, KEY, rows[3])
    assert [item.topic for item in said.advice] == ["Urgency", "Channel", "Best hours", "Strategy", "Expected recovery"]
    share = said.classes["full"] + 0.5 * said.classes["partial"]
    assert said.score == pytest.approx(share)
    assert f"{100 * share:.0f}% of the debt" in said.advice[-1].text
    assert sum(said.classes.values()) == pytest.approx(1)
    assert said.rules is not None and said.decided_by == "champion"


def test_a_debtor_scores_the_same_alone_and_in_a_file(desk: Desk, rows: Any, tmp_path: Path) -> None:
    path = tmp_path / "some.csv"
    arrow_csv.write_csv(pa.Table.from_pylist(rows[100:160]), path)
    state = desk.jobs.wait(batches.submit(desk, ANALYST, KEY, path), 60)
    assert (state.result["scored"], state.result["rejected"]) == (60, 0)
    with Path(state.result["files"]["csv"]).open(newline="") as stream:
        written = list(csv.DictReader(stream))
    for row, scored in zip(rows[100:160], written, strict=True):
        alone = score_one(desk, ANALYST, KEY, row)
        assert float(scored["score"]) == alone.score and scored["prediction_id"] == alone.prediction_id


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("payment_history", ""),
        ("payment_history", "100;-5;20"),
        ("payment_history", ";".join(["1"] * 13)),
        ("response_rate", "1.2"),
        ("as_of", ""),
        ("employment_status", "astronaut"),
        ("debt_amount", "0"),
        ("credit_score", "299"),
    ],
)
def test_a_value_that_cannot_be_is_refused_by_name(desk: Desk, rows: Any, column: str, value: str) -> None:
    from core.errors import RowProblem

    with pytest.raises(RowProblem) as caught:
        score_one(desk, ANALYST, KEY, rows[4] | {column: value})
    assert [problem.column for problem in caught.value.data["problems"]] == [column]
