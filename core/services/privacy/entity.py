"""Everything about one entity: what is kept of it, handed out or taken away."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from core.domain.pseudonym import personal_texts
from core.domain.usecase import UseCase
from core.errors import BundleProblem, InputError
from core.services.access import Action, Actor, require
from core.services.desk import Desk

_EVERY = 1_000_000
STAYS = (
    "Events keep who did what, by prediction id; counts per day and bin keep no row.",
    "Backups made before hold what was erased until they are replaced.",
)


@dataclass(frozen=True)
class About:
    """What the desk holds of one entity, by table; times in UTC."""

    use_case: str
    tables: Mapping[str, list[dict[str, Any]]]
    held_out: Mapping[str, int]  # version -> rows of it among the version's reference rows
    files: tuple[str, ...]  # kept uploads and scored files that hold its rows, below the data folder

    @property
    def counts(self) -> dict[str, int]:
        """Rows by table."""
        return {name: len(rows) for name, rows in self.tables.items()}

    def as_json(self) -> dict[str, Any]:
        """Plain values."""
        return {
            "use_case": self.use_case,
            "tables": self.tables,
            "held_out_rows": dict(self.held_out),
            "files": list(self.files),
        }


@dataclass(frozen=True)
class Erased:
    """What was taken away, and what stays and why."""

    use_case: str
    deleted: Mapping[str, int]
    files: tuple[str, ...]
    stays: tuple[str, ...]


def export(desk: Desk, actor: Actor, key: str, entity: str, now: datetime | None = None) -> About:
    """Everything that is kept of an entity, named by its id as it was scored or by a personal text of its rows.

    That somebody asked is an event; of the id it holds only a keyed hash.

    Raises
    ------
    InputError
        Nothing is kept of an entity of this name.
    """
    require(actor, Action.EXPORT_ENTITY)
    use_case = desk.use_case(key)
    found = _about(desk, use_case, entity)
    _note(desk, actor, use_case, entity, "export one entity", now, after=found.counts)
    return found


def erase(desk: Desk, actor: Actor, key: str, entity: str, reason: str, now: datetime | None = None) -> Erased:
    """Take away everything that is kept of an entity: rows, scores, outcomes, views, feedback, words of cases, files.

    Raises
    ------
    InputError
        Nothing is kept of it, or no reason is given.
    """
    require(actor, Action.ERASE_ENTITY)
    if len(reason.strip()) < 3:
        raise InputError("Data are erased for a reason.", "Say why in a few words, such as the request's number.")
    use_case = desk.use_case(key)
    found = _about(desk, use_case, entity)
    facts = {"reason": reason.strip()}
    _note(desk, actor, use_case, entity, "erase one entity", now, after=found.counts, result="intended", **facts)
    deleted = desk.log.erase_entity(use_case, desk.pseudonyms.called(use_case, entity.strip()))
    deleted["cases"] = desk.ledger.blank_cases(key, _ids(found))
    for name in found.files:
        (desk.settings.data_dir / name).unlink(missing_ok=True)
    _note(desk, actor, use_case, entity, "erase one entity", now, after=deleted, result="done", **facts)
    return Erased(key, deleted, found.files, (*_held_out_words(use_case, found), *STAYS))


def _held_out_words(use_case: UseCase, found: About) -> list[str]:
    return [
        f"{version} was judged on {n:,} held-out {'row' if n == 1 else 'rows'} of it: retrain and retire it."
        for version, n in found.held_out.items()
    ]


def _about(desk: Desk, use_case: UseCase, entity: str) -> About:
    text = entity.strip()
    if not text or (use_case.entity is None and not personal_texts(use_case)):
        raise InputError(
            "No entity is named." if not text else f"{use_case.title} has no column that names anybody.",
            f"Give the id of a {use_case.noun} as it was scored.",
        )
    called = desk.pseudonyms.called(use_case, text)
    stored = desk.log.of_entity(use_case, called)
    tables = {name: _plain(rows) for name, rows in stored.items()}
    ids = [row["prediction_id"] for row in tables["rows"]]
    tables["cases"] = _readable(desk.ledger.cases_about(use_case.key, ids))
    held_out = _held_out(desk, use_case, text)
    if not any(tables.values()) and not held_out:
        raise InputError("Nothing is kept of an entity of this name.", f"Give its id as {use_case.title} was sent it.")
    return About(use_case.key, tables, held_out, _files(desk, use_case, stored["rows"]))


def _ids(found: About) -> list[str]:
    return [row["prediction_id"] for row in found.tables["rows"]]


def _plain(rows: pa.Table) -> list[dict[str, Any]]:
    return [
        row | ({"prediction_id": str(row["prediction_id"]).replace("-", "")} if "prediction_id" in row else {})
        for row in _readable(rows.to_pylist())
    ]


def _readable(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Rows with their times as texts and without what was never said."""
    return [
        {
            name: value.isoformat() if hasattr(value, "isoformat") else value
            for name, value in row.items()
            if value is not None
        }
        for row in rows
    ]


def _held_out(desk: Desk, use_case: UseCase, text: str) -> dict[str, int]:
    """Rows of the entity among the reference rows that versions keep on disk: as they were brought, never hashed."""
    found: dict[str, int] = {}
    names = {*personal_texts(use_case), *([use_case.entity] if use_case.entity else [])}
    for version in desk.versions(use_case.key):
        try:
            reference = desk.scorer(use_case.key, version).bundle.reference
        except BundleProblem:  # cannot be read at all; the models page says so
            continue
        kept = [reference[name].cast(pa.string()) for name in names if name in reference.column_names]
        most = max((pc.sum(pc.equal(column, text)).as_py() or 0 for column in kept), default=0)
        found |= {version: most} if most else {}
    return found


def _files(desk: Desk, use_case: UseCase, rows: pa.Table) -> tuple[str, ...]:
    """Kept uploads, and scored files made of them, of the batches that hold the rows."""
    data, batches = desk.settings.data_dir, set(rows["batch"].to_pylist())
    known = [item for item in desk.log.latest_batches(use_case, _EVERY) if item["batch"] in batches]
    shas, ids = {item["file_sha256"] for item in known} - {None}, {item["batch_id"] for item in known}
    uploads = [path for sha in shas for path in (data / "uploads").glob(f"{sha[:16]}*")]
    results: list[Path] = []
    for record in desk.ledger.jobs(use_case=use_case.key, limit=_EVERY):
        if (record.result or {}).get("batch") in ids:
            results += list((data / "results" / record.id).glob("*"))
    return tuple(sorted(str(path.relative_to(data)) for path in {*uploads, *results}))


def _note(
    desk: Desk, actor: Actor, use_case: UseCase, entity: str, action: str, now: datetime | None, **facts: Any
) -> None:
    subject = f"{use_case.key} {desk.pseudonyms.hashes(use_case, [entity.strip()])[0]}"
    who = {"actor": actor.name, "role": actor.role.value, "via": actor.via}
    desk.ledger.record(at=now or datetime.now(UTC), **who, action=action, subject=subject, **facts)


def as_text(found: About) -> str:
    """An export as a JSON document that can be handed to who asked."""
    return json.dumps(found.as_json(), indent=1, default=str, ensure_ascii=False) + "\n"
