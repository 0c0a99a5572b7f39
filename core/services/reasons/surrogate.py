"""The approximate line around one row's score, beside the exact points."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from core.domain.columns import Column
from core.domain.importance import rank_agreement
from core.domain.schema import Parsed
from core.services.access import Action, Actor, require
from core.services.desk import Desk
from core.services.reference import typed_columns
from core.services.scoring import check_row

if TYPE_CHECKING:
    from core.domain.explained import Explanation

SEED = 0


@dataclass(frozen=True)
class Beside:
    """One column as the line sees it and as it is."""

    column: Column
    coefficient: float  # score per unit, level or other value
    approximate: float  # points
    exact: float


@dataclass(frozen=True)
class LocalLine:
    """The line around a row: how well it fits, and where it agrees with the exact points.

    `r2` is the weighted share of the variance explained (NaN: nothing varies), `n` the perturbed rows that the schema
    accepts, `n_effective` how many count under the kernel, `agreement` Kendall's tau of the |points| (NaN where one
    side ranks nothing).
    """

    columns: tuple[Beside, ...]  # the largest exact |points| first
    r2: float
    n: int
    n_effective: float
    base: float  # mean score of the varied rows, the near ones weighing more
    agreement: float
    score: float
    fitted: float  # the line's score of the row


def local_line(desk: Desk, actor: Actor, key: str, explanation: Explanation) -> LocalLine:
    """The acting model's scores around a row, as a straight line; the same for the same row and version.

    Raises
    ------
    NotPermitted
        It takes a role that sees every model.
    RowProblem, NotReady
    """
    require(actor, Action.SEE_MODELS)
    scorer = desk.scorer(key, explanation.version)
    case = scorer.use_case
    row = check_row(case, explanation.row).columns
    reference = typed_columns(case.schema, scorer.bundle.reference)
    columns = [case.schema[name] for name in case.model_columns if name in reference]
    return _line(scorer, columns, row, reference, explanation)


def _line(scorer: Any, columns: list[Column], row: Any, reference: Any, explanation: Explanation) -> LocalLine:
    from core.ml.surrogate import fit, perturb

    rows = perturb(columns, row, reference, seed=SEED)
    parsed = {name: Parsed(values) for name, values in rows.items()}
    keep = scorer.use_case.schema.check(parsed, len(next(iter(rows.values())))).ok
    rows = {name: values[keep] for name, values in rows.items()}
    n_rows = int(np.count_nonzero(keep))
    scores = scorer.score(rows, n_rows).scores[scorer.card.champion]
    line = fit(columns, row, reference, rows, scores)
    exact = _exact(explanation)
    found = [
        Beside(column, float(slope), float(points), exact.get(column.name, 0.0))
        for column, slope, points in zip(columns, line.coefficients, line.points, strict=True)
    ]
    approximate, true = (np.abs([getattr(item, name) for item in found]) for name in ("approximate", "exact"))
    found.sort(key=lambda item: -abs(item.exact))
    return LocalLine(
        columns=tuple(found),
        r2=line.r2,
        n=n_rows,
        n_effective=line.n_effective,
        base=line.base,
        agreement=rank_agreement(approximate, true),
        score=float(scores[0]),
        fitted=line.intercept,
    )


def _exact(explanation: Explanation) -> Mapping[str, float]:
    return {reason.column: reason.points for reason in explanation.reasons}
