"""One week or month of a use case's own time: what its scores promised and what came of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from core.domain.drift.concept import (
    ConceptLimits,
    LineDrift,
    Outcomes,
    Reference,
    difference,
    estimated,
    level_aside,
    line_drifts,
    persistent,
    realised,
)
from core.domain.judged import Judged
from core.domain.metrics.measured import MIN_EVENTS, Measured
from core.domain.outcome_level import LevelChange
from core.domain.usecase import Task, UseCase


class Ripe(StrEnum):
    """Whether a window can be judged."""

    JUDGED = "judged"
    FEW = "not enough rows"
    NOT_YET = "not yet"


class Kind(StrEnum):
    """What came over the outcomes of a window."""

    CONVERSION = "conversion"
    CONCEPT = "concept"
    CALIBRATION = "calibration"


@dataclass(frozen=True)
class ConceptWindow:
    """One window.

    Attributes
    ----------
    end, matures_on : date
        The day after its last day; the day on which all its rows are old enough.
    joined : bool
        Weeks or months put together, because one has too few rows to be judged.
    n, n_known : int
        Rows scored by the model; of these, rows old enough whose outcome is known.
    expected : Measured or None
        As the scores promise: of the judged rows, or of all rows where none are judged yet.
    realised, difference, aside : Measured or None
        `difference` is realised minus expected; `aside` the same with the level of outcomes as it was found.
    pooled : Measured or None
        The difference over this window and those before it together, where they are low and the level did not move.
    level_moved, converted : bool
        The outcome's rate or mean moved in these days; it did so for the worse, and other rows do not explain it.
    lines : tuple of LineDrift
        Empty where a class is too rare, or rows were scored by a version whose held-out rows are not those at hand.
    named : bool
        Concept drift, counted up to this window: k of the last n are worse, or the last n or 2 n taken together.
    """

    start: date
    end: date
    ripe: Ripe
    n: int
    n_known: int
    matures_on: date
    versions: tuple[str, ...]
    joined: bool = False
    expected: Measured | None = None
    realised: Measured | None = None
    difference: Measured | None = None
    aside: Measured | None = None
    pooled: Measured | None = None
    level_moved: bool = False
    converted: bool = False
    lines: tuple[LineDrift, ...] = ()
    line_limit: float = 0.1
    named: bool = False

    @property
    def below(self) -> bool:
        """The realised figure lies below its band."""
        return self.difference is not None and self.difference.high < 0

    @property
    def by_level(self) -> bool:
        """It does so only because the level of outcomes moved."""
        return self.below and self.level_moved and self.aside is not None and self.aside.high >= 0

    @property
    def worse(self) -> bool:
        """Below, and the level of outcomes does not explain it."""
        return self.below and not self.by_level

    @property
    def off_line(self) -> tuple[LineDrift, ...]:
        """Figures of the calibration line that left the held-out rows' own."""
        return tuple(item for item in self.lines if item.beyond(self.line_limit))

    @property
    def kind(self) -> Kind | None:
        """What came over the window, the most telling first."""
        if self.converted and not self.worse:
            return Kind.CONVERSION
        if self.worse or self.named:
            return Kind.CONCEPT
        return Kind.CALIBRATION if self.off_line else None


@dataclass(frozen=True)
class Move:
    """A stretch of days in which the level of outcomes left the weeks before it."""

    change: LevelChange
    harmful: bool  # fell; or, where nobody wants the outcome, moved at all
    explained: bool  # by the rows: the scores promised as much


@dataclass(frozen=True)
class Asked:
    """What windows are judged by."""

    use_case: UseCase
    model: str
    version: str | None
    reference: Reference
    limits: ConceptLimits
    known_on: date
    moves: Sequence[Move] = ()


@dataclass(frozen=True)
class Span:
    """The rows of one window, and its days."""

    rows: slice
    start: date
    end: date  # the day after the last
    joined: bool = False


def joined(spans: Sequence[Span], rows: Judged, asked: Asked) -> list[Span]:
    """Mature weeks or months put together until they have enough rows, oldest first, where most have too few.

    What is left at the end waits for more: a window that was judged once never changes its days.
    """
    judged = rows.counts & _told_rows(rows, asked.model)
    known = [int(judged[item.rows].sum()) for item in spans]
    if float(np.median([n for n in known if n] or [0])) >= asked.limits.minimum_rows:
        return list(spans)
    found: list[Span] = []
    open_since: Span | None = None
    for item in spans:
        if item.end + timedelta(days=asked.use_case.target.horizon_days) > asked.known_on:
            found.append(item)
            continue
        if open_since is not None:
            found.pop()
            item = Span(slice(open_since.rows.start, item.rows.stop), open_since.start, item.end, True)
        found.append(item)
        open_since = None if _enough(rows.part(item.rows), asked) else item
    return found


