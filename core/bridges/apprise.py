"""Messages to people: Slack, e-mail, PagerDuty and webhooks, by the apprise library; loaded when one is sent.

An address is a secret: it holds tokens and passwords. What is shown, kept in events or raised from here names its kind
and its host, never more; the library's own log lines, which quote addresses and answers, are read for the cause of a
failure and go nowhere else.
"""

from __future__ import annotations

import logging
import re
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any
from urllib.parse import parse_qs, urlsplit

from core.bridges.sending import DELIVERY, NotDelivered, is_loopback
from core.errors import InputError

TIMEOUT = 30.0  # seconds for one message, all in all


class Kind(StrEnum):
    """Where messages go."""

    SLACK = "Slack"
    EMAIL = "e-mail"
    PAGERDUTY = "PagerDuty"
    WEBHOOK = "webhook"


SCHEMES = {
    "slack": Kind.SLACK,
    "mailto": Kind.EMAIL,
    "mailtos": Kind.EMAIL,
    "pagerduty": Kind.PAGERDUTY,
    "json": Kind.WEBHOOK,
    "jsons": Kind.WEBHOOK,
}
EXAMPLES = {
    Kind.SLACK: "https://hooks.slack.com/services/T…/B…/… or slack://T…/B…/…",
    Kind.EMAIL: "mailtos://user:password@host?smtp=server&from=desk@host&to=team@host",
    Kind.PAGERDUTY: "pagerduty://integration-key@api-key",
    Kind.WEBHOOK: "jsons://host/path",
}
_FIXED_HOST = {Kind.SLACK: "hooks.slack.com", Kind.PAGERDUTY: "events.pagerduty.com"}
_FILES = {"template", "pgpkey", "attach"}  # what would read a file of this machine into a message


@dataclass(frozen=True)
class Address:
    """What may be shown of an address: its kind, and host (and port) or how many people get a mail."""

    kind: Kind
    where: str


@dataclass(frozen=True)
class Message:
    """One message.

    Attributes
    ----------
    tone : {"info", "success", "warning", "failure"}
    delivery : str
        The same for every try of it, so that a receiver takes it once.
    thread : str
        The same for every message about one thing: PagerDuty keeps one incident for it.
    over : bool
        Whether that thing is over: PagerDuty resolves its incident.
    link : str
    facts : mapping
        Plain values, for receivers that are programs.
    """

    title: str
    body: str
    tone: str
    delivery: str
    thread: str
    over: bool = False
    link: str = ""
    facts: Mapping[str, Any] = field(default_factory=dict)


def address(url: str) -> Address:
    """What an address is, as it may be shown.

    Raises
    ------
    InputError
        Nothing can be sent there, or a password would cross the network in the clear.
    """
    plugin, kind = _plugin(url)
    where = _FIXED_HOST.get(kind) or f"{plugin.host}{f':{plugin.port}' if plugin.port else ''}"
    host = plugin.host
    if kind is Kind.EMAIL:
        n = len(plugin.targets)
        where, host = f"{plugin.smtp_host}:{plugin.port}, {n} recipient{'s' if n != 1 else ''}", plugin.smtp_host
    if not is_loopback(host) and _in_the_clear(kind, plugin):
        use = "mailtos" if kind is Kind.EMAIL else "jsons"
        raise InputError(f"What goes to {host} would cross the network in the clear.", f"Use {use}:// instead.")
    return Address(kind, where)


def send(url: str, message: Message) -> None:
    """Send one message, once.

    Raises
    ------
    NotDelivered
        Why, in words without secrets; lasting where some of several recipients have it.
    InputError
        As `address`.
    """
    shown = address(url)
    plugin, kind = _plugin(url)
    _dress(plugin, kind, message)
    with _library() as apprise:
        sender = apprise.Apprise(asset=plugin.asset)
        sender.add(plugin)
        with sender.notify(
            body=message.body.partition("\n")[0] if kind is Kind.PAGERDUTY else message.body,
            title=message.title,
            notify_type=message.tone,
            body_format=apprise.NotifyFormat.TEXT,
            log_level=logging.DEBUG,
        ) as result:
            if result:
                return
            late = result.timeout_count > 0
            lines = [entry.message for entry in result.logs()]
    happened, todo = _words(shown, "timed out" if late else " ".join(lines))
    taken = sum(line.startswith("Sent ") for line in lines)
    if taken:  # to try again would tell those twice
        some = f"{taken} recipient{'s' if taken != 1 else ''} took the message, not all."
        raise NotDelivered(f"{some} {happened}", todo, lasting=True)
    raise NotDelivered(happened, todo, lasting=False)


@contextmanager
def _library() -> Iterator[Any]:
    """apprise, its log lines kept from every other log."""
    quiet = logging.getLogger("apprise")
    if quiet.propagate:
        quiet.propagate = False
        quiet.addHandler(logging.NullHandler())
        quiet.setLevel(logging.DEBUG)  # its causes of failure are debug lines
        logging.getLogger("urllib3.connectionpool").setLevel(logging.INFO)  # below that it writes paths, tokens in them
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # its mail part tries a module that Python 3.13 dropped
        import apprise
        import apprise.plugins.email
    yield apprise


