"""The weekly report: what a week showed of a use case, written once as one HTML file and never again for that week.

Performance is as known at the end of the week, drift as it was measured then, alerts and the desk's own service as they
are on record.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any

from core.domain.drift.judgement import Level
from core.domain.usecase import UseCase
from core.errors import UnknownName
from core.services.access import Action, Actor, require
from core.services.alerting.rule import DESK_SUBJECT
from core.services.desk import Desk
from core.services.health import ServiceWindow, service_window
from core.services.performance import Performance, performance
from core.services.scheduling.task import DESK
from core.store.ledger_alert_tables import AlertRecord

WEEK = timedelta(days=7)
MOST_ITEMS = 12  # of what moved in the newest window


@dataclass(frozen=True)
class WindowDrift:
    """The newest measured window that ended by the end of the week, and what it raised."""

    window: Mapping[str, Any]
    raised: Sequence[Mapping[str, Any]]
    n_items: int


@dataclass(frozen=True)
class Week:
    """Everything of one week of one use case. `since` is a Monday; `until` the Monday after."""

    use_case: UseCase
    since: datetime
    until: datetime
    written_at: datetime
    performance: Performance
    drift: WindowDrift | None
    alerts: Sequence[AlertRecord]  # that were open at any time of it
    service: ServiceWindow
    tasks: Mapping[str, tuple[int, int]]  # task: runs, of these failed, missed or interrupted
    simulated: bool  # rows of a simulated history are among those counted


@dataclass(frozen=True)
class Report:
    """A report that was written."""

    use_case: str
    week: str  # 2026-W47
    path: Path
    written_at: datetime
    n_bytes: int


def write_reports(desk: Desk, now: datetime) -> dict[str, Any]:
    """Write the report of the last whole week for every trained use case; one that is there stays as it is."""
    from core.services.watching.weekly_html import document

    until = datetime.combine(now.date() - timedelta(days=now.weekday()), time(), UTC)
    since = until - WEEK
    written, there = [], []
    for use_case in desk.use_cases().values():
        if desk.acting_version(use_case.key) is None:
            continue
        path = _path(desk, use_case.key, since.date())
        if path.exists():
            there.append(use_case.key)
            continue
        text = document(week_of(desk, use_case, since, until, now))
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_name(f".{path.name}.part")
        part.write_text(text, encoding="utf-8")
        part.replace(path)
        written.append(use_case.key)
    named = _name(since.date())
    if not written and not there:
        return {"skipped": "Nothing is trained yet."}
    said = f"Reports of {named}: {len(written)} written" + (f", {len(there)} were there." if there else ".")
    return {"said": said, "week": named, "written": written, "found": len(written)}


def week_of(desk: Desk, use_case: UseCase, since: datetime, until: datetime, now: datetime) -> Week:
    """What is on record of a week."""
    key = use_case.key
    last_day = (until - timedelta(days=1)).date()
    return Week(
        use_case=use_case,
        since=since,
        until=until,
        written_at=now,
        performance=performance(desk, DESK, key, last_day),
        drift=_drift(desk, key, until),
        alerts=[alert for alert in _alerts(desk, key) if _open_in(alert, since, until)],
        service=service_window(desk, since, until),
        tasks=_tasks(desk, since, until),
        simulated=key in desk.log.simulated_use_cases(),
    )


def reports(desk: Desk, actor: Actor, key: str) -> list[Report]:
    """Reports of a use case, newest week first."""
    require(actor, Action.SEE_MODELS)
    desk.use_case(key)
    found = sorted((_folder(desk, key)).glob("*.html"), reverse=True)
    return [
        Report(key, path.stem, path, datetime.fromtimestamp(path.stat().st_mtime, UTC), path.stat().st_size)
        for path in found
    ]


def report_text(desk: Desk, actor: Actor, key: str, week: str) -> bytes:
    """A report's file; UnknownName where there is none of that week."""
    require(actor, Action.DOWNLOAD)
    known = {report.week: report for report in reports(desk, actor, key)}
    if week not in known:
        raise UnknownName("weekly report", week, known)
    return known[week].path.read_bytes()


def _folder(desk: Desk, key: str) -> Path:
    return desk.settings.data_dir / "reports" / key / "weekly"


def _path(desk: Desk, key: str, monday: date) -> Path:
    return _folder(desk, key) / f"{_name(monday)}.html"


def _name(monday: date) -> str:
    """A week by its ISO number.

    >>> _name(date(2026, 11, 16))
    '2026-W47'
    """
    year, week, _ = monday.isocalendar()
    return f"{year}-W{week:02d}"


def _drift(desk: Desk, key: str, until: datetime) -> WindowDrift | None:
    from core.services.watching.drift_results import results

    windows = [window for window in desk.log.drift_windows(key) if window["window_to"] <= until]
    if not windows:
        return None
    newest = windows[-1]
    items = [
        row
        for row in results(desk, key, newest["window_from"], newest["window_to"])
        if row["window_to"] == newest["window_to"]
    ]
    raised = [row for row in items if Level(row["level"]).raised]
    raised.sort(key=lambda row: (row["level"] != Level.SIGNIFICANT, -(row["effect"] or 0.0)))
    return WindowDrift(newest, raised[:MOST_ITEMS], len(items))


def _alerts(desk: Desk, key: str) -> list[AlertRecord]:
    found = [*desk.ledger.alerts(subject=key), *desk.ledger.alerts(subject=DESK_SUBJECT)]
    return sorted(found, key=lambda alert: alert.opened_at)


def _open_in(alert: AlertRecord, since: datetime, until: datetime) -> bool:
    return alert.opened_at < until and (alert.closed_at is None or alert.closed_at >= since)


def _tasks(desk: Desk, since: datetime, until: datetime) -> dict[str, tuple[int, int]]:
    found: dict[str, tuple[int, int]] = {}
    for run in desk.ledger.task_runs(limit=10_000):
        if since <= run.started_at < until:
            n, troubled = found.get(run.task, (0, 0))
            bad = run.state in ("failed", "missed", "interrupted")
            found[run.task] = (n + (run.state != "missed"), troubled + bad)
    return dict(sorted(found.items()))
