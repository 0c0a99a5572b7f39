"""The verdict on a plan: evidence gathered from the log, judged by `core.domain.compare.verdict` and nothing else."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import numpy as np

from core.domain.compare.always_valid import half_width
from core.domain.compare.difference import Difference
from core.domain.compare.exchange import exchange_of, flag_top
from core.domain.compare.guardrails import (
    Loss,
    calibration_losses,
    coverage_loss,
    gap_loss,
    quantile_loss,
    value_losses,
)
from core.domain.compare.parts import gain_over
from core.domain.compare.plan import Plan
from core.domain.compare.rates import sample_ratio_p
from core.domain.compare.several import holm
from core.domain.compare.verdict import Check, Evidence, Guardrail, State, Verdict, verdict
from core.domain.judged import RULES, figure_of
from core.domain.metrics.intervals import z_value
from core.domain.metrics.measured import LEVEL
from core.domain.usecase import Task, UseCase
from core.services.access import Action, Actor, require
from core.services.comparison.arms import ArmRows, Window, arm_rows
from core.services.comparison.challengers import DAYS, per_week
from core.services.comparison.plans import Planned
from core.services.comparison.protected import group_codes, protected_columns
from core.services.desk import Desk

SEED = 20261121
SRM = 0.001
KNOWN_SHARE = 0.9  # of mature rows with an outcome; below, what is missing may be what differs


@dataclass(frozen=True)
class Judged:
    """A plan, its verdict, and what a person looks at while it is open."""

    planned: Planned
    verdict: Verdict
    evidence: Evidence
    always_valid: tuple[float, float] | None  # of the gain so far; may be looked at every day
    n_now: int
    figures: dict[str, Any]


def judge(desk: Desk, actor: Actor, key: str, planned: Planned, known_on: datetime | None = None) -> Judged:
    """Gather what is known of a plan on a day, today by default, and judge it."""
    require(actor, Action.SEE_MODELS)
    use_case, plan = desk.use_case(key), planned.plan
    now = known_on or datetime.now(UTC)
    first = _window_rows(desk, use_case, plan, plan.window_1, now)
    second = _window_rows(desk, use_case, plan, plan.window_2, now)
    evidence = _evidence(desk, use_case, planned, (first, second), now)
    found = verdict(evidence, plan)
    gain = evidence.pooled or evidence.first
    bounds = None
    if gain is not None:
        half = half_width(gain.row_variance, gain.n, plan.planned_n, 1 - plan.alpha)
        bounds = (gain.gain - half, gain.gain + half)
    figures = {"window_1": len(first.rows), "window_2": len(second.rows)}
    return Judged(planned, found, evidence, bounds, gain.n if gain else 0, figures)


def _window_rows(desk: Desk, use_case: UseCase, plan: Plan, days: tuple[date, date], now: datetime) -> ArmRows:
    """The planned number of rows that may be judged, the first ones of the window; fewer while there are fewer."""
    window = Window(_start(days[0]), _start(days[1]), now)
    versions = tuple(dict.fromkeys((plan.champion.version, plan.challenger.version)))
    rows = arm_rows(desk, use_case, versions, window, protected_columns(use_case))
    judged = np.flatnonzero(rows.rows.counts)
    if len(judged) <= plan.planned_n:
        return rows
    return rows.part(np.arange(judged[plan.planned_n - 1] + 1))


def _start(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)


def _evidence(
    desk: Desk, use_case: UseCase, planned: Planned, windows: tuple[ArmRows, ArmRows], now: datetime
) -> Evidence:
    plan, (first, second) = planned.plan, windows
    both = _both(desk, use_case, plan, windows, now)
    gains = [_gain(use_case, rows, plan) for rows in (first, second, both)]
    return Evidence(
        validity=tuple(_validity(desk, use_case, planned, first)),
        first=gains[0],
        second=gains[1],
        pooled=gains[2] if gains[1] is not None else None,
        p_holm=_p_holm(use_case, first, plan),
        guardrails=tuple(_guardrails(desk, use_case, both, plan)),
        rules=_over_rules(use_case, both, plan),
        polarity=_polarity(use_case, both, plan),
        rows_per_week=per_week(both.rows) or _usual_rate(desk, use_case, plan, now),
        horizon_days=use_case.target.horizon_days,
        today=now.date(),
        requester=planned.record.created_by,
    )


def _usual_rate(desk: Desk, use_case: UseCase, plan: Plan, now: datetime) -> float:
    """Mature rows a week of the champion's version lately, for a plan that has none of its own yet."""
    lately = Window(now - timedelta(days=DAYS + use_case.target.horizon_days), now, now)
    return per_week(arm_rows(desk, use_case, [plan.champion.version], lately).rows)


