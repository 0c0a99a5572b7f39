"""The rows that groups are compared on, counted where they lie: every arm's decision, what happened, and how often."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import combinations
from typing import Any

import numpy as np
import pyarrow as pa

from core.domain.compare.plan import ArmName
from core.domain.fairness.calibration import Sums
from core.domain.fairness.cells import Rows
from core.domain.fairness.rates import Codes, Flags
from core.domain.fairness.selection import Selection, positives, selection_of
from core.domain.judged import RULES
from core.domain.maturity import Maturity
from core.domain.metrics.measured import MIN_EVENTS
from core.domain.usecase import Task, UseCase
from core.services.comparison.arms import Window
from core.services.comparison.fairness_groups import raw_columns
from core.services.desk import Desk
from core.services.judging import numbers, outcomes
from core.store.log_groups import Arm, Asked

DAYS = 90


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
    """The rows of a choice: each line stands for `times` rows that are alike.

    Attributes
    ----------
    arms : tuple of str
        Champion first, rules last.
    raw : mapping of str to array, shape (n_lines,)
        Columns as logged; of a grouping the number of its band, NaN for none.
    rows : Rows
        Every arm's selected lines, and 1, 0 or NaN by outcome.
    sums : mapping of str to Sums
        By arm, for calibration.
    """

    use_case: UseCase
    selection: Selection
    window: Window
    champion: ArmName
    versions: tuple[str, ...]
    arms: tuple[str, ...]
    raw: Mapping[str, Any]
    rows: Rows
    times: Codes
    sums: Mapping[str, Sums]
    table: pa.Table

    def days(self, name: str) -> list[date]:
        """A column of days: `first`, `last` or `day`."""
        found: list[date] = self.table[name].to_pylist()
        return found

    def maturity(self) -> Maturity:
        """How much of the rows can be judged."""
        mature, known = self._mature(), self._known()
        counted = [self.times, self.times[mature], self.times[mature & known], self.times[known & ~mature]]
        return Maturity(*(int(part.sum()) for part in counted))

    def known_by_decision(self) -> dict[str, float]:
        """Share of the mature rows whose outcome is known, by decision; decisions of fewer than 30 are left out."""
        mature, known, places = self._mature(), self._known(), self.use_case.policy.decision_places
        place = np.array([places.get(text, -1) for text in self.table["decision"].to_pylist()])
        shares: dict[str, float] = {}
        for code, decision in enumerate(self.use_case.policy.decisions):
            mine = mature & (place == code)
            if decision not in shares and self.times[mine].sum() >= MIN_EVENTS:
                shares[decision] = float(self.times[mine & known].sum() / self.times[mine].sum())
        return shares

    def _mature(self) -> Flags:
        return np.asarray(self.table["mature"].to_numpy(), dtype=bool)

    def _known(self) -> Flags:
        """Lines whose outcome is known, be it too early."""
        if self.use_case.task is Task.REGRESSION:
            return np.asarray(self.table["outcome"].to_numpy(), dtype=bool)
        return np.asarray(~np.isnan(outcomes(self.use_case, self.table["outcome"])))


def names_of(use_case: UseCase, choice: Choice) -> tuple[tuple[str, ...], ...]:
    """Which groupings are looked at: every column, then every two of them together."""
    columns = choice.columns or use_case.sensitive
    return *((name,) for name in columns), *combinations(columns, 2)


def read(desk: Desk, use_case: UseCase, choice: Choice, now: datetime, *, by_day: bool = False) -> Seen:
    """The rows that every arm of a choice has scored."""
    scorer, columns = desk.scorer(use_case.key), choice.columns or use_case.sensitive
    champion = ArmName(scorer.card.version, scorer.card.champion)
    beside = choice.versions or [name for name in [desk.challenger_version(use_case.key)] if name]
    versions = tuple(dict.fromkeys((champion.version, *beside)))
    raw_columns(use_case, columns)  # refuses what has no groups
    named = _arms(desk, use_case, champion, versions)
    window = window_of(use_case, choice, now)
    asked = Asked(window.since, window.until, tuple(named.values()), choice.band, columns, by_day)
    table = desk.log.grouped_arms(use_case, now, asked)
    flags = {name: _flag(table[f"flag{place}"]) for place, name in enumerate(named)}
    flags |= {RULES: _flag(table["rules"])} if use_case.rules is not None else {}
    told = {name: flag for name, flag in flags.items() if flag is not None}
    times = numbers(table["n"]).astype(np.int64)
    return Seen(
        use_case=use_case,
        selection=selection_of(use_case, choice.band),
        window=window,
        champion=champion,
        versions=versions,
        arms=tuple(told),
        raw={name: table[name].to_numpy() for name in columns},
        rows=Rows(
            np.array(list(told.values()), dtype=bool), _hits(use_case, choice.band, table), _owners(table), times
        ),
        times=times,
        sums={name: _sums(table, place) for place, name in enumerate(named)},
        table=table,
    )


def window_of(use_case: UseCase, choice: Choice, now: datetime) -> Window:
    """The time of a choice."""
    last = choice.until or now.date() + timedelta(days=1)
    since = choice.since or last - timedelta(days=DAYS + use_case.target.horizon_days)
    return Window(datetime.combine(since, time(), UTC), datetime.combine(last, time(), UTC), now)


def _arms(desk: Desk, use_case: UseCase, champion: ArmName, versions: tuple[str, ...]) -> dict[str, Arm]:
    """Every model of every version by its name, the champion first."""
    names = [ArmName(version, model) for version in versions for model in use_case.recipe.model_names]
    found = {}
    for arm in sorted(names, key=lambda arm: arm != champion):
        card = desk.scorer(use_case.key, arm.version).card
        if arm.model in card.models:
            found[str(arm)] = Arm(arm.version, arm.model, tuple(card.cutoffs.get(arm.model, ())))
    return found


def _flag(column: pa.ChunkedArray) -> Flags | None:
    """Which lines an arm selects; None where it has not decided all of them."""
    return None if column.null_count else np.asarray(column.to_numpy(), dtype=bool)


def _hits(use_case: UseCase, band: int, table: pa.Table) -> Any:
    if use_case.task is Task.REGRESSION:
        return np.full(table.num_rows, np.nan)
    mature = np.asarray(table["mature"].to_numpy(), dtype=bool)
    return positives(use_case, band, np.where(mature, outcomes(use_case, table["outcome"]), np.nan))


def _owners(table: pa.Table) -> Codes | None:
    """Codes of entities, None where none repeats."""
    if not table.num_rows or table["entity"].null_count:
        return None
    return np.unique(table["entity"].to_numpy(), return_inverse=True)[1].astype(np.int64)


def _sums(table: pa.Table, place: int) -> Sums:
    return Sums(
        *(numbers(table[name]).astype(np.float64) for name in ("known", f"score{place}", "told", f"apart{place}"))
    )
