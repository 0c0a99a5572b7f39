"""A case file: what the log and the ledger tell of a complaint's time, and the cause that follows from it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import numpy as np
import pyarrow as pa

from core.domain.diagnosis import CaseLimits, Check, diagnose
from core.domain.metrics.proportion import proportion
from core.domain.usecase import UseCase
from core.services.access import Action, Actor, may, require
from core.services.complaints import case_checks, case_figures
from core.services.complaints.case_rows import CaseRows, gather
from core.services.complaints.case_sections import CaseFile, Change, Health, Recomputation
from core.services.complaints.case_similar import similar
from core.services.complaints.cases import Case, case, looked_into
from core.services.desk import Desk
from core.services.governing.timeline import MOVES
from core.services.history.job import SUBJECT
from core.services.records import score_columns
from core.store.log_schema import score_names
from core.store.log_simulated import SIMULATED

LIMITS = CaseLimits()
_FIRST = "first version"
_FAILED = ("failed", "interrupted")
_EVENTS = 100_000


def case_file(desk: Desk, actor: Actor, case_id: str) -> CaseFile:
    """Everything the desk can find out about a case now; it stops the case's first clock if the actor works on cases.

    Sales get no comparison of models: `shadow` is None, and only the acting model's scores are recomputed for them.
    """
    require(actor, Action.SEE_CASES)
    found = case(desk, actor, case_id)
    if may(actor, Action.WORK_CASE) and found.looked_at is None:
        looked_into(desk, actor, case_id)
        found = case(desk, actor, case_id)
    return look_into(desk, actor, found)


def look_into(desk: Desk, actor: Actor, found: Case, limits: CaseLimits = LIMITS) -> CaseFile:
    """The same for a case that need not be written down: a period somebody wonders about."""
    require(actor, Action.SEE_CASES)
    now = datetime.now(UTC)
    rows = gather(desk, found, limits, now)
    health, changed = _health(rows), _changes(rows)
    drift, estimated = case_figures.drift(rows), case_figures.estimated(rows)
    models = may(actor, Action.SEE_MODELS)
    recomputed = _recomputed(rows, models)

    def checks() -> Iterator[Check]:
        yield from case_checks.model_checks(rows, recomputed, changed)
        yield from case_checks.integration_checks(rows, health)
        yield case_checks.data_check(rows, drift)
        yield case_checks.concept_check(rows, estimated)

    return CaseFile(
        case=found,
        made_at=now,
        window=rows.window,
        health=health,
        changes=changed,
        conversion=case_figures.conversion(rows),
        drift=drift,
        shadow=case_figures.shadow(rows) if models else None,
        calibration=case_figures.calibration(rows),
        similar=similar(rows),
        recomputed=recomputed,
        estimated=estimated,
        diagnosis=diagnose(list(checks())),
    )


def _health(rows: CaseRows) -> Health:
    desk, use_case, window = rows.desk, rows.use_case, rows.window
    own = set(rows.table["batch"].unique().to_pylist())
    start, end = (at.replace(tzinfo=None) for at in (window.start, window.end))
    batches = [
        batch
        for batch in desk.log.latest_batches(use_case, _EVENTS)
        if not batch["voided"] and (batch["batch"] in own or start <= batch["created_at"] <= end)
    ]
    n_read = sum(batch["n_rows"] or 0 for batch in batches)
    rejected = sum(batch["n_rejected"] or 0 for batch in batches)
    latency = rows.table["latency_ms"].drop_null().to_numpy()
    p50, p95 = np.quantile(latency, (0.5, 0.95)).tolist() if len(latency) else (None, None)
    jobs = [
        job for job in desk.ledger.jobs(use_case=use_case.key, limit=_EVENTS)
        if window.start <= job.created_at <= window.end
    ]  # fmt: skip
    failed = tuple((job.kind, job.created_at, job.message or "") for job in jobs if job.state in _FAILED)
    simulated = any(batch["source"] == SIMULATED for batch in batches)
    share = proportion("rejected", rejected, n_read)
    return Health(window.n, p50, p95, simulated, n_read, share, len(batches), failed, len(jobs))


def _changes(rows: CaseRows) -> tuple[Change, ...]:
    """Changes of version or policy in the window or shortly before; a first version changes nothing.

    Events of a simulated history that was taken out since stay in the chain, but tell of rows that are no more.
    """
    since = rows.window.start - timedelta(days=rows.limits.change_days)
    ledger, key = rows.desk.ledger, rows.use_case.key
    filled = ledger.events(SUBJECT, limit=_EVENTS)
    last = max((event.seq for event in filled if event.result == "intended"), default=0)
    found = [
        event
        for event in ledger.events(limit=_EVENTS)
        if since <= event.at <= rows.window.end
        and event.subject.split(" ")[0] == key
        and (event.action in MOVES or "policy" in event.action)
        and event.reason != _FIRST
        and (event.via != SIMULATED or event.seq > last)
    ]
    return tuple(
        Change(e.at, e.actor, e.action, e.subject, e.before, e.after, e.reason, e.via == SIMULATED)
        for e in sorted(found, key=lambda event: event.at)
    )


def _recomputed(rows: CaseRows, models: bool) -> Recomputation:
    """Score a sample of the window's rows again, evenly spaced in time, each by the version that scored it."""
    n_rows, limits = len(rows.table), rows.limits
    sample = np.unique(np.linspace(0, n_rows - 1, min(n_rows, limits.recompute_rows)).astype(np.int64))
    versions = np.array(rows.table["version"].to_pylist(), dtype=object)
    n, differing, largest = 0, 0, 0.0
    for version, held in rows.held.items():
        mine = sample[versions[sample] == version] if n_rows else sample[:0]
        if not len(mine):
            continue
        columns = {name: values[mine] for name, values in rows.columns.items()}
        again = held.scorer.score(columns, len(mine))
        wanted = score_columns(rows.use_case, again)
        if not models:
            champion = held.scorer.card.champion
            wanted = {name: values for name, values in wanted.items() if name.split(":")[0] == champion}
        gaps = _gaps(rows.use_case, rows.table.take(pa.array(mine)), wanted)
        n += len(mine)
        differing += int((gaps > limits.recompute_tolerance).sum())
        largest = max(largest, float(gaps.max()))
    return Recomputation(n, differing, largest, tuple(rows.held), rows.lost)


def _gaps(use_case: UseCase, logged: pa.Table, again: dict[str, np.ndarray]) -> np.ndarray:
    """Per row the largest relative difference over models and classes; a score on one side only is infinite."""
    stored = score_names(use_case)
    worst = np.zeros(len(logged))
    for name, now in again.items():
        before = logged[stored[name]].cast(pa.float64()).fill_null(float("nan")).to_numpy()
        gap = np.abs(now - before) / np.maximum(np.abs(before), 1e-12)
        worst = np.maximum(worst, np.where(np.isnan(gap), np.where(np.isnan(now) & np.isnan(before), 0, np.inf), gap))
    return worst
