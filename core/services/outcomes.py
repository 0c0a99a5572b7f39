"""What happened: a file of outcomes, read, joined to the predictions by entity and time, kept as revisions.

Nothing is dropped in silence: an outcome that cannot be read, is about nobody the desk knows, repeats another or
contradicts one is counted and written to the rejects list with the reason.
"""

from __future__ import annotations

import hashlib
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from core.domain.schema import Schema
from core.domain.usecase import UseCase
from core.errors import UnknownName
from core.services.access import Action, Actor, require
from core.services.desk import Desk
from core.services.outcome_files import (
    OBSERVED_AT,
    Named,
    OutcomeRows,
    open_outcomes,
    read_outcomes,
    readable,
    refuse_without_entity,
    reject,
    roles_of,
)
from core.store.intake import Source, open_source
from core.store.log_outcomes import CONTRADICTS, MEETS, OTHER_TIME, REPEATS, UNKNOWN
from core.store.output import RejectsWriter

__all__ = ["Named", "OutcomeLook", "Taken", "look", "take_in"]

LOOK_ROWS = 20_000


@dataclass(frozen=True)
class Taken:
    """What became of a file of outcomes. Every row of it is in exactly one of the counts but `ambiguous`."""

    use_case: str
    rows: int
    matched: int  # read, and about a prediction of the desk
    revisions: int  # of those, new to the desk
    unreadable: int
    unknown: int  # nobody of that name was scored
    other_time: int  # scored, but never at that time
    repeated: int
    contradicting: int
    ambiguous: int  # matched without a time although the entity was scored at several
    columns: dict[str, str | None]  # role -> column of the file
    rejects: str | None = None

    def as_json(self) -> dict[str, Any]:
        """Plain values."""
        return asdict(self)


@dataclass(frozen=True)
class OutcomeLook:
    """A file of outcomes before it is taken in: its columns' roles, its first rows, what would become of them."""

    header: tuple[str, ...]
    columns: dict[str, str | None]
    first: pa.Table  # texts as given, a few rows
    would: Taken | None  # None: a column is still to be named
    whole_file: bool
    problem: str = ""


def take_in(
    desk: Desk, actor: Actor, key: str, path: Path, named: Named | None = None, *, rejects: Path | None = None
) -> Taken:
    """Read a file of outcomes and log those that are about a prediction.

    Raises
    ------
    InputError
        The use case has no entity column, or the file lacks a column that is needed.
    """
    require(actor, Action.OUTCOMES)
    use_case = desk.use_case(key)
    received_at = datetime.now(UTC)
    source = open_outcomes(use_case, path, named or Named())
    read = read_outcomes(use_case, source, received_at)
    given = _as_stored(desk, use_case, readable(use_case, read))
    matched = desk.log.match_outcomes(use_case, given)
    meets = pc.equal(matched["status"], MEETS)
    fresh = given.set_column(given.column_names.index(OBSERVED_AT), OBSERVED_AT, matched[OBSERVED_AT]).filter(meets)
    now = pa.scalar(received_at.replace(tzinfo=None), pa.timestamp("us"))
    fresh = fresh.set_column(fresh.column_names.index(OBSERVED_AT), OBSERVED_AT, pc.fill_null(fresh[OBSERVED_AT], now))
    subject, digest = f"{key} outcomes", _sha256(path)
    facts: dict[str, Any] = {"actor": actor.name, "role": actor.role.value, "via": actor.via, "subject": subject}
    desk.ledger.record(at=received_at, action="bring outcomes", after={"sha256": digest, "rows": read.n_rows}, **facts)
    n_new = desk.log.append_outcomes(use_case, fresh.drop(["row"]), received_at=received_at)
    _write_rejects(use_case, read, matched, rejects)
    taken = _counted(use_case, source, read, matched, n_new, given)
    written = str(rejects) if rejects is not None and rejects.exists() else None
    desk.ledger.record(at=datetime.now(UTC), action="brought outcomes", after={"revisions": n_new}, **facts)
    return Taken(**(taken.as_json() | {"rejects": written}))


