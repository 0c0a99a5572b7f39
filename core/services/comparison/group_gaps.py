"""How differently one model treats groups of people: selection rates and error rates, on logged or held-out rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.domain.compare.plan import ArmName
from core.domain.fairness.cells import Rows, cells_of
from core.domain.fairness.gaps import drawn_rates, gap_of
from core.domain.fairness.selection import positives
from core.domain.features import Floats
from core.domain.metrics.influence import Codes
from core.domain.usecase import Task, UseCase
from core.ml.bundle import led_by
from core.ml.scorer import Scorer
from core.services.comparison.arms import Window, arm_rows
from core.services.comparison.protected import group_codes, protected_columns
from core.services.desk import Desk
from core.services.governing.acting import led_scorer
from core.services.reference import typed_columns
from core.services.training import read_target

SEED = 20261121
LEAST_ROWS = 300  # logged ones; with fewer, the version's held-out rows are asked
NAMES = {"parity": "parity gap", "tpr": "gap in true positive rates", "fpr": "gap in false positive rates"}

Span = tuple[datetime, datetime]


@dataclass(frozen=True)
class Gap:
    """Highest minus lowest rate over the groups of one column, with a 95 % interval."""

    name: str
    value: float
    low: float
    high: float
    n: int
    where: str  # which rows


@dataclass(frozen=True)
class _Rows:
    flags: NDArray[np.bool_]
    outcome: Floats
    raw: Mapping[str, Any]
    entity: Codes | None
    where: str


def arm_scorer(desk: Desk, key: str, arm: ArmName) -> Scorer:
    """A version that is led by one of its models, whoever acts.

    Raises
    ------
    BundleProblem
        The version has no such model, or its files fail their check.
    """
    scorer = desk.scorer(key, arm.version)
    led_by(scorer.bundle, arm.model)  # refuses a model that the version does not have
    return led_scorer(scorer, arm.model)


def group_gaps(desk: Desk, use_case: UseCase, arm: ArmName, span: Span | None = None) -> tuple[Gap, ...]:
    """Parity and, for two classes, odds gaps of every sensitive column; () without one, or with groups too small.

    Parameters
    ----------
    span : pair of datetime, optional
        Logged rows of this time that the version has scored; held-out rows of the version where those are fewer
        than 300.
    """
    if not use_case.sensitive:
        return ()
    rows = (_logged(desk, use_case, arm, span) if span else None) or _held_out(desk, use_case, arm)
    hits = positives(use_case, 0, rows.outcome) if use_case.task is Task.BINARY else np.full(len(rows.flags), np.nan)
    found = []
    for column in use_case.sensitive:
        codes, names = group_codes(use_case, column, rows.raw)
        cells = cells_of(codes, len(names), Rows(rows.flags[None], hits, rows.entity))
        drawn = drawn_rates(cells, SEED)
        for kind, name in NAMES.items():
            gap = gap_of(cells, drawn, 0, kind, SEED)
            if gap is not None:
                found.append(Gap(f"{name} by {column}", gap.value, gap.low, gap.high, gap.n, rows.where))
    return tuple(found)


def _logged(desk: Desk, use_case: UseCase, arm: ArmName, span: Span) -> _Rows | None:
    window = Window(*span, datetime.now(UTC))
    rows = arm_rows(desk, use_case, [arm.version], window, protected_columns(use_case))
    if len(rows.rows) < LEAST_ROWS:
        return None
    outputs, scores = rows.rows.outputs[str(arm)], rows.scores[str(arm)]
    bands = desk.scorer(use_case.key, arm.version).bands(arm.model, outputs, scores)
    outcome = np.where(rows.rows.counts, rows.rows.outcome, np.nan)
    where = f"logged rows of {span[0]:%Y-%m-%d} to {span[1]:%Y-%m-%d}"
    return _Rows(np.asarray(bands == 0), outcome, rows.raw, rows.rows.entity, where)


def _held_out(desk: Desk, use_case: UseCase, arm: ArmName) -> _Rows:
    scorer = arm_scorer(desk, use_case.key, arm)
    reference = scorer.bundle.reference
    scored = scorer.score(typed_columns(use_case.schema, reference), reference.num_rows)
    raw = {name: reference[name].to_numpy(zero_copy_only=False) for name in protected_columns(use_case)}
    outcome = read_target(use_case, reference[use_case.target.name].to_pylist()).astype(np.float64)
    return _Rows(np.asarray(scored.band == 0), outcome, raw, None, f"held-out rows of {arm.version}")
