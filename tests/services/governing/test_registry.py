"""Promotions: every refusal, who may approve at which risk, all or nothing, rollback, and the timeline they leave."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import product
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from core.config import Settings
from core.domain.compare.plan import ArmName, Margins, Plan
from core.domain.compare.verdict import Check, Decision, State, Verdict
from core.errors import InputError, NotPermitted, NotReady, UnknownName
from core.services import batches, scoring
from core.services.access import LOCAL_PEOPLE, Actor, Role
from core.services.desk import CHALLENGER, CHAMPION, Desk, open_desk
from core.services.governing import promotion_evidence, registry, risk, timeline, version_states
from core.services.governing.acting import acting_model, model_at
from core.services.governing.risk import Factor, Risk
from core.services.history.versions import _train
from core.services.overview import overview
from core.services.performance import performance
from core.services.reasons.explanation import explain
from core.store.ledger_registry import PlanRecord

KEY = "bnpl_default"
ANA, RITA, AUDE, ADAM, SAM = (
    LOCAL_PEOPLE[role] for role in (Role.ANALYST, Role.RISK, Role.AUDITOR, Role.ADMIN, Role.SALES)
)
RIDGE, ENSEMBLE, OLD = ArmName("v1", "ridge"), ArmName("v1", "ensemble"), ArmName("v0", "ridge")
DAYS = (date(2026, 1, 1), date(2026, 2, 1)), (date(2026, 2, 1), date(2026, 3, 1))
MET = Check("worthwhile gain", State.MET, "+0.0100; the minimum is +0.0050.")


@pytest.fixture(scope="module")
def two_versions(trained_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home whose BNPL case has a version v0 beside the acting v1."""
    home = tmp_path_factory.mktemp("registry") / "home"
    shutil.copytree(trained_home, home)
    desk = open_desk(Settings(home=home))
    _train(desk, ADAM, desk.use_case(KEY), datetime.now(UTC))
    desk.close()
    return home


@pytest.fixture
def desk(two_versions: Path, tmp_path: Path) -> Iterator[Desk]:
    (tmp_path / "models").mkdir()
    shutil.copytree(two_versions / "data", tmp_path / "data")
    for case in (two_versions / "models").iterdir():
        (tmp_path / "models" / case.name).symlink_to(case)
    opened = open_desk(Settings(home=tmp_path))
    yield opened
    opened.close()


def planned(desk: Desk, challenger: ArmName, champion: ArmName = RIDGE, name: str = "plan") -> str:
    """A plan on record."""
    plan = Plan(champion, challenger, "auc", 0.005, 300, *DAYS, margins=Margins())
    desk.ledger.add_plan(PlanRecord(name, KEY, datetime(2025, 12, 31, tzinfo=UTC), "Ana", plan.as_json()))
    return name


