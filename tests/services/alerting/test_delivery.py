"""An alert reaches people once per channel and step, at real receivers; what fails is tried again until it arrives."""

from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from core.config import Settings
from core.domain.alert import Severity
from core.errors import InputError, NotPermitted, UnknownName
from core.services.access import LOCAL_PEOPLE, Role
from core.services.alerting import channels, delivery
from core.services.alerting.channels import Wanted
from core.services.alerting.delivery_task import RETRY
from core.services.alerting.message import Moment, compose
from core.services.desk import Desk, open_desk
from core.store.ledger_alert_tables import AlertRecord
from core.store.ledger_channels import ChannelRecord, DeliveryRecord
from tests.bridges.sinks import HttpSink, http_sink, mail_sink
from tests.bridges.test_apprise import free_port, mail_url

RISK, ANALYST, SALES = LOCAL_PEOPLE[Role.RISK], LOCAL_PEOPLE[Role.ANALYST], LOCAL_PEOPLE[Role.SALES]
NOW = datetime.now(UTC) - timedelta(seconds=5)  # the thread that sends has the clock of the machine
ALERT = AlertRecord(
    id="a1", rule="rejects", subject="lead_scoring", about="", severity="warning", state="open",
    sentence="8.0% of 2,104 rows were rejected (95 % 6.9% to 9.2%; limit 5%).", value=0.08, limit=0.05, n=2_104,
    opened_at=NOW, last_seen=NOW,
)  # fmt: skip
SECRET = "token-in-path"


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    opened = open_desk(Settings(home=tmp_path / "home", url="https://desk.example"))
    yield opened
    opened.close()


def add(desk: Desk, port: int, name: str = "CRM", **wanted: object) -> ChannelRecord:
    address = f"json://127.0.0.1:{port}/{SECRET}"
    return channels.save(desk, RISK, Wanted(name, address, **wanted), now=NOW - timedelta(days=1))  # type: ignore[arg-type]


def told(sink: HttpSink) -> list[tuple[str, str]]:
    return [(request.json["moment"], request.json.get("severity", "")) for request in sink.requests]


def announce(desk: Desk, alert: AlertRecord, now: datetime = NOW) -> int:
    """Written down, and sent behind our back."""
    new = delivery.announce(desk, alert, now)
    desk.courier.wait()
    return new


def test_every_step_is_told_once(desk: Desk) -> None:
    critical = replace(ALERT, severity="critical", count=3)
    over = replace(critical, state="closed", closed_at=NOW, closed_by="Ringside", closed_reason="2 looks in order.")
    with http_sink() as sink:
        add(desk, sink.port)
        for alert in (ALERT, ALERT, critical, critical, over, over):
            announce(desk, alert)
        assert delivery.retry(desk, NOW).said == "Nothing to send."
    assert told(sink) == [("opened", "warning"), ("raised", "critical"), ("closed", "critical")]
    first, second, third = (request.json for request in sink.requests)
    assert first["title"] == "Warning: Rejected rows, Lead scoring"
    assert ALERT.sentence in first["message"] and "What to do: Open the last upload" in first["message"]
    assert first["link"] == "https://desk.example/alerts?use_case=lead_scoring&alert=a1"
    assert first["link"] in first["message"] and (first["value"], first["limit"], first["n"]) == (0.08, 0.05, 2_104)
    assert second["title"] == "Now critical: Rejected rows, Lead scoring"
    assert third["title"] == "Over: Rejected rows, Lead scoring" and "2 looks in order" in third["message"]
    assert len({request.headers["x-ringside-delivery"] for request in sink.requests}) == 3