def look(desk: Desk, actor: Actor, key: str, path: Path, named: Named | None = None) -> OutcomeLook:
    """What a file of outcomes is and what would become of it; nothing is logged."""
    require(actor, Action.OUTCOMES)
    use_case = desk.use_case(key)
    refuse_without_entity(use_case)
    bare = open_source(path, Schema(()), chunk_rows=LOOK_ROWS)
    first = next((chunk.texts.slice(0, 5) for chunk in bare.chunks()), pa.table({name: [] for name in bare.header}))
    try:
        source = open_outcomes(use_case, path, named or Named())
    except UnknownName as error:
        columns = roles_of(use_case, bare.header, named or Named())
        return OutcomeLook(bare.header, columns, first, None, False, error.message)
    read = read_outcomes(use_case, source, datetime.now(UTC), most=LOOK_ROWS)
    given = _as_stored(desk, use_case, readable(use_case, read))
    would = _counted(use_case, source, read, desk.log.match_outcomes(use_case, given), 0, given)
    return OutcomeLook(bare.header, would.columns, first, would, source.fraction >= 1 or read.n_rows < LOOK_ROWS)


def _as_stored(desk: Desk, use_case: UseCase, given: pa.Table) -> pa.Table:
    """The outcomes with their entities as the log calls them."""
    place = given.column_names.index("entity")
    return given.set_column(place, "entity", desk.pseudonyms.stored(use_case, given["entity"]))


_WHY = {
    UNKNOWN: "No {noun} of this name was scored here.",
    OTHER_TIME: "This {noun} was scored here, but not at this time.",
    REPEATS: "An earlier row of the file says the same.",
    CONTRADICTS: "Other rows of the file say something else of this {noun} at the same time; none of them is taken.",
}


def _write_rejects(use_case: UseCase, read: OutcomeRows, matched: pa.Table, path: Path | None) -> None:
    if path is None:
        return
    status = dict.fromkeys(_WHY, np.array([], dtype=np.int64))
    for word in _WHY:
        status[word] = matched.filter(pc.equal(matched["status"], word))["row"].to_numpy()
    writer = RejectsWriter(path)
    name = use_case.schema[use_case.entity or ""]
    for chunk, checked in read.parts:
        for word, numbers in status.items():
            rows = np.flatnonzero(np.isin(chunk.row_numbers, numbers))
            reject(checked, name, rows, _WHY[word].format(noun=use_case.noun))
        writer.write(chunk, checked)
    writer.close()


def _counted(
    use_case: UseCase, source: Source, read: OutcomeRows, matched: pa.Table, n_new: int, given: pa.Table
) -> Taken:
    counts = {item["values"]: item["counts"] for item in matched["status"].value_counts().to_pylist()}
    timeless = pc.and_(pc.is_null(given["as_of"]), pc.greater(matched["n_times"], 1))
    ambiguous = pc.sum(pc.and_(timeless, pc.equal(matched["status"], MEETS))).as_py() or 0
    back = {target: name for name, target in source.mapping.items() if target is not None}
    time = use_case.schema.time
    columns = {
        "entity": back.get(use_case.entity or ""),
        "outcome": back.get(use_case.target.name),
        "time": back.get(time.name) if time else None,
        "observed_at": back.get(OBSERVED_AT),
    }
    return Taken(
        use_case=use_case.key,
        rows=read.n_rows,
        matched=counts.get(MEETS, 0),
        revisions=n_new,
        unreadable=read.n_unreadable,
        unknown=counts.get(UNKNOWN, 0),
        other_time=counts.get(OTHER_TIME, 0),
        repeated=counts.get(REPEATS, 0),
        contradicting=counts.get(CONTRADICTS, 0),
        ambiguous=ambiguous,
        columns=columns,
    )


def _sha256(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
