"""A comparison plan: what will be judged, on which rows and by which limits, fixed before the first outcome is read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import date
from typing import Any


@dataclass(frozen=True)
class ArmName:
    """A model of a version."""

    version: str
    model: str

    def __str__(self) -> str:
        return f"{self.model} of {self.version}"


@dataclass(frozen=True)
class Margins:
    """By how much a challenger may be worse in what it is not chosen for; all in the unit of the figure."""

    intercept: float = 0.10  # calibration line against the champion's, log-odds
    slope: float = 0.10
    gap: float = 0.02  # parity and odds gaps
    latency: float = 0.20  # p95, relative
    error_rate: float = 0.002
    coverage: float = 0.01  # share flagged


@dataclass(frozen=True)
class Plan:
    """What was agreed.

    Attributes
    ----------
    champion, challenger : ArmName
    metric : str
        The primary one.
    minimum_gain : float
        In units of the metric, positive.
    alpha : float
        Of the interval of the gain, two-sided.
    n_comparisons : int
        Challengers and metrics that are judged beside this one: Holm's p-values count them all.
    planned_n : int
        Mature rows of each window.
    window_1, window_2 : pair of date
        First day included, last day excluded; window 2 begins where window 1 ends or later.
    margins : Margins
    segment : mapping of str to str
        Column -> level; {} for all rows.
    preset : str
        What was chosen on the page, in words.
    """

    champion: ArmName
    challenger: ArmName
    metric: str
    minimum_gain: float
    planned_n: int
    window_1: tuple[date, date]
    window_2: tuple[date, date]
    alpha: float = 0.05
    n_comparisons: int = 1
    margins: Margins = Margins()
    segment: Mapping[str, str] = field(default_factory=dict)
    preset: str = ""

    def as_json(self) -> dict[str, Any]:
        """Plain values, for the ledger."""
        facts = asdict(self)
        for name in ("window_1", "window_2"):
            facts[name] = [day.isoformat() for day in getattr(self, name)]
        return facts

    @classmethod
    def from_json(cls, facts: Mapping[str, Any]) -> Plan:
        """Read what `as_json` wrote."""
        values = dict(facts)
        for name in ("champion", "challenger"):
            values[name] = ArmName(**values[name])
        for name in ("window_1", "window_2"):
            first, last = (date.fromisoformat(day) for day in values[name])
            values[name] = (first, last)
        values["margins"] = Margins(**values["margins"])
        return cls(**values)