def test_a_sink_that_is_down_gets_it_once_when_it_is_up_again(desk: Desk) -> None:
    port, at = free_port(), NOW
    add(desk, port)
    announce(desk, ALERT)
    for minutes in (1, 5, 15):
        (waiting,) = delivery.deliveries(desk, ANALYST)
        assert waiting.state == "pending" and f"Nothing listens at 127.0.0.1:{port}" in str(waiting.last_error)
        due = waiting.next_try_at
        assert due is not None
        assert delivery.retry(desk, due - timedelta(seconds=1)).waiting == 1, "not before its time"
        at = due
        if minutes != 15:
            assert delivery.retry(desk, at).put_off == 1
            (waiting,) = delivery.deliveries(desk, ANALYST)
            assert waiting.next_try_at == at + timedelta(minutes={1: 5, 5: 15}[minutes])
    with http_sink(port=port) as sink:
        assert RETRY.run(desk, at)["sent"] == 1
        assert RETRY.run(desk, at + timedelta(days=2))["found"] == 0
    assert told(sink) == [("opened", "warning")]
    (sent,) = delivery.deliveries(desk, ANALYST)
    assert (sent.state, sent.tries, sent.last_error, sent.next_try_at) == ("sent", 4, None, None)


def test_it_survives_a_restart(desk: Desk, tmp_path: Path) -> None:
    port = free_port()
    add(desk, port)
    announce(desk, ALERT)
    desk.close()
    with http_sink(port=port) as sink:
        again = open_desk(Settings(home=tmp_path / "home"))
        assert delivery.retry(again, NOW + timedelta(days=1)).sent == 1
        again.close()
    assert len(sink.requests) == 1


def test_what_was_opened_but_not_announced_is_made_up_for(desk: Desk) -> None:
    with http_sink() as sink:
        add(desk, sink.port)
        desk.ledger.add_alert(ALERT)
        desk.ledger.add_alert(replace(ALERT, id="a0", about="old", opened_at=NOW - timedelta(days=2)))
        desk.ledger.add_alert(replace(ALERT, id="a2", about="drawn", simulated=True))
        assert delivery.retry(desk, NOW).sent == 1
        assert delivery.retry(desk, NOW).sent == 0
    assert [request.json["alert"] for request in sink.requests] == ["a1"], "not what is older than the channel"


def test_a_rise_and_an_end_that_were_not_announced_are_made_up_for(desk: Desk) -> None:
    with http_sink() as sink:
        add(desk, sink.port)
        desk.ledger.add_alert(ALERT)
        announce(desk, ALERT)
        desk.ledger.change_alert("a1", severity="critical", count=2)
        assert delivery.retry(desk, NOW).sent == 1
        desk.ledger.change_alert("a1", state="closed", closed_at=NOW, closed_by="Ringside")
        assert delivery.retry(desk, NOW).sent == 1
        assert delivery.retry(desk, NOW).sent == 0
    assert told(sink) == [("opened", "warning"), ("raised", "critical"), ("closed", "critical")]


def test_two_processes_send_once(desk: Desk, tmp_path: Path) -> None:
    other = open_desk(Settings(home=tmp_path / "home"))
    with http_sink() as sink:
        add(desk, sink.port)
        for number in range(6):
            desk.ledger.add_alert(replace(ALERT, id=f"a{number}", about=str(number)))
        with ThreadPoolExecutor(4) as pool:
            made = list(pool.map(lambda opened: delivery.retry(opened, NOW), [desk, other, desk, other]))
        while delivery.retry(desk, NOW).sent:
            pass
    other.close()
    assert sum(item.sent for item in made) <= 6
    assert sorted(request.json["alert"] for request in sink.requests) == sorted(f"a{n}" for n in range(6))


def test_it_gives_up_after_a_day_and_can_be_asked_again(desk: Desk) -> None:
    with http_sink(500) as sink:
        add(desk, sink.port)
        announce(desk, ALERT)
        for _ in range(delivery.TRIES - 1):
            (waiting,) = delivery.deliveries(desk, ANALYST)
            assert waiting.next_try_at is not None
            made = delivery.retry(desk, waiting.next_try_at)
        assert made.given_up == 1 and len(sink.requests) == delivery.TRIES
        (failed,) = delivery.deliveries(desk, ANALYST)
        assert (failed.state, failed.next_try_at, failed.tries) == ("failed", None, delivery.TRIES)
        assert f"127.0.0.1:{sink.port} answered (500)." in str(failed.last_error)
        assert failed.tried_at is not None and failed.tried_at - failed.created_at > timedelta(days=1)
        sink.answers = [200]
        with pytest.raises(NotPermitted):
            delivery.try_again(desk, SALES, failed.key)
        delivery.try_again(desk, ANALYST, failed.key)
        desk.courier.wait()
    (sent,) = delivery.deliveries(desk, ANALYST)
    assert sent.state == "sent"
    with pytest.raises(InputError, match="arrived already"):
        delivery.try_again(desk, ANALYST, failed.key)
    with pytest.raises(UnknownName):
        delivery.try_again(desk, ANALYST, "nothing")


