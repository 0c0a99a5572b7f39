"""Rows of a simulated week that arrive broken and are refused: a level nobody has seen, a column that is left empty.

They are copies of rows that were drawn: no logged row is missing for them.
"""

from __future__ import annotations

import numpy as np

from core.domain.columns import OTHER, Kind, Missing, Unseen, absent
from core.domain.history import Episodes, History
from core.domain.refusals import Refusal, refusals, worth_keeping
from core.domain.schema import Parsed
from core.domain.usecase import UseCase
from core.services.history.drawing import MARK
from core.services.records import Accepted

NEW_LEVEL = f"{MARK}new level"


def refused_rows(
    use_case: UseCase, history: History, accepted: Accepted, period: int
) -> tuple[int, dict[Refusal, int]]:
    """How many rows of a period are refused, and what for; nothing in most periods."""
    episodes = history.episodes
    if period not in (episodes.new_level, episodes.gaps):
        return 0, {}
    n_rows = round(episodes.refused_share / (1 - episodes.refused_share) * accepted.n_rows)
    picked = np.linspace(0, accepted.n_rows - 1, n_rows).astype(np.int64)
    parsed = {name: Parsed(values[picked]) for name, values in accepted.columns.items()}
    name = _closed_list(use_case) if period == episodes.new_level else _required(use_case)
    parsed[name] = _unknown(n_rows) if period == episodes.new_level else Parsed(absent(use_case.schema[name], n_rows))
    checked = use_case.schema.check(parsed, n_rows)
    return int((~checked.ok).sum()), worth_keeping(refusals(checked))


def planted_columns(use_case: UseCase, episodes: Episodes) -> dict[int, str]:
    """Period -> the column that arrives broken in it."""
    found = {episodes.new_level: _closed_list(use_case), episodes.gaps: _required(use_case)}
    return {period: name for period, name in found.items() if period is not None}


def _unknown(n_rows: int) -> Parsed:
    return Parsed(np.full(n_rows, OTHER, dtype=np.int16), dict.fromkeys(range(n_rows), NEW_LEVEL))


def _closed_list(use_case: UseCase) -> str:
    coded = [column for column in use_case.schema if column.kind is Kind.CATEGORY and column.unseen is Unseen.REJECT]
    return coded[0].name


def _required(use_case: UseCase) -> str:
    numbers = [column for column in use_case.schema if column.kind.is_numeric and column.missing is Missing.REJECT]
    return numbers[-1].name
