"""How scores depend on one raw column, on pairs of them, and where one band ends and the next begins."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from core.domain.axes import Axis, axes_of
from core.domain.boundary import grid_scores, typical_row
from core.domain.columns import Columns
from core.domain.dependence import BinMean, bins_of, mean_points, partial_dependence
from core.domain.features import Floats
from core.domain.importance import importance
from core.domain.interactions import Interaction, interactions
from core.domain.policy import Codes as Bands
from core.domain.score import scalar_score
from core.domain.usecase import UseCase
from core.errors import InputError
from core.ml.scorer import Scorer
from core.services.access import Action, Actor, require
from core.services.desk import Desk
from core.services.governing.acting import acting_model
from core.services.kept import kept
from core.services.reasons.drivers import SEED, Source, source_of
from core.services.reasons.explained_rows import ExplainedRows, explained_rows, outputs_of, scores_of
from core.services.reasons.logged_row import logged_columns

MOST_AVERAGED = 400  # rows that a partial dependence averages over
GRID_POINTS = 21
PAIR_ROWS = 40
PAIR_COLUMNS = 7
CELLS_ACROSS = 40


@dataclass(frozen=True)
class Dependence:
    """One column of one model: what it adds by value, and the score were every row at a value."""

    source: Source
    axis: Axis
    means: tuple[BinMean, ...]
    grid: Floats
    scores: Floats  # partial dependence at each point of the grid
    n_averaged: int


@dataclass(frozen=True)
class Pairs:
    """The strongest interactions among the most important columns."""

    source: Source
    columns: tuple[str, ...]
    pairs: tuple[Interaction, ...]


@dataclass(frozen=True)
class Boundary:
    """Scores over two axes, everything else as in one row."""

    source: Source
    row: str  # whose other values these are
    x: Axis
    y: Axis
    xs: Floats
    ys: Floats
    scores: Floats  # (n_y, n_x)
    bands: Bands  # (n_y, n_x), 0 for the highest
    cutoffs: tuple[float, ...]  # () where bands are not cut from the score


def axes(desk: Desk, actor: Actor, key: str) -> tuple[Axis, ...]:
    """Every way to look at the raw columns, those of the champion's most important column first."""
    require(actor, Action.SEE_MODELS)
    use_case = desk.use_case(key)
    rows = explained_rows(desk, use_case)
    champion = acting_model(desk, use_case)
    return kept(desk, use_case, ("axes", rows.version, champion), lambda: _axes(use_case, rows, champion))


def _axes(use_case: UseCase, rows: ExplainedRows, champion: str) -> tuple[Axis, ...]:
    points = rows.points[champion]
    order = importance(use_case.model_columns, points, SEED).order
    return tuple(axis for name in order for axis in axes_of(use_case.schema[name], rows.columns[name]))


def axis_named(desk: Desk, actor: Actor, key: str, name: str) -> Axis:
    """The axis with this name."""
    return next(axis for axis in axes(desk, actor, key) if axis.name == name)


def dependence(desk: Desk, actor: Actor, key: str, model: str, axis: str) -> Dependence:
    """Mean points by value and the partial dependence of a model's score, on the reference rows."""
    require(actor, Action.SEE_MODELS)
    use_case, chosen = desk.use_case(key), axis_named(desk, actor, key, axis)
    rows = explained_rows(desk, use_case)
    mark = ("dependence", rows.version, model, axis)
    return kept(desk, use_case, mark, lambda: _dependence(desk, use_case, rows, model, chosen))


def _dependence(desk: Desk, use_case: UseCase, rows: ExplainedRows, model: str, axis: Axis) -> Dependence:
    name = axis.column.name
    points = rows.points[model][:, use_case.model_columns.index(name)]
    grid = axis.grid(rows.columns[name], GRID_POINTS)
    some = _some(use_case, rows, MOST_AVERAGED)
    n = min(rows.n, MOST_AVERAGED)
    scorer = desk.scorer(use_case.key)
    scores = partial_dependence(lambda given, k: scores_of(scorer, given, k)[model], some, n, axis, grid)
    means = mean_points(bins_of(axis, rows.columns[name]), points)
    return Dependence(source_of(rows), axis, means, grid, scores, n)


