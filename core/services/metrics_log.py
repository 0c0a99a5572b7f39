"""What the metrics say of the prediction log: rows, and the newest window of drift that was measured."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING

from core.domain.exposition import Family, gauge
from core.domain.usecase import UseCase
from core.services.desk import Desk
from core.services.kept import kept
from core.services.metrics_kept import read_seldom

if TYPE_CHECKING:
    from core.store.log import PredictionLog

LEVELS = {  # as drift_results keeps them -> as they are told
    "no change": "quiet",
    "moderate change": "moderate",
    "significant change": "significant",
    "not enough rows": "too few rows",
}


@dataclass(frozen=True)
class Rows:
    """How much a use case has logged."""

    n: int
    last_scored_at: datetime | None  # naive UTC


@dataclass(frozen=True)
class Drift:
    """The newest window that could be judged, against the reference.

    Attributes
    ----------
    psi : float or None
        Of the champion's score; None where it could not be judged.
    items : mapping
        Level -> raw columns and features of that level.
    """

    version: str
    until: datetime
    measured_at: datetime
    psi: float | None
    items: Mapping[str, int]


def families(desk: Desk, _at: datetime) -> Iterator[Family]:
    """Rows and drift by use case; only that it is not open where this process has not opened the log."""
    log: PredictionLog | None = vars(desk).get("_log")  # `desk.log` would open it, and wait
    said = "1 where this process has the prediction log open."
    yield gauge("ringside_log_open", said, [], {(): float(log is not None)})
    if log is None:
        return
    use_cases = desk.use_cases()
    yield from _rows(read_seldom(desk, "log rows", lambda: _counted(log, use_cases)))
    yield from _drift(_measured(desk, log, use_cases))


def _counted(log: PredictionLog, use_cases: Mapping[str, UseCase]) -> dict[str, Rows]:
    found = {key: log.counts(use_case) for key, use_case in use_cases.items()}
    return {key: Rows(counts.total, counts.last_scored_at) for key, counts in found.items()}


def _rows(rows: Mapping[str, Rows]) -> Iterator[Family]:
    said = "Rows in the log, voided uploads left out; counted at most once a minute."
    yield gauge("ringside_log_rows", said, ["use_case"], {(key,): float(found.n) for key, found in rows.items()})
    last = {
        (key,): found.last_scored_at.replace(tzinfo=UTC).timestamp()
        for key, found in rows.items()
        if found.last_scored_at is not None
    }
    said = "When the last row was scored, in seconds since 1970."
    yield gauge("ringside_log_last_scored_timestamp_seconds", said, ["use_case"], last)


def _measured(desk: Desk, log: PredictionLog, use_cases: Mapping[str, UseCase]) -> dict[str, Drift]:
    """Use case -> its newest judged window, read again where another one was measured."""
    found: dict[str, Drift] = {}
    for key, mark in log.drift_measurements().items():
        if key in use_cases:
            newest = kept(desk, use_cases[key], ("metrics of drift", *mark), partial(_newest, log, key))
            if newest is not None:
                found[key] = newest
    return found


def _newest(log: PredictionLog, key: str) -> Drift | None:
    windows = [window for window in log.drift_windows(key) if window["judged"]]
    if not windows:
        return None
    newest = windows[-1]
    results = log.drift_results(key, newest["window_from"], newest["window_to"], "reference")
    mine = sorted((row for row in results if row["version"] == newest["version"]), key=lambda row: int(row["place"]))
    scores = [row for row in mine if row["of"] == "score"]
    levels = Counter(LEVELS[row["level"]] for row in mine if row["of"] != "score" and row["level"] in LEVELS)
    return Drift(
        version=newest["version"],
        until=newest["window_to"],
        measured_at=newest["measured_at"],
        psi=scores[0]["psi"] if scores else None,  # the champion's comes first
        items={level: levels[level] for level in LEVELS.values()},
    )


def _drift(measured: Mapping[str, Drift]) -> Iterator[Family]:
    said = "Population stability index of the champion's score in the newest judged window, against held-out rows."
    psi = {(key, drift.version): drift.psi for key, drift in measured.items() if drift.psi is not None}
    yield gauge("ringside_drift_score_psi", said, ["use_case", "version"], psi)
    said = "Raw columns and features of the newest judged window by what became of them, against held-out rows."
    items = {(key, level): float(n) for key, drift in measured.items() for level, n in drift.items.items()}
    yield gauge("ringside_drift_items", said, ["use_case", "level"], items)
    said = "When the newest judged window ended, in seconds since 1970."
    ends = {(key,): drift.until.timestamp() for key, drift in measured.items()}
    yield gauge("ringside_drift_window_end_timestamp_seconds", said, ["use_case"], ends)
