"""Whether outcomes still follow the scores: realised against estimated, the calibration line, the level of outcomes.

Three ways in which the world can leave a model behind, told apart:

===============  ====================================================================================================
concept drift    the main figure lies below the band that the scores themselves promise, in k of the last n mature
                 windows, or (of classes) in the last n or 2 n taken together; not only because the level moved
calibration      the intercept or the slope of outcomes on scores is another than on the held-out rows
conversion       the outcome's rate (or mean) fell against the days before
===============  ====================================================================================================

A band is the estimate's own (CBPE, DLE: `core.domain.estimation`): what so many rows realise, were the scores right.
It is moved by how far off it was on the held-out rows, and widened by the error of that.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from core.domain.compare.guardrails import chance_line, value_line
from core.domain.compare.several import bonferroni_level
from core.domain.estimation import expected_auc, expected_r2
from core.domain.features import Floats
from core.domain.metrics.influence import Codes, macro_auc_of, r2_of, standard_error
from core.domain.metrics.influence import auc_of as area_of
from core.domain.metrics.intervals import z_value
from core.domain.metrics.measured import LEVEL, MIN_EVENTS, Measured
from core.domain.usecase import Task

EXTREME = 2.0  # a figure whose own interval is so many times the band's is made by a few rows
CHANCE = {"auc": 0.5, "macro_auc": 0.5}  # what guessing reaches; a drop is told as a share of what lies above


@dataclass(frozen=True)
class ConceptLimits:
    """What counts as out of order, and from how many rows on."""

    minimum_rows: int = 170  # of a window, with a mature outcome
    persistence: tuple[int, int] = (2, 3)  # k of the last n mature windows
    drop: float = 0.05  # of the reference figure's part above guessing
    line: float = 0.10  # intercept (log-odds; sd of the target for values) and slope, against the held-out rows
    level_change: float = 0.10  # of the outcome's rate or mean before
    together: float = 0.99  # level of the interval of several windows taken together
    change_level: float = 0.99  # of the interval of that change, corrected where it is looked at either way
    before_days: int = 84  # that a level is compared with


@dataclass(frozen=True)
class Outcomes:
    """Judged rows of one model: outcomes known, old enough.

    Attributes
    ----------
    outcome : array, shape (n_rows,)
        0/1, the class's position, or the value.
    outputs : array, shape (n_rows, k)
        The model's, as scored.
    days : array of datetime64[D], shape (n_rows,), ascending
    clusters : array of int64, shape (n_rows,), or None
        Entity codes from 0; None where no entity repeats.
    """

    task: Task
    outcome: Floats
    outputs: Floats
    days: NDArray[np.datetime64]
    clusters: Codes | None = None

    def __len__(self) -> int:
        return len(self.outcome)


@dataclass(frozen=True)
class Reference:
    """What the held-out rows of a version say: how far the estimate is off on them, and their calibration lines."""

    rows: Outcomes
    gap: float  # realised minus estimated
    error: float  # of the gap, half a 95 % interval

    @classmethod
    def of(cls, rows: Outcomes) -> Reference:
        """From held-out rows with their outcomes; without two classes the gap is unknown and taken as none."""
        plain = cls(rows, 0.0, 0.0)
        found, expected = realised(rows), _promised(rows, plain)
        gap = found.value - expected.value
        return plain if math.isnan(gap) else cls(rows, gap, (expected.high - expected.low) / 2)


def realised(rows: Outcomes) -> Measured:
    """The main figure: AUC, macro AUC, or R2."""
    if rows.task is Task.REGRESSION:
        return r2_of(rows.outcome, rows.outputs[:, 0], rows.clusters)
    if rows.task is Task.BINARY:
        return area_of(rows.outcome, rows.outputs[:, 0], rows.clusters)
    return macro_auc_of(rows.outcome.astype(np.int64), rows.outputs, rows.clusters)


def estimated(rows: Outcomes, reference: Reference) -> Measured:
    """The same figure as the scores promise it, moved and widened by what the held-out rows showed."""
    return _corrected(_promised(rows, reference), reference)


def _promised(rows: Outcomes, reference: Reference) -> Measured:
    if rows.task is Task.REGRESSION:
        return expected_r2(reference.rows.outputs[:, 0], reference.rows.outcome, rows.outputs[:, 0])
    name = "auc" if rows.task is Task.BINARY else "macro_auc"
    return expected_auc(name, rows.outputs, rows.outputs)


def _corrected(found: Measured, reference: Reference) -> Measured:
    value = found.value + reference.gap
    low = value - math.hypot(found.value - found.low, reference.error)
    high = value + math.hypot(found.high - found.value, reference.error)
    return replace(found, value=min(value, 1.0), low=low, high=min(high, 1.0))


def difference(found: Measured, expected: Measured, rows: Outcomes, level: float = LEVEL) -> Measured:
    """Realised minus estimated, with the band around the estimate as its interval, at a level.

    The band is what so many rows realise, were the scores right. It knows neither of entities that repeat nor of a few
    extreme values that make the figure: there the realised figure's own error counts, where it is the larger one. They
    are errors of the same draw, not two.
    """
    scale = z_value(level) / z_value()
    value = found.value - expected.value
    below, above = expected.high - expected.value, expected.value - expected.low
    extreme = found.high - found.low > EXTREME * (expected.high - expected.low)
    if extreme or rows.clusters is not None:
        below, above = max(below, found.value - found.low), max(above, found.high - found.value)
    method = f"band of the estimate ({expected.method})"
    return Measured(
        "difference", value, value - scale * below, value + scale * above, found.n, found.n_events, method
    )  # fmt: skip


def level_aside(rows: Outcomes, reference: Reference) -> Measured:
    """Realised minus estimated, were the outcomes' level as it was found: what is left is the link with the inputs.

    Classes: the same share of every class that is too frequent turns into classes that are too rare, whatever the row.
    Values: the mean error of each day is taken out.
    """
    if rows.task is Task.REGRESSION:
        _, day = np.unique(rows.days, return_inverse=True)
        errors = rows.outcome - rows.outputs[:, 0]
        mean = np.bincount(day, weights=errors) / np.bincount(day)
        evened = replace(rows, outcome=rows.outcome - mean[day])
        return difference(realised(evened), estimated(rows, reference), rows)
    chances = rows.outputs
    if rows.task is Task.BINARY:
        chances = np.column_stack([1 - rows.outputs[:, 0], rows.outputs[:, 0]])
    shares = np.bincount(rows.outcome.astype(np.int64), minlength=chances.shape[1]) / len(rows)
    chances = evened_chances(chances, shares)
    if rows.task is Task.BINARY:
        chances = chances[:, 1:]
    expected = expected_auc("auc" if rows.task is Task.BINARY else "macro_auc", chances, rows.outputs)
    return difference(realised(rows), _corrected(expected, reference), rows)


def evened_chances(chances: Floats, shares: Floats) -> Floats:
    """Chances whose means are these shares, by turning the same part of each excess into what is lacking.

    Parameters
    ----------
    chances : array, shape (n_rows, n_classes)
    shares : array, shape (n_classes,), sum 1

    Examples
    --------
    >>> evened_chances(np.array([[0.2, 0.8], [0.6, 0.4]]), np.array([0.7, 0.3])).round(2).tolist()
    [[0.6, 0.4], [0.8, 0.2]]
    """
    means = chances.mean(axis=0)
    excess, lacking = np.maximum(means - shares, 0), np.maximum(shares - means, 0)
    if lacking.sum() == 0:
        return chances
    lost = excess / np.maximum(means, 1e-12)
    return np.asarray(chances * (1 - lost) + (chances @ lost)[:, None] * lacking / lacking.sum())


@dataclass(frozen=True)
class LineDrift:
    """One figure of a calibration line beside the held-out rows' own; `label` is the class, "" for values."""

    name: str  # intercept (at slope 1) | slope
    label: str
    now: float
    then: float
    drift: Measured  # now minus then, at a level that allows for the number of figures

    def beyond(self, limit: float) -> bool:
        """More than the limit away, and no change is excluded."""
        return abs(self.drift.value) > limit and not self.drift.low <= 0 <= self.drift.high


