"""What the desk hands back: the scored file, the rejected rows, a template to fill in.

Files are written beside their final name and renamed when complete, so nobody ever reads half a file.
"""

from __future__ import annotations

import csv
import io
import queue
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import pyarrow as pa
from pyarrow import csv as arrow_csv

from core.domain.columns import shown
from core.domain.schema import Checked, Schema
from core.store.chunks import Chunk
from core.store.formulas import safe_name, safe_table

_AHEAD = 2  # chunks that may wait for the writer
_WRITE = arrow_csv.WriteOptions(quoting_style="needed", batch_size=16_384)


class _Sink(Protocol):
    def write(self, table: pa.Table) -> None: ...

    def close(self) -> None: ...


class _CsvSink:
    """A CSV file without formulas; header and column types are those of the first table."""

    def __init__(self, path: Path, schema: pa.Schema) -> None:
        self.schema = pa.schema([pa.field(safe_name(field.name), field.type) for field in schema])
        self.writer = arrow_csv.CSVWriter(str(path), self.schema, write_options=_WRITE)

    def write(self, table: pa.Table) -> None:
        self.writer.write_table(safe_table(table).rename_columns(self.schema.names).cast(self.schema))

    def close(self) -> None:
        self.writer.close()


class _ParquetSink:
    def __init__(self, path: Path, schema: pa.Schema) -> None:
        import pyarrow.parquet as pq

        self.schema = schema
        self.writer = pq.ParquetWriter(path, schema, compression="snappy")

    def write(self, table: pa.Table) -> None:
        self.writer.write_table(table.cast(self.schema))

    def close(self) -> None:
        self.writer.close()


class _Files:
    """One or two files of the same rows, written as parts and renamed together."""

    def __init__(self, paths: Mapping[str, Path | None]) -> None:
        self.paths = {kind: Path(path) for kind, path in paths.items() if path is not None}
        self.sinks: dict[str, _Sink] = {}

    def write(self, table: pa.Table) -> None:
        for kind, path in self.paths.items():
            if kind not in self.sinks:
                path.parent.mkdir(parents=True, exist_ok=True)
                make = _CsvSink if kind == "csv" else _ParquetSink
                self.sinks[kind] = make(_part(path), _written_schema(table.schema, kind))
            self.sinks[kind].write(_for_csv(table) if kind == "csv" else table)

    def close(self) -> None:
        """Put the files in place; a file of an earlier run goes when there was nothing to write."""
        for sink in self.sinks.values():
            sink.close()
        for kind, path in self.paths.items():
            if kind in self.sinks:
                _part(path).replace(path)
            else:
                path.unlink(missing_ok=True)

    def abort(self) -> None:
        for sink in self.sinks.values():
            sink.close()
        for path in self.paths.values():
            _part(path).unlink(missing_ok=True)


def _part(path: Path) -> Path:
    return path.with_name(path.name + ".part")


class ScoredWriter:
    """Writes scored chunks in a thread of its own; at most two chunks wait in memory.

    Parameters
    ----------
    csv_path, parquet_path : Path or None
        None writes no such file.
    """

    def __init__(self, csv_path: Path | None, parquet_path: Path | None = None) -> None:
        self._files = _Files({"csv": csv_path, "parquet": parquet_path})
        self._shelf: queue.Queue[pa.Table | None] = queue.Queue(maxsize=_AHEAD)
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name="write", daemon=True)
        self._thread.start()

    def write(self, texts: pa.Table, columns: Mapping[str, Any]) -> None:
        """Append rows: the file's own columns as given, then what the desk adds.

        A column of the file with the name of an added one is renamed `given_<name>`.

        Raises
        ------
        Exception
            What stopped the writer's thread, for example a full disk.
        """
        self._raise()
        if not self._files.paths:
            return
        added = {name: _as_array(values) for name, values in columns.items()}
        self._shelf.put(pa.table(_joined(texts, added)))

    def close(self) -> None:
        """Wait for the last chunk and put the files in place."""
        self._stop()
        if self._error is not None:
            self._files.abort()
        self._raise()
        self._files.close()

    def abort(self) -> None:
        """Leave nothing behind."""
        self._stop()
        self._files.abort()

    def _stop(self) -> None:
        if self._thread.is_alive():
            self._shelf.put(None)
            self._thread.join()

    def _raise(self) -> None:
        if self._error is not None:
            raise self._error

    def _run(self) -> None:
        while (table := self._shelf.get()) is not None:
            if self._error is None:  # after an error the shelf is only emptied, so that nobody waits
                try:
                    self._files.write(table)
                except Exception as error:  # noqa: BLE001 - raised again where the caller waits
                    self._error = error


