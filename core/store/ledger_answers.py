"""Answers that programs were given under a key of their own, so that a request sent twice is answered once."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Collection, Sequence
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Column, Connection, Select, String, Table, delete, insert, select

from core.store.ledger_tables import METADATA, UtcDateTime
from core.store.ledger_types import LongText

ANSWERS = Table(
    "answers",
    METADATA,
    Column("mark", String(64), primary_key=True),  # digest of who asked and of the key
    Column("asked", String(64), nullable=False),  # digest of what was asked
    Column("answer", LongText, nullable=False),
    Column("at", UtcDateTime, nullable=False, index=True),
)


@dataclass(frozen=True)
class AnswerRecord:
    """What was asked under a key, as a digest, and the answer."""

    mark: str
    asked: str
    answer: str
    at: datetime


class LedgerAnswers(ABC):
    """The kept answers of `core.store.ledger.Ledger`."""

    @abstractmethod
    def transaction(self) -> AbstractContextManager[Connection]: ...

    @abstractmethod
    def _read(self, query: Select[Any]) -> list[Any]: ...

    def answers(self, marks: Collection[str]) -> dict[str, AnswerRecord]:
        """By mark, the answers that are kept."""
        rows = self._read(select(ANSWERS).where(ANSWERS.c.mark.in_(list(marks))))
        return {row.mark: AnswerRecord(**row._mapping) for row in rows}

    def keep_answers(self, records: Sequence[AnswerRecord]) -> list[AnswerRecord]:
        """Keep answers, all or none; where one is kept already that one stays, and is returned in its place."""
        with self.transaction() as connection:  # nobody else writes meanwhile
            kept = self.answers([record.mark for record in records])
            fresh = {record.mark: record for record in reversed(records) if record.mark not in kept}
            if fresh:
                connection.execute(insert(ANSWERS), [asdict(record) for record in fresh.values()])
        return [(kept | fresh)[record.mark] for record in records]

    def drop_answers(self, before: datetime) -> int:
        """Forget the answers that were given before a time."""
        with self.transaction() as connection:
            return connection.execute(delete(ANSWERS).where(ANSWERS.c.at < before)).rowcount
