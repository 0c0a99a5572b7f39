"""A first comparison of a new version with the champion: on rows it was not trained on, and no verdict."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from typing import Any

from core.errors import DeskError
from core.services.access import Action, Actor, require
from core.services.comparison.challengers import Challengers, challengers
from core.services.comparison.replay import replay
from core.services.desk import Desk

DAYS = 90
NOT_A_VERDICT = "A first look, not a verdict: nobody planned how many rows it takes."


def first_look(desk: Desk, actor: Actor, key: str, version: str, now: datetime | None = None) -> dict[str, Any]:
    """Replay the logged rows since a version's training ended, and compare it with the champion on the mature ones.

    Never raises for what a comparison may refuse: the version stands, and `said` tells why there are no figures.
    """
    require(actor, Action.REPLAY)
    at = now or datetime.now(UTC)
    since = _after_training(desk, key, version, at)
    facts: dict[str, Any] = {"since": since.date().isoformat(), "until": at.date().isoformat()}
    try:
        facts["replayed"] = replay(desk, actor, key, version, (since, at + timedelta(seconds=1)))
        found = challengers(desk, actor, key, since=since.date(), versions=[version])
        facts |= _summary(found, version)
    except DeskError as error:
        facts["said"] = f"{error.message} {error.hint}".strip()
    desk.ledger.record(
        at=datetime.now(UTC),
        actor=actor.name,
        role=actor.role.value,
        via=actor.via,
        action="compare for the first time",
        subject=f"{key} {version}",
        after=facts,
        result=facts["said"],
    )
    return facts


def _after_training(desk: Desk, key: str, version: str, now: datetime) -> datetime:
    """The first midnight after the rows that a version was fitted and tuned on; at most some months back.

    The held-out rows of its training count: neither fit nor search has seen them.
    """
    earliest = now - timedelta(days=DAYS + desk.use_case(key).target.horizon_days)
    card = desk.card(key, version)
    held_out = card.split.get("parts", {}).get("test", {}).get("from", "")
    from_log = card.lineage.get("tuning", {}).get("data", {}).get("kind") != "file"  # a file's times may be local ones
    try:
        begins = datetime.fromisoformat(held_out).replace(tzinfo=UTC)
        begins += timedelta(0) if from_log and begins.time() == time() else timedelta(days=1)
    except ValueError:  # rows without a date
        begins = earliest
    begins = max(begins, earliest)
    return begins.replace(hour=0, minute=0, second=0, microsecond=0)


def _summary(found: Challengers, version: str) -> dict[str, Any]:
    n_known = found.maturity.n_known
    champion = found.arm(found.champion).figures[found.primary]
    arms = []
    for arm in found.arms:
        gain = arm.gains.get(found.primary)
        figure = arm.figures.get(found.primary)
        if arm.version != version or figure is None:
            continue
        said = {"model": arm.model, "value": figure.value, "n": figure.n}
        if gain is not None:
            difference = gain.difference
            said |= {"gain": difference.gain, "low": difference.low, "high": difference.high, "level": difference.level}
            said |= {"enough": difference.enough, "n_needed": gain.n_needed}
        arms.append(said)
    return {
        "metric": found.primary,
        "champion": found.champion,
        "champion_value": None if champion is None else champion.value,
        "n_rows": found.n_rows,
        "n_known": n_known,
        "arms": arms,
        "said": NOT_A_VERDICT if arms else f"{n_known:,} rows have a mature outcome: too few for a first look.",
    }
