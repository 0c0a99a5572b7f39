"""Alerts, the looks behind them, what is known between looks, and the terms that people set for a rule."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Collection, Sequence
from contextlib import AbstractContextManager
from dataclasses import asdict
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Select, delete, insert, select, update

from core.errors import InputError, UnknownName
from core.store.ledger_alert_tables import (
    ALERTS,
    LOOKS,
    READINGS,
    RULE_TERMS,
    AlertRecord,
    LookRecord,
    ReadingRecord,
    RuleTermsRecord,
)
from core.store.ledger_upsert import upsert


class LedgerAlerts(ABC):
    """The alerts of `core.store.ledger.Ledger`. Every change stands in a transaction with its event."""

    @abstractmethod
    def transaction(self) -> AbstractContextManager[Connection]: ...

    @abstractmethod
    def _read(self, query: Select[Any]) -> list[Any]: ...

    def add_alert(self, alert: AlertRecord) -> None:
        """Write down an alert.

        Raises
        ------
        InputError
            There is one that is not closed for its rule, subject and part.
        """
        same = (ALERTS.c.rule == alert.rule) & (ALERTS.c.subject == alert.subject) & (ALERTS.c.about == alert.about)
        with self.transaction() as connection:
            found = connection.execute(select(ALERTS.c.id).where(same, ALERTS.c.state != "closed")).first()
            if found is not None and alert.state != "closed":
                raise InputError(f"Alert {found.id} is open for the same.", "Close it, or add to it.")
            connection.execute(insert(ALERTS).values(**asdict(alert)))

    def change_alert(self, alert_id: str, **changes: Any) -> AlertRecord:
        """Change how an alert stands and return it.

        Raises
        ------
        UnknownName
        """
        with self.transaction() as connection:
            connection.execute(update(ALERTS).where(ALERTS.c.id == alert_id).values(**changes))
            return self.alert(alert_id)

    def alert(self, alert_id: str) -> AlertRecord:
        """One alert.

        Raises
        ------
        UnknownName
        """
        rows = self._read(select(ALERTS).where(ALERTS.c.id == alert_id))
        if not rows:
            raise UnknownName("alert", alert_id, [record.id for record in self.alerts(limit=20)])
        return AlertRecord(**rows[0]._mapping)

    def alerts(self, *, open_only: bool = False, subject: str | None = None, limit: int = 500) -> list[AlertRecord]:
        """Alerts, the newest first."""
        query = select(ALERTS).order_by(ALERTS.c.opened_at.desc(), ALERTS.c.id).limit(limit)
        if open_only:
            query = query.where(ALERTS.c.state != "closed")
        if subject is not None:
            query = query.where(ALERTS.c.subject == subject)
        return [AlertRecord(**row._mapping) for row in self._read(query)]

    def add_readings(self, readings: Sequence[ReadingRecord]) -> None:
        """Append looks to the history."""
        if readings:
            with self.transaction() as connection:
                connection.execute(insert(READINGS), [asdict(reading) for reading in readings])

    def readings(self, rule: str, subject: str, about: str, limit: int = 400) -> list[ReadingRecord]:
        """The newest looks of one rule at one part of a subject, oldest first."""
        columns = [column for column in READINGS.c if column.name != "number"]
        where = (READINGS.c.rule == rule) & (READINGS.c.subject == subject) & (READINGS.c.about == about)
        query = select(*columns).where(where).order_by(READINGS.c.at.desc(), READINGS.c.number.desc()).limit(limit)
        return [ReadingRecord(**row._mapping) for row in reversed(self._read(query))]

    def drop_readings(self, before: datetime) -> int:
        """Delete looks that are older; returns how many."""
        with self.transaction() as connection:
            return int(connection.execute(delete(READINGS).where(READINGS.c.at < before)).rowcount)

    def looks(
        self, rule: str | None = None, subject: str | None = None, simulated: bool | None = None
    ) -> list[LookRecord]:
        """What is known since the last looks."""
        query = select(LOOKS).order_by(LOOKS.c.rule, LOOKS.c.subject, LOOKS.c.about)
        for column, value in ((LOOKS.c.rule, rule), (LOOKS.c.subject, subject), (LOOKS.c.simulated, simulated)):
            query = query.where(column == value) if value is not None else query
        return [LookRecord(**row._mapping) for row in self._read(query)]

    def keep_looks(self, looks: Sequence[LookRecord]) -> None:
        """Write down what is known now, in place of what was known before."""
        with self.transaction() as connection:
            for look in looks:
                upsert(connection, LOOKS, keys=("rule", "subject", "about", "simulated"), values=asdict(look))

    def hush(self, rule: str, subject: str, about: str, severity: str) -> None:
        """Remember that a person closed an alert of a severity while its breach may go on."""
        where = (LOOKS.c.rule == rule) & (LOOKS.c.subject == subject) & (LOOKS.c.about == about)
        with self.transaction() as connection:
            connection.execute(update(LOOKS).where(where).values(hushed=severity))

    def rule_terms(self) -> list[RuleTermsRecord]:
        """What was set for rules, the general before the particular."""
        query = select(RULE_TERMS).order_by(RULE_TERMS.c.rule, RULE_TERMS.c.subject)
        return [RuleTermsRecord(**row._mapping) for row in self._read(query)]

    def set_rule_terms(self, record: RuleTermsRecord) -> None:
        """Set a rule's terms for a subject; empty terms are the rule's own again."""
        where = (RULE_TERMS.c.rule == record.rule) & (RULE_TERMS.c.subject == record.subject)
        with self.transaction() as connection:
            connection.execute(delete(RULE_TERMS).where(where))
            if record.terms:
                connection.execute(insert(RULE_TERMS).values(**asdict(record)))

    def clear_simulated_alerts(self, subjects: Collection[str] = ()) -> int:
        """Delete alerts on simulated rows with their looks; returns how many alerts there were.

        Parameters
        ----------
        subjects : collection of str
            Use cases that lost simulated rows: what is remembered of looks at them goes, too.
        """
        with self.transaction() as connection:
            connection.execute(delete(READINGS).where(READINGS.c.simulated))
            connection.execute(delete(LOOKS).where(LOOKS.c.simulated | LOOKS.c.subject.in_(subjects)))
            return int(connection.execute(delete(ALERTS).where(ALERTS.c.simulated)).rowcount)
