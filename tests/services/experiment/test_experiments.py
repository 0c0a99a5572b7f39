"""Experiments from start to conclusion: what is refused, what is read, what turns back, what is written down."""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pyarrow as pa
import pytest

from core.domain.compare.plan import ArmName
from core.domain.experiment.assignment import assign
from core.domain.experiment.guards import GuardState
from core.domain.experiment.spec import Kind, Metric, Spec
from core.errors import BundleProblem, InputError, NotPermitted, NotReady, UnknownName
from core.services import scoring
from core.services.access import LOCAL_PEOPLE, Role
from core.services.comparison import assigning, experiment_sizes, experiment_start, experiments, verdicts
from core.services.comparison.experiment_readout import read_out
from core.services.desk import CHAMPION
from core.services.history.versions import FORMER

from .conftest import KEY, OTHER, RISK, SAME, Begin, leads, score_file, tell_outcomes

ANALYST = LOCAL_PEOPLE[Role.ANALYST]


def later(hours: float) -> datetime:
    return datetime.now(UTC) + timedelta(hours=hours)


def look(desk, experiment, **known):
    return read_out(desk, RISK, experiments.one(desk, KEY, experiment.id).record, **known)


def guard(found, name):
    return next(item for item in found.guards if item.name == name)


def enrol(desk, experiment, tmp_path, rates, n_rows=3_000, prefix="new"):
    """Score leads whose outcome depends on their arm alone: positive at `rates` of the two arms."""
    table = leads(desk, n_rows, prefix, seed=8)
    written = score_file(desk, table, tmp_path)
    rng = np.random.default_rng(9)
    second = np.array(written["arm"].to_pylist()) == experiment.spec.arms[1]
    outcome = (rng.random(n_rows) < np.where(second, rates[1], rates[0])).astype(float)
    tell_outcomes(desk, written, outcome)
    return second, outcome


def test_how_many_and_how_long_come_from_what_was_measured(desk):
    base = experiment_sizes.base_of(desk, ANALYST, KEY, Metric.OUTCOME)
    labels = leads(desk, 2_400, "past")[desk.use_case(KEY).target.name].to_pylist()
    positives = sum(str(label) == desk.use_case(KEY).target.classes[1] for label in labels)
    assert base.n <= 2_400
    assert base.mean == pytest.approx(positives / 2_400, abs=0.03)
    even = experiment_sizes.plan_size(desk, ANALYST, KEY, Metric.OUTCOME)
    small = experiment_sizes.plan_size(desk, ANALYST, KEY, Metric.OUTCOME, share=0.1)
    assert even.size.n_new == even.size.n_control
    assert small.size.n_new < even.size.n_new < small.size.n_rows / 4
    assert small.size.days > 2 * even.size.days
    assert even.read_out is None or even.read_out > even.begins + timedelta(days=even.horizon_days)
    money = experiment_sizes.plan_size(desk, ANALYST, KEY, Metric.GAIN)
    assert money.base.unit == desk.use_case(KEY).policy.money.currency
    halved = experiment_sizes.plan_size(desk, ANALYST, KEY, Metric.GAIN, 0.025)
    assert halved.size.n_new == pytest.approx(4 * money.size.n_new, rel=1e-3)


def test_what_cannot_be_planned(desk):
    with pytest.raises(InputError, match="no costs"):
        experiment_sizes.base_of(desk, ANALYST, "client_profitability", Metric.GAIN)
    with pytest.raises(NotReady, match="a plan takes 30"):
        experiment_sizes.plan_size(desk, ANALYST, "client_profitability", Metric.OUTCOME)
    with pytest.raises(InputError, match="cannot be planned"):
        experiment_sizes.plan_size(desk, ANALYST, KEY, Metric.OUTCOME, 0.0)
    with pytest.raises(InputError, match="cannot rise"):
        experiment_sizes.plan_size(desk, ANALYST, KEY, Metric.OUTCOME, 30.0)


