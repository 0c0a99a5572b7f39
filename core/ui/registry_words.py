"""States of versions, reigns and approvals in words."""

from __future__ import annotations

from core.services.access import Role
from core.services.governing.registry import OPEN, PROMOTED, REFUSED, WITHDRAWN, Promotion
from core.services.governing.timeline import ACT, PROMOTE, ROLL_BACK, Reign
from core.services.governing.version_states import State
from core.ui import messages, words

STATE_LOOK: dict[State, tuple[str, str, str]] = {
    State.PRODUCTION: ("blue", "trophy", "Production: champion"),
    State.STAGING: ("violet", "visibility", "Staging: challenger in the shadow"),
    State.DEVELOPMENT: ("gray", "model_training", "Development: trained"),
    State.RETIRED: ("gray", "inventory_2", "Retired"),
}
ASKED_LOOK: dict[str, tuple[str, str, str]] = {
    OPEN: ("orange", "hourglass_top", "Waiting for approval"),
    PROMOTED: ("green", "check_circle", "Promoted"),
    REFUSED: ("red", "cancel", "Refused"),
    WITHDRAWN: ("gray", "undo", "Withdrawn"),
}
HOW: dict[str, str] = {ACT: "let it act", PROMOTE: "promoted it", ROLL_BACK: "rolled back to it", "": "had it act"}
ROLES: dict[Role, str] = {
    Role.RISK: "the risk manager",
    Role.AUDITOR: "the auditor",
    Role.ADMIN: "the administrator",
    Role.ANALYST: "an analyst",
    Role.SALES: "sales",
}
LEVELS = (("low", 0.4), ("medium", 0.7), ("high", 1.01))


def badge(look: tuple[str, str, str]) -> str:
    """A state as a badge in Markdown.

    >>> badge(STATE_LOOK[State.RETIRED])
    ':gray-badge[:material/inventory_2: Retired]'
    """
    hue, icon, word = look
    return f":{hue}-badge[:material/{icon}: {word}]"


def roles(found: tuple[Role, ...] | list[Role]) -> str:
    """Roles as they are spoken of.

    >>> roles([Role.RISK, Role.AUDITOR, Role.ADMIN])
    'the risk manager, the auditor and the administrator'
    """
    named = [ROLES[role] for role in found]
    return named[0] if len(named) == 1 else f"{', '.join(named[:-1])} and {named[-1]}"


def level(score: float) -> str:
    """The level of a risk score: its limits are those that decide who must approve.

    >>> level(0.39), level(0.4), level(0.71)
    ('low', 'medium', 'high')
    """
    if score < LEVELS[0][1]:
        return LEVELS[0][0]
    return LEVELS[1][0] if score <= LEVELS[1][1] else LEVELS[2][0]


def reign(found: Reign) -> str:
    """Who acts, since when, by whom and why."""
    since = "" if found.since is None else f" since {words.exact(found.since)}"
    return messages.plain(f"{found.arm} acts{since}: {let(found)}")


def let(found: Reign) -> str:
    """Who let it act, and why."""
    why = f", {found.why}" if found.why else ""
    simulated = " (simulated)" if found.simulated and "simulated" not in found.by else ""
    return f"{found.by} {HOW[found.how]}{simulated}{why}."


def missing(found: Promotion) -> str:
    """Whose approval is still needed, and of how many."""
    needed = len(found.record.evidence["needs"])
    return f"{needed - len(found.missing)} of {words.count(needed, 'approval')}; it waits for {roles(found.missing)}"
