"""What the desk takes up on its disks, by what it is, and how fast that grows."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from core.services import health_facts
from core.services.access import Action, Actor, require
from core.services.desk import Desk
from core.services.health_facts import GROWTH_DAYS, Storage
from core.services.privacy.settings import kept_for
from core.store.ledger_service import Sizes
from core.store.log_open import SHARED

FOR_GOOD = "for good"
# Below data/: folder -> what it holds.
_FOLDERS = {
    "uploads": "Uploaded files",
    "results": "Scored files made here",
    "inbox": "Files from the inbox, and their answers",
    "samples": "Sample files",
    "reports": "Reports",
    "outbox": "Scored files handed on",
    "scoring_jobs": "What each scoring job has sent",
    "arriving": "Outcomes that are being read",
    "audit": "Heads of the record of events",
}
_LOG = {False: "Prediction log", True: "Copy of the shared prediction log"}
_STORES = ("log.duckdb", "ledger.sqlite")


@dataclass(frozen=True)
class Held:
    """One kind of thing on disk.

    Attributes
    ----------
    where : str
        Its folder or its first file, below the home; the whole path where it lies elsewhere.
    kept : str
        How long it is kept: "30 days", "for good"; "" where nothing clears it away and nobody said.
    """

    what: str
    where: str
    n_files: int
    n_bytes: int
    kept: str = ""


@dataclass(frozen=True)
class ModelsOf:
    """The versions of a use case on disk."""

    title: str
    n_versions: int
    n_bytes: int


@dataclass(frozen=True)
class Disk:
    """A disk that the desk writes to. `holds`: "data", "models", "backups", what of them lies on it."""

    holds: tuple[str, ...]
    free: int
    total: int


@dataclass(frozen=True)
class TakenUp:
    """Everything the storage view shows, of one moment; all sizes in bytes."""

    at: datetime
    held: tuple[Held, ...]  # largest first
    models: tuple[ModelsOf, ...]
    disks: tuple[Disk, ...]
    storage: Storage
    days: tuple[Sizes, ...]  # one line a day, oldest first


def taken_up(desk: Desk, actor: Actor, now: datetime | None = None) -> TakenUp:
    """What lies on the disks now, and what the stores took up on the last 30 days."""
    require(actor, Action.SEE_ADMIN)
    at = now or datetime.now(UTC)
    held = sorted(_held(desk), key=lambda item: -item.n_bytes)
    days = desk.ledger.sizes(at.astimezone(UTC).date() - timedelta(days=GROWTH_DAYS))
    return TakenUp(at, tuple(held), tuple(_models(desk)), _disks(desk), health_facts.storage(desk, at), tuple(days))


def _held(desk: Desk) -> list[Held]:
    settings = desk.settings
    home, data, backups = settings.home, settings.data_dir, settings.backups_dir
    shared = settings.database_url.startswith(SHARED)
    kept = {name: _days(days) for name, days in kept_for(desk, None).items()}
    kept["uploads"] = _days(settings.keep_uploads_days)
    found = [
        _sum(_LOG[shared], home, _files(data, "log.duckdb*"), "as set for each use case"),
        _sum("Ledger", home, _files(data, "ledger.sqlite*"), FOR_GOOD),
        _sum("Models", home, [settings.models_dir], FOR_GOOD),
        _sum("Backups", home, [backups]),
    ]
    known = {path.name for name in _STORES for path in _files(data, f"{name}*")}
    for path in sorted(data.iterdir()):
        if path.is_dir() and path != backups:
            found.append(_sum(_FOLDERS.get(path.name, path.name), home, [path], kept.get(path.name, "")))
    rest = [path for path in data.iterdir() if path.is_file() and path.name not in known]
    found.append(_sum("Settings, secrets and locks", home, rest))
    return [item for item in found if item.n_files]


def _days(days: int | None) -> str:
    return FOR_GOOD if days is None else f"{days} day{'' if days == 1 else 's'}"


def _files(folder: Path, pattern: str) -> list[Path]:
    return sorted(folder.glob(pattern))


def _sum(what: str, home: Path, places: Sequence[Path], kept: str = "") -> Held:
    sizes = [size for place in places for size in _sizes(place)]
    first = places[0] if places else home
    where = first.relative_to(home) if first.is_relative_to(home) else first
    return Held(what, str(where), len(sizes), sum(sizes), kept)


def _sizes(place: Path) -> list[int]:
    """Bytes of every file at or below a place; what vanishes meanwhile, a file being folded in, counts as nothing."""
    files = [place] if place.is_file() else [path for path in place.rglob("*") if path.is_file()]
    sizes = []
    for path in files:
        try:
            sizes.append(path.stat().st_size)
        except FileNotFoundError:
            continue
    return sizes


def _models(desk: Desk) -> list[ModelsOf]:
    return [
        ModelsOf(use_case.title, len(desk.versions(key)), sum(_sizes(desk.folder(key))))
        for key, use_case in desk.use_cases().items()
    ]


def _disks(desk: Desk) -> tuple[Disk, ...]:
    """Every disk once; places on the same one stand together."""
    settings = desk.settings
    places = {"data": settings.data_dir, "models": settings.models_dir, "backups": settings.backups_dir}
    holds: dict[int, list[str]] = {}
    usage: dict[int, tuple[int, int]] = {}
    for name, place in places.items():
        there = next(path for path in (place, *place.parents) if path.exists())
        device, disk = there.stat().st_dev, shutil.disk_usage(there)
        holds.setdefault(device, []).append(name)
        usage[device] = (disk.free, disk.total)
    return tuple(Disk(tuple(names), *usage[device]) for device, names in holds.items())
