"""Rows of the log counted by group, decisions of several arms, and outcome: what comparing groups needs, in few rows.

The counting is done where the rows lie, in slices of predictions that each fit into the database's memory: counts of
slices add up, so a log of any length takes the same room.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import pyarrow as pa

from core.domain.usecase import Task, UseCase
from core.store.log_queries import naive
from core.store.log_schema import quoted, raw_names, score_names
from core.store.log_shadow import literal, outcomes_as_known_on
from core.store.log_transaction import LogBase

SLICE_ROWS = 200_000
_COUNTS = "batch NOT IN (FROM voided)"


@dataclass(frozen=True)
class Arm:
    """One model of a version, and the scores between which it puts a row into the band looked at.

    Attributes
    ----------
    cutoffs : tuple of float
        Of the version, descending; not read where bands are classes.
    """

    version: str
    model: str
    cutoffs: tuple[float, ...] = ()


@dataclass(frozen=True)
class Asked:
    """What rows are counted by.

    Attributes
    ----------
    since, until : datetime
        Of the rows' own time, first included and last excluded.
    arms : tuple of Arm
        Rows that each of their versions has scored count.
    band : int
        Place of the band looked at.
    columns : tuple of str
        Raw columns and groupings; of a grouping the number of its band is told.
    by_day : bool
    """

    since: datetime
    until: datetime
    arms: tuple[Arm, ...]
    band: int
    columns: tuple[str, ...]
    by_day: bool = False


class LogGroups(LogBase):
    """Counting by group in `core.store.log.PredictionLog`."""

    def grouped_arms(self, use_case: UseCase, as_known_on: datetime, asked: Asked) -> pa.Table:
        """Rows counted by everything that is asked, outcomes as known at a time.

        Returns
        -------
        pyarrow.Table, in no order
            Keys: every column asked for; `flag0`, `flag1` ... per arm and `rules` (whether the row is in the band, null
            where it is not known); `mature`, `outcome` (as logged, null where it is not known), `decision`; `day` and
            `entity` (a hash; null throughout where no entity repeats) where they are asked or repeat. The outcome of a
            regression is no key. Sums: `n`, `first` and `last` day, and of mature rows whose outcome is known
            `known`, `told` (the sum of outcomes), and per arm `score0` (of scores) and `apart0` (of squared distances
            of score and outcome), outcomes on the scale of scores.
        """
        self.ensure(use_case)
        cursor, counted = self._cursor(), _Counted(use_case, naive(as_known_on), asked)
        n_rows, repeated = cursor.execute(
            f"SELECT count(*), count(*) > count(DISTINCT hash(entity)) FROM {counted.rows} "
            f"WHERE {_COUNTS} AND {counted.span}",
            counted.times,
        ).fetchall()[0]
        slices = max(1, math.ceil(n_rows / SLICE_ROWS))
        parts = []
        for place in range(slices):
            query, parameters = counted.query(repeated, (slices, place))
            parts.append(cursor.sql(query, params=parameters).to_arrow_table())
        return pa.concat_tables(parts)


class _Counted:
    """The query of one slice."""

    def __init__(self, use_case: UseCase, known_on: datetime, asked: Asked) -> None:
        self.use_case, self.known_on, self.asked = use_case, known_on, asked
        self.rows, self.scores = quoted(use_case.key, "rows"), quoted(use_case.key, "scores")
        self.span = "as_of >= ? AND as_of < ? AND as_of <= ?"
        self.times = [naive(asked.since), naive(asked.until), known_on]
        self.versions = tuple(dict.fromkeys(arm.version for arm in asked.arms))

    def query(self, repeated: bool, part: tuple[int, int]) -> tuple[str, list[Any]]:
        mine = "hash(prediction_id) % {} = {}".format(*part)
        horizon = self.known_on - timedelta(days=self.use_case.target.horizon_days)
        keys = self._keys(repeated)
        listed = ", ".join(f"{expression} AS {quoted(name)}" for name, expression in keys.items())
        sums = ", ".join(f"{expression} AS {quoted(name)}" for name, expression in self._sums().items())
        text = f"""
            WITH part AS (SELECT * FROM {self.rows} WHERE {mine} AND {_COUNTS} AND {self.span}),
            known AS ({self._known()}),
            acting AS (SELECT prediction_id, batch, rules_band FROM {self.scores} WHERE role = 'acting' AND {mine})
            {"".join(self._version(place, version, mine) for place, version in enumerate(self.versions))},
            told AS (
                SELECT r.*, a.rules_band, r.as_of <= ? AS mature, coalesce(o.outcome, e.outcome) AS outcome
                FROM part r JOIN acting a ON a.prediction_id = r.prediction_id AND a.batch = r.batch
                LEFT JOIN known o ON o.entity = r.entity AND o.as_of = r.as_of
                LEFT JOIN known e ON e.entity = r.entity AND e.as_of IS NULL)
            SELECT {listed}, {sums} FROM told r {" ".join(self._join(place) for place in range(len(self.versions)))}
            GROUP BY {", ".join(str(place + 1) for place in range(len(keys)))}"""
        return text, [*self.times, self.known_on, horizon]

    def _known(self) -> str:
        """Outcomes of the slice's entities only."""
        whole = outcomes_as_known_on(self.use_case, "?::TIMESTAMP")
        return whole.replace(" GROUP BY", " AND entity IN (SELECT entity FROM part) GROUP BY")

    def _version(self, place: int, version: str, mine: str) -> str:
        names = ", ".join(quoted(name) for name in dict.fromkeys(self._score_names(version)))
        return (
            f", v{place} AS (SELECT DISTINCT ON (prediction_id, batch) prediction_id, batch, {names} "
            f"FROM {self.scores} WHERE version = {literal(version)} AND {mine})"
        )

    def _score_names(self, version: str) -> list[str]:
        return [name for arm in self.asked.arms if arm.version == version for name in self._outputs(arm)]

    def _outputs(self, arm: Arm) -> list[str]:
        stored = score_names(self.use_case)
        if self.use_case.task is Task.MULTICLASS:
            return [stored[f"{arm.model}:{label}"] for label in self.use_case.target.classes]
        return [stored[arm.model]]

    def _join(self, place: int) -> str:
        return f"JOIN v{place} ON v{place}.prediction_id = r.prediction_id AND v{place}.batch = r.batch"

    def _columns(self, arm: Arm) -> list[str]:
        place = self.versions.index(arm.version)
        return [f"v{place}.{quoted(name)}" for name in self._outputs(arm)]

    def _keys(self, repeated: bool) -> dict[str, str]:
        keys = {name: self._group(name) for name in self.asked.columns}
        keys |= {f"flag{place}": self._flag(arm) for place, arm in enumerate(self.asked.arms)}
        names = [name for name, place in self.use_case.policy.band_places.items() if place == self.asked.band]
        inside = ", ".join(literal(name) for name in names)
        keys |= {"rules": f"r.rules_band IN ({inside})", "mature": "r.mature", "decision": "r.decision"}
        if self.use_case.task is Task.REGRESSION:
            keys |= {"outcome": "r.outcome IS NOT NULL"}
        else:
            keys |= {"outcome": "r.outcome"}
        keys |= {"day": "r.as_of::DATE"} if self.asked.by_day else {}
        return keys | {"entity": "hash(r.entity)" if repeated else "NULL::UBIGINT"}

    def _group(self, name: str) -> str:
        stored = raw_names(self.use_case)
        cut = next((item for item in self.use_case.groupings if item.name == name), None)
        if cut is None:
            return f"r.{quoted(stored[name])}"
        value = f"r.{quoted(stored[cut.column])}"
        above = " + ".join(f"({value} >= {_number(edge)})::TINYINT" for edge in cut.edges)
        return f"CASE WHEN {value} IS NULL OR isnan({value}::DOUBLE) THEN NULL ELSE {above} END"

    def _flag(self, arm: Arm) -> str:
        """Whether the arm puts a row into the band: the likeliest class, the first of equals, or between cutoffs."""
        columns, band = self._columns(arm), self.asked.band
        if self.use_case.task is Task.MULTICLASS:
            code = len(columns) - 1 - band
            return " AND ".join(
                f"{columns[code]} {'>' if other < code else '>='} {column}"
                for other, column in enumerate(columns)
                if other != code
            )
        below = f"{columns[0]} < {_number(arm.cutoffs[band - 1])}" if band else "TRUE"
        above = f"{columns[0]} >= {_number(arm.cutoffs[band])}" if band < len(arm.cutoffs) else "TRUE"
        return f"CASE WHEN {columns[0]} IS NOT NULL THEN {below} AND {above} END"

    def _sums(self) -> dict[str, str]:
        said, happened = [self._score(arm) for arm in self.asked.arms], self._happened()
        counts = f"FILTER (r.mature AND {happened} IS NOT NULL)"
        sums = {"n": "count(*)", "first": "min(r.as_of)::DATE", "last": "max(r.as_of)::DATE"}
        sums |= {"known": f"count(*) {counts}", "told": f"coalesce(sum({happened}) {counts}, 0)"}
        sums |= {f"score{place}": f"coalesce(sum({score}) {counts}, 0)" for place, score in enumerate(said)}
        return sums | {
            f"apart{place}": f"coalesce(sum(({score} - {happened}) ** 2) {counts}, 0)"
            for place, score in enumerate(said)
        }

    def _score(self, arm: Arm) -> str:
        """The score as it is shown; see `core.domain.score.scalar_score`."""
        columns, values = self._columns(arm), self.use_case.target.class_values
        if self.use_case.task is not Task.MULTICLASS or not values:
            return columns[-1]
        return (
            "("
            + " + ".join(f"{column} * {_number(value)}" for column, value in zip(columns, values, strict=True))
            + ")"
        )

    def _happened(self) -> str:
        """The outcome on the scale of the score."""
        if self.use_case.task is not Task.MULTICLASS:
            return "r.outcome::DOUBLE"
        classes = self.use_case.target.classes
        last = len(classes) - 1
        values = self.use_case.target.class_values or tuple(float(place == last) for place in range(len(classes)))
        whens = " ".join(
            f"WHEN {literal(name)} THEN {_number(value)}" for name, value in zip(classes, values, strict=True)
        )
        return f"(CASE r.outcome {whens} END)"


def _number(value: float) -> str:
    """A number as SQL writes it, to its last digit: a bare one would be read as a decimal."""
    return f"'{float(value)!r}'::DOUBLE"
