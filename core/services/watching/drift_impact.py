"""How much a drift matters: what each raw column weighs, and by how many points its drift moves the mean score."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from core.domain.drift.bins import Bins, Of, bin_of
from core.domain.drift.impact import MeanPoints, impact, mean_points
from core.domain.metrics.measured import Measured
from core.domain.usecase import UseCase
from core.services.access import Action, Actor, require
from core.services.desk import Desk
from core.services.kept import kept
from core.services.reasons.explained_rows import explained_rows
from core.services.watching.drift import Drift
from core.services.watching.drift_reference import DriftReference


@dataclass(frozen=True)
class Weight:
    """What a raw column weighs in the champion's score.

    Attributes
    ----------
    size : float
        Mean |points| over explained reference rows, in the score's unit.
    impact : Measured
        Points by which its drift moves the mean score, all else as in the reference.
    """

    size: float
    impact: Measured


@dataclass(frozen=True, eq=False)
class Weights:
    """Of every raw column that the model reads and that is counted whole; sets are counted level by level and are not.

    `n` reference rows were explained.
    """

    n: int
    by_name: Mapping[str, Weight]


def weights(desk: Desk, actor: Actor, seen: Drift) -> Weights:
    """Importance and impact of the raw columns of a measured window."""
    require(actor, Action.SEE_MODELS)
    use_case, reference = desk.use_case(seen.use_case), seen.reference
    mark = ("drift weights", reference.version, reference.champion)
    n, known = kept(desk, use_case, mark, lambda: _mean_points(desk, use_case, reference))
    found = {}
    for item, counted in zip(reference.bins, seen.now.items, strict=False):
        if item.of is Of.RAW and item.name in known:
            size, means = known[item.name]
            worth = seen.now.rows.n_effective / max(seen.now.rows.n, 1)
            now, before = item.in_coarse(counted.counts), item.in_coarse(item.counts)
            n_now, n_before = int(now.sum()) * worth, int(before.sum()) / item.design
            found[item.name] = Weight(size, impact(now, before, means.means, n_now, n_before))
    return Weights(n, found)


def _mean_points(
    desk: Desk, use_case: UseCase, reference: DriftReference
) -> tuple[int, dict[str, tuple[float, MeanPoints]]]:
    """How many rows were explained; raw column -> its mean |points|, and its mean points per coarse bin."""
    rows = explained_rows(desk, use_case, None, reference.version)
    points = rows.points[reference.champion]
    places = {name: place for place, name in enumerate(use_case.model_columns)}

    def told(item: Bins) -> tuple[float, MeanPoints]:
        mine = points[:, places[item.name]]
        return float(np.abs(mine).mean()), mean_points(bin_of(item, rows.columns[item.name]), mine, item.n_coarse)

    asked = [item for item in reference.of(Of.RAW) if item.member < 0 and item.name in places]
    return rows.n, {item.name: told(item) for item in asked}
