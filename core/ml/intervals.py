"""The champion's prediction intervals: fitted on rows of their own, measured on the test rows, kept in the card."""

from __future__ import annotations

from typing import Any

import numpy as np

from core.domain.conformal import LEVEL, Spread, fit_intervals, fit_spread
from core.domain.features import Floats
from core.domain.usecase import Task, UseCase
from core.errors import InputError
from core.ml.evaluate import LabelledRows
from core.ml.fit import FittedModels
from core.ml.split import Partition, Splitter

CONSTANT_BELOW = 1_000  # labelled rows; fewer cannot tell where the noise is larger


def partition_for(use_case: UseCase, splitter: Splitter) -> Partition:
    """The parts of a training; a value gets conformal rows, unless there are too few times or groups for it."""
    if use_case.task is not Task.REGRESSION:
        return splitter.partition()
    try:
        return splitter.partition(conformal=True)
    except InputError:  # two groups can be split in two, not in four
        return splitter.partition()


def fit_champion_intervals(
    use_case: UseCase, rows: LabelledRows, partition: Partition, fitted: FittedModels
) -> dict[str, Any]:
    """Split conformal intervals of the champion, as plain values for the card.

    The spread comes from the calibration rows, the factor from the conformal rows, the coverage from the test
    rows: each from rows that nothing before it has seen (early stopping looks at the calibration rows, which
    can only make the spread a little small everywhere; the factor makes up for it).

    Returns
    -------
    dict
        What `core.domain.conformal.Intervals.as_json` gives, and `method`, `note`, `coverage` (a figure with
        its Wilson interval) and `mean_width` on the test rows. {} for a task without intervals; only `note`
        where there are too few rows.
    """
    if use_case.task is not Task.REGRESSION:
        return {}
    champion = use_case.recipe.champion

    def part(name: str) -> tuple[Floats, Floats]:
        chosen = partition.parts().get(name, np.empty(0, dtype=np.int64))
        if len(chosen) == 0:
            return np.empty(0), np.empty(0)
        return fitted.predict(rows.matrix[chosen])[champion][:, 0], rows.target[chosen]

    small = len(rows.target) < CONSTANT_BELOW
    spread = Spread() if small else fit_spread(*part("calibration"))
    found = fit_intervals(*part("conformal"), spread)
    if found is None:
        return {"note": f"No prediction interval: {len(partition.conformal)} rows are too few to promise 90 %."}
    predictions, values = part("test")
    low, high = found.bounds(predictions)
    return found.as_json() | {
        "model": champion,
        "method": "split conformal, " + ("constant width" if found.same_width else "scaled by a spread model"),
        "note": _note(found.same_width, small),
        "coverage": found.coverage(predictions, values).as_json(),
        "mean_width": float((high - low).mean()),
    }


def _note(same_width: bool, small: bool) -> str:
    marginal = f"{LEVEL:.0%} holds over all rows together, not for each kind of row"
    if not same_width:
        return f"Wider where the champion erred more on held-out rows; {marginal}."
    why = f", because fewer than {CONSTANT_BELOW:,} rows cannot tell where it errs more" if small else ""
    return f"Every row gets the same width{why}; {marginal}."
