"""Experiments in words: what was seen, what it would be written down as, how a value reads."""

from __future__ import annotations

import math

from core.domain.experiment.guards import GuardState
from core.domain.experiment.spec import Kind, Metric, Spec
from core.domain.usecase import Task, UseCase
from core.services.comparison.experiment_readout import ReadOut
from core.services.comparison.experiment_sizes import unit_of
from core.ui import words

GUARD_LOOK = {
    GuardState.HOLDS: ("check_circle", "green"),
    GuardState.BREACHED: ("error", "red"),
    GuardState.FEW: ("hourglass_empty", "gray"),
    GuardState.NOT_ASKED: ("remove", "gray"),
}
STATE_LOOK = {"running": ("play_circle", "blue"), "rolled back": ("undo", "red"), "concluded": ("task_alt", "green")}
KINDS = {Kind.TEST: "A/B test", Kind.CANARY: "Canary"}


def is_rate(use_case: UseCase, metric: Metric) -> bool:
    """Whether values are shares."""
    return metric is Metric.OUTCOME and use_case.task is Task.BINARY


def metric_name(use_case: UseCase, metric: Metric) -> str:
    """What is compared, as people call it."""
    if metric is Metric.GAIN:
        return f"Gain per {use_case.noun}"
    if use_case.task is Task.BINARY:
        return f"Share of {use_case.noun}s where {use_case.target.meaning}"
    if use_case.task is Task.MULTICLASS:
        return f"Mean worth of {use_case.target.name}"
    return f"Mean {use_case.target.name}"


def value(use_case: UseCase, metric: Metric, number: float, signed: bool = False) -> str:
    """A value in the metric's unit; differences of shares in points.

    A non-breaking minus keeps a negative number on one line.
    """
    if not math.isfinite(number):
        return "unbounded"
    sign = "+" if signed else ""
    if is_rate(use_case, metric):
        text = f"{100 * number:{sign}.2f}" + (" points" if signed else "%")
    else:
        digits = 0 if abs(number) >= 1_000 else 1 if abs(number) >= 10 else 3
        unit = unit_of(use_case, metric)
        text = f"{number:{sign},.{digits}f}" + (f" {unit}" if unit else "")
    return text.replace("-", "\u2212")


def bounds(use_case: UseCase, found: ReadOut) -> str:
    """The difference with its always-valid interval."""
    seen = found.contrast
    if seen is None:
        return "none yet"
    low, high = (value(use_case, found.spec.metric, edge, signed=True) for edge in (seen.low, seen.high))
    short = [edge.removesuffix(" points") for edge in (low, high)]
    return f"{value(use_case, found.spec.metric, seen.difference, signed=True)} [{short[0]}, {short[1]}]"


def finding(use_case: UseCase, found: ReadOut) -> str:
    """One sentence over the chart."""
    seen, spec = found.contrast, found.spec
    if seen is None:
        return found.reason
    said = bounds(use_case, found)
    if seen.low > 0 or seen.high < 0:
        higher, lower = (spec.arms[1], spec.arms[0]) if seen.low > 0 else (spec.arms[0], spec.arms[1])
        return f"{words.capitalised(higher)} has more than {lower}: challenger minus champion {said}"
    if seen.n >= spec.planned_n:
        return f"No difference seen at the planned size: {said}"
    if max(-seen.low, seen.high) < spec.effect:
        return f"No difference worth seeing: {said}"
    return f"It cannot be told yet: {said}, {seen.n:,} of {spec.planned_n:,} rows"


def p_value(p: float) -> str:
    """A p-value, as far as it can be told.

    >>> p_value(0.0421), p_value(1e-9)
    ('p = 0.042', 'p < 0.001')
    """
    return "p < 0.001" if p < 0.001 else f"p = {p:.3f}"


def split(shares: tuple[float, ...]) -> str:
    """Shares of champion and challenger.

    >>> split((0.9, 0.1))
    '90 / 10'
    """
    return " / ".join(f"{100 * share:.0f}" for share in shares)


def terms(use_case: UseCase, spec: Spec) -> str:
    """What is tried, in one line."""
    stages = " to ".join(split(shares) for shares in spec.stages)
    return (
        f"{KINDS[spec.kind]}: champion {spec.arms[0]} against {spec.arms[1]}, split {stages} % by {use_case.entity}; "
        f"{metric_name(use_case, spec.metric).lower()}, smallest change worth seeing {words.percent(spec.smallest, 0)} "
        f"of it."
    )
