"""A text file as blocks of whole records, read in parallel, with every record accounted for.

The file is cut at line ends into blocks that are parsed at the same time. A block whose lines and records
do not match one to one (quoted line breaks, stray quotes, blank lines) is split again record by record by
a strict reader: a record that cannot be split is set aside with its text, and reading goes on with the
very next *line*, so one broken quote costs one row and not the rest of the file.
"""

from __future__ import annotations

import codecs
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Generic, TypeVar

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from pyarrow import csv as arrow_csv

from core.errors import FileProblem
from core.store.csv_records import OPEN_QUOTE, Ragged, Records, counted
from core.store.dialect import Dialect, lines_of

T = TypeVar("T")
LONGEST_LINE = 1 << 24
_TRIES = 5_000


@dataclass
class Block(Generic[T]):
    """Records of one stretch of the file.

    Attributes
    ----------
    table : pa.Table
        The records that could be split, all text, null where empty.
    places : array of int64, shape (n_rows,)
        Which of the block's records they are, from 0.
    ragged : list of Ragged
        The others, `row` counting from 0 within the block.
    n_records : int
    """

    table: pa.Table
    places: NDArray[np.int64]
    ragged: list[Ragged]
    n_records: int
    position: int = 0  # bytes of the file read so far
    made: T | None = None


@dataclass
class CsvBlocks(Generic[T]):
    """Reads the blocks of one file; `make` turns a block's table into what the caller wants, in parallel."""

    path: Path
    dialect: Dialect
    header: tuple[str, ...]
    start: int
    make: Callable[[pa.Table], T]
    threads: int = 2
    block_bytes: int = 1 << 23
    _next_row: int = field(default=1, init=False)

    def __iter__(self) -> Iterator[Block[T]]:
        """Blocks in the order of the file.

        Raises
        ------
        FileProblem
            A line is longer than 16 MB.
        """
        ahead: deque[tuple[bytes, bool, int, Future[Block[T] | None]]] = deque()
        rest = b""
        with ThreadPoolExecutor(self.threads, thread_name_prefix="parse") as pool:
            try:
                for data, last, position in self._pieces():
                    ahead.append((data, last, position, pool.submit(self._parse, data)))
                    if len(ahead) > self.threads:
                        block, rest = self._settle(rest, *ahead.popleft())
                        yield block
                while ahead:
                    block, rest = self._settle(rest, *ahead.popleft())
                    yield block
            finally:
                for *_, future in ahead:
                    future.cancel()

    def _settle(
        self, rest: bytes, data: bytes, last: bool, position: int, future: Future[Block[T] | None]
    ) -> tuple[Block[T], bytes]:
        """The block's records, and the text of a record that the next block continues."""
        if rest:
            future.cancel()
            data = rest + data
            block = self._parse(data)
        else:
            block = future.result()
        left = b""
        if block is None:
            block, left = self._split(data, last)
        block.position = position
        return block, left

    def _pieces(self) -> Iterator[tuple[bytes, bool, int]]:
        """UTF-8 text cut at line ends: bytes, whether it is the file's end, position in the file."""
        decode = _decoder(self.dialect.encoding)
        carry, skip = b"", self.start
        with self.path.open("rb") as stream:
            stream.seek(self.dialect.skip_bytes)
            while True:
                raw = stream.read(self.block_bytes)
                data = decode(raw, not raw)
                if skip:
                    data, skip = data[skip:], max(0, skip - len(data))
                data = carry + data
                if not raw:
                    break
                cut = _boundary(data, self.dialect.quote.encode())
                carry = data[cut:]
                if len(carry) > LONGEST_LINE:
                    raise FileProblem(
                        f"{self.path.name} has a line of more than {LONGEST_LINE >> 20} MB.",
                        "Is it a text table? Each row takes one line.",
                    )
                if cut:
                    yield _valid(data[:cut]), False, stream.tell()
            tail = _valid(data).rstrip(b"\r\n")
            yield (tail + b"\n" if tail else b""), True, stream.tell()

    def _parse(self, data: bytes) -> Block[T] | None:
        """Parse a block at full speed; None when its lines and records do not match one to one."""
        if not data.strip(b"\r\n"):
            return self._block(_empty(self.header), np.zeros(0, np.int64), [], 0)
        ragged: list[Ragged] = []
        try:
            table = self._arrow(data, ragged)
        except pa.ArrowInvalid:
            return None
        n_records = table.num_rows + len(ragged)
        if _n_lines(data) != n_records or self._ends_open(table, ragged, n_records):
            return None
        places = np.arange(n_records)
        if ragged:
            places = np.delete(places, [item.row for item in ragged])
        return self._block(table, places, ragged, n_records)

    def _arrow(self, data: bytes, ragged: list[Ragged]) -> pa.Table:
        def set_aside(row: arrow_csv.InvalidRow) -> str:
            ragged.append(Ragged(row.number - 1, row.text, counted(row.actual_columns, row.expected_columns)))
            return "skip"

        return arrow_csv.read_csv(
            pa.BufferReader(data),
            read_options=arrow_csv.ReadOptions(column_names=self.header, use_threads=False, block_size=len(data) + 1),
            parse_options=arrow_csv.ParseOptions(
                delimiter=self.dialect.delimiter,
                quote_char=self.dialect.quote,
                escape_char=self.dialect.escape or False,
                double_quote=self.dialect.escape is None,
                newlines_in_values=True,
                invalid_row_handler=set_aside,
            ),
            convert_options=arrow_csv.ConvertOptions(
                column_types=dict.fromkeys(self.header, pa.string()),
                null_values=[""],
                strings_can_be_null=True,
                check_utf8=False,  # `_valid` made sure of it
            ),
        )

    def _ends_open(self, table: pa.Table, ragged: list[Ragged], n_records: int) -> bool:
        """Whether the block's last record may go on in the next block, inside quotes."""
        if ragged and ragged[-1].row == n_records - 1:
            return self.dialect.quote in ragged[-1].text
        value = table.column(table.num_columns - 1)[-1].as_py() if table.num_rows else None
        return value is not None and value.endswith(("\n", "\r"))

    def _block(self, table: pa.Table, places: NDArray[np.int64], ragged: list[Ragged], n_records: int) -> Block[T]:
        return Block(table, places, ragged, n_records, made=self.make(table))

    def _split(self, data: bytes, last: bool) -> tuple[Block[T], bytes]:
        """Split a block record by record; also returns the text of an unfinished last record."""
        text = data.decode("utf-8")
        found = Records(list(lines_of(text)), len(self.header), self.dialect, self.one_line)
        rest = found.read(last)
        columns = zip(*found.rows, strict=True) if found.rows else ((),) * len(self.header)
        arrays = [pa.array([item or None for item in column], pa.string()) for column in columns]
        table = pa.Table.from_arrays(arrays, names=list(self.header))
        places = np.array(found.places, dtype=np.int64)
        return self._block(table, places, found.ragged, found.n_records), rest.encode()

    def one_line(self, line: str) -> list[str] | str:
        """A line with text beside its quotes, read as the fast reader reads it, or why it cannot be."""
        ragged: list[Ragged] = []
        table = self._arrow(line.rstrip("\r\n").encode() + b"\n", ragged)
        if ragged:
            return ragged[0].reason
        values = [column[0].as_py() or "" for column in table.columns]
        return OPEN_QUOTE if values[-1].endswith("\n") else values


