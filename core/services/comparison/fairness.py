"""Are groups treated alike?  Decisions and outcomes by group, for every arm on the same logged rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import combinations
from typing import Any

import numpy as np

from core.domain.compare.plan import ArmName
from core.domain.fairness.calibration import Calibrated, calibration_by_group
from core.domain.fairness.cells import cells_of
from core.domain.fairness.gaps import RATES, Gap, Wider, drawn_rates, gap_of, group_rates, wider_by
from core.domain.fairness.rates import Flags
from core.domain.fairness.selection import Selection, positives, selection_of
from core.domain.features import Floats
from core.domain.judged import RULES, outcome_values
from core.domain.maturity import Maturity
from core.domain.metrics.measured import Measured
from core.domain.policy import Mode
from core.domain.usecase import Task, UseCase
from core.services.access import Action, Actor, require
from core.services.comparison.arms import ArmRows, Window, arm_rows
from core.services.comparison.deciders import known_by_decision
from core.services.comparison.fairness_groups import Groups, groups_of, raw_columns
from core.services.desk import Desk
from core.services.kept import kept

SEED = 20261121
DAYS = 90
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


@dataclass(frozen=True)
class Choice:
    """Which rows, versions, decision and columns are looked at.

    Attributes
    ----------
    since, until : date or None
        Days of the rows' own time, first included and last excluded; by default the last 90 days and the horizon
        before them, so that there are outcomes.
    versions : tuple of str
        Beside the acting one.
    band : int
        Place of the band that counts as selected.
    columns : tuple of str
        Instead of the use case's sensitive ones.
    """

    since: date | None = None
    until: date | None = None
    versions: tuple[str, ...] = ()
    band: int = 0
    columns: tuple[str, ...] = ()


@dataclass(frozen=True)
class Seen:
    """The rows of a choice, with every arm's selected ones."""

    use_case: UseCase
    selection: Selection
    window: Window
    champion: ArmName
    rows: ArmRows
    arms: tuple[str, ...]
    flags: Flags  # (n_arms, n_rows)
    hits: Floats  # (n_rows,): 1 and 0 by outcome, NaN where it does not count


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


def names_of(use_case: UseCase, choice: Choice) -> tuple[tuple[str, ...], ...]:
    """Which groupings are looked at: every column, then every two of them together."""
    columns = choice.columns or use_case.sensitive
    return *((name,) for name in columns), *combinations(columns, 2)


def read(desk: Desk, use_case: UseCase, choice: Choice, now: datetime) -> Seen:
    """The rows that every arm of a choice has scored."""
    scorer = desk.scorer(use_case.key)
    champion = ArmName(scorer.card.version, scorer.card.champion)
    beside = choice.versions or [name for name in [desk.challenger_version(use_case.key)] if name]
    versions = tuple(dict.fromkeys((champion.version, *beside)))
    window = _window(use_case, choice, now)
    rows = arm_rows(desk, use_case, versions, window, raw_columns(use_case, choice.columns or use_case.sensitive))
    arms, flags = _flags(desk, use_case, rows, champion, choice.band)
    outcome = np.where(rows.rows.counts, rows.rows.outcome, np.nan)
    hits = positives(use_case, choice.band, outcome)
    return Seen(use_case, selection_of(use_case, choice.band), window, champion, rows, arms, flags, hits)


def _window(use_case: UseCase, choice: Choice, now: datetime) -> Window:
    last = choice.until or now.date() + timedelta(days=1)
    since = choice.since or last - timedelta(days=DAYS + use_case.target.horizon_days)
    return Window(datetime.combine(since, time(), UTC), datetime.combine(last, time(), UTC), now)


def _flags(desk: Desk, use_case: UseCase, rows: ArmRows, champion: ArmName, band: int) -> tuple[tuple[str, ...], Flags]:
    """Names of the arms, champion first, and the rows that each puts into the band."""
    found = {}
    for arm in sorted(rows.arms, key=lambda arm: arm != champion):
        scorer, name = desk.scorer(use_case.key, arm.version), str(arm)
        if arm.model in scorer.card.models and not np.isnan(rows.scores[name]).any():
            found[name] = scorer.bands(arm.model, rows.rows.outputs[name], rows.scores[name]) == band
    if use_case.rules is not None and (rows.rows.rules_band >= 0).all():
        found[RULES] = rows.rows.rules_band == band
    return tuple(found), np.array(list(found.values()), dtype=bool)


def _compare(desk: Desk, use_case: UseCase, choice: Choice, now: datetime) -> Fairness:
    seen = read(desk, use_case, choice, now)
    judged, champion = seen.rows.rows, str(seen.champion)
    shadow = use_case.policy.mode is Mode.SHADOW and RULES in seen.arms
    columns = [groups_of(use_case, names, seen.rows.raw) for names in names_of(use_case, choice)] if len(judged) else []
    return Fairness(
        use_case=use_case.key,
        selection=seen.selection,
        champion=champion,
        acting=RULES if shadow else champion,
        arms=seen.arms,
        versions=tuple(dict.fromkeys(arm.version for arm in seen.rows.arms)),
        window=seen.window,
        n_rows=len(judged),
        maturity=judged.maturity(),
        first=judged.days.min().astype(date) if len(judged) else None,
        last=judged.days.max().astype(date) if len(judged) else None,
        known=known_by_decision(use_case, judged),
        columns=tuple(_column(seen, groups) for groups in columns),
    )


def _column(seen: Seen, groups: Groups) -> ColumnGroups:
    cells = cells_of(groups.codes, len(groups.names), seen.flags, seen.hits, seen.rows.rows.entity)
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
                gaps={kind: gap_of(cells, drawn, place, kind, SEED) for kind in GAPS},
                wider=wider,
            )
        )
    sizes = np.bincount(groups.codes[groups.codes >= 0], minlength=len(groups.names))
    return ColumnGroups(
        columns=groups.columns,
        title=groups.title,
        groups=groups.names,
        sizes=tuple(sizes.tolist()),
        n_unknown=int((groups.codes < 0).sum()),
        arms=tuple(arms),
    )


def _calibration(seen: Seen, groups: Groups, arm: str) -> tuple[Calibrated, ...]:
    """Mean score against mean outcome, where the score is on the outcome's scale."""
    if arm == RULES or (seen.use_case.task is Task.MULTICLASS and not seen.use_case.target.class_values):
        return ()
    outcome, entity = outcomes_of(seen), seen.rows.rows.entity
    return calibration_by_group(groups.codes, len(groups.names), seen.rows.scores[arm], outcome, entity)


def outcomes_of(seen: Seen) -> Floats:
    """Outcomes on the scale of the score, NaN where they do not count; shape (n_rows,)."""
    rows = seen.rows.rows
    outcome = np.full(len(rows), np.nan)
    outcome[rows.counts] = outcome_values(seen.use_case, rows.outcome[rows.counts])
    return outcome
