"""Loggers of the desk: what they write names places in the code, never what a customer's row holds, nor a secret.

Lines are text by default. Where `start("json")` was called, every stream handler of the process writes one JSON object
per line instead, the web server's and the page server's as well.
"""

from __future__ import annotations

import json
import logging
import re
import sys
import threading
import traceback
from collections.abc import Callable, Mapping
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Any

_QUOTED = re.compile(r"""(?P<quote>['"])(?P<text>.*?)(?P=quote)""", re.DOTALL)
_NAME = re.compile(r"[a-z_][a-z0-9_.]{0,60}")  # of a column, a file or a function; people's values look otherwise
_DIGITS = re.compile(r"\d{3,}")
HIDDEN = "…"

_SECRETS = (
    (re.compile(r"(?i)\b((?:set-)?cookie|(?:proxy-)?authorization)(['\"]?\s*[:=]\s*)[^\n]+"), rf"\1\2{HIDDEN}"),
    (re.compile(r"(?i)\b(bearer|basic)\s+[a-z0-9._~+/=-]{6,}"), rf"\1 {HIDDEN}"),
    (
        re.compile(
            r"(?i)\b([a-z_-]*(?:password|passwd|secret|token|api[_-]?key))"
            r"(['\"]?\s*[:=]\s*)(?:'[^']*'|\"[^\"]*\"|[^\s,;&)\]}]+)"
        ),
        rf"\1\2{HIDDEN}",
    ),
    (re.compile(r"://[^\s/@]+@"), f"://{HIDDEN}@"),  # who signs in at an address, and with what
    (re.compile(r"\brs_[A-Za-z0-9_-]{6,}"), HIDDEN),  # the desk's own tokens
    (re.compile(r"\beyJ[\w-]{6,}\.[\w-]+(?:\.[\w-]*)?"), HIDDEN),  # a signed token of an identity provider
    (re.compile(r"\$argon2[^\s'\"]+"), HIDDEN),
    (re.compile(r"(?s)\[parameters: .*?\](?=\n|$)"), f"[parameters: {HIDDEN}]"),  # what a statement was to write
)

Facts = Mapping[str, Any]

# What is known of the request that is being answered; asked when a line is written, because who sends it is found
# out on the way.
REQUEST: ContextVar[Callable[[], Facts] | None] = ContextVar("ringside_request", default=None)


def logger(name: str) -> logging.Logger:
    """The logger of a room; the messages of exceptions that it writes are stripped of values."""
    found = logging.getLogger(f"ringside.{name}" if name else "ringside")
    if not any(isinstance(item, _Discreet) for item in found.filters):
        found.addFilter(_Discreet())
    return found


class _Discreet(logging.Filter):
    """Replaces the text of an exception: its frames and its kind stay, values in its message and secrets do not."""

    def filter(self, record: logging.LogRecord) -> bool:
        if record.exc_info and record.exc_info[1] is not None:
            record.exc_text = discreet_trace(record.exc_info[1])
            record.failure = _failure(record.exc_info[1])
            record.exc_info = None
        try:
            said = record.getMessage()
        except (TypeError, ValueError):  # arguments that do not fit: the handler says so
            return True
        record.msg, record.args = without_secrets(said), ()
        return True


def discreet_trace(error: BaseException) -> str:
    """The traceback of an error and of what caused it, with `discreet` messages."""
    parts = []
    cause: BaseException | None = error
    while cause is not None:
        frames = "".join(traceback.format_tb(cause.__traceback__))
        parts.append(f"Traceback (most recent call last):\n{frames}{type(cause).__qualname__}: {discreet(str(cause))}")
        cause = cause.__cause__ or (None if cause.__suppress_context__ else cause.__context__)
    return "\n\nThe error above came of this one:\n\n".join(parts)


def discreet(text: str) -> str:
    """A message without the values that libraries quote in theirs, and without secrets; names of columns stay.

    >>> discreet("Could not convert string 'Ada Lovelace' to INT32 in column 'customer_age', row 1234567")
    "Could not convert string '…' to INT32 in column 'customer_age', row …"
    """
    text = without_secrets(text)
    kept = _QUOTED.sub(lambda match: match[0] if _NAME.fullmatch(match["text"]) else f"'{HIDDEN}'", text)
    return _DIGITS.sub(HIDDEN, kept)


def without_secrets(text: str) -> str:
    """A text without passwords, tokens and cookies.

    >>> without_secrets("no route to postgresql://desk:hunter2@db/ringside, Authorization: Bearer rs_abcdefgh")
    'no route to postgresql://…@db/ringside, Authorization: …'
    >>> without_secrets("password='x y', 3 tokens made")
    'password=…, 3 tokens made'
    """
    for pattern, instead in _SECRETS:
        text = pattern.sub(instead, text)
    return text


_json = False


def writes_json() -> bool:
    """Whether lines are JSON objects, and requests are logged."""
    return _json


def start(form: str) -> None:
    """Set how this process writes its lines; done once, before anything is served.

    Parameters
    ----------
    form : {"text", "json"}
        "json": every handler that writes to a stream writes one object per line, whoever made it; servers set their
        own handlers up after this. Warnings and exceptions that nobody caught become lines as well.
    """
    global _json
    _json = form == "json"
    if not _json:
        return
    logging.StreamHandler.format = _as_json  # type: ignore[assignment, method-assign]
    logging.getLogger().addHandler(logging.StreamHandler())
    logging.getLogger("ringside").setLevel(logging.INFO)
    logging.captureWarnings(True)
    sys.excepthook = lambda kind, error, trace: _uncaught(error)
    threading.excepthook = lambda facts: _uncaught(facts.exc_value)


def _uncaught(error: BaseException | None) -> None:
    if error is not None and not isinstance(error, SystemExit):
        logger("").error("nobody caught this", exc_info=error)


def _as_json(_handler: logging.Handler, record: logging.LogRecord) -> str:
    asked = REQUEST.get()
    known: dict[str, Any] = {
        "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "level": record.levelname.lower(),
        "logger": record.name,
        "message": _said(record),
        **(asked() if asked is not None else {}),
        **getattr(record, "facts", {}),
    }
    failure = getattr(record, "failure", None)
    if failure is None and record.exc_info and record.exc_info[1] is not None:
        failure = _failure(record.exc_info[1])
    if failure is not None:
        known["exception"] = failure
    return json.dumps(known, ensure_ascii=False, default=str)


def _said(record: logging.LogRecord) -> str:
    """The message; those of libraries may quote values, the desk's own loggers never do."""
    said = record.getMessage()
    return said if record.name == "ringside" or record.name.startswith("ringside.") else discreet(said)


def _failure(error: BaseException) -> dict[str, str]:
    return {"type": type(error).__qualname__, "message": discreet(str(error)), "trace": discreet_trace(error)}
