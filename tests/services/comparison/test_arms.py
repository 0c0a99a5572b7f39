from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from core.domain.compare.parts import PAIRED, gain_over
from core.domain.judged import RULES, figure_of
from core.services.comparison import replay
from core.services.comparison.arms import Window, arm_rows
from core.services.history import job as history
from core.services.history.versions import FORMER

NOW = datetime(2026, 11, 21, tzinfo=UTC)
KEYS = ["lead_scoring", "bnpl_default", "collector_performance", "debt_repayment", "client_profitability"]
WINDOW = Window(NOW - timedelta(days=150), NOW, NOW)


@pytest.fixture(scope="module")
def told(trained_home, tmp_path_factory):
    """A desk with a simulated history whose every row the former version has scored as well."""
    import shutil

    from core.config import Settings
    from core.services.access import LOCAL_PEOPLE, Role
    from core.services.desk import open_desk

    home = tmp_path_factory.mktemp("told") / "home"
    shutil.copytree(trained_home, home)
    desk = open_desk(Settings(home=home))
    actor = LOCAL_PEOPLE[Role.ANALYST]
    state = desk.jobs.wait(history.submit(desk, actor, until=NOW))
    assert state.state == "done", state.message
    for key in KEYS:
        replay.replay(desk, actor, key, FORMER, (WINDOW.since, NOW))
        replay.replay(desk, actor, key, "v1", (WINDOW.since, NOW))
    yield desk
    desk.close()


@pytest.mark.slow
@pytest.mark.parametrize("key", KEYS)
def test_every_arm_is_measured_on_the_same_rows(told, key):
    use_case = told.use_case(key)
    found = arm_rows(told, use_case, ["v1", FORMER], WINDOW, use_case.sensitive[:1] if use_case.sensitive else ())
    n = len(found.rows)
    assert n == told.log.rows_between(use_case, WINDOW.since, WINDOW.until)
    champion = f"{use_case.recipe.champion} of v1"
    for arm in found.arms:
        assert not np.isnan(found.rows.outputs[str(arm)]).any()
        for metric in PAIRED[use_case.task]:
            gain = gain_over(use_case, found.rows, str(arm), champion, metric)
            assert gain is not None and gain.low <= gain.gain <= gain.high
            if metric != "macro_f1":
                mine, theirs = (figure_of(use_case, found.rows, name, metric) for name in (str(arm), champion))
                sign = -1 if metric in ("brier", "mae") else 1
                assert gain.gain == pytest.approx(sign * (mine.value - theirs.value), abs=1e-9)
    assert gain_over(use_case, found.rows, champion, champion, PAIRED[use_case.task][0]).gain == 0
    if use_case.rules is not None and PAIRED[use_case.task][0] != "macro_auc":
        assert gain_over(use_case, found.rows, champion, RULES, PAIRED[use_case.task][0]) is not None
    half = found.part(np.arange(n) < n // 2)
    assert len(half.rows) == n // 2 == len(half.prediction_ids)
