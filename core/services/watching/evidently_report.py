"""Evidently's report of a window against the reference rows: a job, kept as a file, shown from a route of its own."""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from core.bridges import evidently
from core.bridges.evidently import CATEGORY, NUMBER
from core.domain.columns import Kind
from core.domain.usecase import UseCase
from core.errors import InputError, NotReady
from core.services.access import Action, Actor, Role, require
from core.services.desk import Desk
from core.services.jobs import JobRun, JobState
from core.services.reference import typed_columns
from core.store.log_schema import raw_names
from core.store.report_files import ReportFiles

KIND, LANE = "evidently report", "reports"
ASKED = "make an Evidently report"
MOST_ROWS = 50_000  # of either side: a million take Evidently three minutes and over two gigabytes
LEAST_ROWS = 30
PIECE_ROWS = 250_000  # read at a time
MOST_REPORTS = 10
SCORE = "score"
SEED = 20261121
KINDS = {
    Kind.NUMBER: NUMBER, Kind.COUNT: NUMBER, Kind.CATEGORY: CATEGORY, Kind.ORDERED: CATEGORY, Kind.YESNO: CATEGORY
}  # fmt: skip
_KEY = re.compile(r"[a-z0-9_]{1,64}")

DIFFERENCES = (
    "Its PSI has bins of equal width: a long tail leaves nearly all rows in one of them. Ours have equal mass.",
    "Its chi-square takes the reference shares as known: of quiet columns it calls a quarter or more drifted at 5 %.",
    "It drops missing values: a column that comes in half empty reads as before. Ours has a test of the missing share.",
    "Its limits are fixed: it corrects neither for the number of columns nor for the number of rows. Ours does both.",
)


@dataclass(frozen=True)
class Report:
    """A report that is kept.

    Attributes
    ----------
    name : str
        In the address; not to be guessed.
    rows, rows_all, reference_rows, reference_all : int
        Rows that were compared, and rows that there are: beyond 50,000 a random sample is.
    columns : tuple of ColumnDrift
        Evidently's figure of every column.
    left_out : tuple of str
        Personal columns, columns without a value on one side, and those Evidently cannot take.
    """

    name: str
    use_case: str
    since: datetime
    until: datetime  # the moment after
    made_at: datetime
    seconds: float
    version: str
    rows: int
    rows_all: int
    reference_rows: int
    reference_all: int
    columns: tuple[evidently.ColumnDrift, ...]
    left_out: tuple[str, ...]
    bytes: int

    @property
    def address(self) -> str:
        """Where the page is served."""
        return f"/report-files/{self.use_case}/{self.name}"


def register(desk: Desk) -> None:
    """Let the desk's queue make reports; they wait in a lane of their own."""
    desk.jobs.register(KIND, lambda run: _run(desk, run), LANE)


def submit(desk: Desk, actor: Actor, key: str, since: datetime, until: datetime) -> str:
    """Queue a report on the rows with since <= as_of < until, and return the job's id.

    Raises
    ------
    InputError
        The window is empty, or a report of the use case is being made.
    NotReady
        Nothing is trained yet: there are no reference rows.
    """
    require(actor, Action.WATCH)
    use_case = desk.use_case(key)
    if desk.acting_version(key) is None:
        raise NotReady(f"{use_case.title} has no trained version yet.", f"Run: python -m core train {key}")
    if since >= until:
        raise InputError(f"The window ends on {until:%Y-%m-%d}, before it begins.", "Choose a later end.")
    if any(job.kind == KIND for job in desk.jobs.active(key)):
        raise InputError("A report of this use case is being made already.", "Wait for it to finish, or cancel it.")
    window = {"since": since.astimezone(UTC).isoformat(), "until": until.astimezone(UTC).isoformat()}
    who = {"actor": actor.name, "role": actor.role.value, "via": actor.via}
    desk.ledger.record(at=datetime.now(UTC), **who, action=ASKED, subject=key, after=window)
    return desk.jobs.submit(KIND, key, actor, window | {"role": actor.role.value, "via": actor.via})


def cancel(desk: Desk, actor: Actor, job_id: str) -> None:
    """Stop making a report; nothing of it stays."""
    require(actor, Action.WATCH)
    desk.jobs.cancel(job_id)


def running(desk: Desk, actor: Actor, key: str) -> JobState | None:
    """The report that is being made, if one is."""
    require(actor, Action.SEE_MODELS)
    return next((job for job in desk.jobs.active(key) if job.kind == KIND), None)


def reports(desk: Desk, actor: Actor, key: str) -> list[Report]:
    """The reports that are kept, newest first."""
    require(actor, Action.SEE_MODELS)
    return [_report(facts) for facts in files(desk, desk.use_case(key).key).all()]


def page(desk: Desk, actor: Actor, key: str, name: str) -> bytes:
    """A report as one HTML page, to be kept elsewhere.

    Raises
    ------
    InputError
        There is no such report.
    """
    require(actor, Action.DOWNLOAD)
    require(actor, Action.SEE_MODELS)
    found = served(desk, key, name)
    if found is None:
        raise InputError("There is no such report any more.", "Only the latest ten are kept; make it again.")
    return found.read_bytes()


def served(desk: Desk, key: str, name: str) -> Path | None:
    """The file behind an address; None for whatever is no kept report. Who has the address was shown it by the page."""
    return files(desk, key).page(name) if _KEY.fullmatch(key) else None


