"""What drives the scores of a use case: importance by model, beside permutation, by segment, and against the past."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date

import numpy as np

from core.domain.attribution_drift import MIN_ROWS, Shift, shifts
from core.domain.axes import axes_of
from core.domain.columns import Array, Columns, Kind
from core.domain.dependence import bins_of
from core.domain.features import Floats
from core.domain.importance import Importance, importance, places, rank_agreement
from core.domain.metrics.measured import MIN_EVENTS
from core.domain.permutation import Loss, orders, permutation_losses
from core.domain.usecase import UseCase
from core.services.access import Action, Actor, require
from core.services.desk import Desk
from core.services.governing.acting import acting_model
from core.services.kept import kept
from core.services.reasons.explained_rows import ExplainedRows, explained_rows, outputs_of

SEED = 20261121
WINDOWS = (7, 30, 90)  # days of the log that can be chosen
FEW = MIN_EVENTS  # rows below which a figure is shown in grey
SHUFFLED_ROWS = 1_000
N_REPEATS = 6


@dataclass(frozen=True)
class Source:
    """Which rows an answer is about."""

    version: str
    days: int | None  # the latest days of the log; None: held-out reference rows
    n: int
    n_there: int
    first: date | None
    last: date | None


@dataclass(frozen=True)
class Drivers:
    """The importance of every raw column to every model."""

    use_case: str
    champion: str
    models: tuple[str, ...]
    source: Source
    by_model: Mapping[str, Importance]
    agreement: Floats  # (n_models, n_models), Kendall's tau of the importances


@dataclass(frozen=True)
class CrossCheck:
    """Permutation importance beside the mean size of the points, on the same reference rows."""

    source: Source
    metric: str
    losses: Mapping[str, Loss]  # by model
    agreement: Mapping[str, float]  # Kendall's tau with the mean |points|, by model
    apart: Mapping[str, tuple[str, ...]]  # columns whose places differ much, by model


@dataclass(frozen=True)
class Segments:
    """Importance within the levels of a column or grouping."""

    source: Source
    title: str
    levels: Mapping[str, Importance]  # level -> importance of the rows that have it


@dataclass(frozen=True)
class Drift:
    """The points of the latest days beside the reference; without shifts there are not enough rows."""

    before: Source
    now: Source
    minimum: int
    shifts: tuple[Shift, ...] | None


def source_of(rows: ExplainedRows) -> Source:
    """Which rows these are."""
    return Source(rows.version, rows.days, rows.n, rows.n_there, rows.first, rows.last)


def drivers(desk: Desk, actor: Actor, key: str, days: int | None = None) -> Drivers:
    """Mean |points| of every raw column, for every model, on reference rows or on the latest days of the log."""
    require(actor, Action.SEE_MODELS)
    use_case = desk.use_case(key)
    rows = explained_rows(desk, use_case, days)
    champion = acting_model(desk, use_case)
    mark = ("drivers", champion, *_mark(desk, use_case, rows))
    return kept(desk, use_case, mark, lambda: _drivers(use_case, rows, champion))


def _mark(desk: Desk, use_case: UseCase, rows: ExplainedRows) -> tuple[object, ...]:
    return (rows.version, rows.days, *(() if rows.days is None else desk.log.water_mark(use_case)))


def _drivers(use_case: UseCase, rows: ExplainedRows, champion: str) -> Drivers:
    columns = use_case.model_columns
    found = {model: importance(columns, points, SEED, rows.clusters) for model, points in rows.points.items()}
    models = tuple(found)
    tau = [[rank_agreement(found[a].value, found[b].value) for b in models] for a in models]
    return Drivers(use_case.key, champion, models, source_of(rows), found, np.array(tau))


def cross_check(desk: Desk, actor: Actor, key: str) -> CrossCheck | None:
    """What dealing out each column anew costs the primary metric; None where no outcome of the reference is known."""
    require(actor, Action.SEE_MODELS)
    use_case = desk.use_case(key)
    rows = explained_rows(desk, use_case)
    known = drivers(desk, actor, key)
    return kept(desk, use_case, ("permutation", rows.version), lambda: _cross_check(desk, use_case, rows, known))


def _cross_check(desk: Desk, use_case: UseCase, rows: ExplainedRows, known: Drivers) -> CrossCheck | None:
    if rows.outcome is None:
        return None
    told = np.flatnonzero(~np.isnan(rows.outcome))
    told = told[np.linspace(0, len(told) - 1, min(len(told), SHUFFLED_ROWS)).round().astype(np.int64)]
    columns = {name: rows.columns[name][told] for name in use_case.model_columns}
    scorer, metric, names = desk.scorer(use_case.key), use_case.policy.primary_metric, use_case.model_columns

    def predict(given: Columns, n_rows: int) -> dict[str, Floats]:
        return outputs_of(scorer, given, n_rows)

    dealt = orders(len(told), N_REPEATS, SEED)
    losses = permutation_losses(predict, columns, names, rows.outcome[told], metric, dealt)
    sizes = {model: known.by_model[model].value for model in losses}
    return CrossCheck(
        source=replace(known.source, n=len(told)),
        metric=metric,
        losses=losses,
        agreement={model: rank_agreement(sizes[model], loss.value) for model, loss in losses.items()},
        apart={model: _apart(names, sizes[model], loss) for model, loss in losses.items()},
    )


def _apart(names: tuple[str, ...], sizes: Floats, loss: Loss) -> tuple[str, ...]:
    """Columns whose places differ by a third of the columns or more, unless neither moves anything much."""
    gap = np.abs(places(sizes) - places(loss.value))
    matters = (sizes >= 0.1 * sizes.max(initial=0.0)) | (loss.value >= 0.1 * loss.value.max(initial=0.0))
    least = max(3.0, len(names) / 3)
    return tuple(names[place] for place in np.argsort(-gap, kind="stable") if gap[place] >= least and matters[place])


def segmentations(use_case: UseCase) -> dict[str, str]:
    """Name -> title of what rows can be split by: levels, answers, and groupings such as age bands."""
    levels = {column.name: column.title for column in use_case.schema if column.kind.is_coded}
    answers = {column.name: column.title for column in use_case.schema if column.kind is Kind.YESNO}
    return {item.name: item.label or item.name for item in use_case.groupings} | levels | answers


def by_segment(desk: Desk, actor: Actor, key: str, model: str, by: str) -> Segments:
    """Importance within each level of a column or grouping, on the reference rows."""
    require(actor, Action.SEE_MODELS)
    use_case = desk.use_case(key)
    rows = explained_rows(desk, use_case)
    mark = ("segments", rows.version, model, by)
    return kept(desk, use_case, mark, lambda: _segments(use_case, rows, model, by))


def _segments(use_case: UseCase, rows: ExplainedRows, model: str, by: str) -> Segments:
    levels: dict[str, Importance] = {}
    for label, mine in _split(use_case, rows.columns, by):
        clusters = None if rows.clusters is None else np.unique(rows.clusters[mine], return_inverse=True)[1]
        levels[label] = importance(use_case.model_columns, rows.points[model][mine], SEED, clusters)
    return Segments(source_of(rows), segmentations(use_case)[by], levels)


def _split(use_case: UseCase, columns: Columns, by: str) -> list[tuple[str, Array]]:
    grouping = next((item for item in use_case.groupings if item.name == by), None)
    if grouping is not None:
        codes = grouping.codes(columns[grouping.column])
        named = [(label, np.flatnonzero(codes == place)) for place, label in enumerate(grouping.levels)]
        return [(label, rows) for label, rows in named if len(rows)]
    (axis,) = axes_of(use_case.schema[by], columns[by])
    return [(item.label, item.rows) for item in bins_of(axis, columns[by])]


def drift(desk: Desk, actor: Actor, key: str, model: str, days: int, minimum: int = MIN_ROWS) -> Drift:
    """The points of the latest days of the log beside those of the reference rows, as the acting version gives them."""
    require(actor, Action.SEE_MODELS)
    use_case = desk.use_case(key)
    before, now = explained_rows(desk, use_case), explained_rows(desk, use_case, days)
    mark = ("drift", model, minimum, *_mark(desk, use_case, now))
    return kept(desk, use_case, mark, lambda: _drift(use_case, before, now, model, minimum))


def _drift(use_case: UseCase, before: ExplainedRows, now: ExplainedRows, model: str, minimum: int) -> Drift:
    found = None
    if min(before.n, now.n) >= max(minimum, MIN_ROWS):
        names = use_case.model_columns
        judged = [not _calendar(use_case, name) for name in names]
        found = shifts(names, before.points[model], now.points[model], judged, now.clusters)
    return Drift(source_of(before), source_of(now), minimum, found)


def _calendar(use_case: UseCase, column: str) -> bool:
    """Whether a column is the rows' own date, or read only by features of the date: both move by themselves."""
    time = use_case.schema.time
    return (time is not None and time.name == column) or all(
        feature.calendar for feature in use_case.features if column in feature.inputs
    )
