"""Windows judged: what is out of order as things stand, in a sentence with its value, limit, n and interval."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from core.domain.alert import State
from core.domain.drift.concept import ConceptLimits, Outcomes, drop_against, persistent, realised
from core.domain.metrics.catalogue import metric_of
from core.domain.metrics.measured import MIN_EVENTS, Measured
from core.domain.outcome_level import LevelChange
from core.domain.usecase import Task, UseCase
from core.services.watching.concept_window import ConceptWindow, Ripe


@dataclass(frozen=True)
class ConceptJudgement:
    """One thing that was looked at, as things stand.

    `value`, `low`, `high` and `limit` are in one unit: a shortfall of the figure, a share of the reference above
    guessing, a move of the calibration line, a share of the level before. More is worse.
    """

    about: str  # concept | drop | calibration | conversion
    state: State
    sentence: str
    value: float | None = None
    limit: float | None = None
    n: int | None = None
    low: float | None = None
    high: float | None = None
    of: date | None = None  # first day of the latest window that it rests on
    explained: bool = False  # conversion: other rows came in, and the scores promised as much


@dataclass(frozen=True)
class Seen:
    """What the judgements read."""

    use_case: UseCase
    metric: str
    step: str
    limits: ConceptLimits
    windows: Sequence[ConceptWindow]

    @property
    def label(self) -> str:
        return metric_of(self.metric).label

    @property
    def judged(self) -> list[ConceptWindow]:
        return [item for item in self.windows if item.ripe is Ripe.JUDGED]

    @property
    def noun(self) -> str:
        """What a window is called."""
        return noun_of(self.windows, self.step)

    def of(self, item: ConceptWindow) -> str:
        """A window in words: the week of a day, or from day to day."""
        if not item.joined:
            return f"the {self.step} of {day(item.start)}"
        return f"{day(item.start)} to {day(item.end - timedelta(days=1))}"


def noun_of(windows: Sequence[ConceptWindow], step: str) -> str:
    """Week or month; "window" where some had to be joined."""
    return "window" if any(item.joined for item in windows) else step


def day(when: date) -> str:
    """A day in words.

    >>> day(date(2026, 3, 2))
    '2 Mar 2026'
    """
    return f"{when.day} {when:%b %Y}"


def concept(seen: Seen) -> ConceptJudgement:
    """Below the band in k of the last n mature windows, or in these together; the level of outcomes aside."""
    if not seen.judged:
        return ConceptJudgement("concept", State.NOT_APPLICABLE, _nothing(seen))
    k, n = seen.limits.persistence
    last = seen.judged[-n:]
    bad = last[-1].named or persistent([item.worse for item in last], seen.limits.persistence)
    shown = next((item for item in reversed(last) if item.worse), last[-1])
    figure, promised, apart = shown.realised, shown.expected, shown.difference
    assert figure is not None and promised is not None and apart is not None
    said = (
        f"{seen.label} {figure.value:.3f} realised on {figure.n:,} rows of {seen.of(shown)}, "
        f"{promised.value:.3f} estimated (difference {apart.value:+.3f}, 95 % {apart.low:+.3f} to {apart.high:+.3f}); "
        f"below what the scores promise in {sum(item.worse for item in last)} of the last {len(last)} mature "
        f"{seen.noun}s ({k} of {n} make concept drift)"
    )
    return ConceptJudgement(
        "concept",
        State.BREACH if bad else State.OK,
        f"{said}{_together(seen, last)}.{_by_level(seen, last)}",
        value=-apart.value,
        limit=promised.value - promised.low,
        n=figure.n,
        low=-apart.high,
        high=-apart.low,
        of=shown.start,
    )


def _together(seen: Seen, last: Sequence[ConceptWindow]) -> str:
    pooled = last[-1].pooled
    if pooled is None:
        return ""
    return (
        f"; with the {seen.noun}s before it {pooled.value:+.3f} on {pooled.n:,} rows "
        f"({seen.limits.together:.0%} {pooled.low:+.3f} to {pooled.high:+.3f})"
    )


def _by_level(seen: Seen, last: Sequence[ConceptWindow]) -> str:
    n = sum(item.by_level for item in last)
    return f" Below in {n} more only because the level of outcomes moved." if n else ""


def drop(seen: Seen, recent: Outcomes | None, reference: Measured | None) -> ConceptJudgement:
    """The figure of the last n mature windows against the held-out rows: over 5 % of what lies above guessing."""
    if recent is None or reference is None:
        why = "The acting model has no reference to compare with." if reference is None else _nothing(seen)
        return ConceptJudgement("drop", State.NOT_APPLICABLE, why)
    current = realised(recent)
    found, share = drop_against(current, reference)
    if not math.isfinite(found.low):
        return ConceptJudgement("drop", State.NOT_APPLICABLE, _nothing(seen))
    limit = seen.limits.drop
    bad = share > limit and found.low > 0
    scale = share / found.value if found.value else 0.0
    above = " above guessing" if seen.metric != "r2" else ""
    said = (
        f"{seen.label} {current.value:.3f} on {current.n:,} mature rows since {day(recent.days[0].astype(date))}, "
        f"{reference.value:.3f} on {reference.n:,} held-out ones: {abs(share):.1%} "
        f"{'less' if share > 0 else 'more'}{above} (difference {-found.value:+.3f}, 95 % {-found.high:+.3f} to "
        f"{-found.low:+.3f}; limit {limit:.0%} and beyond noise)."
    )
    state = State.BREACH if bad else State.OK
    facts = (share, limit, current.n, found.low * scale, found.high * scale)
    return ConceptJudgement("drop", state, said, *facts, of=seen.judged[-1].start)


def calibration(seen: Seen) -> ConceptJudgement:
    """Intercept or slope left the held-out rows' own line in k of the last n mature windows."""
    told = [item for item in seen.judged if item.lines]
    if not told:
        return ConceptJudgement("calibration", State.NOT_APPLICABLE, _nothing(seen))
    last = told[-seen.limits.persistence[1] :]
    flags = [bool(item.off_line) for item in last]
    bad = persistent(flags, seen.limits.persistence)
    shown = next((item for item in reversed(last) if item.off_line), last[-1])
    worst = max(shown.off_line or shown.lines, key=lambda item: abs(item.drift.value))
    of = f" of '{worst.label}'" if worst.label else ""
    said = (
        f"The calibration {worst.name}{of} is {worst.now:.2f} on {shown.n_known:,} rows of "
        f"{seen.of(shown)}, {worst.then:.2f} on held-out ones (difference {worst.drift.value:+.2f}, "
        f"{worst.drift.low:+.2f} to {worst.drift.high:+.2f} after correction; limit {seen.limits.line:.2f}); beyond "
        f"noise in {sum(flags)} of the last {len(last)} mature {seen.noun}s."
    )
    sign = -1.0 if worst.drift.value < 0 else 1.0
    low, high = sorted((sign * worst.drift.low, sign * worst.drift.high))
    state = State.BREACH if bad else State.OK
    facts = (abs(worst.drift.value), seen.limits.line, shown.n_known, low, high)
    return ConceptJudgement("calibration", state, said, *facts, of=shown.start)


