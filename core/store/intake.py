"""A file of any size as typed chunks: CSV, Parquet or Excel in, validated columns out.

Nothing is dropped: rows that cannot be split into the header's columns travel beside the others, texts
that cannot be read stay attached to their rows, and `Schema.check` says what is wrong with each.
"""

from __future__ import annotations

import difflib
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from core.domain.schema import Parsed, Schema
from core.errors import FileProblem, UnknownName
from core.store.csv_blocks import CsvBlocks, Ragged
from core.store.dialect import Dialect, Format, find_dialect, recognise, squeezed
from core.store.typed import as_texts, read_column

ALIKE = 0.82  # difflib ratio from which two squeezed names are taken for the same


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
class Source:
    """An opened file: what its header says, and its chunks."""

    path: Path
    schema: Schema
    format: Format
    header: tuple[str, ...]
    mapping: dict[str, str | None]  # file column -> schema column
    dialect: Dialect | None
    total_bytes: int
    chunk_rows: int
    notes: tuple[str, ...] = ()
    start: int = 0
    threads: int = 2
    block_bytes: int = 1 << 23
    bytes_read: int = field(default=0, init=False)

    @property
    def unknown(self) -> tuple[str, ...]:
        """File columns that no schema column is read from."""
        return tuple(name for name in self.header if self.mapping.get(name) is None)

    @property
    def missing(self) -> tuple[str, ...]:
        """Schema columns that the file does not have."""
        found = set(self.mapping.values())
        return tuple(name for name in self.schema.names if name not in found)

    @property
    def fraction(self) -> float:
        """How much of the file has been read, in [0, 1]."""
        return min(1.0, self.bytes_read / self.total_bytes) if self.total_bytes else 1.0

    def chunks(self) -> Iterator[Chunk]:
        """The rows in the order of the file, `chunk_rows` at a time; memory holds a few chunks at most.

        Raises
        ------
        FileProblem
            The file turns out unreadable on the way.
        """
        shelf = _Shelf(self.chunk_rows)
        for piece in self._pieces():
            shelf.add(piece)
            while shelf.n_rows >= self.chunk_rows:
                yield shelf.take(self.chunk_rows)
        if shelf.n_rows or shelf.has_ragged:
            yield shelf.take(shelf.n_rows)

    def read(self, table: pa.Table) -> dict[str, Parsed]:
        """The schema's columns of a table of the file's columns."""
        parsed = {}
        for name, target in self.mapping.items():
            if target is not None:
                values = table[name].combine_chunks()
                if isinstance(values, pa.ChunkedArray):
                    values = pa.concat_arrays(values.chunks) if values.num_chunks else pa.array([], values.type)
                parsed[target] = read_column(self.schema[target], values, self.schema.timezone)
        return parsed

    def _pieces(self) -> Iterator[_Piece]:
        if self.format is Format.TEXT:
            yield from self._text_pieces()
            return
        from core.store.tables import excel_tables, parquet_tables

        tables = parquet_tables if self.format is Format.PARQUET else excel_tables
        first = 1
        for table, done in tables(self.path, self.header, min(self.chunk_rows, 1 << 16)):
            self.bytes_read = int(done * self.total_bytes)
            rows = np.arange(first, first + table.num_rows)
            first += table.num_rows
            yield _Piece(table, self.read(table), rows, [])

    def _text_pieces(self) -> Iterator[_Piece]:
        assert self.dialect is not None
        blocks = CsvBlocks(self.path, self.dialect, self.header, self.start, self.read, self.threads, self.block_bytes)
        first = 1
        for block in blocks:
            self.bytes_read = block.position
            ragged = [Ragged(first + item.row, item.text, item.reason) for item in block.ragged]
            yield _Piece(block.table, block.made or {}, block.places + first, ragged)
            first += block.n_records


