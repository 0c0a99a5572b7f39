"""Who sends a request: found out once, before anything else looks at it, and carried in the ASGI scope."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from core.services.access import Actor

SCOPE_KEY = "ringside.caller"
SESSION_HEADER = b"x-ringside-session"  # set by the gate alone: pages see headers, not the scope
THIS_MACHINE = "machine"  # its value where nobody has to sign in


@dataclass(frozen=True)
class Caller:
    """Who sends a request, and how the desk knows.

    Attributes
    ----------
    actor : Actor
    by : str
        "session" (a person signed in), "token" (a program) or "machine" (this machine, without sign-in).
    id : str
        Of the session or the token, to be shown and withdrawn; never its secret. Empty for "machine".
    """

    actor: Actor
    by: str
    id: str = ""


def caller(scope: Mapping[str, Any]) -> Caller | None:
    """Who sends this request; None where nobody has been let in (sign-in pages, health)."""
    found = scope.get(SCOPE_KEY)
    return found if isinstance(found, Caller) else None
