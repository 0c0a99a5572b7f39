"""A bundle trained elsewhere: nothing is opened before its hashes are repeated, nothing acts before it is judged."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import joblib
import pandas as pd
import pytest
from pyarrow import csv as arrow_csv
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import VotingClassifier
from sklearn.linear_model import LogisticRegression, RidgeClassifier
from sklearn.naive_bayes import GaussianNB
from sklearn.preprocessing import StandardScaler

from benchmarks.peer_features import features
from core.errors import BundleProblem, InputError
from core.services.access import LOCAL_PEOPLE, Actor, Role
from core.services.desk import Desk
from core.services.importing import import_bundle
from core.services.scoring import sample_rows, score_one
from core.usecases.bnpl_default import SCALED, USE_CASE, synthesize

RISK = LOCAL_PEOPLE[Role.RISK]
NAMES = list(USE_CASE.feature_names)


def fitted(ridge: Any = None, inputs: Any = None) -> dict[str, Any]:
    """Preprocessor and models as a script of the source systems leaves them, trained with pandas and scikit-learn."""
    frame = synthesize(12_000, 3).to_pandas()
    matrix, target = features(frame)[NAMES].astype(float), frame["will_default"].to_numpy()
    preprocessor = ColumnTransformer(
        [("scale", StandardScaler(), list(SCALED))], remainder="passthrough", verbose_feature_names_out=False
    ).fit(matrix)
    names = preprocessor.get_feature_names_out()
    scaled = pd.DataFrame(preprocessor.transform(matrix), columns=names)
    train = scaled if inputs is None else inputs(scaled)
    models = {
        "ridge": ridge or LogisticRegression(C=0.01, max_iter=500),
        "logistic": LogisticRegression(C=0.1, max_iter=500),
        "elastic": LogisticRegression(C=0.05, max_iter=500),
    }
    for model in models.values():
        model.fit(train, target)
    if ridge is None:
        vote: Any = VotingClassifier(list(models.items()), voting="soft").fit(train, target)
    else:
        vote = LogisticRegression(C=0.2, max_iter=500).fit(train, target)
    return {"preprocessor": preprocessor, **models, "ensemble": vote}


def written(folder: Path, parts: dict[str, Any]) -> Path:
    folder.mkdir()
    for name, part in parts.items():
        joblib.dump(part, folder / f"bnpl_{name}_v1.joblib")
    (folder / "bnpl_multi_model_metadata_v1.json").write_text(json.dumps({"claimed_auc": 0.616}))
    return folder


@pytest.fixture(scope="module")
def reference(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("reference") / "labelled.csv"
    arrow_csv.write_csv(synthesize(8_000, 4), path)
    return path


def hashes(desk: Desk, folder: Path, reference: Path) -> frozenset[str]:
    with pytest.raises(InputError) as refused:
        import_bundle(desk, RISK, folder, reference, trust=frozenset())
    return frozenset(refused.value.data["sha256"].values())


def bring(desk: Desk, folder: Path, reference: Path) -> dict[str, Any]:
    return import_bundle(desk, RISK, folder, reference, trust=hashes(desk, folder, reference), act=True)


class Bomb:
    """Writes a file when it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Any, ...]:
        return (Path.touch, (self.path,))


def test_nothing_is_opened_before_its_hashes_are_repeated(desk: Desk, tmp_path: Path, reference: Path) -> None:
    mark = tmp_path / "opened"
    folder = written(tmp_path / "b", {"preprocessor": Bomb(mark)})
    with pytest.raises(InputError, match="runs the code in them"):
        import_bundle(desk, RISK, folder, reference, trust=frozenset({"0" * 64}))
    assert not mark.exists()


