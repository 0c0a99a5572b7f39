"""The tables that there were when migrations began; a ledger from before them gets the tables and columns it lacks."""

from __future__ import annotations

from alembic import op

from core.store.ledger_schema import add_missing, suit
from core.store.migrations.baseline import METADATA

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make what is not there."""
    connection = op.get_bind()
    suit(connection, METADATA)
    METADATA.create_all(connection)
    add_missing(connection, METADATA)


def downgrade() -> None:
    """Drop everything, the events too."""
    connection = op.get_bind()
    METADATA.drop_all(connection)
    if connection.dialect.name == "postgresql":
        op.execute("DROP FUNCTION IF EXISTS events_append_only()")
