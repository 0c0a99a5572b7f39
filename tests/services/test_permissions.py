"""Every role at every service: refused exactly where the table says, and before anything is touched."""

from __future__ import annotations

from functools import cache

import pytest

from core.errors import NotPermitted
from core.services.access import LOCAL_PEOPLE, PERMISSIONS, SCOPES, Action, Actor, Role, may
from tests.services import called
from tests.services.called import Service

# What takes an actor and asks for no permission of its own, with the reason.
REQUIRES_NOTHING = {
    "access.may": "answers whether somebody may",
    "access.require": "is the check itself",
    "alerting/inbox.open_alerts": "shows an empty inbox to those who may not see it",
    "alerting/taking_in.take_in": "a step of alerting/engine.evaluate, which requires",
    "alerting/taking_in.write_down": "writes the event of a change that was permitted",
    "asked_once.mark_of": "makes a key of what was asked and by whom",
    "auditing/noting.downloaded": "writes the event of what somebody took along",
    "auditing/noting.exported": "writes the event of what somebody took along",
    "auditing/noting.opened": "writes the event of a record that somebody opened",
    "auditing/noting.refused": "writes the event of a refusal; its actor may be anybody",
    "commands.run": "hands over to the command, which requires",
    "comparison/experiments.write_down": "writes the event of a change that was permitted",
    "handover.hand_over": "asks the running desk, whose command requires",
    "history/building.build": "a step of the job that history/job.submit starts",
    "history/versions.former_scorer": "a step of the job that history/job.submit starts",
    "preparing.train_missing": "the first start, before anybody is there; it trains through training.train_version",
    "scanning.refuse_harmful": "turns an upload away; it lets nobody in",
    "shelf.put_on_shelf": "a step of training, adopting and importing, which require",
    "training.shelve": "a step of training and retraining, which require",
}
METHODS = {
    "jobs.Jobs.submit": "the queue beneath the services that require",
    "scheduling/scheduler.Scheduler.ask": "runs a task through scheduling/running.begin, which requires",
}
# What a function requires by the value that it is given; a stand-in has one value.
BY_VALUE = {"training.train_version": {Action.TRAIN, Action.ADOPT}}
SEEING = {
    Action.SEE,
    Action.EXPLAIN,
    Action.SEE_MODELS,
    Action.SEE_CASES,
    Action.SEE_GROUPS,
    Action.SEE_SERVICE,
    Action.SEE_AUDIT,
    Action.SEE_ADMIN,
    Action.DOWNLOAD,
    Action.EXPORT_AUDIT,
    Action.READ_METRICS,
}
# What writes an event of somebody having seen or taken along, and changes nothing else.
ONLY_NOTES = {
    "auditing/recomputing.recompute": "that a score was made again, and whether it is equal",
    "auditing/recomputing.sample": "that scores were made again, and how many are equal",
    "auditing/verifying.verify": "that the chain was checked, and whether it holds",
    "comparison/fairness_report.taken_along": "a report by group that somebody takes along",
}
FOUND = {service.name: service for service in called.services()}


@cache
def required(name: str, everything: bool = False) -> frozenset[Action]:
    return FOUND[name].required(everything)


def refused(service: Service, actor: Actor) -> bool:
    """Whether it refuses; that the desk was not touched before follows from `called.OutOfReach`."""
    try:
        service.call(actor)
    except NotPermitted:
        return True
    return False


@pytest.mark.parametrize("name", FOUND)
def test_nothing_that_may_be_left_out_comes_before_the_check(name: str) -> None:
    assert required(name, everything=True) >= required(name)


def test_the_services_are_found() -> None:
    assert {"scoring.score_one", "governing/registry.approve", "batches.void", "adopt_job.preview"} <= set(FOUND)
    assert len(FOUND) > 150


@pytest.mark.parametrize("name", FOUND)
def test_every_service_requires_an_action_before_it_touches_anything(name: str) -> None:
    if name in REQUIRES_NOTHING:
        assert required(name) == frozenset(), f"{name} requires {required(name)}; take it off REQUIRES_NOTHING"
        return
    assert required(name), f"{name} takes an actor and requires nothing of them before it touches the desk"
    allowed = BY_VALUE.get(name, set())
    always = {Action[action] for action in FOUND[name].always_asks} - allowed
    assert always <= required(name), f"{name} requires {always} too late"
    asked = {Action[action] for action in FOUND[name].asks} - allowed
    assert asked <= required(name, everything=True), f"{name} requires {asked} too late"


@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize("name", FOUND)
def test_a_role_is_refused_exactly_where_the_table_says(name: str, role: Role) -> None:
    allowed = all(role in PERMISSIONS[action] for action in required(name))
    assert refused(FOUND[name], LOCAL_PEOPLE[role]) is not allowed


@pytest.mark.parametrize("scope", SCOPES)
@pytest.mark.parametrize("name", FOUND)
def test_a_token_reaches_what_its_scope_and_its_role_both_allow(name: str, scope: str) -> None:
    for role in (Role.ADMIN, Role.SALES):
        token = Actor("A program", role, "api", SCOPES[scope])
        allowed = all(may(token, action) for action in required(name))
        assert refused(FOUND[name], token) is not allowed


def test_a_method_that_takes_an_actor_is_known() -> None:
    assert set(called.methods()) == set(METHODS)


def test_what_changes_something_requires_more_than_to_see() -> None:
    changing = {service.name for service in FOUND.values() if service.writes} - set(REQUIRES_NOTHING)
    assert {name for name in changing if required(name) <= SEEING} == set(ONLY_NOTES)


def test_every_action_is_required_somewhere() -> None:
    assert {action.name for action in set(Action)} - called.actions_asked() == set()


def test_a_function_that_forgets_or_comes_late_is_found_out() -> None:
    forgets = Service("x.forgets", "tests.services.called", "forgets", frozenset(), frozenset(), False)
    forgets.__dict__["callable"] = lambda desk, actor, key: desk.ledger.events()
    late = Service("x.late", "tests.services.called", "late", frozenset({"SEE"}), frozenset({"SEE"}), False)
    late.__dict__["callable"] = lambda desk, actor, key: (desk.use_case(key), access_require(actor))
    assert forgets.required() == late.required() == frozenset()


def access_require(actor: Actor) -> None:
    from core.services.access import require

    require(actor, Action.SEE)


def test_the_table_itself() -> None:
    assert set(PERMISSIONS) == set(Action)
    assert all(Role.ADMIN in roles for roles in PERMISSIONS.values())
    auditor = {action for action, roles in PERMISSIONS.items() if Role.AUDITOR in roles}
    assert auditor - SEEING == {Action.APPROVE, Action.EXPORT_ENTITY}, "an auditor changes nothing of the desk"
    sales = {action for action, roles in PERMISSIONS.items() if Role.SALES in roles}
    assert sales & SEEING == {Action.SEE, Action.EXPLAIN, Action.SEE_CASES, Action.DOWNLOAD}
    alone = {Action.MANAGE_PEOPLE, Action.MANAGE_TOKENS, Action.BACK_UP, Action.RESTORE, Action.ERASE_ENTITY}
    assert all(PERMISSIONS[action] == {Role.ADMIN} for action in alone)
    assert not any(alone & actions for actions in SCOPES.values()), "no token manages people, tokens or backups"
