"""What the desk says about a row that was scored: one value for pages, commands and programs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from core.domain.advice import Advice
from core.domain.columns import Columns
from core.domain.features import Floats
from core.domain.policy import Tone
from core.domain.usecase import Task, UseCase
from core.ml.scorer import Scorer, ScoreTable
from core.services.comparison.assigning import Assigned
from core.services.records import Accepted


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


@dataclass(frozen=True)
class Scored:
    """Rows that were checked, scored and logged together; each of them is told by `row`.

    Attributes
    ----------
    rows : pyarrow.Table
        As the log took them.
    new : array of bool, shape (n_rows,)
        Which of them the log did not have.
    latency_ms : float
        Of one row.
    """

    scorer: Scorer
    accepted: Accepted
    scores: ScoreTable
    rows: Any
    new: Any
    at: datetime
    latency_ms: float
    assigned: Assigned | None

    def row(self, place: int, ignored: tuple[str, ...] = ()) -> ScoredRow:
        """What is said of the row at this place; `ignored` are the fields it came with and nobody reads."""
        scorer, scores = self.scorer, self.scores
        use_case, card = scorer.use_case, scorer.card
        band, decided = (use_case.policy.bands[int(codes[place])] for codes in (scores.band, scores.decision))
        said = scores.outputs[card.champion][place]
        decided_by, arm = self.assigned.of(place) if self.assigned is not None else (scorer.decided_by, "")
        return ScoredRow(
            prediction_id=self.rows["prediction_id"][place].as_py(),
            use_case=use_case.key,
            version=card.version,
            champion=card.champion,
            scores={name: float(values[place]) for name, values in scores.scores.items()},
            classes=_classes(use_case, said),
            consensus=float(scores.consensus[place]),
            agreement=float(scores.agreement[place]),
            score=float(scores.scores[card.champion][place]),
            interval=_interval_said(scorer, scores, place),
            band=band.name,
            decision=decided.decision,
            tone=decided.tone,
            model_decision=band.decision,
            decided_by=decided_by,
            rules=_rules_said(use_case, scores, place),
            features=dict(zip(use_case.feature_names, scores.matrix[place].tolist(), strict=True)),
            advice=use_case.advice(self._columns(place), said) if use_case.advice else (),
            imputed=tuple(str(self.accepted.imputed[place]).split()),
            other=tuple(str(self.accepted.other[place]).split()),
            ignored=ignored,
            latency_ms=self.latency_ms,
            scored_at=self.at,
            as_of=self.rows["as_of"][place].as_py(),
            already=not bool(self.new[place]),
            arm=arm,
        )

    def _columns(self, place: int) -> Columns:
        """The typed columns of one row."""
        if self.accepted.n_rows == 1:
            return self.accepted.columns
        return {name: values[place : place + 1] for name, values in self.accepted.columns.items()}


def _classes(use_case: UseCase, output: Floats) -> dict[str, float]:
    multiclass = use_case.task is Task.MULTICLASS
    return dict(zip(use_case.target.classes, output.tolist(), strict=True)) if multiclass else {}


def _interval_said(scorer: Scorer, scores: ScoreTable, place: int) -> IntervalSaid | None:
    if scorer.intervals is None or scores.interval_low is None or scores.interval_high is None:
        return None
    measured = scorer.card.interval["coverage"]
    return IntervalSaid(
        low=float(scores.interval_low[place]),
        high=float(scores.interval_high[place]),
        level=scorer.intervals.level,
        coverage=measured["value"],
        coverage_low=measured["low"],
        coverage_high=measured["high"],
        n=measured["n"],
        same_width=scorer.intervals.same_width,
    )


def _rules_said(use_case: UseCase, scores: ScoreTable, place: int) -> RulesSaid | None:
    if use_case.rules is None or scores.rules_score is None or scores.rules_band is None:
        return None
    band = use_case.policy.bands[int(scores.rules_band[place])]
    return RulesSaid(use_case.rules.name, float(scores.rules_score[place]), band.name, band.decision)
