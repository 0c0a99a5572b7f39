"""Percentiles from counts, and how much of a period the desk was there."""

from __future__ import annotations

import math
from collections import Counter
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from core.domain import service_level as level
from core.domain.service_level import Kept, availability, by_day, percentiles, place_of

START = datetime(2026, 3, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)


def counts(values: np.ndarray) -> dict[int, int]:
    return dict(Counter(place_of(value) for value in values.tolist()))


@pytest.mark.parametrize("seed", range(5))
def test_percentiles_are_within_the_stated_error_of_numpy(seed: int) -> None:
    values = np.random.default_rng(seed).lognormal(3.0, 1.2, 5_000)
    found = percentiles(counts(values))
    for name, share in level.SHARES.items():
        exact = float(np.quantile(values, share, method="inverted_cdf"))
        assert abs(found[name].value / exact - 1) <= level.ERROR + 1e-9
        assert found[name].low < found[name].value < found[name].high


def test_intervals_hold_the_truth_as_often_as_they_say() -> None:
    rng = np.random.default_rng(7)
    truth = math.exp(3.0 + 1.2 * 1.6448536269514722)
    hits = 0
    for _ in range(300):
        found = percentiles(counts(rng.lognormal(3.0, 1.2, 400)))["p95"]
        hits += found.low <= truth <= found.high
    assert hits / 300 >= 0.93  # wider than 95 % by the width of the buckets


def test_counts_of_processes_add_up() -> None:
    values = np.random.default_rng(1).lognormal(3.0, 1.0, 3_000)
    parts = [counts(part) for part in np.split(values, [500, 1_800])]
    assert percentiles(level.added(parts)) == percentiles(counts(values))


def test_too_few_requests_leave_the_upper_end_open() -> None:
    found = percentiles({place_of(5.0): 40})
    assert math.isinf(found["p99"].high) and found["p50"].high < 6
    assert percentiles({}) == {}


def test_what_was_before_the_first_beat_is_not_known() -> None:
    found = availability([(START + 12 * HOUR, START + 24 * HOUR)], START, START + 24 * HOUR)
    assert (found.share, found.known_share, found.kept()) == (1.0, 0.5, Kept.OPEN)
    assert availability([], START, START + HOUR).share is None


def test_a_silence_longer_than_three_beats_is_down_time() -> None:
    until = START + 10 * HOUR
    short = [(START, START + HOUR), (START + HOUR + level.GAP, until)]
    assert availability(short, START, until).down_s == 0
    long = [(START, START + HOUR), (START + 2 * HOUR, until)]
    found = availability(long, START, until)
    assert found.down_s == 3_600 and found.share == pytest.approx(0.9) and found.kept() is Kept.BROKEN


def test_another_process_fills_a_silence() -> None:
    until = START + 4 * HOUR
    beats = [(START, START + HOUR), (START + 30 * timedelta(minutes=1), START + 3 * HOUR), (START + 3 * HOUR, until)]
    assert availability(beats, START, until).down_s == 0


def test_a_silence_that_lasts_is_down_time_once_three_beats_are_missed() -> None:
    beats = [(START, START + HOUR)]
    assert availability(beats, START, START + HOUR + level.GAP).down_s == 0
    assert availability(beats, START, START + 2 * HOUR).down_s == 3_600


def test_a_silence_counts_only_within_the_period() -> None:
    beats = [(START, START + HOUR), (START + 10 * HOUR, START + 20 * HOUR)]
    found = availability(beats, START + 8 * HOUR, START + 20 * HOUR)
    assert found.down_s == 2 * 3_600 and found.known_share == 1.0
    assert availability(beats, START + 12 * HOUR, START + 14 * HOUR).down_s == 0


def test_days_add_up_to_the_period() -> None:
    beats = [(START + 30 * HOUR, START + 40 * HOUR), (START + 50 * HOUR, START + 80 * HOUR)]
    until = START + 80 * HOUR
    days, whole = by_day(beats, START, until), availability(beats, START, until)
    assert len(days) == 4
    assert sum(day.down_s for day in days.values()) == whole.down_s == 10 * 3_600
    assert sum(day.known_s for day in days.values()) == whole.known_s == 50 * 3_600


def test_thirty_days_may_miss_three_and_a_half_hours() -> None:
    until = START + timedelta(days=30)

    def silent(hours: float) -> Kept:
        again = START + HOUR + timedelta(hours=hours)
        return availability([(START, START + HOUR), (again, until)], START, until).kept()

    assert (silent(3.5), silent(3.7)) == (Kept.KEPT, Kept.BROKEN)
