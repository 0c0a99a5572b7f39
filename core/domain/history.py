"""What a simulated history of a use case is made of: its size, its people's decisions, its planted episodes.

A history is told in periods: 26 weeks, or six months for a use case whose rows come once a month. An
episode names the periods it lasts, first included and last excluded.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from core.domain.columns import Array

Span = tuple[int, int]

DAYS = 182
WEEKS, MONTHS = 26, 6


@dataclass(frozen=True)
class Episodes:
    """What is planted, and when.

    Attributes
    ----------
    new_version : int
        The first period in which the acting version acts; a former one did before.
    bad : int
        The period in which the outcome's rate is multiplied by `bad_factor`; it recovers at once.
    concept : Span
        Outcomes follow a truth whose link with the inputs is weakened until the champion's AUC (binary; macro AUC
        for classes, R2 for values) is lower by `concept_drop`. Inputs do not change.
    broken : int
        In the first seventh of this period the first of the shifted columns arrives with one constant value.
    new_level, gaps : int or None
        Periods in which a share of the rows arrives with a level that nobody has seen, or without a required value:
        these are refused. They come on top of the rows that are logged.
    shifted : Span
        Both shifted columns are higher by `shift_sd` of their standard deviation.
    """

    new_version: int
    bad: int
    concept: Span
    broken: int
    shifted: Span
    new_level: int | None = None
    gaps: int | None = None
    refused_share: float = 0.15
    bad_factor: float = 0.7
    concept_drop: float = 0.06
    shift_sd: float = 0.5


BY_WEEK = Episodes(new_version=4, bad=5, concept=(7, 13), new_level=14, gaps=15, broken=18, shifted=(20, 24))
BY_MONTH = Episodes(new_version=1, bad=1, concept=(2, 4), broken=5, shifted=(4, 5))


@dataclass(frozen=True)
class History:
    """The simulated history of one use case.

    Attributes
    ----------
    shifted : pair of column names
        Numbers or counts that few features read; a rule between columns may name them as its larger side only, which
        raising cannot break. Together they move the mean score: the second by over a point, or a tenth of its sd.
    rows : int
        By month: rows of all six months.
    by_month : bool
        One row per entity at every end of a month, instead of rows that come at any time.
    random_band : str, optional
        A small share of the rows gets this band's decision whatever the score, so that outcomes are also known of
        rows that would have been decided otherwise. None: no such slice.
    unseen : tuple of band names
        Rows decided so have no outcome: what was declined cannot default.
    broken_split : Span, optional
        Weeks of an experiment that loses the arm of some rows.
    early : tuple of class labels
        Outcomes that show at any time from `earliest_days` on; the others are certain when the horizon ends.
    """

    shifted: tuple[str, str]
    rows: int = 12_000
    by_month: bool = False
    random_band: str | None = None
    random_share: float = 0.02
    unseen: tuple[str, ...] = ()
    early: tuple[str, ...] = ()
    earliest_days: float = 1.0
    broken_split: Span | None = None

    @property
    def episodes(self) -> Episodes:
        return BY_MONTH if self.by_month else BY_WEEK

    @property
    def n_periods(self) -> int:
        return MONTHS if self.by_month else WEEKS


def within(periods: Array, span: Span) -> Array:
    """Which rows lie in a span of periods, shape (n_rows,).

    >>> within(np.array([6, 7, 12, 13]), (7, 13))
    array([False,  True,  True, False])
    """
    return np.asarray((periods >= span[0]) & (periods < span[1]))