@pytest.fixture
def said(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """What the verdict says of any plan, and what the risk is; both may be changed by a test."""
    told = SimpleNamespace(decision=Decision.PROMOTE, reason="Every check is met.", score=0.2)

    def judge(desk: Desk, actor: Actor, key: str, found: Any) -> Any:
        return SimpleNamespace(planned=found, verdict=Verdict(told.decision, told.reason, (MET,)))

    def assess(*_: Any) -> Risk:
        return Risk((Factor("stability", told.score, "as the test says"),), told.score)

    monkeypatch.setattr(promotion_evidence.verdicts, "judge", judge)
    monkeypatch.setattr(promotion_evidence.risk, "assess", assess)
    return told


def asked(desk: Desk, who: Actor = ANA, arm: ArmName = ENSEMBLE, name: str = "plan") -> str:
    plan = planned(desk, arm, desk.acting(KEY) or RIDGE, name)
    return registry.request(desk, who, KEY, arm, plan, "better by the plan").id


def promoted(desk: Desk, arm: ArmName, name: str) -> None:
    registry.approve(desk, RITA, KEY, asked(desk, ANA, arm, name), "the evidence carries it")


def facts(desk: Desk) -> tuple[Any, ...]:
    """Everything a promotion may change."""
    records = desk.ledger.promotions(KEY)
    return (
        desk.ledger.alias(KEY, CHAMPION),
        desk.ledger.alias_model(KEY, CHAMPION),
        desk.ledger.alias(KEY, CHALLENGER),
        records,
        [desk.ledger.approvals(record.id) for record in records],
        desk.ledger.plans(KEY),
        desk.ledger.head(),
    )


def test_a_request_keeps_its_evidence(desk, said):
    found = registry.promotion(desk, ANA, KEY, asked(desk))
    record, event = found.record, desk.ledger.events(f"{KEY} v1", 1)[0]
    assert (record.state, record.version, record.model, record.requested_by) == ("open", "v1", "ensemble", ANA.name)
    assert event.action == "request promotion" and event.after["evidence"] == record.evidence
    assert record.evidence["verdict"]["decision"] == "promote"
    assert {check["name"] for check in record.evidence["gate"]} >= {"AUC of 0.75", "documentation"}
    assert record.evidence["against"] == {"version": "v1", "model": "ridge"}
    assert desk.acting(KEY) == RIDGE
    assert desk.ledger.verify_chain() is None


@pytest.mark.parametrize("decision", [Decision.KEEP_TESTING, Decision.STOP, Decision.INVALID])
def test_what_the_verdict_does_not_carry_is_refused_in_its_own_words(desk, said, decision):
    said.decision, said.reason = decision, f"because of {decision}"
    before = facts(desk)
    plan = planned(desk, ENSEMBLE)
    with pytest.raises(InputError, match=f"because of {decision}.*does not carry"):
        registry.request(desk, ANA, KEY, ENSEMBLE, plan, "please")
    assert facts(desk)[3] == [] and facts(desk)[-1] == before[-1]


def test_requests_that_are_refused(desk, said):
    plan = planned(desk, ENSEMBLE)
    other = planned(desk, ENSEMBLE, OLD, "old")
    desk.ledger.add_plan(replace(desk.ledger.plans(KEY)[0], id="over"))
    desk.ledger.close_plan("over", datetime.now(UTC), "not needed")
    for arm, name, why, error in (
        (ENSEMBLE, None, "please", "No comparison plan"),
        (ENSEMBLE, plan, " ", "A reason is needed"),
        (RIDGE, plan, "please", "acts already"),
        (ArmName("v1", "logistic"), plan, "please", "compares ensemble of v1, not logistic"),
        (ENSEMBLE, other, "please", "but ridge of v1 acts now"),
        (ENSEMBLE, "over", "please", "was ended: not needed"),
    ):
        with pytest.raises(InputError, match=error):
            registry.request(desk, ANA, KEY, arm, name, why)
    for arm, name in ((ArmName("v7", "ridge"), plan), (ArmName("v1", "oracle"), plan), (ENSEMBLE, "nothing")):
        with pytest.raises(UnknownName):
            registry.request(desk, ANA, KEY, arm, name, "please")
    for who in (SAM, AUDE):
        with pytest.raises(NotPermitted):
            registry.request(desk, who, KEY, ENSEMBLE, plan, "please")
    registry.request(desk, ANA, KEY, ENSEMBLE, plan, "please")
    with pytest.raises(InputError, match="has asked for ensemble of v1 already"):
        registry.request(desk, RITA, KEY, ENSEMBLE, plan, "me too")


def test_a_gate_that_is_not_passed_refuses(desk, said, monkeypatch):
    broken = Check("parity gap by age", State.BROKEN, "0.140 [0.120, 0.160]; at most 0.10.")
    monkeypatch.setattr(promotion_evidence.compliance, "gate", lambda *_: (broken,))
    with pytest.raises(InputError, match=r"gate is not passed, parity gap by age: 0\.140"):
        asked(desk)
    assert desk.ledger.promotions(KEY) == []


def test_a_first_version_needs_no_plan_but_everything_else(desk, said):
    desk.ledger.drop_alias(KEY, CHAMPION)
    record = registry.request(desk, ANA, KEY, RIDGE, None, "the first")
    assert record.evidence["verdict"] is None and record.evidence["against"] is None
    registry.approve(desk, RITA, KEY, record.id, "yes")
    assert desk.acting(KEY) == RIDGE


NEEDED = {
    0.2: {Role.RISK},
    0.4: {Role.RISK, Role.AUDITOR},
    0.7: {Role.RISK, Role.AUDITOR},
    0.71: set(Role) - {Role.SALES, Role.ANALYST},
}


@pytest.mark.parametrize(("score", "requester"), list(product(NEEDED, (ANA, RITA, ADAM))))
def test_who_may_approve(desk, said, score, requester):
    """Every role, at every level of risk, whoever asked."""
    said.score = score
    name = asked(desk, requester)
    for who in LOCAL_PEOPLE.values():
        allowed = who.role in NEEDED[score] and who != requester
        if not allowed:
            before = facts(desk)
            with pytest.raises(NotPermitted):
                registry.approve(desk, who, KEY, name, "yes")
            with pytest.raises(NotPermitted):
                registry.refuse(desk, who, KEY, name, "no")
            assert facts(desk) == before
    for given, role in enumerate(sorted(NEEDED[score]), start=1):
        who = LOCAL_PEOPLE[role]
        if who == requester:
            who = Actor(f"another {role}", role)
        record = registry.approve(desk, who, KEY, name, "I have read it")
        done = given == len(NEEDED[score])
        assert record.state == ("promoted" if done else "open")
        assert desk.acting(KEY) == (ENSEMBLE if done else RIDGE)
        if not done:
            with pytest.raises(NotPermitted, match="answered already"):
                registry.approve(desk, who, KEY, name, "again")
    assert desk.ledger.verify_chain() is None


def test_a_desk_of_one_may_approve_its_own_and_it_is_marked(desk, said):
    name = asked(desk, RITA)
    with pytest.raises(NotPermitted, match="Who asks for a promotion does not approve it"):
        registry.approve(desk, RITA, KEY, name, "yes")
    desk.settings = replace(desk.settings, allow_self_approval=True)
    registry.approve(desk, RITA, KEY, name, "yes")
    done = {event.action: event for event in desk.ledger.events(f"{KEY} v1", 3)}
    assert done["promote"].result == done["approve promotion"].result == "self-approved"


def test_one_person_answers_once_whatever_their_role(desk, said):
    said.score = 0.5
    name = asked(desk)
    registry.approve(desk, RITA, KEY, name, "yes")
    with pytest.raises(NotPermitted, match="One person answers once"):
        registry.approve(desk, Actor(RITA.name, Role.AUDITOR), KEY, name, "yes again")


def test_a_promotion_is_one_transaction(desk, said, monkeypatch):
    desk.ledger.set_alias(KEY, CHALLENGER, "v0", datetime.now(UTC))
    name = asked(desk, arm=OLD)
    before = facts(desk)
    for method in ("close_promotion", "close_plan", "drop_alias", "set_alias"):
        with monkeypatch.context() as broken:
            broken.setattr(desk.ledger, method, lambda *_, **__: 1 / 0)
            with pytest.raises(ZeroDivisionError):
                registry.approve(desk, RITA, KEY, name, "yes")
        assert facts(desk) == before, method
    registry.approve(desk, RITA, KEY, name, "yes")
    assert desk.acting(KEY) == OLD
    assert desk.ledger.alias(KEY, CHALLENGER) is None


def test_a_promotion_says_what_it_did(desk, said):
    first, second = asked(desk), asked(desk, RITA, ArmName("v1", "logistic"), "other")
    registry.approve(desk, RITA, KEY, first, "the evidence carries it")
    event = next(event for event in desk.ledger.events(f"{KEY} v1", 10) if event.action == "promote")
    assert event.before == {"version": "v1", "model": "ridge"}
    assert (event.after["version"], event.after["model"], event.after["plan"]) == ("v1", "ensemble", "plan")
    assert registry.promotion(desk, ANA, KEY, second).record.state == "withdrawn"
    closed = {record.id: record.closed_reason for record in desk.ledger.plans(KEY)}
    assert closed == {"plan": "ensemble of v1 was promoted", "other": None}
    with pytest.raises(InputError, match="promoted already"):
        registry.approve(desk, AUDE, KEY, first, "yes")
    with pytest.raises(InputError, match="withdrawn already"):
        registry.withdraw(desk, RITA, KEY, second, "no use")


def test_refuse_and_withdraw(desk, said):
    first = asked(desk)
    assert registry.refuse(desk, RITA, KEY, first, "the window was odd").state == "refused"
    second = asked(desk, name="again")
    with pytest.raises(NotPermitted):
        registry.withdraw(desk, AUDE, KEY, second, "mine?")
    assert registry.withdraw(desk, ANA, KEY, second, "a mistake").state == "withdrawn"
    third = asked(desk, name="third")
    assert registry.withdraw(desk, ADAM, KEY, third, "cleaning up").state == "withdrawn"
    for empty in (registry.approve, registry.refuse, registry.withdraw):
        with pytest.raises(InputError, match="A reason is needed"):
            empty(desk, RITA, KEY, third, "  ")
    assert desk.acting(KEY) == RIDGE
    assert [item.record.state for item in registry.promotions(desk, ANA, KEY)] == ["withdrawn", "withdrawn", "refused"]


def test_what_changed_meanwhile_stops_an_approval(desk, said):
    name = asked(desk)
    desk.ledger.set_alias(KEY, CHAMPION, "v0", datetime.now(UTC))
    with pytest.raises(InputError, match="was compared with ridge of v1, but ridge of v0 acts now"):
        registry.approve(desk, RITA, KEY, name, "yes")


def test_a_promotion_acts_for_the_next_row_and_file_without_a_restart(desk, said, tmp_path):
    use_case = desk.use_case(KEY)
    rows = scoring.sample_rows(desk, KEY)
    first = scoring.score_one(desk, ANA, KEY, rows[0])
    promoted(desk, OLD, "to v0")
    second = scoring.score_one(desk, ANA, KEY, rows[1])
    assert (first.version, second.version) == ("v1", "v0")
    kept = desk.log.prediction(use_case, first.prediction_id)
    assert kept["version"].to_pylist() == ["v1"] and kept["score"][0].as_py() == first.scores["ridge"]
    promoted(desk, ENSEMBLE, "to the ensemble")
    third = scoring.score_one(desk, ANA, KEY, rows[2])
    assert (third.version, third.champion, third.score) == ("v1", "ensemble", third.scores["ensemble"])
    path = tmp_path / "rows.csv"
    path.write_bytes(batches.sample_csv(desk, KEY, 50) or b"")
    job = desk.jobs.wait(batches.submit(desk, ANA, KEY, path))
    assert job.state == "done" and job.result["version"] == "v1"
    logged = desk.log.scan(use_case, ["score", "ensemble"], role="acting").slice(3)
    assert logged["score"].to_pylist() == logged["ensemble"].to_pylist()


def test_rolling_back_goes_one_champion_further_each_time(desk, said):
    with pytest.raises(NotReady, match="no former champion"):
        registry.rollback(desk, RITA, KEY, "it misbehaves")
    promoted(desk, ENSEMBLE, "one")
    promoted(desk, OLD, "two")
    with pytest.raises(NotPermitted):
        registry.rollback(desk, ANA, KEY, "it misbehaves")
    with pytest.raises(InputError, match="A reason is needed"):
        registry.rollback(desk, RITA, KEY, "")
    assert registry.rollback(desk, RITA, KEY, "it misbehaves") == ENSEMBLE == desk.acting(KEY)
    assert timeline.former(desk, KEY) == RIDGE
    assert registry.rollback(desk, RITA, KEY, "so does this one") == RIDGE == desk.acting(KEY)
    assert timeline.former(desk, KEY) is None
    event = desk.ledger.events(f"{KEY} v1", 1)[0]
    assert (event.action, event.before["model"], event.after["model"]) == ("roll back", "ensemble", "ridge")
    assert desk.ledger.verify_chain() is None


def test_a_rollback_is_one_transaction(desk, said, monkeypatch):
    promoted(desk, OLD, "one")
    before = facts(desk)
    monkeypatch.setattr(desk.ledger, "record", lambda **_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        registry.rollback(desk, RITA, KEY, "it misbehaves")
    monkeypatch.undo()
    assert facts(desk) == before
    assert desk.acting(KEY) == OLD


def test_nobody_goes_back_to_a_retired_version(desk, said):
    promoted(desk, OLD, "one")
    version_states.retire(desk, RITA, KEY, "v1", "unsafe")
    with pytest.raises(InputError, match="v1 is retired"):
        registry.rollback(desk, RITA, KEY, "it misbehaves")


def test_the_timeline_says_who_was_champion_on_any_day(desk, said, monkeypatch):
    days = [datetime(2027, 1, day, 12, tzinfo=UTC) for day in (5, 9, 12)]
    moves = [lambda: promoted(desk, ENSEMBLE, "one"), lambda: promoted(desk, OLD, "two")]
    moves.append(lambda: registry.rollback(desk, RITA, KEY, "it misbehaves"))
    for day, move in zip(days, moves, strict=True):
        monkeypatch.setattr(registry, "_now", lambda day=day: day)
        move()
    found = timeline.timeline(desk, ANA, KEY)
    assert [(reign.arm, reign.how) for reign in found] == [
        (RIDGE, "let version act"), (ENSEMBLE, "promote"), (OLD, "promote"), (ENSEMBLE, "roll back"),
    ]  # fmt: skip
    assert [reign.until for reign in found] == [*days, None]
    assert (found[1].by, found[1].role, found[1].why) == (RITA.name, "risk", "better by the plan")
    for day, arm in (("04", RIDGE), ("05", ENSEMBLE), ("08", ENSEMBLE), ("09", OLD), ("11", OLD), ("12", ENSEMBLE)):
        assert timeline.champion_on(desk, ANA, KEY, date.fromisoformat(f"2027-01-{day}")).arm == arm
    assert timeline.champion_on(desk, ANA, KEY, date(2020, 1, 1)) is None
    states = version_states.version_states(desk, ANA, KEY, date(2027, 1, 10))
    assert [(item.version, item.state.value, item.model) for item in states] == [
        ("v1", "development", ""), ("v0", "production", "ridge"),
    ]  # fmt: skip
    with pytest.raises(NotPermitted):
        timeline.timeline(desk, SAM, KEY)


def test_shadow_and_retirement_are_states_with_events(desk):
    def states() -> dict[str, str]:
        return {item.version: item.state.value for item in version_states.version_states(desk, ANA, KEY)}

    assert states() == {"v1": "production", "v0": "development"}
    version_states.start_shadow(desk, ANA, KEY, "v0", "to see")
    assert states()["v0"] == "staging" and desk.challenger_version(KEY) == "v0"
    with pytest.raises(InputError, match="already"):
        version_states.start_shadow(desk, ANA, KEY, "v0")
    with pytest.raises(InputError, match="runs in the shadow"):
        version_states.retire(desk, RITA, KEY, "v0", "old")
    version_states.stop_shadow(desk, ANA, KEY)
    with pytest.raises(InputError, match="No version runs"):
        version_states.stop_shadow(desk, ANA, KEY)
    version_states.retire(desk, RITA, KEY, "v0", "old")
    assert states()["v0"] == "retired" and version_states.is_retired(desk, KEY, "v0")
    for refused in (
        lambda: version_states.start_shadow(desk, ANA, KEY, "v0"),
        lambda: version_states.retire(desk, RITA, KEY, "v0", "again"),
        lambda: version_states.retire(desk, RITA, KEY, "v1", "acts"),
        lambda: version_states.start_shadow(desk, ANA, KEY, "v1"),
        lambda: registry.request(desk, ANA, KEY, OLD, "plan", "please"),
        lambda: version_states.unretire(desk, RITA, KEY, "v0", ""),
    ):
        with pytest.raises(InputError):
            refused()
    with pytest.raises(NotPermitted):
        version_states.unretire(desk, ANA, KEY, "v0", "please")
    with pytest.raises(UnknownName):
        version_states.retire(desk, RITA, KEY, "v9", "old")
    version_states.unretire(desk, RITA, KEY, "v0", "needed after all")
    assert states()["v0"] == "development"
    actions = [event.action for event in desk.ledger.events(f"{KEY} v0", 4)]
    assert actions == ["unretire version", "retire version", "stop shadow", "start shadow"]
    assert desk.ledger.verify_chain() is None


def test_an_asked_for_version_is_not_retired(desk, said):
    asked(desk, arm=OLD)
    with pytest.raises(InputError, match="is asked for by"):
        version_states.retire(desk, RITA, KEY, "v0", "old")


def test_risk_needs_the_roles_of_its_level():
    levels = [(0.0, 1), (0.399, 1), (0.4, 2), (0.7, 2), (0.701, 3), (1.0, 3)]
    assert [(score, len(risk.needed_roles(score))) for score, _ in levels] == levels


def test_a_day_ends_with_its_last_moment():
    day = date(2026, 3, 1)
    assert timeline.end_of(day) + timedelta(microseconds=1) == datetime(2026, 3, 2, tzinfo=UTC)


def test_figures_by_model_follow_who_acts(desk, said):
    use_case = desk.use_case(KEY)
    assert performance(desk, ANA, KEY).champion == "ridge"
    promoted(desk, ENSEMBLE, "one")
    assert acting_model(desk, use_case) == acting_model(desk, use_case, reading=False) == "ensemble"
    shown = next(case for case in overview(desk, ANA).cases if case.key == KEY)
    assert (shown.champion, shown.version) == ("ensemble", "v1")
    assert performance(desk, ANA, KEY).champion == "ensemble"
    assert model_at(desk, use_case, datetime(2020, 1, 1, tzinfo=UTC)) == "ensemble"
    began = timeline.reigns(desk, KEY)[0].since
    assert model_at(desk, use_case, began) == "ridge"


def test_reasons_of_a_logged_score_are_those_of_the_model_that_gave_it(desk, said):
    row = scoring.sample_rows(desk, KEY)[0]
    first = scoring.score_one(desk, ANA, KEY, row)
    promoted(desk, ENSEMBLE, "one")
    second = scoring.score_one(desk, ANA, KEY, scoring.sample_rows(desk, KEY)[1])
    for told, model in ((first, "ridge"), (second, "ensemble")):
        why = explain(desk, SAM, KEY, told.prediction_id)
        assert (why.model, why.score, why.recomputed.equal) == (model, told.score, True)
        assert list(why.models) == [model]


def test_a_simulated_champion_counts_while_its_history_is_there(desk):
    def told(action: str, subject: str, result: str | None, via: str, at: datetime, **facts: Any) -> None:
        desk.ledger.record(
            at=at, actor=via, role="risk", via=via, action=action, subject=subject, result=result, **facts
        )

    now = datetime.now(UTC)
    switched = now - timedelta(days=30)
    told("fill", "simulated history", "intended", "cli", now)
    told(
        "let version act", f"{KEY} v1", None, "simulated", switched,
        before={"version": "v0"}, after={"version": "v1"}, reason="simulated history",
    )  # fmt: skip
    found = timeline.reigns(desk, KEY)
    assert [(reign.arm, reign.simulated) for reign in found] == [(OLD, True), (RIDGE, True), (RIDGE, False)]
    assert found[0].until == found[1].since == switched
    assert timeline.champion_on(desk, ANA, KEY, (switched - timedelta(days=1)).date()).arm == OLD
    assert timeline.former(desk, KEY) == OLD
    told("clear", "simulated history", "intended", "cli", now)
    told("clear", "simulated history", "done", "cli", now)
    assert [reign.arm for reign in timeline.reigns(desk, KEY)] == [RIDGE]
    assert timeline.former(desk, KEY) is None


def test_the_same_row_under_another_model_of_the_version_is_another_prediction(desk, said, tmp_path):
    row = scoring.sample_rows(desk, KEY)[0]
    path = tmp_path / "rows.csv"
    path.write_bytes(batches.sample_csv(desk, KEY, 30) or b"")

    def score_file() -> dict[str, Any]:
        return dict(desk.jobs.wait(batches.submit(desk, ANA, KEY, path)).result)

    first, file = scoring.score_one(desk, ANA, KEY, row), score_file()
    assert scoring.score_one(desk, ANA, KEY, row).already and score_file()["already_scored"] == 30
    promoted(desk, ENSEMBLE, "one")
    second = scoring.score_one(desk, ANA, KEY, row)
    assert not second.already and second.prediction_id != first.prediction_id
    assert score_file()["already_scored"] == file["already_scored"] == 0
    registry.rollback(desk, RITA, KEY, "back")
    assert scoring.score_one(desk, ANA, KEY, row).prediction_id == first.prediction_id


def test_a_file_goes_on_with_the_model_it_began_with(desk, said, tmp_path):
    path = tmp_path / "rows.csv"
    path.write_bytes(batches.sample_csv(desk, KEY, 30) or b"")
    job = batches.submit(desk, ANA, KEY, path)
    desk.jobs.wait(job)
    promoted(desk, ENSEMBLE, "one")
    again = desk.jobs.submit("score file", KEY, ANA, dict(desk.ledger.job(job).spec))
    assert desk.jobs.wait(again).result["already_scored"] == 30
