"""The aliases champion and challenger of this desk, and the same ones at an MLflow server."""

from __future__ import annotations

from dataclasses import dataclass

from core.bridges.mlflow import Kept, MlflowShelf
from core.services.desk import CHALLENGER, CHAMPION, Desk
from core.services.exchange_facts import ACTS_WITH, CARD_SHA256


def with_card(versions: list[Kept], card_sha256: str) -> Kept | None:
    """The newest with this card."""
    return next((kept for kept in reversed(versions) if kept.tags.get(CARD_SHA256) == card_sha256), None)


@dataclass(frozen=True)
class Alias:
    """Where an alias of this desk points: a card and the model of it that acts; neither where it points nowhere."""

    name: str
    card_sha256: str = ""
    model: str = ""


def aliases_here(desk: Desk, key: str) -> list[Alias]:
    """Champion and challenger of this desk."""
    found = []
    for alias, version in ((CHAMPION, desk.acting_version(key)), (CHALLENGER, desk.challenger_version(key))):
        record = desk.ledger.version(key, version) if version else None
        if record is None:
            found.append(Alias(alias))
        else:
            model = desk.ledger.alias_model(key, alias) or desk.card(key, record.version).champion
            found.append(Alias(alias, record.card_sha256, model))
    return found


def mirror(shelf: MlflowShelf, name: str, here: list[Alias], own_cards: set[str]) -> dict[str, str]:
    """Point champion and challenger over there where they point here; returns what was changed.

    An alias stays with a version that another desk made, unless this desk has one over there to give it to.
    """
    versions, there = shelf.versions(name), shelf.aliases(name)
    own = {kept.number for kept in versions if kept.tags.get(CARD_SHA256) in own_cards}
    moved: dict[str, str] = {}
    for alias in here:
        kept = with_card(versions, alias.card_sha256)
        if kept is not None:
            moved |= _point(shelf, name, alias, kept, there.get(alias.name))
        elif there.get(alias.name) in own:
            shelf.point(name, alias.name, None)
            moved[alias.name] = "taken away"
    return moved


def _point(shelf: MlflowShelf, name: str, alias: Alias, kept: Kept, current: str | None) -> dict[str, str]:
    moved: dict[str, str] = {}
    if current != kept.number:
        shelf.point(name, alias.name, kept.number)
        moved[alias.name] = kept.number
    if kept.tags.get(ACTS_WITH) != alias.model:
        shelf.tag(name, kept.number, ACTS_WITH, alias.model)
        moved[f"{alias.name} acts with"] = alias.model
    return moved
