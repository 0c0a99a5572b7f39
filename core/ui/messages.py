"""What a person is told when something does not work; the only place in the UI that catches errors."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import streamlit as st

from core.errors import DeskBusy, DeskError, InputError, NotPermitted, NotReady, RowProblem
from core.logs import logger

log = logger("ui")

Slots = Mapping[str, tuple[str, Any]]  # column -> its title and the empty place under its field


@contextmanager
def told(slots: Slots | None = None) -> Iterator[None]:
    """Run a block; say in place what went wrong, and log what nobody expected under an incident id.

    Parameters
    ----------
    slots : mapping of column to its title and an empty place, optional
        Where the problems of single fields are written, beside the field.
    """
    try:
        yield
    except RowProblem as error:
        _row_problem(error, slots or {})
    except DeskError as error:
        _desk_error(error)
    except json.JSONDecodeError as error:
        place = f"line {error.lineno}, column {error.colno}"
        st.error(f'{error.msg} at {place}. It takes one object: {{"field": value, ...}}.', title="This is not JSON.")
    except Exception as error:  # noqa: BLE001  a bug becomes an incident, and the rest of the page goes on
        incident(error)


def _desk_error(error: DeskError) -> None:
    """Title: what happened; body: what is allowed and what to do."""
    say, icon = next(style for kind, style in _STYLES.items() if isinstance(error, kind))
    if say == "error" and not isinstance(error, InputError):
        log.warning("%s %s", error.message, error.hint)
    getattr(st, say)(plain(error.hint or _NO_HINT), title=plain(error.message), icon=f":material/{icon}:")
    if isinstance(error, NotPermitted):
        _note_refusal(error)


def _note_refusal(error: NotPermitted) -> None:
    """A failed attempt is on record; where even that fails, what the person was told stands."""
    from core.ui import audit_taken  # needs the desk, whose state is told about by this module

    with logged("noting a refusal"):
        audit_taken.turned_away(error)


_NO_HINT = "Correct it and try again."
_STYLES: dict[type[DeskError], tuple[str, str]] = {  # the most special kind first
    NotReady: ("info", "hourglass_empty"),
    NotPermitted: ("warning", "lock"),
    DeskBusy: ("warning", "sync_lock"),
    DeskError: ("error", "error"),
}


@contextmanager
def logged(what: str) -> Iterator[None]:
    """Run a block in a thread that has nobody to tell: a fault goes to the log, and the thread ends."""
    try:
        yield
    except DeskError as error:
        log.warning("%s stopped: %s", what, error)
    except Exception:
        log.exception("%s stopped", what)


def incident(error: Exception) -> bool:
    """Log an unexpected error under a new incident id and show the id; True: nothing else need be shown."""
    number = uuid.uuid4().hex[:8]
    log.exception("incident %s", number, exc_info=error)
    st.error(
        f"This is a fault of the desk, not of your data. Tell its administrator the incident number **{number}**; "
        "the details are in the desk's log. What was said to be logged or done stays so.",
        title="Something went wrong",
        icon=":material/bug_report:",
    )
    return True


def _row_problem(error: RowProblem, slots: Slots) -> None:
    lines = []
    for problem in error.data.get("problems", ()):
        sentence = plain(problem.message)
        if problem.column in slots:
            title, place = slots[problem.column]
            sentence = f"**{title}** " + plain(problem.message.removeprefix(f"{problem.column} "))
            place.markdown(f":red[:material/error: {sentence}]")
        lines.append(f"- {sentence}")
    if error.hint:
        lines.append(f"- {plain(error.hint)}")
    st.error("\n".join(lines) or plain(error.message), title="Not scored, and nothing logged", icon=":material/error:")


def plain(text: str) -> str:
    """Text of a customer's cell, safe to stand inside Markdown."""
    for mark in "\\`*_[]#<>$:":
        text = text.replace(mark, "\\" + mark)
    return text
