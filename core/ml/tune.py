"""Search better parameters for a recipe on time-ordered folds, for two aims at once: ranking, and money.

Only rows before the held-out ones are looked at, so that the training that follows can judge the result on rows that
neither fit nor search has seen. The figures of the search itself are the best of many and therefore optimistic: they
choose, they are never the ones to quote.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from core.domain.columns import Array, Columns
from core.domain.pareto import pareto_front
from core.domain.recipe import ModelSpec, Recipe
from core.domain.usecase import Task, UseCase
from core.ml.evaluate import LabelledRows, labelled_rows
from core.ml.feature_choice import Chosen, choose_features
from core.ml.intervals import partition_for
from core.ml.objectives import money_meaning, ranking_metric
from core.ml.rehearsal import N_FOLDS, Fold, Score, rehearse
from core.ml.search_space import WEIGHT, searched, suggest

TRIALS, MINUTES = 60, 20.0
STUDY_ROWS = 40_000  # more rows sharpen the choice little and slow every trial
WARM_UP = 4  # trials of a model before one may be cut short

Say = Callable[[str, float], None]


@dataclass(frozen=True)
class Budget:
    """How long to search: at most so many trials, at most so many minutes, whichever ends first."""

    trials: int = TRIALS
    minutes: float = MINUTES
    folds: int = N_FOLDS


@dataclass(frozen=True)
class Tuned:
    """A recipe with the parameters that were found, and everything that must be told of the search."""

    recipe: Recipe
    facts: dict[str, Any]


@dataclass
class _Search:
    """The trials of one model."""

    spec: ModelSpec
    study: Any
    planned: int
    present: Score
    tried: list[tuple[ModelSpec, Score]] = field(default_factory=list)
    first_folds: list[list[Score]] = field(default_factory=list)
    pruned: int = 0
    failed: int = 0

    @property
    def best(self) -> tuple[ModelSpec, Score]:
        """The parameters that rank best; the present ones unless something beats them."""
        return max([(self.spec, self.present), *self.tried], key=lambda item: item[1].ranking)

    def hopeless(self, so_far: list[Score]) -> bool:
        """Whether a trial is below the median of the finished ones, after as many folds, in both objectives."""
        if len(self.first_folds) < WARM_UP:
            return False
        others = [Score.mean(scores[: len(so_far)]) for scores in self.first_folds]
        mine = Score.mean(so_far)
        middle = np.median([[other.ranking, other.money] for other in others], axis=0)
        return bool(mine.ranking < middle[0] and mine.money < middle[1])


def tune(
    use_case: UseCase,
    columns: Columns,
    target: Array,
    *,
    times: Array | None = None,
    groups: Array | None = None,
    budget: Budget | None = None,
    progress: Say = lambda what, share: None,
) -> Tuned:
    """Search the parameters of a recipe's models and the features they need.

    Parameters
    ----------
    use_case : UseCase
    columns, target, times, groups : see `core.ml.train.train`; give the same ones to it afterwards.
    budget : Budget, optional
    progress : callable

    Raises
    ------
    InputError
        See `core.ml.evaluate.labelled_rows` and `core.ml.rehearsal.prepare_folds`.
    """
    budget = budget or Budget()
    started, seed = time.monotonic(), use_case.recipe.seed
    deadline = started + budget.minutes * 60
    rows = labelled_rows(use_case, columns, np.asarray(target, dtype=np.float64), times, groups, seed)
    looked_at = _looked_at(use_case, rows)
    specs = [spec for spec in use_case.recipe.models if spec.family in WEIGHT]
    chosen = choose_features(use_case, looked_at, specs, seed, lambda w, s: progress(w, s * 0.2), budget.folds)
    slim = replace(use_case, recipe=replace(use_case.recipe, dropped=chosen.dropped))
    searches = _searches(slim, specs, chosen, budget.trials, seed)
    _run(slim, searches, chosen.folds, deadline, lambda w, s: progress(w, 0.2 + s * 0.8))
    found = {search.spec.name: search.best[0] for search in searches}
    models = tuple(found.get(spec.name, spec) for spec in use_case.recipe.models)
    recipe = replace(slim.recipe, models=models, tuned=True)
    facts = _facts(slim, looked_at, searches, chosen, budget) | {"seconds": round(time.monotonic() - started, 1)}
    return Tuned(recipe, facts)


def _looked_at(use_case: UseCase, rows: LabelledRows) -> LabelledRows:
    """Training and calibration rows, evenly thinned where they are many; never the held-out or interval rows."""
    partition = partition_for(use_case, rows.splitter)
    known = np.sort(np.concatenate([partition.train, partition.calibration]))
    if len(known) > STUDY_ROWS:
        known = known[np.linspace(0, len(known) - 1, STUDY_ROWS).astype(np.int64)]
    return rows.take(known)


def _searches(use_case: UseCase, specs: Sequence[ModelSpec], chosen: Chosen, n_trials: int, seed: int) -> list[_Search]:
    """One study per model; the trials are dealt out by how much each family has to search."""
    import optuna

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    open_specs = [spec for spec in specs if searched(spec, str(use_case.task))]
    total = sum(WEIGHT[spec.family] for spec in open_specs)
    found, dealt, weight = [], 0, 0
    for place, spec in enumerate(open_specs):
        weight += WEIGHT[spec.family]
        upto = round(n_trials * weight / total)
        sampler = optuna.samplers.TPESampler(seed=seed + place, n_startup_trials=max(3, (upto - dealt) // 4))
        study = optuna.create_study(directions=["maximize", "maximize"], sampler=sampler)
        found.append(_Search(spec, study, upto - dealt, chosen.present[spec.name]))
        dealt = upto
    return found


def _run(use_case: UseCase, searches: Sequence[_Search], folds: Sequence[Fold], deadline: float, say: Say) -> None:
    """All trials, the models in turn, until they are done or the time is up."""
    turns = sorted(
        ((number + 0.5) / search.planned, place)
        for place, search in enumerate(searches)
        for number in range(search.planned)
    )
    metric = ranking_metric(use_case)
    for number, (_, place) in enumerate(turns):
        if time.monotonic() > deadline:
            break
        best = max((search.best[1].ranking for search in searches), default=float("nan"))
        say(f"trial {number + 1} of {len(turns)}, best {metric} so far {abs(best):.4f}", number / len(turns))
        _try(use_case, searches[place], folds)


def _try(use_case: UseCase, search: _Search, folds: Sequence[Fold]) -> None:
    """One trial: suggest, rehearse fold by fold, give up early where it is hopeless."""
    from lightgbm.basic import LightGBMError
    from optuna.trial import TrialState

    trial = search.study.ask()
    spread = float(folds[0].sample.target.std()) or 1.0 if use_case.task is Task.REGRESSION else 1.0
    params = suggest(trial, search.spec, str(use_case.task), spread)
    spec = replace(search.spec, params=params)
    scores: list[Score] = []
    try:
        for score in rehearse(use_case, spec, folds, use_case.recipe.seed):
            scores.append(score)
            if len(scores) < len(folds) and search.hopeless(scores):
                search.pruned += 1
                search.study.tell(trial, state=TrialState.PRUNED)
                return
    except (ValueError, ArithmeticError, np.linalg.LinAlgError, LightGBMError):  # parameters a solver cannot work with
        search.failed += 1
        search.study.tell(trial, state=TrialState.FAIL)
        return
    mean = Score.mean(scores)
    search.first_folds.append(scores)
    search.tried.append((spec, mean))
    search.study.tell(trial, [mean.ranking, mean.money])


def _facts(
    use_case: UseCase, rows: LabelledRows, searches: Sequence[_Search], chosen: Chosen, budget: Budget
) -> dict[str, Any]:
    points = [
        {"model": search.spec.name, "ranking": score.ranking, "money": score.money, "present": place == 0}
        for search in searches
        for place, (_, score) in enumerate([(search.spec, search.present), *search.tried])
    ]
    front = pareto_front(np.array([[point["ranking"], point["money"]] for point in points]).reshape(-1, 2))
    return {
        "metric": ranking_metric(use_case),
        "money": money_meaning(use_case),
        "rows": len(rows.target),
        "folds": len(chosen.folds),
        "split": str(rows.splitter.kind),
        "seed": use_case.recipe.seed,
        "trials_asked": budget.trials,
        "minutes_allowed": budget.minutes,
        "trials_run": sum(len(search.tried) + search.pruned + search.failed for search in searches),
        "trials_pruned": sum(search.pruned for search in searches),
        "trials_failed": sum(search.failed for search in searches),
        "dropped": list(chosen.dropped),
        "models": {search.spec.name: _model_facts(search) for search in searches},
        "points": [point | {"front": bool(on)} for point, on in zip(points, front, strict=True)],
    }


def _model_facts(search: _Search) -> dict[str, Any]:
    spec, score = search.best
    return {
        "trials": len(search.tried) + search.pruned + search.failed,
        "kept_present": spec is search.spec,
        "params": dict(spec.params),
        "present_cv": search.present.ranking,
        "best_cv": score.ranking,  # the best of many: optimistic
        "money_cv": score.money,
    }
