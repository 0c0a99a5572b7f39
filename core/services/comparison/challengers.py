"""Would a challenger have decided better?  Every arm on the same logged rows, beside the champion and the rules."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np

from core.domain.compare.bootstrap import (
    Drawn,
    Statistic,
    class_statistic,
    draw_together,
    ranking_statistic,
    value_statistic,
)
from core.domain.compare.difference import Difference
from core.domain.compare.parts import PAIRED, gain_over
from core.domain.compare.plan import ArmName
from core.domain.compare.planning import rows_needed, weeks_until
from core.domain.compare.several import bonferroni_level, holm
from core.domain.judged import RULES, Judged, figure_of
from core.domain.maturity import Maturity
from core.domain.metrics.measured import Measured
from core.domain.usecase import Task, UseCase
from core.services.access import Action, Actor, require
from core.services.comparison.arms import ArmRows, Window, arm_rows
from core.services.desk import Desk

SEED = 20261121
DAYS = 90
_KEPT = 8


@dataclass(frozen=True)
class Gain:
    """What an arm gains over the champion in one metric, with what it takes to know."""

    difference: Difference
    p_holm: float  # over all challengers, within the metric
    n_needed: int | None  # mature rows for 80 % power at the policy's minimum gain; the primary metric only
    weeks: float | None  # until they are there, at the present rate


@dataclass(frozen=True)
class ArmResult:
    """One line of the table."""

    name: str
    version: str
    model: str
    role: str  # champion | challenger | rules
    figures: Mapping[str, Measured | None]
    gains: Mapping[str, Gain]
    latency_p95_ms: float | None  # of its version; None where it was not measured


@dataclass(frozen=True)
class Challengers:
    """Every arm on the rows that all of them have scored."""

    use_case: str
    champion: str
    arms: tuple[ArmResult, ...]  # champion first, rules last
    metrics: tuple[str, ...]  # the primary one first
    primary: str
    coverage: float  # share of rows flagged in the figures at capacity
    window: Window
    segment: Mapping[str, str]
    n_rows: int
    maturity: Maturity
    first: date | None
    last: date | None
    deciders: Mapping[str, int]
    rows_per_week: float  # mature ones with an outcome
    level: float  # of the intervals of gains
    rows: ArmRows  # for what is looked at closer

    def arm(self, name: str) -> ArmResult:
        """The line of an arm."""
        return next(arm for arm in self.arms if arm.name == name)


_cached: WeakKeyDictionary[Desk, OrderedDict[tuple[Any, ...], tuple[UseCase, Challengers]]] = WeakKeyDictionary()
_guard = threading.Lock()


def challengers(
    desk: Desk,
    actor: Actor,
    key: str,
    *,
    since: date | None = None,
    until: date | None = None,
    segment: tuple[str, str] | None = None,
    versions: Sequence[str] = (),
) -> Challengers:
    """Compare every arm; kept until the log, the arms or the window change.

    Parameters
    ----------
    since, until : date, optional
        Days of the rows' own time, first included and last excluded; the last 90 days by default.
    segment : pair of str, optional
        A raw column and one of its values.
    versions : sequence of str
        Beside the acting one; by default the challenger version, where one runs.

    Raises
    ------
    NotReady
        Nothing is trained.
    """
    require(actor, Action.SEE_MODELS)
    use_case, scorer = desk.use_case(key), desk.scorer(key)
    now = datetime.now(UTC)
    last = until or now.date() + timedelta(days=1)
    window = Window(_start(since or last - timedelta(days=DAYS)), _start(last), now)
    beside = versions or [version for version in [desk.challenger_version(key)] if version]
    champion = ArmName(scorer.card.version, scorer.card.champion)
    named = tuple(dict.fromkeys((champion.version, *beside)))
    grown = *desk.log.water_mark(use_case), str(desk.log.scored_versions(use_case))  # a replay adds scores, not rows
    mark = (key, champion, named, window.since, window.until, segment, now.date(), *grown)
    with _guard:
        kept = _cached.setdefault(desk, OrderedDict())
        found = kept.get(mark)
    if found is not None and found[0] is use_case:
        return found[1]
    columns = [segment[0]] if segment else []
    rows = arm_rows(desk, use_case, named, window, columns)
    if segment:
        rows = rows.part(np.asarray(rows.raw[segment[0]].astype(str) == segment[1]))
    computed = compare(use_case, rows, champion, window, {segment[0]: segment[1]} if segment else {})
    with _guard:
        kept[mark] = (use_case, computed)
        while len(kept) > _KEPT:
            kept.popitem(last=False)
    return computed


def _start(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)


def compare(
    use_case: UseCase, rows: ArmRows, champion: ArmName, window: Window, segment: Mapping[str, str]
) -> Challengers:
    """Every figure and gain of rows that were read; nothing is cached here."""
    judged = rows.rows
    names = [str(champion), *(str(arm) for arm in rows.arms if arm != champion)]
    level = bonferroni_level(len(names) - 1)
    coverage = coverage_of(use_case, judged)
    drawn = _drawn(use_case, judged, names, coverage)
    primary = use_case.policy.primary_metric
    metrics = tuple(dict.fromkeys((primary, *PAIRED[use_case.task], *(drawn.metrics if drawn else ()))))
    weekly = per_week(judged)
    gains = {metric: _gains(use_case, judged, names, metric, drawn, (level, weekly)) for metric in metrics}
    arms = [_arm(use_case, rows, name, str(champion), metrics, drawn, gains) for name in names]
    if use_case.rules is not None:
        arms.append(_arm(use_case, rows, RULES, str(champion), metrics, drawn, gains))
    return Challengers(
        use_case=use_case.key,
        champion=str(champion),
        arms=tuple(arms),
        metrics=metrics,
        primary=primary,
        coverage=coverage,
        window=window,
        segment=segment,
        n_rows=len(judged),
        maturity=judged.maturity(),
        first=judged.days.min().astype(date) if len(judged) else None,
        last=judged.days.max().astype(date) if len(judged) else None,
        deciders={name: int((judged.decided_by == place).sum()) for place, name in enumerate(judged.deciders)},
        rows_per_week=weekly,
        level=level,
        rows=rows,
    )


def coverage_of(use_case: UseCase, judged: Judged) -> float:
    """Share of rows that is flagged where arms are compared at equal coverage: the capacity, or the highest band's."""
    if use_case.policy.capacity is not None:
        return use_case.policy.capacity
    first = use_case.policy.bands[0]
    share = first.share or float((judged.band == 0).mean() if len(judged) else 0.0)
    return min(max(share, 0.01), 0.99)


