"""Channels are set by role, by the policy's severities, and are tried before they are needed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from core.config import Settings
from core.domain.alert import Severity
from core.errors import InputError, NotPermitted, UnknownName
from core.services.access import LOCAL_PEOPLE, Role
from core.services.alerting import channels
from core.services.alerting.channels import Wanted
from core.services.desk import Desk, open_desk
from tests.bridges.sinks import http_sink
from tests.bridges.test_apprise import SLACK, free_port, mail_url

RISK, ANALYST, SALES = LOCAL_PEOPLE[Role.RISK], LOCAL_PEOPLE[Role.ANALYST], LOCAL_PEOPLE[Role.SALES]


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    opened = open_desk(Settings(home=tmp_path / "home"))
    yield opened
    opened.close()


def test_severities_are_the_policys(desk: Desk) -> None:
    urls = (SLACK, mail_url(25), "pagerduty://routing@api")
    found = [channels.save(desk, RISK, Wanted(url[:5], url)).severities for url in urls]
    assert found == [["warning", "critical"], ["critical"], ["critical"]]


def test_what_is_said_of_a_change(desk: Desk) -> None:
    added = channels.save(desk, RISK, Wanted("Team", SLACK))
    channels.save(desk, RISK, Wanted("Team", "jsons://crm.example/x", on=False), added.id)
    after, before = desk.ledger.events("channel Team")
    assert (before.actor, before.action, before.before) == (RISK.name, "set alert channel", None)
    assert before.after["place"] == "hooks.slack.com"
    assert (after.after["kind"], after.after["on"], after.result) == ("webhook", False, "with another address")
    channels.remove(desk, RISK, added.id)
    assert desk.ledger.events("channel Team")[0].action == "remove alert channel"
    assert channels.channels(desk, ANALYST) == []


def test_who_may(desk: Desk) -> None:
    added = channels.save(desk, RISK, Wanted("Team", SLACK))
    for refused in (
        lambda: channels.save(desk, ANALYST, Wanted("Other", SLACK)),
        lambda: channels.remove(desk, ANALYST, added.id),
        lambda: channels.test(desk, ANALYST, added.id),
        lambda: channels.channels(desk, SALES),
    ):
        with pytest.raises(NotPermitted):
            refused()


def test_what_cannot_be_saved(desk: Desk) -> None:
    channels.save(desk, RISK, Wanted("Team", SLACK))
    for wanted, said in (
        (Wanted("Team", SLACK), "already"),
        (Wanted(" ", SLACK), "0 characters"),
        (Wanted("New"), "needs an address"),
        (Wanted("New", SLACK, use_cases=[]), "no use case"),
        (Wanted("New", "ftp://tokenXYZ"), "Nothing can be sent"),
        (Wanted("New", "env:RINGSIDE_TEST_NOTHING"), "not set"),
    ):
        with pytest.raises(InputError, match=said):
            channels.save(desk, RISK, wanted)
    with pytest.raises(UnknownName):
        channels.save(desk, RISK, Wanted("New", SLACK, use_cases=["lead_scorin"]))
    with pytest.raises(UnknownName):
        channels.save(desk, RISK, Wanted("New", SLACK), "nothing")
    assert len(channels.channels(desk, RISK)) == 1


def test_an_address_in_the_environment(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    with http_sink() as sink:
        monkeypatch.setenv("RINGSIDE_TEST_URL", f"json://127.0.0.1:{sink.port}/x")
        added = channels.save(desk, RISK, Wanted("Team", "env:RINGSIDE_TEST_URL"))
        assert added.place == f"127.0.0.1:{sink.port}, from $RINGSIDE_TEST_URL"
        assert channels.test(desk, RISK, added.id).arrived
    assert not (desk.settings.data_dir / "secrets.toml").exists()


def test_a_test_message_is_marked_and_its_outcome_told(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    port = free_port()
    added = channels.save(desk, RISK, Wanted("Team", f"json://127.0.0.1:{port}"))
    assert channels.test(desk, RISK, added.id).said.startswith(f"Nothing listens at 127.0.0.1:{port}.")
    with http_sink(port=port) as sink:
        found = channels.test(desk, RISK, added.id)
    assert (found.arrived, found.said) == (True, f"127.0.0.1:{port} took the message.")
    (request,) = sink.requests
    assert request.json["title"].startswith("Test:") and request.json["moment"] == "test"
    assert desk.ledger.events("channel Team")[0].result == found.said


def test_a_test_leaves_no_incident_open(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    from apprise.plugins import pagerduty

    with http_sink(202) as sink:
        monkeypatch.setitem(pagerduty.PAGERDUTY_API_LOOKUP, "us", f"{sink.url}/v2/enqueue")
        added = channels.save(desk, RISK, Wanted("Duty", "pagerduty://routing@api"))
        assert channels.test(desk, RISK, added.id).arrived
    first, second = (request.json for request in sink.requests)
    assert (first["event_action"], second["event_action"]) == ("trigger", "resolve")
    assert first["dedup_key"] == second["dedup_key"]


def test_what_nobody_would_hear_of(desk: Desk) -> None:
    everything = ["desk", *desk.use_cases()]
    assert channels.unheard(desk, ANALYST) == {Severity.CRITICAL: everything, Severity.WARNING: everything}
    channels.save(desk, RISK, Wanted("Leads", SLACK, use_cases=["lead_scoring"]))
    channels.save(desk, RISK, Wanted("Duty", "pagerduty://routing@api"))
    rest = [name for name in everything if name != "lead_scoring"]
    assert channels.unheard(desk, ANALYST) == {Severity.WARNING: rest}
