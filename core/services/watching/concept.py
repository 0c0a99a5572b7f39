"""Do outcomes still follow the scores?  Concept drift, a drop against the reference, calibration and conversion."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime

import numpy as np

from core.domain.compare.several import bonferroni_level
from core.domain.drift.concept import ConceptLimits, Outcomes, Reference
from core.domain.judged import METRICS, Judged
from core.domain.outcome_level import LevelChange, Stretch, level_changes, runs
from core.domain.usecase import Task, UseCase
from core.services.access import Action, Actor, require
from core.services.desk import Desk
from core.services.governing.acting import acting_model
from core.services.judging import judged_rows
from core.services.kept import kept
from core.services.performance import day_after, first_days, slices
from core.services.rebuilding.retraining_due import reference_figure
from core.services.reference import typed_columns
from core.services.training import read_target
from core.services.watching import concept_judged
from core.services.watching.concept_judged import ConceptJudgement, Seen
from core.services.watching.concept_window import Asked, ConceptWindow, Move, Ripe, Span, joined, named, rows_of, window

LIMITS = ConceptLimits()
MOST_WINDOWS = 60
BEFORE_WINDOWS = 3  # that a level is compared with at least


@dataclass(frozen=True)
class ConceptState:
    """Windows of a use case in the order of time, and the four things they are judged by, as known on a day.

    Attributes
    ----------
    moves : tuple of Move
        Every stretch of days in which the outcome's rate or mean left the weeks before it.
    concept, drop, calibration, conversion : ConceptJudgement
        As things stand: of the latest mature windows.
    """

    use_case: str
    model: str
    version: str | None
    metric: str
    step: str  # week | month; where these have few rows they are joined
    horizon_days: int
    known_on: date
    limits: ConceptLimits
    windows: tuple[ConceptWindow, ...]
    moves: tuple[Move, ...]
    concept: ConceptJudgement
    drop: ConceptJudgement
    calibration: ConceptJudgement
    conversion: ConceptJudgement

    @property
    def judgements(self) -> tuple[ConceptJudgement, ...]:
        """All four, concept drift first."""
        return self.concept, self.drop, self.calibration, self.conversion

    @property
    def judged(self) -> tuple[ConceptWindow, ...]:
        """The windows that could be judged."""
        return tuple(item for item in self.windows if item.ripe is Ripe.JUDGED)

    @property
    def next_on(self) -> date | None:
        """When the next window matures; None where none waits."""
        return min((item.matures_on for item in self.windows if item.ripe is Ripe.NOT_YET), default=None)


def concept(desk: Desk, actor: Actor, key: str, now: datetime | None = None) -> ConceptState:
    """What a person sees of it."""
    require(actor, Action.SEE_MODELS)
    return concept_state(desk, key, now)


def concept_state(desk: Desk, key: str, now: datetime | None = None) -> ConceptState:
    """Every window and what follows, as known at a time; kept until the log, the acting model or the day changes.

    Raises
    ------
    NotReady
        Nothing is trained yet.
    """
    use_case, at = desk.use_case(key), now or datetime.now(UTC)
    desk.scorer(key)
    mark = ("concept", str(desk.acting(key)), at.date(), *desk.log.water_mark(use_case))
    return kept(desk, use_case, mark, lambda: _compute(desk, use_case, at))


def _compute(desk: Desk, use_case: UseCase, at: datetime) -> ConceptState:
    model, acting = acting_model(desk, use_case), desk.acting(use_case.key)
    rows = judged_rows(use_case, desk.log.judged(use_case, at))
    metric = METRICS[use_case.task][0]
    step, starts = first_days(use_case, rows)
    reference = held_out(desk, use_case, model)
    version = None if acting is None else acting.version
    asked = Asked(use_case, model, version, reference, LIMITS, at.date())
    pairs = zip(slices(rows.days, starts), starts, strict=True)
    spans = [Span(part, start.astype(date), day_after(start, step)) for part, start in pairs]
    spans = joined(spans, rows, asked)
    changes = level_of(asked, rows, spans)
    moves = _moves(use_case, changes)
    asked = replace(asked, moves=moves)
    found = [window(rows.part(span.rows), span, asked) for span in spans[-MOST_WINDOWS:]]
    windows = named(found, rows, asked)
    recent = _recent(rows, windows, asked)
    seen = Seen(use_case, metric, step, LIMITS, windows)
    return ConceptState(
        use_case=use_case.key,
        model=model,
        version=version,
        metric=metric,
        step=step,
        horizon_days=use_case.target.horizon_days,
        known_on=at.date(),
        limits=LIMITS,
        windows=windows,
        moves=tuple(moves),
        concept=concept_judged.concept(seen),
        drop=concept_judged.drop(seen, recent, reference_figure(desk, use_case, metric)),
        calibration=concept_judged.calibration(seen),
        conversion=concept_judged.conversion(seen, changes),
    )


def held_out(desk: Desk, use_case: UseCase, model: str) -> Reference:
    """What the acting version's held-out rows say of the model; nothing where they have no outcome."""
    scorer = desk.scorer(use_case.key)
    table = scorer.bundle.reference
    said = scorer.score(typed_columns(use_case.schema, table), table.num_rows)
    outputs, outcome = said.outputs.get(model), np.empty(0)
    if use_case.target.name in table.column_names:
        outcome = read_target(use_case, table[use_case.target.name].to_pylist()).astype(np.float64)
    if outputs is None or len(outcome) == 0:
        width = len(use_case.output_names)
        outputs, outcome = np.empty((0, width)), np.empty(0)
    told = ~np.isnan(outcome)
    days = np.zeros(int(told.sum()), dtype="datetime64[D]")
    return Reference.of(Outcomes(use_case.task, outcome[told], outputs[told], days))


