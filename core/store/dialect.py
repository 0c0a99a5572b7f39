"""How a text table is written: its encoding, delimiter and quoting, found in the file's first part.

The delimiter is chosen by what it makes of the rows, never by counting characters: the candidate under
which most records have as many fields as the header wins, and known column names break a tie.
"""

from __future__ import annotations

import codecs
import csv
import io
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from core.errors import FileProblem
from core.store.headers import squeezed

SAMPLE_BYTES = 1 << 18
HEADER_BYTES = 1 << 22  # a header may be longer than the sample
DELIMITERS = (",", ";", "\t", "|")
TAKES = "The desk takes CSV (comma, semicolon, tab or bar), Parquet and Excel (.xlsx) files."


class Format(StrEnum):
    """What a file is by its content; its name is not asked."""

    TEXT = "text"
    PARQUET = "parquet"
    EXCEL = "excel"


@dataclass(frozen=True)
class Dialect:
    """How a text file is read."""

    encoding: str
    delimiter: str
    quote: str = '"'
    escape: str | None = None  # None: a quote inside quotes is doubled
    skip_bytes: int = 0  # the byte order mark
    notes: tuple[str, ...] = ()  # what a person should know about how the file was read


_REFUSED = (
    (b"\x1f\x8b", "a gzip archive", "Unpack it first."),
    (b"BZh", "a bzip2 archive", "Unpack it first."),
    (b"7z\xbc\xaf", "a 7-Zip archive", "Unpack it first."),
    (b"\xfd7zXZ", "an xz archive", "Unpack it first."),
    (b"\x28\xb5\x2f\xfd", "a zstd archive", "Unpack it first."),
    (b"\xd0\xcf\x11\xe0", "an Excel file of the old .xls kind", "Save it as .xlsx or CSV."),
    (b"%PDF", "a PDF", ""),
)
_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)


def lenient(error: UnicodeError) -> tuple[str, int]:
    """Read a byte that is not valid in the file's encoding as Western European text (cp1252)."""
    if not isinstance(error, UnicodeDecodeError):
        raise error
    wrong = error.object[error.start : error.end]
    return "".join(bytes([byte]).decode("cp1252", "replace") for byte in wrong), error.end


codecs.register_error("ringside.cp1252", lenient)


def recognise(path: Path) -> Format:
    """Tell what a file is.

    Raises
    ------
    FileProblem
        The path is missing, a folder, empty, an archive or another kind of binary file.
    """
    if not path.exists():
        raise FileProblem(f"There is no file {path}.", "Check the path.")
    if not path.is_file():
        raise FileProblem(f"{path} is not a file.", "Give the path of one CSV, Parquet or Excel file.")
    head = read_head(path, SAMPLE_BYTES)
    if not head.strip(b"\xef\xbb\xbf\xff\xfe \r\n\t"):
        raise FileProblem(f"{path.name} is empty.", "It takes a header and at least one row.")
    return _kind(path, head)


def _kind(path: Path, head: bytes) -> Format:
    if head[:4] == b"PAR1":
        return Format.PARQUET
    if head[:4] == b"PK\x03\x04":
        return Format.EXCEL
    for magic, what, hint in _REFUSED:
        if head.startswith(magic):
            raise FileProblem(f"{path.name} is {what}, not a table.", f"{hint} {TAKES}".strip())
    if encoding_of(head)[0] in ("utf-8", "cp1252") and _looks_binary(head):
        raise FileProblem(f"{path.name} is a binary file, not a table.", TAKES)
    return Format.TEXT


def read_head(path: Path, n_bytes: int) -> bytes:
    """The first bytes of a file."""
    try:
        with path.open("rb") as stream:
            return stream.read(n_bytes)
    except OSError as error:
        raise FileProblem(f"{path} cannot be read: {error.strerror}.", "Check its permissions.") from error


