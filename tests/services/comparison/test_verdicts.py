from __future__ import annotations

import shutil
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import numpy as np
import pyarrow.parquet as pq
import pytest

from core.config import Settings
from core.domain.compare.plan import ArmName, Margins
from core.domain.compare.verdict import Decision, State
from core.errors import InputError, NotPermitted, UnknownName
from core.services.access import LOCAL_PEOPLE, Role
from core.services.comparison import plans, replay, verdicts
from core.services.comparison.plans import Wanted
from core.services.desk import CHAMPION, open_desk
from core.services.history import job as history
from core.services.history.versions import FORMER
from core.services.row_order import times_of
from core.services.training import Origin, read_labelled, shelve

NOW = datetime(2026, 11, 21, tzinfo=UTC)
KEY = "lead_scoring"
WINDOWS = ((date(2026, 5, 24), date(2026, 8, 12)), (date(2026, 8, 12), date(2026, 10, 20)))
BEFORE = datetime(2026, 5, 20, tzinfo=UTC)
RITA = LOCAL_PEOPLE[Role.RISK]


def weak_version(desk, tmp_path) -> None:
    """v2: trained on rows whose outcomes are mostly noise."""
    from core.ml.train import train

    use_case = desk.use_case(KEY)
    table = use_case.synthesize(3_000, 5)
    target = table[use_case.target.name].to_numpy(zero_copy_only=False).copy()
    rng = np.random.default_rng(1)
    noisy = np.where(rng.random(len(target)) < 0.9, rng.permutation(target), target)
    place = table.column_names.index(use_case.target.name)
    table = table.set_column(place, use_case.target.name, [noisy])
    path = tmp_path / "noisy.parquet"
    pq.write_table(table, path)
    labelled = read_labelled(desk, use_case, path)
    times = times_of(use_case, labelled.columns, len(labelled.target))
    trained = train(use_case, labelled.columns, labelled.target, times=times)
    shelve(desk, RITA, use_case, trained, labelled, Origin("train", "noisy rows", act=False, version="v2"))


@pytest.fixture(scope="module")
def desk(trained_home, tmp_path_factory):
    home = tmp_path_factory.mktemp("judged") / "home"
    shutil.copytree(trained_home, home)
    opened = open_desk(Settings(home=home))
    state = opened.jobs.wait(history.submit(opened, RITA, until=NOW))
    assert state.state == "done", state.message
    weak_version(opened, home)
    for version in (FORMER, "v1", "v2"):
        replay.replay(opened, RITA, KEY, version, (NOW - timedelta(days=190), NOW))
    yield opened
    opened.close()


def acting(desk, version: str, model: str) -> None:
    desk.ledger.set_alias(KEY, CHAMPION, version, datetime.now(UTC), model=model)


@pytest.fixture(autouse=True)
def first_champion(desk):
    acting(desk, "v1", "lightgbm")


def judged(desk, challenger: ArmName, known_on: datetime = NOW, margins: Margins | None = None):
    wanted = Wanted(challenger, windows=WINDOWS, planned_n=1_500, margins=margins or Margins())
    return verdicts.judge(desk, RITA, KEY, plans.make_plan(desk, RITA, KEY, wanted, at=BEFORE), known_on)


@pytest.mark.slow
def test_a_truly_better_challenger_is_promoted(desk):
    """The former version learnt from 4,000 rows only; calls may move by 2 % of the leads, fixed beforehand."""
    acting(desk, FORMER, "lightgbm")
    found = judged(desk, ArmName("v1", "logistic"), margins=Margins(coverage=0.02))
    assert found.verdict.decision is Decision.PROMOTE, found.verdict.checks
    assert not found.verdict.open_checks
    assert found.evidence.first.low > 0 and found.evidence.first.gain > 0.01 and found.evidence.second.gain > 0


@pytest.mark.slow
def test_the_same_challenger_waits_where_the_margins_are_narrower_than_its_interval(desk):
    acting(desk, FORMER, "lightgbm")
    found = judged(desk, ArmName("v1", "logistic"))
    assert found.verdict.decision is Decision.KEEP_TESTING
    assert [check.name for check in found.verdict.open_checks] == ["coverage"]


