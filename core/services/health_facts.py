"""What the desk is made of right now: memory, disk, queue, models, backup. Nothing here needs the log's contents."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from core.config import Settings
from core.services.desk import Desk
from core.services.governing.standby import StandIn
from core.store.ledger_service import Sizes

GROWTH_DAYS = 30


@dataclass(frozen=True)
class Memory:
    """Bytes of this process, and what the machine has left and in all."""

    used: int
    available: int
    total: int


@dataclass(frozen=True)
class Storage:
    """Bytes of the stores and of the disk that they lie on.

    Attributes
    ----------
    growth : float or None
        Bytes a day by which log and ledger grew, between the first and the last day that were measured within 30;
        None while that is one day.
    growth_days : int
        Days between those two.
    """

    log: int
    ledger: int
    free: int
    total: int
    growth: float | None
    growth_days: int

    @property
    def days_left(self) -> float | None:
        """Days until the disk is full at that pace; None where nothing grows or the pace is not known."""
        return self.free / self.growth if self.growth is not None and self.growth > 0 else None


@dataclass(frozen=True)
class Lane:
    """Jobs of one lane, which does one after another."""

    name: str
    waiting: int
    running: int


@dataclass(frozen=True)
class LoadedModel:
    """What scores a use case, and what of it is in memory.

    `acting` is the version that should; `stand_in` what does instead; `in_memory` every version that is loaded.
    """

    use_case: str
    title: str
    acting: str | None
    in_memory: tuple[str, ...]
    stand_in: StandIn | None


@dataclass(frozen=True)
class Backup:
    """The newest backup by its manifest; `same_disk`: it lies on the disk of the data, and would be lost with it."""

    path: Path
    made_at: datetime
    same_disk: bool


def memory() -> Memory:
    """Of this process (resident) and its machine."""
    import psutil

    machine = psutil.virtual_memory()
    return Memory(psutil.Process().memory_info().rss, machine.available, machine.total)


def process_started() -> datetime:
    """When this process began."""
    import psutil

    return datetime.fromtimestamp(psutil.Process().create_time(), UTC)


def measured_sizes(desk: Desk, now: datetime) -> Sizes:
    """What stores, disk and process take up now, as one line of a day."""
    log, ledger = _store_bytes(desk)
    free = shutil.disk_usage(desk.settings.data_dir).free
    return Sizes(now.astimezone(UTC).date(), log, ledger, free, memory().used)


def storage(desk: Desk, now: datetime) -> Storage:
    """What the stores take up, how fast they grow, what is left."""
    log, ledger = _store_bytes(desk)
    disk = shutil.disk_usage(desk.settings.data_dir)
    kept = desk.ledger.sizes(now.astimezone(UTC).date() - timedelta(days=GROWTH_DAYS))
    growth, n_days = _growth(kept)
    return Storage(log, ledger, disk.free, disk.total, growth, n_days)


def _growth(kept: Sequence[Sizes]) -> tuple[float | None, int]:
    """Bytes a day between the first and the last day, and the days between them."""
    n_days = (kept[-1].day - kept[0].day).days if kept else 0
    if n_days < 1:
        return None, 0
    first, last = (sizes.log_bytes + sizes.ledger_bytes for sizes in (kept[0], kept[-1]))
    return (last - first) / n_days, n_days


def _store_bytes(desk: Desk) -> tuple[int, int]:
    """Log and ledger, each with its write-ahead log; a ledger on a server with its indexes."""
    names = ("log.duckdb", "log.duckdb.wal"), ("ledger.sqlite", "ledger.sqlite-wal")
    log, ledger = (sum(_bytes(desk.settings.data_dir / name) for name in files) for files in names)
    on_server = desk.ledger.server_bytes()
    return log, ledger if on_server is None else on_server


def _bytes(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:  # nothing was logged yet, or a checkpoint has just folded it in
        return 0


def lanes(desk: Desk) -> list[Lane]:
    """Every lane of the queue that has work; others are empty."""
    return [Lane(name, waiting, running) for name, (waiting, running) in desk.jobs.lanes().items()]


def models(desk: Desk) -> list[LoadedModel]:
    """Per use case what acts, what stands in for it and what is in memory."""
    loaded: Mapping[str, Sequence[str]] = desk.in_memory()
    return [
        LoadedModel(key, use_case.title, desk.acting_version(key), tuple(loaded.get(key, ())), _stand_in(desk, key))
        for key, use_case in desk.use_cases().items()
    ]


def _stand_in(desk: Desk, key: str) -> StandIn | None:
    return desk.standby.last_known(key, desk.acting_version(key))


def last_backup(settings: Settings) -> Backup | None:
    """The newest backup in the folder of the backups; None: none has been made.

    A backup is a folder with a `manifest.json`, whose `made_at` says when; the file's own time where it does not.
    """
    folder = settings.backups_dir
    data = settings.data_dir.stat().st_dev
    manifests = folder.glob("*/manifest.json")
    found = [Backup(path.parent, _made_at(path), path.stat().st_dev == data) for path in manifests]
    return max(found, key=lambda backup: backup.made_at, default=None)


def _made_at(manifest: Path) -> datetime:
    written = datetime.fromtimestamp(manifest.stat().st_mtime, UTC)
    try:
        said = datetime.fromisoformat(str(json.loads(manifest.read_text())["made_at"]))
    except (ValueError, KeyError, TypeError):
        return written
    return said if said.tzinfo else said.replace(tzinfo=UTC)
