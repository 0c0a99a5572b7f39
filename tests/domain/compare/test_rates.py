from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from core.domain.compare.rates import newcombe, sample_ratio_p
from core.domain.compare.several import benjamini_hochberg, bonferroni_level, holm


@pytest.mark.parametrize(
    ("a", "m", "b", "n", "low", "high"),
    [  # Newcombe (1998), Statistics in Medicine 17, table II, method 10
        (56, 70, 48, 80, 0.0524, 0.3339),
        (9, 10, 3, 10, 0.1705, 0.8090),
        (10, 10, 0, 10, 0.6075, 1.0000),
        (5, 56, 0, 29, -0.0381, 0.1926),
    ],
)
def test_newcombe_as_published(a, m, b, n, low, high):
    found = newcombe(a, m, b, n)
    assert found.low == pytest.approx(low, abs=5e-5)
    assert found.high == pytest.approx(high, abs=5e-5)


def test_no_rows_say_nothing():
    assert (newcombe(0, 0, 1, 5).low, newcombe(0, 0, 1, 5).high) == (-1.0, 1.0)


def test_sample_ratio_agrees_with_scipy():
    observed, shares = [9_100, 900], [0.9, 0.1]
    theirs = stats.chisquare(observed, np.array(shares) * 10_000).pvalue
    assert sample_ratio_p(observed, shares) == pytest.approx(theirs)


def test_corrections_agree_with_scipy():
    p = [0.001, 0.2, 0.03, 0.04, 0.5]
    assert benjamini_hochberg(p) == pytest.approx(stats.false_discovery_control(p))
    # Holm (1979): 5 p1, 4 p2, ... never falling
    assert holm(p) == pytest.approx((0.005, 0.4, 0.12, 0.12, 0.5))
    assert 1 - bonferroni_level(4) == pytest.approx(0.0125)