class RejectsWriter:
    """Writes the rows that cannot be scored: their columns as given, `row`, `why`, and `line`.

    `line` holds the text of rows that could not be split into columns. No file appears without rejects.
    """

    def __init__(self, path: Path | None) -> None:
        self._files = _Files({"csv": path})
        self.n_rejected = 0

    def write(self, chunk: Chunk, checked: Checked) -> None:
        """Append a chunk's rejected rows, in the order of the file."""
        bad = np.flatnonzero(~checked.ok)
        n_rejected = len(bad) + len(chunk.ragged)
        self.n_rejected += n_rejected
        if not n_rejected or not self._files.paths:
            return
        why = checked.why()
        table = chunk.texts.take(pa.array(bad))
        added = {
            "row": pa.array(chunk.row_numbers[bad], pa.int64()),
            "why": pa.array([why[row] for row in bad.tolist()], pa.string()),
            "line": pa.nulls(len(bad), pa.string()),
        }
        split = pa.table(_joined(table, added))
        if chunk.ragged:
            split = pa.concat_tables([split, _ragged_table(chunk, split.schema)]).sort_by("row")
        self._files.write(split)

    def close(self) -> None:
        """Put the file in place."""
        self._files.close()

    def abort(self) -> None:
        """Leave nothing behind."""
        self._files.abort()


def _ragged_table(chunk: Chunk, schema: pa.Schema) -> pa.Table:
    own = {
        "row": pa.array([item.row for item in chunk.ragged], pa.int64()),
        "why": pa.array([item.reason for item in chunk.ragged], pa.string()),
        "line": pa.array([item.text for item in chunk.ragged], pa.string()),
    }
    n_rows = len(chunk.ragged)
    arrays = [own[field.name] if field.name in own else pa.nulls(n_rows, field.type) for field in schema]
    return pa.Table.from_arrays(arrays, schema=schema)


def template(schema: Schema, rows: Sequence[Mapping[str, Any]] = ()) -> bytes:
    r"""A CSV with the schema's header, and some rows to show how they are written.

    >>> from core.domain.columns import Column, Kind
    >>> template(Schema((Column("page_views", Kind.COUNT),)), [{"page_views": 3.0}])
    b'page_views\r\n3\r\n'
    """
    from core.store.formulas import safe_text

    stream = io.StringIO()
    writer = csv.writer(stream)
    writer.writerow([safe_name(name) for name in schema.names])
    for row in rows:
        values = ("" if row.get(name) is None else row[name] for name in schema.names)
        writer.writerow([safe_text(value) if isinstance(value, str) else shown(value) for value in values])
    return stream.getvalue().encode()


def csv_of(table: pa.Table) -> bytes:
    r"""A table as a CSV: lists with semicolons, times as ISO 8601, as files are read.

    >>> csv_of(pa.table({"paid": [[1.0, 2.5], None]}))
    b'"paid"\n"1;2.5"\n\n'
    """
    stream = io.BytesIO()
    arrow_csv.write_csv(_for_csv(table), stream, _WRITE)
    return stream.getvalue()


def _as_array(values: Any) -> Any:
    if isinstance(values, pa.Array | pa.ChunkedArray):
        return values
    return pa.array(values, from_pandas=True)


def _joined(texts: pa.Table, added: Mapping[str, Any]) -> dict[str, Any]:
    """Columns by name, the file's own renamed where both have one."""
    taken = set(texts.column_names) | set(added)
    columns: dict[str, Any] = {}
    for name in texts.column_names:
        own = name
        while own in added or (own != name and own in taken):
            own = f"given_{own}"
        columns[own] = texts[name]
    return columns | dict(added)


def _plain(kind: pa.DataType) -> bool:
    """Whether the CSV writer takes a type."""
    types = pa.types
    if types.is_dictionary(kind):
        return bool(types.is_string(kind.value_type))
    tests = (types.is_string, types.is_integer, types.is_floating, types.is_boolean, types.is_date)
    return any(test(kind) for test in tests) or (types.is_timestamp(kind) and kind.tz is None)


def _for_csv(table: pa.Table) -> pa.Table:
    from core.store.typed import as_texts

    for place, field in enumerate(table.schema):
        if not _plain(field.type):
            texts = pa.chunked_array([as_texts(part) for part in table.column(place).chunks], pa.string())
            table = table.set_column(place, field.name, texts)
    return table


def _written_schema(schema: pa.Schema, kind: str) -> pa.Schema:
    if kind == "parquet":
        return schema
    return pa.schema([field if _plain(field.type) else pa.field(field.name, pa.string()) for field in schema])
