"""Use cases: what there is, what a row looks like."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from fastapi import APIRouter, Request
from pydantic import BaseModel, Field

from core.api.door import Who, blocking, desk_of
from core.api.problems import refusals
from core.services import catalogue
from core.services.catalogue import CaseFacts

router = APIRouter(tags=["use cases"], responses=refusals())


class BandAnswer(BaseModel):
    """A band and what it leads to."""

    name: str
    decision: str


class CaseAnswer(BaseModel):
    """A use case: what it asks, what it answers with, what acts."""

    key: str = Field(examples=["lead_scoring"])
    title: str
    question: str
    noun: str = Field(description="What one row is.", examples=["lead"])
    task: str = Field(description="binary, multiclass or regression.")
    origin: str = Field(description="built-in, or the file it was adopted into.")
    entity: str | None = Field(description="The column that names a row; null: its place among those sent.")
    time: str | None = Field(description="The column that says when a row happened.")
    timezone: str = Field(description="In which times without an offset are read.")
    target: str = Field(description="The outcome's column.")
    target_meaning: str
    horizon_days: int = Field(description="An outcome counts once the row is older than this.")
    classes: list[str] = Field(description="The outcome's labels; empty for values.")
    unit: str
    bands: list[BandAnswer] = Field(description="Highest score first.")
    higher_is_better: bool
    rules_decide: bool = Field(description="The models run in the rules' shadow and never act.")
    version: str | None = Field(description="The version that acts; null: nothing is trained.")
    model: str | None = Field(description="The model that acts, for those who may see models.")
    loaded: bool
    notes: list[str]

    @classmethod
    def of(cls, said: CaseFacts) -> CaseAnswer:
        """From what the service says."""
        bands = [{"name": name, "decision": decision} for name, decision in said.bands]
        return cls.model_validate(asdict(said) | {"bands": bands})


class OneCaseAnswer(CaseAnswer):
    """The same with its rows."""

    row_schema: dict[str, Any] = Field(description="JSON Schema (2020-12) of one row.")
    example: dict[str, Any] | None = Field(description="A row nobody was trained on, to try; null: nothing is trained.")


class CasesAnswer(BaseModel):
    """Every use case of the desk."""

    use_cases: list[CaseAnswer]


@router.get("/use-cases", summary="Every use case")
async def use_cases(request: Request, who: Who) -> CasesAnswer:
    """Every use case, with what acts in it."""
    found = await blocking(request, catalogue.cases, desk_of(request), who.actor)
    return CasesAnswer(use_cases=[CaseAnswer.of(item) for item in found])


@router.get("/use-cases/{key}", summary="One use case, and what its rows look like")
async def use_case(request: Request, key: str, who: Who) -> OneCaseAnswer:
    """A use case with the JSON Schema of its rows, and a row to try."""
    desk = desk_of(request)
    said = CaseAnswer.of(await blocking(request, catalogue.case, desk, who.actor, key))
    rows = await blocking(request, catalogue.rows, desk, who.actor, key)
    return OneCaseAnswer(**said.model_dump(), row_schema=rows.schema, example=rows.example)
