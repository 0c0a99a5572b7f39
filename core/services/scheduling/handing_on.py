"""Scored rows go on: as a file, into a table, or to another program by signed webhook; each prediction once.

What leaves for a table or a program names the row (its id and time), the acting score, band and decision, and which
version said so: nothing of what came in besides, and no other model's opinion.
"""

from __future__ import annotations

import hashlib
import json
import math
import shutil
from collections.abc import Callable, Iterator, Mapping
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa

from core.errors import InputError
from core.services.desk import Desk
from core.services.scheduling.scoring_jobs import secrets_of
from core.services.scheduling.scoring_spec import From, Spec, Target, To
from core.store.ledger_schedule_tables import ScoringJobRecord, SourceTaken

COLUMNS = ("prediction_id", "score", "interval_low", "interval_high", "band", "decision", "decided_by", "model_version")
PROBABILITY = "probability_"

Sent = Callable[[Mapping[str, Any]], None]


def hand_on(desk: Desk, job: ScoringJobRecord, spec: Spec, taken: SourceTaken, sent: Sent) -> dict[str, Any]:
    """Hand on what was scored of a source.

    Parameters
    ----------
    sent : callable
        Told how far it is, so that a run that breaks off goes on there.

    Returns
    -------
    dict
        `went`: to where, in words.

    Raises
    ------
    InputError, NotDelivered
        It did not arrive; it is tried again with the next run.
    """
    if spec.target.kind is To.FILE:
        return _as_file(spec.target, taken)
    scored = taken.facts["files"].get("parquet")
    if scored is None:
        return {"went": "nowhere: no row could be scored"}
    if not Path(scored).is_file():
        raise InputError(f"The scored file of {taken.name} is no longer there.", "Score the source again by hand.")
    if spec.target.kind is To.TABLE:
        from core.store.table_target import add_rows

        place = _secret(desk, spec.target, "address") or spec.target.place
        new, there = add_rows(place, spec.target.table, _rows(desk, job, spec, taken, 10_000))
        return {"went": f"{new:,} rows added, {there:,} were there"}
    return _by_webhook(desk, job, spec, taken, sent)


def _as_file(target: Target, taken: SourceTaken) -> dict[str, Any]:
    folder = Path(target.place)
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for kind in (target.form, "rejects"):
        path = taken.facts["files"].get(kind)
        if path is not None:
            name = _free(folder, Path(path).name, taken)
            part = folder / f".{name}.part"
            shutil.copyfile(path, part)
            part.replace(folder / name)
            written.append(name)
    return {"went": ", ".join(written) or "nowhere: no row could be scored"}


def _free(folder: Path, name: str, taken: SourceTaken) -> str:
    """A name that no other source's file has there."""
    return f"{taken.mark[:8]}-{name}" if (folder / name).exists() else name


def _by_webhook(desk: Desk, job: ScoringJobRecord, spec: Spec, taken: SourceTaken, sent: Sent) -> dict[str, Any]:
    from core.bridges.webhook import send

    url, secret = (_secret(desk, spec.target, name) for name in ("address", "secret"))
    done, n_rows = int(taken.facts.get("deliveries", 0)), 0
    number = 0
    for number, part in enumerate(_rows(desk, job, spec, taken, spec.target.batch_rows), 1):
        n_rows += part.num_rows
        if number <= done:
            continue
        rows = [{name: _plain(value) for name, value in row.items()} for row in part.to_pylist()]
        body = json.dumps({"use_case": job.use_case, "job": job.name, "batch": number, "rows": rows}).encode()
        send(url, secret, body, delivery=_delivery(job, part))
        sent({"deliveries": number})
    return {"went": f"{n_rows:,} rows in {number:,} deliveries", "deliveries": number}


def _delivery(job: ScoringJobRecord, part: pa.Table) -> str:
    """The same for the same rows of the same job, whenever they are sent."""
    ids = "".join(part["prediction_id"].to_pylist())
    return hashlib.sha256(f"{job.id} {ids}".encode()).hexdigest()[:32]


def _rows(desk: Desk, job: ScoringJobRecord, spec: Spec, taken: SourceTaken, n: int) -> Iterator[pa.Table]:
    """What leaves of the scored rows, at most n at a time; of a query only rows that were not scored before."""
    from pyarrow import parquet

    use_case = desk.use_case(job.use_case)
    with parquet.ParquetFile(taken.facts["files"]["parquet"]) as scored:
        names = _leaving(scored.schema_arrow.names, taken.facts["header"])
        for batch in scored.iter_batches(n, columns=list(names.values())):
            part = pa.Table.from_batches([batch]).select(list(names.values())).rename_columns(list(names))
            part = pa.table({name: _decoded(part[name]) for name in names})
            if spec.source.kind is From.QUERY and taken.facts["already_scored"]:
                ids = part["prediction_id"].combine_chunks()
                part = part.filter(pa.array(~desk.log.scored_before(use_case, ids, taken.begun_at)))
            if part.num_rows:
                yield part


def _leaving(written: list[str], header: Mapping[str, str]) -> dict[str, str]:
    """Column as it is called outside -> as the scored file calls it."""
    named = {}
    for column, name in header.items():
        given = f"given_{name}"
        named[column] = given if given in written else name
    own = [name for name in written if name in COLUMNS or name.startswith(PROBABILITY)]
    return {column: name for column, name in named.items() if name in written} | {name: name for name in own}


def _decoded(values: pa.ChunkedArray) -> pa.ChunkedArray:
    return values.cast(values.type.value_type) if pa.types.is_dictionary(values.type) else values


def _plain(value: Any) -> Any:
    """A value as JSON has it: a number that is none becomes null."""
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value.isoformat() if isinstance(value, datetime | date) else value


def _secret(desk: Desk, target: Target, name: str) -> str:
    called = target.secrets.get(name, "")
    return secrets_of(desk).get(called) if called else ""
