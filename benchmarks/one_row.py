"""One row: ours in process, ours with the durable log, and the usual DataFrame -> scikit-learn way.

python -m benchmarks.one_row USE_CASE    with RINGSIDE_HOME set to a trained home
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks.harness import quantile
from core.config import Settings
from core.domain.features import feature_matrix
from core.services.access import Actor, Role
from core.services.desk import Desk, open_desk
from core.services.scoring import check_row, score_one

ROUNDS, WARM_UP = 400, 10


def main(key: str) -> dict[str, float]:
    """Milliseconds of one row, by way and quantile."""
    desk = open_desk(Settings.from_mapping(os.environ))
    use_case = desk.use_case(key)
    assert use_case.synthesize is not None
    seed = int(time.time()) % 100_000  # rows nobody has scored before
    rows = list(use_case.synthesize(ROUNDS + WARM_UP, seed).to_pylist())
    scorer, actor = desk.scorer(key), Actor("benchmark", Role.ADMIN, "cli")
    matrices = [feature_matrix(use_case.features, check_row(use_case, row).columns, 1) for row in rows]
    compiled = scorer.bundle.compiled
    ways: dict[str, Callable[[int], Any]] = {
        "in_process": lambda place: scorer.score(check_row(use_case, rows[place]).columns, 1),
        "durable": lambda place: score_one(desk, actor, key, rows[place]),
        "models": lambda place: compiled.predict(compiled.inputs(matrices[place])),
        "scikit_learn": _scikit_learn(desk, key, matrices),
    }
    figures: dict[str, float] = {}
    for name, work in ways.items():
        figures |= _times(name, work)
    desk.close()
    return figures


def _times(name: str, work: Callable[[int], Any]) -> dict[str, float]:
    taken = []
    for place in range(ROUNDS + WARM_UP):
        began = time.perf_counter()
        work(place)
        taken.append((time.perf_counter() - began) * 1_000)
    return {f"{name}_{q}_ms": quantile(taken[WARM_UP:], int(q[1:]) / 100) for q in ("p50", "p95", "p99")}


def _scikit_learn(desk: Desk, key: str, matrices: list[Any]) -> Callable[[int], Any]:
    """DataFrame -> ColumnTransformer -> four predict_proba, on features that are already engineered."""
    import joblib

    from core.ml.preprocess import feature_frame

    folder = Path(os.environ["RINGSIDE_HOME"]) / "models" / key / desk.scorer(key).card.version
    preprocessor = joblib.load(folder / "preprocessor.joblib")
    use_case = desk.use_case(key)
    models = [joblib.load(folder / f"{name}.joblib") for name in use_case.recipe.model_names]

    def work(place: int) -> None:
        inputs = preprocessor.transform(feature_frame(use_case, matrices[place]))
        for model in models:
            model.predict_proba(inputs)

    return work


if __name__ == "__main__":
    print(json.dumps(main(sys.argv[1])))
