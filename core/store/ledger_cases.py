"""Cases: what somebody complained about, and what is known of it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import asdict
from typing import Any

from sqlalchemy import Connection, Select, delete, insert, select

from core.store.ledger_tables import CASES, CaseRecord


class LedgerCases(ABC):
    """The cases of `core.store.ledger.Ledger`."""

    @abstractmethod
    def transaction(self) -> AbstractContextManager[Connection]: ...

    @abstractmethod
    def _read(self, query: Select[Any]) -> list[Any]: ...

    def open_cases(self, cases: Sequence[CaseRecord]) -> None:
        """Write down cases, all of them or none."""
        with self.transaction() as connection:
            for case in cases:
                connection.execute(insert(CASES).values(**asdict(case)))

    def cases(self, use_case: str | None = None, limit: int = 100) -> list[CaseRecord]:
        """The newest cases, newest first."""
        query = select(CASES).order_by(CASES.c.opened_at.desc(), CASES.c.id).limit(limit)
        if use_case is not None:
            query = query.where(CASES.c.use_case == use_case)
        return [CaseRecord(**row._mapping) for row in self._read(query)]

    def clear_simulated_cases(self) -> int:
        """Delete the cases of simulated rows; returns how many there were."""
        with self.transaction() as connection:
            return int(connection.execute(delete(CASES).where(CASES.c.simulated)).rowcount)
