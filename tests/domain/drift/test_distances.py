"""Distances from counts in bins agree with scipy's from the values, within the error they state."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from core.domain.drift.bins import Bins, Counted, Of, bin_of, count_numbers, number_bins
from core.domain.drift.distances import between, ks, ks_p, wasserstein
from core.domain.drift.item import of_reference

RNG = np.random.default_rng(5)
Values = np.ndarray
SHAPES: dict[str, Callable[[int], Values]] = {
    "normal": lambda n: RNG.normal(size=n),
    "money": lambda n: RNG.lognormal(5, 1.5, n),
    "count": lambda n: RNG.poisson(4, n).astype(float),
    "age": lambda n: RNG.integers(18, 90, n).astype(float),
    "mostly zero": lambda n: np.where(RNG.random(n) < 0.7, 0.0, RNG.exponential(10, n)),
    "yes or no": lambda n: (RNG.random(n) < 0.1).astype(float),
    "constant": lambda n: np.full(n, 7.0),
}


def both(reference: Values, now: Values) -> tuple[Bins, Counted, Counted]:
    bins = number_bins("x", Of.FEATURE, reference)
    return bins, count_numbers(bins, now), of_reference(bins)[0]


def check(reference: Values, now: Values) -> tuple[float, float]:
    """The stated errors, once both distances are seen to be within them of scipy's."""
    bins, counted, held = both(reference, now)
    assert len(bins.counts) <= 256 and int(bins.counts.sum()) == len(reference) and counted.n == len(now)
    d = ks(counted.counts, held.counts, between=between(bins, counted, held))
    w = wasserstein(bins, counted, held)
    true_d, true_w = (
        stats.ks_2samp(now, reference, method="asymp").statistic,
        stats.wasserstein_distance(now, reference),
    )
    rounding = 1e-9 * (1 + abs(true_w) + np.abs(reference).max() + np.abs(now).max())
    assert d.value <= true_d + 1e-12 and true_d <= d.value + d.error + 1e-12
    assert abs(w.value - true_w) <= w.error + rounding
    return d.error, w.error


@pytest.mark.parametrize("name", SHAPES)
def test_within_the_stated_error_of_scipy(name: str) -> None:
    draw = SHAPES[name]
    for moved in (lambda x: x, lambda x: x * 1.3, lambda x: x + 0.7, lambda x: x[x > np.median(x)]):
        now = moved(draw(3_000))
        if len(now):
            check(draw(8_000), now)


def test_the_stated_error_is_small() -> None:
    d, w = check(RNG.normal(size=20_000), RNG.normal(0.3, 1, 4_000))
    assert d < 0.01 and w < 0.04
    money = SHAPES["money"](8_000)
    assert check(money, SHAPES["money"](2_000) * 1.1)[1] < 0.05 * money.std(), (
        "though the last percent spans half of it"
    )
    counts, now = np.tile(np.arange(9.0), 50), RNG.integers(0, 12, 2_000).astype(float)
    assert check(counts, now)[0] == 0.0, "one value to a bin hides nothing"
    now[:20] = 3.5
    assert check(counts, now)[0] == 0.01, "but what lies between two values"


numbers = st.lists(st.floats(-1e6, 1e6, width=32) | st.integers(-3, 3).map(float), min_size=3, max_size=60)


@settings(max_examples=150, deadline=None)
@given(numbers, numbers)
def test_within_the_stated_error_whatever_the_values(reference: list[float], now: list[float]) -> None:
    check(np.array(reference), np.array(now))


def test_p_is_scipys_limit() -> None:
    for d, n, m in ((0.05, 2_000, 2_000), (0.12, 300, 9_000), (0.3, 170, 170)):
        assert ks_p(d, n, m) == pytest.approx(stats.kstwobign.sf(d * math.sqrt(n * m / (n + m))), rel=1e-6)
        exact = stats.kstwo.sf(d, round(n * m / (n + m)))
        assert exact <= ks_p(d, n, m) < 2 * exact, "a little too large, never too small"


def test_counted_in_the_profiles_bins_only() -> None:
    """What batches appended: the same distances from ten bins, with a larger error, the ends unknown."""
    reference, now = RNG.normal(size=8_000), RNG.normal(0.4, 1, 3_000)
    bins, fine, held = both(reference, now)
    few = Counted("x", bins.in_coarse(fine.counts), 0, fine=False)
    assert bins.n_coarse == 10 and len(bins.coarse_edges) == 9
    places = bin_of(bins, now)
    assert np.bincount(places, minlength=10).tolist() == few.counts.tolist()
    d = ks(few.counts, bins.in_coarse(held.counts))
    true = stats.ks_2samp(now, reference).statistic
    assert d.value <= true <= d.value + d.error and d.error > 0.05
    w = wasserstein(bins, few, held)
    assert w.value == pytest.approx(stats.wasserstein_distance(now, reference), abs=0.1) and math.isnan(w.error)


def test_missing_values_are_counted_and_are_in_no_bin() -> None:
    bins = number_bins("x", Of.RAW, np.array([1.0, np.nan, 2.0, 5.0]))
    found = count_numbers(bins, np.array([np.nan, np.nan, 2.0]))
    assert (bins.missing, found.missing, int(found.counts.sum()), found.n) == (1, 2, 1, 3)
    assert bin_of(bins, np.array([np.nan, 2.0])).tolist() == [-1, 1]
    assert count_numbers(bins, np.full(3, np.nan)).n == 3
    nothing = number_bins("x", Of.RAW, np.full(3, np.nan))
    assert nothing.missing == 3 and count_numbers(nothing, np.array([1.0])).counts.tolist() == [1]
