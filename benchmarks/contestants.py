"""The three ways of scoring one file of BNPL purchases: ours, the floor, the straightforward script.

python -m benchmarks.contestants ours  IN.csv OUT.csv    with RINGSIDE_HOME set: scored file and durable log
python -m benchmarks.contestants floor IN.csv OUT.csv    DuckDB alone: read, as many columns by arithmetic, keep, write
python -m benchmarks.contestants peer  IN.csv OUT.csv    pandas and scikit-learn; logs nothing
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

from benchmarks.harness import timed
from core.config import Settings
from core.usecases.bnpl_default import FEATURES, USE_CASE

ADDED_COLUMNS = 16  # what a scored BNPL file gains
KEY = USE_CASE.key


def ours(source: Path, target: Path) -> dict[str, Any]:
    """The desk: read, check, score, log durably, write."""
    from core.services import commands
    from core.services.access import Actor, Role
    from core.services.desk import open_desk

    desk = open_desk(Settings.from_mapping(os.environ))
    desk.scorer(KEY)
    desk.log  # noqa: B018  opened before the clock starts, like the floor's database
    actor = Actor("benchmark", Role.ADMIN, "cli")
    args = {"use_case": KEY, "path": str(source), "out": str(target)}

    def work() -> int:
        return int(commands.run(desk, actor, "score", args, lambda message, fraction: None)["scored"])

    result = timed(work)
    desk.close()
    return result


def floor(source: Path, target: Path) -> dict[str, Any]:
    """What DuckDB alone needs for the same bytes in and out, with plain arithmetic instead of models."""
    import duckdb

    database = target.with_suffix(".duckdb")
    database.unlink(missing_ok=True)
    connection = duckdb.connect(str(database), config={"threads": 2})
    added = ", ".join(f"amount * {place + 1} / 1000 + risk_score AS c{place}" for place in range(ADDED_COLUMNS))

    def work() -> int:
        connection.execute(f"CREATE TABLE kept AS SELECT *, {added} FROM read_csv('{source}')")
        connection.execute(f"COPY kept TO '{target}' (HEADER)")
        connection.execute("CHECKPOINT")
        return int(connection.sql("SELECT count(*) FROM kept").fetchall()[0][0])

    result = timed(work)
    connection.close()
    database.unlink()
    return result


def peer(source: Path, target: Path) -> dict[str, Any]:
    """The script one would write first: pandas features, ColumnTransformer, four predict_proba, to_csv."""
    import joblib
    import pandas as pd

    from benchmarks.peer_features import features

    folder = Path(os.environ["RINGSIDE_HOME"]) / "models" / KEY / "v1"
    preprocessor = joblib.load(folder / "preprocessor.joblib")
    models = {name: joblib.load(folder / f"{name}.joblib") for name in USE_CASE.recipe.model_names}
    names = [feature.name for feature in FEATURES]

    def work() -> int:
        frame = pd.read_csv(source)
        matrix = pd.DataFrame(
            preprocessor.transform(features(frame)[names]), columns=preprocessor.get_feature_names_out()
        )
        for name, model in models.items():
            frame[f"score_{name}"] = model.predict_proba(matrix)[:, 1]
        frame["consensus"] = frame[[f"score_{name}" for name in models]].mean(axis=1)
        frame.to_csv(target, index=False)
        return len(frame)

    return timed(work)


if __name__ == "__main__":
    contestant = {"ours": ours, "floor": floor, "peer": peer}[sys.argv[1]]
    print(json.dumps(contestant(Path(sys.argv[2]), Path(sys.argv[3]))))
