"""Put a version on the shelf: save it, register it, say what came out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pyarrow as pa

from core.ml.bundle import Card
from core.ml.compiled import Compiled
from core.services.access import Actor
from core.services.desk import CHAMPION, Desk
from core.store.bundles import save_bundle


@dataclass(frozen=True)
class Shelf:
    """Everything that is saved of a version."""

    card: Card
    preprocessor: Any
    models: Mapping[str, Any]
    compiled: Compiled
    profile: Mapping[str, Any]
    reference: pa.Table


def put_on_shelf(desk: Desk, actor: Actor, shelf: Shelf, at: datetime, act: bool) -> bool:
    """Save and register a version; returns whether it acts."""
    card = shelf.card
    card_sha256 = save_bundle(
        desk.folder(card.use_case) / card.version,
        preprocessor=shelf.preprocessor,
        models=shelf.models,
        compiled=shelf.compiled,
        card=card,
        profile=shelf.profile,
        reference=shelf.reference,
    )
    acting = desk.acting_version(card.use_case)
    model = desk.ledger.alias_model(card.use_case, CHAMPION)
    former = None if acting is None else {"version": acting} | ({"model": model} if model else {})
    who: dict[str, Any] = {"at": at, "actor": actor.name, "role": actor.role.value, "via": actor.via}
    subject = f"{card.use_case} {card.version}"
    with desk.ledger.transaction():
        desk.ledger.register_version(card.use_case, card.version, at, card_sha256, card.origin)
        desk.ledger.record(**who, action=f"{card.origin} version", subject=subject, after={"card_sha256": card_sha256})
        if acting is None or act:
            desk.ledger.set_alias(card.use_case, CHAMPION, card.version, at)
            reason = "first version" if acting is None else "asked for by hand, without a comparison"
            now = {"version": card.version, "model": card.champion}
            desk.ledger.record(
                **who, action="let version act", subject=subject, before=former, after=now, reason=reason
            )
    return acting is None or act


def report(desk: Desk, card: Card, acts: bool) -> dict[str, Any]:
    """What `train`, `adopt` and `import` answer: split, figures with intervals, baseline, verdict, files."""
    return {
        "use_case": card.use_case,
        "version": card.version,
        "acts": acts,
        "rows": card.lineage.get("rows_read"),
        "rejected": card.lineage.get("rows_rejected"),
        "split": dict(card.split),
        "metrics": dict(card.metrics),
        "interval": dict(card.interval),
        "verdict": card.verdict,
        "notes": list(card.notes),
        "compile_difference": card.compile_difference,
        "files": {"folder": str(desk.folder(card.use_case) / card.version)},
    }
