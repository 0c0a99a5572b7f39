"""How good the models are and which of them acts, as plain values for programs: measured elsewhere, told here."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

from core.services.access import Action, Actor, require
from core.services.comparison import comparing, verdicts
from core.services.comparison import plans as planning
from core.services.comparison.challengers import challengers
from core.services.desk import Desk
from core.services.governing.version_states import version_states
from core.services.model_card import ModelCard, model_card
from core.services.watching.drift_results import ItemState, latest


@dataclass(frozen=True)
class VersionFacts:
    """A version and where it stands."""

    version: str
    state: str
    since: datetime
    why: str
    by: str
    model: str
    origin: str
    made_at: datetime
    metric: str | None
    figure: Mapping[str, Any] | None
    problem: str


@dataclass(frozen=True)
class Standings:
    """Versions, newest first; who acts and who runs in its shadow."""

    champion: str | None
    challenger: str | None
    versions: tuple[VersionFacts, ...]


def versions(desk: Desk, actor: Actor, key: str) -> Standings:
    """Every version of a use case."""
    require(actor, Action.SEE_MODELS)
    desk.use_case(key)
    found = tuple(
        VersionFacts(
            version=item.version,
            state=item.state.value,
            since=item.since,
            why=item.why,
            by=item.by,
            model=item.leads,
            origin=item.origin,
            made_at=item.made_at,
            metric=item.figure["name"] if item.figure else None,
            figure=item.figure,
            problem=item.problem,
        )
        for item in version_states(desk, actor, key)
    )
    champion = next((f"{item.version}:{item.model}" for item in found if item.state == "production"), None)
    return Standings(champion, desk.challenger_version(key), found)


def card(desk: Desk, actor: Actor, key: str, version: str) -> ModelCard:
    """The model card of a version.

    Raises
    ------
    UnknownName
    """
    return model_card(desk, actor, key, version)


def plans(desk: Desk, actor: Actor, key: str) -> list[dict[str, Any]]:
    """Comparison plans of a use case, newest first."""
    require(actor, Action.SEE_MODELS)
    desk.use_case(key)
    return [
        comparing.planned_json(planned)
        | {"margins": dict(vars(planned.plan.margins)), "closed_at": planned.record.closed_at}
        for planned in planning.plans(desk, actor, key)
    ]


def verdict(desk: Desk, actor: Actor, key: str, plan_id: str) -> dict[str, Any]:
    """The verdict on a plan, judged now."""
    require(actor, Action.SEE_MODELS)
    desk.use_case(key)
    planned = comparing.plan_to_judge(desk, actor, key, plan_id)
    return comparing.judged_json(verdicts.judge(desk, actor, key, planned))


def compared(desk: Desk, actor: Actor, key: str, since: date | None, until: date | None) -> dict[str, Any]:
    """Every arm on the same logged rows."""
    require(actor, Action.SEE_MODELS)
    return comparing.challengers_json(challengers(desk, actor, key, since=since, until=until))


def drift(desk: Desk, actor: Actor, key: str) -> dict[str, Any]:
    """What was measured of the newest window that could be judged."""
    require(actor, Action.SEE_MODELS)
    use_case = desk.use_case(key)
    state = latest(desk, key)
    nothing = dict.fromkeys(("since", "until", "version", "measured_at"))
    if state is None:
        return {"use_case": key, **nothing, "n": 0, "stuck": "", "items": []}
    titles = {column.name: column.title for column in use_case.schema}
    return {
        "use_case": key,
        "since": _utc(state.window.since),
        "until": _utc(state.window.until),
        "version": state.version,
        "measured_at": _utc(state.measured_at),
        "n": state.n,
        "stuck": state.stuck_says,
        "items": [_item(item, titles) for item in state.items],
    }


def _item(item: ItemState, titles: Mapping[str, str]) -> dict[str, Any]:
    numbers = {name: _number(item.facts[name]) for name in ("psi", "psi_limit")}
    return {
        "of": item.of,
        "name": item.name,
        "title": titles.get(item.name, item.name),
        "level": item.level.value,
        "persistent": item.persistent,
        **numbers,
        "n": item.facts["n"],
        "why": list(item.facts["why"] or ()),
    }


def _number(value: float | None) -> float | None:
    return None if value is None or not math.isfinite(value) else value


def _utc(at: datetime) -> datetime:
    return at if at.tzinfo else at.replace(tzinfo=UTC)
