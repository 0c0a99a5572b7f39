"""Windows counted in the bins of a reference, and judged: the same for the page and for what is measured by itself."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise

from core.domain.drift.bins import Counted, Of, Rows
from core.domain.drift.judgement import Finding, Limits, judge
from core.domain.usecase import UseCase
from core.services.desk import Desk
from core.services.watching.drift_reference import DriftReference, who_columns
from core.services.watching.drift_windows import Window
from core.store.log_schema import raw_names


@dataclass(frozen=True, eq=False)
class CountedRows:
    """A window, counted.

    Attributes
    ----------
    rows : Rows
    n_version : int
        Rows that the reference's version scored; the scores of others stand beside no reference.
    n_features : int
        Rows whose features its batches counted.
    items : tuple of Counted
        In the order of the reference's bins; features are left out where the window does not end at midnight.
    """

    window: Window
    rows: Rows
    n_version: int
    n_features: int
    items: tuple[Counted, ...]
    score: tuple[float, float]  # mean and standard deviation of the champion's score


def count_windows(
    desk: Desk, use_case: UseCase, borders: Sequence[datetime], reference: DriftReference
) -> list[CountedRows]:
    """Count the windows between borders, each from one (included) to the next (not)."""
    stored = raw_names(use_case)
    log, version = desk.log, reference.version
    windows = [Window(since, until) for since, until in pairwise(borders)]
    raw = log.count_raw(use_case, borders, reference.of(Of.RAW))
    scores = log.count_scores(use_case, borders, reference.of(Of.SCORE), version)
    whole = all(window.whole_days for window in windows)
    features = log.count_features(use_case, borders, reference.of(Of.FEATURE), version) if whole else None
    who = log.count_entities(use_case, borders, [stored[name] for name in who_columns(use_case)])
    return [
        CountedRows(
            window=window,
            rows=who[place] if who[place].n else Rows(raw[place].n, raw[place].n, float(raw[place].n)),
            n_version=scores[place].n,
            n_features=features[place].n if features else 0,
            items=(*scores[place].items, *raw[place].items, *(features[place].items if features else ())),
            score=scores[place].moments[0],
        )
        for place, window in enumerate(windows)
    ]


def judged(
    reference: DriftReference, now: CountedRows, before: CountedRows | None, limits: Limits
) -> tuple[Finding, ...]:
    """Every item of a window against the reference, or against another window."""
    bins = reference.bins[: len(now.items)]
    if before is None:
        return judge(bins, now.items, now.rows, limits)
    return judge(bins, now.items, now.rows, limits, against=before.items, against_rows=before.rows)
