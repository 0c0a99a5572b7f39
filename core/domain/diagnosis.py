"""From checks to a root cause, by a stated table: the first cause in it with a breached check is proposed.

===========================  =====================================================================================
model                        the recomputed score differs from the logged one, or a version or policy changed in the
                             case's window or within 7 days before it
integration                  rejected, imputed or missing shares, or late outcomes, beyond their limits; or a feed
                             that is stuck on one value
data                         the scores drifted: the mean moved by more than the impact limit, and beyond its noise
concept                      inputs did not drift, and the realised figure lies outside the interval around the
                             estimated one
working as expected          none of these
===========================  =====================================================================================

Every check is told, also those after the first match, and those that had too few rows to say anything.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date
from enum import StrEnum
from typing import Any


class Cause(StrEnum):
    """Where the fault lies, in the order in which it is looked for."""

    MODEL = "model"
    INTEGRATION = "integration"
    DATA = "data"
    CONCEPT = "concept"
    EXPECTED = "working as expected"


MEANING = {
    Cause.MODEL: "The score itself changed: another version or policy acts, or a score cannot be reproduced.",
    Cause.INTEGRATION: "What reached the desk was damaged or late on its way.",
    Cause.DATA: "The rows are others than the model was made on, and the scores moved with them.",
    Cause.CONCEPT: "The rows are as before, but they turn out otherwise than the model expects.",
    Cause.EXPECTED: "Nothing is out of order: a score is a chance, and some rows come out the other way.",
}


class State(StrEnum):
    """What a check says."""

    OK = "ok"
    BREACH = "breach"
    FEW = "not enough rows"


@dataclass(frozen=True)
class CaseLimits:
    """What counts as out of order when a complaint is looked into. Shares are fractions."""

    change_days: int = 7  # a version or policy change explains what follows it within so many days
    row_days: int = 3  # a complaint about one row is about the days on either side of it, too
    before_days: int = 90  # "before" a case is so many days before its window
    minimum_rows: int = 100  # below this a window is not judged
    rejected_share: float = 0.05  # of the rows that came in
    imputed_excess: float = 0.05  # share of rows with a value filled in, above the share before
    missing_excess: float = 0.05  # share of one column's values missing, above the reference's
    late_share: float = 0.10  # of the rows whose outcome is due: older than the horizon and the grace, and unknown
    late_grace_days: int = 7  # outcome files come once a week
    stuck_odds: float = 1e-6  # expected number of runs as long as the longest, by chance, over all columns
    stuck_rows: int = 15  # a shorter run is no feed, whatever its odds
    impact_points: float = 0.01  # of probability: one point
    impact_sd: float = 0.1  # of the reference scores' standard deviation, where that is less than one point
    level: float = 0.99  # of the intervals that data and concept are judged by: 1 false alarm in 100 each
    psi_band: float = 0.1  # policy's band for a column; the limit is never below sampling noise
    recompute_rows: int = 500
    recompute_tolerance: float = 1e-9  # relative


@dataclass(frozen=True)
class Check:
    """One thing that was looked at.

    `value`, `low`, `high` and `limit` are in `unit`; `low` and `high` bound `value` at the level that `says` names.
    """

    name: str
    cause: Cause
    state: State
    says: str  # one plain sentence with its figures
    n: int
    value: float | None = None
    low: float | None = None
    high: float | None = None
    limit: float | None = None
    unit: str = ""
    on: date | None = None  # last day of the rows it is about

    def as_json(self) -> dict[str, Any]:
        """Plain values; undefined figures are None."""
        facts = asdict(self) | {"cause": self.cause.value, "state": self.state.value}
        facts["on"] = self.on.isoformat() if self.on else None
        return {key: None if isinstance(value, float) and math.isnan(value) else value for key, value in facts.items()}


@dataclass(frozen=True)
class Diagnosis:
    """The proposed cause, why, and every check behind it."""

    cause: Cause
    says: str
    checks: tuple[Check, ...]

    @property
    def deciding(self) -> tuple[Check, ...]:
        """The breached checks of the proposed cause."""
        return tuple(check for check in self.checks if check.cause is self.cause and check.state is State.BREACH)

    @property
    def untold(self) -> tuple[Check, ...]:
        """Checks that could not be made for want of rows."""
        return tuple(check for check in self.checks if check.state is State.FEW)

    def as_json(self) -> dict[str, Any]:
        """Plain values."""
        return {"cause": self.cause.value, "says": self.says, "checks": [check.as_json() for check in self.checks]}


def diagnose(checks: Sequence[Check]) -> Diagnosis:
    """The first cause, in the table's order, one of whose checks is breached.

    Examples
    --------
    >>> late = Check("late outcomes", Cause.INTEGRATION, State.BREACH, "40 % of 200 outcomes are late.", 200)
    >>> diagnose([late]).cause, diagnose([]).cause
    (<Cause.INTEGRATION: 'integration'>, <Cause.EXPECTED: 'working as expected'>)
    """
    order = list(Cause)
    told = tuple(sorted(checks, key=lambda check: order.index(check.cause)))
    breached = [check for check in told if check.state is State.BREACH]
    if breached:
        cause = breached[0].cause
        return Diagnosis(cause, " ".join([MEANING[cause], *(c.says for c in breached if c.cause is cause)]), told)
    few = sum(check.state is State.FEW for check in told)
    unsaid = f" {few} of {len(told)} checks had too few rows to say anything." if few else ""
    return Diagnosis(Cause.EXPECTED, MEANING[Cause.EXPECTED] + unsaid, told)
