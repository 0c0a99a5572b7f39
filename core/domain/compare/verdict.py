"""Promote, keep testing, stop, or invalid: one function for the page, the command line and every other face.

It reads evidence and a plan and nothing else; how the evidence was measured is not its business.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from core.domain.compare.difference import Difference
from core.domain.compare.plan import Plan
from core.domain.compare.planning import day_of, weeks_until


class Decision(StrEnum):
    """What follows from the evidence."""

    PROMOTE = "promote"
    KEEP_TESTING = "keep testing"
    STOP = "stop"
    INVALID = "invalid"


class State(StrEnum):
    """How one check stands."""

    MET = "met"
    OPEN = "open"  # the evidence cannot tell yet
    BROKEN = "broken"
    NOT_ASKED = "not asked"  # does not apply to this use case


@dataclass(frozen=True)
class Check:
    """One condition, how it stands, and the sentence that says so with its figures."""

    name: str
    state: State
    sentence: str


@dataclass(frozen=True)
class Guardrail:
    """Something the challenger must not be worse in than the margin allows.

    `loss` is how much worse it is (positive is worse) with its interval; NaN bounds count as "cannot tell".
    """

    name: str
    loss: float
    low: float
    high: float
    margin: float
    said: str  # the figures in words

    @property
    def state(self) -> State:
        """Met when the whole interval is inside the margin, broken when all of it is outside."""
        if self.high <= self.margin:
            return State.MET
        return State.BROKEN if self.low > self.margin else State.OPEN


@dataclass(frozen=True)
class Evidence:
    """What was measured for a plan, on a day.

    Attributes
    ----------
    validity : tuple of Check
        Same rows for all arms, mature labels, sample ratio, schema: one broken check makes everything invalid.
    first, second, pooled : Difference or None
        The gain in window 1, in window 2, and in both together; None where there are no rows yet.
    p_holm : float
        Of window 1, after Holm over every comparison of the plan.
    guardrails : tuple of Guardrail
    rules : Difference or None
        Gain over the incumbent rules at matched coverage; None where there are none.
    polarity : Check
    rows_per_week : float
        Mature rows that come in a week.
    requester, approver : str
        The second is "" before anybody approves.
    today : date
    horizon_days : int
        After which an outcome counts: no row of a window is judged sooner than that after its first day.
    """

    validity: tuple[Check, ...]
    first: Difference | None
    second: Difference | None
    pooled: Difference | None
    p_holm: float
    guardrails: tuple[Guardrail, ...]
    rules: Difference | None
    polarity: Check
    rows_per_week: float
    today: date
    requester: str = ""
    approver: str = ""
    horizon_days: int = 0


@dataclass(frozen=True)
class Verdict:
    """A decision with the checks that led to it, in order."""

    decision: Decision
    reason: str
    checks: tuple[Check, ...]
    ready_on: date | None = None  # when the planned rows will be there; None: reached, or not in sight

    @property
    def open_checks(self) -> tuple[Check, ...]:
        """What stands between the evidence and a promotion."""
        return tuple(check for check in self.checks if check.state not in (State.MET, State.NOT_ASKED))


def verdict(evidence: Evidence, plan: Plan) -> Verdict:
    """Judge evidence by a plan.

    Promote only if every check is met. Invalid when the comparison itself is broken. Stop when the gain cannot reach
    the minimum, was not confirmed, or something that must hold is broken. Keep testing while it is open.

    Parameters
    ----------
    evidence : Evidence
    plan : Plan

    Returns
    -------
    Verdict
    """
    broken = [check for check in evidence.validity if check.state is State.BROKEN]
    checks = tuple(_checks(evidence, plan))
    if broken:
        return Verdict(Decision.INVALID, broken[0].sentence, checks)
    if _n(evidence.first) < plan.planned_n:
        return _waiting(evidence, plan, checks, "window 1", _n(evidence.first))
    assert evidence.first is not None
    if stop := _stop(evidence, plan):
        return Verdict(Decision.STOP, stop, checks)
    if _n(evidence.second) < plan.planned_n:
        return _waiting(evidence, plan, checks, "window 2", _n(evidence.second))
    if all(check.state in (State.MET, State.NOT_ASKED) for check in checks):
        return Verdict(Decision.PROMOTE, "Every check is met.", checks)
    undecided = next(check for check in checks if check.state not in (State.MET, State.NOT_ASKED))
    return Verdict(Decision.KEEP_TESTING, undecided.sentence, checks)


def _n(found: Difference | None) -> int:
    return found.n if found is not None else 0


def _waiting(evidence: Evidence, plan: Plan, checks: tuple[Check, ...], window: str, n_now: int) -> Verdict:
    begins = (plan.window_1 if window == "window 1" else plan.window_2)[0] + timedelta(days=evidence.horizon_days)
    weeks = weeks_until(plan.planned_n, n_now, evidence.rows_per_week) + max((begins - evidence.today).days, 0) / 7
    ready = day_of(weeks, evidence.today)
    when = f"in about {weeks:.0f} weeks" if ready is not None else "not in sight at the present rate"
    reason = f"{window.capitalize()} has {n_now:,} of {plan.planned_n:,} planned rows: {when}."
    return Verdict(Decision.KEEP_TESTING, reason, checks, ready)


def _stop(evidence: Evidence, plan: Plan) -> str:
    """Why testing need not go on; "" while it may."""
    assert evidence.first is not None
    measured = [evidence.first]
    if _n(evidence.second) >= plan.planned_n and evidence.pooled is not None:
        measured.append(evidence.pooled)
    if (best := min(found.high for found in measured)) < plan.minimum_gain:
        return f"No worthwhile gain: at most {best:+.4f}, the minimum is {plan.minimum_gain:+.4f}."
    if broken := next((rail for rail in evidence.guardrails if rail.state is State.BROKEN), None):
        return f"{broken.name} is worse than its margin allows: {broken.said.rstrip('.')}."
    if evidence.polarity.state is State.BROKEN:
        return evidence.polarity.sentence
    if evidence.rules is not None and evidence.rules.high < 0:
        return f"Worse than the rules at the same coverage: {_figures(evidence.rules)}."
    if _n(evidence.second) >= plan.planned_n and not _confirmed(evidence):
        return "The second window does not confirm the gain of the first."
    return ""


def _confirmed(evidence: Evidence) -> bool:
    second, pooled = evidence.second, evidence.pooled
    return second is not None and pooled is not None and second.gain > 0 and pooled.low > 0


def _checks(evidence: Evidence, plan: Plan) -> Iterator[Check]:
    yield from evidence.validity
    yield _planned(evidence, plan)
    yield from _primary(evidence, plan)
    for rail in evidence.guardrails:
        yield Check(rail.name, rail.state, rail.said)
    yield _against_rules(evidence)
    yield evidence.polarity
    yield _confirmation(evidence, plan)
    yield _approval(evidence)


def _planned(evidence: Evidence, plan: Plan) -> Check:
    n = _n(evidence.first)
    state = State.MET if n >= plan.planned_n else State.OPEN
    return Check("planned rows", state, f"{n:,} of {plan.planned_n:,} mature rows in window 1.")


def _primary(evidence: Evidence, plan: Plan) -> Iterator[Check]:
    first = evidence.first
    if first is None:
        yield Check("gain", State.OPEN, f"No mature row yet to measure {plan.metric} on.")
        return
    sure = first.low > 0 and evidence.p_holm < plan.alpha
    state = State.MET if sure else State.BROKEN if first.high < 0 else State.OPEN
    family = f", p = {evidence.p_holm:.3g} after Holm over {plan.n_comparisons}" if plan.n_comparisons > 1 else ""
    yield Check("gain above zero", state, f"{plan.metric} {_figures(first)}{family}.")
    large = first.gain >= plan.minimum_gain
    state = State.MET if large else State.BROKEN if first.high < plan.minimum_gain else State.OPEN
    yield Check("worthwhile gain", state, f"{first.gain:+.4f}; the minimum is {plan.minimum_gain:+.4f}.")


def _against_rules(evidence: Evidence) -> Check:
    if evidence.rules is None:
        return Check("not worse than the rules", State.NOT_ASKED, "There are no rules to compare with.")
    rules = evidence.rules
    state = State.MET if rules.gain >= 0 else State.BROKEN if rules.high < 0 else State.OPEN
    return Check("not worse than the rules", state, f"At the same coverage {_figures(rules)}.")


def _confirmation(evidence: Evidence, plan: Plan) -> Check:
    n = _n(evidence.second)
    if n < plan.planned_n or evidence.second is None:
        return Check("confirmed later", State.OPEN, f"{n:,} of {plan.planned_n:,} mature rows in window 2.")
    pooled = f"; both windows together {_figures(evidence.pooled)}" if evidence.pooled else ""
    state = State.MET if _confirmed(evidence) else State.BROKEN
    return Check("confirmed later", state, f"Window 2: {_figures(evidence.second)}{pooled}.")


def _approval(evidence: Evidence) -> Check:
    if not evidence.approver:
        return Check("approved by another person", State.NOT_ASKED, "Asked for when a promotion is requested.")
    same = evidence.approver == evidence.requester
    sentence = f"Requested by {evidence.requester}, approved by {evidence.approver}."
    return Check("approved by another person", State.BROKEN if same else State.MET, sentence)


def _figures(found: Difference) -> str:
    return f"{found.gain:+.4f} [{found.low:+.4f}, {found.high:+.4f}], n = {found.n:,}"
