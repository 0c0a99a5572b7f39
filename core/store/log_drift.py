"""Rows counted in the bins of a reference, window by window: raw columns, scores, features; and repeated entities.

Everything is counted in the database, a pass over the rows for raw columns and one for scores whatever the number of
windows; a window is a stretch of the rows' own time, and voided batches never count.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import numpy as np
import pyarrow as pa

from core.domain.columns import SEPARATOR, Kind
from core.domain.drift.bins import Bins, Counted, Rows
from core.domain.usecase import UseCase
from core.store.log_bins import UNKNOWN, aggregates, counted_in, no_rows
from core.store.log_queries import naive
from core.store.log_schema import quoted, raw_names, score_names
from core.store.log_simulated import SIMULATED
from core.store.log_uncounted import LogUncounted

_ACTING = "s.prediction_id = r.prediction_id AND s.batch = r.batch AND s.role = 'acting'"
_IN_TIME = "r.as_of >= ? AND r.as_of < ? AND r.batch NOT IN (FROM voided)"
_OF_DAYS = "day >= ? AND day < ? AND batch NOT IN (FROM voided)"


@dataclass(frozen=True)
class DayRows:
    """Rows of one UTC day of their own time that one version's batches hold."""

    day: date
    version: str
    n: int
    n_simulated: int


@dataclass(frozen=True)
class CountedWindow:
    """A window's rows, and its items in the order in which their bins were given.

    Attributes
    ----------
    moments : tuple of pairs of float
        Mean and standard deviation of every number; NaN for levels, and for features, which are known by their bins.
    """

    n: int
    items: tuple[Counted, ...]
    moments: tuple[tuple[float, float], ...]


