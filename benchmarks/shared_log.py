"""A log that several desks share against one in a file: chunks, single rows, catching up, filling a new copy.

python -m benchmarks.shared_log URL [CHUNKS]   URL of an empty PostgreSQL database; a chunk has 122,880 rows

Both logs get the same chunks in turn, so that what else the machine does slows both.
"""

from __future__ import annotations

import json
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from core.store import log_shared
from core.store.log import PredictionLog
from core.store.log_schema import tables
from core.usecases import builtin

CASE = builtin()["bnpl_default"]
CHUNK, SINGLES, MB = 122_880, 200, 192
AT = datetime(2026, 11, 21)


def draw(n_rows: int, first: int, rng: Any) -> tuple[pa.Table, pa.Table]:
    """Rows and scores with random values; ids and entities are the rows' numbers."""
    numbers = first + np.arange(n_rows)
    ids = pa.array([f"{number:032x}" for number in numbers.tolist()])
    kinds: dict[str, Callable[[], Any]] = {
        "VARCHAR": lambda: pa.array(rng.choice(["low", "medium", "high"], n_rows)),
        "DOUBLE": lambda: rng.random(n_rows),
        "BIGINT": lambda: rng.integers(0, 90, n_rows),
        "INTEGER": lambda: rng.integers(0, 90, n_rows).astype(np.int32),
        "BOOLEAN": lambda: rng.integers(0, 2, n_rows).astype(bool),
        "TIMESTAMP": lambda: pa.array(np.datetime64(AT, "us") + numbers * np.timedelta64(1, "s")),
    }
    shape, own = tables(CASE), {"prediction_id", "batch", "version", "role"}
    rows = {name: kinds[kind]() for name, kind in shape["rows"].items() if name not in own}
    scores = {name: kinds[kind]() for name, kind in shape["scores"].items() if name not in own}
    rows |= {"prediction_id": ids, "entity": ids}
    return pa.table(rows), pa.table(scores | {"prediction_id": ids})


def seconds(work: Callable[[], Any]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def look(log: log_shared.SharedLog) -> float:
    """Seconds until a copy that has not looked for a while may be read."""
    log._looked = -log_shared.STALE_SECONDS
    return seconds(log._cursor)


def measure(url: str, n_chunks: int, folder: Path) -> dict[str, float]:
    """Figures in rows per second, milliseconds and ratios."""
    rng = np.random.default_rng(7)
    file = PredictionLog(folder / "file.duckdb", MB)
    one, other = (log_shared.SharedLog(folder / name, url, MB) for name in ("one.duckdb", "other.duckdb"))
    batches = {
        id(log): log.start_batch(CASE, version="v1", source="file", actor="benchmark", at=AT + timedelta(days=1))
        for log in (file, one)
    }

    def append(log: PredictionLog, chunk: tuple[pa.Table, pa.Table]) -> float:
        return seconds(lambda: log.append(CASE, batches[id(log)], *chunk))

    taken: dict[str, list[float]] = {"file": [], "shared": [], "follow": []}
    for place in range(n_chunks):
        chunk = draw(CHUNK, place * CHUNK, rng)
        taken["file"].append(append(file, chunk))
        taken["shared"].append(append(one, chunk))
        taken["follow"].append(look(other))
    single: dict[str, list[float]] = {"file": [], "shared": []}
    for place in range(SINGLES):
        row = draw(1, n_chunks * CHUNK + place, rng)
        single["file"].append(append(file, row) * 1_000)
        single["shared"].append(append(one, row) * 1_000)
    nothing_new = [look(one) * 1_000 for _ in range(SINGLES)]
    rows = n_chunks * CHUNK
    filled = seconds(lambda: log_shared.SharedLog(folder / "new.duckdb", url, MB).close())
    found = {f"{name}_rows_per_second": rows / sum(values) for name, values in taken.items()}
    found |= {"chunk_ratio": sum(taken["shared"]) / sum(taken["file"]), "fill_rows_per_second": rows / filled}
    for name, values in (*single.items(), ("nothing_new", nothing_new)):
        found |= {
            f"{name}_ms_p50": statistics.median(values),
            f"{name}_ms_p95": sorted(values)[int(len(values) * 0.95)],
        }
    for log in (file, one, other):
        log.close()
    return found | {"rows": float(rows), "single_ratio": found["shared_ms_p50"] / found["file_ms_p50"]}


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        found = measure(sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 8, Path(folder))
    print(json.dumps({name: round(value, 2) for name, value in found.items()}, indent=1))
