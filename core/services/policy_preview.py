"""What a policy would do: its problems, and its decisions on scores that are logged; nothing is scored again."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from core.domain.policy import Policy
from core.domain.policy_draft import policy_problems
from core.domain.policy_effect import PolicyEffect, codes_under, decided_under, policy_effect
from core.domain.usecase import Task, UseCase
from core.errors import InputError, NotReady
from core.services.access import Action, Actor, require
from core.services.arms import Window, arm_rows
from core.services.cutoffs import cutoffs_under, reference_scores
from core.services.desk import Desk

PREVIEW_DAYS = 30


@dataclass(frozen=True)
class Preview:
    """What a draft would do to rows that the acting model has scored; nothing is scored again."""

    days: int
    first: date | None
    last: date | None
    arm: str
    effect: PolicyEffect
    cutoffs: tuple[float, ...]  # of the draft, of the acting model; () for classes
    cutoffs_now: tuple[float, ...]
    matured_first: date | None  # of the rows whose outcomes count
    matured_last: date | None
    matured: PolicyEffect  # on those rows, as old as they must be


def problems(desk: Desk, actor: Actor, key: str, policy: Policy) -> tuple[str, ...]:
    """Everything that forbids a policy, as sentences."""
    require(actor, Action.SEE_MODELS)
    return policy_problems(desk.use_case(key), policy, _score_range(desk, key))


def _score_range(desk: Desk, key: str) -> tuple[float, float] | None:
    """Between which scores the acting model puts the reference rows; None where a probability needs no look."""
    use_case = desk.use_case(key)
    if use_case.task is not Task.REGRESSION or desk.acting_version(key) is None:
        return None
    scorer = desk.scorer(key)
    scores = reference_scores(use_case, scorer.bundle)[scorer.card.champion]
    return (float(scores.min()), float(scores.max())) if len(scores) else None


def refuse(found: tuple[str, ...]) -> None:
    """Raise InputError with everything that forbids a policy, unless nothing does."""
    if found:
        raise InputError(found[0], " ".join(found[1:]) or "Change that, then save it again.", problems=found)


def preview(desk: Desk, actor: Actor, key: str, policy: Policy, days: int = PREVIEW_DAYS) -> Preview:
    """What a policy would have decided on the acting model's scores of the last days, beside the one in force.

    Outcomes are counted on rows of an equally long stretch that is as old as the horizon: of the last days' rows
    hardly one could be judged.

    Raises
    ------
    NotReady
        Nothing is trained.
    InputError
        The policy has problems.
    """
    require(actor, Action.SEE_MODELS)
    use_case = desk.use_case(key)
    refuse(problems(desk, actor, key, policy))
    acting = desk.acting(key)
    if acting is None:
        raise NotReady(f"{use_case.title} has no trained version yet.", f"Run: python -m core train {key}")
    scorer, own = desk.scorer(key), desk.in_force.standing(key).own.policy
    cuts = [cutoffs_under(use_case, scorer.bundle, wanted, own)[acting.model] for wanted in (policy, use_case.policy)]
    now = datetime.now(UTC)
    last = datetime.combine(now.date() + timedelta(days=1), time(), UTC)
    horizon = timedelta(days=use_case.target.horizon_days + 1)
    found, spans = [], []
    for end in (last, last - horizon):
        window = Window(end - timedelta(days=days), end, now)
        effect, span = _effect(desk, use_case, (acting.version, str(acting)), window, (policy, cuts))
        found.append(effect)
        spans.append(span)
    return Preview(days, *spans[0], str(acting), found[0], cuts[0], cuts[1], *spans[1], found[1])


def _effect(
    desk: Desk, use_case: UseCase, arm: tuple[str, str], window: Window, draft: tuple[Policy, Any]
) -> tuple[PolicyEffect, tuple[date | None, date | None]]:
    policy, cuts = draft
    logged = arm_rows(desk, use_case, [arm[0]], window)
    rows, scores = logged.rows, logged.scores[arm[1]]
    sides = []
    for wanted, cutoffs in ((policy, cuts[0]), (use_case.policy, cuts[1])):
        band = codes_under(wanted, rows.outputs[arm[1]], scores, cutoffs, use_case.task)
        sides.append((wanted, decided_under(wanted, band, rows.rules_band)))
    span = (rows.days.min().astype(date), rows.days.max().astype(date)) if len(rows) else (None, None)
    return policy_effect(use_case, rows, sides[0], sides[1]), span
