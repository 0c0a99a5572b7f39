"""The realised figure of each use case as it was last read, so that the first page shows it without computing."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, fields
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

from core.services.desk import Desk

if TYPE_CHECKING:
    from core.services.performance import Performance

NAME = "realised"


@dataclass(frozen=True)
class Realised:
    """The primary figure of the acting model over all rows that could be judged, as known on a day.

    `n` rows were judged, of `n_mature` older than the horizon, of `n_rows` in all; `enough` False: too few to judge.
    """

    metric: str
    champion: str
    version: str
    known_on: date
    value: float
    low: float
    high: float
    n: int
    n_mature: int
    n_rows: int
    enough: bool


def remember(desk: Desk, version: str, seen: Performance) -> None:
    """Keep the first figure of what was just read, unless it is kept already or could not be told."""
    metric = seen.metrics[0]
    found = seen.overall[metric].get(seen.champion)
    if found is None or not all(map(math.isfinite, (found.value, found.low, found.high))):
        return
    facts = asdict(
        Realised(
            *(metric, seen.champion, version, seen.known_on, found.value, found.low, found.high, found.n),
            *(seen.maturity.n_mature, seen.maturity.n, found.enough),
        )
    )
    value = facts | {"known_on": seen.known_on.isoformat()}
    if desk.ledger.kept_figures(NAME).get(seen.use_case) != value:
        desk.ledger.keep_figure(seen.use_case, NAME, datetime.now(UTC), value)


def remembered(desk: Desk) -> dict[str, Realised]:
    """By use case, what was read last; of a version or model that no longer acts it is left out by who shows it."""
    known = {item.name for item in fields(Realised)}
    return {
        key: Realised(**value | {"known_on": date.fromisoformat(value["known_on"])})
        for key, value in desk.ledger.kept_figures(NAME).items()
        if set(value) == known
    }
