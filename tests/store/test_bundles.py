from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from core.errors import BundleProblem
from core.ml.bundle import Card
from core.ml.compiled import Calibration, Compiled, LinearMember, MeanMember, ObjectMember, TreeMember
from core.store.bundles import list_versions, load_bundle, load_fitted, next_version, save_bundle, sha256_of

ROOT = Path(__file__).resolve().parents[2]
Save = Callable[..., tuple[Path, str]]


def fitted() -> tuple[Any, dict[str, Any], Any, np.ndarray[Any, Any]]:
    import lightgbm
    from sklearn.linear_model import LogisticRegression
    from sklearn.neighbors import KNeighborsClassifier
    from sklearn.preprocessing import StandardScaler

    rng = np.random.default_rng(5)
    matrix = rng.normal(3.0, 2.0, (300, 3))
    target = (matrix[:, 0] + rng.normal(0, 1, 300) > 3).astype(int)
    scaler = StandardScaler().fit(matrix)
    inputs = scaler.transform(matrix)
    linear = LogisticRegression().fit(inputs, target)
    tree = lightgbm.train({"objective": "binary", "verbose": -1, "num_leaves": 4}, lightgbm.Dataset(inputs, target), 5)
    near = KNeighborsClassifier(3).fit(inputs, target)
    return scaler, {"linear": linear, "tree": tree, "both": {"of": ["linear", "tree"]}, "near": near}, tree, matrix


@pytest.fixture(scope="module")
def parts() -> tuple[Any, ...]:
    scaler, models, tree, matrix = fitted()
    linear = models["linear"]
    members = (
        LinearMember("linear", linear.coef_.T, linear.intercept_, Calibration(1.25, (0.1,))),
        TreeMember("tree", tree.model_to_string(), Calibration(0.9, (1 / 3,))),
        MeanMember("both", ("linear", "tree")),
        ObjectMember("near", lambda inputs: models["near"].predict_proba(inputs)[:, 1:]),
    )
    impute = np.array([np.nan, 2.5, np.nan])
    steps = (np.array([0, 1, 2]), impute, np.zeros(3, dtype=bool), scaler.mean_, scaler.scale_)
    return scaler, models, Compiled("binary", ("a", "b", "c"), *steps, members), matrix


@pytest.fixture
def save(tmp_path: Path, parts: tuple[Any, ...]) -> Save:
    def write(version: str = "v1", **changes: Any) -> tuple[Path, str]:
        scaler, models, compiled, matrix = parts
        card = Card(
            use_case="bnpl",
            version=version,
            created_at="2026-11-21T10:00:00+00:00",
            task="binary",
            origin="train",
            champion="linear",
            models=tuple(models),
            families={name: "logistic" for name in models},
            feature_names=("a", "b", "c"),
            cutoffs={"linear": (0.7, 1 / 3)},
            metrics={"linear": {"auc": [0.61, 0.59, 0.63]}},
        )
        facts: dict[str, Any] = {
            "preprocessor": scaler,
            "models": models,
            "compiled": compiled,
            "card": card,
            "profile": {"features": [{"name": "a", "edges": [0.1, 0.2]}]},
            "reference": pa.table({"a": matrix[:, 0], "city": pa.array(["Rome"] * 300).dictionary_encode()}),
        }
        folder = tmp_path / "models" / "bnpl" / version
        return folder, save_bundle(folder, **(facts | changes))

    return write


def test_a_bundle_comes_back_to_the_last_bit(save: Save, parts: tuple[Any, ...]) -> None:
    folder, card_sha256 = save()
    bundle = load_bundle(folder, card_sha256)
    _, _, compiled, matrix = parts
    matrix = matrix.copy()
    matrix[5, 1] = np.nan
    expected = compiled.predict(compiled.inputs(matrix))
    found = bundle.compiled.predict(bundle.compiled.inputs(matrix))
    assert list(found) == ["linear", "tree", "both", "near"]
    for name in expected:
        np.testing.assert_array_equal(found[name], expected[name])
    assert bundle.compiled.uncompiled == ("near",)
    assert bundle.card.cutoffs == {"linear": (0.7, 1 / 3)} and bundle.card.metrics["linear"]["auc"][0] == 0.61
    assert bundle.profile == {"features": [{"name": "a", "edges": [0.1, 0.2]}]}
    assert bundle.reference["city"].to_pylist() == ["Rome"] * 300
    assert card_sha256 == sha256_of(folder / "card.json")


