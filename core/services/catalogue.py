"""Which use cases a desk has, what their rows look like and which versions they have: for programs."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from core.domain.policy import Mode
from core.domain.usecase import UseCase
from core.errors import DeskError
from core.services.access import Action, Actor, may, require
from core.services.desk import Desk
from core.services.governing.acting import acting_model
from core.services.row_schema import row_schema
from core.services.scoring import sample_rows


@dataclass(frozen=True)
class CaseFacts:
    """A use case: what it asks, what it answers with, what acts."""

    key: str
    title: str
    question: str
    noun: str
    task: str
    origin: str
    entity: str | None  # the column that names a row
    time: str | None  # the column that says when a row happened
    timezone: str
    target: str
    target_meaning: str
    horizon_days: int
    classes: tuple[str, ...]
    unit: str
    bands: tuple[tuple[str, str], ...]  # band, decision; highest score first
    higher_is_better: bool
    rules_decide: bool
    version: str | None  # None: nothing is trained
    model: str | None  # None: nothing is trained, or the actor may not see models
    loaded: bool
    notes: tuple[str, ...]


@dataclass(frozen=True)
class RowFacts:
    """The rows of a use case: their JSON Schema, and one to try."""

    schema: dict[str, Any]
    example: dict[str, Any] | None  # a row nobody was trained on; None: nothing is trained


def cases(desk: Desk, actor: Actor) -> list[CaseFacts]:
    """Every use case."""
    require(actor, Action.SEE)
    return [_facts(desk, actor, use_case) for use_case in desk.use_cases().values()]


def case(desk: Desk, actor: Actor, key: str) -> CaseFacts:
    """One use case.

    Raises
    ------
    UnknownName
    """
    require(actor, Action.SEE)
    return _facts(desk, actor, desk.use_case(key))


def rows(desk: Desk, actor: Actor, key: str) -> RowFacts:
    """What a row of a use case looks like."""
    require(actor, Action.SEE)
    use_case = desk.use_case(key)
    example = None
    with suppress(DeskError):  # nothing is trained, or the files fail their check: scoring will say so
        example = {name: _plain(value) for name, value in sample_rows(desk, key, 1)[0].items()}
    return RowFacts(row_schema(use_case), example)


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime | date) else value


def _facts(desk: Desk, actor: Actor, use_case: UseCase) -> CaseFacts:
    acting = desk.acting_version(use_case.key)
    standing = desk.standby.last_known(use_case.key, acting)
    version = standing.serving.version if standing else acting
    sees = version is not None and may(actor, Action.SEE_MODELS)
    time, target, policy = use_case.schema.time, use_case.target, use_case.policy
    return CaseFacts(
        key=use_case.key,
        title=use_case.title,
        question=use_case.question,
        noun=use_case.noun,
        task=use_case.task.value,
        origin=use_case.origin,
        entity=use_case.entity,
        time=time.name if time else None,
        timezone=use_case.schema.timezone,
        target=target.name,
        target_meaning=target.meaning,
        horizon_days=target.horizon_days,
        classes=target.classes,
        unit=target.unit,
        bands=tuple((band.name, band.decision) for band in policy.bands),
        higher_is_better=use_case.higher_is_better,
        rules_decide=policy.mode is Mode.SHADOW,
        version=version,
        model=acting_model(desk, use_case, reading=False) if sees else None,
        loaded=desk.loaded(use_case.key),
        notes=use_case.notes,
    )
