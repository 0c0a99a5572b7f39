"""When readings become an alert, when it rises and when it is over: persistence and hysteresis, nothing else."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from core.domain.alert import Reading, Severity, State, Terms

CALM, NEAR = ".", "~"  # marks of judged looks: in order; in order, though not clear of the limit
_MARKS = {Severity.INFO: "i", Severity.WARNING: "w", Severity.CRITICAL: "c"}
KEPT = 24  # marks, more than any terms ask for
MOST_LOOKS = KEPT  # that terms may count


class Step(StrEnum):
    """What a look does to the alert of its rule, subject and part."""

    NONE = "none"
    OPEN = "open"
    REPEAT = "repeat"
    RISE = "rise"
    CLEAR = "clear"


@dataclass(frozen=True)
class Standing:
    """What is known of one (rule, subject, about) before a look.

    Attributes
    ----------
    marks : str
        Of the judged looks, oldest first.
    evidence : str
        Of the last judged look.
    open : Severity or None
        Of the open alert.
    hushed : Severity or None
        A person closed an alert of this severity while the breach went on: it opens again only once it has been
        over, or when it gets worse than that.
    """

    marks: str = ""
    evidence: str = ""
    open: Severity | None = None
    hushed: Severity | None = None


@dataclass(frozen=True)
class Decision:
    """What a look came to: the step, the severity it opens with or rises to, and what is known from now on."""

    step: Step
    severity: Severity | None
    after: Standing


def decide(terms: Terms, before: Standing, reading: Reading) -> Decision:
    """Take one look into account.

    What could not be judged changes nothing: it is neither a breach nor an end of one.

    Examples
    --------
    >>> breach, calm = Reading(State.BREACH, "", 2.0, 1.0), Reading(State.OK, "", 0.5, 1.0)
    >>> terms, standing, steps = Terms(persistence=(2, 3), clear_after=2), Standing(), []
    >>> for reading in (breach, calm, breach, breach, calm, calm):
    ...     found = decide(terms, standing, reading)
    ...     standing = found.after
    ...     steps.append(str(found.step))
    >>> steps
    ['none', 'none', 'open', 'repeat', 'none', 'clear']
    """
    if reading.state is State.NOT_APPLICABLE:
        return Decision(Step.NONE, None, before)
    again = bool(reading.evidence) and reading.evidence == before.evidence and bool(before.marks)
    marks = ((before.marks[:-1] if again else before.marks) + _mark(terms, before, reading))[-KEPT:]
    known = Standing(marks, reading.evidence or before.evidence, before.open, before.hushed)
    if reading.state is State.BREACH:
        return _breached(known, _persistent((1, 1) if reading.settled else terms.persistence, marks), again)
    over = marks.endswith(CALM * terms.clear_after)
    if over and before.open is not None:
        return Decision(Step.CLEAR, before.open, Standing(marks, known.evidence))
    return Decision(Step.NONE, None, Standing(marks, known.evidence, known.open, None if over else known.hushed))


def _breached(known: Standing, severity: Severity | None, again: bool) -> Decision:
    if known.open is not None:
        if severity is not None and severity.rank > known.open.rank:
            return Decision(Step.RISE, severity, Standing(known.marks, known.evidence, severity))
        return Decision(Step.NONE if again else Step.REPEAT, known.open, known)
    if severity is None or (known.hushed is not None and severity.rank <= known.hushed.rank):
        return Decision(Step.NONE, severity, known)
    return Decision(Step.OPEN, severity, Standing(known.marks, known.evidence, severity))


def _persistent(persistence: tuple[int, int], marks: str) -> Severity | None:
    """The highest severity that k of the last n judged looks reached."""
    needed, of = persistence
    last = marks[-of:]
    for severity in sorted(Severity, key=lambda item: -item.rank):
        reached = [mark for mark, own in zip(_MARKS.values(), _MARKS, strict=True) if own.rank >= severity.rank]
        if sum(mark in reached for mark in last) >= needed:
            return severity
    return None


def _mark(terms: Terms, before: Standing, reading: Reading) -> str:
    if reading.state is State.BREACH:
        return _MARKS[reading.severity or terms.severity]
    return CALM if before.open is None or clear_of_limit(terms, reading) else NEAR


def clear_of_limit(terms: Terms, reading: Reading) -> bool:
    """Whether a value is far enough from its limit to count towards the end of an alert.

    >>> clear_of_limit(Terms(clear_share=0.9), Reading(State.OK, "", 0.95, 1.0))
    False
    >>> clear_of_limit(Terms(clear_share=0.9, below=True), Reading(State.OK, "", 1.2, 1.0))
    True
    """
    if reading.value is None or reading.limit is None:
        return True
    if terms.below:
        return reading.value * terms.clear_share >= reading.limit
    return reading.value <= reading.limit * terms.clear_share
