"""What a comparison plan would take: rows, weeks and windows, before anybody freezes it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import date, timedelta

from core.domain.compare.plan import ArmName
from core.domain.compare.planning import rows_needed
from core.domain.usecase import UseCase
from core.services.comparison.challengers import Challengers
from core.services.comparison.plans import LEAST_ROWS, Preset

Days = tuple[date, date]
USUAL_WEEKS, MOST_WEEKS = 8.0, 260.0


@dataclass(frozen=True)
class Foreseen:
    """Judged rows that each window takes, and when they are there.

    `n_measured` is None where no judged row says how much the two arms differ from row to row.
    """

    n_rows: int
    n_measured: int | None
    per_week: float
    windows: tuple[Days, Days]
    known_on: date  # when the outcomes of window 2 are known


def foreseen(use_case: UseCase, found: Challengers, challenger: ArmName, preset: Preset, today: date) -> Foreseen:
    """From the paired variance and the rate of the rows that were looked at: 80 % power at the preset's gain."""
    name = str(challenger)
    gain = next((arm.gains.get(preset.metric) for arm in found.arms if arm.name == name), None)
    n_rows, n_measured = LEAST_ROWS, None
    if gain is not None and math.isfinite(gain.difference.row_variance) and gain.difference.n > 1:
        n_measured = gain.difference.n
        n_rows = max(LEAST_ROWS, rows_needed(gain.difference.row_variance, preset.minimum_gain))
    weeks = n_rows / found.rows_per_week if found.rows_per_week else USUAL_WEEKS
    length = timedelta(days=round(min(max(weeks, 1.0), MOST_WEEKS) * 7))
    windows = (today, today + length), (today + length, today + 2 * length)
    known_on = windows[1][1] + timedelta(days=use_case.target.horizon_days)
    return Foreseen(n_rows, n_measured, found.rows_per_week, windows, known_on)
