"""The rows that were scored last, as a table of what everybody may see of them."""

from __future__ import annotations

import pyarrow as pa

from core.services.access import Action, Actor, require
from core.services.desk import Desk

SHOWN = ("as_of", "score", "band", "decision", "prediction_id")


def latest(desk: Desk, actor: Actor, key: str, n_rows: int = 20) -> pa.Table:
    """The newest predictions of a use case that count: who, when, acting score, band, decision and id."""
    require(actor, Action.SEE)
    use_case = desk.use_case(key)
    found = desk.log.latest(use_case, n_rows)
    table = found.select(["entity", *SHOWN])
    return table.rename_columns([use_case.entity or "row", *SHOWN])
