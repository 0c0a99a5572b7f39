"""The rows a case is about, those before it, and the held-out rows of the versions that scored them, as arrays."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cached_property
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from core.domain.columns import Columns, Kind, missing_mask
from core.domain.diagnosis import CaseLimits
from core.domain.features import Floats
from core.domain.judged import Judged
from core.domain.score import scalar_score
from core.domain.usecase import UseCase
from core.errors import DeskError
from core.ml.scorer import Scorer
from core.services.complaints.case_sections import Window
from core.services.complaints.cases import Case
from core.services.desk import Desk
from core.services.governing.acting import led_scorer, model_at
from core.services.judging import judged_rows
from core.services.reasons.logged_row import logged_columns
from core.services.reference import parsed_columns, typed_columns
from core.services.training import read_target
from core.store.log_schema import raw_names, score_names
from core.store.log_simulated import SIMULATED

RUN_KINDS = (Kind.NUMBER, Kind.COUNT, Kind.YESNO, Kind.CATEGORY, Kind.ORDERED)
_FACTS = ("prediction_id", "entity", "as_of", "scored_at", "batch", "row_number", "imputed", "version", "latency_ms")
_BEFORE = ("as_of", "scored_at", "batch", "row_number", "imputed")


@dataclass(frozen=True)
class Held:
    """A version's held-out reference rows with what it says of them."""

    scorer: Scorer
    outputs: Floats  # champion's, shape (n_reference, k)
    scores: Floats  # shape (n_reference,)
    outcome: Floats  # 0/1, the class's position, or the value
    columns: Columns


@dataclass(frozen=True)
class CaseRows:
    """What a case's checks read.

    Attributes
    ----------
    table, before : pyarrow.Table
        Rows of the window, and of the time before it, in the order in which they arrived.
    judged : Judged
        Every prediction of the log, in the order of time.
    inside, earlier : arrays of bool
        Which of `judged` lie in the window, and before it.
    held : mapping of version to Held
        Of the versions that scored the window's rows and still can.
    """

    desk: Desk
    use_case: UseCase
    case: Case
    limits: CaseLimits
    window: Window
    table: pa.Table
    before: pa.Table
    judged: Judged
    inside: Any
    earlier: Any
    held: Mapping[str, Held]
    lost: tuple[str, ...]
    champion: str  # the model that acted at the window's end

    @cached_property
    def now(self) -> Judged:
        """The window's rows."""
        return self.judged.part(self.inside)

    @cached_property
    def then(self) -> Judged:
        """The rows before it."""
        return self.judged.part(self.earlier)

    @cached_property
    def columns(self) -> Columns:
        """The window's raw columns, typed, in the order of arrival."""
        return logged_columns(self.use_case, self.table)

    @cached_property
    def main_version(self) -> str | None:
        """The version that scored most of the window's rows, of those that can still be asked."""
        counts = {name: int(np.sum(self.now.version == self.now.versions.index(name))) for name in self.held}
        return max(counts, key=lambda name: counts[name]) if counts else None

    @property
    def main(self) -> Held | None:
        """The held-out rows of that version."""
        return None if self.main_version is None else self.held[self.main_version]

    @property
    def on(self) -> date:
        """Last day of the window."""
        return self.window.end.date()

    def scores(self, rows: Judged) -> Floats:
        """The champion's scores of some judged rows."""
        return scalar_score(rows.outputs[self.champion], self.use_case.target.class_values)


