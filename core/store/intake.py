"""A file of any size as typed chunks: CSV, Parquet or Excel in, validated columns out.

Nothing is dropped: rows that cannot be split into the header's columns travel beside the others, texts
that cannot be read stay attached to their rows, and `Schema.check` says what is wrong with each.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import pyarrow as pa

from core.domain.schema import Parsed, Schema
from core.errors import FileProblem, UnknownName
from core.store.chunks import Chunk, Piece, Shelf
from core.store.csv_blocks import Block, CsvBlocks
from core.store.csv_records import Ragged
from core.store.dialect import Dialect, Format, find_dialect, recognise
from core.store.headers import propose_mapping, unique_names
from core.store.typed import as_texts, read_column

__all__ = ["Chunk", "Source", "open_source", "propose_mapping", "read_text_table"]


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
        shelf = Shelf(self.chunk_rows)
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

    def _pieces(self) -> Iterator[Piece]:
        first = 1
        for block in self._blocks():
            self.bytes_read = block.position
            ragged = [Ragged(first + item.row, item.text, item.reason) for item in block.ragged]
            parsed = self.read(block.table) if block.made is None else block.made
            yield Piece(block.table, parsed, block.places + first, ragged)
            first += block.n_records
        self.bytes_read = self.total_bytes

    def _blocks(self) -> Iterator[Block[dict[str, Parsed]]]:
        if self.dialect is not None:
            return iter(
                CsvBlocks(self.path, self.dialect, self.header, self.start, self.read, self.threads, self.block_bytes)
            )
        from core.store.tables import excel_blocks, parquet_blocks

        blocks = parquet_blocks if self.format is Format.PARQUET else excel_blocks
        return blocks(self.path, self.header, min(self.chunk_rows, 1 << 16))


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
    block_bytes = min(1 << 23, max(1 << 20, memory_mb * (1 << 20) // (24 * (threads + 2))))
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


def _all_text(column: pa.ChunkedArray) -> pa.ChunkedArray:
    return pa.chunked_array([as_texts(part) for part in column.chunks], pa.string())
