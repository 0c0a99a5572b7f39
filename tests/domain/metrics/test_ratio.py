"""The risk ratio and its interval agree with scipy."""

from __future__ import annotations

import math

import pytest
from scipy.stats.contingency import relative_risk

from core.domain.metrics.ratio import risk_ratio


@pytest.mark.parametrize("counts", [(20, 200, 40, 1_000), (3, 30, 300, 6_000), (50, 60, 5, 70)])
def test_it_agrees_with_scipy(counts: tuple[int, int, int, int]) -> None:
    found, other = risk_ratio(*counts), relative_risk(*counts)
    interval = other.confidence_interval(0.95)
    assert found.value == pytest.approx(other.relative_risk)
    assert (found.low, found.high) == pytest.approx((interval.low, interval.high))
    assert found.n == counts[1] + counts[3]


def test_without_an_outcome_there_is_no_ratio() -> None:
    assert math.isnan(risk_ratio(0, 10, 3, 10).value)
    assert math.isnan(risk_ratio(3, 10, 0, 10).value)
    assert not risk_ratio(5, 100, 50, 100).enough
