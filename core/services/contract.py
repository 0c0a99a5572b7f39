"""The contract of a use case as named checks, for whoever writes a plug-in: run them, read what fails.

    python -m core check lead_scoring

Each check is one function below; its name is its title and its docstring says what must hold.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from core.domain.adverse import codes_problem
from core.domain.columns import Columns, Kind, writing_problem
from core.domain.features import feature_matrix
from core.domain.parsing import parse_row
from core.domain.policy import Mode
from core.domain.usecase import Task, UseCase

SAMPLE_ROWS = 200
SEED = 7


@dataclass(frozen=True)
class CheckResult:
    """One named check of one use case; `problem` is empty where it holds."""

    name: str
    promise: str
    problem: str

    @property
    def holds(self) -> bool:
        return not self.problem


@dataclass(frozen=True)
class Sample:
    """A use case with some of its generator's rows, read as scoring reads them."""

    case: UseCase

    @cached_property
    def rows(self) -> list[dict[str, Any]]:
        return list(self.case.synthesize(SAMPLE_ROWS, SEED).to_pylist()) if self.case.synthesize else []

    def columns(self, first: int = 0, last: int | None = None) -> Columns:
        """Typed columns of some rows."""
        parsed = [parse_row(self.case.schema, row) for row in self.rows[first:last]]
        return {name: np.concatenate([row[name].values for row in parsed]) for name in self.case.schema.names}


Check = Callable[[Sample], str | None]
CHECKS: list[Check] = []


def _check(function: Check) -> Check:
    CHECKS.append(function)
    return function


def check_use_case(use_case: UseCase) -> list[CheckResult]:
    """Run every check; a check that cannot apply (no generator, no rules) holds."""
    sample = Sample(use_case)
    return [
        CheckResult(check.__name__.replace("_", " "), (check.__doc__ or "").strip(), _problem(check, sample))
        for check in CHECKS
    ]


def _problem(check: Check, sample: Sample) -> str:
    try:
        return check(sample) or ""
    except Exception as error:  # noqa: BLE001  a plug-in's own code may raise anything; the check must still be reported
        return f"raised {type(error).__name__}: {error}"


@_check
def names_are_unique(sample: Sample) -> str | None:
    """Columns, features, models and bands each have names of their own."""
    case = sample.case
    for what, names in (
        ("column", case.schema.names),
        ("feature", case.feature_names),
        ("model", case.recipe.model_names),
        ("band", case.policy.band_names),
    ):
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            return f"{what} named twice: {', '.join(twice)}"
    return None


@_check
def columns_that_are_named_exist(sample: Sample) -> str | None:
    """Entity, group, sensitive and actionable columns, and those of row rules and groupings, are in the schema."""
    case = sample.case
    cut = {grouping.name: grouping.column for grouping in case.groupings}
    named = [case.entity, case.group, *(cut.get(name, name) for name in case.sensitive), *case.actionable]
    named += [*cut.values(), *(name for rule in case.schema.rules for name in rule.columns)]
    strangers = [name for name in named if name is not None and name not in case.schema]
    return f"not in the schema: {', '.join(strangers)}" if strangers else None


@_check
def lists_and_sets_can_be_written(sample: Sample) -> str | None:
    """A list has a width; a set has 1 to 63 levels that differ in more than case and hold no semicolon."""
    problems = ((column.name, writing_problem(column)) for column in sample.case.schema)
    return next((f"{name}: {problem}" for name, problem in problems if problem), None)


@_check
def features_read_only_what_is_known(sample: Sample) -> str | None:
    """No feature reads the target, an id, a free text or a column that does not exist."""
    case = sample.case
    for feature in case.features:
        for name in feature.inputs:
            if name == case.target.name:
                return f"{feature.name} reads the target"
            if name not in case.schema or case.schema[name].kind.is_text:
                return f"{feature.name} reads {name}"
    return None


@_check
def features_say_what_they_are(sample: Sample) -> str | None:
    """Every feature has a formula in words."""
    silent = [feature.name for feature in sample.case.features if not feature.formula]
    return f"no formula: {', '.join(silent)}" if silent else None


@_check
def four_models_one_champion(sample: Sample) -> str | None:
    """Four models, one of them the champion; what is scaled is a feature."""
    recipe = sample.case.recipe
    if len(recipe.models) != 4:
        return f"{len(recipe.models)} models"
    if recipe.champion not in recipe.model_names:
        return f"champion {recipe.champion} is none of {', '.join(recipe.model_names)}"
    strangers = set(recipe.scaled or ()) - set(sample.case.feature_names)
    return f"scaled, but no feature: {', '.join(sorted(strangers))}" if strangers else None


@_check
def bands_cover_every_score(sample: Sample) -> str | None:
    """Bands run from the highest score down, by cutoff or by share, and the lowest has no bound."""
    case, bands = sample.case, sample.case.policy.bands
    if case.task is Task.MULTICLASS:
        return None if len(bands) == len(case.target.classes) else "one band per class is needed"
    cutoffs = [band.at_least for band in bands[:-1]]
    shares = [band.share for band in bands[:-1]]
    if len(bands) < 2:
        return "fewer than two bands"
    if None not in cutoffs:
        return None if cutoffs == sorted(cutoffs, reverse=True) else "cutoffs do not descend"  # type: ignore[type-var]
    total = sum(share or 0 for share in shares)
    return None if None not in shares and 0 < total < 1 else "each band but the lowest needs a cutoff, or a share"


