"""Versions and their figures, comparisons and verdicts, drift: what the desk knows of how good its models are."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request
from pydantic import BaseModel, Field

from core.api.door import Who, blocking, desk_of
from core.api.problems import refusals
from core.api.said import number
from core.services import standings
from core.services.standings import VersionFacts

router = APIRouter(tags=["models"], responses=refusals())


class FigureAnswer(BaseModel):
    """A figure with its 95 % interval and n."""

    value: float | None
    low: float | None
    high: float | None
    n: int
    n_events: int | None = None
    method: str = ""


class VersionAnswer(BaseModel):
    """A version and where it stands."""

    version: str
    state: str = Field(description="production, staging, development or retired.")
    since: datetime
    why: str
    by: str
    model: str = Field(description="The model that leads it.")
    origin: str
    made_at: datetime
    metric: str | None = Field(description="The primary metric of the figure.")
    figure: FigureAnswer | None = Field(description="On held-out rows.")
    problem: str = Field(description="What is wrong with its files; empty where nothing is.")

    @classmethod
    def of(cls, said: VersionFacts) -> VersionAnswer:
        """From what the service says."""
        return cls.model_validate(vars(said) | {"figure": said.figure and figure(said.figure)})


class VersionsAnswer(BaseModel):
    """Every version of a use case."""

    use_case: str
    champion: str | None = Field(description="VERSION:MODEL that acts; null: nothing is trained.")
    challenger: str | None = Field(description="The version that runs in its shadow.")
    versions: list[VersionAnswer] = Field(description="Newest first.")


class ArmAnswer(BaseModel):
    """A model, the baseline or the rules, with its figures by metric."""

    name: str
    role: str = Field(description="champion, challenger, baseline or rules.")
    figures: dict[str, FigureAnswer]


class CardAnswer(BaseModel):
    """The key facts of a version's model card."""

    use_case: str
    version: str
    acts: bool
    task: str
    champion: str
    families: dict[str, str] = Field(description="Model to its kind.")
    created_at: str
    origin: str
    rows: str = Field(description="Which rows the figures are of.")
    n: int
    primary: str = Field(description="The metric it is judged by.")
    arms: list[ArmAnswer]
    verdicts: dict[str, str] = Field(description="Each model against the baseline, in words.")
    ceiling: dict[str, FigureAnswer] = Field(description="What the known truth allows, by metric.")
    rules: str
    limits: list[str] = Field(description="What the version must not be taken for.")
    notes: list[str]
    purpose: dict[str, str]
    data: dict[str, str]
    files: dict[str, str] = Field(description="SHA-256 of every file.")


class PlanAnswer(BaseModel):
    """A comparison as it was frozen before its outcomes were known."""

    plan: str
    champion: str
    challenger: str
    metric: str
    minimum_gain: float
    meaning: str
    planned_rows: int = Field(description="Mature rows of each window.")
    window_1: str = Field(description="First and last day.", examples=["2026-08-01..2026-10-31"])
    window_2: str
    margins: dict[str, float]
    made_by: str
    made_at: datetime
    closed_at: datetime | None


class PlansAnswer(BaseModel):
    """Every plan of a use case."""

    plans: list[PlanAnswer] = Field(description="Newest first.")


class GainAnswer(BaseModel):
    """What the challenger gains; positive is better."""

    gain: float | None
    low: float | None
    high: float | None
    p: float | None
    n: int
    n_events: int | None
    level: float
    method: str


class CheckAnswer(BaseModel):
    """One check of a verdict and its sentence."""

    name: str
    state: str
    sentence: str


class BoundsAnswer(BaseModel):
    """An interval that holds at every look."""

    low: float | None
    high: float | None


class VerdictAnswer(BaseModel):
    """The verdict on a plan, with every check."""

    plan: str
    champion: str
    challenger: str
    decision: str = Field(description="promote, keep testing, stop or invalid.")
    reason: str
    ready_on: date | None
    rows: int
    gain: GainAnswer | None
    always_valid: BoundsAnswer
    checks: list[CheckAnswer]


class ArmGainAnswer(BaseModel):
    """What an arm gains over the champion in one metric, and what it takes to know; numbers are null where untold."""

    gain: float | None = None
    low: float | None = None
    high: float | None = None
    p: float | None = None
    n: int | None = None
    n_events: int | None = None
    level: float | None = None
    method: str = ""
    p_holm: float | None = Field(description="After Holm, over all challengers.")
    n_needed: int | None = Field(description="Mature rows that decide; of the primary metric only.")
    weeks: float | None = Field(description="Until they are there, at the present rate.")


class ComparedArmAnswer(BaseModel):
    """One model, or the rules, on the rows that all of them have scored."""

    name: str
    version: str
    model: str
    role: str = Field(description="champion, challenger or rules.")
    figures: dict[str, FigureAnswer | None]
    gains: dict[str, ArmGainAnswer]
    latency_p95_ms: float | None


