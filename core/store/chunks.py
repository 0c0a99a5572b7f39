"""Stretches of a file joined and cut to chunks of the wanted length, each row with its number."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from core.domain.schema import Parsed
from core.store.csv_records import Ragged


@dataclass
class Chunk:
    """Some rows of a file.

    Attributes
    ----------
    first_row : int
        Data row number in the file, from 1, of the first row of this stretch.
    n_rows : int
        Rows that could be split into columns.
    parsed : dict of str to Parsed
        Schema columns that the file has.
    texts : pa.Table
        The file's own columns as given, n_rows rows, to be echoed.
    ragged : list of Ragged
        Rows of this stretch that could not be split.
    row_numbers : array of int64, shape (n_rows,)
        Data row number of each row; consecutive unless `ragged` lie between them.
    """

    first_row: int
    n_rows: int
    parsed: dict[str, Parsed]
    texts: pa.Table
    ragged: list[Ragged]
    row_numbers: NDArray[np.int64]


@dataclass
class Piece:
    """Rows as they were read: the file's columns, the schema's, row numbers, rows set aside."""

    table: pa.Table
    parsed: dict[str, Parsed]
    rows: NDArray[np.int64]
    ragged: list[Ragged]

    def cut(self, at: int) -> tuple[Piece, Piece]:
        """The first `at` rows and the others; set-aside rows go where their number lies."""
        border = int(self.rows[at])
        return (
            Piece(
                self.table.slice(0, at),
                {name: _part(item, 0, at) for name, item in self.parsed.items()},
                self.rows[:at],
                [item for item in self.ragged if item.row < border],
            ),
            Piece(
                self.table.slice(at),
                {name: _part(item, at, len(self.rows)) for name, item in self.parsed.items()},
                self.rows[at:],
                [item for item in self.ragged if item.row >= border],
            ),
        )


def _part(item: Parsed, start: int, stop: int) -> Parsed:
    unread = {row - start: text for row, text in item.unread.items() if start <= row < stop} if item.unread else {}
    return Parsed(item.values[start:stop], unread)


class Shelf:
    """Pieces waiting to become a chunk."""

    def __init__(self, chunk_rows: int) -> None:
        self.pieces: deque[Piece] = deque()
        self.n_rows = 0

    @property
    def has_ragged(self) -> bool:
        return any(piece.ragged for piece in self.pieces)

    def add(self, piece: Piece) -> None:
        self.pieces.append(piece)
        self.n_rows += len(piece.rows)

    def take(self, n_rows: int) -> Chunk:
        """Join the first `n_rows` rows."""
        taken: list[Piece] = []
        wanted = n_rows
        while self.pieces and (wanted or not len(self.pieces[0].rows)):
            piece = self.pieces.popleft()
            if len(piece.rows) > wanted:
                piece, later = piece.cut(wanted)
                self.pieces.appendleft(later)
            taken.append(piece)
            wanted -= len(piece.rows)
        self.n_rows -= n_rows
        return _joined(taken)


def _joined(pieces: Sequence[Piece]) -> Chunk:
    rows = np.concatenate([piece.rows for piece in pieces])
    ragged = [item for piece in pieces for item in piece.ragged]
    parsed = {}
    for name in pieces[0].parsed:
        unread: dict[int, str] = {}
        offset = 0
        for piece in pieces:
            unread |= {row + offset: text for row, text in piece.parsed[name].unread.items()}
            offset += len(piece.rows)
        parsed[name] = Parsed(np.concatenate([piece.parsed[name].values for piece in pieces]), unread)
    first = min([int(rows[0])] if len(rows) else [], default=None)
    if first is None or (ragged and ragged[0].row < first):
        first = ragged[0].row
    texts = pa.concat_tables([piece.table for piece in pieces])
    return Chunk(first, len(rows), parsed, texts, ragged, rows)
