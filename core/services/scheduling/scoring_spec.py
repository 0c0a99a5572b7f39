"""What a scoring job reads and where its scores go, checked before it is kept."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any

from core.errors import InputError
from core.services.desk import Desk
from core.store.query import one_select

NIGHTLY = "0 2 * * *"
BATCH_ROWS, MOST_BATCH_ROWS = 500, 5_000
SUFFIXES = frozenset({".csv", ".tsv", ".txt", ".parquet", ".xlsx"})


class From(StrEnum):
    """Where rows come from."""

    FOLDER = "folder"  # every new file in it
    FILES = "files"  # a path, or a pattern of names in one folder
    QUERY = "query"  # one SELECT over a file


class To(StrEnum):
    """Where scores go."""

    FILE = "file"  # a scored file beside a file of rejects, in a folder
    TABLE = "table"  # of a database, each prediction once
    WEBHOOK = "webhook"  # of another program, signed


@dataclass(frozen=True)
class Source:
    """`path`: a folder, a file, or a pattern such as /in/leads-*.parquet; `query` for a SELECT over it."""

    kind: From
    path: str
    query: str = ""


@dataclass(frozen=True)
class Target:
    """Where scores go.

    Attributes
    ----------
    place : str
        A folder, a database or a program as people may see it: without password, without the address's path.
    form : {"csv", "parquet"}
        Of a scored file.
    table : str
    batch_rows : int
        Rows of one delivery to a webhook.
    secrets : mapping
        What each secret text is called (`core.store.secret_texts`): "address", "secret".
    """

    kind: To
    place: str
    form: str = "csv"
    table: str = ""
    batch_rows: int = BATCH_ROWS
    secrets: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Spec:
    """A scoring job."""

    source: Source
    target: Target
    cron: str = NIGHTLY

    def as_json(self) -> dict[str, Any]:
        """Plain values."""
        return asdict(self)

    @classmethod
    def from_json(cls, facts: Mapping[str, Any]) -> Spec:
        """What `as_json` gave."""
        source, target = dict(facts["source"]), dict(facts["target"])
        return cls(
            Source(**source | {"kind": From(source["kind"])}),
            Target(**target | {"kind": To(target["kind"])}),
            facts["cron"],
        )


def check_source(desk: Desk, source: Source) -> None:
    """Refuse a source that is not there, that is the desk's own, or a query that is more than one SELECT.

    Raises
    ------
    InputError
    """
    path = absolute(source.path)
    if _within(desk.settings.data_dir, path) or _within(desk.settings.models_dir, path):
        raise InputError(f"{path} lies in the desk's own folders.", "Put what is to be scored somewhere else.")
    if source.kind is From.QUERY:
        one_select(source.query)
        if not list(path.parent.glob(path.name)):
            raise InputError(f"There is no file {path}.", "Give the path of a DuckDB, SQLite, CSV or Parquet file.")
    elif source.kind is From.FOLDER and not path.is_dir():
        raise InputError(f"There is no folder {path}.", "Make it, or name another.")
    elif source.kind is From.FILES and (not path.parent.is_dir() or path.suffix.lower() not in SUFFIXES):
        raise InputError(
            f"{path} names no files.", f"Give a path or a pattern that ends with {', '.join(sorted(SUFFIXES))}."
        )


def check_target(desk: Desk, target: Target) -> None:
    """Refuse a target that nothing can be written to.

    Raises
    ------
    InputError
    """
    if target.kind is To.FILE:
        folder = absolute(target.place)
        outbox = desk.settings.data_dir / "outbox"
        if _within(desk.settings.home, folder) and not _within(outbox, folder):
            raise InputError(f"{folder} lies in the desk's own folders.", f"Use {outbox}, or a folder outside.")
        if target.form not in ("csv", "parquet"):
            raise InputError(f"A scored file is no {target.form}.", "It is a csv or a parquet file.")
    if target.kind is To.WEBHOOK and not 1 <= target.batch_rows <= MOST_BATCH_ROWS:
        raise InputError(
            f"A delivery of {target.batch_rows:,} rows is not sent.", f"Use 1 to {MOST_BATCH_ROWS:,} rows."
        )


def absolute(text: str) -> Path:
    """A path that means the same wherever the desk was started.

    Raises
    ------
    InputError
    """
    path = Path(text.strip()).expanduser()
    if not path.is_absolute():
        raise InputError(f"'{text}' says no place of its own.", "Give the whole path, from / on.")
    return Path(path.parent.resolve(), path.name)


def _within(folder: Path, path: Path) -> bool:
    return path.resolve().is_relative_to(folder.resolve())
