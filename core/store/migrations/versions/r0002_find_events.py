"""Indexes by which the audit trail finds events: when, who, what; the subject has one already."""

from __future__ import annotations

from alembic import op
from sqlalchemy import inspect

revision = "0002"
down_revision = "0001"

_COLUMNS = ("at", "actor", "action")


def upgrade() -> None:
    """Make the indexes that are not there."""
    present = {index["name"] for index in inspect(op.get_bind()).get_indexes("events")}
    for name in _COLUMNS:
        if f"ix_events_{name}" not in present:
            op.create_index(f"ix_events_{name}", "events", [name])


def downgrade() -> None:
    """Drop them."""
    for name in _COLUMNS:
        op.drop_index(f"ix_events_{name}", table_name="events")
