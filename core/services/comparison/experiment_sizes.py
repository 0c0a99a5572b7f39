"""How long an experiment takes: from what rows come to, how much they differ, and how many come."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime

import numpy as np

from core.domain.experiment.sizes import Size, rows_for_means, rows_for_rates
from core.domain.experiment.spec import Metric
from core.domain.judged import Judged, dense, gain_of, outcome_values
from core.domain.metrics.influence import standard_error
from core.domain.usecase import Task, UseCase
from core.errors import InputError, NotReady
from core.services.access import Action, Actor, require
from core.services.desk import Desk
from core.services.judging import judged_rows
from core.services.kept import kept

FEW = 30  # mature rows below which nothing is planned
DAYS = 180  # that the base is measured on
RECENT = 28  # that the flow of rows is measured on
SMALLEST = 0.05  # relative


@dataclass(frozen=True)
class Base:
    """What rows come to today, and how many come."""

    metric: Metric
    unit: str  # "" for a share
    is_rate: bool
    mean: float
    variance: float
    design_effect: float  # of repeated entities: so many rows count as one
    n: int  # mature rows with an outcome
    first: date
    last: date
    rows_per_day: float


@dataclass(frozen=True)
class Planned:
    """The answer to how long and how many."""

    base: Base
    smallest: float  # relative
    effect: float  # in the unit of the metric
    size: Size
    begins: date
    horizon_days: int

    @property
    def read_out(self) -> date | None:
        """When the last row is mature that a test read once takes."""
        return self.size.read_out(self.begins, self.horizon_days)

    @property
    def latest(self) -> date | None:
        """The same where it is looked at every day."""
        return self.size.at_every_look().read_out(self.begins, self.horizon_days)


def metrics_of(use_case: UseCase) -> tuple[Metric, ...]:
    """What may be compared: the outcome, and money where the policy has costs."""
    money = use_case.policy.money is not None and use_case.task is Task.BINARY
    return (Metric.OUTCOME, Metric.GAIN) if money else (Metric.OUTCOME,)


def unit_of(use_case: UseCase, metric: Metric) -> str:
    """The unit of one row's value; "" for a share."""
    if metric is Metric.GAIN and use_case.policy.money is not None:
        return use_case.policy.money.currency
    return use_case.target.unit if use_case.task is Task.REGRESSION else ""


def base_of(desk: Desk, actor: Actor, key: str, metric: Metric) -> Base:
    """What the last mature rows came to, whoever decided them.

    Raises
    ------
    NotReady
        There are too few mature rows to plan with.
    InputError
        The policy has no costs, so there is no gain per row.
    """
    require(actor, Action.SEE_MODELS)
    use_case = desk.use_case(key)
    if metric not in metrics_of(use_case):
        raise InputError(f"{use_case.title} has no costs in its policy.", "Compare the outcome instead.")
    mark = ("experiment base", metric, desk.log.water_mark(use_case), date.today())
    return kept(desk, use_case, mark, lambda: _measure(desk, use_case, metric))


def _measure(desk: Desk, use_case: UseCase, metric: Metric) -> Base:
    rows = judged_rows(use_case, desk.log.judged(use_case, datetime.now(UTC)))
    judged = np.flatnonzero(rows.counts)
    if len(judged) < FEW:
        raise NotReady(
            f"{use_case.title} has {len(judged)} mature rows with an outcome; a plan takes {FEW}.",
            "Bring outcomes on the performance page first.",
        )
    since = rows.days[judged[-1]] - np.timedelta64(DAYS, "D")
    judged = judged[rows.days[judged] > since]
    values = values_of(use_case, rows, metric)[judged]
    clusters = None if rows.entity is None else dense(rows.entity[judged])
    influence = values - values.mean()
    plain = standard_error(influence)
    effect = (standard_error(influence, clusters) / plain) ** 2 if plain > 0 else 1.0
    recent = rows.days > rows.days[-1] - np.timedelta64(RECENT, "D")
    return Base(
        metric=metric,
        unit=unit_of(use_case, metric),
        is_rate=metric is Metric.OUTCOME and use_case.task is Task.BINARY,
        mean=float(values.mean()),
        variance=float(values.var(ddof=1)),
        design_effect=max(1.0, effect),
        n=len(judged),
        first=rows.days[judged[0]].astype(date),
        last=rows.days[judged[-1]].astype(date),
        rows_per_day=float(recent.sum()) / RECENT,
    )


def values_of(use_case: UseCase, rows: Judged, metric: Metric) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """What each row came to, NaN where it may not be judged."""
    if metric is Metric.GAIN:
        gain = gain_of(use_case, rows)
        assert gain is not None  # metrics_of offers it only then
        return gain
    values = np.full(len(rows), np.nan)
    values[rows.counts] = outcome_values(use_case, rows.outcome[rows.counts])
    return values


def plan_size(
    desk: Desk, actor: Actor, key: str, metric: Metric, smallest: float = SMALLEST, share: float = 0.5
) -> Planned:
    """How many rows of each arm show the smallest worthwhile change with 80 % power, and when they are read.

    Parameters
    ----------
    smallest : float
        Relative to what rows come to today, positive.
    share : float
        Of the challenger, (0, 1); a canary's is that of its first stage.

    Raises
    ------
    InputError
        The change or the share is none.
    NotReady
        See `base_of`, or rows come to nothing, so that no relative change can be named.
    """
    base = base_of(desk, actor, key, metric)
    if not (smallest > 0 and 0 < share < 1):
        raise InputError(f"A change of {smallest:g} at a share of {share:g} cannot be planned.", "Both lie above 0.")
    effect = smallest * abs(base.mean)
    if effect == 0 or base.variance == 0:
        raise NotReady("Every mature row came to the same, so nothing can be planned.", "Wait for other outcomes.")
    if base.is_rate and base.mean + effect >= 1:
        raise InputError(f"{base.mean:.1%} cannot rise by {smallest:.0%} of itself.", "Name a smaller change.")
    found = (
        rows_for_rates(base.mean, smallest, share=share)
        if base.is_rate
        else rows_for_means(base.variance, effect, share=share)
    )
    n_new, n_control = (int(np.ceil(n * base.design_effect)) for n in found)
    size = Size(n_new, n_control, share, base.rows_per_day)
    return Planned(base, smallest, effect, size, datetime.now(UTC).date(), desk.use_case(key).target.horizon_days)
