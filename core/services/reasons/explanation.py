"""Why is this score what it is? The logged row, scored again by the version that scored it, and taken apart.

A person who may not see every model's score gets the acting model's reasons; of the others nothing is computed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

import numpy as np

from core.domain.columns import Columns, Kind
from core.domain.evidence import evidence_of, reads_weekday
from core.domain.explained import Comparison, Explanation, Gap, ModelReasons, Reason, Recomputed, TrendPoint
from core.domain.policy import Tone
from core.domain.rank_agreement import tau_b
from core.domain.reasons import plain_text, reason_sentence, score_text, split_reasons
from core.domain.records import to_utc
from core.domain.usecase import UseCase
from core.domain.values import value_text
from core.errors import BundleProblem, UnknownName
from core.ml.explain import Attributions
from core.ml.scorer import Scorer, ScoreTable
from core.services.access import Action, Actor, may, require
from core.services.desk import Desk
from core.services.governing.acting import as_it_acted
from core.services.reasons.explained_reference import Reference, reference_of
from core.services.reasons.explainers import explainer
from core.services.reasons.found import find_predictions, nothing_found, trend
from core.services.reasons.logged_row import TypedRow, typed_given, typed_logged
from core.services.request_counts import EXPLAIN, counted

__all__ = ["compare", "explain", "explain_row", "find_predictions", "plain_text", "reason_sentence"]


@dataclass(frozen=True)
class _Logged:
    """What the log says of a row; empty for a row that is not logged."""

    prediction_id: str | None = None
    scored_at: datetime | None = None
    as_of: datetime | None = None
    score: float | None = None
    band: str | None = None
    decision: str | None = None
    decided_by: str | None = None
    voided: bool = False
    trend: tuple[TrendPoint, ...] = ()


@counted(EXPLAIN)
def explain(desk: Desk, actor: Actor, key: str, prediction_id: str) -> Explanation:
    """Why a logged score is what it is.

    Parameters
    ----------
    prediction_id : str
        All 32 hex digits, see `find_predictions`.

    Raises
    ------
    InputError
        The log has no such prediction.
    BundleProblem
        The version that scored it is gone or no longer fits; the message says what stands and what can be done.
    """
    require(actor, Action.EXPLAIN)
    use_case = desk.use_case(key)
    found = desk.log.predictions_by_id(use_case, prediction_id, 1).to_pylist() if len(prediction_id) == 32 else []
    if not found:
        raise nothing_found(use_case, prediction_id, [])
    this = found[0]
    row = typed_logged(use_case, desk.log.logged_row(use_case, this["prediction_id"], this["batch"]))
    scorer = as_it_acted(scorer_of(desk, use_case, this), row.columns, this["score"])
    facts = _Logged(
        prediction_id=this["prediction_id"],
        scored_at=this["scored_at"].replace(tzinfo=UTC),
        as_of=this["as_of"].replace(tzinfo=UTC),
        score=this["score"],
        band=this["band"],
        decision=this["decision"],
        decided_by=this["decided_by"],
        voided=this["voided"],
        trend=trend(desk, use_case, this),
    )
    return replace(_explained(desk, actor, scorer, row, facts), entity=this["entity"] or "")


@counted(EXPLAIN)
def explain_row(desk: Desk, actor: Actor, key: str, row: Mapping[str, Any], version: str | None = None) -> Explanation:
    """Why a row would score as it would; nothing is logged.

    Raises
    ------
    RowProblem
        The row breaks the schema.
    NotReady
        Nothing is trained.
    """
    require(actor, Action.EXPLAIN)
    scorer = desk.scorer(key, version)
    return _explained(desk, actor, scorer, typed_given(scorer.use_case, row), _Logged())


def compare(desk: Desk, actor: Actor, key: str, id_a: str, id_b: str) -> Comparison:
    """Two logged scores side by side, and what every column adds to their difference, the largest first."""
    first, second = explain(desk, actor, key, id_a), explain(desk, actor, key, id_b)
    others = {reason.column: reason for reason in second.reasons}
    gaps = [_gap(reason, others[reason.column]) for reason in first.reasons]
    gaps.sort(key=lambda gap: -abs(gap.points))
    return Comparison(first, second, tuple(gaps), first.version == second.version)


def _gap(one: Reason, two: Reason) -> Gap:
    same = one.value == two.value
    return Gap(one.column, one.title, one.value, two.value, one.points, two.points, same)


def scorer_of(desk: Desk, use_case: UseCase, this: Mapping[str, Any]) -> Scorer:
    """The version that scored a logged row; BundleProblem, which says what stands, where that cannot be had."""
    version = this["version"]
    try:
        return desk.scorer(use_case.key, version)
    except (BundleProblem, UnknownName) as error:
        gone = isinstance(error, UnknownName)
        why = f"models/{use_case.key}/{version} is no longer there." if gone else error.message
        acting = desk.acting_version(use_case.key)
        again = f", or score the row again with version {acting}" if acting and acting != version else ""
        score = "score" if this["score"] is None else f"score {score_text(use_case, this['score'])} ({this['band']})"
        raise BundleProblem(
            f"The {score} was given by version {version} of {use_case.title} and "
            f"stands in the log, but cannot be computed again: {why}",
            f"Restore models/{use_case.key}/{version} from a backup{again}.",
            version=version,
            use_case=use_case.key,
        ) from error


def _explained(desk: Desk, actor: Actor, scorer: Scorer, row: TypedRow, logged: _Logged) -> Explanation:
    use_case, card = scorer.use_case, scorer.card
    models = card.models if may(actor, Action.SEE_MODELS) else (card.champion,)
    scores = scorer.score(row.columns, 1)
    made = explainer(desk, use_case.key, card.version).explain(row.columns, 1, models)
    reference = reference_of(desk, use_case.key, card.version)
    acting = made[card.champion]
    now = float(scores.scores[card.champion][0])
    score = now if logged.score is None else logged.score
    reasons = _reasons(scorer, row, acting, reference, scores)
    helps, hurts = split_reasons(reasons)
    band, decision, tone = _verdict(scorer, scores, logged)
    return Explanation(
        use_case=use_case.key,
        version=card.version,
        model=card.champion,
        prediction_id=logged.prediction_id,
        entity=_entity(use_case, row.columns),
        as_of=logged.as_of or _as_of(use_case, row.columns),
        scored_at=logged.scored_at,
        row=row.raw,
        score=score,
        band=band,
        decision=decision,
        tone=tone,
        decided_by=logged.decided_by or scorer.decided_by,
        base=float(acting.base[0]),
        reasons=reasons,
        helps=helps,
        hurts=hurts,
        models={name: _model_reasons(name, made, acting, scores, use_case) for name in models},
        recomputed=Recomputed(logged.score, now, logged.score is None or logged.score == now, card.version),
        trend=logged.trend,
        n_reference=reference.n_rows,
        reference_dates=reference.dates,
        imputed=row.imputed,
        other=row.other,
        voided=logged.voided,
    )


def _reasons(
    scorer: Scorer, row: TypedRow, acting: Attributions, reference: Reference, scores: ScoreTable
) -> tuple[Reason, ...]:
    """Every raw column that a model reads, the largest |points| first."""
    use_case = scorer.use_case
    worth = reference.worth(int(scores.outputs[scorer.card.champion][0].argmax()))
    reasons = []
    for place, name in enumerate(acting.columns):
        column, points = use_case.schema[name], float(acting.points[0, place])
        asked = column.kind is not Kind.TIME or reads_weekday(use_case.features, name)
        evidence = None
        if asked and worth is not None and name in reference.columns:
            evidence = evidence_of(column, row.columns[name], reference.columns[name], worth, points)
        reasons.append(
            Reason(
                column=name,
                title=column.title,
                value=value_text(column, row.columns[name], use_case.schema.timezone, row.other_texts.get(name, "")),
                points=points,
                helps=points != 0 and (points > 0) == use_case.higher_is_better,
                evidence=evidence,
                actionable=name in use_case.actionable,
            )
        )
    return tuple(sorted(reasons, key=lambda reason: -abs(reason.points)))


def _model_reasons(
    name: str, made: Mapping[str, Attributions], acting: Attributions, scores: ScoreTable, use_case: UseCase
) -> ModelReasons:
    """One model's points; its margins are of its likeliest class where there are several."""
    mine = made[name]
    likeliest = int(scores.outputs[name][0].argmax())
    margins = {} if mine.feature_margins is None else _named(mine.features, mine.feature_margins[0, :, likeliest])
    n = f"{mine.n_background:,}"
    return ModelReasons(
        model=name,
        base=float(mine.base[0]),
        score=float(mine.score[0]),
        points=_named(mine.columns, mine.points[0]),
        feature_points=_named(mine.features, mine.feature_points[0]),
        feature_margins=margins,
        feature_values=_named(use_case.feature_names, scores.matrix[0]),
        method=mine.method if len(made) == len(use_case.recipe.model_names) else _alone(mine.method, name, use_case),
        background=mine.background if not mine.n_background or n in mine.background else f"{mine.background}, n = {n}",
        rank_agreement=None if mine is acting else tau_b(np.abs(acting.points[0]), np.abs(mine.points[0])),
        error=mine.error,
    )


