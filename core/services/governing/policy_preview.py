"""What a policy would do: its problems, and its decisions on scores that are logged; nothing is scored again."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta

import numpy as np

from core.domain.compare.plan import ArmName
from core.domain.features import Floats
from core.domain.policy import Mode, Policy, band_codes
from core.domain.policy_draft import policy_problems
from core.domain.policy_effect import PolicyEffect, codes_under, decided_under, policy_effect
from core.domain.usecase import Task, UseCase
from core.errors import InputError
from core.services.access import Action, Actor, require
from core.services.comparison.arms import ArmRows, Window, arm_rows
from core.services.desk import Desk
from core.services.governing.cutoffs import cutoffs_under, reference_scores
from core.services.kept import kept

Side = tuple[Policy, tuple[float, ...]]  # a policy and its cutoffs for the acting model
PREVIEW_DAYS = 30


@dataclass(frozen=True)
class Stretch:
    """A policy beside the one in force on the rows of one stretch of time.

    Attributes
    ----------
    effect : PolicyEffect
        What is decided.
    champion : PolicyEffect or None
        The champion's bands, where either policy lets the rules decide.
    scores : array, shape (n_rows,)
    """

    first: date | None
    last: date | None
    effect: PolicyEffect
    champion: PolicyEffect | None
    scores: Floats


@dataclass(frozen=True)
class Preview:
    """What a draft would do to rows that the acting model has scored.

    Attributes
    ----------
    recent : Stretch
        The last days.
    matured : Stretch
        As many days, as old as the horizon: of the last days' rows hardly one could be judged.
    cutoffs, cutoffs_now : tuple of float
        Of the acting model, descending; () for classes.
    up_to_now : bool
        False: no row of the last days is logged, and `recent` is about the newest ones there are.
    """

    days: int
    arm: str
    recent: Stretch
    matured: Stretch
    cutoffs: tuple[float, ...]
    cutoffs_now: tuple[float, ...]
    up_to_now: bool


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
    scorer, own = desk.scorer(key), desk.in_force.standing(key).own.policy
    arm = ArmName(scorer.card.version, scorer.card.champion)
    sides = tuple(
        (wanted, cutoffs_under(use_case, scorer.bundle, wanted, own)[arm.model]) for wanted in (policy, use_case.policy)
    )
    tomorrow = datetime.combine(datetime.now(UTC).date() + timedelta(days=1), time(), UTC)
    newest = desk.log.newest_row(use_case, tomorrow)
    up_to_now = newest is None or newest.replace(tzinfo=UTC) >= tomorrow - timedelta(days=days)
    last = tomorrow if up_to_now or newest is None else _midnight_after(newest)
    ends = last, min(last, tomorrow - timedelta(days=use_case.target.horizon_days + 1))
    recent, matured = (
        _stretch(use_case, _logged(desk, use_case, arm, (end - timedelta(days=days), end)), arm, sides) for end in ends
    )
    return Preview(days, str(arm), recent, matured, sides[0][1], sides[1][1], up_to_now)


def _midnight_after(moment: datetime) -> datetime:
    return datetime.combine(moment.date() + timedelta(days=1), time(), UTC)


def _logged(desk: Desk, use_case: UseCase, arm: ArmName, span: tuple[datetime, datetime]) -> ArmRows:
    """Rows of a stretch that the arm's version has scored; kept until the log grows or voids."""
    mark = ("policy rows", arm.version, *span, *desk.log.water_mark(use_case))
    return kept(desk, use_case, mark, lambda: arm_rows(desk, use_case, [arm.version], Window(*span, datetime.now(UTC))))


def _stretch(use_case: UseCase, logged: ArmRows, arm: ArmName, sides: tuple[Side, ...]) -> Stretch:
    rows, scores = logged.rows, logged.scores[str(arm)]
    bands = [codes_under(wanted, rows.outputs[str(arm)], scores, cuts, use_case.task) for wanted, cuts in sides]
    policies = [wanted for wanted, _ in sides]
    decided = [decided_under(wanted, band, rows.rules_band) for wanted, band in zip(policies, bands, strict=True)]
    rules = any(wanted.mode is Mode.SHADOW for wanted in policies)
    return Stretch(
        first=rows.days.min().astype(date) if len(rows) else None,
        last=rows.days.max().astype(date) if len(rows) else None,
        effect=policy_effect(use_case, rows, (policies[0], decided[0]), (policies[1], decided[1])),
        champion=policy_effect(use_case, rows, (policies[0], bands[0]), (policies[1], bands[1])) if rules else None,
        scores=scores,
    )


def in_other_units(desk: Desk, actor: Actor, key: str, policy: Policy) -> Policy:
    """The same lines by shares where they are scores, or by scores where they are shares, on the reference rows.

    Raises
    ------
    NotReady
        Nothing is trained: there are no reference rows.
    InputError
        The bands are classes.
    """
    require(actor, Action.SEE_MODELS)
    use_case = desk.use_case(key)
    if use_case.task is Task.MULTICLASS:
        raise InputError("The bands are the classes themselves.", "They are not cut from the score.")
    scorer, own = desk.scorer(key), desk.in_force.standing(key).own.policy
    model = scorer.card.champion
    cuts = cutoffs_under(use_case, scorer.bundle, policy, own)[model]
    scores = reference_scores(use_case, scorer.bundle)[model]
    upper, to_scores = policy.bands[:-1], any(band.share is not None for band in policy.bands)
    if to_scores:
        changed = [
            replace(band, at_least=float(f"{cut:.4g}"), share=None) for band, cut in zip(upper, cuts, strict=True)
        ]
    else:
        shares = np.bincount(band_codes(scores, cuts), minlength=len(policy.bands)) / max(len(scores), 1)
        changed = [
            replace(band, at_least=None, share=max(float(f"{share:.3g}"), 0.001))
            for band, share in zip(upper, shares[:-1], strict=True)
        ]
    return replace(policy, bands=(*changed, policy.bands[-1]))