def test_the_folder_holds_what_the_card_lists(save: Save) -> None:
    folder, _ = save()
    names = {path.name for path in folder.iterdir()}
    objects = {f"{name}.joblib" for name in ("preprocessor", "linear", "tree", "both", "near")}
    assert names == {"card.json", "linear.npz", "tree.txt", "profile.json", "reference.parquet"} | objects
    assert set(json.loads((folder / "card.json").read_text())["files"]) == names - {"card.json"}
    assert [path.name for path in folder.parent.iterdir()] == ["v1"]


def test_the_fitted_objects_come_back_for_comparison(save: Save, parts: tuple[Any, ...]) -> None:
    folder, card_sha256 = save()
    card = load_bundle(folder, card_sha256).card
    fitted_again = load_fitted(folder, card)
    np.testing.assert_array_equal(fitted_again.models["linear"].coef_, parts[1]["linear"].coef_)
    np.testing.assert_array_equal(fitted_again.preprocessor.mean_, parts[0].mean_)
    (folder / "linear.joblib").write_bytes(b"something else")
    with pytest.raises(BundleProblem, match=r"linear\.joblib of bnpl v1 differs"):
        load_fitted(folder, card)


FILES = ("linear.npz", "tree.txt", "profile.json", "reference.parquet", "preprocessor.joblib", "near.joblib")


@pytest.mark.parametrize("name", [*FILES, "card.json"])
def test_a_changed_or_missing_file_is_named(save: Save, name: str) -> None:
    folder, card_sha256 = save()
    content = bytearray((folder / name).read_bytes())
    content[len(content) // 2] ^= 1
    (folder / name).write_bytes(content)
    with pytest.raises(BundleProblem, match="differs from") as refused:
        load_bundle(folder, card_sha256)
    assert refused.value.data["file"] == name
    (folder / name).unlink()
    with pytest.raises(BundleProblem, match="is missing") as refused:
        load_bundle(folder, card_sha256)
    assert refused.value.data["file"] == name


def test_a_folder_exchanged_as_a_whole_is_found_by_the_ledgers_sha(save: Save) -> None:
    _, first = save("v1")
    other, second = save("v2", profile={"features": []})
    assert first != second
    load_bundle(other, second)
    with pytest.raises(BundleProblem, match=r"card\.json of bnpl v2 differs from what the ledger holds"):
        load_bundle(other, first)


@pytest.mark.parametrize("text", ["{", "[]", '{"models": []}', '{"version": 3}'])
def test_a_card_that_is_none_is_refused(save: Save, text: str) -> None:
    folder, _ = save()
    (folder / "card.json").write_text(text)
    with pytest.raises(BundleProblem, match="cannot be read"):
        load_bundle(folder)


def test_a_card_cannot_point_outside_its_folder_or_leave_files_out(save: Save) -> None:
    folder, _ = save()
    facts = json.loads((folder / "card.json").read_text())
    for change, problem in (({"../v2/linear.npz": "0"}, "is missing"), ({"linear.npz": None}, "does not list")):
        files = {name: digest for name, digest in (facts["files"] | change).items() if digest is not None}
        (folder / "card.json").write_text(json.dumps(facts | {"files": files}))
        with pytest.raises(BundleProblem, match=problem):
            load_bundle(folder)


def test_versions_are_never_replaced_and_counted_on(save: Save, tmp_path: Path) -> None:
    models = tmp_path / "models" / "bnpl"
    assert next_version(models) == "v1" and list_versions(models) == []
    for version in ("v1", "v2", "v10"):
        save(version)
    with pytest.raises(BundleProblem, match="exists already"):
        save("v2")
    (models / "use_case.toml").write_text("")
    (models / "v11").mkdir()  # without a card: no version, but its name is taken
    assert list_versions(models) == ["v1", "v2", "v10"]
    assert next_version(models) == "v12" and next_version(models, ["v20"]) == "v21"


def test_a_save_that_fails_leaves_nothing(save: Save, tmp_path: Path) -> None:
    with pytest.raises(TypeError):
        save(profile={"bins": object()})
    assert list((tmp_path / "models" / "bnpl").iterdir()) == []
    for name in ("../up", "preprocessor", ""):
        with pytest.raises(BundleProblem, match="cannot be a file's name"):
            save(models={name: 1})


def test_serving_imports_no_training_library(save: Save) -> None:
    folder, card_sha256 = save()
    program = (
        "import sys; from pathlib import Path; from core.store.bundles import load_bundle;"
        "load_bundle(Path(sys.argv[1]), sys.argv[2]);"
        "print([n for n in ('sklearn', 'lightgbm', 'joblib', 'pandas', 'scipy') if n in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, str(folder), card_sha256], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]", os.linesep + done.stdout
