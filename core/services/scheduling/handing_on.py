"""Scored rows go on: as a file, into a table, or to another program by signed webhook; each prediction once.

What leaves for a table or a program names the row (its id and time), the acting score, band and decision, and which
version said so: nothing of what came in besides, and no other model's opinion.
"""

from __future__ import annotations

import hashlib
import json
import math
import shutil
from collections.abc import Iterator, Mapping
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa

from core.errors import InputError
from core.services.desk import Desk
from core.services.scheduling.scoring_jobs import secrets_of, sent_file
from core.services.scheduling.scoring_spec import Target, To
from core.store.ledger_schedule_tables import ScoringJobRecord, SourceTaken

COLUMNS = ("prediction_id", "score", "interval_low", "interval_high", "band", "decision", "decided_by", "model_version")
PROBABILITY = "probability_"


def hand_on(desk: Desk, job: ScoringJobRecord, target: Target, taken: SourceTaken) -> dict[str, Any]:
    """Hand on what was scored of a source.

    Returns
    -------
    dict
        `went`: to where, in words.

    Raises
    ------
    InputError, NotDelivered
        It did not arrive; it is tried again with the next run.
    """
    if target.kind is To.FILE:
        return _as_file(target, taken)
    scored = taken.facts["files"].get("parquet")
    if scored is None:
        return {"went": "nowhere: no row could be scored"}
    if not Path(scored).is_file():
        raise InputError(f"The scored file of {taken.name} is no longer there.", "Score the source again by hand.")
    if target.kind is To.TABLE:
        from core.store.table_target import add_rows

        place = _secret(desk, target, "address") or target.place
        new, there = add_rows(place, target.table, _rows(taken, 10_000))
        return {"went": f"{new:,} rows added, {there:,} were there"}
    return _by_webhook(desk, job, target, taken)


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


def _by_webhook(desk: Desk, job: ScoringJobRecord, target: Target, taken: SourceTaken) -> dict[str, Any]:
    """Rows that the job has not sent yet; a run that breaks off has remembered what was taken, and goes on there."""
    from core.bridges.webhook import send
    from core.store.sent_ids import SentIds

    url, secret = (_secret(desk, target, name) for name in ("address", "secret"))
    n_rows = n_sent = number = 0
    with SentIds(sent_file(desk, job.id)) as sent:
        for part in _rows(taken, target.batch_rows):
            n_rows += part.num_rows
            new = part.filter(pa.array(sent.not_sent(part["prediction_id"].combine_chunks())))
            if not new.num_rows:
                continue
            number += 1
            rows = [{name: _plain(value) for name, value in row.items()} for row in new.to_pylist()]
            body = json.dumps({"use_case": job.use_case, "job": job.name, "batch": number, "rows": rows}).encode()
            send(url, secret, body, delivery=_delivery(job, new))
            sent.add(new["prediction_id"].combine_chunks())
            n_sent += new.num_rows
    before = f", {n_rows - n_sent:,} rows were sent before" if n_rows > n_sent else ""
    parts = "1 delivery" if number == 1 else f"{number:,} deliveries"
    return {"went": f"{n_sent:,} rows in {parts}{before}"}


def _delivery(job: ScoringJobRecord, part: pa.Table) -> str:
    """The same for the same rows of the same job, whenever they are sent."""
    ids = "".join(part["prediction_id"].to_pylist())
    return hashlib.sha256(f"{job.id} {ids}".encode()).hexdigest()[:32]


def _rows(taken: SourceTaken, n: int) -> Iterator[pa.Table]:
    """What leaves of the scored rows, at most n at a time."""
    from pyarrow import parquet

    with parquet.ParquetFile(taken.facts["files"]["parquet"]) as scored:
        names = _leaving(scored.schema_arrow.names, taken.facts["header"])
        for batch in scored.iter_batches(n, columns=list(names.values())):
            part = pa.Table.from_batches([batch])
            yield pa.table({column: _decoded(part[name]) for column, name in names.items()})


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
