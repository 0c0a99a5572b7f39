"""Error rates and calibration by group where a decision hides outcomes: rows of a random slice stand for them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from core.domain.compare.weighting import effective_n, weighted_mean_part
from core.domain.fairness.calibration import Calibrated
from core.domain.fairness.rates import Codes, Flags
from core.domain.fairness.selection import positives
from core.domain.features import Floats
from core.domain.judged import dense, outcome_values
from core.domain.metrics.influence import standard_error
from core.domain.metrics.intervals import wilson, z_value
from core.domain.metrics.measured import Measured
from core.domain.usecase import UseCase
from core.services.access import Action, Actor, require
from core.services.comparison.arms import ArmRows, arm_rows
from core.services.comparison.fairness import ColumnGroups, Fairness, mark_of
from core.services.comparison.fairness_groups import raw_columns
from core.services.comparison.fairness_rows import Choice
from core.services.comparison.protected import group_codes
from core.services.comparison.weighting import Weighted, weights_of
from core.services.desk import Desk
from core.services.kept import kept

MOST_ROWS = 300_000  # weights are of single rows, and single rows take room


@dataclass(frozen=True)
class WeightedGroups:
    """Figures of the champion by group.

    Attributes
    ----------
    by : Weighted
        What the weights rest on, or why there are no figures.
    rates : mapping of str to tuple of Measured
        `tpr` and `fpr`, one per group; n is the effective number of rows, under 30 of which nothing is said.
    calibration : tuple of Calibrated
        Likewise.
    """

    by: Weighted
    rates: Mapping[str, tuple[Measured, ...]] = field(default_factory=dict)
    calibration: tuple[Calibrated, ...] = ()


def weighed(desk: Desk, actor: Actor, found: Fairness, choice: Choice, column: ColumnGroups) -> WeightedGroups:
    """The champion's error rates and calibration by group, weights 1 / propensity (Hajek); kept like the figures."""
    require(actor, Action.SEE_GROUPS)
    use_case, now = desk.use_case(found.use_case), found.window.known_on
    mark = ("fairness weighed", choice, column.columns, *mark_of(desk, use_case, now))
    return kept(desk, use_case, mark, lambda: _weighed(desk, use_case, found, column))


def _weighed(desk: Desk, use_case: UseCase, found: Fairness, column: ColumnGroups) -> WeightedGroups:
    if found.n_rows > MOST_ROWS:
        return WeightedGroups(Weighted(0.0, f"More than {MOST_ROWS:,} rows are not weighed: choose a shorter period."))
    scorer = desk.scorer(use_case.key)
    rows = arm_rows(desk, use_case, [scorer.card.version], found.window, raw_columns(use_case, column.columns))
    by, weights = weights_of(use_case, rows.rows, rows.propensity)
    if by.refused:
        return WeightedGroups(by)
    name, judged = found.champion, rows.rows
    flags = scorer.bands(scorer.card.champion, judged.outputs[name], rows.scores[name]) == found.selection.place
    hits = positives(use_case, found.selection.place, np.where(judged.counts, judged.outcome, np.nan))
    codes, names = _groups(use_case, column, rows)
    lines = _Lines(flags.astype(np.float64), weights, judged.entity)
    members = [(codes == names.index(group)) & (weights > 0) for group in column.groups]
    return WeightedGroups(
        by,
        {
            kind: tuple(_rate(kind, lines, mine & (hits == hit)) for mine in members)
            for kind, hit in (("tpr", 1.0), ("fpr", 0.0))
        },
        tuple(_calibrated(lines, rows.scores[name], _outcomes(use_case, rows), mine) for mine in members),
    )


def _groups(use_case: UseCase, column: ColumnGroups, rows: ArmRows) -> tuple[Codes, list[str]]:
    """Every row's group as `column.groups` calls them."""
    codes, names = group_codes(use_case, column.columns[0], rows.raw)
    for other in column.columns[1:]:
        more, levels = group_codes(use_case, other, rows.raw)
        codes = np.where((codes < 0) | (more < 0), -1, codes * len(levels) + more)
        names = tuple(f"{name}, {level}" for name in names for level in levels)
    return codes, list(names)


def _outcomes(use_case: UseCase, rows: ArmRows) -> Floats:
    """Outcomes on the scale of the score, NaN where they do not count; shape (n_rows,)."""
    judged = rows.rows
    outcome = np.full(len(judged), np.nan)
    outcome[judged.counts] = outcome_values(use_case, judged.outcome[judged.counts])
    return outcome


@dataclass(frozen=True)
class _Lines:
    flags: Floats
    weights: Floats
    entity: Codes | None

    def owners(self, rows: Flags) -> Codes | None:
        return None if self.entity is None else dense(self.entity[rows])


def _rate(kind: str, lines: _Lines, rows: Flags) -> Measured:
    if not rows.any():
        return Measured(kind, np.nan, np.nan, np.nan, 0, None, "no rows")
    part = weighted_mean_part(lines.flags[rows], lines.weights[rows])
    n, se = effective_n(lines.weights[rows]), standard_error(part.influence, lines.owners(rows))
    if se > 0:
        n = min(n, part.value * (1 - part.value) / se**2)
    low, high = wilson(part.value * n, n)
    return Measured(kind, part.value, low, high, int(n), None, "Wilson on effective rows")


def _calibrated(lines: _Lines, scores: Floats, outcome: Floats, rows: Flags) -> Calibrated:
    rows = rows & ~np.isnan(outcome)
    if not rows.any():
        return Calibrated(np.nan, np.nan, np.nan, np.nan, np.nan, 0)
    weights = lines.weights[rows]
    said, happened = (weighted_mean_part(values[rows], weights).value for values in (scores, outcome))
    part = weighted_mean_part((scores - outcome)[rows], weights)
    half = z_value() * standard_error(part.influence, lines.owners(rows))
    n = int(effective_n(weights))
    return Calibrated(said, happened, part.value, part.value - half, part.value + half, n)
