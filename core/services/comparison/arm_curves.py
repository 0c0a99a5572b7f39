"""The curves of a comparison's arms, on the rows that may be judged; the scatter of two arms on all of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from core.domain.calibration import calibration_fit
from core.domain.compare.curves import (
    Calibration,
    DualLift,
    calibration_bins,
    cells,
    dual_lift,
    lift_points,
    roc_points,
)
from core.domain.features import Floats
from core.domain.judged import RULES, outcome_values
from core.domain.metrics.recalibration import Line
from core.domain.usecase import Task, UseCase
from core.services.access import Action, Actor, require
from core.services.comparison.challengers import Challengers
from core.services.comparison.swaps import mark_of
from core.services.desk import Desk
from core.services.kept import kept

Points = tuple[Floats, Floats]


@dataclass(frozen=True)
class Curves:
    """Points by arm.

    Attributes
    ----------
    label : str
        The class that ROC and calibration are about; "" for values.
    roc, lift : mapping of str to points
        The rules among them where they have a score; `roc` is {} for values.
    dual : mapping of str to DualLift
        By challenger, against the champion.
    calibration : mapping of str to Calibration
    lines : mapping of str to Line
        Calibration slope and intercept on the log-odds, right at 1 and 0; {} for values and where a class is absent.
    n : int
        Judged rows.
    """

    label: str
    roc: Mapping[str, Points]
    lift: Mapping[str, Points]
    dual: Mapping[str, DualLift]
    calibration: Mapping[str, Calibration]
    lines: Mapping[str, Line]
    n: int


def curves(desk: Desk, actor: Actor, key: str, found: Challengers) -> Curves | None:
    """Every curve at once; None where fewer than two rows may be judged."""
    require(actor, Action.SEE_MODELS)
    use_case = desk.use_case(key)
    return kept(desk, use_case, ("curves", *mark_of(found)), lambda: _curves(use_case, found))


def _curves(use_case: UseCase, found: Challengers) -> Curves | None:
    judged = found.rows.rows
    rows = judged.counts
    if rows.sum() < 2:
        return None
    outcome = judged.outcome[rows]
    said = {name: judged.outputs[name][rows, -1] for name in found.rows.scores}
    scores = {name: values[rows] for name, values in found.rows.scores.items()}
    if use_case.rules is not None and not np.isnan(judged.rules_score[rows]).any():
        scores[RULES] = judged.rules_score[rows]
    label = use_case.target.classes[-1] if use_case.target.classes else ""
    hit = (outcome == len(use_case.target.classes) - 1).astype(np.float64) if label else outcome
    roc: dict[str, Points] = {}
    if label and hit.min() < hit.max():
        ranked = said if use_case.task is Task.MULTICLASS else scores
        roc = {name: roc_points(hit, values) for name, values in ranked.items()}
    values = outcome_values(use_case, outcome)
    champion = said[found.champion]
    fitted = {name: calibration_fit(hit, given) for name, given in said.items()} if label else {}
    return Curves(
        label=label,
        roc=roc,
        lift={name: lift_points(values, given) for name, given in scores.items()} if values.mean() != 0 else {},
        dual={name: dual_lift(hit, champion, given) for name, given in said.items() if name != found.champion},
        calibration={name: calibration_bins(hit, given) for name, given in said.items()},
        lines={name: line for name, line in fitted.items() if line is not None},
        n=int(rows.sum()),
    )


def scatter(desk: Desk, actor: Actor, key: str, found: Challengers, arm: str) -> tuple[Floats, Floats, Floats]:
    """Edges across (the champion's scores), edges upwards (the arm's), and rows per cell, outcome known or not."""
    require(actor, Action.SEE_MODELS)
    use_case = desk.use_case(key)
    mark = ("scatter", arm, *mark_of(found))
    return kept(desk, use_case, mark, lambda: cells(found.rows.scores[found.champion], found.rows.scores[arm]))
