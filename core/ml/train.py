"""Train a use case: split, fit, calibrate, compile, measure, judge. Pure but for the clock it reports."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from core.domain.columns import Array, Columns
from core.domain.features import Floats
from core.domain.metrics.baseline import constant_outputs
from core.domain.profile import make_profile
from core.domain.recipe import Split
from core.domain.score import scalar_score
from core.domain.usecase import Task, UseCase
from core.ml.compile import largest_difference
from core.ml.compiled import Compiled
from core.ml.evaluate import Arms, LabelledRows, calibration_line, cross_validate, labelled_rows, measure
from core.ml.fit import FittedModels, Progress, fit_models
from core.ml.intervals import fit_champion_intervals, partition_for
from core.ml.lineage import lineage
from core.ml.preprocess import feature_frame
from core.ml.split import Partition, Rows

SMALL = 20_000  # below it one held-out fifth is too noisy, and the printed figures are cross-validated
BESIDE_ROWS = 20_000  # rows of the random 5-fold figure that stands beside an honest split


@dataclass(frozen=True)
class Trained:
    """What a training leaves behind.

    Attributes
    ----------
    preprocessor, models : scikit-learn objects; models in recipe order
    compiled : Compiled
    compile_difference : float
        Largest gap between the two on the reference rows.
    calibration : mapping
        By model: the map (`slope`, `intercept`, `method`, `note`) and the line on the test rows (`on_test`).
    metrics : mapping
        `main` names the printed set of figures; `sets` holds each (`held_out`, `cross_validated`,
        `random_cross_validated`) with `label`, `n`, `models`, `baseline`, `rules`, `facts`; `verdicts` by model.
    split : mapping
        Kind, and rows, period and rate of every part.
    reference : array of row positions
        The held-out test rows, ascending.
    reference_scores : mapping of str to array, shape (n_reference,)
    cutoffs, capacity_cutoffs : mappings by model
    profile : mapping, see `core.domain.profile`
    lineage : mapping
        Seed, library versions, hyper-parameters, data fingerprint, seconds.
    verdict : str
        The champion's, in words.
    notes : tuple of str
    interval : mapping
        The champion's prediction interval, see `core.ml.intervals`; {} without one.
    """

    preprocessor: Any
    models: Mapping[str, Any]
    compiled: Compiled
    compile_difference: float
    calibration: Mapping[str, Any]
    metrics: Mapping[str, Any]
    split: Mapping[str, Any]
    reference: Rows
    reference_scores: Mapping[str, Floats]
    cutoffs: Mapping[str, tuple[float, ...]]
    capacity_cutoffs: Mapping[str, float]
    profile: Mapping[str, Any]
    lineage: Mapping[str, Any]
    verdict: str
    notes: tuple[str, ...]
    interval: Mapping[str, Any] = field(default_factory=dict)


def train(
    use_case: UseCase,
    columns: Columns,
    target: Array,
    *,
    times: Array | None = None,
    groups: Array | None = None,
    progress: Progress = lambda what, share: None,
    seed: int | None = None,
) -> Trained:
    """Train the four models of a use case on labelled rows.

    Parameters
    ----------
    use_case : UseCase
    columns : mapping of str to array, shape (n_rows,)
        Typed raw columns that passed the schema's check.
    target : array, shape (n_rows,)
        0/1 (binary), codes into `target.classes` (multiclass), or values (regression).
    times : array of datetime64, or of numbers that order the rows, shape (n_rows,), optional
        Needed where the recipe splits by time.
    groups : array, shape (n_rows,), optional
        The entity of each row: needed where the recipe splits by group; intervals respect it in any case.
    progress : callable
        Told what is being done and the share done, in [0, 1].
    seed : int, optional
        The recipe's by default. Same seed, rows, machine and versions: same scores, bit for bit.

    Raises
    ------
    InputError
        Too few rows, an outcome that is missing or of no class, or rows that cannot be split.
    BundleProblem
        The compiled models differ from scikit-learn's.
    """
    started = time.perf_counter()
    seed = use_case.recipe.seed if seed is None else seed
    rows = labelled_rows(use_case, columns, np.asarray(target, dtype=np.float64), times, groups, seed)
    partition = partition_for(use_case, rows.splitter)
    fitted = fit_models(
        use_case, rows.matrix, rows.target, partition.train, partition.calibration, seed, _within(progress, 0.0, 0.4)
    )
    trained = _judged(use_case, rows, partition, fitted, _within(progress, 0.4, 1.0))
    facts = lineage(use_case, columns, rows.target, fitted.params, seed)
    return replace(trained, lineage=facts | {"seconds": round(time.perf_counter() - started, 2)})


def _judged(
    use_case: UseCase, rows: LabelledRows, partition: Partition, fitted: FittedModels, progress: Progress
) -> Trained:
    """Everything that follows from a fit: compile check, figures, verdicts, cutoffs, profile."""
    held_out = rows.take(partition.test)
    outputs = fitted.predict(held_out.matrix)
    frame = feature_frame(use_case, held_out.matrix)
    difference = largest_difference(fitted.compiled, fitted.preprocessor, fitted.models, frame)
    progress("measuring on held-out rows", 0.0)
    sets = _figure_sets(use_case, rows, partition, outputs, _within(progress, 0.1, 0.95))
    main = "cross_validated" if "cross_validated" in sets else "held_out"
    verdicts = sets[main].verdicts(str(use_case.task))
    scores = {name: scalar_score(output, use_case.target.class_values) for name, output in outputs.items()}
    progress("measured", 1.0)
    return Trained(
        preprocessor=fitted.preprocessor,
        models=fitted.models,
        compiled=fitted.compiled,
        compile_difference=difference,
        calibration=_calibration(use_case, fitted, held_out.target, outputs),
        metrics={
            "main": main,
            "sets": {name: arms.as_json() for name, arms in sets.items()},
            "verdicts": {name: str(verdict) for name, verdict in verdicts.items()},
        },
        split=_split_facts(use_case, rows, partition),
        reference=partition.test,
        reference_scores=scores,
        cutoffs=cutoffs_of(use_case, scores),
        capacity_cutoffs=capacity_cutoffs_of(use_case, scores),
        profile=make_profile(use_case.schema, use_case.features, held_out.columns, held_out.matrix, scores),
        lineage={},
        verdict=str(verdicts[use_case.recipe.champion]),
        notes=_notes(fitted),
        interval=fit_champion_intervals(use_case, rows, partition, fitted),
    )


def _figure_sets(
    use_case: UseCase, rows: LabelledRows, partition: Partition, outputs: Mapping[str, Floats], progress: Progress
) -> dict[str, Arms]:
    """Held-out figures always; cross-validated ones for small data; random folds beside any other split."""
    n_classes = len(use_case.target.classes)
    baseline = constant_outputs(str(use_case.task), rows.target[partition.known], n_classes, len(partition.test))
    held_out = rows.take(partition.test)
    sets = {"held_out": measure(use_case, held_out, outputs, baseline, _HELD_OUT[rows.splitter.kind])}
    if use_case.recipe.tuned:  # the tuning has seen all other rows: figures on them would flatter
        return sets
    small, honest = len(rows.target) < SMALL, rows.splitter.kind is not Split.RANDOM
    if small:
        label = _FOLDS[rows.splitter.kind]
        sets["cross_validated"] = cross_validate(use_case, rows, label, _within(progress, 0.0, 0.5))
    if honest:
        sets["random_cross_validated"] = _beside(use_case, rows, _within(progress, 0.5, 1.0))
    return sets


def _beside(use_case: UseCase, rows: LabelledRows, progress: Progress) -> Arms:
    """The figure most people would quote: random 5-fold, on a stratified sample where there are many rows."""
    n_rows = len(rows.target)
    chosen = rows.take(np.arange(n_rows))
    sampled = n_rows > BESIDE_ROWS
    if sampled:
        picked = np.random.default_rng(rows.splitter.seed).choice(n_rows, BESIDE_ROWS, replace=False)
        chosen = rows.take(np.sort(picked))
    shuffled = LabelledRows(chosen.columns, chosen.matrix, chosen.target, chosen.splitter.as_random())
    label = "random 5-fold" + (f" on {BESIDE_ROWS:,} of {n_rows:,} rows" if sampled else "")
    return cross_validate(use_case, shuffled, label, progress)


_HELD_OUT = {
    Split.TIME: "held out: the last rows by time",
    Split.GROUP: "held out: groups never trained on",
    Split.RANDOM: "held out at random",
}
_FOLDS = {
    Split.TIME: "5 forward steps in time",
    Split.GROUP: "5-fold by group",
    Split.RANDOM: "random 5-fold",
}


def _calibration(
    use_case: UseCase, fitted: FittedModels, target: Floats, outputs: Mapping[str, Floats]
) -> dict[str, Any]:
    facts: dict[str, Any] = {}
    for name, output in outputs.items():
        found = fitted.maps.get(name)
        facts[name] = {
            "method": found.method if found else "mean of calibrated models",
            "slope": found.slope if found else None,
            "intercept": list(found.intercept) if found else None,
            "note": found.note if found else "",
            "on_test": calibration_line(use_case.task, target, output),
        }
    return facts


def _split_facts(use_case: UseCase, rows: LabelledRows, partition: Partition) -> dict[str, Any]:
    facts: dict[str, Any] = {"kind": str(rows.splitter.kind), "rows": len(rows.target), "parts": {}}
    for name, positions in partition.parts().items():
        facts["parts"][name] = _part(use_case, rows.take(positions))
    if rows.splitter.groups is not None:
        test = np.unique(rows.splitter.groups[partition.test])
        known = np.unique(rows.splitter.groups[partition.known])
        facts["groups_on_both_sides"] = int(np.isin(test, known).sum())
    return facts


def _part(use_case: UseCase, part: LabelledRows) -> dict[str, Any]:
    facts: dict[str, Any] = {"rows": len(part.target)}
    if use_case.task is Task.REGRESSION:
        facts["mean"] = float(part.target.mean())
    else:
        counts = np.bincount(part.target.astype(np.int64), minlength=len(use_case.target.classes))
        facts["classes"] = dict(zip(use_case.target.classes, counts.tolist(), strict=True))
    facts |= _period(part.splitter.times)
    if part.splitter.groups is not None:
        facts["groups"] = len(np.unique(part.splitter.groups))
    return facts


def _period(times: Array | None) -> dict[str, str]:
    """First and last time, as ISO 8601, or as numbers where numbers order the rows; {} without any."""
    known = np.empty(0) if times is None else times[times == times]  # neither NaN nor NaT equals itself
    if len(known) == 0:
        return {}
    ends = zip(("from", "to"), (known.min(), known.max()), strict=True)
    return {name: str(end.astype("datetime64[s]")) if known.dtype.kind == "M" else f"{end:,.10g}" for name, end in ends}


def cutoffs_of(use_case: UseCase, scores: Mapping[str, Floats]) -> dict[str, tuple[float, ...]]:
    """Per model, on its own reference scores; classes are their own bands."""
    if use_case.task is Task.MULTICLASS:
        return {name: () for name in scores}
    return {name: use_case.policy.cutoffs(score) for name, score in scores.items()}


def capacity_cutoffs_of(use_case: UseCase, scores: Mapping[str, Floats]) -> dict[str, float]:
    """Per model, the score above which a team of the policy's capacity is full; {} without a capacity."""
    capacity = use_case.policy.capacity
    if capacity is None:
        return {}
    return {name: float(np.quantile(score, 1 - capacity, method="higher")) for name, score in scores.items()}


def _notes(fitted: FittedModels) -> tuple[str, ...]:
    said = [f"{name} {note}." for name, notes in fitted.notes.items() for note in notes]
    said += [f"{name} was {found.note}." for name, found in fitted.maps.items() if found.note]
    return tuple(said)


def _within(progress: Progress, start: float, end: float) -> Progress:
    """Progress of a part, as progress of the whole."""
    return lambda what, share: progress(what, start + (end - start) * share)