def test_messages_about_one_alert_keep_their_order(desk: Desk) -> None:
    """An incident must not be opened after it was resolved."""
    port = free_port()
    add(desk, port)
    announce(desk, ALERT)
    with http_sink(port=port) as sink:
        announce(desk, replace(ALERT, state="closed", closed_at=NOW))
        assert not sink.requests, "what is over waits for what was opened"
        assert delivery.retry(desk, datetime.now(UTC) + timedelta(days=1)).sent == 2
    assert [moment for moment, _ in told(sink)] == ["opened", "closed"]


def test_one_channel_that_is_down_holds_no_other_up(desk: Desk) -> None:
    with http_sink() as sink:
        add(desk, free_port(), "Down")
        add(desk, sink.port, "Up")
        assert announce(desk, ALERT) == 2
    counts = desk.ledger.delivery_counts()
    assert sorted(state for _, state in counts) == ["pending", "sent"] and len(sink.requests) == 1


def test_who_is_told_of_what(desk: Desk) -> None:
    with http_sink() as sink:
        add(desk, sink.port, "All")
        add(desk, sink.port, "Leads", use_cases=["lead_scoring"], severities=[Severity.CRITICAL])
        add(desk, sink.port, "Off", on=False)
        assert announce(desk, ALERT) == 1, "a warning"
        assert announce(desk, replace(ALERT, severity="critical", count=2)) == 2
        assert announce(desk, replace(ALERT, id="a2", subject="desk", severity="critical")) == 1, "of the desk itself"
        assert announce(desk, replace(ALERT, id="a3", severity="info")) == 0, "the page only"
        assert announce(desk, replace(ALERT, id="a4", simulated=True)) == 0
        assert announce(desk, replace(ALERT, id="a5", state="closed")) == 0, "nobody was told of it"


def test_a_mail_and_its_wrong_password(desk: Desk) -> None:
    port = free_port()
    critical = replace(ALERT, severity="critical")
    with mail_sink(port, "right") as sink:
        added = channels.save(desk, RISK, Wanted("Mail", mail_url(port, "wrongPW")), now=NOW)
        announce(desk, critical)
        (waiting,) = delivery.deliveries(desk, ANALYST)
        assert "refused the user name or the password" in str(waiting.last_error) and not sink.mails
        changed = channels.save(desk, RISK, Wanted("Mail", mail_url(port, "right")), added.id, now=NOW)
        assert changed.secret != added.secret
        assert delivery.retry(desk, NOW + timedelta(days=1)).sent == 1
    (mail,) = sink.mails
    assert mail["Subject"] == "Critical: Rejected rows, Lead scoring"
    assert "limit 5%" in bytes(mail.get_payload(decode=True)).decode()


def test_who_has_a_mail_does_not_get_it_again_because_another_was_refused(desk: Desk) -> None:
    port = free_port()
    both = mail_url(port).replace("team@ringside.example", "team@ringside.example,gone@ringside.example")
    with mail_sink(port) as sink:
        sink.refuse.add("gone@ringside.example")
        channels.save(desk, RISK, Wanted("Mail", both), now=NOW)
        announce(desk, replace(ALERT, severity="critical"))
        assert delivery.retry(desk, NOW + timedelta(days=1)).said == "Nothing to send."
    (failed,) = delivery.deliveries(desk, ANALYST)
    assert (failed.state, len(sink.mails)) == ("failed", 1)
    assert "1 recipient took the message, not all" in str(failed.last_error)
    assert "refused a recipient (550)" in str(failed.last_error)


