"""What would the desk say if a row were different, and what is the least that must be? Nothing is logged."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np

from core.domain.columns import Column, Columns
from core.domain.counterfactual import Change, Tried, search
from core.domain.levers import Lever, Span, lever_of, span_of, typed_as_raw
from core.domain.policy import Tone
from core.domain.schema import Parsed
from core.domain.usecase import UseCase
from core.errors import RowProblem
from core.ml.scorer import Scorer
from core.services.access import Action, Actor, may, require
from core.services.desk import Desk
from core.services.reference import typed_columns
from core.services.scoring import check_row


@dataclass(frozen=True)
class Said:
    """The answer for one row: the acting model's score and band, and who decides."""

    score: float
    band: str
    decision: str  # what is decided: the rules' where they decide
    tone: Tone  # of the band
    decided_by: str  # "rules" or "champion"
    models: Mapping[str, float]  # every model's score; only the acting one's for sales


@dataclass(frozen=True)
class Control:
    """One column to play with, and between which values."""

    column: Column
    span: Span
    actionable: bool


@dataclass(frozen=True)
class Step:
    """One column of a counterfactual, before and after, as a person would type it."""

    column: Column
    before: Any
    after: Any


@dataclass(frozen=True)
class Counterfactual:
    """A change that leads to another band, scored again as a row of its own."""

    steps: tuple[Step, ...]
    score: float
    band: str
    distance: float  # reference standard deviations and steps of levels, summed


@dataclass(frozen=True)
class Counterfactuals:
    """What could be done about a row.

    `target` is the band that was sought, None where the row is in the best one. `best` is the furthest that the
    columns can bring the score where no change reaches the band; None where nothing may be changed.
    """

    target: str | None
    found: tuple[Counterfactual, ...]
    best: Counterfactual | None
    columns: tuple[Column, ...]  # that may be changed
    n_tried: int
    rules_decide: bool


_spans: WeakKeyDictionary[Scorer, dict[str, Span]] = WeakKeyDictionary()


def spans(scorer: Scorer) -> dict[str, Span]:
    """The span of every column over the version's reference rows, kept as long as the version is loaded."""
    if scorer not in _spans:
        schema = scorer.use_case.schema
        reference = typed_columns(schema, scorer.bundle.reference)
        _spans[scorer] = {name: span_of(schema[name], values) for name, values in reference.items()}
    return _spans[scorer]


def changeable(use_case: UseCase) -> tuple[Column, ...]:
    """The actionable columns that a model reads and that say nothing about who somebody is."""
    cut = {grouping.name: grouping.column for grouping in use_case.groupings}
    sensitive = {cut.get(name, name) for name in use_case.sensitive}
    names = [name for name in use_case.model_columns if name in use_case.actionable and name not in sensitive]
    return tuple(use_case.schema[name] for name in names if not use_case.schema[name].personal)


def controls(desk: Desk, actor: Actor, key: str, version: str | None = None) -> tuple[Control, ...]:
    """The columns that a model reads, those that somebody can act on first.

    Raises
    ------
    NotPermitted, NotReady
    """
    require(actor, Action.SEE)
    scorer = desk.scorer(key, version)
    use_case, known = scorer.use_case, spans(scorer)
    acted = {column.name for column in changeable(use_case)}
    columns = [column for column in use_case.schema if column.name in use_case.model_columns]
    columns = [column for column in columns if not column.kind.is_text]
    columns.sort(key=lambda column: column.name not in acted)
    return tuple(Control(column, known.get(column.name, Span()), column.name in acted) for column in columns)


def rescore(desk: Desk, actor: Actor, key: str, row: Mapping[str, Any], version: str | None = None) -> Said:
    """Score a row and log nothing.

    Raises
    ------
    RowProblem
        The row breaks the schema; `data["problems"]` names every column, value and rule.
    NotPermitted, NotReady
    """
    require(actor, Action.SEE)
    said = _said(desk.scorer(key, version), row)
    if may(actor, Action.SEE_MODELS):
        return said
    champion = desk.scorer(key, version).card.champion
    return Said(said.score, said.band, said.decision, said.tone, said.decided_by, {champion: said.score})