def per_week(judged: Judged) -> float:
    """Mature rows with an outcome that came in a week, over the days that have any."""
    days = judged.days[judged.counts]
    if len(days) == 0:
        return 0.0
    return len(days) / (int((days.max() - days.min()).astype(int)) + 1) * 7


def _drawn(use_case: UseCase, judged: Judged, names: Sequence[str], coverage: float) -> Drawn | None:
    """Figures that need draws, of every arm on the rows that may be judged."""
    kept = judged.counts
    if kept.sum() < 2:
        return None
    outcome, n_events = judged.outcome[kept], None
    if use_case.task is not Task.REGRESSION:
        n_events = int(np.bincount(outcome.astype(np.int64), minlength=len(use_case.target.classes)).min())
    arms: dict[str, Statistic] = {}
    metrics: tuple[str, ...] = ()
    for name in names:
        metrics, arms[name] = _statistic(use_case, outcome, judged.outputs[name][kept], coverage)
    if use_case.rules is not None and not np.isnan(judged.rules_score[kept]).any() and use_case.task is Task.BINARY:
        arms[RULES] = ranking_statistic(outcome, judged.rules_score[kept], coverage)[1]
    clusters = judged.clusters(kept)
    return draw_together(metrics, arms, len(outcome), SEED, n_events=n_events, clusters=clusters)


def _statistic(use_case: UseCase, outcome: Any, output: Any, coverage: float) -> tuple[tuple[str, ...], Statistic]:
    if use_case.task is Task.MULTICLASS:
        return class_statistic(outcome.astype(np.int64), output.argmax(axis=1), output.shape[1])
    if use_case.task is Task.REGRESSION:
        return value_statistic(outcome, output[:, 0])
    return ranking_statistic(outcome, output[:, 0], coverage)


def _gains(
    use_case: UseCase,
    judged: Judged,
    names: Sequence[str],
    metric: str,
    drawn: Drawn | None,
    facts: tuple[float, float],
) -> dict[str, Gain]:
    """Gains of all challengers and the rules over the champion; Holm counts the challengers."""
    level, weekly = facts
    found: dict[str, Difference] = {}
    for name in [*names[1:], *([RULES] if use_case.rules is not None else [])]:
        gain = _gain(use_case, judged, name, names[0], metric, drawn, level)
        if gain is not None:
            found[name] = gain
    models = [name for name in found if name != RULES]
    adjusted = dict(zip(models, holm([found[name].p for name in models]), strict=True))
    return {
        name: Gain(gain, adjusted.get(name, gain.p), *_needed(use_case, metric, gain, weekly))
        for name, gain in found.items()
    }


def _gain(
    use_case: UseCase, judged: Judged, name: str, champion: str, metric: str, drawn: Drawn | None, level: float
) -> Difference | None:
    if metric in PAIRED[use_case.task]:
        return gain_over(use_case, judged, name, champion, metric, level)
    if drawn is None or metric not in drawn.metrics or name not in drawn.draws:
        return None
    return drawn.gain(name, champion, metric, level)


def _needed(use_case: UseCase, metric: str, gain: Difference, weekly: float) -> tuple[int | None, float | None]:
    if metric != use_case.policy.primary_metric or not np.isfinite(gain.row_variance):
        return None, None
    n_needed = max(rows_needed(gain.row_variance, use_case.policy.minimum_gain), 1)
    return n_needed, weeks_until(n_needed, gain.n, weekly)


def _arm(
    use_case: UseCase,
    rows: ArmRows,
    name: str,
    champion: str,
    metrics: Sequence[str],
    drawn: Drawn | None,
    gains: Mapping[str, Mapping[str, Gain]],
) -> ArmResult:
    figures = {metric: _figure(use_case, rows.rows, name, metric, drawn) for metric in metrics}
    mine = {metric: found[name] for metric, found in gains.items() if name in found}
    if name == RULES:
        return ArmResult(RULES, "", RULES, "rules", figures, mine, None)
    arm = next(arm for arm in rows.arms if str(arm) == name)
    role = "champion" if name == champion else "challenger"
    latency = rows.latency_ms[arm.version]
    known = latency[~np.isnan(latency)]
    p95 = float(np.quantile(known, 0.95)) if len(known) else None
    return ArmResult(name, arm.version, arm.model, role, figures, mine, p95)


def _figure(use_case: UseCase, judged: Judged, name: str, metric: str, drawn: Drawn | None) -> Measured | None:
    if drawn is not None and metric in drawn.metrics and name in drawn.points:
        return drawn.figure(name, metric)
    if metric in PAIRED[use_case.task] and metric != "macro_f1" and judged.counts.any():
        return figure_of(use_case, judged, name, metric)
    return None
