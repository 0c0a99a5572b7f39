from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from pyarrow import csv
from sklearn.metrics import brier_score_loss, roc_auc_score

from core.domain.usecase import Task
from core.errors import NotPermitted
from core.services import batches, outcomes
from core.services.access import LOCAL_PEOPLE, Actor, Role
from core.services.desk import Desk
from core.services.performance import Performance, performance
from core.usecases import builtin

N = 2_000


def filled(desk: Desk, analyst: Actor, key: str, folder: Path, seed: int = 3) -> pa.Table:
    """Rows scored, and their outcomes brought."""
    use_case = desk.use_case(key)
    assert use_case.synthesize is not None
    table = use_case.synthesize(N, seed)
    csv.write_csv(table, folder / "rows.csv")
    job_id = batches.submit(desk, analyst, key, folder / "rows.csv", filename="rows.csv")
    assert desk.jobs.wait(job_id, 60).state == "done"
    taken = outcomes.take_in(desk, analyst, key, folder / "rows.csv")
    assert taken.matched == N
    return table


@pytest.fixture
def leads(desk: Desk, analyst: Actor, tmp_path: Path) -> Performance:
    filled(desk, analyst, "lead_scoring", tmp_path)
    return performance(desk, analyst, "lead_scoring")


def test_figures_are_those_of_scikit_learn_on_the_log(desk: Desk, leads: Performance) -> None:
    use_case = desk.use_case("lead_scoring")
    table = desk.log.with_outcomes(use_case, datetime.now(UTC), ["lightgbm", "logistic", "rules_score"])
    table = table.filter(pa.compute.is_valid(table["outcome"]))
    outcome = table["outcome"].to_numpy()
    for arm in ("lightgbm", "logistic"):
        p = table[arm].to_numpy()
        assert leads.overall["auc"][arm].value == pytest.approx(roc_auc_score(outcome, p), abs=1e-12)  # type: ignore[union-attr]
        assert leads.overall["brier"][arm].value == pytest.approx(brier_score_loss(outcome, p), abs=1e-12)  # type: ignore[union-attr]
    rules = leads.overall["auc"]["rules"]
    assert rules is not None
    assert rules.value == pytest.approx(roc_auc_score(outcome, table["rules_score"].to_numpy()), abs=1e-12)
    assert leads.overall["brier"]["rules"] is None  # no probability, no Brier score
    assert leads.overall["auc"]["lightgbm"].low < leads.overall["auc"]["lightgbm"].value  # type: ignore[union-attr]


def test_periods_are_whole_and_add_up(leads: Performance) -> None:
    assert leads.step in ("week", "month")
    assert sum(period.maturity.n for period in leads.periods) == leads.maturity.n == N
    assert sum(period.maturity.n_known for period in leads.periods) == leads.maturity.n_known
    assert all(period.start < period.end for period in leads.periods)
    for period in leads.periods:
        if period.maturity.n_known:
            found = period.realised["auc"]["lightgbm"]
            assert found is not None
            assert found.n == period.maturity.n_known
            assert period.expected["auc"].low <= period.expected["auc"].value <= period.expected["auc"].high


def test_a_calibrated_champion_realises_what_it_promised(leads: Performance) -> None:
    apart = [
        period
        for period in leads.periods
        if (found := period.realised["auc"]["lightgbm"]) is not None
        and found.enough
        and (found.low > period.expected["auc"].high or found.high < period.expected["auc"].low)
    ]
    assert len(apart) <= 1
    calibrated = leads.calibration[0]
    assert calibrated.n == leads.maturity.n_known
    assert calibrated.line is not None
    assert calibrated.line.slope == pytest.approx(1, abs=4 * calibrated.line.slope_se + 0.25)


def test_as_known_on_an_earlier_day_nothing_was_known(desk: Desk, analyst: Actor, leads: Performance) -> None:
    yesterday = performance(desk, analyst, "lead_scoring", (datetime.now(UTC) - timedelta(days=1)).date())
    assert yesterday.maturity.n_known == 0
    assert yesterday.maturity.n_mature > 0
    assert yesterday.business == ()
    assert yesterday.calibration == ()


def test_kept_until_the_log_changes(desk: Desk, analyst: Actor, leads: Performance, tmp_path: Path) -> None:
    assert performance(desk, analyst, "lead_scoring") is leads
    row = desk.use_case("lead_scoring").synthesize(N, 3).slice(0, 1).to_pylist()[0]  # type: ignore[misc]
    path = tmp_path / "one.csv"
    path.write_text(f"lead_id,created_at,converted\n{row['lead_id']},{row['created_at']},{1 - row['converted']}\n")
    assert outcomes.take_in(desk, analyst, "lead_scoring", path).revisions == 1
    assert performance(desk, analyst, "lead_scoring") is not leads