class CompareAnswer(BaseModel):
    """Every arm on the same logged rows."""

    use_case: str
    champion: str
    primary: str = Field(description="The metric that decides.")
    since: date | None
    until: date | None
    rows: int
    judged: int = Field(description="Of them, mature with an outcome.")
    rows_per_week: float
    decided_by: dict[str, int]
    level: float = Field(description="Of the intervals of gains.")
    coverage: float = Field(description="Share of rows flagged in the figures at capacity.")
    arms: list[ComparedArmAnswer] = Field(description="Champion first, rules last.")


class DriftItemAnswer(BaseModel):
    """A score, a raw column or a feature in the newest window."""

    of: str = Field(description="score, raw column or feature.")
    name: str
    title: str
    level: str = Field(description="not enough rows, no change, moderate change, significant change, ...")
    persistent: bool = Field(description="Raised in most of the last windows.")
    psi: float | None
    psi_limit: float | None
    n: int
    why: list[str]


class DriftAnswer(BaseModel):
    """The newest window that could be judged, against the version's reference rows."""

    use_case: str
    since: datetime | None = Field(description="First moment of the window; null: nothing was measured yet.")
    until: datetime | None
    version: str | None
    measured_at: datetime | None
    n: int
    stuck: str = Field(description="A column that stood still, in words.")
    items: list[DriftItemAnswer] = Field(description="Scores first, then raw columns, then features.")


def figure(found: Any) -> dict[str, Any]:
    """A figure's plain values as JSON knows them."""
    numbers = {name: number(found.get(name)) for name in ("value", "low", "high")}
    return numbers | {"n": found["n"], "n_events": found.get("n_events"), "method": found.get("method") or ""}


VersionName = Annotated[str, Path(examples=["v1"])]
PlanId = Annotated[str, Path(description="Of the plan, or its first digits.")]


@router.get("/use-cases/{key}/models", summary="Versions, and which one acts")
async def models(request: Request, key: str, who: Who) -> VersionsAnswer:
    """Every version with where it stands and its figure on held-out rows."""
    said = await blocking(request, standings.versions, desk_of(request), who.actor, key)
    facts = {"champion": said.champion, "challenger": said.challenger}
    return VersionsAnswer(use_case=key, versions=[VersionAnswer.of(item) for item in said.versions], **facts)


@router.get("/use-cases/{key}/models/{version}", summary="A version's card")
async def model(request: Request, key: str, version: VersionName, who: Who) -> CardAnswer:
    """The key facts of the model card: figures beside baseline and rules, limits, data, checksums."""
    said = await blocking(request, standings.card, desk_of(request), who.actor, key, version)
    arms = [
        {"name": arm.name, "role": arm.kind, "figures": {name: figure(item) for name, item in arm.figures.items()}}
        for arm in said.main.arms
    ]
    ceiling = {name: figure(item) for name, item in said.ceiling.items()}
    facts = {name: getattr(said, name) for name in CardAnswer.model_fields if hasattr(said, name)}
    lines = {"purpose": dict(said.purpose), "data": dict(said.data)}
    rows = {"rows": said.main.label, "n": said.main.n}
    return CardAnswer.model_validate(facts | lines | rows | {"arms": arms, "ceiling": ceiling})


@router.get("/use-cases/{key}/plans", summary="Comparisons that were planned")
async def plans(request: Request, key: str, who: Who) -> PlansAnswer:
    """Every plan, as it was frozen."""
    found = await blocking(request, standings.plans, desk_of(request), who.actor, key)
    return PlansAnswer.model_validate({"plans": found})


@router.get("/use-cases/{key}/plans/{plan}/verdict", summary="The verdict on a plan")
async def verdict(request: Request, key: str, plan: PlanId, who: Who) -> VerdictAnswer:
    """Judged now, from the log: promote, keep testing, stop or invalid, with every check and its sentence."""
    found = await blocking(request, standings.verdict, desk_of(request), who.actor, key, plan)
    return VerdictAnswer.model_validate(found)


@router.get("/use-cases/{key}/compare", summary="Every model on the same rows")
async def compare(
    request: Request,
    key: str,
    who: Who,
    since: Annotated[date | None, Query(description="First day; by default 90 days before the last.")] = None,
    until: Annotated[date | None, Query(description="Last day, not included; by default tomorrow.")] = None,
) -> CompareAnswer:
    """Every arm with its figures and its gain over the champion on the rows all of them have scored, with intervals."""
    found = await blocking(request, standings.compared, desk_of(request), who.actor, key, since, until)
    return CompareAnswer.model_validate(found)


@router.get("/use-cases/{key}/drift", summary="Whether the world has moved")
async def drift(request: Request, key: str, who: Who) -> DriftAnswer:
    """What was measured of the newest window; nothing is measured now."""
    return DriftAnswer.model_validate(await blocking(request, standings.drift, desk_of(request), who.actor, key))
