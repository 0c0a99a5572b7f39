"""`core mlflow`: a version to an MLflow server and back.

Over there a use case is the model `ringside-<use case>`; a version is one of its model versions, found again by the
sha256 of its card. Pushing twice and pulling twice change nothing and say so. What comes back never acts.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from core.bridges.mlflow import Kept, MlflowShelf
from core.domain.usecase import UseCase
from core.errors import BundleProblem, InputError, NotReady, UnknownName
from core.ml.bundle import Card
from core.services.access import Action, Actor, require
from core.services.desk import CHAMPION, Desk
from core.services.exchange_aliases import aliases_here, mirror, with_card
from core.services.exchange_facts import CARD_SHA256, VERSION, sent
from core.store.arrivals import arrival, arrived_card, check_file, give_name, move_in, open_arrived
from core.store.bundles import CARD, next_version
from core.store.ledger_tables import EventRecord, VersionRecord

PULL, PUSH = "pull version", "push version"
ORIGIN = "pull"


def push(desk: Desk, actor: Actor, key: str, uri: str | None, version: str | None = None) -> dict[str, Any]:
    """Write a version, its figures and the desk's aliases to an MLflow server.

    Parameters
    ----------
    uri : str or None
        Where the server is.
    version : str, optional
        The acting one by default.

    Raises
    ------
    NotReady
        No server was named or it does not answer, mlflow is not installed, nothing is trained.
    BundleProblem
        The version's files differ from its card.
    """
    require(actor, Action.SEE_MODELS)
    require(actor, Action.TRAIN)
    use_case = desk.use_case(key)
    version = version or desk.acting_version(key)
    if version is None:
        raise NotReady(f"{use_case.title} has no acting version.", "Name one with --version.", use_case=key)
    card = desk.card(key, version)  # checks every file
    record = desk.ledger.version(key, version)
    assert record is not None  # the desk loads no version that the ledger does not know
    here = aliases_here(desk, key)
    own_cards = {record.card_sha256 for record in desk.ledger.versions(key) if record.origin != ORIGIN}
    shelf, name = _shelf(uri), model_name(key)
    kept = with_card(shelf.versions(name), record.card_sha256)
    new = kept is None
    if kept is None:
        kept = shelf.put(name, sent(desk.folder(key) / version, card, record.card_sha256))
    moved = mirror(shelf, name, here, own_cards)
    facts = {"model": name, "number": kept.number, "uri": shelf.shown, "run_id": kept.run_id, "aliases": moved}
    if new or moved:
        _record(desk, actor, PUSH, f"{key} {version}", facts | {"card_sha256": record.card_sha256})
    return {"answer": _pushed(key, version, facts, new), "use_case": key, "version": version, "new": new, **facts}


def pull(desk: Desk, actor: Actor, key: str, uri: str | None, version: str | None = None) -> dict[str, Any]:
    """Bring a version from an MLflow server onto the shelf; it does not act.

    Parameters
    ----------
    version : str, optional
        An alias, a version's name where it was pushed (v2), or MLflow's number (3); the champion by default.

    Raises
    ------
    NotReady
        No server was named or it does not answer, or mlflow is not installed.
    UnknownName
        There is no such model or version.
    BundleProblem
        A checksum differs, or the version does not fit the use case.
    """
    require(actor, Action.IMPORT)
    use_case = desk.use_case(key)
    shelf, name = _shelf(uri), model_name(key)
    kept = _chosen(shelf, name, version or CHAMPION)
    told = kept.tags[CARD_SHA256]
    facts = {"model": name, "number": kept.number, "uri": shelf.shown, "run_id": kept.run_id}
    known = _known(desk, key, told)
    if known is not None and known.version in desk.versions(key):
        _intact(desk, known)
        said = f"{_over_there(facts)} is on the shelf already, as {key} {known.version}; nothing was changed."
        return _pulled(said, known.version, False, key, facts)
    with arrival(desk.folder(key)) as part:
        sender = f"{name} version {kept.number}"
        card = _fetch(shelf, kept, part, sender)
        _fits(use_case, card, sender)
        wanted = known.version if known else _free_name(desk, key, card.version)
        sha256 = give_name(part, card, wanted, told)
        open_arrived(part, sha256, sender)
        _register(
            desk, actor, part, VersionRecord(key, wanted, datetime.now(UTC), sha256, ORIGIN), facts | {"of": told}
        )
    renamed = f" Its name there is {card.version}." if wanted != card.version else ""
    said = f"{key} {wanted} is on the shelf, from {_over_there(facts)}; it does not act.{renamed}"
    return _pulled(said, wanted, True, key, facts)


def model_name(key: str) -> str:
    """What a use case is called over there; other programs keep models on the same server."""
    return f"ringside-{key}"


def _shelf(uri: str | None) -> MlflowShelf:
    if not uri:
        raise NotReady("No MLflow server was named.", "Name it with --uri, or in MLFLOW_TRACKING_URI.")
    return MlflowShelf(uri)


def _over_there(facts: Mapping[str, Any]) -> str:
    return f"{facts['model']} version {facts['number']} at {facts['uri']}"


def _pushed(key: str, version: str, facts: Mapping[str, Any], new: bool) -> str:
    if new:
        return f"{key} {version} is now {_over_there(facts)}."
    also = "only aliases were moved" if facts["aliases"] else "nothing was changed"
    return f"{key} {version} is {_over_there(facts)} already; {also}."


def _pulled(said: str, version: str, new: bool, key: str, facts: Mapping[str, Any]) -> dict[str, Any]:
    return {"answer": said, "use_case": key, "version": version, "new": new, **facts}


def _chosen(shelf: MlflowShelf, name: str, wanted: str) -> Kept:
    """The model version that an alias, a desk's name or a number means."""
    versions, aliases = shelf.versions(name), shelf.aliases(name)
    if not versions:
        raise UnknownName(f"model at {shelf.shown} named", name, shelf.models())
    named = [kept for kept in versions if wanted in (kept.number, aliases.get(wanted), kept.tags.get(VERSION))]
    if wanted in aliases:
        named = [kept for kept in versions if kept.number == aliases[wanted]]
    if not named:
        known = {*aliases, *(kept.number for kept in versions), *(kept.tags.get(VERSION, "") for kept in versions)}
        raise UnknownName(f"version of {name} at {shelf.shown} named", wanted, known - {""})
    if len({kept.tags.get(CARD_SHA256) for kept in named}) > 1:
        numbers = ", ".join(kept.number for kept in named)
        raise InputError(
            f"{wanted} of {name} may be any of the versions {numbers}: several desks pushed one of that name.",
            f"Name the one you mean by MLflow's number: --version {named[-1].number}",
        )
    if CARD_SHA256 not in named[-1].tags:
        raise InputError(
            f"{name} version {named[-1].number} has no tag {CARD_SHA256}: it was not pushed by a desk.",
            "Bring models from elsewhere with: python -m core import",
        )
    return named[-1]


