"""Rehearse a model on time-ordered folds: fitted on what came before, judged on what came next."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from core.domain.features import Floats
from core.domain.recipe import ModelSpec
from core.domain.usecase import UseCase
from core.errors import InputError
from core.ml.calibrate import outputs_of
from core.ml.evaluate import LabelledRows
from core.ml.families import Sample, fit_family
from core.ml.fit import calibrated
from core.ml.objectives import money_of, ranking_of
from core.ml.preprocess import feature_frame, fit_preprocessor
from core.ml.split import CALIBRATION_SHARE, TEST_SHARE, Rows

N_FOLDS = 3
_INDICATOR = "missingindicator_"


@dataclass(frozen=True)
class Fold:
    """One stretch of rows to be judged on, and the earlier ones to fit on, preprocessed once.

    Attributes
    ----------
    sample : Sample
        Rows to fit on, and the latest of them, to stop early and to calibrate on.
    names : tuple of str
        The inputs of the models.
    inputs : array, shape (n_rows, n_inputs)
    target : array, shape (n_rows,)
    """

    sample: Sample
    names: tuple[str, ...]
    inputs: Floats
    target: Floats

    def places(self, feature: str) -> list[int]:
        """The inputs that a feature is behind: itself, and whether it was missing."""
        return [place for place, name in enumerate(self.names) if name.removeprefix(_INDICATOR) == feature]


@dataclass(frozen=True)
class Score:
    """The two objectives of a model on the rows of a fold, or their means over folds."""

    ranking: float
    money: float

    @staticmethod
    def mean(scores: Sequence[Score]) -> Score:
        """Every fold counts the same."""
        return Score(float(np.mean([s.ranking for s in scores])), float(np.mean([s.money for s in scores])))


def prepare_folds(use_case: UseCase, rows: LabelledRows, n_folds: int = N_FOLDS) -> list[Fold]:
    """Folds in the way the rows' splitter splits (forward chaining by time), those without every class left out.

    Raises
    ------
    InputError
        No fold has rows of every class on both sides.
    """
    found = []
    for train, test in rows.splitter.folds(n_folds):
        try:
            fit_rows, early = rows.splitter.hold_out(train, CALIBRATION_SHARE / (1 - TEST_SHARE))
        except InputError:
            continue
        if all(_every_class(use_case, rows.target[part]) for part in (fit_rows, early, test)):
            found.append(_prepared(use_case, rows, fit_rows, early, test))
    if not found:
        raise InputError(
            "No stretch of time has rows of every class to fit on and to judge on.",
            "Give more rows, or a longer span.",
        )
    return found


def _every_class(use_case: UseCase, target: Floats) -> bool:
    return len(target) > 1 and all((target == code).any() for code in range(len(use_case.target.classes)))


def _prepared(use_case: UseCase, rows: LabelledRows, train: Rows, early: Rows, test: Rows) -> Fold:
    preprocessor = fit_preprocessor(use_case, rows.matrix[train])

    def through(part: Rows) -> Floats:
        return np.ascontiguousarray(preprocessor.transform(feature_frame(use_case, rows.matrix[part])))

    sample = Sample(through(train), rows.target[train], through(early), rows.target[early])
    names = tuple(str(name) for name in preprocessor.get_feature_names_out())
    return Fold(sample, names, through(test), rows.target[test])


def fit_on(use_case: UseCase, spec: ModelSpec, fold: Fold, seed: int) -> Any:
    """A model fitted and calibrated on the earlier rows of a fold, as a training would."""
    task = str(use_case.task)
    fit = fit_family(spec, task, fold.sample, seed)
    return calibrated(task, fit, fold.sample, fold.names)[1]


def score_on(use_case: UseCase, model: Any, fold: Fold, inputs: Floats | None = None) -> Score:
    """Both objectives on a fold's later rows, or on the same rows with other inputs."""
    output = outputs_of(model, str(use_case.task), fold.inputs if inputs is None else inputs)
    return Score(ranking_of(use_case, fold.target, output), money_of(use_case, fold.target, output))


def rehearse(use_case: UseCase, spec: ModelSpec, folds: Sequence[Fold], seed: int) -> Iterator[Score]:
    """The objectives fold by fold, oldest first; whoever looks may stop in between."""
    for fold in folds:
        yield score_on(use_case, fit_on(use_case, spec, fold, seed), fold)