def _plugin(url: str) -> tuple[Any, Kind]:
    """The library's object for an address; nothing of it in any error."""
    with _library() as apprise:
        from apprise.plugins.custom_json import NotifyJSON
        from apprise.plugins.email import NotifyEmail
        from apprise.plugins.pagerduty import NotifyPagerDuty
        from apprise.plugins.slack import NotifySlack

        scheme = _scheme(url)
        kind = Kind.SLACK if scheme == "https" else SCHEMES[scheme]
        makers = (NotifySlack, NotifyEmail, NotifyPagerDuty, NotifyJSON)
        maker: Any = dict(zip(Kind, makers, strict=True))[kind]
        asset = apprise.AppriseAsset(
            app_id="Ringside",
            app_desc="Ringside",
            app_url="",
            storage_mode="memory",
            http_redirects=False,
            async_mode=False,
            service_timeout=TIMEOUT,
        )
        try:
            parts = maker.parse_native_url(url) if scheme == "https" else maker.parse_url(url)
            plugin = maker(**parts, asset=asset) if parts else None
        except (apprise.exception.AppriseException, TypeError, ValueError, AttributeError, LookupError):
            plugin = None  # their texts hold the token
    if plugin is None or (kind is Kind.EMAIL and not plugin.targets):
        raise InputError(f"This is no {kind.value} address.", f"It looks like {EXAMPLES[kind]}")
    plugin.redirects = False  # an address may ask for them; what is meant for one host is not handed to another
    return plugin, kind


def _scheme(url: str) -> str:
    try:
        parts = urlsplit(url)
        scheme, asked = parts.scheme.lower(), set(parse_qs(parts.query, keep_blank_values=True))
    except ValueError:
        scheme, asked = "", set()
    slack = scheme == "https" and parts.hostname in ("hooks.slack.com", "hooks.slack-gov.com")
    if scheme not in SCHEMES and not slack:
        shapes = "; ".join(f"{kind.value}: {text}" for kind, text in EXAMPLES.items())
        raise InputError("Nothing can be sent to an address like this.", f"It takes one of these. {shapes}.")
    if asked & _FILES:
        raise InputError(f"An address may not name a file ({', '.join(sorted(asked & _FILES))}).", "Leave it out.")
    return scheme


def _in_the_clear(kind: Kind, plugin: Any) -> bool:
    """Whether what is secret is readable on the way; a mail relay that asks for no password has no secret."""
    if kind is Kind.EMAIL:
        return bool(plugin.password) and plugin.secure_mode == "insecure"
    return kind is Kind.WEBHOOK and not plugin.secure


def _dress(plugin: Any, kind: Kind, message: Message) -> None:
    """What a kind of message carries besides its text."""
    plugin.include_image = False  # it would be fetched from another host
    if kind in (Kind.EMAIL, Kind.WEBHOOK):
        plugin.headers[DELIVERY] = message.delivery
    if kind is Kind.WEBHOOK:
        plugin.payload_extras.update(message.facts)
    if kind is Kind.PAGERDUTY:
        plugin.dedup, plugin.click = message.thread, message.link or None
        plugin.details.update({name: value for name, value in message.facts.items() if value is not None})
        plugin.details["message"] = message.body  # its summary is one line, at most 1,024 characters
        plugin.overflow_mode = "truncate"
        plugin.action = "resolve" if message.over else "trigger"


_CAUSES = (  # in this order: a sign in the library's lines, what happened, what to do
    (
        r"certificate verify failed|CERTIFICATE_VERIFY",
        "The certificate of {where} could not be verified",
        "It takes one that this machine trusts.",
    ),
    (r"\(535|authentication|Username and Password", "{where} refused the user name or the password", "Correct them."),
    (r"STARTTLS extension not supported", "{where} offers no secure connection", "Check its port and mode."),
    (r"AUTH extension not supported", "{where} takes no password", "Leave it out, or use mailtos://."),
    (r"Connection refused|Errno 111", "Nothing listens at {where}", "Check the port, or start the server."),
    (
        r"getaddrinfo|Name or service|NameResolution|No address associated",
        "There is no host {where}",
        "Check the address.",
    ),
    (r"timed out|timeout", "{where} did not answer in time", "Look whether it is up."),
    (r"WRONG_VERSION_NUMBER|SSLError|\[SSL", "No secure connection to {where} could be made", "Check port and mode."),
)
_STATUS = re.compile(r"error=(\d{3})\b")
_SMTP = re.compile(r"was refused: (\d{3})|\((\d{3}), b['\"]")
_REFUSED = {
    401: "refused the token or password",
    403: "refused the token or password",
    404: "has nothing at this address",
    410: "has nothing at this address any more",
    429: "gets too many messages",
}


def _words(shown: Address, told: str) -> tuple[str, str]:
    """What happened and what to do, by the signs in the library's lines; none of them is quoted."""
    where = shown.where.partition(",")[0]
    if found := _STATUS.search(told):
        status = int(found[1])
        if 300 <= status < 400:
            return f"{where} sent the message on to another address ({status}).", "Give that address if it is right."
        return f"{where} {_REFUSED.get(status, 'answered')} ({status}).", "Check the address." if status < 500 else ""
    for sign, happened, todo in _CAUSES:
        if re.search(sign, told, re.IGNORECASE):
            return f"{happened.format(where=where)}.", todo
    if found := _SMTP.search(told):
        code = found[1] or found[2]
        what = "refused a recipient" if found[1] or "5.1.1" in told else "refused the mail"
        return f"{where} {what} ({code}).", "Check the addresses of sender and recipients."
    return f"{where} did not take the message.", "Test the channel, or look into the receiver's log."