@_check
def classes_fit_the_task(sample: Sample) -> str | None:
    """Two classes for binary, three or more for multiclass, none for regression."""
    count = len(sample.case.target.classes)
    allowed = {Task.BINARY: count == 2, Task.MULTICLASS: count > 2, Task.REGRESSION: count == 0}
    return None if allowed[sample.case.task] else f"{count} classes for {sample.case.task}"


@_check
def shadow_mode_has_rules(sample: Sample) -> str | None:
    """Where the rules decide, there are rules."""
    case = sample.case
    return "no rules" if case.policy.mode is Mode.SHADOW and case.rules is None else None


@_check
def the_generator_repeats_itself(sample: Sample) -> str | None:
    """The same seed gives the same rows, another seed others."""
    draw = sample.case.synthesize
    if draw is None:
        return None
    if not draw(50, SEED).equals(draw(50, SEED)):
        return "two draws with one seed differ"
    return "two seeds give the same rows" if draw(50, SEED).equals(draw(50, SEED + 1)) else None


@_check
def the_generator_keeps_the_schema(sample: Sample) -> str | None:
    """Every generated row passes the check and carries an outcome."""
    case = sample.case
    for place, row in enumerate(sample.rows):
        problems = list(case.schema.check(parse_row(case.schema, row), 1).problems())
        if problems:
            return f"row {place + 1}: {problems[0].message}"
        if row.get(case.target.name) is None:
            return f"row {place + 1} has no {case.target.name}"
    return None


@_check
def a_row_scores_the_same_alone(sample: Sample) -> str | None:
    """Features and rules of a row do not depend on the other rows."""
    case = sample.case
    if not sample.rows:
        return None
    columns = sample.columns()
    together = feature_matrix(case.features, columns, len(sample.rows))
    rules = case.rules.apply(columns) if case.rules else None
    for place in range(0, len(sample.rows), 20):
        one = {name: values[place : place + 1] for name, values in columns.items()}
        alone = feature_matrix(case.features, one, 1)[0]
        changed = np.flatnonzero(~((alone == together[place]) | (np.isnan(alone) & np.isnan(together[place]))))
        if len(changed):
            return f"{case.feature_names[changed[0]]} differs alone and in a file"
        if rules and case.rules and [item[0] for item in case.rules.apply(one)] != [item[place] for item in rules]:
            return "the rules differ alone and in a file"
    return None


@_check
def features_are_numbers(sample: Sample) -> str | None:
    """A row that passes the check gives finite features, or missing ones where a column is imputed."""
    case = sample.case
    if not sample.rows:
        return None
    matrix = feature_matrix(case.features, sample.columns(), len(sample.rows))
    for place, feature in enumerate(case.features):
        if not np.isfinite(matrix[:, place]).all() and all(case.schema[name].required for name in feature.inputs):
            return f"{feature.name} is not finite for some row"
    return None


@_check
def rules_use_the_bands(sample: Sample) -> str | None:
    """The rules put every row into one of the policy's bands."""
    case = sample.case
    if case.rules is None or not sample.rows:
        return None
    bands = case.rules.apply(sample.columns())[1]
    return None if ((bands >= 0) & (bands < len(case.policy.bands))).all() else "a band that does not exist"


@_check
def time_is_required(sample: Sample) -> str | None:
    """A time that features read is never filled in by the clock: a row without it is rejected."""
    read = {name for feature in sample.case.features for name in feature.inputs}
    late = [c.name for c in sample.case.schema.of_kind(Kind.TIME) if c.name in read and not c.required]
    return f"not required: {', '.join(late)}" if late and sample.case.origin == "built-in" else None


@_check
def the_result_page_reads_features(sample: Sample) -> str | None:
    """Gauges and reference means name features; a gauge's zones lie on its scale, a mean is not zero."""
    case = sample.case
    shown = {gauge.feature for gauge in case.gauges} | {item.feature for item in case.reference_means}
    strangers = shown - set(case.feature_names)
    if strangers:
        return f"no feature: {', '.join(sorted(strangers))}"
    for gauge in case.gauges:
        if not gauge.minimum <= gauge.low <= gauge.high <= gauge.maximum:
            return f"the zones of {gauge.feature} do not lie on its scale"
    return "a reference mean of zero" if any(item.mean == 0 for item in case.reference_means) else None


@_check
def adverse_codes_are_of_model_columns(sample: Sample) -> str | None:
    """A reason for declining names a raw column that a model reads and that is not sensitive; a code has one text."""
    return codes_problem(sample.case)


@_check
def advice_is_about_one_row(sample: Sample) -> str | None:
    """Every row that passes the check can be advised on, whatever the models say of it."""
    case = sample.case
    if case.advice is None:
        return None
    outputs = np.full(len(case.output_names), 1.0 / len(case.output_names))
    for place in range(len(sample.rows)):
        if not all(item.topic and item.text for item in case.advice(sample.columns(place, place + 1), outputs)):
            return f"row {place + 1}: advice without topic or text"
    return None


@_check
def the_truth_has_the_shape_of_an_answer(sample: Sample) -> str | None:
    """The generator's truth is one number per row, or one probability per row and class."""
    case = sample.case
    if case.truth is None or not sample.rows:
        return None
    known = case.truth(sample.columns())
    n_rows, n_classes = len(sample.rows), len(case.target.classes)
    shape = (n_rows, n_classes) if case.task is Task.MULTICLASS else (n_rows,)
    if known.shape != shape:
        return f"shape {known.shape}, not {shape}"
    is_share = case.task is Task.REGRESSION or bool(((known >= 0) & (known <= 1)).all())
    sums = case.task is not Task.MULTICLASS or bool(np.allclose(known.sum(axis=1), 1.0))
    return None if is_share and sums else "no probabilities"
