"""How Alembic runs the ledger's migrations: on the connection it is handed, or on the desk's ledger by hand."""

from __future__ import annotations

import os

from alembic import context
from sqlalchemy import Connection, inspect

import core.store.ledger  # noqa: F401  with every table
from core.config import Settings
from core.store.ledger_engine import open_engine
from core.store.ledger_schema import compared, finish
from core.store.ledger_tables import METADATA


def run(connection: Connection) -> None:
    """Run what is asked for in one transaction. SQLite changes a table by making it anew, without its triggers."""
    batch = connection.dialect.name == "sqlite"
    context.configure(connection=connection, target_metadata=METADATA, render_as_batch=batch, include_object=compared)
    with context.begin_transaction():
        context.run_migrations()
    if inspect(connection).has_table("events"):
        finish(connection)


_handed = context.config.attributes.get("connection")
if _handed is not None:
    run(_handed)
else:
    _settings = Settings.from_mapping(os.environ)
    _engine = open_engine(_settings.database_url or _settings.data_dir / "ledger.sqlite")
    with _engine.connect().execution_options(snapshot=True) as _connection, _connection.begin():
        run(_connection)
    _engine.dispose()
