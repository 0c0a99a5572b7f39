"""Messages arrive at real receivers on this machine; what does not is told in words without a secret."""

from __future__ import annotations

import logging
import socket
from collections.abc import Iterator
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.bridges.apprise import Kind, Message, address, send
from core.bridges.sending import NotDelivered
from core.errors import DeskError, InputError
from tests.bridges.sinks import http_sink, mail_sink

SLACK = "slack://TAAAAAAAA/BBBBBBBBB/CCCCCCCCCCCCCCCCCCCCCCCC"
MESSAGE = Message(
    title="Critical: score drift, BNPL default",
    body="PSI .31 (limit .25, n = 2,104) <a & b>.\nWhat to do: look at the drift page.",
    tone="failure",
    delivery="d1",
    thread="a1",
    link="http://127.0.0.1:8501/alerts?alert=a1",
    facts={"alert": "a1", "moment": "opened", "value": 0.31, "use_case": None},
)


@pytest.fixture
def written() -> Iterator[list[str]]:
    """Every line that reaches the log of the process (pytest's own fixture listens to the library itself)."""
    lines: list[str] = []
    handler, root = logging.Handler(logging.DEBUG), logging.getLogger()
    handler.emit = lambda record: lines.append(record.getMessage())  # type: ignore[method-assign]
    before = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    yield lines
    root.removeHandler(handler)
    root.setLevel(before)


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def mail_url(port: int, password: str = "") -> str:
    user = f"desk:{password}@" if password else ""
    return f"mailto://{user}127.0.0.1:{port}?from=desk@ringside.example&to=team@ringside.example&smtp=127.0.0.1"


def test_a_webhook_gets_words_and_facts() -> None:
    with http_sink() as sink:
        send(f"json://127.0.0.1:{sink.port}/in", MESSAGE)
    (request,) = sink.requests
    assert (request.path, request.headers["x-ringside-delivery"]) == ("/in", "d1")
    assert request.json | {"title": MESSAGE.title, "message": MESSAGE.body, "type": "failure"} == request.json
    assert request.json | dict(MESSAGE.facts) == request.json


def test_a_mail_arrives_as_plain_text() -> None:
    port = free_port()
    with mail_sink(port, "right") as sink:
        send(mail_url(port, "right"), MESSAGE)
    (mail,) = sink.mails
    assert (mail["Subject"], mail["X-Ringside-Delivery"], mail.get_content_type()) == (
        MESSAGE.title,
        "d1",
        "text/plain",
    )
    assert mail["To"] == "team@ringside.example" and "desk@ringside.example" in mail["From"]
    assert bytes(mail.get_payload(decode=True)).decode().replace("\r\n", "\n").strip() == MESSAGE.body


def test_a_wrong_password_is_told_and_not_repeated(written: list[str]) -> None:
    port = free_port()
    with mail_sink(port, "right") as sink, pytest.raises(NotDelivered) as failed:
        send(mail_url(port, "wrongPW1"), MESSAGE)
    assert f"127.0.0.1:{port} refused the user name or the password." in str(failed.value)
    assert "wrongPW1" not in str(failed.value) + "".join(written) and not sink.mails


def test_a_recipient_that_is_refused() -> None:
    port = free_port()
    with mail_sink(port) as sink, pytest.raises(NotDelivered, match=r"refused a recipient \(550\)"):
        sink.refuse.add("team@ringside.example")
        send(mail_url(port), MESSAGE)


def test_slack_gets_the_text(monkeypatch: pytest.MonkeyPatch) -> None:
    from apprise.plugins.slack import NotifySlack

    with http_sink() as sink:
        monkeypatch.setattr(NotifySlack, "webhook_url", f"{sink.url}/services")
        send(SLACK, MESSAGE)
    (request,) = sink.requests
    assert request.path == "/services/TAAAAAAAA/BBBBBBBBB/CCCCCCCCCCCCCCCCCCCCCCCC"
    (attached,) = request.json["attachments"]
    assert (
        attached["title"] == MESSAGE.title and "PSI .31" in attached["text"] and "&lt;a &amp; b&gt;" in attached["text"]
    )


