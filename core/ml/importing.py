"""Judge a bundle that was trained elsewhere before it may score: names, order, polarity, compiled form.

A model without predict_proba (a RidgeClassifier, say) ranks but gives no probability: it gets a Platt line,
fitted on one half of the labelled reference rows, and every figure is then taken on the other half.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from core.domain.columns import Columns
from core.domain.features import Floats, feature_matrix
from core.domain.metrics.auc import auc
from core.domain.metrics.baseline import constant_outputs
from core.domain.profile import make_profile
from core.domain.recipe import Split
from core.domain.score import scalar_score
from core.domain.usecase import Task, UseCase
from core.errors import BundleProblem
from core.ml.calibrate import CalibratedModel, fit_map, identity, margins_of
from core.ml.compile import compile_models, largest_difference
from core.ml.evaluate import LabelledRows, calibration_line, measure
from core.ml.preprocess import feature_frame
from core.ml.split import Splitter
from core.ml.train import Trained, capacity_cutoffs_of, cutoffs_of

LEAST_ROWS = 200


@dataclass(frozen=True)
class Foreign:
    """What came in: a fitted preprocessor and fitted models by the names of the recipe."""

    preprocessor: Any
    models: Mapping[str, Any]


def judge(use_case: UseCase, foreign: Foreign, columns: Columns, target: Floats) -> Trained:
    """Everything a training leaves behind, for a bundle that was trained elsewhere.

    Parameters
    ----------
    use_case : UseCase
        Binary.
    foreign : Foreign
    columns : mapping of str to array, shape (n_rows,)
        Typed raw columns of labelled reference rows.
    target : array, shape (n_rows,)
        0/1.

    Raises
    ------
    BundleProblem
        Names or order disagree, a model ranks no better than chance or the wrong way round, or the compiled
        form differs from scikit-learn's.
    """
    if use_case.task is not Task.BINARY:
        raise BundleProblem(f"{use_case.key} is a {use_case.task} case.", "Only binary bundles can be imported.")
    if len(target) < LEAST_ROWS:
        raise BundleProblem(f"There are {len(target)} labelled reference rows.", f"At least {LEAST_ROWS} are needed.")
    splitter = Splitter(Split.RANDOM, target.astype(np.int64), None, None, use_case.recipe.seed)
    rows = LabelledRows(columns, feature_matrix(use_case.features, columns, len(target)), target, splitter)
    models, test, notes = _adapted(use_case, foreign, rows)
    compiled = compile_models(str(use_case.task), use_case.feature_names, foreign.preprocessor, models)
    _same_inputs(compiled.feature_names, foreign)
    kept = rows.take(test)
    frame = feature_frame(use_case, kept.matrix)
    difference = largest_difference(compiled, foreign.preprocessor, models, frame)
    outputs = compiled.predict(compiled.inputs(kept.matrix))
    _ranks_rightly(outputs, kept.target)
    baseline = constant_outputs("binary", target, 2, len(test))
    arms = measure(use_case, kept, outputs, baseline, "labelled reference rows given at import")
    verdicts = arms.verdicts("binary")
    scores = {name: scalar_score(output) for name, output in outputs.items()}
    return Trained(
        preprocessor=foreign.preprocessor,
        models=models,
        compiled=compiled,
        compile_difference=difference,
        calibration={name: _calibration(models[name], output, kept.target) for name, output in outputs.items()},
        metrics={
            "main": "held_out",
            "sets": {"held_out": arms.as_json()},
            "verdicts": {name: str(verdict) for name, verdict in verdicts.items()},
        },
        split={"kind": "imported", "rows": len(target), "parts": {"reference": {"rows": len(test)}}},
        reference=test,
        reference_scores=scores,
        cutoffs=cutoffs_of(use_case, scores),
        capacity_cutoffs=capacity_cutoffs_of(use_case, scores),
        profile=make_profile(use_case.schema, use_case.features, kept.columns, kept.matrix, scores),
        lineage={"families": {name: _family(model) for name, model in foreign.models.items()}},
        verdict=str(verdicts[use_case.recipe.champion]),
        notes=tuple(notes),
    )


def _adapted(use_case: UseCase, foreign: Foreign, rows: LabelledRows) -> tuple[dict[str, Any], Any, list[str]]:
    """Models with probabilities, the rows their figures may be taken on, and what was done to them."""
    everyone = np.arange(len(rows.target))
    ranking = [name for name, model in foreign.models.items() if not hasattr(model, "predict_proba")]
    if not ranking:
        return dict(foreign.models), everyone, []
    test, half = rows.splitter.hold_out(everyone, 0.5)
    part = rows.take(half)
    frame = feature_frame(use_case, part.matrix)
    inputs = np.ascontiguousarray(np.asarray(foreign.preprocessor.transform(frame), dtype=np.float64))
    names = _output_names(foreign.preprocessor)
    models, notes = dict(foreign.models), []
    for name in ranking:
        found = fit_map("binary", margins_of(foreign.models[name], inputs), part.target)
        if found == identity(1, found.note):
            raise BundleProblem(f"{name} has no probabilities, and was {found.note}.", "Give more labelled rows.")
        models[name] = CalibratedModel(foreign.models[name], found.slope, found.intercept, names)
        kind = _family(foreign.models[name])
        line = f"a Platt line on {len(half):,} reference rows gives them"
        notes.append(f"{name} is a {kind} without probabilities; {line}.")
    return models, test, notes


def _same_inputs(names: tuple[str, ...], foreign: Foreign) -> None:
    """Models must take the preprocessor's columns in its order: a wrong order scores, and scores wrongly."""
    given = [_plain(name) for name in names]
    for model_name, model in foreign.models.items():
        taken = getattr(model, "feature_names_in_", None)
        if taken is None:
            if getattr(model, "n_features_in_", len(given)) != len(given):
                raise BundleProblem(
                    f"{model_name} takes {model.n_features_in_} features, the preprocessor gives {len(given)}.",
                    "The files do not belong together.",
                )
            continue
        wanted = [_plain(str(name)) for name in taken]
        if wanted != given:
            place = next((i for i, pair in enumerate(zip(wanted, given, strict=False)) if pair[0] != pair[1]), 0)
            raise BundleProblem(
                f"{model_name} takes '{wanted[place]}' in place {place + 1}, the preprocessor gives '{given[place]}'.",
                "Names and order must agree; the files do not belong together.",
                model=model_name,
            )


