"""Comparisons as plain values, for the command line and other programs."""

from __future__ import annotations

import math
from datetime import date, timedelta
from typing import Any

from core.domain.compare.difference import Difference
from core.domain.compare.plan import ArmName, Margins
from core.domain.metrics.measured import Measured
from core.errors import InputError, UnknownName
from core.services.access import Actor
from core.services.comparison.challengers import ArmResult, Challengers
from core.services.comparison.plans import Planned, plans
from core.services.comparison.verdicts import Judged
from core.services.desk import Desk


def arm_of(desk: Desk, key: str, text: str) -> ArmName:
    """The arm that VERSION:MODEL names.

    Raises
    ------
    InputError
        It is written otherwise.
    UnknownName
        There is no such version.
    """
    version, _, model = text.partition(":")
    if not version or not model:
        raise InputError(f"The challenger is '{text}'.", "Write VERSION:MODEL, such as v2:lightgbm.")
    if version not in desk.versions(desk.use_case(key).key):
        raise UnknownName(f"version of {key}", version, desk.versions(key))
    return ArmName(version, model)


def margins_of(texts: list[str]) -> Margins:
    """Margins with some set otherwise, each written NAME=VALUE.

    >>> margins_of(["coverage=0.05"]).coverage
    0.05
    """
    known, given = vars(Margins()), {}
    for text in texts:
        name, _, value = text.partition("=")
        if name not in known:
            raise UnknownName("margin", name, known)
        try:
            given[name] = float(value)
        except ValueError:
            raise InputError(f"The margin {name} is '{value}'.", "It takes a number, such as 0.02.") from None
        if not 0 <= given[name] < math.inf:
            raise InputError(f"The margin {name} is {value}.", "It takes a number of at least 0.")
    return Margins(**given)


def plan_to_judge(desk: Desk, actor: Actor, key: str, plan_id: str | None) -> Planned:
    """A plan by its id, or its first digits; the newest one that is open by default.

    Raises
    ------
    InputError
        There is none.
    UnknownName
    """
    known = plans(desk, actor, key)
    if plan_id is None:
        found = [planned for planned in known if planned.record.closed_at is None]
        if not found:
            version = desk.acting_version(key) or "VERSION"
            hint = f"Make one: python -m core plan {key} --challenger {version}:MODEL"
            raise InputError(f"{key} has no open plan.", hint)
        return found[0]
    found = [planned for planned in known if planned.id.startswith(plan_id)]
    if len(found) != 1:
        raise UnknownName(f"plan of {key}", plan_id, [planned.id for planned in known])
    return found[0]


def planned_json(planned: Planned) -> dict[str, Any]:
    """A plan as it was frozen."""
    plan = planned.plan
    return {
        "plan": planned.id,
        "champion": str(plan.champion),
        "challenger": str(plan.challenger),
        "metric": plan.metric,
        "minimum_gain": plan.minimum_gain,
        "meaning": plan.preset,
        "planned_rows": plan.planned_n,
        "window_1": _days(plan.window_1),
        "window_2": _days(plan.window_2),
        "margins": vars(plan.margins),
        "made_by": planned.record.created_by,
        "made_at": planned.record.created_at.isoformat(timespec="seconds"),
    }


def _days(window: tuple[date, date]) -> str:
    """First and last day, as the command line takes them."""
    return f"{window[0]}..{window[1] - timedelta(days=1)}"


def judged_json(judged: Judged) -> dict[str, Any]:
    """A verdict with every check and its sentence."""
    found = judged.verdict
    low, high = judged.always_valid or (None, None)
    return {
        "plan": judged.planned.id,
        "champion": str(judged.planned.plan.champion),
        "challenger": str(judged.planned.plan.challenger),
        "decision": str(found.decision),
        "reason": found.reason,
        "ready_on": str(found.ready_on) if found.ready_on else None,
        "rows": judged.n_now,
        "gain": gain_json(judged.evidence.pooled or judged.evidence.first),
        "always_valid": {"low": _number(low), "high": _number(high)},
        "checks": [vars(check) | {"state": str(check.state)} for check in found.checks],
    }


def challengers_json(found: Challengers) -> dict[str, Any]:
    """The table of every arm: figures and gains with intervals, and how long until one can know."""
    return {
        "use_case": found.use_case,
        "champion": found.champion,
        "primary": found.primary,
        "since": str(found.first) if found.first else None,
        "until": str(found.last) if found.last else None,
        "rows": found.n_rows,
        "judged": found.maturity.n_known,
        "rows_per_week": found.rows_per_week,
        "decided_by": dict(found.deciders),
        "level": found.level,
        "coverage": found.coverage,
        "arms": [_arm(arm) for arm in found.arms],
    }


def _arm(arm: ArmResult) -> dict[str, Any]:
    gains = {}
    for metric, gain in arm.gains.items():
        more = {"p_holm": _number(gain.p_holm), "n_needed": gain.n_needed, "weeks": _number(gain.weeks)}
        gains[metric] = (gain_json(gain.difference) or {}) | more
    figures = {metric: measured_json(figure) for metric, figure in arm.figures.items()}
    facts = {"name": arm.name, "version": arm.version, "model": arm.model, "role": arm.role}
    return facts | {"figures": figures, "gains": gains, "latency_p95_ms": _number(arm.latency_p95_ms)}


def measured_json(figure: Measured | None) -> dict[str, Any] | None:
    """A figure with its interval and n; None where an arm has none."""
    if figure is None:
        return None
    numbers = {name: _number(getattr(figure, name)) for name in ("value", "low", "high")}
    return numbers | {"n": figure.n, "n_events": figure.n_events, "method": figure.method}


def gain_json(gain: Difference | None) -> dict[str, Any] | None:
    """A gain with its interval and n; positive is better."""
    if gain is None:
        return None
    numbers = {name: _number(getattr(gain, name)) for name in ("gain", "low", "high", "p")}
    return numbers | {"n": gain.n, "n_events": gain.n_events, "level": gain.level, "method": gain.method}


def _number(value: float | None) -> float | None:
    """A number that JSON knows."""
    return None if value is None or not math.isfinite(value) else float(value)
