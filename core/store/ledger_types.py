"""Column types that SQLite, PostgreSQL, MariaDB and MySQL share; a key and what is indexed need a length."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import DateTime, String, Text, TypeDecorator
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeEngine

# Three names and a time fit into one index of MariaDB: 3,072 bytes, of which a character takes up to four.
Name = String(255)
Subject = String(500)  # of an event; PostgreSQL indexes at most 2,704 bytes


class LongText(TypeDecorator[str]):
    """A text that may be longer than the 65,535 bytes which MariaDB and MySQL give a `Text`: 16 MB there."""

    impl = Text
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """MEDIUMTEXT on MariaDB and MySQL."""
        if dialect.name != "mysql":
            return dialect.type_descriptor(Text())
        from sqlalchemy.dialects.mysql import MEDIUMTEXT

        return dialect.type_descriptor(MEDIUMTEXT())


class UtcDateTime(TypeDecorator[datetime]):
    """A time with a zone in Python, naive UTC in the database, to the microsecond; naive times are refused."""

    impl = DateTime
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """MariaDB and MySQL keep whole seconds unless they are told otherwise."""
        if dialect.name != "mysql":
            return dialect.type_descriptor(DateTime())
        from sqlalchemy.dialects.mysql import DATETIME

        return dialect.type_descriptor(DATETIME(fsp=6))

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """To the database."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"The ledger takes times with a zone, not {value!r}.")
        return value.astimezone(UTC).replace(tzinfo=None)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """From the database."""
        return value.replace(tzinfo=UTC) if value is not None else None
