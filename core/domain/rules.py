"""The incumbent rules: an arm of its own beside the models, never a fallback hidden inside them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from core.domain.columns import Array, Columns
from core.domain.features import Floats
from core.domain.policy import Codes


@dataclass(frozen=True)
class Rules:
    """What the business did before there was a model.

    Attributes
    ----------
    name : str
    score : callable
        Columns -> array (n_rows,), higher means more of what the target measures; NaN where the rules
        cannot tell.
    band : callable
        Columns -> band codes (n_rows,) into the policy's bands.
    formula : str
        The rules in words, for people.
    """

    name: str
    score: Callable[[Columns], Array]
    band: Callable[[Columns], Array]
    formula: str

    def apply(self, columns: Columns) -> tuple[Floats, Codes]:
        """Score and band codes of every row, each of shape (n_rows,)."""
        return np.asarray(self.score(columns), dtype=np.float64), np.asarray(self.band(columns), dtype=np.int8)
