"""Drift of whole windows, measured once each and kept: what rules, home and the heat map read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any

from core.domain.drift.judgement import Finding, Level, Limits, persistent
from core.domain.usecase import UseCase
from core.services.desk import Desk
from core.services.watching.drift_counting import CountedRows, count_windows, judged
from core.services.watching.drift_feeds import stuck, stuck_says
from core.services.watching.drift_reference import DriftReference, drift_reference, main_version
from core.services.watching.drift_windows import Window, before, days_with_rows, midnight, step_of, whole_windows
from core.store.log_drift import DayRows

REFERENCE, PREVIOUS = "reference", "previous"
LIMITS = Limits()
MOST_ROWS = 2_000_000  # of the windows that are counted in one pass


@dataclass(frozen=True)
class ItemState:
    """An item as the newest measured windows of one version leave it.

    Attributes
    ----------
    level : Level
        In the newest window, against the reference.
    levels : tuple of Level
        In the measured windows, oldest first.
    persistent : bool
        Raised in k of the last n judged windows.
    facts : mapping
        The newest result as it was kept: psi, psi_limit, n, why and the rest.
    """

    of: str
    name: str
    level: Level
    levels: tuple[Level, ...]
    persistent: bool
    facts: Mapping[str, Any]


@dataclass(frozen=True)
class DriftState:
    """What the newest window of a use case that could be judged came to, every item against the reference.

    Attributes
    ----------
    n_since : int or None
        Rows of the newest window, where that had too few to be judged.
    items : tuple of ItemState
        Scores first, the champion's before the others', then raw columns, then features.
    stuck : str
        The column that stood still, or "".
    """

    window: Window
    step: str
    version: str
    measured_at: datetime
    n: int
    n_since: int | None
    stuck: str
    stuck_says: str
    items: tuple[ItemState, ...]

    @property
    def score(self) -> ItemState:
        """The champion's score."""
        return self.items[0]

    @property
    def raised(self) -> tuple[ItemState, ...]:
        """Raw columns and features that moved in the newest window."""
        return tuple(item for item in self.items if item.level.raised and item.of != "score")


def measure(desk: Desk, key: str, now: datetime | None = None) -> tuple[Window, ...]:
    """Measure the last whole window and earlier ones that never were; a window that was stays as it is.

    A window in which nothing could be judged is measured again once it has more rows.

    Returns
    -------
    tuple of Window
        What was measured now; nothing where nothing is trained or everything was measured.
    """
    use_case, at = desk.use_case(key), now or datetime.now(UTC)
    if desk.acting_version(key) is None:
        return ()
    days = days_with_rows(desk, use_case, at)
    step = step_of([row.day for row in days])
    due = _due(desk, key, days, whole_windows([row.day for row in days], step, at))
    for run in _runs(desk, key, due, days, step):
        _measure(desk, use_case, run, days, step, at)
    return tuple(due)


def results(
    desk: Desk, key: str, since: datetime, until: datetime, against: str | None = REFERENCE
) -> list[dict[str, Any]]:
    """What was measured of windows that begin from a time on and before another, oldest first.

    Parameters
    ----------
    against : {"reference", "previous"} or None
        None: both.
    """
    return desk.log.drift_results(key, since, until, against)


def latest(desk: Desk, key: str, limits: Limits = LIMITS) -> DriftState | None:
    """The newest window that could be judged, with what persists in it; None where there is none."""
    every = desk.log.drift_windows(key)
    windows = [window for window in every if window["judged"]]
    if not windows:
        return None
    newest = windows[-1]
    same = [window for window in windows if window["version"] == newest["version"]]
    first = same[max(len(same) - 2 * limits.persistence[1], 0)]
    history: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for row in results(desk, key, first["window_from"], newest["window_to"]):
        if row["version"] == newest["version"]:
            history.setdefault((row["of"], row["name"]), []).append(row)
    items = [
        _item(rows, limits) for rows in history.values() if rows[-1]["window_from"] == newest["window_from"]
    ]  # fmt: skip
    return DriftState(
        window=Window(newest["window_from"], newest["window_to"]),
        step=newest["step"],
        version=newest["version"],
        measured_at=newest["measured_at"],
        n=newest["n"],
        n_since=None if every[-1]["judged"] else every[-1]["n"],
        stuck=newest["stuck"] or "",
        stuck_says=newest["stuck_says"] or "",
        items=tuple(sorted(items, key=lambda item: item.facts["place"])),
    )


