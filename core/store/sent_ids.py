"""Which predictions a scoring job has sent to another program: 16 bytes each, in a small DuckDB file of its own."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray


class SentIds:
    """The ids of one scoring job; a context manager that holds the file.

    Parameters
    ----------
    path : Path
        Made when it does not exist.
    """

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._connection: Any = duckdb.connect(str(path))
        self._connection.execute("CREATE TABLE IF NOT EXISTS sent (id UUID)")

    def __enter__(self) -> SentIds:
        return self

    def __exit__(self, *exc: object) -> None:
        self._connection.close()

    def not_sent(self, ids: pa.Array) -> NDArray[np.bool_]:
        """Which ids (32 hex digits) were not sent yet, the first of equal ones; shape (n_ids,)."""
        self._given(ids)
        places = self._connection.execute(
            "SELECT min(place) AS place FROM given WHERE id NOT IN (SELECT id FROM sent) GROUP BY id"
        ).fetchnumpy()["place"]
        new = np.zeros(len(ids), dtype=bool)
        new[places] = True
        return new

    def add(self, ids: pa.Array) -> None:
        """Remember that these were sent; on disk when it returns."""
        self._given(ids)
        self._connection.execute("INSERT INTO sent SELECT id FROM given")

    def _given(self, ids: pa.Array) -> None:
        self._connection.register("texts", pa.table({"id": ids, "place": pa.array(np.arange(len(ids)))}))
        self._connection.execute("CREATE OR REPLACE TEMP VIEW given AS SELECT id::UUID AS id, place FROM texts")