def test_pagerduty_opens_one_incident_and_resolves_it(monkeypatch: pytest.MonkeyPatch) -> None:
    from apprise.plugins import pagerduty

    with http_sink(202) as sink:
        monkeypatch.setitem(pagerduty.PAGERDUTY_API_LOOKUP, "us", f"{sink.url}/v2/enqueue")
        send("pagerduty://routing@api", MESSAGE)
        send("pagerduty://routing@api", replace(MESSAGE, over=True, tone="success"))
        send("pagerduty://routing@api", replace(MESSAGE, body="x" * 3_000))
    opened, resolved, long = (request.json for request in sink.requests)
    assert len(long["payload"]["summary"]) <= 1_024
    assert (opened["event_action"], opened["dedup_key"], opened["routing_key"]) == ("trigger", "a1", "routing")
    assert opened["payload"]["severity"] == "critical"
    assert opened["payload"]["summary"].splitlines() == [MESSAGE.title, "PSI .31 (limit .25, n = 2,104) <a & b>."]
    assert opened["payload"]["custom_details"]["message"] == MESSAGE.body
    assert opened["links"] == [{"href": MESSAGE.link}] and opened["payload"]["custom_details"]["value"] == 0.31
    assert (resolved["event_action"], resolved["dedup_key"]) == ("resolve", "a1")


@pytest.mark.parametrize(
    ("status", "said"),
    [(500, "answered (500)"), (401, "refused the token"), (404, "has nothing"), (302, "sent the message on")],
)
def test_answers_in_words(status: int, said: str, written: list[str]) -> None:
    with http_sink() as other, http_sink(status) as sink, pytest.raises(NotDelivered) as failed:
        sink.location = other.url
        send(f"json://ada:pw123@127.0.0.1:{sink.port}/hidden-path?redirect=yes", MESSAGE)
    assert said in str(failed.value) and not other.requests
    assert not any(secret in str(failed.value) + "".join(written) for secret in ("pw123", "hidden-path"))


def test_nobody_there() -> None:
    port = free_port()
    for url in (f"json://127.0.0.1:{port}", mail_url(port)):
        with pytest.raises(NotDelivered, match=f"Nothing listens at 127.0.0.1:{port}"):
            send(url, MESSAGE)


def test_one_that_does_not_answer_is_not_waited_for() -> None:
    with http_sink() as sink, pytest.raises(NotDelivered, match="did not answer in time"):
        sink.pause = 0.6
        send(f"json://127.0.0.1:{sink.port}?rto=0.2", MESSAGE)


@given(
    shape=st.sampled_from(["slack://{}", "slack://T/{}/x", "https://hooks.slack.com/services/{}", "json://u:{}@h.example",
                           "mailto://u:{}@h.example", "mailtos://u:{}@", "pagerduty://{}", "pagerduty://{}@", "{}://x",
                           "jsons://u:{}@[", "json://127.0.0.1:{}", "mailto://{}?to=", "{}"]),
    text=st.text(st.characters(codec="utf-8", exclude_characters="/?#@:%[]&+ "), max_size=12),
)  # fmt: skip
def test_no_address_is_repeated(shape: str, text: str) -> None:
    url = shape.format(f"tokenXYZ{text}")
    try:
        shown = str(address(url))
    except InputError as error:
        shown = str(error)
    assert "tokenXYZ" not in shown


def test_what_is_shown_of_an_address() -> None:
    found = {
        SLACK: (Kind.SLACK, "hooks.slack.com"),
        SLACK.replace("slack://", "https://hooks.slack.com/services/"): (Kind.SLACK, "hooks.slack.com"),
        "pagerduty://routing@api": (Kind.PAGERDUTY, "events.pagerduty.com"),
        "jsons://ada:pw@crm.example:8443/path": (Kind.WEBHOOK, "crm.example:8443"),
        "mailtos://ada:pw@mail.example?to=a@b.example,c@d.example&from=x@y.example&smtp=mail.example": (
            Kind.EMAIL, "mail.example:587, 2 recipients",
        ),
    }  # fmt: skip
    assert {url: (address(url).kind, address(url).where) for url in found} == found


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("", "Nothing can be sent"),
        ("dbus://x", "Nothing can be sent"),
        ("https://example.com/services/a/b/tokenXYZ", "Nothing can be sent"),
        ("slack://tokenXYZ", "no Slack address"),
        ("pagerduty://tokenXYZ", "no PagerDuty address"),
        ("json://", "no webhook address"),
        ("mailto://", "no e-mail address"),
        ("json://crm.example/tokenXYZ", "in the clear"),
        ("mailto://ada:tokenXYZ@mail.example?to=a@b.example&smtp=mail.example&from=a@b.example", "in the clear"),
        (f"{SLACK}?template=/etc/passwd", "may not name a file"),
    ],
)
def test_what_cannot_be_used(url: str, said: str, capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(InputError, match=said) as refused:
        address(url)
    error: DeskError = refused.value
    assert "tokenXYZ" not in str(error) and error.__cause__ is None
    assert "tokenXYZ" not in "".join(capfd.readouterr())
