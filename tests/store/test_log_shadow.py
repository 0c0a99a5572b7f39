"""The shadow view is made once, and made anew when its columns change or an older desk has made it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import duckdb
import pytest

from core.domain.usecase import UseCase
from core.errors import InputError
from core.store.log import PredictionLog
from core.store.log_shadow import create_shadow_view


def view(path: Path) -> tuple[int, str | None]:
    """The view's number, another one each time it is made, and what its first note says."""
    with duckdb.connect(str(path)) as connection:
        number = connection.execute("SELECT view_oid FROM duckdb_views() WHERE view_name = 'shadow_predictions'")
        found = number.fetchall()[0][0]
        note = connection.execute(
            "SELECT comment FROM duckdb_columns() WHERE table_name = 'shadow_predictions' AND comment IS NOT NULL"
        ).fetchall()
    return found, note[0][0] if note else None


def opened(path: Path, use_case: UseCase) -> tuple[int, str | None]:
    log = PredictionLog(path)
    log.ensure(use_case)
    log.close()
    return view(path)


def test_made_once(tmp_path: Path, bnpl: UseCase) -> None:
    path = tmp_path / "log.duckdb"
    first = opened(path, bnpl)
    assert first[1] is not None
    statements: list[str] = []

    class Cursor:
        def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
            self._connection = connection

        def execute(self, statement: str, *given: object) -> duckdb.DuckDBPyConnection:
            statements.append(statement)
            return self._connection.execute(statement, *given)

    with duckdb.connect(str(path)) as connection:
        create_shadow_view(Cursor(connection), bnpl)  # type: ignore[arg-type]
    assert [statement for statement in statements if "CREATE" in statement] == []


def test_made_anew_after_an_older_desk(tmp_path: Path, bnpl: UseCase) -> None:
    path = tmp_path / "log.duckdb"
    noted = opened(path, bnpl)[1]
    with duckdb.connect(str(path)) as connection:
        connection.execute("CREATE OR REPLACE VIEW shadow_predictions AS SELECT 1 AS business_decision")
        connection.execute(f"COMMENT ON VIEW shadow_predictions IS 'shadow view of {bnpl.key}'")
    assert view(path)[1] is None
    assert opened(path, bnpl)[1] == noted
    with duckdb.connect(str(path)) as connection:
        assert "consensus_prediction" in [column[0] for column in connection.table("shadow_predictions").description]


def test_another_case_of_that_view_is_refused(tmp_path: Path, bnpl: UseCase) -> None:
    log = PredictionLog(tmp_path / "log.duckdb")
    log.ensure(bnpl)
    with pytest.raises(InputError, match="it exists"):
        log.ensure(replace(bnpl, key="another"))
    log.close()
