"""Rows an arm was to score and has no number for: its error rate, as far as the log can tell."""

from __future__ import annotations

import numpy as np

from core.domain.metrics.measured import Measured
from core.domain.metrics.proportion import proportion
from core.services.access import Action, Actor, require
from core.services.comparison.challengers import Challengers
from core.services.desk import Desk


def unscored(found: Challengers) -> dict[str, Measured]:
    """Share of the rows of a comparison without a number, by arm, with Wilson's interval."""
    return {
        name: proportion("no score", int(np.isnan(values).sum()), len(values))
        for name, values in found.rows.scores.items()
        if len(values)
    }


def silences(desk: Desk, actor: Actor, key: str, found: Challengers) -> dict[str, str]:
    """The same in words: rows without a number, and the upper bound of their share."""
    require(actor, Action.SEE_MODELS)
    return {name: f"{round(part.value * part.n):,} (< {part.high:.2%})" for name, part in unscored(found).items()}