class LogDrift(LogUncounted):
    """What drift asks of `core.store.log.PredictionLog`."""

    def rows_by_day(self, use_case: UseCase, since: datetime, until: datetime) -> list[DayRows]:
        """Rows of every day of their own time, by the version of their batch."""
        self.ensure(use_case)
        found = self._rows(
            f"SELECT day, version, sum(n)::BIGINT, coalesce(sum(n) FILTER (source = '{SIMULATED}'), 0)::BIGINT FROM ("
            f"SELECT as_of::DATE AS day, batch, count(*) AS n FROM {quoted(use_case.key, 'rows')} "
            "WHERE as_of >= ? AND as_of < ? AND batch NOT IN (FROM voided) GROUP BY ALL) "
            "JOIN batches USING (batch) GROUP BY day, version ORDER BY day, version",
            [naive(since), naive(until)],
        )
        return [DayRows(*row) for row in found]

    def count_raw(self, use_case: UseCase, borders: Sequence[datetime], bins: Sequence[Bins]) -> list[CountedWindow]:
        """Raw columns of the windows between borders, each from one border (included) to the next (not).

        Parameters
        ----------
        borders : sequence of datetime, ascending, one more than windows
        bins : sequence of Bins
            Each names the column that it counts.
        """
        stored, times = raw_names(use_case), [naive(border) for border in borders]
        values = _named([_raw_value(use_case, item, f"r.{quoted(stored[item.column])}") for item in bins])
        window, inner = _window("r.as_of", times)
        rows = quoted(use_case.key, "rows")
        picked = f"SELECT {window} AS w{values} FROM {rows} r WHERE {_IN_TIME}"
        return self._count(use_case, len(times) - 1, bins, picked, [*inner, times[0], times[-1]])

    def count_scores(
        self, use_case: UseCase, borders: Sequence[datetime], bins: Sequence[Bins], version: str
    ) -> list[CountedWindow]:
        """Acting scores that one version gave, of the windows between borders; bins are named by model.

        Scores carry no time of their rows. Those of a batch that lies in one window are counted without looking at
        rows, three times as fast; others are joined with theirs.
        """
        self.ensure(use_case)
        stored, times = score_names(use_case), [naive(border) for border in borders]
        values = _named([f"s.{quoted(stored[item.name])}" for item in bins])
        rows, scores = quoted(use_case.key, "rows"), quoted(use_case.key, "scores")
        window, inner = _window("r.as_of", times)
        whole, split = self._batches_of(use_case, times)
        of_batches = (
            f"SELECT x.w{values} FROM {scores} s JOIN "
            "(SELECT unnest(?::INTEGER[]) AS batch, unnest(?::INTEGER[]) AS w) x ON x.batch = s.batch "
            "WHERE s.role = 'acting' AND s.version = ?"
        )
        joined = (
            f"SELECT {window} AS w{values} FROM {rows} r JOIN {scores} s ON {_ACTING} AND s.version = ? "
            f"WHERE {_IN_TIME} AND r.batch IN (SELECT unnest(?::INTEGER[]))"
        )
        bound = [list(whole), list(whole.values()), version, *inner, version, times[0], times[-1], split]
        return self._count(use_case, len(times) - 1, bins, f"{of_batches} UNION ALL {joined}", bound)

    def _batches_of(self, use_case: UseCase, times: Sequence[datetime]) -> tuple[dict[int, int], list[int]]:
        """Batches that lie in one window -> its place; and those that lie in several, or reach beyond all."""
        rows, (window, inner) = quoted(use_case.key, "rows"), _window("first", times)
        last, again = _window("last", times)
        found = self._rows(
            f"SELECT batch, {window}, {last}, first >= ? AND last < ? FROM (SELECT batch, min(as_of) AS first, "
            f"max(as_of) AS last FROM {rows} WHERE batch IN (SELECT DISTINCT batch FROM {rows} r WHERE {_IN_TIME}) "
            "GROUP BY batch)",
            [*inner, *again, times[0], times[-1], times[0], times[-1]],
        )
        whole = {batch: first for batch, first, end, inside in found if inside and first == end}
        return whole, [batch for batch, *_ in found if batch not in whole]

    def _count(
        self, use_case: UseCase, n_windows: int, bins: Sequence[Bins], picked: str, bound: Sequence[Any]
    ) -> list[CountedWindow]:
        """Count what a query picks: w, the place of a row's window, and v0, v1 ..., its values."""
        self.ensure(use_case)
        wanted = [aggregates(item, f"v{place}") for place, item in enumerate(bins)]
        listed = "".join(f", {text}" for text, _ in wanted)
        found = self._rows(
            f"SELECT w, count(*){listed} FROM ({picked}) GROUP BY w",
            [*(edges for _, given in wanted for edges in given), *bound],
        )
        windows = [CountedWindow(0, tuple(map(no_rows, bins)), (UNKNOWN,) * len(bins))] * n_windows
        for place, n, *cells in found:
            items, moments = zip(*counted_in(bins, n, iter(cells)), strict=True) if bins else ((), ())
            windows[place] = CountedWindow(n, items, moments)
        return windows

    def count_features(
        self, use_case: UseCase, borders: Sequence[datetime], bins: Sequence[Bins], version: str
    ) -> list[CountedWindow]:
        """Features of the windows between borders, which are midnights, from what the batches of a version appended.

        `n` counts the rows whose features were counted at all.
        """
        self.ensure(use_case)
        days = [naive(border).date() for border in borders]
        window, inner = _window("day", days)
        found = self._rows(
            f"SELECT {window} AS w, feature, bin, sum(n)::BIGINT FROM {quoted(use_case.key, 'feature_counts')} "
            f"WHERE {_OF_DAYS} AND version = ? GROUP BY ALL",
            [*inner, days[0], days[-1], version],
        )
        counted: dict[tuple[int, str], dict[int, int]] = {}
        for place, feature, k, n in found:
            counted.setdefault((place, feature), {})[k] = n
        return [
            _feature_window(bins, {name: cells for (place, name), cells in counted.items() if place == w})
            for w in range(len(days) - 1)
        ]

    def count_entities(self, use_case: UseCase, borders: Sequence[datetime], columns: Sequence[str]) -> list[Rows]:
        """How much the windows between borders tell, were each entity's rows all alike.

        Parameters
        ----------
        columns : sequence of str
            Columns of the log that name entities; the one that repeats most counts.
        """
        self.ensure(use_case)
        times = [naive(border) for border in borders]
        worst = [Rows(0, 0, 0.0)] * (len(times) - 1)
        window, inner = _window("as_of", times)
        for column in columns:
            found = self._rows(
                "SELECT w, sum(m)::BIGINT, count(*), sum(m * m)::BIGINT FROM ("
                f"SELECT {window} AS w, hash({quoted(column)}) AS who, count(*) AS m "
                f"FROM {quoted(use_case.key, 'rows')} WHERE as_of >= ? AND as_of < ? AND batch NOT IN (FROM voided) "
                "GROUP BY w, who) GROUP BY w",
                [*inner, times[0], times[-1]],
            )
            for place, n, n_entities, squares in found:
                told = Rows(n, n_entities, n * n / squares)
                if worst[place].n == 0 or told.n_effective < worst[place].n_effective:
                    worst[place] = told
        return worst

    def arrived(
        self, use_case: UseCase, since: datetime, until: datetime, columns: Sequence[str], most: int
    ) -> pa.Table:
        """Raw columns of a window's rows in the order in which they arrived; of many rows the latest `most`."""
        self.ensure(use_case)
        stored = raw_names(use_case)
        listed = ", ".join(quoted(stored[name]) for name in columns)
        latest = f"ORDER BY scored_at DESC, batch DESC, row_number DESC LIMIT {int(most)}"
        return self._arrow(
            f"SELECT {listed} FROM (SELECT * FROM {quoted(use_case.key, 'rows')} WHERE as_of >= ? AND as_of < ? "
            f"AND batch NOT IN (FROM voided) {latest}) ORDER BY scored_at, batch, row_number",
            [naive(since), naive(until)],
        )


def _window(column: str, borders: Sequence[Any]) -> tuple[str, list[Any]]:
    """The place of a row's window among consecutive ones, as SQL, and what is bound in it."""
    inner = list(borders[1:-1])
    return " + ".join(f"({column} >= ?)::INTEGER" for _ in inner) or "0", inner


def _named(values: Sequence[str]) -> str:
    """Expressions as v0, v1 ..., to be listed after others."""
    return "".join(f", {value} AS v{place}" for place, value in enumerate(values))


def _raw_value(use_case: UseCase, bins: Bins, column: str) -> str:
    kind = use_case.schema[bins.column].kind
    if kind is Kind.SET:
        level = use_case.schema[bins.column].levels[bins.member].replace("'", "''")
        return f"contains('{SEPARATOR}' || {column} || '{SEPARATOR}', '{SEPARATOR}{level}{SEPARATOR}')::INTEGER"
    return f"{column}::BOOLEAN::INTEGER" if kind is Kind.YESNO else column


def _feature_window(bins: Sequence[Bins], found: Mapping[str, Mapping[int, int]]) -> CountedWindow:
    """Features in the bins of the version's profile; the bin after the last one holds missing values."""
    items = []
    for item in bins:
        cells = found.get(item.name, {})
        counts = np.array([cells.get(k, 0) for k in range(item.n_coarse)], dtype=np.int64)
        items.append(Counted(item.name, counts, sum(cells.values()) - int(counts.sum()), fine=False))
    n = max((item.n for item in items), default=0)
    return CountedWindow(n, tuple(items), (UNKNOWN,) * len(items))
