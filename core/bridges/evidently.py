"""Evidently's own drift report of two tables, made by a process of its own.

    python -m core.bridges.evidently FOLDER    reads current.parquet, reference.parquet and columns.json there,
                                               writes report.html and drift.json

The only file that imports evidently, and only in that process: importing it takes five seconds or more, and a million
rows gigabytes. Its telemetry is off. What it prints is thrown away: an error of a library may quote values of rows.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from core.config import CHECKOUT
from core.errors import DeskError

NUMBER, CATEGORY = "number", "category"
NUMBER_TEST, CATEGORY_TEST = "psi", "chisquare"
CURRENT, REFERENCE, COLUMNS = "current.parquet", "reference.parquet", "columns.json"
REPORT, DRIFT, STAGE = "report.html", "drift.json", "stage"
STAGES = ("Starting", "Importing Evidently", "Comparing columns", "Writing the report")
MOST_SECONDS = 900.0
_POLL_SECONDS = 0.2
_OFF = {"DO_NOT_TRACK": "1"}


@dataclass(frozen=True)
class ColumnDrift:
    """What Evidently says of one column: a PSI, or a p-value, beside its own limit."""

    column: str
    method: str
    value: float
    limit: float

    @property
    def drifted(self) -> bool:
        """By Evidently's own rule: a distance above the limit, or a p-value below it."""
        return self.value < self.limit if self.method == CATEGORY_TEST else self.value >= self.limit


def make(folder: Path, columns: Mapping[str, str], waiting: Callable[[str, float], None]) -> tuple[ColumnDrift, ...]:
    """Have `report.html` made from the two tables in a folder, and return the figures in it.

    Parameters
    ----------
    folder : Path
        Holds current.parquet and reference.parquet.
    columns : mapping of column name to NUMBER or CATEGORY
    waiting : callable
        (stage, share done) -> None, called while the other process works; what it raises ends that process.

    Raises
    ------
    DeskError
        Evidently failed, or took longer than a quarter of an hour.
    """
    (folder / COLUMNS).write_text(json.dumps(dict(columns)), encoding="utf-8")
    command = [sys.executable, "-m", "core.bridges.evidently", str(folder)]
    quiet = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    child = subprocess.Popen(command, cwd=CHECKOUT, env=os.environ | _OFF, **quiet)  # type: ignore[call-overload]
    try:
        _wait(child, folder, waiting)
    finally:
        if child.poll() is None:
            child.kill()
            child.wait()
    told = json.loads((folder / DRIFT).read_text(encoding="utf-8")) if (folder / DRIFT).is_file() else {}
    if child.returncode != 0 or not (folder / REPORT).is_file():
        why = told.get("error", f"exit code {child.returncode}")
        raise DeskError(f"Evidently did not make the report ({why}).", "Choose another window, or fewer columns.")
    return tuple(ColumnDrift(**item) for item in told["columns"])


def _wait(child: subprocess.Popen[bytes], folder: Path, waiting: Callable[[str, float], None]) -> None:
    began = time.monotonic()
    while child.poll() is None:
        if time.monotonic() - began > MOST_SECONDS:
            raise DeskError(f"Evidently took over {MOST_SECONDS / 60:.0f} minutes.", "Choose a shorter window.")
        told = folder / STAGE
        stage = told.read_text(encoding="utf-8") if told.is_file() else STAGES[0]
        place = STAGES.index(stage) if stage in STAGES else 0
        waiting(STAGES[place], place / len(STAGES))
        time.sleep(_POLL_SECONDS)


def _main(folder: Path) -> int:
    """The other process. It says what went wrong by the kind of error alone."""
    try:
        found = _compare(folder)
    except Exception as error:  # noqa: BLE001  whatever the library raises; the desk says it in words
        (folder / DRIFT).write_text(json.dumps({"error": type(error).__name__}), encoding="utf-8")
        return 1
    (folder / DRIFT).write_text(json.dumps({"columns": [asdict(item) for item in found]}), encoding="utf-8")
    return 0


def _compare(folder: Path) -> list[ColumnDrift]:
    _say(folder, 1)
    from evidently import DataDefinition, Dataset, Report
    from evidently.presets import DataDriftPreset
    from pyarrow import parquet

    _say(folder, 2)
    kinds: dict[str, str] = json.loads((folder / COLUMNS).read_text(encoding="utf-8"))
    definition = DataDefinition(
        numerical_columns=[name for name, kind in kinds.items() if kind == NUMBER],
        categorical_columns=[name for name, kind in kinds.items() if kind == CATEGORY],
    )
    current, reference = (
        Dataset.from_pandas(parquet.read_table(folder / name).to_pandas(), data_definition=definition)
        for name in (CURRENT, REFERENCE)
    )
    preset = DataDriftPreset(columns=list(kinds), num_method=NUMBER_TEST, cat_method=CATEGORY_TEST)
    made = Report([preset]).run(current, reference)
    _say(folder, 3)
    made.save_html(str(folder / REPORT))
    return _figures(made.dict())


def _figures(said: Mapping[str, Any]) -> list[ColumnDrift]:
    """The figures of single columns, as the report has them."""
    found = []
    for item in said["metrics"]:
        config = item["config"]
        if "column" in config:
            value, limit = float(item["value"]), float(config.get("threshold") or 0.0)
            found.append(ColumnDrift(str(config["column"]), str(config["method"]), value, limit))
    return found


def _say(folder: Path, stage: int) -> None:
    (folder / STAGE).write_text(STAGES[stage], encoding="utf-8")


if __name__ == "__main__":
    os.environ.update(_OFF)
    sys.exit(_main(Path(sys.argv[1])))
