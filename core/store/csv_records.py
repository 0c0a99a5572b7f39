"""The records among some lines of a text file, one by one: the careful reader behind the fast one."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from core.store.dialect import Dialect, reader

OneLine = Callable[[str], "list[str] | str"]
OPEN_QUOTE = "A quote is opened and not closed properly."


@dataclass(frozen=True)
class Ragged:
    """A record that could not be split into the header's columns. `row` counts data rows from 1."""

    row: int
    text: str
    reason: str


class Records:
    """The records among some lines, each good one with its place, each bad one with its reason."""

    def __init__(self, lines: list[str], width: int, dialect: Dialect, one_line: OneLine) -> None:
        self.lines, self.width = lines, width
        self.dialect, self.one_line = dialect, one_line
        self.rows: list[list[str]] = []
        self.places: list[int] = []
        self.ragged: list[Ragged] = []
        self.n_records = 0
        self._at = 0  # the line that the reader takes next

    def read(self, last: bool) -> str:
        """Go through all lines; returns the text of a record that does not end here."""
        while self._at < len(self.lines):
            start = self._at
            try:
                for record in reader(self._feed(), self.dialect):
                    if not self._take(record, start):
                        break
                    start = self._at
            except csv.Error as error:
                open_ended = "unexpected end" in str(error)
                if open_ended and not last:
                    return "".join(self.lines[start:])
                self._broken(start, open_ended)
        return ""

    def _feed(self) -> Iterator[str]:
        while self._at < len(self.lines):
            self._at += 1
            yield self.lines[self._at - 1]

    def _take(self, record: list[str], start: int) -> bool:
        """Keep a record; False when reading must go on from another line than the reader's next."""
        if not record:
            return True
        if len(record) == self.width:
            self._keep(record)
            return True
        self._set_aside(start, counted(len(record), self.width))
        if self._at == start + 1:
            return True
        self._at = start + 1  # a quote that swallowed lines: only the first one is lost
        return False

    def _broken(self, start: int, open_ended: bool) -> None:
        """Take the one line where the quoting is broken, and go on with the next."""
        single = self._at == start + 1 and not open_ended
        self._at = start + 1
        found = self.one_line(self.lines[start]) if single else OPEN_QUOTE
        if isinstance(found, str):
            self._set_aside(start, found)
        else:
            self._keep(found)

    def _keep(self, record: list[str]) -> None:
        self.rows.append(record)
        self.places.append(self.n_records)
        self.n_records += 1

    def _set_aside(self, start: int, reason: str) -> None:
        self.ragged.append(Ragged(self.n_records, self.lines[start].rstrip("\r\n"), reason))
        self.n_records += 1


def counted(found: int, expected: int) -> str:
    """Why a row of another length than the header is set aside."""
    return f"The row has {found} {'value' if found == 1 else 'values'}; the header has {expected} columns."
