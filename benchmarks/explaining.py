"""Reasons: 100,000 rows against shap's closed form, and one row on demand.

python -m benchmarks.explaining bulk              with RINGSIDE_HOME set to a trained home
python -m benchmarks.explaining row USE_CASE      the same
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from benchmarks.harness import quantile
from core.config import Settings
from core.domain.features import feature_matrix
from core.ml.compiled import LinearMember
from core.ml.explain import Explainer
from core.services.desk import Desk, open_desk
from core.services.reasons.explainers import explainer, reference_columns
from core.services.reference import typed_columns
from core.services.scoring import check_row

BULK_CASE, BULK_ROWS, ROUNDS = "bnpl_default", 100_000, 15
ROWS, WARM_UP = 100, 3


def main(what: str, key: str = "") -> dict[str, float]:
    """Milliseconds, by way."""
    desk = open_desk(Settings.from_mapping(os.environ))
    try:
        return _bulk(desk) if what == "bulk" else _one_row(desk, key)
    finally:
        desk.close()


def _bulk(desk: Desk) -> dict[str, float]:
    """Both start from the same ready inputs; ours ends with raw columns, shap's with the 36 inputs."""
    import shap  # type: ignore[import-untyped]  # ships no types

    made = explainer(desk, BULK_CASE)
    case, compiled = made.use_case, made.compiled
    member = next(item for item in compiled.members if isinstance(item, LinearMember))
    assert case.synthesize is not None
    columns = typed_columns(case.schema, case.synthesize(BULK_ROWS, 5))
    inputs = compiled.inputs(feature_matrix(case.features, columns, BULK_ROWS))
    reference, _, n_reference = reference_columns(desk, BULK_CASE)
    background = compiled.inputs(feature_matrix(case.features, reference, n_reference))
    masker = shap.maskers.Independent(background, max_samples=len(background))
    theirs = shap.LinearExplainer((member.coef[:, 0], member.intercept[0]), masker)
    by_column = _columns_of(made)
    expected = member.calibration.slope * (theirs.shap_values(inputs) @ by_column)
    difference = np.abs(made.column_margins(columns, inputs, member.name)[0].T - expected).max()
    ways: dict[str, Callable[[], Any]] = {
        "ours": lambda: made.column_margins(columns, inputs, member.name),
        "shap_values": lambda: theirs.shap_values(inputs),
        "whole": lambda: made.explain(columns, BULK_ROWS, [member.name]),
    }
    taken: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(ROUNDS):  # in turns, so that a noisy moment meets all of them
        for name, work in ways.items():
            taken[name].append(_ms(work))
    taken["shap_call"] = [_ms(lambda: theirs(inputs))]  # a hundred times slower: once
    figures = {f"{name}_ms": quantile(times, 0.5) for name, times in taken.items()}
    pairs = zip(taken["ours"], taken["shap_values"], strict=True)
    figures["ratio"] = quantile([ours / peer for ours, peer in pairs], 0.5)
    return figures | {"difference": float(difference), "n_inputs": float(inputs.shape[1])}


def _columns_of(made: Explainer) -> Any:
    """1 where an input belongs to a raw column, shape (n_inputs, n_columns); every feature of the case reads one."""
    belongs = np.zeros((len(made.compiled.source), len(made.columns)))
    for position, feature in enumerate(made.compiled.source.tolist()):
        (name,) = made.use_case.features[feature].inputs
        belongs[position, made.columns.index(name)] = 1.0
    return belongs


def _one_row(desk: Desk, key: str) -> dict[str, float]:
    """From the row as a person typed it: check, features, scores and every model's reasons; and by model."""
    made = explainer(desk, key)
    assert made.use_case.synthesize is not None
    seed = int(time.time()) % 100_000  # rows nobody has explained before
    rows = list(made.use_case.synthesize(ROWS + WARM_UP, seed).to_pylist())

    def explained(row: Any, models: list[str] | None) -> Any:
        return made.explain(check_row(made.use_case, row).columns, 1, models)

    began = _ms(lambda: explained(rows[0], None))
    figures = {"first_ms": began}
    for name in (None, *(member.name for member in made.compiled.members)):
        chosen = None if name is None else [name]
        times = [_ms(lambda row=row, chosen=chosen: explained(row, chosen)) for row in rows]  # type: ignore[misc]
        figures |= {f"{name or 'all'}_{q}_ms": quantile(times[WARM_UP:], int(q[1:]) / 100) for q in ("p50", "p95")}
    return figures


def _ms(work: Callable[[], Any]) -> float:
    began = time.perf_counter()
    work()
    return (time.perf_counter() - began) * 1_000


if __name__ == "__main__":
    print(json.dumps(main(*sys.argv[1:])))
