"""The ledger's tables as a database has them: made, brought up to date, or refused where a newer desk made them.

Which revision a database has is one read. Alembic is imported only where that is not the newest.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, Engine, MetaData, func, inspect, select, text
from sqlalchemy.exc import DatabaseError
from sqlalchemy.schema import CreateColumn, Index, SchemaItem

from core.errors import DatabaseDown, NotReady
from core.store.ledger_tables import METADATA

if TYPE_CHECKING:
    from alembic.config import Config

HEAD = "0002"  # the newest revision in core/store/migrations/versions
MIGRATIONS = Path(__file__).parent / "migrations"

# MariaDB and MySQL else take 'Ada' for 'ada'; the options of every table of the ledger there
MARIADB = {"mysql_engine": "InnoDB", "mysql_charset": "utf8mb4", "mysql_collate": "utf8mb4_bin"}

_SAID = "events are append-only"
_VERBS = ("UPDATE", "DELETE")
_LOCK_NUMBER = 7_201_126  # of PostgreSQL's advisory locks; nothing else in the database takes it
_LOCK_NAME = "ringside ledger"


def prepare(engine: Engine) -> None:
    """Make the tables, or bring them to this version's revision; one read where they have it.

    Raises
    ------
    NotReady
        A newer version of the desk has changed them.
    """
    with engine.connect() as connection:
        if _revision(connection) == HEAD:
            return
    with _alone(engine) as connection:
        there = inspect(connection)
        if there.has_table("alembic_version") and _revision(connection) == HEAD:  # another desk was first
            return
        if METADATA.tables.keys() & set(there.get_table_names()):
            upgrade(connection)
        else:
            _make(connection)


def _revision(connection: Connection) -> str | None:
    """The revision of a database; None where it has none (a transaction of PostgreSQL does not live through that)."""
    try:
        found: str | None = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
    except DatabaseError:  # there is no such table
        return None
    return found


@contextmanager
def _alone(engine: Engine) -> Iterator[Connection]:
    """A transaction in which no other desk changes tables. MariaDB and MySQL cannot take such changes back."""
    kind = engine.dialect.name
    option = {"immediate" if kind == "sqlite" else "snapshot": True}
    with engine.connect().execution_options(**option) as connection, connection.begin():
        if kind == "postgresql":
            connection.execute(text(f"SELECT pg_advisory_xact_lock({_LOCK_NUMBER})"))
        elif kind == "mysql" and not connection.execute(text(f"SELECT GET_LOCK('{_LOCK_NAME}', 60)")).scalar():
            raise DatabaseDown("Another desk has been preparing the ledger for 60 s.", "Try again in a moment.")
        try:
            yield connection
        finally:
            if kind == "mysql":
                connection.execute(text(f"SELECT RELEASE_LOCK('{_LOCK_NAME}')"))


def _make(connection: Connection) -> None:
    """The tables of an empty database at once, as all migrations together make them."""
    suit(connection, METADATA)
    METADATA.create_all(connection, checkfirst=False)
    finish(connection)
    connection.execute(text("CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL PRIMARY KEY)"))
    connection.execute(text("INSERT INTO alembic_version VALUES (:revision)"), {"revision": HEAD})


def add_missing(connection: Connection, metadata: MetaData) -> None:
    """Give an older ledger's tables the columns and indexes that came later; rows get a column's default, or null."""
    found = inspect(connection)
    quoted = connection.dialect.identifier_preparer.format_table
    for table in metadata.sorted_tables:
        present = {column["name"] for column in found.get_columns(table.name)}
        for column in table.columns:
            if column.name not in present:
                definition = CreateColumn(column).compile(dialect=connection.dialect)
                connection.execute(text(f"ALTER TABLE {quoted(table)} ADD COLUMN {definition}"))
        indexed = {index["name"] for index in found.get_indexes(table.name)}
        for index in table.indexes - {index for index in table.indexes if index.name in indexed}:
            index.create(connection)


def suit(connection: Connection, metadata: MetaData) -> None:
    """Tell tables what only one kind of server wants: here, for the tables would import that dialect at every start."""
    if connection.dialect.name == "mysql":
        for table in metadata.tables.values():
            table.dialect_kwargs.update(MARIADB)
    elif connection.dialect.name == "postgresql":
        part = next(index for index in metadata.tables["alerts"].indexes if index.name == "one_open_alert")
        part.dialect_kwargs["postgresql_where"] = text("state <> 'closed'")


def finish(connection: Connection) -> None:
    """What is no table: the row that writers lock, and what keeps events from being changed by a slip of the hand.

    The chain shows a changed event all the same.
    """
    if connection.execute(text("SELECT COUNT(*) FROM ledger_head")).scalar() == 0:
        connection.execute(text("INSERT INTO ledger_head VALUES (1, 0)"))
    for statement in guards(connection.dialect.name):
        connection.exec_driver_sql(statement)


def guards(kind: str) -> list[str]:
    """Statements that make a database refuse to change or delete events; safe to repeat."""
    if kind == "postgresql":
        refuse = f"BEGIN RAISE EXCEPTION '{_SAID}'; END"
        found = [f"CREATE OR REPLACE FUNCTION events_append_only() RETURNS trigger LANGUAGE plpgsql AS $$ {refuse} $$"]
        for verb, each in (*((verb, "ROW") for verb in _VERBS), ("TRUNCATE", "STATEMENT")):
            name = f"events_no_{verb.lower()}"
            found.append(f"DROP TRIGGER IF EXISTS {name} ON events")
            found.append(
                f"CREATE TRIGGER {name} BEFORE {verb} ON events FOR EACH {each} EXECUTE FUNCTION events_append_only()"
            )
        return found
    refuse = (
        f"SELECT RAISE(ABORT, '{_SAID}');"
        if kind == "sqlite"
        else f"SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = '{_SAID}';"
    )
    return [
        statement
        for verb in _VERBS
        for statement in (
            f"DROP TRIGGER IF EXISTS events_no_{verb.lower()}",
            f"CREATE TRIGGER events_no_{verb.lower()} BEFORE {verb} ON events FOR EACH ROW BEGIN {refuse} END",
        )
    ]


def go_on_counting(connection: Connection) -> None:
    """PostgreSQL counts the rows it numbers itself; it must go on after those that came with their numbers."""
    if connection.dialect.name != "postgresql":
        return
    for table in METADATA.sorted_tables:
        column = table.autoincrement_column
        if column is not None:
            last = connection.execute(select(func.max(column))).scalar()
            sequence = connection.execute(
                text(f"SELECT pg_get_serial_sequence('{table.name}', '{column.name}')")
            ).scalar()
            if last is not None and sequence is not None:
                connection.execute(text("SELECT setval(:sequence, :last)"), {"sequence": sequence, "last": last})


def alembic_config(connection: Connection) -> Config:
    """What Alembic needs to run the ledger's migrations in the caller's transaction."""
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.attributes["connection"] = connection
    return config


def compared(item: SchemaItem, name: str | None, *_: Any) -> bool:
    """What Alembic compares: MariaDB cannot have an index of a part of the rows."""
    return not (name == "one_open_alert" and isinstance(item, Index))


def upgrade(connection: Connection, revision: str = "head") -> None:
    """Run the migrations that a database lacks, in the caller's transaction."""
    from alembic import command
    from alembic.util import CommandError

    try:
        command.upgrade(alembic_config(connection), revision)
    except CommandError as error:
        if "Can't locate revision" not in str(error):
            raise
        found = _revision(connection)
        said = f"The ledger has revision {found}, which a newer version of Ringside has made; this one knows {HEAD}."
        raise NotReady(said, "Start the newer version, or restore a backup from before it.") from None