def line_drifts(rows: Outcomes, reference: Reference, labels: Sequence[str]) -> tuple[LineDrift, ...]:
    """Intercept and slope now against the held-out rows, of every class; () with fewer than 30 rows of a class.

    Parameters
    ----------
    rows : Outcomes
    reference : Reference
    labels : sequence of str
        The classes that are looked at, the last ones of the outputs' order; () for values.
    """
    now, then = _lines(rows, reference), _lines(reference.rows, reference)
    if now is None or then is None:
        return ()
    names = [(kind, label) for label in (labels or ("",)) for kind in ("intercept", "slope")]
    z = z_value(bonferroni_level(len(names)))
    found = []
    for (kind, label), (value, influence), (held, its) in zip(names, now, then, strict=True):
        half = z * math.hypot(standard_error(influence, rows.clusters), standard_error(its, reference.rows.clusters))
        drift = Measured(kind, value - held, value - held - half, value - held + half, len(rows), None, "two lines")
        found.append(LineDrift(kind, label, value, held, drift))
    return tuple(found)


def _lines(rows: Outcomes, reference: Reference) -> list[tuple[float, Floats]] | None:
    """Intercept, slope, intercept, slope... with influences; None where a class is too rare."""
    if rows.task is Task.REGRESSION:
        spread = float(reference.rows.outcome.std())
        return [*value_line(rows.outcome, rows.outputs[:, 0], spread)] if len(rows) >= MIN_EVENTS else None
    codes = [1] if rows.task is Task.BINARY else range(rows.outputs.shape[1])
    hits = [(rows.outcome == code).astype(np.float64) for code in codes]
    if any(min(hit.sum(), len(hit) - hit.sum()) < MIN_EVENTS for hit in hits):
        return None
    return [item for hit, p in zip(hits, rows.outputs.T, strict=True) for item in chance_line(hit, p)]


def drop_against(current: Measured, reference: Measured) -> tuple[Measured, float]:
    """How far a figure is below its reference, and that as a share of the reference's part above guessing.

    The two are of different rows, so the variance of their difference is the sum of theirs.

    Examples
    --------
    >>> then, now = (Measured("auc", v, v - 0.01, v + 0.01, 900, 90, "") for v in (0.8, 0.77))
    >>> drop, share = drop_against(now, then)
    >>> round(drop.value, 3), round(drop.low, 3), round(share, 3)
    (0.03, 0.016, 0.1)
    """
    value = reference.value - current.value
    half = math.hypot(current.high - current.low, reference.high - reference.low) / 2
    share = value / abs(reference.value - CHANCE.get(reference.name, 0.0))
    return Measured("drop", value, value - half, value + half, current.n, current.n_events, "two samples"), share


def persistent(flags: Sequence[bool], persistence: tuple[int, int]) -> bool:
    """Whether k of the last n windows are flagged.

    >>> persistent([True, False, True], (2, 3)), persistent([True, True, False, False], (2, 3))
    (True, False)
    """
    k, n = persistence
    return sum(flags[-n:]) >= k