def test_a_sound_bundle_scores_as_it_did_at_home(desk: Desk, analyst: Actor, tmp_path: Path, reference: Path) -> None:
    parts = fitted()
    report = bring(desk, written(tmp_path / "b", parts), reference)
    assert report["acts"] and report["verdict"] == "better than the baseline"
    card = desk.scorer("bnpl_default").card
    assert card.origin == "import" and card.uncompiled == ()
    assert card.lineage["metadata"]["bnpl_multi_model_metadata_v1.json"]["claimed_auc"] == 0.616
    row = {name: value for name, value in sample_rows(desk, "bnpl_default")[0].items() if value is not None}
    said = score_one(desk, analyst, "bnpl_default", row)
    drawn = synthesize(500, 9).to_pandas()
    pool = pd.concat(
        [
            pd.DataFrame(
                [row | {"transaction_timestamp": row["transaction_timestamp"].strftime("%Y-%m-%dT%H:%M:%SZ")}]
            ),
            drawn,
        ]
    )
    frame = features(pool)[NAMES].astype(float)
    inputs = pd.DataFrame(
        parts["preprocessor"].transform(frame.iloc[:1]), columns=parts["preprocessor"].get_feature_names_out()
    )
    for name in ("ridge", "logistic", "elastic", "ensemble"):
        at_home = parts[name].predict_proba(inputs)[0, 1]
        assert said.scores[name] == pytest.approx(at_home, abs=1e-12)


def test_a_ranking_model_gets_probabilities_from_labelled_rows(desk: Desk, tmp_path: Path, reference: Path) -> None:
    report = bring(desk, written(tmp_path / "b", fitted(ridge=RidgeClassifier(alpha=10))), reference)
    assert any("ridge is a RidgeClassifier without probabilities" in note for note in report["notes"])
    scorer = desk.scorer("bnpl_default")
    ridge = scorer.card.metrics["sets"]["held_out"]["models"]["ridge"]
    assert ridge["auc"]["n"] == 4_000 and 0.53 < ridge["auc"]["value"] < 0.66
    assert 0.03 < scorer.card.cutoffs["ridge"][-1] < 0.07


def test_a_model_that_cannot_be_compiled_runs_through_scikit_learn_and_says_so(
    desk: Desk, tmp_path: Path, reference: Path
) -> None:
    parts = fitted()
    frame = synthesize(12_000, 3).to_pandas()
    matrix = features(frame)[NAMES].astype(float)
    inputs = pd.DataFrame(
        parts["preprocessor"].transform(matrix), columns=parts["preprocessor"].get_feature_names_out()
    )
    parts["elastic"] = GaussianNB(var_smoothing=0.1).fit(inputs, frame["will_default"])
    parts["ensemble"] = LogisticRegression(C=0.2, max_iter=500).fit(inputs, frame["will_default"])
    bring(desk, written(tmp_path / "b", parts), reference)
    assert desk.scorer("bnpl_default").card.uncompiled == ("elastic",)


def test_a_model_the_wrong_way_round_is_refused(desk: Desk, tmp_path: Path, reference: Path) -> None:
    parts = fitted()
    for name in ("ridge", "logistic", "elastic"):
        parts[name].coef_ = -parts[name].coef_
    with pytest.raises(BundleProblem, match="the wrong way round"):
        bring(desk, written(tmp_path / "b", parts), reference)
    assert desk.acting_version("bnpl_default") == "v1"


def test_names_in_another_order_are_refused(desk: Desk, tmp_path: Path, reference: Path) -> None:
    parts = fitted(inputs=lambda frame: frame[list(frame.columns[::-1])])
    with pytest.raises(BundleProblem, match="in place 1"):
        bring(desk, written(tmp_path / "b", parts), reference)


def test_a_bundle_without_one_of_the_models_is_refused(desk: Desk, tmp_path: Path, reference: Path) -> None:
    parts = {name: part for name, part in fitted().items() if name != "elastic"}
    with pytest.raises(BundleProblem, match="lacks elastic"):
        bring(desk, written(tmp_path / "b", parts), reference)


def test_an_analyst_does_not_import(desk: Desk, analyst: Actor, tmp_path: Path, reference: Path) -> None:
    from core.errors import NotPermitted

    with pytest.raises(NotPermitted):
        import_bundle(desk, analyst, tmp_path, reference, trust=frozenset())
