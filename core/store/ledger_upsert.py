"""Insert a row, or change the one that is there: one call for SQLite, PostgreSQL, MariaDB and MySQL."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from sqlalchemy import Connection, Table, insert, select

NOTHING: tuple[str, ...] = ()  # `update=NOTHING`: the row that is there stays as it is


def upsert(
    connection: Connection,
    table: Table,
    *,
    keys: Collection[str],
    values: Mapping[str, Any],
    update: Collection[str] | None = None,
) -> bool:
    """Insert a row; where one with the same keys is there, change that one instead.

    Parameters
    ----------
    connection : Connection
        Of `Ledger.transaction`, which lets one desk write at a time.
    keys : collection of str
        Columns of the primary key, or of one unique index. On MariaDB and MySQL every unique index counts.
    values : mapping of str to value
        By column, the keys among them.
    update : collection of str, optional
        Columns that change in a row that is there; None: all but the keys; `NOTHING`: it stays as it is.

    Returns
    -------
    bool
        Whether anything was written: False only where a row was there and stayed as it is.
    """
    changed = [name for name in values if name not in keys] if update is None else list(update)
    if not changed:
        return _insert_new(connection, table, keys, values)
    if connection.dialect.name in ("mysql", "mariadb"):
        from sqlalchemy.dialects.mysql import insert as mysql_insert

        given = mysql_insert(table).values(**values)
        connection.execute(given.on_duplicate_key_update({name: given.inserted[name] for name in changed}))
        return True
    if connection.dialect.name == "postgresql":
        from sqlalchemy.dialects.postgresql import insert as postgres_insert

        said = postgres_insert(table).values(**values)
        taken = {name: said.excluded[name] for name in changed}
        connection.execute(said.on_conflict_do_update(index_elements=list(keys), set_=taken))
        return True
    from sqlalchemy.dialects.sqlite import insert as sqlite_insert

    row = sqlite_insert(table).values(**values)
    kept = {name: row.excluded[name] for name in changed}
    connection.execute(row.on_conflict_do_update(index_elements=list(keys), set_=kept))
    return True


def _insert_new(connection: Connection, table: Table, keys: Collection[str], values: Mapping[str, Any]) -> bool:
    """MariaDB's INSERT IGNORE would swallow every other error too, so look first: nobody else writes meanwhile."""
    there = select(*(table.c[name] for name in keys)).where(*(table.c[name] == values[name] for name in keys))
    if connection.execute(there.limit(1)).first() is not None:
        return False
    connection.execute(insert(table).values(**values))
    return True
