"""Score one row: check it, score it, log it, and say what the desk decides."""

from __future__ import annotations

import difflib
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

import numpy as np

from core.domain.advice import Advice
from core.domain.features import Floats
from core.domain.parsing import parse_row
from core.domain.policy import Tone
from core.domain.schema import Checked
from core.domain.usecase import Task, UseCase
from core.errors import NotReady, RowProblem
from core.ml.scorer import Scorer, ScoreTable
from core.services.access import Action, Actor, require
from core.services.comparison.assigning import all_shadows, assigning
from core.services.comparison.shadowing import shadow_scorer
from core.services.desk import Desk
from core.services.records import Accepted, accept, log_rows, log_scores
from core.services.reference import typical_value
from core.services.request_counts import SCORE_ONE, counted
from core.store.identity import prediction_ids


@dataclass(frozen=True)
class RulesSaid:
    """The incumbent rules' opinion of a row."""

    name: str
    score: float
    band: str
    decision: str


@dataclass(frozen=True)
class IntervalSaid:
    """Between which values a row's outcome is expected, and how often that was true of held-out rows."""

    low: float
    high: float
    level: float  # the promise
    coverage: float  # measured on the reference rows
    coverage_low: float
    coverage_high: float
    n: int  # reference rows
    same_width: bool


@dataclass(frozen=True)
class ScoredRow:
    """What the desk says about one row. Scores are fractions (or target units for regression)."""

    prediction_id: str
    use_case: str
    version: str
    champion: str
    scores: Mapping[str, float]
    classes: Mapping[str, float]  # multiclass: the champion's probability of each class
    consensus: float
    agreement: float  # share of the models in the champion's band
    score: float
    interval: IntervalSaid | None  # regression, where the version has intervals
    band: str
    decision: str
    tone: Tone
    model_decision: str  # what the champion's band would lead to
    decided_by: str  # "rules", "champion", or "challenger" in an experiment
    rules: RulesSaid | None
    features: Mapping[str, float]  # engineered, as the models read them before imputing
    advice: tuple[Advice, ...]  # what the use case recommends for this row
    imputed: tuple[str, ...]
    other: tuple[str, ...]
    ignored: tuple[str, ...]
    latency_ms: float
    scored_at: datetime
    as_of: datetime
    already: bool  # the log had this prediction before
    arm: str = ""  # of the experiment that runs


@counted(SCORE_ONE)
def score_one(desk: Desk, actor: Actor, key: str, row: Mapping[str, Any]) -> ScoredRow:
    """Score a row given as raw column -> value, and log it.

    Raises
    ------
    RowProblem
        The row breaks the schema; `data["problems"]` names every column, value and rule.
    NotReady
        The use case has no trained version.
    NotPermitted
    """
    require(actor, Action.SCORE_ONE)
    scorer = desk.scorer(key)
    started = time.perf_counter()
    accepted = desk.pseudonyms.over(scorer.use_case, check_row(scorer.use_case, row))
    scorer, scores = desk.standby.score(scorer, accepted.columns, 1)
    latency_ms = (time.perf_counter() - started) * 1_000
    at = datetime.now(UTC)
    ids = prediction_ids(scorer.use_case, scorer.bundle.identity, accepted.columns, accepted.other_texts, 1)
    experiment = assigning(desk, scorer)
    assigned = experiment(accepted, scores, ids) if experiment else None
    if assigned is not None:
        scores, at = assigned.scores, assigned.at
    rows = log_rows(scorer.use_case, accepted, scores, ids, at)
    batch = desk.log.batch_for(scorer.use_case, scorer.card.version, actor.via, actor.name, at, scorer.decided_by)
    shadows = all_shadows(shadow_scorer(desk, key), assigned, accepted, ids)
    said = log_scores(scorer, scores, ids, latency_ms)
    logged = assigned.in_log(rows) if assigned is not None else rows
    new = desk.log.append(scorer.use_case, batch, logged, said, shadows=shadows)
    ignored = tuple(name for name in row if name not in scorer.use_case.schema)
    answer = _answer(scorer, accepted, scores, rows, latency_ms, at, not bool(new[0]), ignored)
    if assigned is None:
        return answer
    decided_by, arm = assigned.first()
    return replace(answer, decided_by=decided_by, arm=arm)


