"""What a watch rule says when it has looked: in order, a breach, or nothing that it could judge."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum


class Severity(StrEnum):
    """How much it matters; channels are chosen by it."""

    INFO = "info"
    WARNING = "warning"
    CRITICAL = "critical"

    @property
    def rank(self) -> int:
        """0 for the least severe.

        >>> max(Severity, key=lambda severity: severity.rank)
        <Severity.CRITICAL: 'critical'>
        """
        return list(Severity).index(self)


class State(StrEnum):
    """What a look came to."""

    OK = "ok"
    BREACH = "breach"
    NOT_APPLICABLE = "not applicable"  # too few rows, nothing mature, nothing of the kind at this desk


@dataclass(frozen=True)
class Reading:
    """One look of one rule at one subject.

    Attributes
    ----------
    sentence : str
        What was found, with its value, its limit, n and interval; or why nothing could be judged. No personal data.
    value, limit : float or None
        In the rule's unit.
    severity : Severity or None
        Of a breach; None leaves it to the rule.
    about : str
        Which part of the subject (a column, a group, an experiment); one alert per (rule, subject, about).
    evidence : str
        What was judged, where looks come more often than there is something new (the day a measured window ends):
        looks at the same evidence count once, towards an alert as towards its end. "" makes every look count.
    settled : bool
        The rule itself has asked for persistence, of windows it may never have looked at: one such breach is enough.
    """

    state: State
    sentence: str
    value: float | None = None
    limit: float | None = None
    n: int | None = None
    severity: Severity | None = None
    about: str = ""
    evidence: str = ""
    settled: bool = False


@dataclass(frozen=True)
class Terms:
    """When readings become an alert, and when it is over.

    Attributes
    ----------
    severity : Severity
        Of a breach that names none.
    minimum_n : int
        With fewer rows (of the rule's kind) the rule is not applicable.
    persistence : pair of int
        (k, n): k breaches among the last n judged looks open an alert, in the severity that k of them reach;
        (1, 1) opens at once.
    clear_after : int
        Looks in order, one after another, that end the breach: hysteresis in time.
    clear_share : float
        Hysteresis in value: once open, a value above this share of the limit does not count as in order.
    every : timedelta
        How often it looks.
    limit, critical : float or None
        In the rule's unit: beyond the first a look is a breach, beyond the second a critical one. None where the
        rule has no such limit, or takes it from somewhere else (its sentence says from where).
    below : bool
        Less is worse: a value under the limit is a breach, and hysteresis in value turns round.
    window : timedelta or None
        How far back it looks; None where that follows from what it looks at.
    on : bool
        False: it does not look at all.
    """

    severity: Severity = Severity.WARNING
    minimum_n: int = 170
    persistence: tuple[int, int] = (1, 1)
    clear_after: int = 2
    clear_share: float = 0.9
    every: timedelta = timedelta(hours=1)
    limit: float | None = None
    critical: float | None = None
    below: bool = False
    window: timedelta | None = None
    on: bool = True
