"""Draw what happened to the rows of a simulated history, when it showed, and when the desk was told."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import numpy as np
import pyarrow as pa

from core.domain.columns import Array
from core.domain.features import Floats
from core.domain.history import Episodes, History, within
from core.domain.records import to_utc
from core.domain.usecase import Task, UseCase
from core.services.history.drawing import Drawn
from core.services.history.weakening import weakened

Rng = np.random.Generator

_WEEK = np.timedelta64(7, "D")
_MORNING = np.timedelta64(6, "h")  # outcome files come once a week, in the morning
_REPORTING_DAYS = 8.0  # so long before the horizon a row is settled: the file that tells it comes in time


def draw_outcomes(use_case: UseCase, drawn: Drawn, episodes: Episodes, outputs: Floats, rng: Rng) -> Floats:
    """Outcomes of all rows: class codes or values, shape (n_rows,).

    Parameters
    ----------
    outputs : array, shape (n_rows, k)
        The champion's, for the size of the concept drift.
    """
    assert use_case.truth is not None
    truth = np.asarray(use_case.truth(drawn.true), dtype=np.float64)
    changed = within(drawn.period, episodes.concept)
    spread = float(np.mean(drawn.residual[changed] ** 2)) if changed.any() else 0.0
    if changed.any():
        truth[changed] = weakened(use_case.task, truth[changed], outputs[changed], spread, episodes.concept_drop)
    outcome = _realised(use_case.task, truth, drawn.residual, rng)
    _worsen(use_case.task, outcome, drawn.period == episodes.bad, episodes.bad_factor, rng)
    return outcome


def _realised(task: Task, truth: Floats, residual: Floats, rng: Rng) -> Floats:
    if task is Task.REGRESSION:
        return np.asarray(truth + residual)
    draws = rng.random(len(truth))
    if task is Task.BINARY:
        return np.asarray(draws < truth, dtype=np.float64)
    below = np.cumsum(truth[:, :-1], axis=1)
    return np.asarray((draws[:, None] >= below).sum(axis=1), dtype=np.float64)


def _worsen(task: Task, outcome: Floats, rows: Array, factor: float, rng: Rng) -> None:
    """Multiply the rate of the highest class (or the mean) of some rows by a factor."""
    if task is Task.REGRESSION:
        outcome[rows] -= (1 - factor) * abs(outcome.mean())
        return
    highest = np.flatnonzero(rows & (outcome == outcome.max()))
    lost = rng.choice(highest, round((1 - factor) * len(highest)), replace=False)
    outcome[lost] -= 1


def happened(use_case: UseCase, drawn: Drawn) -> Array:
    """When each row happened, UTC, shape (n_rows,)."""
    assert use_case.schema.time is not None
    return to_utc(drawn.true[use_case.schema.time.name], use_case.schema.timezone)


def observed(use_case: UseCase, history: History, at: Array, outcome: Floats, rng: Rng) -> Array:
    """When each outcome showed: early classes at any time until a row is settled, the others then.

    Whatever is older than the horizon is known, whichever way it came out: no rate is of early outcomes only.
    """
    settled = use_case.target.horizon_days - _REPORTING_DAYS
    days = np.full(len(outcome), settled)
    codes = [code for code, label in enumerate(use_case.target.classes) if label in history.early]
    early = np.isin(outcome, codes)
    days[early] = rng.uniform(history.earliest_days, settled, int(early.sum()))
    return np.asarray(at + (days * 86_400).astype(np.int64).astype("timedelta64[s]"))


def weekly_files(
    use_case: UseCase, entity: pa.Array, at: Array, outcome: Floats, observed_at: Array, until: datetime
) -> Iterator[tuple[datetime, pa.Table]]:
    """Outcomes as the desk received them, week by week; what shows later is not known yet."""
    now = np.datetime64(until.astimezone(UTC).replace(tzinfo=None), "us")
    start = now.astype("datetime64[D]") - 53 * _WEEK
    weeks = -((start - observed_at) // _WEEK)  # rounded up
    received = start + weeks * _WEEK + _MORNING
    for moment in np.unique(received[received <= now]):
        rows = np.flatnonzero(received == moment)
        yield (
            datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=int(moment.astype("datetime64[s]").astype(np.int64))),
            pa.table(
                {
                    "entity": entity.take(pa.array(rows)),
                    "as_of": pa.array(at[rows].astype("datetime64[us]")),
                    "outcome": _written(use_case, outcome[rows]),
                    "observed_at": pa.array(observed_at[rows].astype("datetime64[us]")),
                }
            ),
        )


def _written(use_case: UseCase, outcome: Floats) -> pa.Array:
    """As the log keeps outcomes: labels for more than two classes, else numbers."""
    if use_case.task is Task.MULTICLASS:
        return pa.array([use_case.target.classes[int(code)] for code in outcome], pa.string())
    return pa.array(outcome)
