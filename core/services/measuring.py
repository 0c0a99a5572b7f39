"""Figures that take some computing and never change: the ceiling of a known truth, the stability of a version."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from core.domain.columns import Array, Columns
from core.domain.metrics.ceiling import ceilings
from core.domain.metrics.measured import Measured
from core.domain.stability import changed_share
from core.domain.usecase import Task, UseCase
from core.ml.scorer import Scorer
from core.services.reference import typed_columns

CEILING_ROWS = 40_000
SEED = 20260301  # apart from every training's, so that the rows are other ones


@dataclass(frozen=True)
class Generated:
    """Rows of a use case's own generator with their truth, see `core.domain.usecase.UseCase.truth`."""

    columns: Columns
    truth: Array
    observed: Array | None  # of a regression


def generated(use_case: UseCase) -> Generated | None:
    """Rows whose truth is known; None where there is no generator or no truth."""
    if use_case.truth is None or use_case.synthesize is None:
        return None
    rows = use_case.synthesize(CEILING_ROWS, SEED)
    observed = None
    if use_case.task is Task.REGRESSION:
        observed = np.asarray(rows[use_case.target.name].to_numpy(), dtype=np.float64)
    columns = typed_columns(use_case.schema, rows)
    return Generated(columns, use_case.truth(columns), observed)


def ceiling_of(use_case: UseCase) -> dict[str, Measured]:
    """The best figures that the use case's own generator allows, by metric; {} where its truth is not known."""
    rows = generated(use_case)
    return {} if rows is None else ceilings(str(use_case.task), rows.truth, rows.observed)


def stability_of(scorer: Scorer) -> dict[str, Measured]:
    """Share of the reference rows that are decided otherwise under one per cent of noise, by who decides."""
    schema = scorer.use_case.schema
    columns = typed_columns(schema, scorer.bundle.reference)
    n_rows = scorer.bundle.reference.num_rows

    def by_champion(rows: Columns, n: int) -> Array:
        return scorer.score(rows, n).band

    def as_decided(rows: Columns, n: int) -> Array:
        return scorer.score(rows, n).decision

    found = {"champion": changed_share(schema, columns, by_champion, n_rows, SEED)}
    if scorer.decided_by == "rules":
        found["rules"] = changed_share(schema, columns, as_decided, n_rows, SEED)
    return found
