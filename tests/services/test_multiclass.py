"""Several ordered classes, end to end: trained, one row, a file, the log, the home page's figures."""

from __future__ import annotations

import csv
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pyarrow import csv as arrow_csv

from core.config import Settings
from core.services import batches, results
from core.services.access import LOCAL_PEOPLE, Actor, Role
from core.services.desk import Desk, open_desk
from core.services.overview import overview
from core.services.scoring import sample_rows, score_one
from core.services.training import train_version
from core.usecases.collector_performance import USE_CASE

KEY = USE_CASE.key
CLASSES = USE_CASE.target.classes
MODELS = USE_CASE.recipe.model_names


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any]]:
    """A home with this use case alone trained, and what training answered."""
    home = tmp_path_factory.mktemp("collectors")
    assert USE_CASE.synthesize is not None
    arrow_csv.write_csv(USE_CASE.synthesize(4_000, 7), home / "labelled.csv")
    desk = open_desk(Settings(home=home))
    answer = train_version(desk, LOCAL_PEOPLE[Role.ANALYST], USE_CASE, home / "labelled.csv")
    desk.close()
    return home, answer


@pytest.fixture
def desk(trained: tuple[Path, dict[str, Any]], tmp_path: Path) -> Iterator[Desk]:
    shutil.copytree(trained[0], tmp_path / "home")
    opened = open_desk(Settings(home=tmp_path / "home", chunk_rows=500))
    yield opened
    opened.close()


def score_file(desk: Desk, actor: Actor, path: Path) -> Any:
    state = desk.jobs.wait(batches.submit(desk, actor, KEY, path), 60)
    assert state.state == "done", state.message
    return state


def read(path: str) -> list[dict[str, str]]:
    with Path(path).open(newline="") as stream:
        return list(csv.DictReader(stream))


def test_training_prints_the_majority_class_beside_accuracy(trained: tuple[Path, dict[str, Any]]) -> None:
    metrics = trained[1]["metrics"]
    main = metrics["sets"][metrics["main"]]
    assert main["label"] == "5-fold by group"
    assert main["baseline"]["accuracy"]["value"] == pytest.approx(0.48, abs=0.03)
    for model in MODELS:
        accuracy = main["models"][model]["accuracy"]
        assert main["baseline"]["accuracy"]["high"] < accuracy["low"] < accuracy["value"] < accuracy["high"]
    assert trained[1]["split"]["kind"] == "group"
    assert trained[1]["compile_difference"] < 1e-12


def test_one_row_is_answered_with_its_classes_figures_and_advice(desk: Desk, analyst: Actor) -> None:
    for row in sample_rows(desk, KEY, 5):
        said = score_one(desk, analyst, KEY, row)
        assert list(said.classes) == list(CLASSES)
        assert sum(said.classes.values()) == pytest.approx(1.0)
        assert said.band == max(said.classes, key=lambda name: said.classes[name])
        values = USE_CASE.target.class_values
        expected = sum(p * value for p, value in zip(said.classes.values(), values, strict=True))
        assert said.score == pytest.approx(expected)
        assert {gauge.feature for gauge in USE_CASE.gauges} <= set(said.features)
        assert [item.topic for item in said.advice] == ["RPC", "PTP", "Recovery"]
        assert said.decision == USE_CASE.policy.decisions[USE_CASE.policy.band_names.index(said.band)]


def test_the_log_keeps_every_models_probability_of_every_class(desk: Desk, analyst: Actor) -> None:
    said = score_one(desk, analyst, KEY, sample_rows(desk, KEY, 1)[0])
    logged = desk.log.prediction(desk.use_case(KEY), said.prediction_id).to_pylist()[0]
    for model in MODELS:
        assert sum(logged[f"{model}:{name}"] for name in CLASSES) == pytest.approx(1.0)
        assert logged[model] == pytest.approx(said.scores[model])
    assert [logged[f"{said.champion}:{name}"] for name in CLASSES] == pytest.approx(list(said.classes.values()))
    assert (logged["band"], logged["consensus"]) == (said.band, pytest.approx(said.consensus))
    assert logged["rules_band"] in USE_CASE.policy.band_names


def test_a_scored_file_has_a_probability_column_per_class(desk: Desk, analyst: Actor, tmp_path: Path) -> None:
    assert USE_CASE.synthesize is not None
    rows = USE_CASE.synthesize(1_200, 5).select(list(USE_CASE.schema.names))
    arrow_csv.write_csv(rows, tmp_path / "months.csv")
    state = score_file(desk, analyst, tmp_path / "months.csv")
    assert (state.result["scored"], state.result["rejected"]) == (1_200, 0)
    written = read(state.result["files"]["csv"])
    for line in written:
        shares = {name: float(line[f"probability_{name}"]) for name in CLASSES}
        assert sum(shares.values()) == pytest.approx(1.0)
        assert line["band"] == max(shares, key=lambda name: shares[name])
        assert {f"score_{model}:{name}" for model in MODELS for name in CLASSES} <= set(line)
    alone = score_one(desk, analyst, KEY, rows.slice(600, 1).to_pylist()[0])
    assert alone.already
    assert list(alone.classes.values()) == [float(written[600][f"probability_{name}"]) for name in CLASSES]


def test_sales_sees_the_acting_probabilities_only(desk: Desk, analyst: Actor, tmp_path: Path) -> None:
    content = batches.sample_csv(desk, KEY, 50)
    assert content is not None
    (tmp_path / "months.csv").write_bytes(content)
    state = score_file(desk, analyst, tmp_path / "months.csv")
    names = results.page_of(desk, LOCAL_PEOPLE[Role.SALES], state, 0, 10).column_names
    assert {f"probability_{name}" for name in CLASSES} <= set(names)
    assert not [name for name in names if name.startswith("score_") or name == "consensus"]


def test_a_recovery_of_126_per_cent_is_rejected_from_a_file_and_blocks_nothing(
    desk: Desk, analyst: Actor, tmp_path: Path
) -> None:
    assert USE_CASE.synthesize is not None
    rows = USE_CASE.synthesize(60, 5).to_pandas()
    rows.loc[7, "debt_recovered"] = round(1.26 * rows.loc[7, "total_debt"])
    rows.loc[9, "promises_to_pay"] = rows.loc[9, "contacts_connected"] + 1
    rows.to_csv(tmp_path / "months.csv", index=False)
    state = score_file(desk, analyst, tmp_path / "months.csv")
    assert (state.result["scored"], state.result["rejected"]) == (58, 2)
    rejected = read(state.result["files"]["rejects"])
    why = [next(text for text in line.values() if "cannot exceed" in str(text)) for line in rejected]
    assert "cannot exceed total_debt" in why[0]
    assert "cannot exceed contacts_connected" in why[1]


def test_the_home_page_counts_the_classes_as_bands(desk: Desk, analyst: Actor) -> None:
    for row in sample_rows(desk, KEY, 4):
        score_one(desk, analyst, KEY, row)
    case = next(case for case in overview(desk, analyst).cases if case.key == KEY)
    assert case.rows_total == sum(case.bands.values()) == 4
    assert list(case.bands) == ["High", "Medium", "Low"]
    assert 0 <= case.mean_scores[-1] <= 1
