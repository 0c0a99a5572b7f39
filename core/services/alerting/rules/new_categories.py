"""New categories: levels that the version has never seen, by name, whether they were scored as other or refused."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from core.domain.alert import Reading, Terms
from core.domain.columns import Column, Kind, Unseen
from core.domain.refusals import SHARED_BY, TYPE
from core.domain.usecase import UseCase
from core.services.alerting.recent import Recent, above_reference, recent
from core.services.alerting.rule import Rule, not_applicable, too_few
from core.services.desk import Desk

_NAMED = 3


def check(desk: Desk, use_case: UseCase | None, now: datetime, terms: Terms) -> Sequence[Reading]:
    """Every category column's share of unseen levels against the reference's."""
    assert use_case is not None
    assert terms.window is not None
    columns = [column for column in use_case.schema if column.kind.is_coded or column.kind is Kind.SET]
    if not columns:
        return [not_applicable("No column of this use case holds categories.")]
    found = recent(desk, use_case, now, terms.window)
    if found is None:
        return [not_applicable(f"No row came in the last {terms.window.days} days.", 0)]
    if found.n < terms.minimum_n:
        return [too_few(found.n, terms)]
    profile = desk.scorer(use_case.key).bundle.profile
    return [_column(desk, use_case, column, found, profile, now, terms, len(columns)) for column in columns]


def _column(  # noqa: PLR0913 - one column with all it is judged by
    desk: Desk,
    use_case: UseCase,
    column: Column,
    found: Recent,
    profile: Mapping[str, Any],
    now: datetime,
    terms: Terms,
    n_columns: int,
) -> Reading:
    levels = {level: n for (name, rule, level), n in found.refused.items() if (name, rule) == (column.name, TYPE)}
    if column.unseen is Unseen.OTHER:
        for level, n in desk.log.unseen(use_case, column.name, found.since, now).items():
            levels[level] = levels.get(level, 0) + n
    before = profile["categories"].get(column.name, {}).get("other", 0) / max(profile["n"], 1)
    what = f"{column.title} holds a level that the version has not seen{_names(column, levels)}"
    reference = (before, profile["n"])
    return above_reference(found, terms, sum(levels.values()), reference, n_columns, column.name, what)


def _names(column: Column, levels: Mapping[str, int]) -> str:
    """The new levels that enough rows share, in brackets; none of a personal column."""
    shared = [level for level, n in levels.items() if level and n >= SHARED_BY and not column.personal]
    shared.sort(key=lambda level: -levels[level])
    more = f" and {len(shared) - _NAMED} more" if len(shared) > _NAMED else ""
    return f" ({', '.join(repr(level) for level in shared[:_NAMED])}{more})" if shared else ""


RULE = Rule(
    key="new_categories",
    title="New categories",
    over="use case",
    terms=Terms(limit=0.01, critical=0.10, window=timedelta(days=7)),
    runbook="Ask whoever sends the rows what the new level is: another spelling is repaired there, a real new level "
    "needs a version that has seen it. Until then such rows are refused, or scored as 'other'.",
    check=check,
    page="data",
    watches="Levels of category columns that the version has never seen, scored or refused, in the newest rows.",
    unit="rate",
)
