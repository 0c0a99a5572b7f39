"""Ledgers for tests: the same on a file and on every server that is installed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from sqlalchemy import text

from core.store.ledger import Ledger
from core.store.ledger_engine import open_engine
from core.store.ledger_schema import guards
from core.store.ledger_tables import METADATA

KINDS = ("sqlite", "postgresql", "mariadb")
ON_SERVERS = pytest.mark.parametrize("ledger_server", KINDS[1:], indirect=True)
OPEN = "Ledger(sys.argv[1] if '://' in sys.argv[1] else Path(sys.argv[1]))"  # in a process of its own


@pytest.fixture(scope="session", params=KINDS)
def ledger_server(request: pytest.FixtureRequest) -> str | None:
    """URL of a server whose ledger has its tables, for all tests; None: a file each."""
    if request.param == "sqlite":
        return None
    url: str = request.getfixturevalue({"postgresql": "postgres_server", "mariadb": "mariadb_server"}[request.param])
    Ledger(url).close()
    return url


@pytest.fixture
def place(ledger_server: str | None, tmp_path: Path) -> Path | str:
    """A file that is not there yet, or the URL of a server whose ledger is empty."""
    if ledger_server is None:
        return tmp_path / "data" / "ledger.sqlite"
    with unguarded(ledger_server) as run:
        for table in METADATA.sorted_tables:
            run("UPDATE ledger_head SET changes = 0" if table.name == "ledger_head" else f"DELETE FROM {table.name}")
    return ledger_server


@pytest.fixture
def ledger(place: Path | str) -> Iterator[Ledger]:
    with closing(Ledger(place)) as opened:
        yield opened


@contextmanager
def unguarded(place: Path | str) -> Iterator[Callable[[str], object]]:
    """Run statements on a ledger whose events may be changed, as somebody with its password could."""
    engine = open_engine(place)
    with engine.connect() as connection:
        kind = connection.dialect.name
        for verb in ("update", "delete"):
            connection.execute(text(f"DROP TRIGGER events_no_{verb}{' ON events' if kind == 'postgresql' else ''}"))
        yield lambda statement: connection.execute(text(statement))
        for guard in guards(kind):
            connection.exec_driver_sql(guard)
    engine.dispose()
