"""Are groups treated alike?  Decisions and outcomes by group, for every arm on the same logged rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

import numpy as np

from core.domain.fairness.calibration import Calibrated, calibration_by_group
from core.domain.fairness.cells import cells_of
from core.domain.fairness.gaps import RATES, Gap, Wider, drawn_rates, gap_of, group_rates, wider_by
from core.domain.fairness.selection import Selection
from core.domain.judged import RULES
from core.domain.maturity import Maturity
from core.domain.metrics.measured import Measured
from core.domain.policy import Mode
from core.domain.usecase import Task, UseCase
from core.services.access import Action, Actor, require
from core.services.comparison.arms import Window
from core.services.comparison.fairness_groups import Groups, groups_of
from core.services.comparison.fairness_rows import Choice, Seen, names_of, read
from core.services.desk import Desk
from core.services.kept import kept

SEED = 20261121
GAPS = ("parity", "odds")


@dataclass(frozen=True)
class ArmGroups:
    """One arm on the groups of a column.

    Attributes
    ----------
    rates : mapping of str to tuple of Measured
        By `selection`, `tpr` and `fpr`, one figure per group; the last two are empty where outcomes are values.
    calibration : tuple of Calibrated
        One per group; empty for the rules, whose score is no probability.
    gaps : mapping of str to Gap or None
        By `parity` and `odds`; None where fewer than two groups have 30 rows.
    wider : mapping of str to Wider or None
        Over the champion, paired; empty for the champion itself.
    """

    arm: str
    rates: Mapping[str, tuple[Measured, ...]]
    calibration: tuple[Calibrated, ...]
    gaps: Mapping[str, Gap | None]
    wider: Mapping[str, Wider | None]


@dataclass(frozen=True)
class ColumnGroups:
    """Every arm on the groups of a column, or of two columns together."""

    columns: tuple[str, ...]
    title: str
    groups: tuple[str, ...]
    sizes: tuple[int, ...]
    n_unknown: int  # rows whose group is not known
    arms: tuple[ArmGroups, ...]  # champion first, rules last

    def arm(self, name: str) -> ArmGroups:
        """The figures of an arm."""
        return next(found for found in self.arms if found.arm == name)


@dataclass(frozen=True)
class Fairness:
    """Everything the page shows of a use case."""

    use_case: str
    selection: Selection
    champion: str
    acting: str  # the arm that decides: the champion, or the rules where models are in the shadow
    arms: tuple[str, ...]
    versions: tuple[str, ...]
    window: Window
    n_rows: int
    maturity: Maturity
    first: date | None
    last: date | None
    known: Mapping[str, float]  # by decision, the share of mature rows whose outcome is known
    columns: tuple[ColumnGroups, ...]


def fairness(desk: Desk, actor: Actor, key: str, choice: Choice | None = None, now: datetime | None = None) -> Fairness:
    """Compare groups; kept until the log, the versions or the choice change.

    Raises
    ------
    NotReady
        Nothing is trained.
    """
    require(actor, Action.SEE_GROUPS)
    use_case, asked, at = desk.use_case(key), choice or Choice(), now or datetime.now(UTC)
    mark = ("fairness", asked, *mark_of(desk, use_case, at))
    return kept(desk, use_case, mark, lambda: _compare(desk, use_case, asked, at))


def mark_of(desk: Desk, use_case: UseCase, now: datetime) -> tuple[Any, ...]:
    """What figures by group depend on, beside the choice: the arms, the log, the day."""
    card = desk.scorer(use_case.key).card
    grown = *desk.log.water_mark(use_case), str(desk.log.scored_versions(use_case))
    return card.version, card.champion, desk.challenger_version(use_case.key), now.date(), *grown


def _compare(desk: Desk, use_case: UseCase, choice: Choice, now: datetime) -> Fairness:
    seen = read(desk, use_case, choice, now)
    champion, first, last = str(seen.champion), seen.days("first"), seen.days("last")
    shadow = use_case.policy.mode is Mode.SHADOW and RULES in seen.arms
    grouped = names_of(use_case, choice) if len(seen.times) else ()
    family = max(len(grouped), 1) * (len(GAPS) if seen.selection.outcome else 1)
    return Fairness(
        use_case=use_case.key,
        selection=seen.selection,
        champion=champion,
        acting=RULES if shadow else champion,
        arms=seen.arms,
        versions=seen.versions,
        window=seen.window,
        n_rows=int(seen.times.sum()),
        maturity=seen.maturity(),
        first=min(first, default=None),
        last=max(last, default=None),
        known=seen.known_by_decision(),
        columns=tuple(_column(seen, groups_of(use_case, names, seen.raw, seen.times), family) for names in grouped),
    )


def _column(seen: Seen, groups: Groups, family: int) -> ColumnGroups:
    cells = cells_of(groups.codes, len(groups.names), seen.rows)
    drawn = drawn_rates(cells, SEED)
    kinds = RATES if seen.selection.outcome else RATES[:1]
    arms = []
    for place, name in enumerate(seen.arms):
        wider = {kind: wider_by(drawn, 0, place, kind) for kind in GAPS} if place else {}
        arms.append(
            ArmGroups(
                arm=name,
                rates={kind: group_rates(cells, place, kind) for kind in kinds},
                calibration=_calibration(seen, groups, name),
                gaps={kind: gap_of(cells, drawn, place, kind, SEED, family) for kind in GAPS},
                wider=wider,
            )
        )
    kept = groups.codes >= 0
    sizes = np.bincount(groups.codes[kept], weights=seen.times[kept], minlength=len(groups.names))
    return ColumnGroups(
        columns=groups.columns,
        title=groups.title,
        groups=groups.names,
        sizes=tuple(sizes.astype(int).tolist()),
        n_unknown=int(seen.times[~kept].sum()),
        arms=tuple(arms),
    )


def _calibration(seen: Seen, groups: Groups, arm: str) -> tuple[Calibrated, ...]:
    """Mean score against mean outcome, where the score is on the outcome's scale."""
    if arm == RULES or (seen.use_case.task is Task.MULTICLASS and not seen.use_case.target.class_values):
        return ()
    return calibration_by_group(groups.codes, len(groups.names), seen.sums[arm], seen.rows.entities)
