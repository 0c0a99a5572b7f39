from __future__ import annotations

import math
from datetime import date

import numpy as np
import pytest
from scipy import stats

from core.domain.compare.always_valid import half_width
from core.domain.compare.rates import sample_ratio_p
from core.domain.experiment.sizes import Size, rows_for_means, rows_for_rates


def test_planner_as_published():
    """+5 % on 12.5 %: 44,891 per equal arm; in a 10 / 90 split the small arm takes 25,353 (unpooled: 44,888)."""
    assert rows_for_rates(0.125, 0.05)[0] == pytest.approx(44_891, rel=1e-4)
    assert rows_for_rates(0.125, 0.05, share=0.1)[0] == 25_353


def test_the_small_arm_of_a_canary_takes_years():
    n_new, n_control = rows_for_rates(0.125, 0.05, share=0.1)
    assert abs(n_new - 25_353) <= 3
    assert Size(n_new, n_control, 0.1, 200.0).days == pytest.approx(1_268, abs=1)  # 20 rows a day in that arm
    assert abs(rows_for_rates(0.125, 0.05)[0] - 44_891) <= 3


@pytest.mark.parametrize(("variance", "change", "share"), [(1.0, 0.1, 0.5), (250.0, 2.0, 0.3), (0.04, 0.01, 0.1)])
def test_as_many_rows_have_the_power(variance: float, change: float, share: float):
    n_new, n_control = rows_for_means(variance, change, share=share)
    assert n_new / (n_new + n_control) == pytest.approx(share, abs=1e-3)
    se = math.sqrt(variance / n_new + variance / n_control)
    assert stats.norm.cdf(change / se - stats.norm.ppf(0.975)) == pytest.approx(0.8, abs=2e-3)


def test_the_slower_arm_and_the_horizon_set_the_date():
    size = Size(1_000, 1_000, 0.5, 100.0)
    assert size.days == 20
    assert size.read_out(date(2026, 11, 21), 30) == date(2027, 1, 10)
    assert Size(1_000, 100, 0.5, 100.0).days == 20
    assert Size(10, 10, 0.5, 0.0).read_out(date(2026, 11, 21), 30) is None


def test_looked_at_every_day_the_planned_rows_find_the_change_four_times_in_five():
    """Twenty looks at a true change of the planned size, by bounds that hold at all of them."""
    size = Size(*rows_for_rates(0.125, 0.2), 0.5, 100.0).at_every_look()
    rng = np.random.default_rng(11)
    step = size.n_new // 20
    hits = rng.binomial(step, [[[0.15]], [[0.125]]], (2, 600, 20)).cumsum(axis=2)
    n = step * np.arange(1, 21)
    rates = hits / n
    variance = (rates * (1 - rates)).sum(axis=0) / n
    halves = np.array(
        [[half_width(2 * k * v, 2 * k, size.n_rows) for k, v in zip(n, run, strict=True)] for run in variance]
    )
    found = (rates[0] - rates[1] > halves).any(axis=1).mean()
    assert 0.76 < found < 0.9


def test_nothing_is_planned_for_no_change():
    with pytest.raises(ValueError, match="positive"):
        rows_for_means(1.0, 0.0)


def test_an_arm_that_nobody_may_meet_is_no_part_of_the_check():
    assert sample_ratio_p([0, 900], [0.0, 1.0]) == 1.0
    assert sample_ratio_p([1, 900], [0.0, 1.0]) == 0.0
    assert sample_ratio_p([480, 520], [0.5, 0.5]) == pytest.approx(stats.chisquare([480, 520]).pvalue)
