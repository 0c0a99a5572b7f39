"""Every error the desk raises on purpose.

    DeskError
    ├── InputError            what a person gave cannot be used (shown in place, exit code 2)
    │   ├── UnknownName       a use case, column, version, ... that does not exist; suggests the nearest
    │   ├── FileProblem       a file that cannot be read as a table
    │   └── RowProblem        one row, scored alone, breaks the schema
    ├── NotPermitted          the actor's role may not do this
    ├── NotReady              the desk lacks something it needs first (no trained version, still loading)
    ├── BundleProblem         a model folder fails its checks: checksums, compile difference, layout
    ├── DeskBusy              another process owns the log and did not answer
    └── DatabaseDown          the server that keeps log or ledger does not answer, or refuses the desk

A message says what happened, with the value; the hint says what is allowed and what to do. Neither
ever carries a customer's data except in errors of kind InputError, which only the sender sees.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from typing import Any


class DeskError(Exception):
    """Base of all errors with a message for a person.

    Parameters
    ----------
    message : str
        What happened, with the value.
    hint : str
        What is allowed, and what to do.
    **data : Any
        The facts behind the message, for programs (`error.data["column"]`).
    """

    def __init__(self, message: str, hint: str = "", **data: Any) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.data = data

    def __str__(self) -> str:
        return f"{self.message} {self.hint}".strip()


class InputError(DeskError):
    """What a person gave cannot be used."""


class UnknownName(InputError):
    """A name that does not exist.

    >>> print(UnknownName("use case", "lead_scorin", ["lead_scoring", "bnpl_default"]))
    There is no use case 'lead_scorin'. Did you mean 'lead_scoring'?
    """

    def __init__(self, what: str, name: str, known: Iterable[str]) -> None:
        choices = sorted(known)
        near = difflib.get_close_matches(name, choices, n=1)
        if near:
            hint = f"Did you mean '{near[0]}'?"
        elif choices:
            hint = f"Known: {', '.join(choices[:12])}."
        else:
            hint = "There is none yet."
        super().__init__(f"There is no {what} '{name}'.", hint, what=what, name=name, known=choices)


class FileProblem(InputError):
    """A file that cannot be read as a table."""


class RowProblem(InputError):
    """One row, scored alone, breaks the schema; `data["problems"]` holds every problem."""


class NotPermitted(DeskError):
    """The actor's role may not do this."""


class NotReady(DeskError):
    """The desk lacks something it needs first."""


class BundleProblem(DeskError):
    """A model folder fails one of its checks."""


class DeskBusy(DeskError):
    """Another process owns the log and did not answer."""


class DatabaseDown(DeskError):
    """The server that keeps log or ledger does not answer, or refuses the desk; never with its password."""
