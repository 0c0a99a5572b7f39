"""Challenger versions beside the acting one: scored in its shadow, logged, never acted on."""

from __future__ import annotations

import time

import pyarrow as pa

from core.domain.columns import Columns
from core.logs import logger
from core.ml.scorer import Scorer
from core.services.desk import Desk
from core.services.records import log_scores

LOGGER = logger("shadow")


def shadow_scorer(desk: Desk, key: str) -> Scorer | None:
    """The challenger version of a use case, ready to score; None where none runs or it cannot be loaded.

    A challenger never acts, so whatever is wrong with it stops nothing: it is logged, and its scores are missing.
    """
    version = desk.challenger_version(key)
    if version is None:
        return None
    try:
        return desk.scorer(key, version)
    except Exception:
        LOGGER.exception("%s %s cannot run in the shadow", key, version)
        return None


def shadow_scores(scorer: Scorer | None, columns: Columns, n_rows: int, ids: pa.Array) -> dict[str, pa.Table]:
    """What a challenger says of rows that were just scored: version -> a table for the log; {} without one.

    Parameters
    ----------
    scorer : Scorer or None
        From `shadow_scorer`.
    columns : typed raw columns that passed the check
    n_rows : int
    ids : array of str, shape (n_rows,)
        Of the acting predictions.
    """
    if scorer is None or n_rows == 0:
        return {}
    started = time.perf_counter()
    try:
        scores = scorer.score(columns, n_rows)
    except Exception:
        LOGGER.exception("%s %s failed on %d rows", scorer.use_case.key, scorer.card.version, n_rows)
        return {}
    per_row_ms = (time.perf_counter() - started) * 1_000 / n_rows
    return {scorer.card.version: log_scores(scorer, scores, ids, per_row_ms)}
