"""What each use case keeps and for how long, and whether its ids are stored as keyed hashes."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Collection, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import JSON, Boolean, Column, Connection, Select, Table, delete, select, update

from core.store.ledger_tables import CASES, JOBS, METADATA
from core.store.ledger_types import Name, UtcDateTime
from core.store.ledger_upsert import upsert

PRIVACY = Table(
    "privacy",
    METADATA,
    Column("use_case", Name, primary_key=True),  # "" for what belongs to no use case
    Column("hash_ids", Boolean, nullable=False),
    Column("keep", JSON, nullable=False),  # what -> days; null: for good
    Column("since", UtcDateTime, nullable=False),
    Column("by", Name, nullable=False),
)

ERASED = "(erased)"


@dataclass(frozen=True)
class PrivacyRecord:
    """What was set for a use case; `keep` holds only what differs from the defaults."""

    use_case: str
    hash_ids: bool
    keep: Mapping[str, int | None]
    since: datetime
    by: str


class LedgerPrivacy(ABC):
    """The privacy settings of `core.store.ledger.Ledger`, and what is taken out of its other tables."""

    @abstractmethod
    def transaction(self) -> AbstractContextManager[Connection]: ...

    @abstractmethod
    def _read(self, query: Select[Any]) -> list[Any]: ...

    def privacy(self, use_case: str) -> PrivacyRecord | None:
        """What was set; None while the defaults hold."""
        rows = self._read(select(PRIVACY).where(PRIVACY.c.use_case == use_case))
        return PrivacyRecord(**rows[0]._mapping) if rows else None

    def set_privacy(self, record: PrivacyRecord) -> None:
        """Put a setting in the place of the former one."""
        values = {name: getattr(record, name) for name in ("use_case", "hash_ids", "since", "by")}
        values["keep"] = dict(record.keep)
        with self.transaction() as connection:
            upsert(connection, PRIVACY, keys=("use_case",), values=values)

    def cases_about(self, use_case: str, prediction_ids: Collection[str]) -> list[dict[str, Any]]:
        """Cases about any of these predictions, whole."""
        query = select(CASES).where(CASES.c.use_case == use_case, CASES.c.prediction_id.in_(list(prediction_ids)))
        return [dict(row._mapping) for row in self._read(query)]

    def blank_cases(self, use_case: str, prediction_ids: Collection[str]) -> int:
        """Take the words out of the cases about these predictions; that there was a case, and its cause, stays."""
        blank = dict.fromkeys(("text", "answer", "reason"), ERASED) | {"prediction_id": None, "proposal": None}
        about = CASES.c.prediction_id.in_(list(prediction_ids))
        with self.transaction() as connection:
            return connection.execute(update(CASES).where(CASES.c.use_case == use_case, about).values(**blank)).rowcount

    def delete_jobs_before(self, before: datetime) -> int:
        """Delete finished jobs that were created before a time; their events stay."""
        ended = JOBS.c.state.in_(["done", "failed", "cancelled"])
        with self.transaction() as connection:
            return connection.execute(delete(JOBS).where(JOBS.c.created_at < before, ended)).rowcount
