"""Reports kept as files, beside what is known of each; no name that a browser sends reaches the disk unchecked."""

from __future__ import annotations

import json
import re
import secrets
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

_NAME = re.compile(r"[A-Za-z0-9_-]{16,64}")
_PAGE, _FACTS = ".html", ".json"


class ReportFiles:
    """The reports of one use case: a folder of pages and facts.

    A name is 144 random bits: who was not shown it cannot guess it.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @contextmanager
    def workshop(self) -> Iterator[Path]:
        """A folder for what a report is made from; gone afterwards, whatever happens."""
        self.folder.mkdir(parents=True, exist_ok=True)
        place = self.folder / f".making-{secrets.token_hex(8)}"
        place.mkdir()
        try:
            yield place
        finally:
            shutil.rmtree(place, ignore_errors=True)

    def keep(self, page: Path, facts: Mapping[str, Any], most: int) -> str:
        """Move a finished page in, with its facts, drop the oldest beyond `most`, and return its name."""
        name = secrets.token_urlsafe(18)
        (self.folder / f"{name}{_FACTS}").write_text(json.dumps(dict(facts) | {"name": name}), encoding="utf-8")
        page.replace(self.folder / f"{name}{_PAGE}")
        for old in self.all()[most:]:
            self.drop(old["name"])
        return name

    def all(self) -> list[dict[str, Any]]:
        """The facts of every report, newest first."""
        found = []
        for path in self.folder.glob(f"*{_FACTS}"):
            if path.with_suffix(_PAGE).is_file():
                found.append(json.loads(path.read_text(encoding="utf-8")))
        return sorted(found, key=lambda facts: str(facts.get("made_at", "")), reverse=True)

    def page(self, name: str) -> Path | None:
        """The page of a report; None where there is none of that name, or the name is none of ours."""
        if not _NAME.fullmatch(name):
            return None
        path = self.folder / f"{name}{_PAGE}"
        return path if path.is_file() and path.resolve().parent == self.folder.resolve() else None

    def drop(self, name: str) -> None:
        """Delete a report."""
        if _NAME.fullmatch(name):
            for suffix in (_PAGE, _FACTS):
                (self.folder / f"{name}{suffix}").unlink(missing_ok=True)