def test_what_may_not_start(desk, begin: Begin):
    with pytest.raises(NotPermitted):
        experiment_start.start(desk, ANALYST, KEY, experiment_start.Wanted("x", Kind.TEST, SAME))
    rules = experiment_start.Wanted("x", Kind.TEST, ArmName("v1", "elastic"))
    with pytest.raises(InputError, match="The rules decide here"):
        experiment_start.start(desk, RISK, "bnpl_default", rules)
    with pytest.raises(InputError, match="no name"):
        experiment_start.start(desk, RISK, KEY, experiment_start.Wanted(" ", Kind.TEST, SAME))
    with pytest.raises(InputError, match="acts already"):
        begin(challenger=desk.acting(KEY))
    with pytest.raises(UnknownName):
        begin(challenger=ArmName("v1", "oracle"))
    with pytest.raises(UnknownName):
        begin(challenger=ArmName("v9", "logistic"))
    assert experiments.experiments(desk, RISK, KEY) == []
    begin()
    with pytest.raises(InputError, match="one experiment at a time"):
        begin(challenger=OTHER)


def test_none_starts_where_a_row_has_no_id(desk):
    assert "has no id" in experiment_start.refusal(desk, replace(desk.use_case(KEY), entity=None))
    assert experiment_start.refusal(desk, desk.use_case(KEY)) == ""


def test_challengers_are_all_models_but_the_one_that_acts(desk):
    arms = experiment_start.challengers_of(desk, ANALYST, KEY)
    assert desk.acting(KEY) not in arms
    assert {SAME, OTHER} < set(arms)


def test_a_winner_is_read_and_written_down(desk, begin: Begin, tmp_path):
    experiment = begin()
    second, outcome = enrol(desk, experiment, tmp_path, (0.1, 0.3))
    found = look(desk, experiment)
    assert found.reason == ""
    assert [arm.n for arm in found.arms] == [int((~second).sum()), int(second.sum())]
    assert found.contrast.difference == pytest.approx(outcome[second].mean() - outcome[~second].mean())
    assert found.contrast.low > 0
    ended = experiments.conclude(desk, RISK, KEY, experiment.id, "Take the linear model to the registry.")
    facts = ended.record.conclusion
    assert (ended.record.state, facts["result"]) == ("concluded", f"winner: {SAME}")
    assert facts["difference"] == pytest.approx(found.contrast.difference)
    assert facts["words"] == "Take the linear model to the registry."
    assert str(desk.acting(KEY)) == experiment.spec.arms[0]  # nothing is promoted
    actions = [event.action for event in desk.ledger.events(limit=10)]
    assert {"start experiment", "conclude experiment"} <= set(actions)


def test_equal_arms_end_without_a_difference_or_before_it_can_be_told(desk, begin: Begin, tmp_path):
    experiment = begin(smallest=2.0)
    enrol(desk, experiment, tmp_path, (0.2, 0.2))
    now = datetime.now(UTC)
    assert experiments.came_to(desk.use_case(KEY), experiment, look(desk, experiment), now) == "no difference"
    with pytest.raises(InputError, match="no words"):
        experiments.conclude(desk, RISK, KEY, experiment.id, "  ")
    experiments.conclude(desk, RISK, KEY, experiment.id, "Nothing in it.")
    other = begin(smallest=0.01)
    enrol(desk, other, tmp_path, (0.2, 0.2), prefix="more")
    assert experiments.came_to(desk.use_case(KEY), other, look(desk, other), now) == "stopped before it could tell"


def test_a_broken_split_takes_the_place_of_the_read_out(desk, begin: Begin, tmp_path):
    experiment = begin()
    table = leads(desk, 3_000, "new", seed=8)
    arm = assign(experiment.id, experiment.spec.salt, table["lead_id"].to_pylist(), (0.5, 0.5))
    kept = (arm == 0) | (np.random.default_rng(1).random(3_000) < 0.7)  # three in ten of the challenger's are lost
    lost = table.filter(pa.array(kept))
    score_file(desk, lost, tmp_path)
    tell_outcomes(desk, lost)
    found = look(desk, experiment)
    assert not found.split_held
    assert found.contrast is None
    assert found.arms == found.looks == ()
    assert "The split is broken" in found.reason
    ended = experiments.conclude(desk, RISK, KEY, experiment.id, "Find out who lost them.")
    assert ended.record.conclusion["result"] == "invalid: the split is broken"
    assert "difference" not in ended.record.conclusion


