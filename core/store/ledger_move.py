"""A ledger in a file moves to a server, once: every row of it, the chain checked before and after."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection, func, select
from sqlalchemy.exc import DataError

from core.errors import InputError
from core.store.backup_ledger import copy_rows
from core.store.ledger import Ledger
from core.store.ledger_desks import DESKS, LEDGER_HEAD
from core.store.ledger_tables import METADATA

MOVED_NAME = "ledger-moved.sqlite"  # what the file is called afterwards: nobody takes it for the ledger again


@dataclass(frozen=True)
class MovedLedger:
    """What was moved: events, the hash of the last one, rows by table."""

    events: int
    last_hash: str
    rows: Mapping[str, int]


def move_ledger(path: Path, address: str) -> MovedLedger:
    """Copy a ledger's file to an empty ledger on a server, and give the file another name.

    Parameters
    ----------
    path : Path
        The SQLite file; nobody may have it open.
    address : str
        Of the server.

    Raises
    ------
    InputError
        There is no file, its chain is broken, the server's ledger is not empty, or a text is too long for it.
    DatabaseDown
    """
    if not path.exists():
        raise InputError(f"There is no {path.name} in {path.parent}.", "There is nothing to move.")
    with closing(Ledger(path)) as source, closing(Ledger(address)) as target:
        _check(source, "The ledger's file")
        try:
            with source.frozen() as reading, target.transaction() as writing:
                _refuse_what_is_there(writing)
                copy_rows(reading, writing)
                rows = _counted(writing)
                if rows != _counted(reading):
                    raise InputError("The server holds other rows than the file.", "Nothing was moved; try again.")
        except DataError as error:
            said = str(error.orig).splitlines()[0]
            raise InputError(f"The server does not take a row of the ledger: {said}", "Nothing was moved.") from None
        moved = MovedLedger(*_check(target, "The ledger on the server"), rows)
        if (moved.events, moved.last_hash) != source.head():
            raise InputError("The server's ledger ends with another event than the file.", "The file is as it was.")
    path.rename(path.with_name(MOVED_NAME))
    return moved


def _check(ledger: Ledger, called: str) -> tuple[int, str]:
    found = ledger.check_chain()
    if found.broken is not None:
        hint = "Look at it with: python -m core audit verify"
        raise InputError(f"{called} is broken at event {found.broken.seq} ({found.broken.kind}).", hint)
    return found.head.seq, found.head.hash


def _counted(connection: Connection) -> dict[str, int]:
    """Rows by table, of tables that have any."""
    tables = [table for table in METADATA.sorted_tables if table not in (LEDGER_HEAD, DESKS)]
    counts = {
        table.name: int(connection.execute(select(func.count()).select_from(table)).scalar_one()) for table in tables
    }
    return {name: n_rows for name, n_rows in counts.items() if n_rows}


def _refuse_what_is_there(connection: Connection) -> None:
    if there := _counted(connection):
        listed = ", ".join(f"{n_rows:,} in {name}" for name, n_rows in sorted(there.items())[:4])
        raise InputError(f"The ledger on the server is not empty: rows {listed}.", "Name an empty database.")
