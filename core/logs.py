"""Loggers of the desk: what they write names places in the code, never what a customer's row holds."""

from __future__ import annotations

import logging
import re
import traceback

_QUOTED = re.compile(r"""(?P<quote>['"])(?P<text>.*?)(?P=quote)""", re.DOTALL)
_NAME = re.compile(r"[a-z_][a-z0-9_.]{0,60}")  # of a column, a file or a function; people's values look otherwise
_DIGITS = re.compile(r"\d{3,}")
HIDDEN = "…"


def logger(name: str) -> logging.Logger:
    """The logger of a room; the messages of exceptions that it writes are stripped of values."""
    found = logging.getLogger(f"ringside.{name}" if name else "ringside")
    if not any(isinstance(item, _Discreet) for item in found.filters):
        found.addFilter(_Discreet())
    return found


class _Discreet(logging.Filter):
    """Replaces the text of an exception: its frames and its kind stay, values in its message do not."""

    def filter(self, record: logging.LogRecord) -> bool:
        if record.exc_info and record.exc_info[1] is not None:
            record.exc_text = discreet_trace(record.exc_info[1])
            record.exc_info = None
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
    """A message without the values that libraries quote in theirs; names of columns stay.

    >>> discreet("Could not convert string 'Ada Lovelace' to INT32 in column 'customer_age', row 1234567")
    "Could not convert string '…' to INT32 in column 'customer_age', row …"
    """
    kept = _QUOTED.sub(lambda match: match[0] if _NAME.fullmatch(match["text"]) else f"'{HIDDEN}'", text)
    return _DIGITS.sub(HIDDEN, kept)