def _alone(method: str, model: str, use_case: UseCase) -> str:
    """A method that does not name other models, for who may not see them."""
    others = [name for name in use_case.recipe.model_names if name != model]
    return "several models together" if any(name in method for name in others) else method


def _named(names: tuple[str, ...], values: Any) -> dict[str, float]:
    return dict(zip(names, values.tolist(), strict=True))


def _verdict(scorer: Scorer, scores: ScoreTable, logged: _Logged) -> tuple[str, str, Tone]:
    """Band and decision as logged, else as of now; the tone is the band's."""
    bands = scorer.use_case.policy.bands
    now = bands[int(scores.band[0])]
    name = logged.band or now.name
    tone = next((band.tone for band in bands if band.name == name), now.tone)
    return name, logged.decision or bands[int(scores.decision[0])].decision, tone


def _entity(use_case: UseCase, columns: Columns) -> str:
    return str(columns[use_case.entity][0]) if use_case.entity else ""


def _as_of(use_case: UseCase, columns: Columns) -> datetime | None:
    time = use_case.schema.time
    if time is None or np.isnat(columns[time.name][0]):
        return None
    utc: datetime = to_utc(columns[time.name], use_case.schema.timezone)[0].astype("datetime64[us]").item()
    return utc.replace(tzinfo=UTC)