def _looks_binary(head: bytes) -> bool:
    control = head.translate(None, bytes(set(range(256)) - (set(range(32)) - {9, 10, 11, 12, 13})))
    return len(control) > max(2, len(head) // 50)


def encoding_of(head: bytes) -> tuple[str, int]:
    """Encoding, and the number of bytes of its mark at the start.

    >>> encoding_of("Zürich".encode("cp1252")), encoding_of("Zürich".encode("utf-8-sig"))
    (('cp1252', 0), ('utf-8', 3))
    """
    for mark, name in _MARKS:
        if head.startswith(mark):
            return name, len(mark)
    pairs = len(head) // 2
    for name, zeros in (("utf-16-le", head[1::2].count(0)), ("utf-16-be", head[0::2].count(0))):
        if pairs >= 2 and 0.4 * pairs < zeros and head.count(0) < 0.6 * len(head):
            return name, 0
    try:
        codecs.getincrementaldecoder("utf-8")().decode(head)  # a character cut at the end is no error
    except UnicodeDecodeError:
        return "cp1252", 0
    return "utf-8", 0


def find_dialect(path: Path, names: Collection[str] = ()) -> tuple[Dialect, list[str], int]:
    """Find how a text file is written.

    Parameters
    ----------
    path : Path
    names : collection of str
        Column names that are expected, to break ties.

    Returns
    -------
    dialect : Dialect
    header : list of str
        As written, stripped.
    start : int
        Where the first row begins, in bytes of the UTF-8 text.

    Raises
    ------
    FileProblem
        No header can be read.
    """
    head = read_head(path, SAMPLE_BYTES)
    encoding, skip = encoding_of(head)
    text = head[skip:].decode(encoding, "ringside.cp1252")
    if "\n" not in text and "\r" not in text and len(head) == SAMPLE_BYTES:
        text = read_head(path, HEADER_BYTES)[skip:].decode(encoding, "ringside.cp1252")
    known = {squeezed(name) for name in names}
    whole = len(head) < SAMPLE_BYTES
    ranked = [
        (_fit(text, delimiter, quote, escape, known, whole), delimiter, quote, escape)
        for quote, escape in _quotings(text)
        for delimiter in DELIMITERS
    ]
    _, delimiter, quote, escape = max(ranked, key=lambda item: item[0])
    header, length = _header(path, text, Dialect(encoding, delimiter, quote, escape))
    dialect = Dialect(encoding, delimiter, quote, escape, skip)
    return dialect, header, length


def _quotings(text: str) -> Iterator[tuple[str, str | None]]:
    yield '"', None
    if '\\"' in text:
        yield '"', "\\"
    if '"' not in text and "'" in text:
        yield "'", None


def lines_of(text: str) -> io.StringIO:
    """An iterator of lines with their ends, split at LF, CR LF and CR only."""
    return io.StringIO(text, newline="")


def reader(lines: Iterator[str], dialect: Dialect) -> Iterator[list[str]]:
    """Python's CSV reader, strict: it raises csv.Error where quoting is broken."""
    return csv.reader(
        lines,
        delimiter=dialect.delimiter,
        quotechar=dialect.quote,
        escapechar=dialect.escape,
        doublequote=dialect.escape is None,
        strict=True,
    )


def _fit(
    text: str, delimiter: str, quote: str, escape: str | None, known: set[str], whole: bool
) -> tuple[bool, int, float, int]:
    """How well a dialect explains the sample; the larger the better."""
    records: list[list[str]] = []
    clean = True
    try:
        for record in reader(lines_of(text), Dialect("", delimiter, quote, escape)):
            if record:
                records.append(record)
            if len(records) > 200:
                break
    except csv.Error:
        clean = False
    if not records:
        return False, 0, 0.0, 0
    if not whole and clean and len(records) > 1 and len(records) <= 200:
        records.pop()  # cut short by the sample's end
    width = len(records[0])
    matches = sum(squeezed(name) in known for name in records[0])
    body = records[1:]
    agree = sum(len(record) == width for record in body) / len(body) if body else 1.0
    return width > 1, matches, agree + (0.5 if clean else 0.0), width


def _header(path: Path, text: str, dialect: Dialect) -> tuple[list[str], int]:
    """The header's fields and its length in UTF-8 bytes, with blank lines before it."""
    lines = lines_of(text)
    length = 0

    def counted() -> Iterator[str]:
        nonlocal length
        for line in lines:
            length += len(line.encode("utf-8", "surrogatepass"))
            yield line

    try:
        for record in reader(counted(), dialect):
            if any(field.strip() for field in record):
                return [field.strip() for field in record], length
    except csv.Error as error:
        raise FileProblem(
            f"The header of {path.name} cannot be read: {error}.", "Check the quotes in the first line."
        ) from error
    raise FileProblem(f"{path.name} has no header.", "The first line names the columns.")