def test_business_lines_are_means_of_rates_and_money(desk: Desk, leads: Performance) -> None:
    use_case = desk.use_case("lead_scoring")
    table = desk.log.with_outcomes(use_case, datetime.now(UTC), ["band", "decision"])
    table = table.filter(pa.compute.is_valid(table["outcome"]))
    outcome, band = table["outcome"].to_numpy(), np.array(table["band"].to_pylist())
    lines = {(line.quantity, line.split, line.group): line for line in leads.business}
    assert lines["outcome", "all", "all"].overall.value == pytest.approx(outcome.mean())
    assert lines["outcome", "band", "D"].overall.value == pytest.approx(outcome[band == "D"].mean())
    called = np.isin(band, ("A", "B"))  # the champion decides
    gain = called * (-40.0 + 5_500 * outcome)
    found = lines["money", "all", "all"]
    assert found.unit == "USD"
    assert found.overall.value == pytest.approx(gain.mean())
    assert found.overall.low < found.overall.value < found.overall.high


def test_where_the_rules_decide_the_money_is_theirs(desk: Desk, analyst: Actor, tmp_path: Path) -> None:
    table = filled(desk, analyst, "bnpl_default", tmp_path)
    seen = performance(desk, analyst, "bnpl_default")
    judged = desk.log.with_outcomes(desk.use_case("bnpl_default"), datetime.now(UTC), ["rules_band"])
    judged = judged.filter(pa.compute.is_valid(judged["outcome"]))
    outcome, band = judged["outcome"].to_numpy(), np.array(judged["rules_band"].to_pylist())
    costs = {"High risk": (21.6, 0.0), "Medium risk": (0.0, 108.0), "Low risk": (0.0, 108.0)}
    gain = [-costs[name][int(value)] for name, value in zip(band, outcome, strict=True)]
    line = next(line for line in seen.business if (line.quantity, line.split) == ("money", "all"))
    assert line.overall.value == pytest.approx(np.mean(gain))
    assert len(table) == N
    assert set(seen.by_decision) == {"decline", "approve with limit", "approve"}


@pytest.mark.parametrize("key", [key for key, case in builtin().items() if case.task is not Task.BINARY])
def test_other_tasks_have_their_figures(desk: Desk, analyst: Actor, tmp_path: Path, key: str) -> None:
    filled(desk, analyst, key, tmp_path)
    seen = performance(desk, analyst, key)
    assert seen.maturity.n_known > 0
    for metric in seen.metrics:
        found = seen.overall[metric][seen.champion]
        assert found is not None
        assert found.low < found.value < found.high
    metric = "mae" if desk.use_case(key).task is Task.REGRESSION else "macro_auc"
    band = next(period.expected[metric] for period in seen.periods if period.maturity.n_known)
    assert band.low < band.value < band.high
    assert seen.business


def test_sales_do_not_see_every_model(desk: Desk) -> None:
    with pytest.raises(NotPermitted):
        performance(desk, LOCAL_PEOPLE[Role.SALES], "lead_scoring")


def test_nothing_logged_is_no_error(desk: Desk, analyst: Actor) -> None:
    for key in builtin():
        seen = performance(desk, analyst, key)
        assert (seen.maturity.n, seen.periods, seen.business) == (0, (), ())


def test_repeated_entities_widen_the_interval(desk: Desk, analyst: Actor, tmp_path: Path) -> None:
    table = filled(desk, analyst, "lead_scoring", tmp_path)
    once = performance(desk, analyst, "lead_scoring").overall["auc"]["lightgbm"]
    moved = table.set_column(
        table.column_names.index("page_views"), "page_views", pa.compute.add(table["page_views"], 1)
    )
    csv.write_csv(moved, tmp_path / "again.csv")
    job_id = batches.submit(desk, analyst, "lead_scoring", tmp_path / "again.csv", filename="again.csv")
    assert desk.jobs.wait(job_id, 60).state == "done"
    twice = performance(desk, analyst, "lead_scoring").overall["auc"]["lightgbm"]
    assert once is not None
    assert twice is not None
    assert twice.n == 2 * once.n
    assert twice.high - twice.low > 0.9 * (once.high - once.low)
    assert "by entity" in twice.method