def conversion(seen: Seen, changes: Sequence[LevelChange]) -> ConceptJudgement:
    """The outcome's level in the latest mature days against the weeks before them.

    An outcome that nobody wants is looked at both ways: more of it does harm, and less of it is as a rule a feed of
    outcomes that broke.
    """
    if not changes:
        return ConceptJudgement("conversion", State.NOT_APPLICABLE, _nothing(seen))
    last, limit = changes[-1], seen.limits.level_change
    either = not seen.use_case.higher_is_better
    rises = either and last.change.value > 0
    sign = 1.0 if rises else -1.0
    low, high = sorted((sign * last.change.low, sign * last.change.high))
    return ConceptJudgement(
        "conversion",
        State.BREACH if last.moved(limit, rises=rises) else State.OK,
        level_said(seen.use_case, last, seen.limits),
        value=sign * last.change.value,
        limit=limit,
        n=last.change.n,
        low=low,
        high=high,
        of=last.first,
        explained=last.explained(rises=rises),
    )


def level_said(use_case: UseCase, item: LevelChange, limits: ConceptLimits) -> str:
    """A stretch's level against the weeks before it, as a sentence."""
    name = use_case.target.name
    what = {Task.BINARY: f"rate of {name}", Task.MULTICLASS: f"share of '{(use_case.target.classes or ('',))[-1]}'"}
    form = ",.4g" if use_case.task is Task.REGRESSION else ".1%"
    return (
        f"The {what.get(use_case.task, f'mean {name}')} is {item.now:{form}} in {item.change.n:,} mature rows of "
        f"{day(item.first)} to {day(item.last)}, {item.before:{form}} in {item.n_before:,} before: "
        f"{item.change.value:+.1%} ({item.level:.1%} interval {item.change.low:+.1%} to "
        f"{item.change.high:+.1%}; limit {limits.level_change:.0%} and beyond noise). The scores promised "
        f"{item.promised:+.1%}; the rest, {item.unexplained.value:+.1%}, lies in {item.unexplained.low:+.1%} to "
        f"{item.unexplained.high:+.1%}."
    )


def _nothing(seen: Seen) -> str:
    """Why nothing can be judged, and when that ends."""
    waiting = [item for item in seen.windows if item.ripe is Ripe.NOT_YET]
    most = max((item.n_known for item in seen.windows if item.ripe is Ripe.FEW), default=0)
    few = f"not enough rows: {most:,} of {seen.limits.minimum_rows} in any mature {seen.noun}"
    if most >= seen.limits.minimum_rows:
        few = f"no mature {seen.noun} has {MIN_EVENTS} rows of every class"
    if not waiting:
        return f"Nothing to judge: {few}." if seen.windows else "Nothing to judge: no row has been scored yet."
    first = min(waiting, key=lambda item: item.matures_on)
    days = seen.use_case.target.horizon_days
    last = first.end - timedelta(days=1)
    return (
        f"Not yet: {few}; the {seen.step} of {day(first.start)} to {day(last)} matures on {day(first.matures_on)}, "
        f"{days} days after it ends."
    )
