"""Comparison plans: what will be judged is fixed, and on record, before the outcomes that judge it are known."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any

from core.domain.compare.plan import ArmName, Margins, Plan
from core.domain.usecase import UseCase
from core.errors import InputError, UnknownName
from core.services.access import Action, Actor, require
from core.services.comparison.challengers import challengers
from core.services.desk import Desk
from core.store.ledger_registry import PlanRecord

LEAST_ROWS = 300


@dataclass(frozen=True)
class Preset:
    """A minimum gain that people ask for by name, spelled out."""

    name: str
    meaning: str
    metric: str
    minimum_gain: float
    n_comparisons: int = 1


def presets(use_case: UseCase) -> tuple[Preset, ...]:
    """The policy's own minimum first; then the usual "+2 % AUC or +5 % KPI" where there is an AUC and a rate."""
    policy = use_case.policy
    own = Preset(
        "policy",
        f"{policy.primary_metric} higher by at least {policy.minimum_gain:g}, as the policy says",
        policy.primary_metric,
        policy.minimum_gain,
    )
    if policy.primary_metric not in ("auc", "macro_auc"):
        return (own,)
    usual = Preset(
        "+2 % AUC or +5 % KPI",
        f"{policy.primary_metric} higher by .02 absolute, or the outcome rate among as many rows as are flagged now "
        "higher by 5 % of itself; two metrics, so each must hold at half the error",
        policy.primary_metric,
        0.02,
        n_comparisons=2,
    )
    return own, usual


@dataclass(frozen=True)
class Planned:
    """A plan with its record."""

    record: PlanRecord
    plan: Plan

    @property
    def id(self) -> str:
        """Of the plan, in the ledger."""
        return self.record.id


@dataclass(frozen=True)
class Wanted:
    """What a person asks to be compared.

    Attributes
    ----------
    challenger : ArmName
    preset : str
        Name of one of `presets`.
    windows : two pairs of date, optional
        By default two equal stretches from today on, long enough for the planned rows at the present rate. Window 1
        may lie in the past (a look back, which is said); window 2 may not: it confirms on rows nobody has seen.
    planned_n : int, optional
        Mature rows of each window; by default what 80 % power takes at the minimum gain.
    margins : Margins
        By how much the challenger may be worse in what it is not chosen for.
    """

    challenger: ArmName
    preset: str = "policy"
    windows: tuple[tuple[date, date], tuple[date, date]] | None = None
    planned_n: int | None = None
    margins: Margins = field(default_factory=Margins)


def make_plan(desk: Desk, actor: Actor, key: str, wanted: Wanted, at: datetime | None = None) -> Planned:
    """Freeze a plan for a challenger against the acting model, made now unless a time is given.

    Raises
    ------
    InputError
        The challenger is the champion, a window is empty, or window 2 is over already.
    UnknownName
        No such version, model or preset.
    """
    require(actor, Action.PLAN)
    use_case, champion = desk.use_case(key), desk.acting(key)
    challenger, made = wanted.challenger, at or datetime.now(UTC)
    chosen = _preset(use_case, wanted.preset)
    if wanted.planned_n is not None and wanted.planned_n < LEAST_ROWS:
        raise InputError(f"{wanted.planned_n} rows a window are planned.", f"It takes at least {LEAST_ROWS}.")
    if champion is None or challenger == champion:
        raise InputError(f"{challenger} acts already.", "Choose a model that does not.")
    if challenger.model not in desk.scorer(key, challenger.version).card.models:
        raise UnknownName(f"model of {challenger.version}", challenger.model, desk.scorer(key).card.models)
    needed, weekly = _measured(desk, actor, key, challenger, chosen)
    n_rows = wanted.planned_n or needed
    windows = wanted.windows or _ahead(made.date(), n_rows, weekly)
    _check_windows(windows, made.date(), use_case.target.horizon_days)
    plan = Plan(
        champion=champion,
        challenger=challenger,
        metric=chosen.metric,
        minimum_gain=chosen.minimum_gain,
        planned_n=n_rows,
        window_1=windows[0],
        window_2=windows[1],
        n_comparisons=chosen.n_comparisons,
        margins=wanted.margins,
        preset=chosen.meaning,
    )
    record = PlanRecord(uuid.uuid4().hex[:12], key, made, actor.name, plan.as_json())
    with desk.ledger.transaction():
        desk.ledger.add_plan(record)
        _event(desk, actor, "plan comparison", f"{key} {challenger}", after={"plan": record.id, **plan.as_json()})
    return Planned(record, plan)


def _preset(use_case: UseCase, name: str) -> Preset:
    known = {preset.name: preset for preset in presets(use_case)}
    if name not in known:
        raise UnknownName("preset", name, known)
    return known[name]


def _measured(desk: Desk, actor: Actor, key: str, challenger: ArmName, preset: Preset) -> tuple[int, float]:
    """Rows that 80 % power takes, from the paired variance on rows both have scored; and mature rows a week."""
    found = challengers(desk, actor, key, versions=[challenger.version])
    gain = found.arm(str(challenger)).gains.get(preset.metric)
    if gain is None or gain.n_needed is None:
        return LEAST_ROWS, found.rows_per_week
    ratio = (desk.use_case(key).policy.minimum_gain / preset.minimum_gain) ** 2
    return max(LEAST_ROWS, round(gain.n_needed * ratio)), found.rows_per_week


def _ahead(today: date, n_rows: int, weekly: float) -> tuple[tuple[date, date], tuple[date, date]]:
    weeks = min(max(n_rows / weekly if weekly else 8.0, 1.0), 260.0)
    length = timedelta(days=round(weeks * 7))
    return (today, today + length), (today + length, today + 2 * length)


def _check_windows(windows: tuple[tuple[date, date], tuple[date, date]], made: date, horizon: int) -> None:
    (first, last), (second, end) = windows
    if not first < last <= second < end:
        raise InputError(
            f"The windows {first} to {last} and {second} to {end} overlap or are empty.",
            "Window 2 begins where window 1 ends, or later.",
        )
    if second + timedelta(days=horizon) < made:
        raise InputError(
            f"Outcomes of window 2 are known since {second + timedelta(days=horizon)}.",
            "It confirms on rows nobody has seen the end of: let it begin later.",
        )


def plans(desk: Desk, actor: Actor, key: str) -> list[Planned]:
    """Plans of a use case, newest first."""
    require(actor, Action.SEE_MODELS)
    return [Planned(record, Plan.from_json(record.plan)) for record in desk.ledger.plans(key)]


def close_plan(desk: Desk, actor: Actor, key: str, plan_id: str, reason: str) -> None:
    """End a plan without a promotion; it stays on record."""
    require(actor, Action.PLAN)
    if not reason.strip():
        raise InputError("A reason is needed to end a plan.", "Say in a few words why.")
    with desk.ledger.transaction():
        desk.ledger.close_plan(plan_id, datetime.now(UTC), reason.strip())
        _event(desk, actor, "end plan", f"{key} plan {plan_id}", reason=reason.strip())


def _event(desk: Desk, actor: Actor, action: str, subject: str, **facts: Any) -> None:
    who = {"actor": actor.name, "role": actor.role.value, "via": actor.via}
    desk.ledger.record(at=datetime.now(UTC), **who, action=action, subject=subject, **facts)
