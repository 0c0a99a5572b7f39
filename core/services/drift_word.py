"""What the last measured window of drift came to, in the few facts that the first page shows; nothing is measured."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from core.domain.usecase import UseCase
from core.services.desk import Desk
from core.services.kept import kept

if TYPE_CHECKING:
    from core.services.watching.drift_results import DriftState


@dataclass(frozen=True)
class Drifted:
    """The newest window that could be judged, against the reference.

    Attributes
    ----------
    score : str
        Level of the acting model's score: quiet, moderate, significant, ...
    persistent : bool
        Whether the score was raised in enough of the last windows to matter.
    n_raised, n_items : int
        Raw columns and features that moved, of those that were looked at.
    stuck : str
        The title of the column that stood still; "" for none.
    """

    since: datetime
    until: datetime
    n: int
    score: str
    score_raised: bool
    persistent: bool
    n_raised: int
    n_items: int
    stuck: str


def drifted(desk: Desk, use_case: UseCase, measurements: Mapping[str, tuple[int, datetime]]) -> Drifted | None:
    """The newest window that could be judged; None where none was measured yet.

    `measurements` is what `PredictionLog.drift_measurements` returned.
    """
    measured = measurements.get(use_case.key)
    if measured is None:
        return None
    return kept(desk, use_case, ("drift word", *measured), lambda: _read(desk, use_case))


def _read(desk: Desk, use_case: UseCase) -> Drifted | None:
    from core.services.watching.drift_results import latest  # with all it needs; not before something was measured

    found: DriftState | None = latest(desk, use_case.key)
    if found is None:
        return None
    score, raised = found.score, len(found.raised)
    n_items = sum(item.of != "score" for item in found.items)
    stuck = use_case.schema[found.stuck].title if found.stuck in use_case.schema else found.stuck
    when = found.window.since, found.window.until
    return Drifted(
        *when, found.n, str(score.level), score.level.raised, score.persistent, raised, n_items, stuck
    )  # fmt: skip
