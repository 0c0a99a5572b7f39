"""What came of a retraining: the search with its optimism, the held-out figures, and the first look at the champion."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from core.domain.metrics.catalogue import METRICS
from core.services.access import Action, Actor, require
from core.services.desk import CHALLENGER, CHAMPION, Desk
from core.services.rebuilding.retraining import KIND, looks
from core.store.ledger_tables import JobRecord

Figure = Mapping[str, Any]  # value, low, high, n


@dataclass(frozen=True)
class TunedModel:
    """One model of the version: what the search made of it, and what it is worth on later rows."""

    name: str
    trials: int
    kept_present: bool
    present_cv: float | None  # of the parameters it had before
    best_cv: float | None  # the best of many trials: optimistic
    held_out: Figure | None  # the primary metric on rows neither fit nor search has seen
    log_loss: Figure | None
    params: Mapping[str, Any]


@dataclass(frozen=True)
class Report:
    """Everything the page shows of one retrained version."""

    version: str
    at: datetime
    role: str  # champion | challenger | ""
    metric: str
    money: str
    facts: Mapping[str, Any]  # of the search, see core.ml.tune, and the data it had
    models: tuple[TunedModel, ...]
    points: tuple[Mapping[str, Any], ...]  # model, ranking, money, present, front; metrics the way people read them
    look: Mapping[str, Any] | None

    @property
    def front(self) -> tuple[Mapping[str, Any], ...]:
        """The trials that no other beats in both aims, the best ranking first."""
        better = METRICS[self.metric].higher_is_better
        on = [point for point in self.points if point["front"]]
        return tuple(sorted(on, key=lambda point: -point["ranking"] if better else point["ranking"]))


def report(desk: Desk, actor: Actor, key: str, version: str) -> Report | None:
    """The report of a version; None where it came of no retraining."""
    require(actor, Action.SEE_MODELS)
    card = desk.card(key, version)
    facts = card.lineage.get("tuning")
    if facts is None:
        return None
    sign = 1.0 if METRICS[facts["metric"]].higher_is_better else -1.0
    event = looks(desk, actor, key, version)
    held_out = card.metrics["sets"]["held_out"]["models"]
    aliases = {desk.ledger.alias(key, name): name for name in (CHALLENGER, CHAMPION)}
    return Report(
        version=version,
        at=datetime.fromisoformat(card.created_at),
        role=aliases.get(version, ""),
        metric=facts["metric"],
        money=facts["money"],
        facts=facts,
        models=tuple(_model(name, facts, held_out.get(name, {}), sign) for name in card.models),
        points=tuple({**point, "ranking": sign * point["ranking"]} for point in facts["points"]),
        look=None if event is None else event.after,
    )


def _model(name: str, facts: Mapping[str, Any], figures: Mapping[str, Figure], sign: float) -> TunedModel:
    found = facts["models"].get(name)
    measured = {"held_out": figures.get(facts["metric"]), "log_loss": figures.get("log_loss")}
    if found is None:
        return TunedModel(name, 0, True, None, None, params={}, **measured)
    return TunedModel(
        name,
        found["trials"],
        found["kept_present"],
        sign * found["present_cv"],
        sign * found["best_cv"],
        params=found["params"],
        **measured,
    )


def last_run(desk: Desk, actor: Actor, key: str) -> JobRecord | None:
    """The newest retraining that has ended, however it did."""
    require(actor, Action.SEE_MODELS)
    records = (record for record in desk.ledger.jobs(use_case=key, limit=500) if record.kind == KIND)
    return next((record for record in records if record.state not in ("queued", "running")), None)
