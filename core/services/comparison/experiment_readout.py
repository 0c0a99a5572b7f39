"""What an experiment shows on a day: whether its split held, what its arms came to, whether it does harm."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

import numpy as np
import pyarrow as pa

from core.domain.compare.plan import ArmName
from core.domain.compare.planning import day_of
from core.domain.compare.rates import sample_ratio_p
from core.domain.experiment.guards import Guard, drift_guard, error_guard, latency_guard
from core.domain.experiment.reading import Contrast, Look, Rows, contrast, looks
from core.domain.experiment.spec import Metric, Spec
from core.domain.judged import outcome_values
from core.domain.metrics.influence import mean_of
from core.domain.metrics.measured import Measured
from core.domain.usecase import UseCase
from core.errors import DeskError
from core.services.access import Action, Actor, require
from core.services.desk import Desk
from core.services.judging import numbers, outcomes
from core.store.ledger_registry import ExperimentRecord

SRM = 0.001


@dataclass(frozen=True)
class SampleRatio:
    """Entities of each arm in one stage against the shares they were assigned by."""

    stage: int
    observed: tuple[int, ...]
    shares: tuple[float, ...]
    p: float

    @property
    def held(self) -> bool:
        """Whether the arms have the sizes that chance gives."""
        return self.p >= SRM


@dataclass(frozen=True)
class ReadOut:
    """An experiment as it stands.

    Attributes
    ----------
    ratios : tuple of SampleRatio
        Of every stage so far.
    reason : str
        Why there is no read-out; "" where there is one.
    arms : tuple of Measured
        Champion's and challenger's mean; empty without a read-out.
    contrast : Contrast or None
    looks : tuple of Look
        The contrast as it stood on days before.
    p : float
        The least always-valid p-value of all looks.
    """

    spec: Spec
    stage: int
    at: datetime
    ratios: tuple[SampleRatio, ...]
    n_rows: int
    n_mature: int
    n_known: int
    next_mature: date | None  # when the oldest row that is not mature yet will be
    planned_day: date | None  # when the planned rows are mature, as rows have come so far
    reason: str
    arms: tuple[Measured, ...]
    contrast: Contrast | None
    looks: tuple[Look, ...]
    p: float
    guards: tuple[Guard, ...]

    @property
    def ratio(self) -> SampleRatio:
        """Of the stage it is in."""
        return self.ratios[-1]

    @property
    def split_held(self) -> bool:
        """Whether it did in every stage."""
        return all(ratio.held for ratio in self.ratios)


def read_out(desk: Desk, actor: Actor, record: ExperimentRecord, known_on: datetime | None = None) -> ReadOut:
    """What an experiment shows as known on a time, now by default."""
    require(actor, Action.SEE_MODELS)
    spec, use_case = Spec.from_json(record.spec), desk.use_case(record.use_case)
    at = known_on or record.ended_at or datetime.now(UTC)
    challenger = (spec.challenger.version, spec.challenger.model)
    table = desk.log.experiment_rows(use_case, record.id, challenger, known_on or datetime.now(UTC))
    stage = _stages(spec, table)
    ratios = tuple(_ratio(spec, table, stage, place) for place in range(len(spec.began)))
    mature = table["mature"].to_numpy(zero_copy_only=False).astype(bool)
    outcome = outcomes(use_case, table["outcome"])
    judged = mature & ~np.isnan(outcome)
    waiting = table["as_of"].to_numpy()[~mature]
    reason = _no_read_out(ratios, int(judged.sum()))
    rows = None if reason else _rows(use_case, spec, table, judged, outcome, stage)
    found = looks(rows, spec.planned_n, spec.effect) if rows is not None else ()
    return ReadOut(
        spec=spec,
        stage=record.stage,
        at=at,
        ratios=ratios,
        n_rows=table.num_rows,
        n_mature=int(mature.sum()),
        n_known=int(judged.sum()),
        next_mature=_matures(use_case, waiting),
        planned_day=_planned_day(use_case, spec, table.num_rows, at),
        reason=reason or ("" if found else "No stage has mature rows of both arms yet."),
        arms=_arms(spec, rows) if rows is not None else (),
        contrast=contrast(rows, spec.planned_n, spec.effect) if rows is not None else None,
        looks=found,
        p=min((look.found.p for look in found), default=1.0),
        guards=_guards(desk, use_case, spec, table.filter(pa.array(stage == record.stage))),
    )


def _stages(spec: Spec, table: pa.Table) -> Any:
    """The stage each row was assigned in, by the time it was scored."""
    began = np.array([moment.astimezone(UTC).replace(tzinfo=None) for moment in spec.began], dtype="datetime64[us]")
    return np.maximum(np.searchsorted(began, table["scored_at"].to_numpy(), side="right") - 1, 0)


def _ratio(spec: Spec, table: pa.Table, stage: Any, place: int) -> SampleRatio:
    mine = table.filter(pa.array(stage == place))
    entity, arm = mine["entity"].to_numpy(), np.array(mine["arm"].to_pylist(), dtype=object)
    observed = tuple(len(np.unique(entity[arm == name])) for name in spec.arms)
    return SampleRatio(place, observed, spec.stages[place], sample_ratio_p(observed, spec.stages[place]))


def _no_read_out(ratios: tuple[SampleRatio, ...], n_judged: int) -> str:
    """Why nothing is read: arms that differ in who is in them differ in more than who decided."""
    broken = [ratio for ratio in ratios if not ratio.held]
    if broken:
        worst = min(broken, key=lambda ratio: ratio.p)
        seen = " and ".join(f"{n:,}" for n in worst.observed)
        planned = " / ".join(f"{share:.0%}" for share in worst.shares)
        return (
            f"The split is broken: {seen} entities where {planned} were assigned (p = {worst.p:.2g}, limit {SRM}). "
            "Whatever lost rows of one arm may also have chosen which, so no difference is read."
        )
    return "" if n_judged else "No row is mature with a known outcome yet."


def _rows(use_case: UseCase, spec: Spec, table: pa.Table, judged: Any, outcome: Any, stage: Any) -> Rows:
    values = outcome_values(use_case, outcome[judged])
    if spec.metric is Metric.GAIN and use_case.policy.money is not None:
        names = {name: place for place, name in reversed(list(enumerate(use_case.policy.decisions)))}
        decisions = [names.get(name, -1) for name in table["decision"].to_pylist()]
        costs = np.array([*use_case.policy.money.costs, (np.nan, np.nan)])
        values = -costs[np.array(decisions)[judged], outcome[judged].astype(np.int64)]
    arm = np.array([spec.arms.index(name) for name in table["arm"].to_pylist()], dtype=np.int64)
    horizon = np.timedelta64(use_case.target.horizon_days, "D")
    known = np.maximum(table["as_of"].to_numpy() + horizon, table["scored_at"].to_numpy())[judged]
    order = np.argsort(known, kind="stable")
    return Rows(
        values=values[order],
        arm=arm[judged][order],
        stage=stage[judged].astype(np.int64)[order],
        entity=table["entity"].to_numpy()[judged][order],
        known=known[order],
    )


def _arms(spec: Spec, rows: Rows) -> tuple[Measured, ...]:
    found = []
    for place, name in enumerate(spec.arms):
        mine = rows.arm == place
        entities, codes = np.unique(rows.entity[mine], return_inverse=True)
        clusters = codes.astype(np.int64) if len(entities) < len(codes) else None
        found.append(mean_of(name, rows.values[mine], None, clusters))
    return tuple(found)


def _matures(use_case: UseCase, waiting: Any) -> date | None:
    if not len(waiting):
        return None
    first: date = waiting.min().astype("datetime64[D]").astype(date)
    return first + timedelta(days=use_case.target.horizon_days)


def _planned_day(use_case: UseCase, spec: Spec, n_rows: int, at: datetime) -> date | None:
    """From its beginning on at the flow it has had, then the horizon; None where that is out of sight."""
    if not n_rows:
        return None
    a_day = n_rows / max((at - spec.began[0]).total_seconds() / 86_400, 1.0)
    return day_of((spec.planned_n / a_day + use_case.target.horizon_days) / 7, spec.began[0].date())


def _guards(desk: Desk, use_case: UseCase, spec: Spec, table: pa.Table) -> tuple[Guard, ...]:
    """Of the present stage, so that what goes wrong now is not diluted by what went well before."""
    score = numbers(table["challenger_score"])
    other = spec.challenger.version != spec.champion.version
    timed = table.select(["batch", "champion_ms", "challenger_ms"]).group_by(["batch", "champion_ms", "challenger_ms"])
    once = timed.aggregate([])  # a chunk of a file is one measurement, however many rows it has
    reference = _reference(desk, use_case, spec.challenger)
    return (
        error_guard(int(np.isnan(score).sum()), len(score)),
        latency_guard(numbers(once["champion_ms"]), numbers(once["challenger_ms"]), other),
        drift_guard(score[~np.isnan(score)], reference),
    )


def _reference(desk: Desk, use_case: UseCase, challenger: ArmName) -> Mapping[str, Any] | None:
    """The challenger's scores of its held-out rows in bins; None where its version cannot be read.

    A version that cannot be read scores nothing either: its failures are the other guardrail's.
    """
    try:
        profile = desk.scorer(use_case.key, challenger.version).bundle.profile
    except DeskError:
        return None
    return next((item for item in profile["scores"] if item["name"] == challenger.model), None)