def _both(desk: Desk, use_case: UseCase, plan: Plan, windows: tuple[ArmRows, ArmRows], now: datetime) -> ArmRows:
    """Rows of both windows together; of the first alone while the second has none."""
    if not len(windows[1].rows):
        return windows[0]
    versions = tuple(dict.fromkeys((plan.champion.version, plan.challenger.version)))
    span = Window(_start(plan.window_1[0]), _start(plan.window_2[1]), now)
    rows = arm_rows(desk, use_case, versions, span, protected_columns(use_case))
    wanted = {*windows[0].prediction_ids, *windows[1].prediction_ids}
    return rows.part(np.array([name in wanted for name in rows.prediction_ids]))


def _gain(use_case: UseCase, rows: ArmRows, plan: Plan) -> Difference | None:
    if not len(rows.rows):
        return None
    return gain_over(
        use_case, rows.rows, str(plan.challenger), str(plan.champion), plan.metric, 1 - plan.alpha / plan.n_comparisons
    )


def _p_holm(use_case: UseCase, rows: ArmRows, plan: Plan) -> float:
    """The challenger's p-value after Holm over every challenger on these rows and every metric of the plan."""
    if not rows.rows.counts.any():
        return 1.0
    names = [str(arm) for arm in rows.arms if arm != plan.champion]
    found = {name: gain_over(use_case, rows.rows, name, str(plan.champion), plan.metric) for name in names}
    p_values = [gain.p if gain is not None else 1.0 for gain in found.values()]
    adjusted = holm(p_values + [1.0] * (plan.n_comparisons - 1))
    return adjusted[list(found).index(str(plan.challenger))]


def _validity(desk: Desk, use_case: UseCase, planned: Planned, rows: ArmRows) -> Iterator[Check]:
    plan, n = planned.plan, len(rows.rows)
    scored = State.MET if n else State.OPEN
    yield Check(
        "same rows", scored, f"{n:,} rows of window 1 were scored by both {plan.champion} and {plan.challenger}."
    )
    seen = plan.window_1[0] + timedelta(days=use_case.target.horizon_days) < planned.record.created_at.date()
    when = "a look back: outcomes of window 1 were known" if seen else "before an outcome of window 1 was known"
    yield Check("planned beforehand", State.MET, f"The plan was made on {planned.record.created_at:%Y-%m-%d}, {when}.")
    yield _labels(rows)
    yield _sample_ratio(desk, use_case, plan)


def _labels(rows: ArmRows) -> Check:
    found = rows.rows.maturity()
    if not found.n_mature:
        return Check("mature labels", State.OPEN, "No row of window 1 is older than the horizon yet.")
    share = found.n_known / found.n_mature
    sentence = f"{found.n_known:,} of {found.n_mature:,} mature rows have an outcome ({share:.1%})."
    return Check("mature labels", State.MET if share >= KNOWN_SHARE else State.OPEN, sentence)


def _sample_ratio(desk: Desk, use_case: UseCase, plan: Plan) -> Check:
    """Whether experiments of the window kept the shares they assigned by."""
    for record in desk.ledger.experiments(use_case.key):
        ended = record.ended_at or datetime.max.replace(tzinfo=UTC)
        if record.stage_since.date() < plan.window_2[1] and ended.date() > plan.window_1[0]:
            shares = [float(share) for share in record.spec["stages"][record.stage]]
            counts = desk.log.arm_counts(use_case, record.id, record.stage_since)
            observed = [counts.get(name, 0) for name in record.spec["arms"]]
            p = sample_ratio_p(observed, shares)
            split = ", ".join(f"{name} {n:,}" for name, n in zip(record.spec["arms"], observed, strict=True))
            planned = " / ".join(f"{share:.0%}" for share in shares)
            sentence = f"Experiment {record.spec['name']}: {split} entities, planned {planned}, p = {p:.2g}."
            return Check("sample ratio", State.BROKEN if p < SRM else State.MET, sentence)
    return Check("sample ratio", State.NOT_ASKED, "No experiment split these rows: both arms scored all of them.")


def _over_rules(use_case: UseCase, rows: ArmRows, plan: Plan) -> Difference | None:
    """What the challenger gains over the incumbent rules, binary at the rules' own coverage."""
    judged = rows.rows
    if use_case.rules is None or not judged.counts.any():
        return None
    if use_case.task is not Task.BINARY:
        metric = "accuracy" if use_case.task is Task.MULTICLASS else "r2"
        return gain_over(use_case, judged, str(plan.challenger), RULES, metric)
    kept = judged.counts & (judged.rules_band >= 0)
    flagged = judged.rules_band[kept] == 0
    if not flagged.any() or flagged.all():
        return gain_over(use_case, judged, str(plan.challenger), RULES, "auc")
    mine = flag_top(rows.scores[str(plan.challenger)][kept], int(flagged.sum()))
    found = exchange_of(judged.outcome[kept], flagged, mine, clusters=judged.clusters(kept))
    n, se = 2 * found.n_moved, (found.high - found.low) / (2 * z_value())
    facts = found.difference, found.low, found.high, se, math.nan, n, None, LEVEL, se * se * n
    return Difference(
        "precision_at_capacity", *facts, f"swap set at the rules' coverage {flagged.mean():.1%}, {found.method}"
    )


