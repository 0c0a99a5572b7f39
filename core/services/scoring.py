"""Score rows that somebody gives one by one: check them, score them, log them, and say what the desk decides."""

from __future__ import annotations

import difflib
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import numpy as np

from core.domain.columns import Array
from core.domain.parsing import parse_row, parse_value
from core.domain.schema import Checked, Parsed, Problem
from core.domain.usecase import UseCase
from core.errors import NotReady, RowProblem
from core.ml.scorer import Scorer
from core.services.access import Action, Actor, require
from core.services.comparison.assigning import all_shadows, assigning
from core.services.comparison.shadowing import shadow_scorer
from core.services.desk import Desk
from core.services.records import Accepted, accept, log_rows, log_scores
from core.services.reference import typical_value
from core.services.request_counts import SCORE_ONE, counted
from core.services.scored_row import Scored, ScoredRow
from core.store.identity import prediction_ids
from core.store.log_batches import Batch

Row = Mapping[str, Any]
BatchOf = Callable[[Scorer, datetime], Batch]


@counted(SCORE_ONE)
def score_one(desk: Desk, actor: Actor, key: str, row: Row) -> ScoredRow:
    """Score a row given as raw column -> value, and log it.

    Raises
    ------
    RowProblem
        The row breaks the schema; `data["problems"]` names every column, value and rule.
    NotReady
        The use case has no trained version.
    NotPermitted
    """
    said = score_together(desk, actor, key, [row])[0]
    if isinstance(said, RowProblem):
        raise said
    return said


def score_together(
    desk: Desk, actor: Actor, key: str, rows: Sequence[Row], version: str | None = None
) -> list[ScoredRow | RowProblem]:
    """Score rows that came one by one, each as if alone, in one pass and one transaction of the log.

    Parameters
    ----------
    version : str, optional
        Another version than the one that acts, for those who may choose.

    Returns
    -------
    list
        Per row its answer, or what is wrong with it; a bad row never stops a good one.
    """
    require(actor, Action.SCORE_ONE)
    if version is not None:
        require(actor, Action.CHOOSE_VERSION)
    scorer = desk.scorer(key, version)

    def batch_of(scorer: Scorer, at: datetime) -> Batch:
        facts = scorer.card.version, actor.via, actor.name, at, scorer.decided_by
        return desk.log.batch_for(scorer.use_case, *facts)

    return score_checked(desk, scorer, rows, np.ones(len(rows), dtype=np.int64), batch_of)


def score_checked(
    desk: Desk,
    scorer: Scorer,
    rows: Sequence[Row],
    row_numbers: Array,
    batch_of: BatchOf,
    note: Callable[[Checked], None] | None = None,
) -> list[ScoredRow | RowProblem]:
    """Check, score and log rows; see `score_together`.

    Parameters
    ----------
    row_numbers : array of int64, shape (n_rows,)
        Of each row among those it came with, from 1; 1 for a row that came alone.
    batch_of : callable
        The scorer that has scored the rows, and when, -> the batch they are logged in.
    note : callable, optional
        Told what the check found.
    """
    started, case = time.perf_counter(), scorer.use_case
    parsed, checked = _check(case, rows)
    if note is not None:
        note(checked)
    problems = _row_problems(case, checked, rows)
    if len(problems) == len(rows):
        return [problems[place] for place in range(len(rows))]
    accepted = desk.pseudonyms.over(case, accept(checked, parsed, row_numbers))
    scored = _log(desk, scorer, accepted, started, batch_of)
    places = np.cumsum(checked.ok) - 1
    return [
        problems[place] if place in problems else scored.row(int(places[place]), ignored(case, row))
        for place, row in enumerate(rows)
    ]