def test_gain_per_lead_is_read_from_the_decision_that_was_taken(desk, begin: Begin, tmp_path):
    experiment = begin(metric=Metric.GAIN)
    second, outcome = enrol(desk, experiment, tmp_path, (0.2, 0.2))
    rows = desk.log.experiment_rows(desk.use_case(KEY), experiment.id, (SAME.version, SAME.model), later(0))
    policy = desk.use_case(KEY).policy
    costs = dict(zip(policy.decisions, policy.money.costs, strict=True))
    gains = [-costs[row["decision"]][int(row["outcome"])] for row in rows.to_pylist() if row["arm"] == str(SAME)]
    assert look(desk, experiment).arms[1].value == pytest.approx(np.mean(gains))


def test_outcomes_that_are_not_mature_are_not_read(desk, begin: Begin, tmp_path):
    experiment = begin()
    table = leads(desk, 200, "new", seed=8)
    time_column = desk.use_case(KEY).schema.time.name
    fresh = pa.array([(datetime.now(UTC) - timedelta(days=2)).strftime("%Y-%m-%d %H:%M:%S")] * 200)
    table = table.set_column(table.column_names.index(time_column), time_column, fresh)
    score_file(desk, table, tmp_path)
    tell_outcomes(desk, table)
    found = look(desk, experiment)
    assert (found.n_rows, found.n_mature, found.n_known) == (200, 0, 0)
    assert found.contrast is None
    assert found.next_mature == (datetime.now(UTC) + timedelta(days=28)).date()


def test_a_failing_challenger_is_turned_back_by_itself(desk, begin: Begin, tmp_path, monkeypatch):
    experiment = begin(Kind.CANARY, OTHER)
    monkeypatch.setattr(desk.scorer(KEY, FORMER), "score", lambda *_: 1 / 0)
    score_file(desk, leads(desk, 300, "new", seed=8), tmp_path)
    (ended,) = experiments.tick(desk)
    assert ended.record.state == "rolled back"
    assert "Errors" in ended.record.conclusion["words"]
    (event,) = desk.ledger.events(limit=1)
    assert (event.action, event.actor, event.via) == ("roll back experiment", "Ringside", "schedule")
    assert experiments.tick(desk) == []
    written = score_file(desk, leads(desk, 30, "after", seed=9), tmp_path)
    assert "arm" not in written.column_names
    assert experiment.id == ended.id


def test_a_challenger_whose_files_are_gone_is_turned_back(desk, begin: Begin, tmp_path, monkeypatch):
    begin(Kind.CANARY, OTHER)
    whole = desk.scorer

    def gone(key, version=None):
        if version == FORMER:
            raise BundleProblem("v0 is gone.", "Put it back.")
        return whole(key, version)

    monkeypatch.setattr(desk, "scorer", gone)
    score_file(desk, leads(desk, 200, "new", seed=8), tmp_path)
    (ended,) = experiments.tick(desk)
    assert ended.record.state == "rolled back"


def test_a_slow_challenger_is_turned_back_by_itself(desk, begin: Begin, monkeypatch):
    begin(Kind.CANARY, OTHER)
    scorer = desk.scorer(KEY, FORMER)
    whole = scorer.score

    def slow(*given):
        time.sleep(0.2)  # so slow that a busy machine is no excuse
        return whole(*given)

    monkeypatch.setattr(scorer, "score", slow)
    table = leads(desk, 70, "new", seed=8).drop([desk.use_case(KEY).target.name])
    for row in range(70):
        scoring.score_one(desk, RISK, KEY, {name: str(table[name][row].as_py()) for name in table.column_names})
    (ended,) = experiments.tick(desk)
    assert ended.record.state == "rolled back"
    assert "Latency" in ended.record.conclusion["words"]