def gather(desk: Desk, case: Case, limits: CaseLimits, known_on: datetime) -> CaseRows:
    """Read everything that a case needs, once."""
    use_case = desk.use_case(case.use_case)
    start, end = _days(desk, use_case, case, limits)
    early = start - timedelta(days=limits.before_days)
    judged = judged_rows(use_case, desk.log.judged(use_case, known_on))
    days = judged.days
    inside = (days >= np.datetime64(start.date(), "D")) & (days <= np.datetime64(end.date(), "D"))
    earlier = (days >= np.datetime64(early.date(), "D")) & (days < np.datetime64(start.date(), "D"))
    stored = raw_names(use_case)
    table = _scan(desk, use_case, [*_FACTS, *score_names(use_case).values(), *stored.values()], start, end)
    runs = [stored[name] for name in run_columns(use_case)]
    before = _scan(desk, use_case, [*_BEFORE, *runs], early, start - timedelta(microseconds=1))
    champion = model_at(desk, use_case, min(end, known_on))
    held, lost = _held(desk, use_case, table["version"].unique().to_pylist(), champion)
    sources = {item["batch"]: item["source"] for item in desk.log.latest_batches(use_case, 100_000)}
    batches = table["batch"].unique().to_pylist()
    simulated = bool(batches) and all(sources.get(batch) == SIMULATED for batch in batches)
    window = Window(start, end, early, known_on, len(table), len(before), simulated)
    return CaseRows(
        desk, use_case, case, limits, window, table, before, judged, inside, earlier, held, lost, champion
    )  # fmt: skip


def run_columns(use_case: UseCase) -> tuple[str, ...]:
    """The columns a model reads that hold one number or level each."""
    return tuple(name for name in use_case.model_columns if use_case.schema[name].kind in RUN_KINDS)


def typed(use_case: UseCase, table: pa.Table, names: Sequence[str]) -> dict[str, Floats]:
    """Some logged columns as floats: numbers, or codes of levels, NaN where missing."""
    stored = raw_names(use_case)
    picked = table.select([stored[name] for name in names]).rename_columns(list(names))
    found = parsed_columns(use_case.schema, picked)
    return {name: floats(use_case, name, found[name].values) for name in names}


def floats(use_case: UseCase, name: str, values: Any) -> Floats:
    """A typed column as floats; a missing level is NaN."""
    column = use_case.schema[name]
    given = np.asarray(values).astype(np.float64)
    return np.where(missing_mask(column, values), np.nan, given)


def _days(desk: Desk, use_case: UseCase, case: Case, limits: CaseLimits) -> tuple[datetime, datetime]:
    """Whole UTC days: the period's, or those on either side of the row's own."""
    if case.prediction_id is None:
        assert case.period_from is not None and case.period_to is not None
        first, last = case.period_from.astimezone(UTC).date(), case.period_to.astimezone(UTC).date()
    else:
        day = desk.log.prediction(use_case, case.prediction_id)["as_of"][0].as_py().date()
        first, last = day - timedelta(days=limits.row_days), day + timedelta(days=limits.row_days)
    end = datetime.combine(last + timedelta(days=1), time(), UTC) - timedelta(microseconds=1)
    return datetime.combine(first, time(), UTC), end


def _scan(desk: Desk, use_case: UseCase, columns: Sequence[str], start: datetime, end: datetime) -> pa.Table:
    found = desk.log.scan(use_case, columns, since=start, until=end + timedelta(microseconds=1))
    keys = [(name, "ascending") for name in ("scored_at", "batch", "row_number")]
    return found.take(pc.sort_indices(found, sort_keys=keys))


def _held(
    desk: Desk, use_case: UseCase, versions: Sequence[str], champion: str
) -> tuple[dict[str, Held], tuple[str, ...]]:
    held, lost = {}, []
    for version in sorted(versions):
        try:
            scorer = led_scorer(desk.scorer(use_case.key, version), champion)
        except DeskError:  # its files are gone, or the use case has other features by now
            lost.append(version)
            continue
        reference = scorer.bundle.reference
        columns = typed_columns(use_case.schema, reference)
        said = scorer.score(columns, reference.num_rows)
        led = scorer.card.champion
        outcome = read_target(use_case, reference[use_case.target.name].to_pylist()).astype(np.float64)
        held[version] = Held(scorer, said.outputs[led], said.scores[led], outcome, columns)
    return held, tuple(lost)