def _log(desk: Desk, scorer: Scorer, accepted: Accepted, started: float, batch_of: BatchOf) -> Scored:
    """Score checked rows and log them, with whoever runs in the shadow and the arms of an experiment."""
    n_rows, key = accepted.n_rows, scorer.use_case.key
    scorer, scores = desk.standby.score(scorer, accepted.columns, n_rows)
    latency_ms = (time.perf_counter() - started) * 1_000 / n_rows
    at = datetime.now(UTC)
    facts = accepted.columns, accepted.other_texts, n_rows
    ids = prediction_ids(scorer.use_case, scorer.bundle.identity, *facts, row_numbers=accepted.row_numbers)
    experiment = assigning(desk, scorer)
    assigned = experiment(accepted, scores, ids) if experiment else None
    if assigned is not None:
        scores, at = assigned.scores, assigned.at
    rows = log_rows(scorer.use_case, accepted, scores, ids, at)
    shadows = all_shadows(shadow_scorer(desk, key), assigned, accepted, ids)
    said = log_scores(scorer, scores, ids, latency_ms)
    logged = assigned.in_log(rows) if assigned is not None else rows
    new = desk.log.append(scorer.use_case, batch_of(scorer, at), logged, said, shadows=shadows)
    return Scored(scorer, accepted, scores, rows, new, at, latency_ms, assigned)


def ignored(use_case: UseCase, row: Row) -> tuple[str, ...]:
    """The fields of a row that nothing reads."""
    return tuple(name for name in row if name not in use_case.schema)


def check_row(use_case: UseCase, row: Row) -> Accepted:
    """Read and check one row.

    Raises
    ------
    RowProblem
        With every problem of the row.
    """
    parsed = parse_row(use_case.schema, row)
    checked = use_case.schema.check(parsed, 1)
    for problem in _row_problems(use_case, checked, [row]).values():
        raise problem
    return accept(checked, parsed, np.ones(1, dtype=np.int64))


def _check(use_case: UseCase, rows: Sequence[Row]) -> tuple[dict[str, Parsed], Checked]:
    """Read rows into typed columns and check them, shape (n_rows,) each."""
    schema = use_case.schema
    if len(rows) == 1:
        parsed = parse_row(schema, rows[0])
        return parsed, schema.check(parsed, 1)
    parsed = {}
    for column in schema:
        items = [parse_value(column, row.get(column.name), schema.timezone) for row in rows]
        unread = {place: item.unread[0] for place, item in enumerate(items) if item.unread}
        parsed[column.name] = Parsed(np.concatenate([item.values for item in items]), unread)
    return parsed, schema.check(parsed, len(rows))


def _row_problems(use_case: UseCase, checked: Checked, rows: Sequence[Row]) -> dict[int, RowProblem]:
    """Place of a row -> what is wrong with it; {} for most rows."""
    if checked.ok.all():
        return {}
    found: dict[int, list[Problem]] = {}
    for problem in checked.problems():
        found.setdefault(problem.row - 1, []).append(problem)
    return {place: _row_problem(use_case, problems, rows[place]) for place, problems in found.items()}


def _row_problem(use_case: UseCase, problems: list[Problem], row: Row) -> RowProblem:
    strangers = ignored(use_case, row)
    hints = []
    for problem in problems:
        near = difflib.get_close_matches(problem.column, strangers, n=1) if problem.rule == "required" else []
        if near:
            hints.append(f"Is '{near[0]}' meant to be '{problem.column}'?")
    message = " ".join(problem.message for problem in problems)
    return RowProblem(message, " ".join(hints), problems=problems)


def sample_rows(desk: Desk, key: str, n_rows: int = 5) -> list[dict[str, Any]]:
    """Held-out reference rows to start a form from, spread over the champion's scores, as raw texts."""
    scorer = desk.scorer(key)
    reference = scorer.bundle.reference
    places = np.linspace(0, reference.num_rows - 1, n_rows).astype(int)
    names = [name for name in scorer.use_case.schema.names if name in reference.column_names]
    return [{name: reference[name][int(place)].as_py() for name in names} for place in places]


def defaults(desk: Desk, key: str) -> dict[str, Any]:
    """A typical value per column, of the reference rows; "" for ids and times.

    Raises
    ------
    NotReady
        The use case has no trained version, so there are no reference rows.
    """
    scorer = desk.scorer(key)
    if scorer.bundle.reference.num_rows == 0:
        raise NotReady(f"{scorer.use_case.title} has no reference rows.", "Type the values.")
    return {column.name: typical_value(column, scorer.bundle.reference) for column in scorer.use_case.schema}
