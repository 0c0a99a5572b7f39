"""Reason codes for declined credit: of one explained score, and how often each is given."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.domain.adverse import Adverse, declining, how_often, reason_codes
from core.domain.explained import Explanation
from core.domain.policy import Tone
from core.domain.usecase import UseCase
from core.services.access import Action, Actor, require
from core.services.desk import Desk
from core.services.kept import kept
from core.services.reasons.drivers import Source, source_of
from core.services.reasons.explained_rows import ExplainedRows, explained_rows


@dataclass(frozen=True)
class Notice:
    """The codes of one declined row."""

    adverse: Adverse
    model: str
    n_approved: int  # reference rows whose mean points are the point of comparison
    version: str


@dataclass(frozen=True)
class CodeCounts:
    """How often each code is among the principal reasons of the rows that a model would decline."""

    source: Source
    bands: tuple[str, ...]
    n_declined: int
    n_approved: int
    counts: Mapping[tuple[str, str], int]  # (code, text) -> rows
    sensitive: Mapping[str, int]  # sensitive column -> rows where it would be among the principal reasons


def notice(desk: Desk, actor: Actor, key: str, explanation: Explanation) -> Notice | None:
    """The reasons of an adverse decision; None where there are no codes, or the decision is not adverse.

    The explanation's points are compared with the mean points of the version's reference rows in no declining band.
    """
    require(actor, Action.SEE)
    use_case = desk.use_case(key)
    reasons = explanation.models.get(explanation.model)
    if not use_case.adverse_codes or explanation.tone is not Tone.BAD or reasons is None:
        return None
    model = explanation.model
    reference = explained_rows(desk, use_case, version=explanation.version)
    approved, n_approved = approved_means(use_case, reference, model)
    if n_approved == 0:
        return None
    return Notice(reason_codes(use_case, reasons.points, approved), model, n_approved, reference.version)


def code_counts(desk: Desk, actor: Actor, key: str, model: str, days: int | None = None) -> CodeCounts | None:
    """How often each code is given; None where the use case has no codes."""
    require(actor, Action.SEE_MODELS)
    use_case = desk.use_case(key)
    if not use_case.adverse_codes:
        return None
    reference, rows = explained_rows(desk, use_case), explained_rows(desk, use_case, days)
    mark = ("codes", model, rows.version, days, *(() if days is None else desk.log.water_mark(use_case)))
    return kept(desk, use_case, mark, lambda: _code_counts(use_case, reference, rows, model))


def _code_counts(use_case: UseCase, reference: ExplainedRows, rows: ExplainedRows, model: str) -> CodeCounts:
    approved, n_approved = approved_means(use_case, reference, model)
    names = use_case.model_columns
    down = np.flatnonzero(_declined(use_case, rows, model)) if rows.n and n_approved else np.empty(0, np.int64)
    found = [
        reason_codes(use_case, dict(zip(names, rows.points[model][row].tolist(), strict=True)), approved)
        for row in down.tolist()
    ]
    sensitive: dict[str, int] = {}
    for item in found:
        for name in item.sensitive:
            sensitive[name] = sensitive.get(name, 0) + 1
    return CodeCounts(source_of(rows), declining(use_case), len(found), n_approved, how_often(found), sensitive)


def _declined(use_case: UseCase, rows: ExplainedRows, model: str) -> NDArray[np.bool_]:
    places = [place for place, name in enumerate(use_case.policy.band_names) if name in declining(use_case)]
    return np.isin(rows.bands[model], places)


def approved_means(use_case: UseCase, rows: ExplainedRows, model: str) -> tuple[dict[str, float], int]:
    """Mean points by column of the rows that a model puts in no declining band, and how many those are."""
    kept_rows = ~_declined(use_case, rows, model)
    if not kept_rows.any():
        return {}, 0
    means = rows.points[model][kept_rows].mean(axis=0).tolist()
    return dict(zip(use_case.model_columns, means, strict=True)), int(kept_rows.sum())
