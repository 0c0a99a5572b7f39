"""The drift page on a long log: ten million purchases in half a year, multiplied by SQL from rows that were scored.

python -m benchmarks.long_log build ROWS   in the home that RINGSIDE_HOME names; its log must be empty
python -m benchmarks.long_log open         first view of the drift page, and the next
"""

from __future__ import annotations

import json
import os
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
KEY, DAYS, DRAWN = "bnpl_default", 182, 20_000
OWN = ("prediction_id", "batch", "as_of", "scored_at", "entity", "transaction_id", "transaction_timestamp")


def build(rows: int) -> dict[str, float]:
    """Score some purchases, then log them again day by day under new ids; seconds."""
    from core.services.access import Actor, Role
    from core.services.desk import open_desk
    from core.usecases.bnpl_default import USE_CASE

    began, desk, actor = time.perf_counter(), open_desk(), Actor("benchmark", Role.ADMIN, "cli")
    _score(desk, actor, USE_CASE)
    log = desk.log
    cursor = log._cursor()
    until = datetime.now(UTC).replace(tzinfo=None, hour=0, minute=0, second=0, microsecond=0)
    cursor.execute(f"CREATE TEMP TABLE base AS SELECT *, row_number() OVER () AS k FROM {KEY}.rows")
    cursor.execute(f"CREATE TEMP TABLE said AS SELECT s.*, b.k FROM {KEY}.scores s JOIN base b USING (prediction_id)")
    for day in range(DAYS):
        start = until - timedelta(days=DAYS - day)
        batch = log.start_batch(USE_CASE, version="v1", source="file", actor="benchmark", at=start)
        _day(cursor, batch.number, start, rows // DAYS)
    cursor.execute("CHECKPOINT")
    desk.close()
    return {"seconds": time.perf_counter() - began}


def _score(desk: Any, actor: Any, use_case: Any) -> None:
    import io

    from pyarrow import csv

    from core.services import batches

    stream = io.BytesIO()
    csv.write_csv(use_case.synthesize(DRAWN, 99).drop_columns([use_case.target.name]), stream)
    path = batches.keep_upload(desk, actor, "drawn.csv", io.BytesIO(stream.getvalue()))
    done = desk.jobs.wait(batches.submit(desk, actor, KEY, path, filename="drawn.csv"), 120)
    assert done.state == "done", done.message


def _day(cursor: Any, batch: int, start: datetime, n: int) -> None:
    """One day's rows with their scores and the counts of their features."""
    cursor.execute(
        "CREATE OR REPLACE TEMP TABLE picked AS SELECT gen_random_uuid() AS id, "
        "1 + (random() * (? - 1))::INTEGER AS k, "
        "?::TIMESTAMP + to_microseconds((i * 86400000000 / ?)::BIGINT) AS at_ FROM range(?) t(i)",
        [DRAWN, start, n, n],
    )
    entity = "'p' || p.id::VARCHAR"
    own = dict(zip(OWN, ("p.id", str(batch), "p.at_", "p.at_", entity, entity, "p.at_"), strict=True))
    for table, source in (("rows", "base"), ("scores", "said")):
        names = [row[0] for row in cursor.execute(f"SELECT column_name FROM (DESCRIBE {KEY}.{table})").fetchall()]
        listed = ", ".join(own.get(name, f'b."{name}"') for name in names)
        cursor.execute(f"INSERT INTO {KEY}.{table} SELECT {listed} FROM picked p JOIN {source} b ON b.k = p.k")
    cursor.execute(
        f"INSERT INTO {KEY}.feature_counts SELECT ?, ?::DATE, 'v1', feature, bin, (sum(n) * ? / ?)::BIGINT "
        f"FROM {KEY}.feature_counts WHERE batch = (SELECT min(batch) FROM {KEY}.feature_counts) GROUP BY feature, bin",
        [batch, start, n, DRAWN],
    )


def open_page() -> dict[str, float]:
    """Milliseconds of the first view of the drift page, models loaded, and of the next."""
    from streamlit.testing.v1 import AppTest

    app = AppTest.from_file(str(ROOT / "pages" / "desk.py"), default_timeout=120)
    app.query_params["use_case"] = KEY
    app.run()
    from core.ui import state

    desk = state.desk()
    desk.scorer(KEY).bundle.compiled.warm()
    rows = desk.log.counts(desk.use_case(KEY)).total
    taken = {"rows": float(rows)}
    for name in ("first_ms", "again_ms"):
        began = time.perf_counter()
        app.switch_page("watch/drift.py").run()
        taken[name] = (time.perf_counter() - began) * 1_000
        assert not app.exception and any(
            "Scores" in str(item.proto) for item in (*app.success, *app.warning, *app.info)
        )
    return taken


if __name__ == "__main__":
    os.environ.setdefault("RINGSIDE_HOME", str(ROOT))
    print(json.dumps(build(int(sys.argv[2])) if sys.argv[1] == "build" else open_page()))