def test_a_canary_goes_on_when_it_is_baked_and_holds(desk, begin: Begin, tmp_path):
    experiment = begin(Kind.CANARY, OTHER)
    assert "bakes until" in experiments.held_back(experiment, look(desk, experiment))
    with pytest.raises(InputError, match="bakes until"):
        experiments.advance(desk, RISK, KEY, experiment.id)
    assert "not enough rows" in experiments.held_back(experiment, look(desk, experiment), later(25))
    score_file(desk, leads(desk, 200, "a", seed=8), tmp_path)
    assert experiments.tick(desk, later(25)) == []  # nobody asked it to go on by itself
    second = experiments.advance(desk, RISK, KEY, experiment.id, later(25))
    assert second.record.stage == 1
    assert second.record.stage_since == second.spec.began[1]
    assert second.spec.stages[1] == (0.5, 0.5)
    with pytest.raises(NotPermitted):
        experiments.advance(desk, ANALYST, KEY, experiment.id, later(99))


def test_a_canary_that_was_told_to_goes_on_by_itself_and_is_held_at_its_end(desk, begin: Begin, tmp_path, monkeypatch):
    class Clock:
        hours = 0.0

        @classmethod
        def now(cls, _zone):
            return later(cls.hours)

    monkeypatch.setattr(assigning, "datetime", Clock)
    begin(Kind.CANARY, OTHER, automatic=True)
    for stage, hours in ((1, 25.0), (2, 74.0)):
        score_file(desk, leads(desk, 300, f"before-{stage}", seed=stage), tmp_path)
        assert experiments.tick(desk, later(hours - 2)) == []
        (moved,) = experiments.tick(desk, later(hours))
        assert moved.record.stage == stage
        Clock.hours = hours + 0.1
    written = score_file(desk, leads(desk, 100, "last", seed=10), tmp_path)
    assert set(written["arm"].to_pylist()) == {str(OTHER)}
    assert experiments.tick(desk, later(75)) == []
    found = look(desk, moved, known_on=later(75))
    assert [ratio.observed[1] for ratio in found.ratios][2] == 100
    assert found.split_held
    assert experiments.came_to(desk.use_case(KEY), moved, found, later(75)).startswith("stopped")
    assert experiments.came_to(desk.use_case(KEY), moved, found, later(74 + 49)).startswith("held")


def test_an_experiment_ends_when_its_champion_no_longer_decides(desk, begin: Begin):
    begin(challenger=OTHER)
    desk.ledger.set_alias(KEY, CHAMPION, "v1", datetime.now(UTC), model="ensemble")
    (ended,) = experiments.tick(desk)
    assert ended.record.state == "concluded"
    assert "no longer decides" in ended.record.conclusion["words"]


def test_a_stage_that_somebody_else_has_moved_is_not_moved_again(desk, begin: Begin):
    experiment = begin()
    experiments.roll_back(desk, RISK, KEY, experiment.id, "enough")
    with pytest.raises(InputError, match="has ended"):
        experiments.conclude(desk, RISK, KEY, experiment.id, "too late")
    with pytest.raises(NotReady, match="just moved"):
        experiments._unchanged(desk, experiment)
    with pytest.raises(UnknownName):
        experiments.one(desk, KEY, "nothing")


def test_the_terms_come_back_as_they_were_kept(desk, begin: Begin):
    experiment = begin(Kind.CANARY, OTHER, automatic=True)
    record = desk.ledger.experiments(KEY, experiments.RUNNING)[0]
    assert Spec.from_json(record.spec) == experiment.spec
    assert record.spec["arms"] == list(experiment.spec.arms)
    assert record.spec["stages"][record.stage] == [0.9, 0.1]


def test_the_verdict_reads_the_split_of_a_running_experiment(desk, begin: Begin, tmp_path):
    from core.services.comparison.plans import Wanted, make_plan

    begin()
    score_file(desk, leads(desk, 400, "new", seed=8), tmp_path)
    planned = make_plan(desk, RISK, KEY, Wanted(SAME, planned_n=300))
    check = next(item for item in verdicts.judge(desk, RISK, KEY, planned).evidence.validity if "ratio" in item.name)
    assert "Linear instead of trees" in check.sentence
    assert "planned 50% / 50%" in check.sentence


def test_guardrails_of_one_version_need_no_second_clock(desk, begin: Begin, tmp_path):
    experiment = begin()
    score_file(desk, leads(desk, 400, "new", seed=8), tmp_path)
    found = look(desk, experiment)
    assert guard(found, "Latency").state is GuardState.NOT_ASKED
    assert guard(found, "Errors").state is GuardState.HOLDS
    assert guard(found, "Score drift").state is GuardState.HOLDS
