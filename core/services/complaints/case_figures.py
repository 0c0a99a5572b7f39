"""The sections of a case file that come from the log's scores and outcomes."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import pyarrow.compute as pc

from core.domain.calibration import calibration_fit
from core.domain.case_measures import mean_shift
from core.domain.drift.measures import psi
from core.domain.estimation import expected_binary, expected_multiclass, expected_r2
from core.domain.features import Floats, feature_matrix
from core.domain.judged import RULES, Judged, dense, figure_of, outcome_values
from core.domain.metrics.influence import Codes, auc_parts, mean_of, standard_error
from core.domain.metrics.intervals import z_value
from core.domain.metrics.measured import Measured
from core.domain.profile import bin_counts, score_counts
from core.domain.score import scalar_score
from core.domain.usecase import Task, UseCase
from core.services.complaints.case_rows import CaseRows, Held
from core.services.complaints.case_sections import (
    ArmFigure,
    BandRow,
    CalibrationNow,
    ColumnDrift,
    Conversion,
    Drift,
    Estimated,
    Shadow,
)

COMPARED = {Task.BINARY: "auc", Task.MULTICLASS: "accuracy", Task.REGRESSION: "mae"}
ESTIMATED = {Task.BINARY: "auc", Task.MULTICLASS: "macro_auc", Task.REGRESSION: "r2"}
SHOWN_COLUMNS = 8
SEED = 20261121


def conversion(rows: CaseRows) -> Conversion:
    """Outcomes by band, in the window and before it."""
    case = rows.use_case
    bands = tuple(
        BandRow(
            name,
            int(np.count_nonzero(rows.now.band == place)),
            _mean_outcome(case, rows.now.part(rows.now.band == place)),
            _mean_outcome(case, rows.then.part(rows.then.band == place)),
        )
        for place, name in enumerate(case.policy.band_names)
    )
    unit = {Task.BINARY: "rate", Task.MULTICLASS: "mean value"}.get(case.task, case.target.unit)
    overall = _mean_outcome(case, rows.now), _mean_outcome(case, rows.then)
    return Conversion(unit, bands, *overall, rows.now.maturity(), rows.then.maturity())


def _mean_outcome(use_case: UseCase, part: Judged) -> Measured:
    kept = part.counts
    return mean_of("outcome", outcome_values(use_case, part.outcome[kept]), None, part.clusters(kept))


def drift(rows: CaseRows) -> Drift | None:
    """How far the window's scores, and the features behind them, are from the reference rows of their version."""
    version = rows.main_version
    if version is None or not len(rows.now):
        return None
    held, limits = rows.held[version], rows.limits
    own = rows.now.version == rows.now.versions.index(version)
    scores = rows.scores(rows.now.part(own))
    clusters = None if rows.now.entity is None else dense(rows.now.entity[own])
    profile, champion = held.scorer.bundle.profile, held.scorer.card.champion
    matrix = _matrix(rows, version)
    logged = mean_shift(scores, held.scores, limits.level, clusters)
    shift = mean_shift(_calendar_aside(held, matrix), held.scores, limits.level, _entities(rows, version))
    only = {item["name"]: scores if item["name"] == champion else scores[:0] for item in profile["scores"]}
    place = [item["name"] for item in profile["scores"]].index(champion)
    score_psi = psi(score_counts(profile, only)[place], np.array(profile["scores"][place]["counts"]), limits.psi_band)
    return Drift(shift, logged, impact_limit(rows, held), *score_psi, _columns(rows, profile, matrix))


def impact_limit(rows: CaseRows, held: Held) -> float:
    """How far the mean score may move: one point of probability, or a tenth of the scores' sd if that is less.

    A point is too much to ask where scores span little (a default rate of 5 % whose scores have an sd of 1.5
    points), and no unit at all where scores are values: there a tenth of the sd, which moves about one row in 25 over
    a cut at the median, is the same size of change.
    """
    spread = rows.limits.impact_sd * float(held.scores.std())
    if rows.use_case.policy.score_format != "percent" or rows.use_case.task is Task.REGRESSION:
        return spread
    return min(rows.limits.impact_points, spread)