def _enough(rows: Judged, asked: Asked) -> bool:
    """Enough rows, and of every class enough, to be judged."""
    outcome = rows.outcome[rows.counts & _told_rows(rows, asked.model)]
    if len(outcome) < asked.limits.minimum_rows:
        return False
    n_classes = len(asked.use_case.target.classes)
    return n_classes == 0 or int(np.bincount(outcome.astype(np.int64), minlength=n_classes).min()) >= MIN_EVENTS


def window(rows: Judged, span: Span, asked: Asked) -> ConceptWindow:
    """The figures of one window's rows."""
    start, end = span.start, span.end
    scored = rows.part(_told_rows(rows, asked.model))
    judged = scored.part(scored.counts)
    matures_on = end + timedelta(days=asked.use_case.target.horizon_days)
    versions = tuple(rows.versions[place] for place in np.unique(rows.version).tolist())
    found = ConceptWindow(start, end, Ripe.FEW, len(scored), len(judged), matures_on, versions, span.joined)
    if len(scored) == 0:
        return found
    if matures_on > asked.known_on:
        promised = _told(estimated(outcomes_of(asked, scored), asked.reference))
        return replace(found, ripe=Ripe.NOT_YET, expected=promised)
    if len(judged) < asked.limits.minimum_rows:
        return found
    return _judged(found, outcomes_of(asked, judged), asked)


def _judged(found: ConceptWindow, rows: Outcomes, asked: Asked) -> ConceptWindow:
    figure, promised = realised(rows), _told(estimated(rows, asked.reference))
    if promised is None or not figure.enough or _told(figure) is None:
        return replace(found, expected=promised, realised=_told(figure))
    labels = asked.use_case.target.classes[1:] if len(asked.use_case.target.classes) == 2 else None
    own = set(found.versions) == {asked.version}
    moves = [item for item in asked.moves if item.change.first < found.end and item.change.last >= found.start]
    return replace(
        found,
        ripe=Ripe.JUDGED,
        expected=promised,
        realised=figure,
        difference=difference(figure, promised, rows),
        aside=level_aside(rows, asked.reference),
        level_moved=bool(moves),
        converted=any(item.harmful and not item.explained for item in moves),
        lines=line_drifts(rows, asked.reference, labels or asked.use_case.target.classes) if own else (),
        line_limit=asked.limits.line,
    )


def outcomes_of(asked: Asked, rows: Judged) -> Outcomes:
    """Rows as the measures take them."""
    clusters = rows.clusters(np.ones(len(rows), dtype=bool))
    return Outcomes(asked.use_case.task, rows.outcome, rows.outputs[asked.model], rows.days, clusters)


def _told(figure: Measured) -> Measured | None:
    return figure if np.isfinite([figure.value, figure.low, figure.high]).all() else None


def named(windows: Sequence[ConceptWindow], rows: Judged, asked: Asked) -> tuple[ConceptWindow, ...]:
    """The windows, with concept drift named where it persists."""
    found: list[ConceptWindow] = []
    judged: list[ConceptWindow] = []
    for item in windows:
        done = item
        if item.ripe is Ripe.JUDGED:
            judged.append(item)
            still = [seen for seen in judged if not seen.level_moved]
            pooled = None if item.level_moved else _pooled(still, rows, asked)
            often = item.worse and persistent([seen.worse for seen in judged], asked.limits.persistence)
            done = replace(item, pooled=pooled, named=often or (pooled is not None and pooled.high < 0))
        found.append(done)
    return tuple(found)


def _pooled(judged: Sequence[ConceptWindow], rows: Judged, asked: Asked) -> Measured | None:
    """Realised minus estimated over the latest windows together, of the longer or the shorter run: the clearer one.

    No single window makes it, and none that is over: k of n of them must be low, the latest k among them, and the
    latest at least half as low as all together. Of classes only: a few extreme values make or break R2, and the band
    of many windows together is too narrow to know them.
    """
    k, n = asked.limits.persistence
    found = None
    if asked.use_case.task is Task.REGRESSION:
        return found
    for length in (n, 2 * n):
        last = judged[-length:]
        low = [item.difference is not None and item.difference.value < 0 for item in last]
        if len(last) == length and all(low[-k:]) and sum(low) * n >= k * length:
            told = rows_of(rows, last, asked)
            apart = difference(realised(told), estimated(told, asked.reference), told, asked.limits.together)
            lasting = last[-1].difference is not None and last[-1].difference.value <= apart.value / 2
            found = apart if lasting and (found is None or apart.high < found.high) else found
    return found


def rows_of(rows: Judged, windows: Sequence[ConceptWindow], asked: Asked) -> Outcomes:
    """The judged rows of some windows together."""
    borders = [np.searchsorted(rows.days, np.array([item.start, item.end], "datetime64[D]")) for item in windows]
    part = rows.part(np.concatenate([np.arange(first, last) for first, last in borders]))
    return outcomes_of(asked, part.part(part.counts & _told_rows(part, asked.model)))


def _told_rows(rows: Judged, model: str) -> NDArray[np.bool_]:
    """Rows that the model has scored; a version may have had no such model."""
    return np.asarray(~np.isnan(rows.outputs[model]).any(axis=1))