def _said(scorer: Scorer, row: Mapping[str, Any]) -> Said:
    table = scorer.score(check_row(scorer.use_case, row).columns, 1)
    bands = scorer.use_case.policy.bands
    band = bands[int(table.band[0])]
    return Said(
        score=float(table.scores[scorer.card.champion][0]),
        band=band.name,
        decision=bands[int(table.decision[0])].decision,
        tone=band.tone,
        decided_by=scorer.decided_by,
        models={name: float(values[0]) for name, values in table.scores.items()},
    )


def counterfactuals(
    desk: Desk,
    actor: Actor,
    key: str,
    row: Mapping[str, Any],
    version: str | None = None,
    target: str | None = None,
) -> Counterfactuals:
    """The smallest changes of actionable columns that bring a row into a band: the next better one by default.

    Where the rules decide, this is about the acting model's band, as `rules_decide` says.

    Raises
    ------
    RowProblem
        The row itself breaks the schema.
    NotPermitted, NotReady
    """
    require(actor, Action.SEE)
    scorer = desk.scorer(key, version)
    use_case = scorer.use_case
    columns = check_row(use_case, row).columns
    now = int(scorer.score(columns, 1).band[0])
    wanted = _wanted(use_case, now, target)
    allowed = changeable(use_case)
    rules = scorer.decided_by == "rules"
    if wanted is None:
        return Counterfactuals(None, (), None, allowed, 0, rules)
    known = spans(scorer)
    levers = [lever_of(column, columns[column.name], known.get(column.name, Span())) for column in allowed]
    some = [lever for lever in levers if lever is not None]
    result = search(some, _evaluate(scorer, columns, now, wanted), higher=wanted < now)
    found = [_verified(scorer, row, some, change) for change in result.found]
    names = use_case.policy.band_names
    between = names[: wanted + 1] if wanted < now else names[wanted:]
    return Counterfactuals(
        target=names[wanted],
        found=tuple(item for item in found if item is not None and item.band in between),
        best=_verified(scorer, row, some, result.best) if result.best is not None else None,
        columns=allowed,
        n_tried=result.n_tried,
        rules_decide=rules,
    )


def _wanted(use_case: UseCase, now: int, target: str | None) -> int | None:
    """The code of the band that is sought; None where there is no better one."""
    names = use_case.policy.band_names
    if target is not None:
        wanted = names.index(target)
        return wanted if wanted != now else None
    wanted = now - 1 if use_case.higher_is_better else now + 1
    return wanted if 0 <= wanted < len(names) else None


def _evaluate(scorer: Scorer, row: Columns, now: int, wanted: int) -> Any:
    """How candidates are judged: by the schema with its rules, then by the acting model."""
    schema, sign = scorer.use_case.schema, np.sign(wanted - now)

    def evaluate(changed: Columns, n_rows: int) -> Tried:
        columns = {name: np.repeat(values, n_rows, axis=0) for name, values in row.items()} | changed
        allowed = schema.check({name: Parsed(values) for name, values in columns.items()}, n_rows).ok
        table = scorer.score(columns, n_rows)
        score = table.scores[scorer.card.champion]
        return Tried(score, sign * (table.band.astype(np.int64) - wanted) >= 0, allowed)

    return evaluate


def _verified(scorer: Scorer, row: Mapping[str, Any], levers: list[Lever], change: Change) -> Counterfactual | None:
    """A change written down as a person would type it, and that row scored; None where the schema refuses it."""
    schema = scorer.use_case.schema
    current = {lever.name: lever.current for lever in levers}
    after = {name: typed_as_raw(schema[name], value) for name, value in change.values.items()}
    try:
        said = _said(scorer, dict(row) | after)
    except RowProblem:
        return None
    steps = tuple(Step(schema[name], typed_as_raw(schema[name], current[name]), after[name]) for name in after)
    return Counterfactual(steps, said.score, said.band, change.distance)
