"""The tables that there were when migrations began; a ledger from before them gets the tables and columns it lacks."""

from __future__ import annotations

from alembic import op

from core.store.ledger_schema import MARIADB, add_missing_columns, finish
from core.store.migrations.baseline import METADATA

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make what is not there."""
    connection = op.get_bind()
    if connection.dialect.name == "mysql":
        for table in METADATA.tables.values():
            table.dialect_kwargs.update(MARIADB)
    METADATA.create_all(connection)
    add_missing_columns(connection, METADATA)
    finish(connection)


def downgrade() -> None:
    """Drop everything, the events too."""
    connection = op.get_bind()
    METADATA.drop_all(connection)
    if connection.dialect.name == "postgresql":
        op.execute("DROP FUNCTION IF EXISTS events_append_only()")