@pytest.mark.slow
def test_a_better_ranking_is_no_leave_to_call_other_people_than_was_agreed(desk):
    """v2 ranks by chance and flags nobody; v1 gains .3 and flags 2 %, which the plan did not allow."""
    acting(desk, "v2", "lightgbm")
    found = judged(desk, ArmName("v1", "logistic"))
    assert found.verdict.decision is Decision.STOP
    assert found.evidence.first.gain > 0.2 and "coverage" in found.verdict.reason


@pytest.mark.slow
def test_an_equal_one_is_tested_until_the_rows_are_there_and_then_stopped(desk):
    acting(desk, "v1", "logistic")
    early = judged(desk, ArmName("v1", "elastic"), known_on=datetime(2026, 7, 15, tzinfo=UTC))
    assert early.verdict.decision is Decision.KEEP_TESTING
    assert early.verdict.ready_on is not None and early.n_now < 1_500
    low, high = early.always_valid
    assert low < early.evidence.first.low < early.evidence.first.high < high
    late = judged(desk, ArmName("v1", "elastic"))
    assert late.verdict.decision is Decision.STOP
    assert "No worthwhile gain" in late.verdict.reason


@pytest.mark.slow
def test_a_worse_one_is_stopped(desk):
    found = judged(desk, ArmName("v2", "lightgbm"))
    assert found.verdict.decision is Decision.STOP
    assert found.evidence.first.high < 0


@pytest.mark.slow
def test_a_broken_split_makes_it_invalid(desk):
    from core.store.ledger_registry import ExperimentRecord

    spec = {"name": "calls", "arms": ["champion", "challenger"], "stages": [[0.9, 0.1]]}
    record = ExperimentRecord("e1", KEY, "test", BEFORE, "Rita", spec, "running", 0, BEFORE)
    desk.ledger.add_experiment(record)
    use_case = desk.use_case(KEY)
    counts = {"champion": 5_000, "challenger": 900}
    original = desk.log.arm_counts
    try:
        desk.log.arm_counts = lambda *_: counts
        found = judged(desk, ArmName("v1", "logistic"))
    finally:
        desk.log.arm_counts = original
        desk.ledger.change_experiment("e1", state="concluded", ended_at=BEFORE - timedelta(days=1))
    assert found.verdict.decision is Decision.INVALID
    assert "5,000" in found.verdict.reason
    assert use_case.key == KEY


@pytest.mark.slow
def test_guardrails_rules_and_polarity_are_among_the_checks(desk):
    found = judged(desk, ArmName("v2", "lightgbm"))
    names = {check.name for check in found.verdict.checks}
    assert {"calibration slope", "coverage", "not worse than the rules", "polarity", "mature labels"} <= names
    assert all(check.sentence for check in found.verdict.checks)
    ratio = next(check for check in found.verdict.checks if check.name == "sample ratio")
    assert ratio.state is State.NOT_ASKED


@pytest.mark.slow
def test_a_plan_is_frozen_and_on_record(desk):
    planned = plans.make_plan(desk, RITA, KEY, Wanted(ArmName("v1", "ensemble")))
    assert planned.plan.planned_n >= plans.LEAST_ROWS
    assert planned.plan.window_2[0] == planned.plan.window_1[1]
    again = plans.plans(desk, RITA, KEY)[0]
    assert again.plan == planned.plan
    event = desk.ledger.events(f"{KEY} ensemble of v1", 1)[0]
    assert event.action == "plan comparison" and event.after["plan"] == planned.id
    plans.close_plan(desk, RITA, KEY, planned.id, "another one is better")
    assert plans.plans(desk, RITA, KEY)[0].record.closed_reason == "another one is better"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("wanted", "error"),
    [
        (Wanted(ArmName("v1", "lightgbm")), InputError),
        (Wanted(ArmName("v1", "nothing")), UnknownName),
        (Wanted(ArmName("v9", "lightgbm")), UnknownName),
        (Wanted(ArmName("v1", "logistic"), preset="none"), UnknownName),
        (Wanted(ArmName("v1", "logistic"), windows=(WINDOWS[1], WINDOWS[0])), InputError),
        (Wanted(ArmName("v1", "logistic"), windows=WINDOWS), InputError),  # window 2 is over today
    ],
)
def test_plans_that_are_refused(desk, wanted, error):
    with pytest.raises(error):
        plans.make_plan(desk, RITA, KEY, wanted)
    with pytest.raises(NotPermitted):
        plans.make_plan(desk, LOCAL_PEOPLE[Role.SALES], KEY, replace(wanted))
