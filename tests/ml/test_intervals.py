"""The champion's intervals through a training, a folder and a scorer: measured, honest, the same to the last bit."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from core.domain.recipe import Recipe, Split
from core.domain.usecase import Task
from core.ml.bundle import Card
from core.ml.scorer import Scorer
from core.ml.train import Trained, train
from core.store.bundles import load_bundle, save_bundle


def card_of(use_case: object, trained: Trained) -> Card:
    return Card(
        use_case="small",
        version="v1",
        created_at="2026-01-01T00:00:00+00:00",
        task="regression",
        origin="train",
        champion=use_case.recipe.champion,  # type: ignore[attr-defined]
        models=use_case.recipe.model_names,  # type: ignore[attr-defined]
        families={},
        feature_names=use_case.feature_names,  # type: ignore[attr-defined]
        cutoffs=trained.cutoffs,
        interval=trained.interval,
    )


@pytest.fixture(scope="module")
def large(make_small: Callable[..., object]) -> tuple[object, Trained]:
    rows = make_small(Task.REGRESSION, n_rows=3_000, seed=5)
    return rows, train(rows.use_case, rows.columns, rows.target)  # type: ignore[attr-defined]


@pytest.fixture(scope="module")
def scorer(large: tuple[object, Trained], tmp_path_factory: pytest.TempPathFactory) -> Scorer:
    """From a folder, as a desk has it."""
    rows, trained = large
    use_case = rows.use_case  # type: ignore[attr-defined]
    folder = Path(tmp_path_factory.mktemp("bundle")) / "small" / "v1"
    save_bundle(
        folder,
        preprocessor=trained.preprocessor,
        models=trained.models,
        compiled=trained.compiled,
        card=card_of(use_case, trained),
        profile=trained.profile,
        reference=pa.table({"x": [1.0]}),
    )
    return Scorer(use_case, load_bundle(folder))


@pytest.mark.parametrize("task", [Task.BINARY, Task.MULTICLASS])
def test_classes_need_no_interval_and_keep_their_rows(task: Task, trained_small: dict) -> None:
    _, trained = trained_small[task]
    assert trained.interval == {}
    assert list(trained.split["parts"]) == ["train", "calibration", "test"]


def test_the_card_says_what_was_measured(large: tuple[object, Trained]) -> None:
    _, trained = large
    facts = trained.interval
    assert json.loads(json.dumps(facts, allow_nan=False)) == facts
    assert facts["model"] == "ridge" and facts["level"] == 0.9
    assert facts["method"] == "split conformal, scaled by a spread model"
    assert "not for each kind of row" in facts["note"]
    assert facts["n_conformal"] == trained.split["parts"]["conformal"]["rows"] == 300
    coverage = facts["coverage"]
    assert coverage["method"] == "Wilson" and coverage["n"] == len(trained.reference)
    assert coverage["low"] < coverage["value"] < coverage["high"]
    assert coverage["low"] < 0.9 + 0.04 and coverage["high"] > 0.9 - 0.04


def test_under_a_thousand_rows_every_row_gets_the_same_width_and_the_card_says_so(trained_small: dict) -> None:
    _, trained = trained_small[Task.REGRESSION]
    assert trained.interval["centres"] == []
    assert trained.interval["method"] == "split conformal, constant width"
    assert trained.interval["note"].startswith("Every row gets the same width, because fewer than 1,000 rows")


def test_too_few_rows_get_no_interval_and_the_card_says_so(make_small: Callable[..., object]) -> None:
    rows = make_small(Task.REGRESSION, n_rows=70)
    trained = train(rows.use_case, rows.columns, rows.target)  # type: ignore[attr-defined]
    assert trained.interval == {"note": "No prediction interval: 7 rows are too few to promise 90 %."}


def test_two_points_in_time_still_train_without_an_interval(make_small: Callable[..., object]) -> None:
    rows = make_small(Task.REGRESSION, n_rows=300)
    recipe = replace(rows.use_case.recipe, split=Split.TIME)  # type: ignore[attr-defined]
    times = np.repeat(np.array(["2026-01-01", "2026-02-01", "2026-03-01"], dtype="datetime64[us]"), 100)
    trained = train(replace(rows.use_case, recipe=recipe), rows.columns, rows.target, times=times)  # type: ignore[attr-defined]
    assert list(trained.split["parts"]) == ["train", "calibration", "test"]
    assert list(trained.interval) == ["note"]


def test_the_same_seed_gives_the_same_interval(large: tuple[object, Trained]) -> None:
    rows, trained = large
    again = train(rows.use_case, rows.columns, rows.target)  # type: ignore[attr-defined]
    assert again.interval == trained.interval


def test_intervals_surround_the_champion_and_are_bit_equal_alone_and_in_a_file(
    large: tuple[object, Trained], scorer: Scorer
) -> None:
    rows, _ = large
    columns = {name: values[:200] for name, values in rows.columns.items()}  # type: ignore[attr-defined]
    table = scorer.score(columns, 200)
    assert table.interval_low is not None and table.interval_high is not None
    score = table.scores["ridge"]
    assert np.allclose((table.interval_low + table.interval_high) / 2, score)
    assert len(np.unique(table.interval_high - table.interval_low)) > 100
    for place in range(200):
        one = scorer.score({name: values[place : place + 1] for name, values in columns.items()}, 1)
        assert one.interval_low is not None and one.interval_high is not None
        assert one.interval_low.tobytes() == table.interval_low[place : place + 1].tobytes()
        assert one.interval_high.tobytes() == table.interval_high[place : place + 1].tobytes()


def test_a_champion_of_trees_has_intervals_too(make_small: Callable[..., object]) -> None:
    rows = make_small(Task.REGRESSION, n_rows=2_000, seed=6)
    recipe = Recipe(rows.use_case.recipe.models, champion="lightgbm")  # type: ignore[attr-defined]
    trained = train(replace(rows.use_case, recipe=recipe), rows.columns, rows.target)  # type: ignore[attr-defined]
    assert trained.interval["model"] == "lightgbm"
    assert trained.interval["coverage"]["value"] == pytest.approx(0.9, abs=0.06)


def test_an_old_card_without_intervals_still_scores(large: tuple[object, Trained], scorer: Scorer) -> None:
    rows, trained = large
    facts = json.loads(scorer.card.to_json())
    del facts["interval"]
    old = Scorer(rows.use_case, replace(scorer.bundle, card=Card.from_json(json.dumps(facts))))  # type: ignore[attr-defined]
    table = old.score({name: values[:3] for name, values in rows.columns.items()}, 3)  # type: ignore[attr-defined]
    assert table.interval_low is None and table.interval_high is None