def _plain(name: str) -> str:
    """A feature's own name, without the step that a ColumnTransformer puts before it."""
    return name.split("__", 1)[-1]


def _output_names(preprocessor: Any) -> tuple[str, ...]:
    return tuple(str(name) for name in preprocessor.get_feature_names_out())


def _ranks_rightly(outputs: Mapping[str, Floats], target: Floats) -> None:
    for name, output in outputs.items():
        found = auc(target, output[:, 0])
        if found.high < 0.5:
            raise BundleProblem(
                f"{name} ranks the wrong way round: AUC {found.value:.3f} on {found.n:,} reference rows.",
                "Look whether the positive class is the first one, or the input is scaled twice or not at all.",
                model=name,
            )
        if not found.low > 0.5:
            raise BundleProblem(
                f"{name} ranks no better than chance: AUC {found.value:.3f} [{found.low:.3f}, {found.high:.3f}] "
                f"on {found.n:,} reference rows.",
                "Look whether the input is scaled as in training, or give more labelled rows.",
                model=name,
            )


def _calibration(model: Any, output: Floats, target: Floats) -> dict[str, Any]:
    adapted = isinstance(model, CalibratedModel)
    return {
        "method": "platt" if adapted else "as imported",
        "slope": model.slope if adapted else None,
        "intercept": list(model.intercept) if adapted else None,
        "note": "",
        "on_test": calibration_line(Task.BINARY, target, output),
    }


def _family(model: Any) -> str:
    return type(model).__name__
