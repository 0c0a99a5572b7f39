"""What an experiment is: fixed when it starts, and kept as plain values in the ledger."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from core.domain.compare.plan import ArmName

CANARY_SHARES = (0.1, 0.5, 1.0)
CANARY_BAKE_HOURS = (24, 48, 48)  # the last one is the watch


class Kind(StrEnum):
    """What an experiment is for."""

    TEST = "test"  # which arm does better: one stage, a read-out
    CANARY = "canary"  # does the challenger break anything: stages, guardrails


class Metric(StrEnum):
    """What is compared between the arms."""

    OUTCOME = "outcome"
    GAIN = "gain"


@dataclass(frozen=True)
class Spec:
    """An experiment's terms.

    Attributes
    ----------
    name : str
        In words, for people.
    kind : Kind
    champion, challenger : ArmName
    metric : Metric
    smallest : float
        Relative change of the champion's mean that is worth seeing, positive.
    effect : float
        The same in the unit of the metric: the spread the sequential test expects.
    planned_n : int
        Mature rows of both arms for 80 % power at every look; where the always-valid interval is narrowest.
    stages : tuple of pair of float
        Shares of champion and challenger, stage by stage.
    bake_hours : tuple of int
        How long each stage is watched before it may be left; 0 where a stage has none.
    began : tuple of datetime
        When each stage so far began, UTC.
    salt : str
        Of the assignment.
    automatic : bool
        Whether a stage that is baked and holds is left without a person.
    """

    name: str
    kind: Kind
    champion: ArmName
    challenger: ArmName
    metric: Metric
    smallest: float
    effect: float
    planned_n: int
    stages: tuple[tuple[float, float], ...]
    bake_hours: tuple[int, ...]
    began: tuple[datetime, ...]
    salt: str
    automatic: bool = False

    @property
    def arms(self) -> tuple[str, str]:
        """The arms' names: champion, challenger."""
        return str(self.champion), str(self.challenger)

    def baked_at(self, stage: int) -> datetime:
        """When a stage that has begun may be left."""
        return self.began[stage] + timedelta(hours=self.bake_hours[stage])

    def as_json(self) -> dict[str, Any]:
        """Plain values, for the ledger; `arms` and `stages` are what the verdict's check of the split reads."""
        facts = asdict(self)
        facts["began"] = [moment.isoformat() for moment in self.began]
        facts["stages"] = [list(shares) for shares in self.stages]
        return facts | {"arms": list(self.arms), "kind": str(self.kind), "metric": str(self.metric)}

    @classmethod
    def from_json(cls, facts: Mapping[str, Any]) -> Spec:
        """Read what `as_json` wrote."""
        values = {name: value for name, value in facts.items() if name != "arms"}
        for name in ("champion", "challenger"):
            values[name] = ArmName(**values[name])
        values["kind"], values["metric"] = Kind(values["kind"]), Metric(values["metric"])
        values["stages"] = tuple((float(mine), float(theirs)) for mine, theirs in values["stages"])
        values["bake_hours"] = tuple(values["bake_hours"])
        values["began"] = tuple(datetime.fromisoformat(moment) for moment in values["began"])
        return cls(**values)
