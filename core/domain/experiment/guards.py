"""What a challenger must not do while it is tried: fail, be slow, or score what it was never measured on.

Each is a rate with its exact lower bound, so that an experiment turns back on evidence and not on one bad row.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import numpy as np

from core.domain.experiment.bounds import Bound, rate_bound
from core.domain.features import Floats

ERROR_LIMIT = 0.02
SLOWER = 0.5  # p95, relative
ERRORS, LATENCY, DRIFT = "Errors", "Latency", "Score drift"
DRIFT_FACTOR = 2.0  # times the share of held-out rows
LEAST = 30  # rows before a guardrail holds
NO_ROW = "No row was scored in this stage yet."
LEAST_TIMED = 60  # measurements before a p95 has an upper bound: 1 - .95^n >= .95
LOOKS = 100  # each look gets its hundredth of the error: about hourly over bake and watch


class GuardState(StrEnum):
    """What a guardrail says."""

    HOLDS = "holds"
    BREACHED = "breached"
    FEW = "not enough rows"
    NOT_ASKED = "not asked"


@dataclass(frozen=True)
class Guard:
    """One guardrail on the rows of a stage."""

    name: str
    state: GuardState
    sentence: str
    turns_back: bool  # a breach ends the experiment by itself
    bound: Bound | None = None

    @property
    def holds_up(self) -> bool:
        """Whether a stage may not be left because of it: a breach, or too few rows to have seen a failure.

        Too few measured times hold nothing up: where rows come in files nobody waits for one.
        """
        return self.state is GuardState.BREACHED or (self.state is GuardState.FEW and self.name == ERRORS)


def error_guard(n_failed: int, n_rows: int) -> Guard:
    """Rows that the challenger could not score; the champion decided them.

    >>> error_guard(0, 200).state, error_guard(30, 500).state, error_guard(0, 12).state
    (<GuardState.HOLDS: 'holds'>, <GuardState.BREACHED: 'breached'>, <GuardState.FEW: 'not enough rows'>)
    """
    if not n_rows:
        return Guard(ERRORS, GuardState.FEW, NO_ROW, True)
    bound = rate_bound("error rate", n_failed, n_rows, ERROR_LIMIT, LOOKS)
    said = (
        f"The challenger failed on {n_failed:,} of {n_rows:,} rows ({bound.rate:.1%}, lower bound {bound.low:.1%}); "
        f"it turns back when that bound is above {ERROR_LIMIT:.0%}."
    )
    return Guard(ERRORS, _state(bound), said, True, bound)


def latency_guard(champion: Floats, challenger: Floats, other_version: bool) -> Guard:
    """Measurements of the challenger beyond one and a half times the champion's p95.

    Parameters
    ----------
    champion, challenger : arrays, shape (n_measurements,)
        Milliseconds per row, NaN where not measured.
    other_version : bool
        False: one computation serves both arms, so there is nothing to compare.

    Notes
    -----
    If the challenger's p95 is at most that limit, at most 5 % of its measurements are above; so the bound is that of a
    rate. The limit stands on the upper bound of the champion's p95 (order statistics).
    """
    name = LATENCY
    if not other_version:
        return Guard(name, GuardState.NOT_ASKED, "Both arms are models of one version: scored together.", True)
    mine, theirs = champion[~np.isnan(champion)], challenger[~np.isnan(challenger)]
    few = min(len(mine), len(theirs))
    if few < LEAST_TIMED:
        return Guard(name, GuardState.FEW, f"{few} of {LEAST_TIMED} measurements; a chunk of a file is one.", True)
    limit = (1 + SLOWER) * _upper_p95(mine)
    bound = rate_bound("slow rows", int((theirs > limit).sum()), len(theirs), 0.05, LOOKS)
    said = (
        f"p95 {np.quantile(theirs, 0.95):.2f} ms against {np.quantile(mine, 0.95):.2f} ms of the champion; "
        f"{bound.rate:.1%} of {bound.n:,} measurements above {limit:.2f} ms (its p95 and half of it), lower bound "
        f"{bound.low:.1%}; it turns back when that bound is above 5%."
    )
    return Guard(name, _state(bound), said, True, bound)


def _upper_p95(values: Floats) -> float:
    """The one-sided 95 % upper bound of the p95, by order statistics.

    >>> _upper_p95(np.arange(1.0, 101.0)), _upper_p95(np.arange(1.0, 61.0))
    (99.0, 60.0)
    """
    from scipy.special import bdtr

    n = len(values)
    enough = np.flatnonzero(bdtr(np.arange(n), n, 0.95) >= 0.95)  # P(at most k values below the p95)
    return float(np.sort(values)[int(enough[0]) if len(enough) else n - 1])


def drift_guard(scores: Floats, reference: Mapping[str, Any] | None) -> Guard:
    """Scores in the outermost bins of the held-out rows, twice as often as there.

    Parameters
    ----------
    scores : array, shape (n_rows,)
        The challenger's, of both arms' rows.
    reference : mapping or None
        edges and counts of the challenger's profile; the last count is of missing values.
    """
    name = DRIFT
    if reference is None or len(reference["edges"]) < 2:
        return Guard(name, GuardState.NOT_ASKED, "The version has no profile of this model's scores.", False)
    if not len(scores):
        return Guard(name, GuardState.FEW, NO_ROW, False)
    counts, edges = reference["counts"], reference["edges"]
    expected = (counts[0] + counts[len(edges)]) / max(sum(counts), 1)
    limit = min(DRIFT_FACTOR * expected, 1.0)
    outside = int(((scores <= edges[0]) | (scores > edges[-1])).sum())
    bound = rate_bound("score drift", outside, len(scores), limit, LOOKS)
    said = (
        f"{bound.rate:.1%} of {bound.n:,} scores of the challenger lie in the outermost bins of its held-out rows, "
        f"where {expected:.1%} are expected; lower bound {bound.low:.1%}, limit {limit:.1%}."
    )
    return Guard(name, _state(bound), said, False, bound)


def _state(bound: Bound) -> GuardState:
    if bound.breached:
        return GuardState.BREACHED
    return GuardState.FEW if bound.n < LEAST or math.isnan(bound.rate) else GuardState.HOLDS