def _item(rows: Sequence[dict[str, Any]], limits: Limits) -> ItemState:
    levels, newest = tuple(Level(row["level"]) for row in rows), rows[-1]
    return ItemState(
        newest["of"], newest["name"], levels[-1], levels, persistent(levels, *limits.persistence), newest
    )  # fmt: skip


def _due(desk: Desk, key: str, days: Sequence[DayRows], windows: Sequence[Window]) -> list[Window]:
    known = {Window(row["window_from"], row["window_to"]): row for row in desk.log.drift_windows(key)}

    def asked(window: Window) -> bool:
        if window not in known:
            return True
        return not known[window]["judged"] and sum(row.n for row in _inside(days, window)) > known[window]["n"]

    return [window for window in windows if asked(window)]


def _inside(days: Sequence[DayRows], window: Window) -> list[DayRows]:
    return [row for row in days if window.since <= midnight(row.day) < window.until]


@dataclass(frozen=True)
class _Run:
    """Windows one after another that are held against the same version."""

    version: str
    windows: list[Window]
    n: int


def _runs(desk: Desk, key: str, due: Sequence[Window], days: Sequence[DayRows], step: str) -> list[_Run]:
    """Windows that can be counted in one pass, oldest first."""
    runs: list[_Run] = []
    for window in due:
        rows = _inside(days, window)
        n, version = sum(row.n for row in rows), main_version(desk, key, rows)
        last = runs[-1] if runs else None
        if last and last.version == version and last.windows[-1].until == window.since and last.n + n <= MOST_ROWS:
            runs[-1] = _Run(version, [*last.windows, window], last.n + n)
        else:
            runs.append(_Run(version, [window], n))
    return runs


def _measure(
    desk: Desk, use_case: UseCase, run: _Run, days: Sequence[DayRows], step: str, at: datetime
) -> None:  # fmt: skip
    reference = drift_reference(desk, use_case, run.version)
    earliest = before(run.windows[0], step)
    borders = [earliest.since, *(window.since for window in run.windows), run.windows[-1].until]
    counted = count_windows(desk, use_case, borders, reference)
    kept_windows, kept_results = [], []
    for then, now in pairwise(counted):
        simulated = any(row.n_simulated for row in _inside(days, now.window))
        facts = {
            "use_case": use_case.key,
            "window_from": now.window.since,
            "window_to": now.window.until,
            "measured_at": at,
            "version": run.version,
            "simulated": simulated,
        }
        sides = (None, then) if now.rows.n_entities >= LIMITS.minimum_rows else ()
        found = [judged(reference, now, other, LIMITS) for other in sides]
        kept_windows.append(facts | {"step": step} | _window(desk, use_case, reference, (now, then), found))
        for against, items in zip((REFERENCE, PREVIOUS), found, strict=False):
            kept_results += [
                facts | {"against": against, "place": place} | _facts(item) for place, item in enumerate(items)
            ]
    desk.log.append_drift(kept_windows, kept_results)


def _window(
    desk: Desk,
    use_case: UseCase,
    reference: DriftReference,
    counted: tuple[CountedRows, CountedRows],
    found: Sequence[Sequence[Finding]],
) -> dict[str, Any]:
    """What is kept of a window itself, given its counts and those of the window before it."""
    now, then = counted
    told = any(item.level not in (Level.TOO_FEW, Level.SHOWN) for items in found[:1] for item in items)
    run = stuck(desk, use_case, reference.version, now.window, then.window) if told else None
    return {
        "n": now.rows.n,
        "n_entities": now.rows.n_entities,
        "n_effective": now.rows.n_effective,
        "n_version": now.n_version,
        "n_features": now.n_features,
        "judged": told,
        "stuck": run.column if run else None,
        "stuck_says": stuck_says(use_case, run) if run else None,
    }


def _facts(item: Finding) -> dict[str, Any]:
    return vars(item) | {"of": item.of.value, "level": item.level.value}
