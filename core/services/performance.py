"""Is the champion still right?  Realised and expected figures, calibration and business lines, period by period."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np
import pyarrow as pa

from core.domain.calibration import CalibrationError, Reliability, calibration_fit, expected_calibration_error
from core.domain.calibration import reliability as corp
from core.domain.columns import Column, Kind
from core.domain.estimation import ErrorModel, expected_binary, expected_multiclass
from core.domain.features import Floats
from core.domain.judged import METRICS, RULES, Judged, figure_of
from core.domain.maturity import Maturity
from core.domain.metrics.measured import MIN_EVENTS, Measured
from core.domain.metrics.recalibration import Line
from core.domain.usecase import Task, UseCase
from core.services.access import Action, Actor, require
from core.services.business import BusinessLine, business_lines
from core.services.desk import Desk
from core.services.governing.acting import acting_model
from core.services.judging import judged_rows
from core.services.realised import remember
from core.services.reference import typed_columns
from core.store.typed import read_column

SEED = 20261121
MOST_PERIODS = 80
CALIBRATION_ROWS = 200_000
_KEPT = 12

Figures = Mapping[str, Measured | None]  # by arm


@dataclass(frozen=True)
class Period:
    """One week or month of the rows' own time, with every figure of it."""

    start: date
    end: date  # the day after the last
    maturity: Maturity
    realised: Mapping[str, Figures]  # by metric
    expected: Mapping[str, Measured]  # by metric, of the champion, all rows of the period
    versions: tuple[str, ...]


@dataclass(frozen=True)
class Calibrated:
    """The champion's probabilities of one class against what happened, on the latest mature rows."""

    label: str
    n: int
    n_events: int
    first: date
    last: date
    reliability: Reliability
    line: Line | None
    error: CalibrationError


@dataclass(frozen=True)
class Performance:
    """Everything the page shows of a use case, as known on a day."""

    use_case: str
    champion: str
    arms: tuple[str, ...]
    metrics: tuple[str, ...]  # the primary one first
    known_on: date
    step: str  # week | month
    horizon_days: int
    maturity: Maturity
    periods: tuple[Period, ...]
    overall: Mapping[str, Figures]
    calibration: tuple[Calibrated, ...]
    business: tuple[BusinessLine, ...]
    by_decision: Mapping[str, Maturity]  # how well outcomes are known, by what was decided
    versions: tuple[str, ...]


_cached: WeakKeyDictionary[Desk, OrderedDict[tuple[Any, ...], tuple[UseCase, Performance]]] = WeakKeyDictionary()
_guard = threading.Lock()


def performance(desk: Desk, actor: Actor, key: str, known_on: date | None = None) -> Performance:
    """Figures by period as they were known at the end of a day, today by default; kept until the log changes."""
    require(actor, Action.SEE_MODELS)
    use_case, now = desk.use_case(key), datetime.now(UTC)
    day = min(known_on or now.date(), now.date())
    at = min(now, datetime.combine(day + timedelta(days=1), time(), UTC))
    mark = (key, desk.acting_version(key), acting_model(desk, use_case), day, *desk.log.water_mark(use_case))
    with _guard:
        kept = _cached.setdefault(desk, OrderedDict())
        found = kept.get(mark)
    if found is not None and found[0] is use_case:
        return found[1]
    computed = _compute(desk, use_case, day, judged_rows(use_case, desk.log.judged(use_case, at)))
    with _guard:
        kept[mark] = (use_case, computed)
        while len(kept) > _KEPT:
            kept.popitem(last=False)
    if day == now.date():
        remember(desk, str(desk.acting_version(key)), computed)
    return computed


def _compute(desk: Desk, use_case: UseCase, day: date, rows: Judged) -> Performance:
    primary, champion = use_case.policy.primary_metric, acting_model(desk, use_case)
    metrics = tuple(sorted(METRICS[use_case.task], key=lambda name: name != primary))
    arms = (*use_case.recipe.model_names, *([RULES] if use_case.rules is not None else []))
    step, starts = first_days(use_case, rows)
    expecting = champion, _error_model(desk, use_case, champion)
    parts = slices(rows.days, starts)
    shown = (arms, metrics)
    periods = [
        _period(use_case, rows.part(part), start, step, shown, expecting)
        for part, start in zip(parts, starts, strict=True)
    ]
    judged = rows.part(rows.counts)
    return Performance(
        use_case=use_case.key,
        champion=champion,
        arms=arms,
        metrics=metrics,
        known_on=day,
        step=step,
        horizon_days=use_case.target.horizon_days,
        maturity=rows.maturity(),
        periods=tuple(periods),
        overall={metric: {arm: figure_of(use_case, judged, arm, metric) for arm in arms} for metric in metrics},
        calibration=_calibrations(use_case, judged, champion),
        business=business_lines(use_case, rows, parts, starts),
        by_decision=_by_decision(use_case, rows),
        versions=rows.versions,
    )


def slices(days: Any, starts: Any) -> list[slice]:
    """The rows of each period; rows are in the order of time."""
    borders = [*np.searchsorted(days, starts).tolist(), len(days)]
    return [slice(first, last) for first, last in pairwise(borders)]


