"""What is asked of a retraining, and how little data is too little for one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from core.domain.usecase import UseCase
from core.errors import InputError

TRIALS, MOST_TRIALS = 60, 500
MINUTES = 20.0


class Rows(StrEnum):
    """Where labelled rows come from; one kind never mixes with another."""

    LOGGED = "logged"  # scored here, with an outcome that somebody brought
    SIMULATED = "simulated"  # of the simulated history
    FILE = "file"  # a labelled file


@dataclass(frozen=True)
class Limits:
    """How much there must be: the policy's, unless a person lowers it and says why."""

    rows: int = 10_000
    days: int = 60  # between the first and the last row
    months: int = 6  # looked back from the day outcomes are mature


POLICY = Limits()


@dataclass(frozen=True)
class Order:
    """A retraining as it was asked for.

    Attributes
    ----------
    rows : Rows
    path : str
        The labelled file; "" for rows of the log, which are read when the work begins.
    filename : str
        What the person calls the file.
    trials, minutes : how long to search, see `core.ml.tune.Budget`
    limits : Limits
    reason : str
        Why now; where limits are lowered, why that is all right.
    because : tuple of str
        What was due when it was asked for.
    """

    rows: Rows = Rows.LOGGED
    path: str = ""
    filename: str = ""
    trials: int = TRIALS
    minutes: float = MINUTES
    limits: Limits = field(default_factory=Limits)
    reason: str = ""
    because: tuple[str, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """Plain values, for a job and for the ledger."""
        return asdict(self) | {"rows": self.rows.value, "because": list(self.because)}

    @classmethod
    def from_json(cls, facts: Mapping[str, Any]) -> Order:
        """What `as_json` gave."""
        said = dict(facts) | {"rows": Rows(facts["rows"]), "because": tuple(facts["because"])}
        return cls(**said | {"limits": Limits(**facts["limits"])})


def check_order(order: Order) -> None:
    """Refuse what cannot be meant.

    Raises
    ------
    InputError
        No trial or no time, limits above the policy's reach, or limits that are lowered without a reason.
    """
    if not 1 <= order.trials <= MOST_TRIALS:
        raise InputError(f"{order.trials} trials cannot be run.", f"Give 1 to {MOST_TRIALS}.")
    if not 0 < order.minutes <= 24 * 60:
        raise InputError(f"{order.minutes:g} minutes is no time to search.", "Give more than 0, at most a day.")
    if min(order.limits.rows, order.limits.days, order.limits.months) < 1:
        raise InputError("A retraining takes at least one row, one day and one month.", "Give larger limits.")
    lowered = order.limits.rows < POLICY.rows or order.limits.days < POLICY.days
    if lowered and len(order.reason.strip()) < 3:
        raise InputError(
            f"The policy asks for {POLICY.rows:,} rows over {POLICY.days} days.",
            "To go below it, say why that is all right: the reason is kept with the version.",
        )


def window(use_case: UseCase, limits: Limits, now: datetime) -> tuple[datetime, datetime]:
    """The rows' own time that is looked at: the last months before the day from which outcomes are mature."""
    until = now - timedelta(days=use_case.target.horizon_days)
    return until - timedelta(days=round(limits.months * 30.4375)), until


def too_little(use_case: UseCase, n_rows: int, days: int, limits: Limits) -> str:
    """What is missing, in words with the counts; "" where there is enough."""
    lacks = []
    if n_rows < limits.rows:
        lacks.append(f"{n_rows:,} {use_case.noun}s have a mature outcome, {limits.rows:,} are asked for")
    if days < limits.days:
        lacks.append(f"they span {days} days, {limits.days} are asked for")
    return "; ".join(lacks)