def files(desk: Desk, key: str) -> ReportFiles:
    """Where the reports of a use case lie."""
    return ReportFiles(desk.settings.data_dir / "reports" / key)


def _report(facts: Mapping[str, Any]) -> Report:
    told = dict(facts)
    for name in ("since", "until", "made_at"):
        told[name] = datetime.fromisoformat(told[name])
    told["columns"] = tuple(evidently.ColumnDrift(**item) for item in told["columns"])
    return Report(**(told | {"left_out": tuple(told["left_out"])}))


def _run(desk: Desk, run: JobRun) -> dict[str, Any]:
    spec, key = run.state.spec, run.state.use_case
    require(Actor(run.state.actor, Role(spec["role"]), spec["via"]), Action.WATCH)
    use_case, began = desk.use_case(key), time.monotonic()
    since, until = (datetime.fromisoformat(spec[name]) for name in ("since", "until"))
    kept = files(desk, key)
    with kept.workshop() as folder:
        run.report(0, 0.0, "Reading rows")
        current, n_all = window_rows(desk, use_case, since, until, run)
        if current.num_rows < LEAST_ROWS:
            few = f"Not enough rows: {current.num_rows} of {LEAST_ROWS} in this window."
            raise InputError(few, "Choose a longer one.")
        reference, reference_all = _reference_rows(desk, use_case)
        columns, left_out = _comparable(use_case, current, reference)
        for name, table in ((evidently.CURRENT, current), (evidently.REFERENCE, reference)):
            _write(table.select(list(columns)), folder / name)

        def waiting(stage: str, share: float) -> None:
            run.report(current.num_rows, 0.1 + 0.9 * share, stage)

        found = evidently.make(folder, columns, waiting)
        size = (folder / evidently.REPORT).stat().st_size
        facts = {
            "use_case": key, "since": since.isoformat(), "until": until.isoformat(),
            "made_at": datetime.now(UTC).isoformat(), "seconds": round(time.monotonic() - began, 1),
            "version": desk.scorer(key).card.version, "rows": current.num_rows, "rows_all": n_all,
            "reference_rows": reference.num_rows, "reference_all": reference_all, "left_out": left_out,
            "columns": [asdict(item) for item in found], "bytes": size,
        }  # fmt: skip
        return {"name": kept.keep(folder / evidently.REPORT, facts, MOST_REPORTS), "rows": current.num_rows}


def window_rows(desk: Desk, use_case: UseCase, since: datetime, until: datetime, run: JobRun) -> tuple[pa.Table, int]:
    """Raw columns and scores under the schema's names, at most 50,000 rows at random, and how many rows there are.

    They are read in pieces, so that a long window fits into memory.
    """
    times = np.sort(desk.log.scan(use_case, ["as_of"], since=since, until=until)["as_of"].to_numpy())
    share, rng = min(1.0, MOST_ROWS / max(len(times), 1)), np.random.default_rng(SEED)
    stored = {name: raw for name, raw in raw_names(use_case).items() if use_case.schema[name].kind in KINDS}
    inner = np.unique(times[PIECE_ROWS::PIECE_ROWS]).astype("datetime64[us]").tolist()
    borders = [since, *(moment.replace(tzinfo=UTC) for moment in inner), until]
    parts = []
    for place, (first, after) in enumerate(pairwise(borders)):
        rows = desk.log.scan(use_case, [*stored.values(), SCORE], since=first, until=after)
        rows = rows.rename_columns([*stored, SCORE])
        parts.append(rows if share == 1.0 else rows.filter(pa.array(rng.random(len(rows)) < share)))
        run.report(0, 0.1 * place / len(borders), "Reading rows")
    return pa.concat_tables(parts), len(times)


def _reference_rows(desk: Desk, use_case: UseCase) -> tuple[pa.Table, int]:
    """The acting version's held-out rows with its scores of them."""
    scorer = desk.scorer(use_case.key)
    table = scorer.bundle.reference
    scores = scorer.score(typed_columns(use_case.schema, table), table.num_rows).scores[scorer.card.champion]
    names = [name for name in use_case.schema.names if name in table.column_names and name != SCORE]
    told = table.select(names).append_column(SCORE, pa.array(scores))
    if told.num_rows <= MOST_ROWS:
        return told, table.num_rows
    picked = np.sort(np.random.default_rng(SEED).choice(told.num_rows, MOST_ROWS, replace=False))
    return told.take(pa.array(picked)), table.num_rows


def _comparable(use_case: UseCase, now: pa.Table, then: pa.Table) -> tuple[dict[str, str], list[str]]:
    """The champion's score and the columns that models read, with their kinds; and those that must be left out."""
    columns, left_out = {SCORE: NUMBER}, []
    for name in use_case.model_columns:
        column = use_case.schema[name]
        kind = None if column.personal else KINDS.get(column.kind)
        both = name in now.column_names and name in then.column_names
        if kind and both and all(len(table) > table[name].null_count for table in (now, then)):
            columns[name] = kind
        else:
            left_out.append(name)
    return columns, left_out


def _write(table: pa.Table, path: Path) -> None:
    """Numbers as doubles, everything else as text: what Evidently takes on both sides alike."""
    from pyarrow import parquet

    for place, field in enumerate(table.schema):
        number = pa.types.is_integer(field.type) or pa.types.is_floating(field.type)
        column = pc.cast(table[field.name], pa.float64() if number else pa.string())
        table = table.set_column(place, field.name, column)
    parquet.write_table(table, path)