def _matrix(rows: CaseRows, version: str) -> Floats:
    """The window's features, before imputing, of the rows that a version scored, in the order of arrival."""
    own = np.array(rows.table["version"].to_pylist(), dtype=object) == version
    columns = {name: values[own] for name, values in rows.columns.items()}
    return feature_matrix(rows.use_case.features, columns, int(own.sum()))


def _entities(rows: CaseRows, version: str) -> Codes | None:
    own = rows.table["entity"].filter(pc.equal(rows.table["version"], version))
    return dense(np.array(own.to_pylist(), dtype=object))


def _calendar_aside(held: Held, matrix: Floats) -> Floats:
    """The champion's scores of rows as they would be on the reference's days, shape (n_rows,).

    A window shorter than a calendar cycle has its own weeks of the month for ever: features of the date alone take
    the values of reference rows, drawn by a fixed seed, so that what is left of a shift comes from the rows.
    """
    scorer = held.scorer
    calendar = np.flatnonzero([feature.calendar for feature in scorer.use_case.features])
    if len(calendar):
        n = len(held.scores)
        reference = feature_matrix(scorer.use_case.features, held.columns, n)
        drawn = np.random.default_rng(SEED).integers(0, n, len(matrix))
        matrix = matrix.copy()
        matrix[:, calendar] = reference[np.ix_(drawn, calendar)]
    outputs = scorer.bundle.compiled.predict(scorer.bundle.compiled.inputs(matrix))[scorer.card.champion]
    return scalar_score(outputs, scorer.use_case.target.class_values)


def _columns(rows: CaseRows, profile: Mapping[str, Any], matrix: Floats) -> tuple[ColumnDrift, ...]:
    counts = bin_counts(profile, matrix)
    items, n = profile["features"], len(matrix)
    level = 1 - 0.05 / max(sum(not item["calendar"] for item in items), 1)
    found = []
    for item, now in zip(items, counts, strict=True):
        reference = np.array(item["counts"])
        value, limit = psi(now[:-1], reference[:-1], rows.limits.psi_band, level)  # missing has its own check
        judged = not item["calendar"]
        moved = judged and n >= rows.limits.minimum_rows and value > limit
        found.append(ColumnDrift(item["name"], value, limit, n, int(reference.sum()), judged, moved))
    return tuple(sorted(found, key=lambda item: (not item.judged, -item.psi))[:SHOWN_COLUMNS])


def shadow(rows: CaseRows) -> Shadow | None:
    """Every arm on the same mature rows, and the champion's figure minus it with a paired interval."""
    case, now = rows.use_case, rows.now
    pooled = int(now.counts.sum()) < rows.limits.minimum_rows
    both = rows.judged.part(rows.inside | rows.earlier) if pooled else now
    arms = [*case.recipe.model_names, *([RULES] if case.rules is not None else [])]
    told = both.counts.copy()
    for model in case.recipe.model_names:
        told &= ~np.isnan(both.outputs[model]).any(axis=1)
    if case.rules is not None and case.task is not Task.MULTICLASS:
        told &= ~np.isnan(both.rules_score)
    part = both.part(told)
    if len(part) < 2:
        return None
    metric, champion = COMPARED[case.task], rows.champion
    figures = []
    for arm in sorted(arms, key=lambda arm: arm != champion):
        figure = figure_of(case, part, arm, metric)
        if figure is not None:
            difference = None if arm == champion else _paired(case, part, champion, arm)
            figures.append(ArmFigure(arm, figure, difference))
    return Shadow(metric, tuple(figures), len(part), pooled)


def _paired(use_case: UseCase, part: Judged, champion: str, arm: str) -> Measured:
    """Champion minus the arm; influences of both on the same rows, so that what they share cancels."""
    (value, influence), (other, its) = (_influence(use_case, part, name) for name in (champion, arm))
    clusters = None if part.entity is None else dense(part.entity)
    half = z_value() * standard_error(influence - its, clusters)
    difference = value - other
    return Measured(
        "difference", difference, difference - half, difference + half, len(part), None, "paired, same rows"
    )


