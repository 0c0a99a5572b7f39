"""Scored rows into somebody's table, each once: a DuckDB file, or whatever SQLAlchemy has a driver for."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
from sqlalchemy import (
    BigInteger,
    Column,
    DateTime,
    Double,
    Engine,
    MetaData,
    String,
    Table,
    create_engine,
    inspect,
    select,
)
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, NoSuchModuleError, SQLAlchemyError

from core.errors import InputError
from core.store.log_schema import quoted

ID = "prediction_id"
_ROWS = 500  # asked for at a time, below every database's limit of bound values
_IDS_LENGTH, _TEXT_LENGTH = 32, 255  # a key needs a length in some databases


def shown(place: str) -> str:
    """A database as a person may see it: without its password.

    >>> shown("postgresql://crm:s3cret@db/leads"), shown("/srv/out.duckdb")
    ('postgresql://crm:***@db/leads', '/srv/out.duckdb')
    """
    return make_url(place).render_as_string(hide_password=True) if "://" in place else place


def check_place(place: str, table: str) -> None:
    """Refuse what cannot be a table's place.

    Raises
    ------
    InputError
    """
    if not table.replace("_", "").isalnum() or not table[:1].isalpha():
        raise InputError(f"'{table}' is no name of a table.", "Use letters, digits and _, a letter first.")
    if "://" not in place:
        if Path(place).suffix.lower() != ".duckdb" or not Path(place).parent.is_dir():
            raise InputError(
                f"'{shown(place)}' is no database.",
                "Give a path that ends with .duckdb in a folder that exists, or a URL.",
            )
        return
    try:
        create_engine(place).dispose()
    except (ArgumentError, NoSuchModuleError, ImportError):
        raise InputError(
            "There is no driver for this database here.", "Such as sqlite:////srv/crm.sqlite, or install its driver."
        ) from None


def add_rows(place: str, table: str, parts: Iterator[pa.Table]) -> tuple[int, int]:
    """Add the rows that the table does not hold, by their prediction's id, all of them or none.

    Returns
    -------
    (int, int)
        Rows added, rows that were there.

    Raises
    ------
    InputError
        The table has other columns, or the database refuses; nothing of the address is in the message but the host.
    """
    try:
        if "://" not in place:
            return _into_duckdb(Path(place), table, parts)
        engine = create_engine(place)
        try:
            return _into_engine(engine, table, parts)
        finally:
            engine.dispose()
    except duckdb.Error as error:
        raise _refused(table, error) from None
    except SQLAlchemyError as error:
        raise _refused(table, getattr(error, "orig", None) or error) from None


def _refused(table: str, error: BaseException) -> InputError:
    said = f"{type(error).__name__}: {str(error).splitlines()[0][:200]}" if str(error) else type(error).__name__
    return InputError(f"The rows could not be written into {table}: {said}", "Nothing of them was kept there.")


def _other_columns(table: str, lacks: set[str]) -> InputError:
    return InputError(
        f"The table {table} has no column {', '.join(sorted(lacks))}.", "Add it, or name a table that is not there yet."
    )


def _into_duckdb(path: Path, table: str, parts: Iterator[pa.Table]) -> tuple[int, int]:
    name, n_new, n_all = quoted(table), 0, 0
    with duckdb.connect(str(path)) as connection:
        connection.execute("BEGIN")
        for place, part in enumerate(parts):
            connection.register("handed_on", part)
            if place == 0:
                connection.execute(f"CREATE TABLE IF NOT EXISTS {name} AS FROM handed_on LIMIT 0")
                found = {row[0] for row in connection.execute(f"DESCRIBE {name}").fetchall()}
                if lacks := set(part.column_names) - found:
                    raise _other_columns(table, lacks)
            added = connection.execute(
                f"INSERT INTO {name} BY NAME SELECT DISTINCT ON ({ID}) * FROM handed_on "
                f"WHERE {ID} NOT IN (SELECT {ID} FROM {name})"
            ).fetchall()
            n_new, n_all = n_new + added[0][0], n_all + part.num_rows
        connection.execute("COMMIT")
    return n_new, n_all - n_new


def _into_engine(engine: Engine, table: str, parts: Iterator[pa.Table]) -> tuple[int, int]:
    n_new, n_all, target = 0, 0, None
    with engine.begin() as connection:
        for part in parts:
            if target is None:
                target = _table(table, part.schema)
                if inspect(connection).has_table(table):
                    present = {column["name"] for column in inspect(connection).get_columns(table)}
                    if lacks := set(part.column_names) - present:
                        raise _other_columns(table, lacks)
                target.create(connection, checkfirst=True)
            for start in range(0, part.num_rows, _ROWS):
                rows = part.slice(start, _ROWS).to_pylist()
                asked = select(target.c[ID]).where(target.c[ID].in_([row[ID] for row in rows]))
                there = set(connection.execute(asked).scalars())
                new = list({row[ID]: row for row in rows if row[ID] not in there}.values())
                if new:
                    connection.execute(target.insert(), new)
                n_new, n_all = n_new + len(new), n_all + len(rows)
    return n_new, n_all - n_new


def _table(name: str, schema: pa.Schema) -> Table:
    columns = [Column(field.name, _type(field), primary_key=field.name == ID) for field in schema]
    return Table(name, MetaData(), *columns)


def _type(field: pa.Field) -> Any:
    if pa.types.is_floating(field.type):
        return Double()
    if pa.types.is_integer(field.type):
        return BigInteger()
    if pa.types.is_timestamp(field.type):
        return DateTime()
    return String(_IDS_LENGTH if field.name == ID else _TEXT_LENGTH)