def test_a_channel_that_went_away_ends_its_deliveries(desk: Desk) -> None:
    added = add(desk, free_port())
    announce(desk, ALERT)
    channels.remove(desk, RISK, added.id)
    assert delivery.retry(desk, NOW + timedelta(days=1)).given_up == 1
    (failed,) = delivery.deliveries(desk, ANALYST)
    assert (failed.state, failed.last_error) == ("failed", "The channel was removed.")


def test_the_address_is_nowhere_but_in_its_file(desk: Desk, tmp_path: Path) -> None:
    with http_sink(500) as sink:
        added = add(desk, sink.port)
        channels.test(desk, RISK, added.id)
        announce(desk, ALERT)
    channels.save(desk, RISK, Wanted("Renamed"), added.id)
    channels.remove(desk, RISK, added.id)
    said = json.dumps([str(event) for event in desk.ledger.events()]) + str(delivery.deliveries(desk, ANALYST))
    assert SECRET not in said and added.secret not in said
    data = tmp_path / "home" / "data"
    assert SECRET not in (data / "secrets.toml").read_text(), "a removed channel's address is forgotten"
    for path in data.glob("ledger*"):
        assert SECRET.encode() not in path.read_bytes()


def test_what_cannot_be_announced_holds_nothing_up(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    with http_sink() as sink:
        add(desk, sink.port)
        desk.ledger.add_alert(ALERT)
        monkeypatch.setattr(desk.ledger, "add_deliveries", lambda rows: 1 / 0)
        assert announce(desk, ALERT) == 0
        monkeypatch.undo()
        assert delivery.retry(desk, NOW).sent == 1


def test_the_engine_tells_and_whoever_closes_tells(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    from core.domain.alert import Reading, State, Terms
    from core.services.alerting import engine, inbox, rule

    found = Reading(State.BREACH, "2.0% of 500 requests failed (limit 1%).", 0.02, 0.01, 500, Severity.CRITICAL)
    own = rule.Rule("error rate", "Errors", "desk", Terms(), "Read the log.", lambda *_: [found])
    monkeypatch.setattr(rule.importlib, "import_module", lambda name: type("module", (), {"RULE": own}))
    monkeypatch.setattr(rule.pkgutil, "iter_modules", lambda path: [type("found", (), {"name": "own"})])
    rule.rules.cache_clear()
    with http_sink() as sink:
        add(desk, sink.port)
        (opened,) = engine.evaluate(desk, NOW, RISK).opened
        desk.courier.wait()
        inbox.close(desk, RISK, opened.id, "Ada Lovelace called; a test.")
        desk.courier.wait()
    rule.rules.cache_clear()
    first, second = (request.json for request in sink.requests)
    assert (first["title"], first["use_case"]) == ("Critical: Errors, the desk itself", None)
    assert first["link"] == f"https://desk.example/alerts?alert={opened.id}"
    assert second["title"] == "Over: Errors, the desk itself" and "Ada" not in str(second)


def test_who_dies_while_sending_is_followed_by_another(desk: Desk) -> None:
    with http_sink() as sink:
        add(desk, sink.port)
        desk.ledger.add_deliveries(delivery_rows(desk))
        (row,) = desk.ledger.deliveries()
        assert desk.ledger.claim_delivery(row, NOW, NOW + delivery.WAITS[0]), "and dies"
        assert delivery.deliver(desk, NOW).waiting == 1
        assert delivery.deliver(desk, NOW + delivery.WAITS[0]).sent == 1
    assert len(sink.requests) == 1


def delivery_rows(desk: Desk) -> list[DeliveryRecord]:
    (channel,) = desk.ledger.channels()
    message = compose(desk, ALERT, Moment.OPENED)
    return [DeliveryRecord("k", "a1", channel.id, "opened", "warning", message, NOW, next_try_at=NOW)]
