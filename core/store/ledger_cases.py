"""Cases: what somebody complained about, and what is known of it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import asdict
from typing import Any

from sqlalchemy import Connection, Select, delete, insert, select, update

from core.errors import UnknownName
from core.store.ledger_tables import CASES, PREVENTION, CaseRecord, PreventionRecord


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

    def case(self, case_id: str) -> CaseRecord:
        """One case.

        Raises
        ------
        UnknownName
        """
        rows = self._read(select(CASES).where(CASES.c.id == case_id))
        if not rows:
            raise UnknownName("case", case_id, [record.id for record in self.cases(limit=20)])
        return CaseRecord(**rows[0]._mapping)

    def update_case(self, case_id: str, **changes: Any) -> None:
        """Change how a case stands; what was complained about never changes.

        Raises
        ------
        UnknownName
        """
        fixed = {"id", "use_case", "opened_at", "opened_by", "prediction_id", "period_from", "period_to", "text"}
        if fixed & set(changes):
            raise ValueError(f"A case keeps its {', '.join(sorted(fixed & set(changes)))}.")
        with self.transaction() as connection:
            self.case(case_id)
            connection.execute(update(CASES).where(CASES.c.id == case_id).values(**changes))

    def add_prevention(self, item: PreventionRecord) -> None:
        """Write down what is to keep a case from happening again."""
        with self.transaction() as connection:
            self.case(item.case_id)
            connection.execute(insert(PREVENTION).values(**asdict(item)))

    def prevention(
        self, *, use_case: str | None = None, kind: str | None = None, case_id: str | None = None
    ) -> list[PreventionRecord]:
        """Prevention items, oldest first."""
        query = select(PREVENTION).order_by(PREVENTION.c.created_at, PREVENTION.c.id)
        for column, value in ((PREVENTION.c.use_case, use_case), (PREVENTION.c.kind, kind)):
            query = query.where(column == value) if value is not None else query
        if case_id is not None:
            query = query.where(PREVENTION.c.case_id == case_id)
        return [PreventionRecord(**row._mapping) for row in self._read(query)]

    def clear_simulated_cases(self) -> int:
        """Delete the cases of simulated rows, with what was to prevent them; returns how many cases there were."""
        with self.transaction() as connection:
            simulated = select(CASES.c.id).where(CASES.c.simulated)
            connection.execute(delete(PREVENTION).where(PREVENTION.c.case_id.in_(simulated)))
            return int(connection.execute(delete(CASES).where(CASES.c.simulated)).rowcount)
