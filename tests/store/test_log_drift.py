"""What the database counts in bins is what NumPy counts in them, window by window, without what was voided."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from core.domain.drift.bins import Bins, Counted, Of, Rows, count_numbers
from core.domain.drift.reference import count_window, reference_bins
from core.domain.usecase import UseCase
from core.store.log import PredictionLog
from core.store.log_schema import raw_names, score_names
from core.usecases import builtin

BORDERS = [datetime(2026, 1, 1, tzinfo=UTC) + timedelta(hours=hours) for hours in (0, 100, 250, 2_000)]
PLACES = (slice(0, 100), slice(100, 250), slice(250, 400))


def bins_of(use_case: UseCase, columns_of: Any) -> tuple[Bins, ...]:
    """Raw columns only; the reference lacks most values that the windows have."""
    columns = columns_of(use_case, 30, seed=9)
    return reference_bins(use_case.schema, (), columns, np.empty((30, 0)), {})


def same(counted: Counted, expected: Counted) -> None:
    assert counted.counts.tolist() == expected.counts.tolist(), counted.name
    assert (counted.missing, dict(counted.unseen)) == (expected.missing, dict(expected.unseen)), counted.name
    if expected.low == expected.low:
        assert (counted.low, counted.high) == (expected.low, expected.high)
    if counted.between is not None:
        assert counted.between == expected.between, counted.name


def append(log: PredictionLog, case: UseCase, rows: pa.Table, scores: pa.Table, version: str = "v1") -> str:
    batch = log.start_batch(case, version=version, source="file", actor="Ada", at=datetime(2026, 11, 21))
    log.append(case, batch, rows, scores)
    return batch.id


@pytest.mark.parametrize("key", ["bnpl_default", "client_profitability", "debt_repayment"])
def test_raw_columns_are_counted_as_numpy_counts_them(log: PredictionLog, draw: Any, columns_of: Any, key: str) -> None:
    case = builtin()[key]
    append(log, case, *draw(case, 400))
    bins, columns = bins_of(case, columns_of), columns_of(case, 400)
    assert {item.of for item in bins} == {Of.RAW}
    for window, rows in zip(log.count_raw(case, BORDERS, bins), PLACES, strict=True):
        expected = count_window(bins, {name: values[rows] for name, values in columns.items()})
        assert window.n == rows.stop - rows.start
        for counted, item in zip(window.items, expected, strict=True):
            same(counted, item)


def test_missing_values_and_unseen_levels_stand_apart(
    log: PredictionLog, bnpl: UseCase, draw: Any, columns_of: Any
) -> None:
    rows, scores = draw(bnpl, 100)
    amount = pc.if_else(pa.array(np.arange(100) < 7), pa.scalar(None, pa.float64()), rows["amount"])
    amount = pc.if_else(pa.array(np.arange(100) == 50), float("nan"), amount)
    device = pc.if_else(pa.array(np.arange(100) < 3), "fridge", rows["device_type"].cast(pa.string()))
    device = pc.if_else(pa.array(np.arange(100) == 60), pa.scalar(None, pa.string()), device)
    for name, values in (("amount", amount), ("device_type", device)):
        rows = rows.set_column(rows.column_names.index(name), name, values)
    append(log, bnpl, rows, scores)
    bins = bins_of(bnpl, columns_of)
    window, *others = log.count_raw(bnpl, BORDERS, bins)
    found = {item.name: item for item in window.items}
    assert (found["amount"].missing, found["amount"].n) == (8, 100)
    assert (found["device_type"].missing, found["device_type"].unseen, found["device_type"].n) == (
        1,
        {"fridge": 3},
        100,
    )
    assert [other.n for other in others] == [0, 0]
    assert all(item.n == 0 for other in others for item in other.items)


def test_scores_are_those_that_the_version_gave(log: PredictionLog, bnpl: UseCase, draw: Any) -> None:
    rows, scores = draw(bnpl, 400)
    for first, end in ((0, 60), (60, 130), (130, 200)):  # the second one lies in two windows
        append(log, bnpl, rows.slice(first, end - first), scores.slice(first, end - first))
    append(log, bnpl, rows.slice(200), scores.slice(200), version="v2")
    values = {model: scores[name].to_numpy() for model, name in score_names(bnpl).items()}
    reference = {name: np.random.default_rng(1).random(300) for name in values}
    bins = reference_bins(bnpl.schema, (), {}, np.empty((300, 0)), reference)
    windows = log.count_scores(bnpl, BORDERS, bins, "v1")
    assert [window.n for window in windows] == [100, 100, 0]
    for window, rows_of_v1 in zip(windows, (slice(0, 100), slice(100, 200)), strict=False):
        for item, counted in zip(bins, window.items, strict=True):
            same(counted, count_numbers(item, values[item.name][rows_of_v1]))


def test_voided_batches_never_count(log: PredictionLog, bnpl: UseCase, draw: Any, columns_of: Any) -> None:
    rows, scores = draw(bnpl, 100)
    append(log, bnpl, rows.slice(0, 60), scores.slice(0, 60))
    batch = append(log, bnpl, rows.slice(60), scores.slice(60))
    bins = bins_of(bnpl, columns_of)
    assert log.count_raw(bnpl, BORDERS, bins)[0].n == 100
    log.void(batch, datetime(2026, 11, 21, 11), "Ada", "twice")
    assert log.count_raw(bnpl, BORDERS, bins)[0].n == 60
    assert sum(day.n for day in log.rows_by_day(bnpl, BORDERS[0], BORDERS[-1])) == 60
    assert log.count_entities(bnpl, BORDERS, ["customer_id"])[0] == Rows(60, 60, 60.0)


def test_entities_that_repeat_are_worth_less(log: PredictionLog, bnpl: UseCase, draw: Any) -> None:
    rows, scores = draw(bnpl, 100)
    who = pa.array([f"C{place // 4}" for place in range(100)])
    append(log, bnpl, rows.set_column(rows.column_names.index("customer_id"), "customer_id", who), scores)
    first = log.count_entities(bnpl, BORDERS, ["transaction_id", "customer_id"])[0]
    assert first == Rows(100, 25, 25.0)


def test_features_are_counted_by_what_batches_appended(log: PredictionLog, bnpl: UseCase, draw: Any) -> None:
    rows, scores = draw(bnpl, 10)
    values = np.array([1.0, 1, 2, 3, 3, np.nan])
    bins = [item for item in reference_bins(bnpl.schema, bnpl.features[:1], {}, values[:, None], {})]
    profile = {"features": [{"name": bnpl.features[0].name, "edges": list(bins[0].coarse_edges)}], "width": 9}
    from core.domain.profile import bin_counts

    counts = bin_counts(profile, np.array([[1.0], [2.5], [9.0], [np.nan]]))[0]
    day = pa.table({"day": [BORDERS[0].date()] * 9, "feature": [bnpl.features[0].name] * 9,
                    "bin": pa.array(range(9), pa.int32()), "n": counts})  # fmt: skip
    batch = log.start_batch(bnpl, version="v1", source="file", actor="Ada", at=datetime(2026, 11, 21))
    log.append(bnpl, batch, rows, scores, count=lambda new: day)
    found = log.count_features(bnpl, [BORDERS[0], BORDERS[0] + timedelta(days=7)], bins, "v1")[0]
    assert (found.n, found.items[0].counts.tolist(), found.items[0].missing) == (4, [1, 0, 2], 1)
    assert log.count_features(bnpl, [BORDERS[0], BORDERS[0] + timedelta(days=7)], bins, "v2")[0].n == 0


def test_rows_arrive_in_their_order_and_raw_names_hold(log: PredictionLog, bnpl: UseCase, draw: Any) -> None:
    rows, scores = draw(bnpl, 50)
    append(log, bnpl, rows, scores)
    found = log.arrived(bnpl, BORDERS[0], BORDERS[-1], ["amount"], 20)
    assert found[raw_names(bnpl)["amount"]].to_pylist() == rows["amount"].to_pylist()[30:]


def window_facts(start: datetime, at: datetime, **facts: Any) -> dict[str, Any]:
    stretch = {"use_case": "bnpl_default", "window_from": start, "window_to": start + timedelta(days=7)}
    return stretch | {"measured_at": at, "version": "v1", "n": 5, "judged": True, "simulated": False} | facts


def test_measurements_are_kept_and_the_newest_stands(log: PredictionLog) -> None:
    at = datetime(2026, 11, 21, 8, tzinfo=UTC)
    item = {"against": "reference", "of": "raw column", "name": "amount", "place": 0, "level": "no change",
            "psi": 0.02, "psi_limit": float("inf"), "unseen": {"a": 2}, "vanished": ("b",), "n": 5}  # fmt: skip
    first, later = BORDERS[0], BORDERS[0] + timedelta(days=7)
    for start in (first, later):
        facts = window_facts(start, at)
        log.append_drift([facts], [facts | item, facts | item | {"against": "previous"}])
    again = window_facts(first, at + timedelta(hours=1), n=9)
    log.append_drift([again], [again | item | {"psi": 0.5}])
    assert [(row["window_from"], row["n"]) for row in log.drift_windows("bnpl_default")] == [(first, 9), (later, 5)]
    found = log.drift_results("bnpl_default", first, later + timedelta(days=1), "reference")
    assert [row["psi"] for row in found] == [0.5, 0.02]
    assert found[0]["unseen"] == {"a": 2} and found[0]["vanished"] == ["b"] and found[0]["psi_limit"] == float("inf")
    assert len(log.drift_results("bnpl_default", later, later + timedelta(days=1))) == 2
    assert log.drift_windows("lead_scoring") == []
