"""Outcomes that programs send: rows of JSON, or a file, taken in as any other file of outcomes."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import IO, Any

from core.services.access import Action, Actor, require
from core.services.desk import Desk
from core.services.outcomes import Named, Taken, take_in
from core.services.scanning import refuse_harmful

COLUMNS = ("entity", "outcome", "as_of", "observed_at")
MOST_TOLD = 1_000  # rows that were not taken, told with their reason

NotTaken = list[dict[str, str]]


def from_rows(desk: Desk, actor: Actor, key: str, rows: Sequence[Mapping[str, Any]]) -> tuple[Taken, NotTaken]:
    """Take in outcomes given as values: entity, outcome, and where they are known as_of and observed_at.

    Returns
    -------
    Taken
        What became of them.
    list of dict
        The first rows that were not taken, as they came, with `why`.
    """
    require(actor, Action.OUTCOMES)
    used = [name for name in COLUMNS if name in COLUMNS[:2] or any(row.get(name) is not None for row in rows)]
    with TemporaryDirectory(dir=_folder(desk), prefix="outcomes-") as room:
        path = Path(room) / "outcomes.csv"
        with path.open("w", newline="", encoding="utf-8") as stream:
            writer = csv.writer(stream)
            writer.writerow(used)
            writer.writerows([["" if row.get(name) is None else row[name] for name in used] for row in rows])
        time = "as_of" if "as_of" in used and desk.use_case(key).schema.time is not None else None
        observed = "observed_at" if "observed_at" in used else None
        named = Named(entity="entity", outcome="outcome", time=time, observed_at=observed)
        return _take(desk, actor, key, path, named)


def from_file(desk: Desk, actor: Actor, key: str, content: IO[bytes]) -> tuple[Taken, NotTaken]:
    """Take in a file on disk whose columns say what they are; see `from_rows`."""
    require(actor, Action.OUTCOMES)
    content.flush()
    path = Path(content.name)
    refuse_harmful(desk, actor, path)
    return _take(desk, actor, key, path, Named())


def _take(desk: Desk, actor: Actor, key: str, path: Path, named: Named) -> tuple[Taken, NotTaken]:
    with TemporaryDirectory(dir=_folder(desk), prefix="rejects-") as room:
        rejects = Path(room) / "rejects.csv"
        taken = take_in(desk, actor, key, path, named, rejects=rejects)
        return taken, _first(rejects)


def _first(rejects: Path) -> NotTaken:
    if not rejects.exists():
        return []
    with rejects.open(newline="", encoding="utf-8-sig") as stream:
        return [dict(row) for _, row in zip(range(MOST_TOLD), csv.DictReader(stream), strict=False)]


def _folder(desk: Desk) -> Path:
    folder = desk.settings.data_dir / "arriving"
    folder.mkdir(parents=True, exist_ok=True)
    return folder
