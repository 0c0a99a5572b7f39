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
from core.services.access import Actor, Role
from core.services.desk import Desk, open_desk
from core.services.scoring import check_row, score_one

ROUNDS = 400


def main(key: str) -> dict[str, float]:
    """Milliseconds of one row, by way and quantile."""
    desk = open_desk(Settings.from_mapping(os.environ))
    rows = _rows(desk, key)
    scorer = desk.scorer(key)

    def in_process(row: dict[str, Any]) -> None:
        scorer.score(check_row(scorer.use_case, row).columns, 1)

    actor = Actor("benchmark", Role.ADMIN, "cli")

    def durable(row: dict[str, Any]) -> None:
        score_one(desk, actor, key, row)

    figures = _times("in_process", in_process, rows) | _times("durable", durable, rows)
    figures |= _times("scikit_learn", _scikit_learn(desk, key), rows[: ROUNDS // 4])
    desk.close()
    return figures


def _rows(desk: Desk, key: str) -> list[dict[str, Any]]:
    """Rows nobody has scored before."""
    use_case = desk.use_case(key)
    assert use_case.synthesize is not None
    return list(use_case.synthesize(ROUNDS + 10, int(time.time()) % 100_000).to_pylist())


def _times(name: str, work: Callable[[dict[str, Any]], None], rows: list[dict[str, Any]]) -> dict[str, float]:
    for row in rows[:10]:
        work(row)
    taken = []
    for row in rows[10:]:
        began = time.perf_counter()
        work(row)
        taken.append((time.perf_counter() - began) * 1_000)
    return {
        f"{name}_p50_ms": quantile(taken, 0.5),
        f"{name}_p95_ms": quantile(taken, 0.95),
        f"{name}_p99_ms": quantile(taken, 0.99),
    }


def _scikit_learn(desk: Desk, key: str) -> Callable[[dict[str, Any]], None]:
    """DataFrame -> ColumnTransformer -> four predict_proba, on features that are already engineered."""
    import joblib

    from core.domain.features import feature_matrix
    from core.ml.preprocess import feature_frame

    folder = Path(os.environ["RINGSIDE_HOME"]) / "models" / key / desk.scorer(key).card.version
    preprocessor = joblib.load(folder / "preprocessor.joblib")
    use_case = desk.use_case(key)
    models = [joblib.load(folder / f"{name}.joblib") for name in use_case.recipe.model_names]

    def work(row: dict[str, Any]) -> None:
        columns = check_row(use_case, row).columns
        inputs = preprocessor.transform(feature_frame(use_case, feature_matrix(use_case.features, columns, 1)))
        for model in models:
            model.predict_proba(inputs)

    return work


if __name__ == "__main__":
    print(json.dumps(main(sys.argv[1])))
