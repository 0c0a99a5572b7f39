"""Everything the service page shows, of one moment."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from core.domain.metrics.measured import Measured
from core.domain.metrics.proportion import proportion
from core.domain.service_level import Availability, Mark, added, mark_errors, mark_latency, percentiles
from core.services.access import Action, Actor, require
from core.services.desk import Desk
from core.services.health import PROMISED_DAYS, ServiceWindow, days, requests, service_window, totals
from core.services.health_facts import (
    Backup,
    Lane,
    LoadedModel,
    Memory,
    Storage,
    lanes,
    last_backup,
    memory,
    models,
    process_started,
    storage,
)
from core.services.request_counts import SCORE_ONE
from core.store.ledger_service import RequestCount

DAY, MONTH = "24 hours", "30 days"
SPANS = {DAY: (timedelta(hours=24), timedelta(hours=1)), MONTH: (timedelta(days=PROMISED_DAYS), timedelta(days=1))}


@dataclass(frozen=True)
class Slot:
    """One hour or day of a window: its requests, and the latency of its single scores."""

    begins: datetime
    n: int
    refused: int
    errors: int
    error_rate: Measured
    latency: Mapping[str, Measured]


@dataclass(frozen=True)
class Asked:
    """What was asked by one face: requests, the refused and the failed ones, how long the answers took."""

    operation: str
    face: str
    n: int
    refused: int
    errors: int
    latency: Mapping[str, Measured]


@dataclass(frozen=True)
class Health:
    """How the desk is doing at a moment, and did over a window."""

    at: datetime
    started_at: datetime
    window: ServiceWindow
    latency_mark: Mark
    error_mark: Mark
    slots: tuple[Slot, ...]  # with requests, oldest first
    asked: tuple[Asked, ...]
    promise: Availability
    days: Mapping[date, Availability]
    memory: Memory
    storage: Storage
    lanes: tuple[Lane, ...]
    models: tuple[LoadedModel, ...]
    backup: Backup | None


def health(desk: Desk, actor: Actor, span: str = DAY, now: datetime | None = None) -> Health:
    """What the service page shows of the last 24 hours or 30 days."""
    require(actor, Action.SEE_SERVICE)
    at = now or datetime.now(UTC)
    length, step = SPANS[span]
    since, until = at - length, at + timedelta(seconds=1)  # the minute that runs counts
    window, counts = service_window(desk, since, until), requests(desk, since, until)
    by_day = days(desk, at)
    return Health(
        at=at,
        started_at=process_started(),
        window=window,
        latency_mark=mark_latency(window.latency.get("p95")),
        error_mark=mark_errors(window.error_rate),
        slots=_slots(counts, step),
        asked=_asked(counts),
        promise=service_window(desk, at - timedelta(days=PROMISED_DAYS), at).availability,
        days=by_day,
        memory=memory(),
        storage=storage(desk, at),
        lanes=tuple(lanes(desk)),
        models=tuple(models(desk)),
        backup=last_backup(desk.settings),
    )


def _slots(counts: Sequence[RequestCount], step: timedelta) -> tuple[Slot, ...]:
    groups: dict[datetime, list[RequestCount]] = {}
    for count in counts:
        groups.setdefault(_begin(count.begins, step), []).append(count)
    return tuple(_slot(begins, groups[begins]) for begins in sorted(groups))


def _begin(time: datetime, step: timedelta) -> datetime:
    hour = time.replace(minute=0, second=0, microsecond=0)
    return hour if step < timedelta(days=1) else hour.replace(hour=0)


def _slot(begins: datetime, counts: Sequence[RequestCount]) -> Slot:
    n, refused, errors = totals(counts)
    single = [count.latency for count in counts if count.operation == SCORE_ONE]
    return Slot(begins, n, refused, errors, proportion("error rate", errors, n), percentiles(added(single)))


def _asked(counts: Sequence[RequestCount]) -> tuple[Asked, ...]:
    groups: dict[tuple[str, str], list[RequestCount]] = {}
    for count in counts:
        groups.setdefault((count.operation, count.face), []).append(count)
    return tuple(
        Asked(*mark, *totals(mine), percentiles(added(count.latency for count in mine)))
        for mark, mine in sorted(groups.items())
    )


def as_json(desk: Desk, now: datetime | None = None) -> dict[str, Any]:
    """The service in a few plain values, for the command line: the last 24 hours, 30 days of availability."""
    at = now or datetime.now(UTC)
    window = service_window(desk, at - timedelta(hours=24), at + timedelta(seconds=1))
    promise = service_window(desk, at - timedelta(days=PROMISED_DAYS), at).availability
    kept, backup = storage(desk, at), last_backup(desk.settings)
    return {
        "since": window.since.isoformat(),
        "requests": window.n,
        "refused": window.refused,
        "errors": window.errors,
        "error_rate": window.error_rate.as_json() if window.error_rate else None,
        "latency_ms": {name: found.as_json() for name, found in window.latency.items()},
        "file_rows_per_second": window.file_rows_per_second,
        "availability_30_days": {"share": promise.share, "known_share": promise.known_share, "state": promise.kept()},
        "log_bytes": kept.log,
        "disk_free_bytes": kept.free,
        "last_backup": backup.made_at.isoformat() if backup else None,
    }
