"""Which features pay: those whose shuffling costs nothing are left out, if models without them do as well."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from core.domain.recipe import ModelSpec
from core.domain.usecase import UseCase
from core.ml.evaluate import LabelledRows
from core.ml.rehearsal import Fold, Score, fit_on, prepare_folds, rehearse, score_on

TRIES = 3  # all that seem not to pay, the surest half of them, the surest quarter
ALLOWED = 0.1  # of the policy's smallest gain that matters: what leaving features out may cost a model

Say = Callable[[str, float], None]


@dataclass(frozen=True)
class Chosen:
    """The folds with the features that are kept, what was left out, and what each model reaches as it is."""

    folds: list[Fold]
    dropped: tuple[str, ...]
    present: Mapping[str, Score]


def choose_features(
    use_case: UseCase, rows: LabelledRows, specs: Sequence[ModelSpec], seed: int, say: Say, n_folds: int
) -> Chosen:
    """Leave out the features that no model needs.

    A feature is a candidate where shuffling it on later rows lowers the ranking of no model. Twins cover for each
    other then, so all models are rehearsed again without the candidates; if one of them gets worse, only the surest
    half is left out, and so on.

    Parameters
    ----------
    rows : LabelledRows
        Rows that will not judge the result.
    specs : sequence of ModelSpec
        The models that are fitted (no means, no stacks).
    """
    folds = prepare_folds(use_case, rows, n_folds)
    present, losses = _present(use_case, specs, folds, seed, say)
    allowed = ALLOWED * use_case.policy.minimum_gain
    candidates = sorted((name for name, loss in losses.items() if loss <= allowed / 2), key=lambda name: losses[name])
    candidates = candidates[: len(losses) - 1]
    for attempt in range(TRIES):
        left_out = tuple(sorted(candidates[: len(candidates) >> attempt]))
        if not left_out:
            break
        say(f"trying without {len(left_out)} features", (attempt + 1) / (TRIES + 1))
        slim = replace(use_case, recipe=replace(use_case.recipe, dropped=left_out))
        other = prepare_folds(slim, rows, n_folds)
        reached = {spec.name: Score.mean(list(rehearse(slim, spec, other, seed))) for spec in specs}
        if all(reached[name].ranking >= present[name].ranking - allowed for name in reached):
            return Chosen(other, left_out, reached)
    return Chosen(folds, (), present)


def _present(
    use_case: UseCase, specs: Sequence[ModelSpec], folds: Sequence[Fold], seed: int, say: Say
) -> tuple[dict[str, Score], dict[str, float]]:
    """What every model reaches as it is, and by feature what shuffling costs the model that needs it most."""
    losses = {feature: -np.inf for feature in use_case.feature_names}
    present: dict[str, Score] = {}
    for place, spec in enumerate(specs):
        say(f"{spec.name} as it is", place / len(specs) / (TRIES + 1))
        models = [fit_on(use_case, spec, fold, seed) for fold in folds]
        scores = [score_on(use_case, model, fold) for model, fold in zip(models, folds, strict=True)]
        present[spec.name] = Score.mean(scores)
        for feature in losses:
            cost = [
                score.ranking - _shuffled(use_case, model, fold, feature, seed)
                for model, fold, score in zip(models, folds, scores, strict=True)
            ]
            losses[feature] = max(losses[feature], float(np.mean(cost)))
    return present, losses


def _shuffled(use_case: UseCase, model: object, fold: Fold, feature: str, seed: int) -> float:
    places = fold.places(feature)
    inputs = fold.inputs.copy()
    order = np.random.default_rng(seed).permutation(len(inputs))
    inputs[:, places] = inputs[order][:, places]
    return score_on(use_case, model, fold, inputs).ranking