def check_row(use_case: UseCase, row: Mapping[str, Any]) -> Accepted:
    """Read and check one row.

    Raises
    ------
    RowProblem
        With every problem of the row.
    """
    parsed = parse_row(use_case.schema, row)
    checked = use_case.schema.check(parsed, 1)
    if not checked.ok[0]:
        raise _row_problem(use_case, checked, row)
    return accept(checked, parsed, np.ones(1, dtype=np.int64))


def _row_problem(use_case: UseCase, checked: Checked, row: Mapping[str, Any]) -> RowProblem:
    problems = list(checked.problems())
    strangers = [name for name in row if name not in use_case.schema]
    hints = []
    for problem in problems:
        near = difflib.get_close_matches(problem.column, strangers, n=1) if problem.rule == "required" else []
        if near:
            hints.append(f"Is '{near[0]}' meant to be '{problem.column}'?")
    message = " ".join(problem.message for problem in problems)
    return RowProblem(message, " ".join(hints), problems=problems)


def _answer(
    scorer: Scorer,
    accepted: Accepted,
    scores: ScoreTable,
    rows: Any,
    latency_ms: float,
    at: datetime,
    *rest: Any,
) -> ScoredRow:
    already, ignored = rest
    use_case, card = scorer.use_case, scorer.card
    band, decided = (use_case.policy.bands[int(codes[0])] for codes in (scores.band, scores.decision))
    said = scores.outputs[card.champion][0]
    return ScoredRow(
        prediction_id=rows["prediction_id"][0].as_py(),
        use_case=use_case.key,
        version=card.version,
        champion=card.champion,
        scores={name: float(values[0]) for name, values in scores.scores.items()},
        classes=_classes(use_case, said),
        consensus=float(scores.consensus[0]),
        agreement=float(scores.agreement[0]),
        score=float(scores.scores[card.champion][0]),
        interval=_interval_said(scorer, scores),
        band=band.name,
        decision=decided.decision,
        tone=decided.tone,
        model_decision=band.decision,
        decided_by=scorer.decided_by,
        rules=_rules_said(use_case, scores),
        features=dict(zip(use_case.feature_names, scores.matrix[0].tolist(), strict=True)),
        advice=use_case.advice(accepted.columns, said) if use_case.advice else (),
        imputed=tuple(str(accepted.imputed[0]).split()),
        other=tuple(str(accepted.other[0]).split()),
        ignored=ignored,
        latency_ms=latency_ms,
        scored_at=at,
        as_of=rows["as_of"][0].as_py(),
        already=already,
    )


def _classes(use_case: UseCase, output: Floats) -> dict[str, float]:
    multiclass = use_case.task is Task.MULTICLASS
    return dict(zip(use_case.target.classes, output.tolist(), strict=True)) if multiclass else {}


def _interval_said(scorer: Scorer, scores: ScoreTable) -> IntervalSaid | None:
    if scorer.intervals is None or scores.interval_low is None or scores.interval_high is None:
        return None
    measured = scorer.card.interval["coverage"]
    return IntervalSaid(
        low=float(scores.interval_low[0]),
        high=float(scores.interval_high[0]),
        level=scorer.intervals.level,
        coverage=measured["value"],
        coverage_low=measured["low"],
        coverage_high=measured["high"],
        n=measured["n"],
        same_width=scorer.intervals.same_width,
    )


def _rules_said(use_case: UseCase, scores: ScoreTable) -> RulesSaid | None:
    if use_case.rules is None or scores.rules_score is None or scores.rules_band is None:
        return None
    band = use_case.policy.bands[int(scores.rules_band[0])]
    return RulesSaid(use_case.rules.name, float(scores.rules_score[0]), band.name, band.decision)


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
