"""One part of the compliance report, and the words that all parts share."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any


@dataclass(frozen=True)
class Part:
    """A titled table. `n`: how many there were; `said`: one sentence where that is needed."""

    title: str
    n: int
    said: str
    header: tuple[str, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()

    def as_json(self) -> dict[str, Any]:
        """Plain values; a row by the names of its columns."""
        rows = [dict(zip(self.header, row, strict=True)) for row in self.rows]
        return {"title": self.title, "n": self.n, "said": self.said, "rows": rows}


def none(rows: Sequence[Any]) -> str:
    """What a part without rows says."""
    return "" if rows else "None in this period."


def moment(at: datetime) -> str:
    """A UTC time to the minute."""
    return f"{at:%Y-%m-%d %H:%M} UTC"