@dataclass
class _Piece:
    table: pa.Table
    parsed: dict[str, Parsed]
    rows: NDArray[np.int64]
    ragged: list[Ragged]

    def cut(self, at: int) -> tuple[_Piece, _Piece]:
        """The first `at` rows and the others; set-aside rows go where their number lies."""
        border = int(self.rows[at])
        return (
            _Piece(
                self.table.slice(0, at),
                {name: _part(item, 0, at) for name, item in self.parsed.items()},
                self.rows[:at],
                [item for item in self.ragged if item.row < border],
            ),
            _Piece(
                self.table.slice(at),
                {name: _part(item, at, len(self.rows)) for name, item in self.parsed.items()},
                self.rows[at:],
                [item for item in self.ragged if item.row >= border],
            ),
        )


def _part(item: Parsed, start: int, stop: int) -> Parsed:
    unread = {row - start: text for row, text in item.unread.items() if start <= row < stop} if item.unread else {}
    return Parsed(item.values[start:stop], unread)


class _Shelf:
    """Pieces waiting to become a chunk."""

    def __init__(self, chunk_rows: int) -> None:
        self.pieces: deque[_Piece] = deque()
        self.n_rows = 0

    @property
    def has_ragged(self) -> bool:
        return any(piece.ragged for piece in self.pieces)

    def add(self, piece: _Piece) -> None:
        self.pieces.append(piece)
        self.n_rows += len(piece.rows)

    def take(self, n_rows: int) -> Chunk:
        """Join the first `n_rows` rows."""
        taken: list[_Piece] = []
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


def _joined(pieces: Sequence[_Piece]) -> Chunk:
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


