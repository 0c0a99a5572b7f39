"""Where a challenger gains: the primary metric's gain within every level of a column."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from core.domain.compare.difference import Difference
from core.domain.compare.parts import gain_over
from core.domain.judged import figure_of
from core.domain.metrics.measured import Measured
from core.domain.usecase import UseCase
from core.services.access import Action, Actor, require
from core.services.comparison.arms import arm_rows
from core.services.comparison.challengers import Challengers
from core.services.comparison.protected import group_codes
from core.services.comparison.swaps import mark_of
from core.services.desk import Desk
from core.services.kept import kept
from core.services.reasons.drivers import segmentations


@dataclass(frozen=True)
class LevelGain:
    """One level: its judged rows, the champion's figure where there is one of this kind, and what the arm gains."""

    level: str
    n: int
    champion: Measured | None
    gain: Difference | None


def by_level(desk: Desk, actor: Actor, key: str, found: Challengers, arm: str, column: str) -> tuple[LevelGain, ...]:
    """Gains by the level of a column or grouping (see `reasons.drivers.segmentations`); empty levels left out."""
    require(actor, Action.SEE_MODELS)
    use_case = desk.use_case(key)
    mark = ("levels", arm, column, *mark_of(found))
    return kept(desk, use_case, mark, lambda: _by_level(desk, use_case, found, arm, column))


def _by_level(desk: Desk, use_case: UseCase, found: Challengers, arm: str, column: str) -> tuple[LevelGain, ...]:
    codes, levels = _codes(desk, use_case, found, column)
    rows, metric = found.rows.rows, use_case.policy.primary_metric
    lines = []
    for place, level in enumerate(levels):
        part = rows.part(codes == place)
        n = int(part.counts.sum())
        if n:
            champion = figure_of(use_case, part, found.champion, metric) if metric != "macro_f1" else None
            gain = gain_over(use_case, part, arm, found.champion, metric, found.level)
            lines.append(LevelGain(level, n, champion, gain))
    return tuple(lines)


def _codes(desk: Desk, use_case: UseCase, found: Challengers, column: str) -> tuple[Any, tuple[str, ...]]:
    """Every compared row's level: the comparison's own rows, read once more with the column."""
    if column not in segmentations(use_case):
        column = next(iter(segmentations(use_case)))
    cut = {grouping.name: grouping.column for grouping in use_case.groupings}
    versions = tuple(dict.fromkeys(arm.version for arm in found.rows.arms))
    raw = cut.get(column, column)
    wanted = tuple(dict.fromkeys((raw, *found.segment)))
    read = arm_rows(desk, use_case, versions, found.window, wanted)
    for name, level in found.segment.items():
        read = read.part(np.asarray(read.raw[name].astype(str) == level))
    codes, levels = group_codes(use_case, column, read.raw)
    placed = dict(zip(read.prediction_ids, codes.tolist(), strict=True))  # rows scored since then are left out
    return np.array([placed.get(name, -1) for name in found.rows.prediction_ids], dtype=np.int64), levels
