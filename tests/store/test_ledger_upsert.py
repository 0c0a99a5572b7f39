"""One call inserts a row or changes the one that is there."""

from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy import select

from core.store.ledger import Ledger
from core.store.ledger_service import KEPT_FIGURES
from core.store.ledger_upsert import NOTHING, upsert

AT = datetime(2026, 11, 21, 10, 0, 0, 123456, tzinfo=UTC)


def test_a_row_is_inserted_changed_or_left(ledger: Ledger) -> None:
    keys = ("use_case", "name")
    first = {"use_case": "bnpl", "name": "auc", "at": AT, "value": {"n": 1}}
    with ledger.transaction() as connection:

        def row() -> tuple[datetime, dict[str, int]]:
            found = connection.execute(select(KEPT_FIGURES.c.at, KEPT_FIGURES.c.value)).one()
            return found.at, found.value

        assert upsert(connection, KEPT_FIGURES, keys=keys, values=first, update=NOTHING)
        later = first | {"at": AT.replace(hour=11), "value": {"n": 2}}
        assert not upsert(connection, KEPT_FIGURES, keys=keys, values=later, update=NOTHING)
        assert row() == (AT, {"n": 1})
        assert upsert(connection, KEPT_FIGURES, keys=keys, values=later, update=("value",))
        assert row() == (AT, {"n": 2})
        assert upsert(connection, KEPT_FIGURES, keys=keys, values=later)
        assert row() == (AT.replace(hour=11), {"n": 2})