def _known(desk: Desk, key: str, told_sha256: str) -> VersionRecord | None:
    """The version that this desk has of this card: its own, or one that was pulled (and perhaps renamed) before."""
    pulled = {event.subject for event in desk.ledger.events_about(key, (PULL,)) if _of(event) == told_sha256}
    return next(
        (
            record
            for record in desk.ledger.versions(key)
            if record.card_sha256 == told_sha256 or f"{key} {record.version}" in pulled
        ),
        None,
    )


def _of(event: EventRecord) -> Any:
    """The sha256 that the card had over there."""
    return (event.after or {}).get("of")


def _intact(desk: Desk, known: VersionRecord) -> None:
    try:
        desk.card(known.use_case, known.version)
    except BundleProblem as error:
        folder = desk.folder(known.use_case) / known.version
        raise BundleProblem(error.message, f"Take {folder} away and pull again: that restores it.") from None


def _fetch(shelf: MlflowShelf, kept: Kept, part: Path, sender: str) -> Card:
    """Bring the card, then every file that it names; each is checked before the next is asked for."""
    shelf.fetch(kept, CARD, part)
    card = arrived_card(part, kept.tags[CARD_SHA256], sender)
    for name in card.files:
        shelf.fetch(kept, name, part)
        check_file(part, card, name, sender)
    return card


def _fits(use_case: UseCase, card: Card, sender: str) -> None:
    """Raise BundleProblem for a version of another use case, or of another definition of it."""
    pairs = {
        "use case": (card.use_case, use_case.key),
        "task": (card.task, str(use_case.task)),
        "models": (sorted(card.models), sorted(use_case.recipe.model_names)),
        "features": (card.feature_names, use_case.feature_names),
    }
    for what, (there, here) in pairs.items():
        if there != here:
            raise BundleProblem(
                f"{sender} was made for {_differing(what, there, here)}.",
                "The use case must be defined there as it is here. Nothing was registered.",
                what=what,
            )


def _differing(what: str, there: Any, here: Any) -> str:
    if isinstance(there, str):
        return f"the {what} {there}, not {here}"
    extra, missing = sorted({*there} - {*here}), sorted({*here} - {*there})
    parts = [f"with {', '.join(extra[:5])}"] * bool(extra) + [f"without {', '.join(missing[:5])}"] * bool(missing)
    return f"other {what}: {' and '.join(parts) or 'another order'}"


def _free_name(desk: Desk, key: str, version: str) -> str:
    """The version's own name where it is free here, else the next one."""
    taken = [*desk.versions(key), *(record.version for record in desk.ledger.versions(key))]
    return version if version not in taken else next_version(desk.folder(key), taken)


def _register(desk: Desk, actor: Actor, part: Path, arrived: VersionRecord, facts: Mapping[str, Any]) -> None:
    """Move the files in and say so in the ledger: both or neither. A version that was lost keeps its record."""
    key, version, sha256 = arrived.use_case, arrived.version, arrived.card_sha256
    folder = desk.folder(key) / version
    with desk.ledger.transaction():
        known = desk.ledger.version(key, version)
        if known is None:
            desk.ledger.register_version(key, version, arrived.created_at, sha256, arrived.origin)
        elif known.card_sha256 != sha256:
            raise BundleProblem(f"{key} {version} is another version here.", "Nothing was registered. Pull again.")
        _record(desk, actor, PULL, f"{key} {version}", {**facts, "card_sha256": sha256, "restored": known is not None})
        move_in(part, folder)


def _record(desk: Desk, actor: Actor, action: str, subject: str, facts: Mapping[str, Any]) -> None:
    who: dict[str, Any] = {"actor": actor.name, "role": actor.role.value, "via": actor.via}
    desk.ledger.record(at=datetime.now(UTC), **who, action=action, subject=subject, after=dict(facts))