def _polarity(use_case: UseCase, rows: ArmRows, plan: Plan) -> Check:
    """Whether a higher score means more of the outcome."""
    metric = {Task.BINARY: "auc", Task.MULTICLASS: "macro_auc", Task.REGRESSION: "r2"}[use_case.task]
    if not rows.rows.counts.any():
        return Check("polarity", State.OPEN, "No row can be judged yet.")
    found = figure_of(use_case, rows.rows, str(plan.challenger), metric)
    nothing = 0.0 if metric == "r2" else 0.5
    if found is None or np.isnan(found.value):
        return Check("polarity", State.OPEN, "Too few rows of a class.")
    said = f"{metric} {found.value:.3f} [{found.low:.3f}, {found.high:.3f}], n = {found.n:,}; {nothing:g} is nothing"
    if found.value < nothing:
        state = State.BROKEN if found.high < nothing else State.OPEN
        return Check("polarity", state, f"Reversed or mis-fed: {said}.")
    return Check("polarity", State.MET, f"A higher score means more of the outcome: {said}.")


def _guardrails(desk: Desk, use_case: UseCase, rows: ArmRows, plan: Plan) -> Iterator[Guardrail]:
    if rows.rows.counts.any():
        yield from _calibration(use_case, rows, plan)
        yield from _flags(desk, use_case, rows, plan)
    champion, challenger = (rows.latency_ms[arm.version] for arm in (plan.champion, plan.challenger))
    latency = quantile_loss(champion, challenger)
    if latency is not None and plan.champion.version != plan.challenger.version:
        yield _rail("latency p95", latency, plan.margins.latency, "ms")


def _calibration(use_case: UseCase, rows: ArmRows, plan: Plan) -> Iterator[Guardrail]:
    kept = rows.rows.counts
    outcome, clusters = rows.rows.outcome[kept], rows.rows.clusters(kept)
    outputs = [rows.rows.outputs[str(arm)][kept] for arm in (plan.champion, plan.challenger)]
    if use_case.task is Task.REGRESSION:
        losses = value_losses(outcome, outputs[0][:, 0], outputs[1][:, 0], clusters)
    else:
        top = outputs[0].shape[1] - 1  # P(positive), or that of the highest class
        hit = outcome if use_case.task is Task.BINARY else (outcome == top).astype(np.float64)
        if hit.min() == hit.max():
            return
        losses = calibration_losses(hit, outputs[0][:, top], outputs[1][:, top], clusters)
    yield _rail("calibration intercept", losses[0], plan.margins.intercept)
    yield _rail("calibration slope", losses[1], plan.margins.slope)


def _flags(desk: Desk, use_case: UseCase, rows: ArmRows, plan: Plan) -> Iterator[Guardrail]:
    """Coverage at each arm's own cutoffs, and the gaps between groups of people at them."""
    flags = []
    for arm in (plan.champion, plan.challenger):
        scorer = desk.scorer(use_case.key, arm.version)
        bands = scorer.bands(arm.model, rows.rows.outputs[str(arm)], rows.scores[str(arm)])
        flags.append(np.asarray(bands == 0))
    everyone = np.ones(len(rows.rows), dtype=bool)
    yield _rail("coverage", coverage_loss(flags[0], flags[1], rows.rows.clusters(everyone)), plan.margins.coverage)
    for name in use_case.sensitive:
        codes, _ = group_codes(use_case, name, rows.raw)
        found = gap_loss(codes, flags[0], flags[1], SEED, rows.rows.entity)
        if found is not None:
            yield _rail(f"parity gap by {name}", found, plan.margins.gap)
        if use_case.task is Task.BINARY:
            for label, value in (("true", 1.0), ("false", 0.0)):
                among = rows.rows.counts & (rows.rows.outcome == value)
                odds = gap_loss(codes, flags[0], flags[1], SEED, rows.rows.entity, among)
                if odds is not None:
                    yield _rail(f"gap in {label} positive rates by {name}", odds, plan.margins.gap)


def _rail(name: str, found: Loss, margin: float, unit: str = "") -> Guardrail:
    tail = f" {unit}" if unit else ""
    said = (
        f"{name}: champion {found.champion:.3f}{tail}, challenger {found.challenger:.3f}{tail}, worse by "
        f"{found.loss:+.3f} [{found.low:+.3f}, {found.high:+.3f}], margin {margin:g}."
    )
    return Guardrail(name, found.loss, found.low, found.high, margin, said)
