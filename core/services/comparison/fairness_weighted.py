"""Error rates and calibration by group where a decision hides outcomes: rows of a random slice stand for them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from core.domain.compare.weighting import effective_n, weighted_mean_part
from core.domain.fairness.calibration import Calibrated
from core.domain.features import Floats
from core.domain.judged import dense
from core.domain.metrics.influence import standard_error
from core.domain.metrics.intervals import wilson, z_value
from core.domain.metrics.measured import Measured
from core.services.access import Action, Actor, require
from core.services.comparison.fairness import Choice, ColumnGroups, Fairness, Seen, mark_of, outcomes_of, read
from core.services.comparison.fairness_groups import Groups, groups_of
from core.services.comparison.weighting import Weighted, weights_of
from core.services.desk import Desk
from core.services.kept import kept


@dataclass(frozen=True)
class WeightedGroups:
    """Figures of one arm by group.

    Attributes
    ----------
    by : Weighted
        What the weights rest on, or why there are no figures.
    rates : mapping of str to tuple of Measured
        `tpr` and `fpr`, one per group; n is the effective number of rows, under 30 of which nothing is said.
    calibration : tuple of Calibrated
        Likewise; empty for the rules.
    """

    by: Weighted
    rates: Mapping[str, tuple[Measured, ...]] = field(default_factory=dict)
    calibration: tuple[Calibrated, ...] = ()


def weighed(
    desk: Desk, actor: Actor, found: Fairness, choice: Choice, column: ColumnGroups, arm: str
) -> WeightedGroups:
    """An arm's error rates and calibration by group with weights 1 / propensity (Hajek); kept like the figures."""
    require(actor, Action.SEE_GROUPS)
    use_case, now = desk.use_case(found.use_case), found.window.known_on
    mark = ("fairness weighed", choice, column.columns, arm, *mark_of(desk, use_case, now))

    def compute() -> WeightedGroups:
        seen = read(desk, use_case, choice, now)
        return _weighed(seen, groups_of(use_case, column.columns, seen.rows.raw), arm)

    return kept(desk, use_case, mark, compute)


def _weighed(seen: Seen, groups: Groups, arm: str) -> WeightedGroups:
    by, weights = weights_of(seen.use_case, seen.rows.rows, seen.rows.propensity)
    if by.refused:
        return WeightedGroups(by)
    members = [(groups.codes == code) & (weights > 0) for code in range(len(groups.names))]
    flags = seen.flags[seen.arms.index(arm)].astype(np.float64)
    rates = {
        kind: tuple(_rate(kind, flags, weights, rows & (seen.hits == hit), seen) for rows in members)
        for kind, hit in (("tpr", 1.0), ("fpr", 0.0))
    }
    if arm not in seen.rows.scores:
        return WeightedGroups(by, rates)
    outcome = outcomes_of(seen)
    return WeightedGroups(
        by, rates, tuple(_calibrated(seen.rows.scores[arm], outcome, weights, rows, seen) for rows in members)
    )


def _rate(kind: str, flags: Floats, weights: Floats, rows: Any, seen: Seen) -> Measured:
    if not rows.any():
        return Measured(kind, np.nan, np.nan, np.nan, 0, None, "no rows")
    part = weighted_mean_part(flags[rows], weights[rows])
    n, se = effective_n(weights[rows]), standard_error(part.influence, _owners(seen, rows))
    if se > 0:
        n = min(n, part.value * (1 - part.value) / se**2)
    low, high = wilson(part.value * n, n)
    return Measured(kind, part.value, low, high, int(n), None, "Wilson on effective rows")


def _calibrated(scores: Floats, outcome: Floats, weights: Floats, rows: Any, seen: Seen) -> Calibrated:
    rows = rows & ~np.isnan(outcome)
    if not rows.any():
        return Calibrated(np.nan, np.nan, np.nan, np.nan, np.nan, 0)
    said, happened = (weighted_mean_part(values[rows], weights[rows]).value for values in (scores, outcome))
    part = weighted_mean_part((scores - outcome)[rows], weights[rows])
    half = z_value() * standard_error(part.influence, _owners(seen, rows))
    n = int(effective_n(weights[rows]))
    return Calibrated(said, happened, part.value, part.value - half, part.value + half, n)


def _owners(seen: Seen, rows: Any) -> Any:
    entity = seen.rows.rows.entity
    return None if entity is None else dense(entity[rows])
