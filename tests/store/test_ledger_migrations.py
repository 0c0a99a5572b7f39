"""The ledger's tables come from migrations, or at once in an empty database, and are the same either way."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, inspect, text

from core.errors import NotReady
from core.store.ledger import Ledger
from core.store.ledger_engine import open_engine
from core.store.ledger_schema import HEAD, MIGRATIONS, alembic_config, compared, upgrade
from core.store.ledger_tables import METADATA
from tests.store.ledgers import KINDS

ROOT = Path(__file__).resolve().parents[2]
AT = datetime(2026, 11, 21, 10, tzinfo=UTC)


@pytest.fixture(params=KINDS)
def empty(request: pytest.FixtureRequest, tmp_path: Path) -> Path | str:
    """Where there is no ledger yet."""
    if request.param == "sqlite":
        return tmp_path / "ledger.sqlite"
    return str(request.getfixturevalue({"postgresql": "postgres_url", "mariadb": "mariadb_url"}[request.param]))


@contextmanager
def writing(place: Path | str) -> Iterator[Connection]:
    engine = open_engine(place)
    with engine.connect().execution_options(snapshot=True) as connection, connection.begin():
        yield connection
    engine.dispose()


def migrated(place: Path | str) -> None:
    with writing(place) as connection:
        upgrade(connection)


def differences(place: Path | str) -> list[Any]:
    """What Alembic would change for the database to have the tables that the code wants."""
    with writing(place) as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "include_object": compared})
        return list(compare_metadata(context, METADATA))


def guards_of(place: Path | str) -> set[str]:
    asked = "SELECT name FROM sqlite_master WHERE type = 'trigger'"
    if isinstance(place, str):
        here = "DATABASE()" if place.startswith("mariadb") else "CURRENT_SCHEMA()"
        asked = f"SELECT trigger_name FROM information_schema.triggers WHERE trigger_schema = {here}"
    with writing(place) as connection:
        return {row[0] for row in connection.execute(text(asked))}


def test_the_code_knows_the_newest_revision() -> None:
    assert ScriptDirectory(str(MIGRATIONS)).get_heads() == [HEAD]


def test_migrations_make_what_the_code_wants(empty: Path | str) -> None:
    migrated(empty)
    assert differences(empty) == [], "the tables have changed: CONTRIBUTING.md says how to add a migration"
    assert {"events_no_update", "events_no_delete"} <= guards_of(empty)
    with closing(Ledger(empty)) as ledger:
        ledger.record(at=AT, actor="Ada", role="risk", via="page", action="x", subject="y")
        assert ledger.verify_chain() is None


def test_an_empty_database_gets_the_same_at_once(empty: Path | str) -> None:
    Ledger(empty).close()
    assert differences(empty) == []
    assert {"events_no_update", "events_no_delete"} <= guards_of(empty)
    with writing(empty) as connection:
        assert connection.execute(text("SELECT version_num FROM alembic_version")).scalars().all() == [HEAD]
        assert MigrationContext.configure(connection).get_current_revision() == HEAD


def test_every_migration_goes_back(empty: Path | str) -> None:
    migrated(empty)
    for script in ScriptDirectory(str(MIGRATIONS)).walk_revisions():
        with writing(empty) as connection:
            command.downgrade(alembic_config(connection), script.down_revision or "base")
    with writing(empty) as connection:
        assert not METADATA.tables.keys() & set(inspect(connection).get_table_names())
    migrated(empty)
    assert differences(empty) == []


def test_a_ledger_of_a_newer_desk_is_refused(empty: Path | str) -> None:
    Ledger(empty).close()
    with writing(empty) as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(NotReady, match="9999, which a newer version of Ringside has made; this one knows"):
        Ledger(empty)


def test_a_ledger_from_before_migrations_is_brought_up_to_date_once(tmp_path: Path) -> None:
    path = tmp_path / "ledger.sqlite"
    with closing(Ledger(path)) as ledger:
        ledger.create_job("j1", "score file", "bnpl", "Ada", {}, AT)
        ledger.record(at=AT, actor="Ada", role="risk", via="page", action="x", subject="y")
    with closing(sqlite3.connect(path)) as connection:  # as it was: no revision, fewer columns and tables
        connection.executescript(
            "DROP TABLE alembic_version; DROP TABLE desks; DROP TABLE ledger_head; DROP INDEX ix_jobs_desk;"
            "ALTER TABLE jobs DROP COLUMN desk; ALTER TABLE jobs DROP COLUMN number;"
        )
    with closing(Ledger(path)) as ledger:
        assert [job.id for job in ledger.jobs()] == ["j1"] and ledger.verify_chain() is None
    assert differences(path) == []


def test_alembic_is_not_imported_where_the_tables_are_up_to_date(tmp_path: Path) -> None:
    path = tmp_path / "ledger.sqlite"
    Ledger(path).close()
    said = f"import sys; from pathlib import Path; from core.store.ledger import Ledger; Ledger(Path({str(path)!r}));"
    said += "assert not {'alembic', 'psycopg', 'pymysql'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", said], cwd=ROOT, check=True, timeout=60)


def test_mariadb_tells_upper_from_lower_case(mariadb_url: str) -> None:
    migrated(mariadb_url)
    asked = "SELECT DISTINCT table_collation FROM information_schema.tables WHERE table_schema = DATABASE()"
    with writing(mariadb_url) as connection:
        found = set(connection.execute(text(f"{asked} AND table_name <> 'alembic_version'")).scalars())
    assert found == {"utf8mb4_bin"}
