"""The levels of a category column: which texts are kept, which are pooled into "other"."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.domain.columns import MISSING, OTHER, YES_TEXTS
from core.domain.inference.texts import Texts, quoted

MOST_LEVELS = 50
RARE_ROWS = 20
RARE_SHARE = 0.001
COVERED = 0.8  # share of values the kept levels must cover when there are more than MOST_LEVELS
_PAIRS = frozenset(
    frozenset(pair)
    for pair in (("yes", "no"), ("y", "n"), ("true", "false"), ("t", "f"), ("1", "0"), ("1.0", "0.0"), ("1", "0.0"))
)


@dataclass(frozen=True)
class LevelReading:
    """A column read as categories.

    Attributes
    ----------
    levels : tuple of str
        Kept levels, by how often they occur.
    codes : array of int16, shape (n_distinct,)
        By distinct text; OTHER for pooled ones.
    n_pooled : int
        How many different levels are pooled.
    pooled_rows : int
    why : str
    """

    levels: tuple[str, ...]
    codes: NDArray[np.int16]
    n_pooled: int
    pooled_rows: int
    why: str


def rare_rows(n_rows: int) -> int:
    """Fewer rows than this are too few to learn a level from.

    20 rows and .1 % of a file; in a file below 400 rows a twentieth of it, at least 5.

    >>> rare_rows(100), rare_rows(9_240), rare_rows(100_000)
    (5, 20, 100)
    """
    return int(max(min(RARE_ROWS, max(5, n_rows // 20)), np.ceil(RARE_SHARE * n_rows)))


def as_levels(texts: Texts) -> LevelReading | None:
    """Read a column as categories, or None when its levels are too many and too thin.

    Levels that differ only in case are one level, as everywhere in the desk; the commonest spelling names
    it. A column is a category when it has at most 50 levels, or when its 50 commonest ones cover 80 %.
    """
    order = np.argsort(-texts.counts, kind="stable").tolist()
    spelling: dict[str, str] = {}
    rows: dict[str, int] = {}
    for position in order:
        text = texts.values[position]
        spelling.setdefault(text.lower(), text)
        rows[text.lower()] = rows.get(text.lower(), 0) + int(texts.counts[position])
    ranked = sorted(rows, key=lambda lower: -rows[lower])
    kept = [lower for lower in ranked[:MOST_LEVELS] if rows[lower] >= rare_rows(texts.n_rows)]
    covered = sum(rows[lower] for lower in kept) / max(1, sum(rows.values()))
    if not kept or (len(ranked) > MOST_LEVELS and covered < COVERED):
        return None
    code = {lower: position for position, lower in enumerate(kept)}
    codes = np.array([code.get(text.lower(), OTHER) for text in texts.values], dtype=np.int16)
    pooled = [lower for lower in ranked if lower not in code]
    n_pooled = sum(rows[lower] for lower in pooled)
    return LevelReading(
        tuple(spelling[lower] for lower in kept), codes, len(pooled), n_pooled, _why(kept, pooled, spelling, n_pooled)
    )


def _why(kept: list[str], pooled: list[str], spelling: dict[str, str], n_pooled: int) -> str:
    said = f"{len(kept)} level{'s' if len(kept) > 1 else ''}"
    if pooled:
        rare = quoted([spelling[lower] for lower in pooled])
        said += f"; {len(pooled)} rare one{'s' if len(pooled) > 1 else ''} ({rare}; {n_pooled:,} rows) pooled as other"
    return said


def as_yesno(texts: Texts) -> NDArray[np.float64] | None:
    """1.0 and 0.0 by distinct text where a column holds one yes-word and its no-word, else None.

    A yes-word beside a foreign no-word (Y, N, T and 0 in one column) makes categories, not a yes/no column.
    """
    lower = [text.lower() for text in texts.values]
    if frozenset(lower) not in _PAIRS:
        return None
    return np.array([1.0 if text in YES_TEXTS else 0.0 for text in lower])


def level_values(reading: LevelReading, texts: Texts) -> NDArray[np.int16]:
    """Codes by row, shape (n_rows,)."""
    return texts.spread(reading.codes, MISSING).astype(np.int16)
