"""What the API answers about scores and reasons: the types of its answers, made from what the services say."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from typing import Any

from pydantic import BaseModel, Field

from core.api.problems import Detail
from core.domain.explained import Explanation, Reason
from core.domain.reasons import plain_text, points_text, reason_sentence, score_text
from core.domain.usecase import UseCase
from core.services.access import Action, Actor, may
from core.services.scored_row import IntervalSaid, RulesSaid, ScoredRow


class RulesAnswer(BaseModel):
    """What the incumbent rules say of a row."""

    name: str
    score: float | None
    band: str
    decision: str

    @classmethod
    def of(cls, said: RulesSaid) -> RulesAnswer:
        """From what the service says."""
        return cls(name=said.name, score=number(said.score), band=said.band, decision=said.decision)


class IntervalAnswer(BaseModel):
    """Between which values the outcome is expected, and how often that held for rows nobody was trained on."""

    low: float
    high: float
    level: float = Field(description="The promised share of rows.", examples=[0.9])
    coverage: float = Field(description="The share that was measured, with its 95 % interval and n.")
    coverage_low: float
    coverage_high: float
    n: int

    @classmethod
    def of(cls, said: IntervalSaid) -> IntervalAnswer:
        """From what the service says."""
        facts = {name: getattr(said, name) for name in cls.model_fields}
        return cls(**facts)


class AdviceAnswer(BaseModel):
    """One thing to do about the row, and why."""

    topic: str
    text: str


class ReasonAnswer(BaseModel):
    """One raw column's part in a score."""

    column: str
    title: str
    value: str = Field(description="As a person reads it.", examples=["Referral"])
    points: float = Field(description="What the column adds to the base, in units of the score.")
    points_text: str = Field(examples=["+5.1 points"])
    helps: bool = Field(description="It moves the score towards the better end.")
    sentence: str = Field(description="The sentence of the Why page, with what became of earlier rows like it.")

    @classmethod
    def of(cls, use_case: UseCase, reason: Reason) -> ReasonAnswer:
        """In the words of the Why page."""
        return cls(
            column=reason.column,
            title=reason.title,
            value=reason.value,
            points=reason.points,
            points_text=points_text(use_case, reason.points),
            helps=reason.helps,
            sentence=reason_sentence(use_case, reason),
        )


class ReasonsAnswer(BaseModel):
    """Why a score is what it is; base + the points of every column = score."""

    prediction_id: str | None = Field(default=None, description="Absent where the row was not logged.")
    score: float
    score_text: str = Field(examples=["62.3%"])
    band: str
    decision: str
    decided_by: str
    version: str
    base: float = Field(description="The score of a typical row.")
    base_text: str
    helps: list[ReasonAnswer] = Field(description="At most five, the largest first.")
    hurts: list[ReasonAnswer]
    points: dict[str, float] = Field(description="Of every raw column that a model reads.")
    text: str = Field(description="The whole answer, to be pasted into a mail.")
    compared_with: int = Field(description="Earlier rows that the base and the sentences rest on.")
    compared_dates: str
    same_again: bool = Field(description="Scored again now, the row comes to the score that is logged.")
    imputed: list[str] = Field(description="Columns without a value, filled in.")
    unseen: list[str] = Field(description="Columns with a level that training had not seen.")
    voided: bool = Field(description="Its upload was voided: the score no longer counts.")
    scored_at: datetime | None = None
    as_of: datetime | None = None
    models: dict[str, dict[str, float]] | None = Field(
        default=None, description="Every model's points by raw column, for those who may see models."
    )

    @classmethod
    def of(cls, use_case: UseCase, actor: Actor, said: Explanation) -> ReasonsAnswer:
        """In the words of the Why page."""
        models = {name: dict(one.points) for name, one in said.models.items()}
        return cls(
            prediction_id=said.prediction_id,
            score=said.score,
            score_text=score_text(use_case, said.score),
            band=said.band,
            decision=said.decision,
            decided_by=said.decided_by,
            version=said.version,
            base=said.base,
            base_text=score_text(use_case, said.base),
            helps=[ReasonAnswer.of(use_case, reason) for reason in said.helps],
            hurts=[ReasonAnswer.of(use_case, reason) for reason in said.hurts],
            points={reason.column: reason.points for reason in said.reasons},
            text=plain_text(use_case, said),
            compared_with=said.n_reference,
            compared_dates=said.reference_dates,
            same_again=said.recomputed.equal,
            imputed=list(said.imputed),
            unseen=list(said.other),
            voided=said.voided,
            scored_at=said.scored_at,
            as_of=said.as_of,
            models=models if may(actor, Action.SEE_MODELS) else None,
        )