def _some(use_case: UseCase, rows: ExplainedRows, most: int) -> Columns:
    """The model's columns of rows evenly spaced over time."""
    picked = np.linspace(0, rows.n - 1, min(rows.n, most)).round().astype(np.int64)
    return {name: rows.columns[name][picked] for name in use_case.model_columns}


def pairs(desk: Desk, actor: Actor, key: str, model: str) -> Pairs:
    """How strongly the most important columns of a model work together, on a few reference rows."""
    require(actor, Action.SEE_MODELS)
    use_case = desk.use_case(key)
    rows = explained_rows(desk, use_case)
    return kept(desk, use_case, ("pairs", rows.version, model), lambda: _pairs(desk, use_case, rows, model))


def _pairs(desk: Desk, use_case: UseCase, rows: ExplainedRows, model: str) -> Pairs:
    size = np.abs(rows.points[model]).mean(axis=0)
    order = np.argsort(-size, kind="stable")[:PAIR_COLUMNS]
    names = tuple(use_case.model_columns[place] for place in order)
    scorer, n = desk.scorer(use_case.key), min(rows.n, PAIR_ROWS)
    found = interactions(
        lambda given, k: scores_of(scorer, given, k)[model], _some(use_case, rows, PAIR_ROWS), n, names
    )
    return Pairs(source_of(rows), names, found)


def boundary(desk: Desk, actor: Actor, key: str, model: str, across: tuple[str, str], record: str = "") -> Boundary:
    """A model's scores over two axes; the rest as in the typical reference row, or in a logged record.

    Parameters
    ----------
    across : (name of the axis from left to right, name of the axis upwards)
    record : str
        A prediction's id or a record's; "" for the typical row.

    Raises
    ------
    InputError
        No logged row has this id.
    """
    require(actor, Action.SEE_MODELS)
    use_case = desk.use_case(key)
    x, y = (axis_named(desk, actor, key, name) for name in across)
    rows = explained_rows(desk, use_case)
    mark: tuple[object, ...] = ("boundary", rows.version, model, across, record)
    if record:
        mark = (*mark, *desk.log.water_mark(use_case))
    return kept(desk, use_case, mark, lambda: _boundary(desk, use_case, rows, model, (x, y, record)))


def _boundary(
    desk: Desk, use_case: UseCase, rows: ExplainedRows, model: str, asked: tuple[Axis, Axis, str]
) -> Boundary:
    x, y, record = asked
    scorer = desk.scorer(use_case.key)
    row = _record(desk, use_case, record) if record else typical_row(_some(use_case, rows, rows.n))
    xs, ys = (axis.grid(rows.columns[axis.column.name], CELLS_ACROSS) for axis in (x, y))
    bands = np.empty((len(ys), len(xs)), dtype=np.int8)

    def score(given: Columns, n_rows: int) -> Floats:
        outputs = outputs_of(scorer, given, n_rows)[model]
        scores = scalar_score(outputs, use_case.target.class_values)
        bands[:] = scorer.bands(model, outputs, scores).reshape(bands.shape)
        return scores

    scores = grid_scores(score, row, (x, xs), (y, ys))
    whose = f"{use_case.noun} {record}" if record else f"the typical {use_case.noun}"
    return Boundary(source_of(rows), whose, x, y, xs, ys, scores, bands, _cutoffs(scorer, model))


def _cutoffs(scorer: Scorer, model: str) -> tuple[float, ...]:
    return () if len(scorer.use_case.output_names) > 1 else tuple(scorer.card.cutoffs.get(model, ()))


def _record(desk: Desk, use_case: UseCase, record: str) -> Columns:
    asked = record.strip()
    table = desk.log.prediction(use_case, asked)
    if table.num_rows == 0:
        called = (desk.log.by_entity(use_case, name, limit=1) for name in desk.pseudonyms.called(use_case, asked))
        table = next((found for found in called if found.num_rows), table)
    if table.num_rows == 0:
        raise InputError(
            f"No logged {use_case.noun} is called '{asked[:60]}'.",
            "Give the whole id of a prediction, or of a record as it was scored; or leave it empty.",
            use_case=use_case.key,
        )
    columns = logged_columns(use_case, table.slice(0, 1))
    return {name: columns[name] for name in use_case.model_columns}