def _influence(use_case: UseCase, part: Judged, arm: str) -> tuple[float, Floats]:
    outcome, n = part.outcome, len(part)
    output = part.rules_score[:, None] if arm == RULES else part.outputs[arm]
    if use_case.task is Task.BINARY:
        value, up, down = auc_parts(outcome, output[:, 0])
        return value, np.where(outcome == 1, up, down)
    if use_case.task is Task.REGRESSION:
        values = np.abs(outcome - output[:, 0])
    else:
        predicted = len(use_case.target.classes) - 1 - part.rules_band if arm == RULES else output.argmax(axis=1)
        values = (predicted == outcome).astype(np.float64)
    return float(values.mean()), (values - values.mean()) / math.sqrt(n * max(n - 1, 1))


def calibration(rows: CaseRows) -> CalibrationNow | None:
    """Mean score beside mean outcome of the window's judged rows, and the line through the log-odds (binary)."""
    part = rows.now.part(rows.now.counts)
    if len(part) < 2:
        return None
    scores = rows.scores(part)
    case = rows.use_case
    line = calibration_fit(part.outcome, scores) if case.task is Task.BINARY else None
    told = (line.slope, line.slope_se, line.intercept, line.intercept_se) if line else (None, None, None, None)
    return CalibrationNow(float(np.nanmean(scores)), _mean_outcome(case, part), *told)


def estimated(rows: CaseRows) -> Estimated | None:
    """Realised minus estimated on the rows that can be judged; see `core.domain.estimation` for the estimate.

    The interval of the difference takes the larger of the two errors: the band of the estimate (what so many rows
    realise, were the scores right) or the realised figure's own. They are errors of the same draw, not two.
    """
    held, case = rows.main, rows.use_case
    part = rows.now.part(rows.now.counts & ~np.isnan(rows.now.outputs[rows.champion]).any(axis=1))
    if held is None or len(part) < rows.limits.minimum_rows:
        return None
    metric, champion = ESTIMATED[case.task], rows.champion
    expected = _expect(case, held, part.outputs[champion])
    realised = figure_of(case, part, champion, metric)
    if realised is None or math.isnan(realised.low) or math.isnan(expected.low):
        return None
    half = max(expected.high - expected.low, realised.high - realised.low) / 2
    half *= z_value(rows.limits.level) / z_value()
    value = realised.value - expected.value
    method = f"{rows.limits.level:.0%}, the larger of both errors"
    difference = Measured("difference", value, value - half, value + half, len(part), realised.n_events, method)
    return Estimated(metric, expected, realised, difference, _gap(case, held), champion)


def _expect(use_case: UseCase, held: Held, outputs: Floats) -> Measured:
    if use_case.task is Task.BINARY:
        return expected_binary(outputs[:, 0])["auc"]
    if use_case.task is Task.MULTICLASS:
        return expected_multiclass(outputs)["macro_auc"]
    return expected_r2(held.scores, held.outcome, outputs[:, 0])


def _gap(use_case: UseCase, held: Held) -> float:
    """Realised minus estimated on the held-out rows of the version: how far to trust the estimate at all."""
    n = len(held.scores)
    nothing, codes = np.full(n, np.nan), np.zeros(n, dtype=np.int8)
    judged = Judged(
        days=np.zeros(n, dtype="datetime64[D]"),
        mature=np.ones(n, dtype=bool),
        outcome=held.outcome,
        outputs={held.scorer.card.champion: held.outputs},
        rules_score=nothing,
        band=codes,
        rules_band=codes,
        decision=codes,
        version=codes.astype(np.int64),
        decided_by=codes.astype(np.int64),
        versions=("",),
        deciders=("",),
    )
    realised = figure_of(use_case, judged, held.scorer.card.champion, ESTIMATED[use_case.task])
    return math.nan if realised is None else realised.value - _expect(use_case, held, held.outputs).value