def first_days(use_case: UseCase, rows: Judged) -> tuple[str, Any]:
    """Weeks where the usual one has enough of every class, else months; first days of those with rows."""
    weeks = _weeks(rows.days)
    judged, outcome = weeks[rows.counts], rows.outcome[rows.counts]
    names, places = np.unique(judged, return_inverse=True)
    if use_case.task is Task.REGRESSION:
        rarest = np.bincount(places) if len(places) else np.zeros(1)
    else:
        n_classes = len(use_case.target.classes)
        cells = np.bincount(places * n_classes + outcome.astype(np.int64), minlength=len(names) * n_classes)
        rarest = cells.reshape(-1, n_classes).min(axis=1) if len(places) else np.zeros(1)
    weekly = np.median(rarest) >= MIN_EVENTS and len(np.unique(weeks)) <= MOST_PERIODS
    starts = np.unique(weeks) if weekly else np.unique(rows.days.astype("datetime64[M]")).astype("datetime64[D]")
    return ("week" if weekly else "month"), starts


def day_after(start: Any, step: str) -> date:
    """The day after a period's last one."""
    if step == "week":
        return date.fromordinal(start.astype(date).toordinal() + 7)
    end: date = (start.astype("datetime64[M]") + 1).astype("datetime64[D]").astype(date)
    return end


def _weeks(days: Any) -> Any:
    """The Monday of each day's week; 1970-01-01 was a Thursday."""
    numbers = days.astype(np.int64)
    return (numbers - (numbers + 3) % 7).astype("datetime64[D]")


def _period(
    use_case: UseCase,
    rows: Judged,
    start: Any,
    step: str,
    shown: tuple[tuple[str, ...], tuple[str, ...]],
    expecting: tuple[str, ErrorModel | None],
) -> Period:
    arms, metrics = shown
    first, end = start.astype(date), day_after(start, step)
    realised: dict[str, Figures] = {metric: {} for metric in metrics}
    if rows.counts.any():
        realised = {metric: {arm: figure_of(use_case, rows, arm, metric) for arm in arms} for metric in metrics}
    versions = tuple(rows.versions[place] for place in np.unique(rows.version).tolist())
    return Period(first, end, rows.maturity(), realised, _expected(use_case, rows, *expecting), versions)


def _expected(use_case: UseCase, rows: Judged, champion: str, errors: ErrorModel | None) -> dict[str, Measured]:
    output = rows.outputs[champion]
    output = output[~np.isnan(output).any(axis=1)]
    if len(output) == 0:
        return {}
    if use_case.task is Task.BINARY:
        return expected_binary(output[:, 0])
    if use_case.task is Task.MULTICLASS:
        return expected_multiclass(output)
    return {} if errors is None else {"mae": errors.expected(output[:, 0])}


def _error_model(desk: Desk, use_case: UseCase, champion: str) -> ErrorModel | None:
    """How large the acting version's errors are on its held-out rows, by prediction; for regression only."""
    if use_case.task is not Task.REGRESSION or desk.acting_version(use_case.key) is None:
        return None
    scorer = desk.scorer(use_case.key)
    reference = scorer.bundle.reference
    scores = scorer.score(typed_columns(use_case.schema, reference), reference.num_rows)
    column = Column(use_case.target.name, Kind.NUMBER)
    values = read_column(column, _whole(reference[use_case.target.name]), use_case.schema.timezone).values
    return ErrorModel.fit(scores.scores[champion], values)


def _whole(column: pa.ChunkedArray) -> pa.Array:
    return column.combine_chunks() if column.num_chunks != 1 else column.chunk(0)


def _calibrations(use_case: UseCase, judged: Judged, champion: str) -> tuple[Calibrated, ...]:
    if use_case.task is Task.REGRESSION or len(judged) == 0:
        return ()
    output = judged.outputs[champion]
    told = np.flatnonzero(~np.isnan(output).any(axis=1))[-CALIBRATION_ROWS:]
    output, outcome, days = output[told], judged.outcome[told], judged.days[told]
    if len(told) == 0:
        return ()
    span = (days[0].astype(date), days[-1].astype(date))
    if use_case.task is Task.BINARY:
        return (_calibrated(use_case.target.classes[1], outcome, output[:, 0], span),)
    hits = (outcome[:, None] == np.arange(output.shape[1])).astype(np.float64)
    return tuple(
        _calibrated(label, hits[:, place], output[:, place], span)
        for place, label in enumerate(use_case.target.classes)
    )


def _calibrated(label: str, outcome: Floats, p: Floats, span: tuple[date, date]) -> Calibrated:
    return Calibrated(
        label=label,
        n=len(p),
        n_events=int(outcome.sum()),
        first=span[0],
        last=span[1],
        reliability=corp(outcome, p),
        line=calibration_fit(outcome, p),
        error=expected_calibration_error(outcome, p, seed=SEED),
    )


def _by_decision(use_case: UseCase, rows: Judged) -> dict[str, Maturity]:
    known = ~np.isnan(rows.outcome)
    found: dict[str, Maturity] = {}
    for place, decision in enumerate(use_case.policy.decisions):
        mine = rows.decision == place
        if mine.any() and decision not in found:
            mature = mine & rows.mature
            counts = int(mine.sum()), int(mature.sum()), int((mature & known).sum())
            found[decision] = Maturity(*counts, int((mine & known & ~rows.mature).sum()))
    return found
