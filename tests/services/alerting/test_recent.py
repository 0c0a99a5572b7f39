"""How often the hourly looks err: quiet columns stay quiet, a share that rose by more than the limit is named."""

from __future__ import annotations

import numpy as np
import pytest

from core.domain.alert import State
from core.services.alerting.recent import Recent, above_reference
from core.services.alerting.rules.missing_shares import RULE

from .conftest import NOW

COLUMNS, REFERENCE = 20, 8_000
PERIODS = 400


def breaches(hits: int, n: int, share: float) -> bool:
    found = Recent(NOW, "", n, 0, {}, {})
    reading = above_reference(found, RULE.terms, hits, (share, REFERENCE), COLUMNS, "x", "X is missing")
    return reading.state is State.BREACH


@pytest.mark.parametrize("n", [170, 500, 2_000])
@pytest.mark.parametrize("share", [0.0, 0.02, 0.1, 0.4])
def test_quiet_periods_stay_quiet(n: int, share: float) -> None:
    rng = np.random.default_rng(5)
    hits = rng.binomial(n, share, (PERIODS, COLUMNS))
    alarms = sum(any(breaches(int(hit), n, share) for hit in period) for period in hits)
    assert alarms / PERIODS <= 0.01 + 2 * np.sqrt(0.01 * 0.99 / PERIODS)


@pytest.mark.parametrize(("n", "rise"), [(170, 0.20), (500, 0.12), (2_000, 0.08)])
def test_a_rise_is_named(n: int, rise: float) -> None:
    rng = np.random.default_rng(5)
    found = [breaches(int(hits), n, 0.05) for hits in rng.binomial(n, 0.05 + rise, PERIODS)]
    assert np.mean(found) >= 0.95