def _empty(header: tuple[str, ...]) -> pa.Table:
    return pa.table({name: pa.array([], pa.string()) for name in header})


def _n_lines(data: bytes) -> int:
    n_returns = data.count(b"\r")
    return data.count(b"\n") + (n_returns - data.count(b"\r\n") if n_returns else 0)


def _decoder(encoding: str) -> Callable[[bytes, bool], bytes]:
    if encoding == "utf-8":
        return lambda raw, final: raw
    decoder = codecs.getincrementaldecoder(encoding)("ringside.cp1252")
    return lambda raw, final: decoder.decode(raw, final).encode("utf-8", "replace")


def _valid(data: bytes) -> bytes:
    """The same text in valid UTF-8; single bytes of another encoding are read as cp1252."""
    if not data.isascii():
        try:
            data.decode("utf-8")
        except UnicodeDecodeError:
            return data.decode("utf-8", "ringside.cp1252").encode("utf-8", "replace")
    return data


def _boundary(data: bytes, quote: bytes) -> int:
    """Where to cut: after the last line end with an even number of quotes before it, if there is one.

    A guess only (a stray quote misleads it); a wrong one is found out and mended by `_settle`.
    """
    newline = b"\n" if b"\n" in data else b"\r"
    last = end = data.rfind(newline, 0, len(data) - (newline == b"\r"))
    inside = data.count(quote, 0, end) if end > 0 else 0
    for _ in range(_TRIES):
        if end < 0 or inside % 2 == 0:
            break
        before = data.rfind(newline, 0, end)
        inside -= data.count(quote, max(before, 0), end)
        end = before
    return (end if end >= 0 and inside % 2 == 0 else last) + 1