class ScoreAnswer(BaseModel):
    """What the desk says of one row, and what to do with it."""

    prediction_id: str = Field(description="A digest of what was scored: the same row again is the same prediction.")
    use_case: str
    version: str = Field(examples=["v1"])
    score: float = Field(description="A fraction, or a value in the target's unit.")
    score_text: str = Field(description="The score as people read it.", examples=["62.3%"])
    band: str = Field(examples=["Hot"])
    decision: str = Field(description="What to do.", examples=["call within the hour"])
    decided_by: str = Field(description="champion, rules, or challenger in an experiment.")
    model_decision: str = Field(description="What the champion alone would lead to.")
    classes: dict[str, float] | None = Field(default=None, description="Probability of each class, where several.")
    rules: RulesAnswer | None = None
    advice: list[AdviceAnswer] = []
    interval: IntervalAnswer | None = Field(default=None, description="With include=interval, where there is one.")
    reasons: ReasonsAnswer | None = Field(default=None, description="With include=reasons.")
    imputed: list[str] = Field(description="Columns without a value, filled with the typical value of training.")
    unseen: list[str] = Field(description="Columns with a level that training had not seen, scored as other.")
    ignored: list[str] = Field(description="Fields that nothing reads, where they were to be ignored.")
    already: bool = Field(description="The log had this prediction before; nothing was added.")
    scored_at: datetime
    as_of: datetime = Field(description="The row's own time.")
    latency_ms: float = Field(description="Check, features, models, rules and decision of the row.")
    model: str | None = Field(default=None, description="The model that acts; from here on for who may see models.")
    scores: dict[str, float] | None = Field(default=None, description="Every model's score.")
    consensus: float | None = Field(default=None, description="Mean score of the models.")
    agreement: float | None = Field(default=None, description="Share of the models that put the row into this band.")
    arm: str | None = Field(default=None, description="Arm of the experiment that runs.")

    @classmethod
    def of(cls, use_case: UseCase, actor: Actor, said: ScoredRow, interval: bool = False) -> ScoreAnswer:
        """From what the service says, without what the actor may not see."""
        return cls(
            prediction_id=said.prediction_id,
            use_case=said.use_case,
            version=said.version,
            score=said.score,
            score_text=score_text(use_case, said.score),
            band=said.band,
            decision=said.decision,
            decided_by=said.decided_by,
            model_decision=said.model_decision,
            classes=dict(said.classes) or None,
            rules=RulesAnswer.of(said.rules) if said.rules else None,
            advice=[AdviceAnswer(topic=item.topic, text=item.text) for item in said.advice],
            interval=IntervalAnswer.of(said.interval) if interval and said.interval else None,
            imputed=list(said.imputed),
            unseen=list(said.other),
            ignored=list(said.ignored),
            already=said.already,
            scored_at=said.scored_at,
            as_of=said.as_of.replace(tzinfo=UTC),
            latency_ms=round(said.latency_ms, 3),
            **_for_models(actor, said),
        )


def _for_models(actor: Actor, said: ScoredRow) -> dict[str, Any]:
    if not may(actor, Action.SEE_MODELS):
        return {}
    facts = {"model": said.champion, "scores": dict(said.scores), "consensus": said.consensus}
    return facts | {"agreement": said.agreement, "arm": said.arm or None}


class RowAnswer(BaseModel):
    """One row of many: its answer, or what is wrong with it."""

    row: int = Field(description="Its place among those that were sent, from 1.")
    answer: ScoreAnswer | None = None
    problems: list[Detail] | None = None


def number(value: float | None) -> float | None:
    """A number that JSON knows."""
    return None if value is None or not math.isfinite(value) else float(value)