def open_source(
    path: Path,
    schema: Schema,
    mapping: Mapping[str, str | None] | None = None,
    *,
    chunk_rows: int = 250_000,
    memory_mb: int = 384,
    threads: int = 2,
) -> Source:
    """Open a file and find out how it is written and which column is which.

    Parameters
    ----------
    path : Path
    schema : Schema
    mapping : mapping of str to str or None, optional
        File column -> schema column (None: not read). Proposed by name when not given.
    chunk_rows : int
    memory_mb : int
        Bounds the blocks that are read at the same time.
    threads : int

    Raises
    ------
    FileProblem
        The file cannot be read as a table.
    UnknownName
        The mapping names a column that does not exist.
    """
    path = Path(path)
    kind = recognise(path)
    dialect, start = None, 0
    if kind is Format.TEXT:
        dialect, names, start = find_dialect(path, schema.names)
    else:
        from core.store.tables import excel_header, parquet_header

        names = parquet_header(path) if kind is Format.PARQUET else excel_header(path)
    header, notes = unique_names(names)
    chosen = propose_mapping(header, schema) if mapping is None else _given(mapping, header, schema, path)
    _refuse_doubles(names, header, chosen, path)
    block_bytes = min(1 << 23, max(1 << 20, memory_mb * (1 << 20) // (12 * (threads + 2))))
    size = path.stat().st_size
    return Source(path, schema, kind, header, chosen, dialect, size, chunk_rows, notes, start, threads, block_bytes)


def _given(
    mapping: Mapping[str, str | None], header: tuple[str, ...], schema: Schema, path: Path
) -> dict[str, str | None]:
    for name, target in mapping.items():
        if name not in header:
            raise UnknownName(f"column in {path.name}", name, header)
        if target is not None and target not in schema:
            raise UnknownName("column to map to", target, schema.names)
    targets = [target for target in mapping.values() if target is not None]
    for target in targets:
        if targets.count(target) > 1:
            raise FileProblem(
                f"Two columns of {path.name} are mapped to '{target}'.", "Map at most one.", column=target
            )
    return {name: mapping.get(name) for name in header}


def _refuse_doubles(
    names: Sequence[str], header: tuple[str, ...], mapping: Mapping[str, str | None], path: Path
) -> None:
    """A column that is read must be there once: two may disagree."""
    for name, unique in zip(names, header, strict=True):
        if name and names.count(name) > 1 and mapping.get(unique) is not None:
            raise FileProblem(
                f"{path.name} has {names.count(name)} columns named '{name}'.",
                f"It is read as '{mapping[unique]}', so there may be only one. Rename or remove the others.",
                column=name,
            )


def unique_names(names: Sequence[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Make a header's names unique, and say what was changed.

    >>> unique_names(["a", "b", "a", ""])[0]
    ('a', 'b', 'a_2', 'column_4')
    """
    taken = set(names)
    seen: set[str] = set()
    found, notes = [], []
    for place, name in enumerate(names, 1):
        unique = name or f"column_{place}"
        count = 2
        while unique in seen or (unique != name and unique in taken):
            unique = f"{name or 'column'}_{count if name else place + count}"
            count += 1
        if unique != name:
            notes.append(
                f"Column {place}, named '{name}' like another, is read as '{unique}'."
                if name
                else f"Column {place} has no name and is read as '{unique}'."
            )
        seen.add(unique)
        found.append(unique)
    return tuple(found), tuple(notes)


def propose_mapping(header: Sequence[str], schema: Schema) -> dict[str, str | None]:
    """File column -> schema column by name: exact, then without case and punctuation, then by likeness.

    Never two file columns to one schema column; the closer name wins.

    >>> from core.domain.columns import Column, Kind
    >>> propose_mapping(["Page Views", "x"], Schema((Column("page_views", Kind.COUNT),)))
    {'Page Views': 'page_views', 'x': None}
    """
    mapping: dict[str, str | None] = dict.fromkeys(header)
    free = dict.fromkeys(schema.names)
    plain = {squeezed(name): name for name in reversed(schema.names)}
    for same in (lambda name: name, lambda name: plain.get(squeezed(name), "")):
        for name in header:
            if mapping[name] is None and same(name) in free:
                mapping[name] = same(name)
                del free[same(name)]
    left = [name for name in header if mapping[name] is None][:500]  # likeness is quadratic
    pairs = sorted(((_likeness(name, target), name, target) for name in left for target in free), reverse=True)
    for ratio, name, target in pairs:
        if ratio >= ALIKE and mapping[name] is None and target in free:
            mapping[name] = target
            del free[target]
    return mapping


def _likeness(name: str, target: str) -> float:
    return difflib.SequenceMatcher(None, squeezed(name), squeezed(target)).ratio()


def read_text_table(path: Path, max_rows: int | None = None) -> tuple[pa.Table, Dialect]:
    """A whole file as text, null where empty, with its dialect.

    `Dialect.notes` holds what should be said about the reading: renamed columns, rows left out. Parquet
    and Excel have no dialect; theirs has only notes.

    Raises
    ------
    FileProblem
        The file cannot be read as a table.
    """
    source = open_source(path, Schema(()), chunk_rows=max_rows or 250_000)
    tables: list[pa.Table] = []
    ragged: list[Ragged] = []
    for chunk in source.chunks():
        tables.append(pa.table({name: _all_text(chunk.texts[name]) for name in source.header}))
        ragged += chunk.ragged
        if max_rows is not None:
            break
    empty = pa.table({name: pa.array([], pa.string()) for name in source.header})
    notes = source.notes
    if ragged:
        notes += (f"{len(ragged)} rows are left out, the first is row {ragged[0].row}: {ragged[0].reason}",)
    dialect = source.dialect or Dialect(encoding="", delimiter="")
    return pa.concat_tables(tables or [empty]), replace(dialect, notes=notes)


def peek(path: Path, n_rows: int = 20) -> pa.Table:
    """The first rows of a file, as text."""
    return read_text_table(path, n_rows)[0]


def _all_text(column: pa.ChunkedArray) -> pa.ChunkedArray:
    return pa.chunked_array([as_texts(part) for part in column.chunks], pa.string())