def level_of(asked: Asked, rows: Judged, spans: Sequence[Span]) -> list[LevelChange]:
    """The outcome's rate (of the last class) or mean in stretches as long as windows are, against those before."""
    use_case, limits = asked.use_case, asked.limits
    judged = rows.part(rows.counts & ~np.isnan(rows.outputs[asked.model]).any(axis=1))
    values = judged.outcome
    if use_case.task is Task.MULTICLASS:
        values = (values == len(use_case.target.classes) - 1).astype(np.float64)
    width = int(np.median([(span.end - span.start).days for span in spans])) if spans else 1
    before = max(limits.before_days, BEFORE_WINDOWS * width)
    level = bonferroni_level(1 if use_case.higher_is_better else 2, limits.change_level)  # see `_moves`
    return level_changes(
        judged.days,
        values,
        judged.outputs[asked.model][:, -1],
        Stretch(width, before, limits.minimum_rows, level),
        judged.clusters(np.ones(len(judged), dtype=bool)),
    )


def _moves(use_case: UseCase, changes: Sequence[LevelChange]) -> list[Move]:
    """Falls, and rises: these do harm where nobody wants the outcome."""
    found = []
    for rises in (False, True):
        harmful = not rises or not use_case.higher_is_better
        for item in runs(changes, LIMITS.level_change, rises=rises):
            found.append(Move(item, harmful, item.explained(rises=rises)))
    return sorted(found, key=lambda item: item.change.first)


def _recent(rows: Judged, windows: Sequence[ConceptWindow], asked: Asked) -> Outcomes | None:
    """The rows of the last judged windows that the acting version alone has scored."""
    own = [item for item in windows if item.ripe is Ripe.JUDGED and set(item.versions) == {asked.version}]
    return rows_of(rows, own[-asked.limits.persistence[1] :], asked) if own else None


def spells(state: ConceptState) -> list[tuple[date, date]]:
    """First day, and the day after the last, of every run of windows in which concept drift is named.

    A run begins with the first window that was below its band among the n in which it was named.
    """
    found: list[tuple[date, date]] = []
    judged, n = state.judged, state.limits.persistence[1]
    for place, item in enumerate(judged):
        if not item.named:
            continue
        if found and judged[place - 1].end == found[-1][1]:
            found[-1] = (found[-1][0], item.end)
            continue
        since = found[-1][1] if found else date.min
        first = [w.start for w in judged[max(place - n + 1, 0) : place + 1] if w.worse and w.start >= since]
        found.append((min([*first, item.start]), item.end))
    return found
