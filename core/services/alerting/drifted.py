"""What the measured windows of a use case came to as they stood at a time: read back, never measured."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from core.domain.alert import Severity, Terms
from core.domain.drift.judgement import Level
from core.domain.usecase import UseCase
from core.services.desk import Desk
from core.services.watching import drift_results

SCORE = "score"


@dataclass(frozen=True)
class Item:
    """A score, raw column or feature in the last judged windows of one version, the newest last."""

    of: str
    name: str
    rows: Sequence[Mapping[str, Any]]

    @property
    def newest(self) -> Mapping[str, Any]:
        """What it came to in the newest window."""
        return self.rows[-1]

    @property
    def raised(self) -> bool:
        """Whether it moved in the newest window."""
        return Level(self.newest["level"]).raised

    @property
    def hits(self) -> int:
        """In how many windows it moved."""
        return sum(Level(row["level"]).raised for row in self.rows)

    def severity(self, terms: Terms) -> Severity:
        """Information until it persists; critical where a significant change does."""
        needed = terms.persistence[0]
        significant = sum(Level(row["level"]) is Level.SIGNIFICANT for row in self.rows)
        if significant >= needed:
            return Severity.CRITICAL
        return terms.severity if self.hits >= needed else Severity.INFO

    def says(self, title: str) -> str:
        """PSI against its limit, the level, and how often."""
        row = self.newest
        return (
            f"{title} (PSI {row['psi']:.2f}, limit {row['psi_limit']:.2f}, {row['level']}, in {self.hits} of the last "
            f"{len(self.rows)})"
        )


@dataclass(frozen=True)
class Drifted:
    """The newest judged window that had ended at a time, with its items."""

    window: Mapping[str, Any]
    items: Sequence[Item]

    @property
    def score(self) -> Item:
        """The champion's score."""
        return next(item for item in self.items if item.of == SCORE)

    @property
    def when(self) -> str:
        """Which window, for a sentence."""
        last = self.window["window_to"] - timedelta(microseconds=1)
        first = self.window["window_from"]
        return f"the {self.window['step']} of {first.day} {first:%B} to {last.day} {last:%B %Y}"

    @property
    def evidence(self) -> str:
        """What a look at it judges."""
        return str(self.window["window_to"].isoformat())


def drifted(desk: Desk, use_case: UseCase, now: datetime, n_windows: int) -> Drifted | None:
    """The last windows that had ended by `now` and could be judged; None where there is none."""
    ended = [window for window in desk.log.drift_windows(use_case.key) if window["window_to"] <= now]
    judged = [window for window in ended if window["judged"]]
    if not judged:
        return None
    newest = judged[-1]
    same = [window for window in judged if window["version"] == newest["version"]][-n_windows:]
    starts = {window["window_from"] for window in same}
    found: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for row in drift_results.results(desk, use_case.key, same[0]["window_from"], newest["window_to"]):
        if row["version"] == newest["version"] and row["window_from"] in starts:
            found.setdefault((row["of"], row["name"]), []).append(row)
    items = [Item(*key, rows) for key, rows in found.items() if rows[-1]["window_from"] == newest["window_from"]]
    return Drifted(newest, sorted(items, key=lambda item: item.newest["place"]))
