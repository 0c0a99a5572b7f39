"""Who may do what: one table of roles and actions, checked by every service."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from core.errors import NotPermitted


class Role(StrEnum):
    """What a person is at the desk."""

    SALES = "sales"
    ANALYST = "analyst"
    RISK = "risk"
    AUDITOR = "auditor"
    ADMIN = "admin"


class Action(StrEnum):
    """What a service does for a person."""

    SEE = "see scores"
    SEE_MODELS = "see every model's score"
    EXPLAIN = "look up a score and why it is what it is"
    SCORE_ONE = "score one"
    SCORE_FILE = "score a file"
    DOWNLOAD = "download results"
    VOID = "void an upload"
    OUTCOMES = "bring outcomes"
    CANCEL_JOB = "cancel a job"
    TRAIN = "train a version"
    ADOPT = "adopt a data set"
    IMPORT = "import a bundle"
    SIMULATE = "fill the desk with a simulated history"
    CLEAR_SIMULATED = "remove the simulated history"
    FEEDBACK = "say what they think of a score"
    OPEN_CASE = "open a case"
    SEE_CASES = "see cases"
    WORK_CASE = "work on a case"
    REPLAY = "let a version score logged rows"
    PLAN = "plan a comparison"
    PROMOTE = "ask for a promotion"
    APPROVE = "approve a promotion"
    ROLL_BACK = "roll back"
    SET_POLICY = "draft a policy"
    PUBLISH_POLICY = "publish a policy"
    EXPERIMENT = "run an experiment"
    WATCH = "let the desk look now"
    WORK_ALERT = "work on an alert"
    SET_ALERTS = "set alert rules and channels"
    SCHEDULE = "set what the desk does by itself"
    SEE_GROUPS = "see figures by group"
    SEE_SERVICE = "see how the desk itself is doing"
    EXPORT_ENTITY = "export everything about one entity"
    ERASE_ENTITY = "erase everything about one entity"
    SET_RETENTION = "set how long data are kept"
    CHOOSE_VERSION = "score with another version than the acting one"
    SEE_AUDIT = "see who did what"
    EXPORT_AUDIT = "export the audit trail"
    SEE_ADMIN = "see people, tokens, backups and storage"
    MANAGE_PEOPLE = "manage people and their roles"
    MANAGE_TOKENS = "give out and withdraw tokens"
    BACK_UP = "make a backup and try one out"
    RESTORE = "put a backup in the place of what is there"
    READ_METRICS = "read the metrics"


@dataclass(frozen=True)
class Actor:
    """A person (or a command acting for one) and the face they came by."""

    name: str
    role: Role
    via: str = "page"  # page | cli | inbox | api
    only: frozenset[Action] | None = None  # a token's scope; None: everything the role allows

    def as_json(self) -> dict[str, Any]:
        """Plain values, for a job that is done later: it is done as whoever asked for it, and no more."""
        scope = {} if self.only is None else {"only": sorted(action.value for action in self.only)}
        return {"name": self.name, "role": self.role.value, "via": self.via} | scope

    @classmethod
    def from_json(cls, facts: Mapping[str, Any]) -> Actor:
        """Who `as_json` was of."""
        only = facts.get("only")
        scope = None if only is None else frozenset(Action(action) for action in only)
        return cls(facts["name"], Role(facts["role"]), facts["via"], scope)


_EVERYONE = frozenset(Role)
_WORKERS = frozenset({Role.ANALYST, Role.RISK, Role.ADMIN})

PERMISSIONS: dict[Action, frozenset[Role]] = {
    Action.SEE: _EVERYONE,
    Action.SEE_MODELS: _EVERYONE - {Role.SALES},
    Action.EXPLAIN: _EVERYONE,
    Action.SCORE_ONE: _EVERYONE - {Role.AUDITOR},
    Action.SCORE_FILE: _WORKERS | {Role.SALES},
    Action.DOWNLOAD: _EVERYONE,
    Action.VOID: _WORKERS,
    Action.OUTCOMES: _WORKERS,
    Action.CANCEL_JOB: _WORKERS | {Role.SALES},
    Action.TRAIN: _WORKERS,
    Action.ADOPT: _WORKERS,
    Action.IMPORT: frozenset({Role.RISK, Role.ADMIN}),
    Action.SIMULATE: _WORKERS,
    Action.CLEAR_SIMULATED: frozenset({Role.RISK, Role.ADMIN}),
    Action.FEEDBACK: _EVERYONE - {Role.AUDITOR},
    Action.OPEN_CASE: _EVERYONE - {Role.AUDITOR},
    Action.SEE_CASES: _EVERYONE,
    Action.WORK_CASE: _WORKERS,
    Action.REPLAY: _WORKERS,
    Action.PLAN: _WORKERS,
    Action.PROMOTE: _WORKERS,
    Action.APPROVE: frozenset({Role.RISK, Role.AUDITOR, Role.ADMIN}),
    Action.ROLL_BACK: frozenset({Role.RISK, Role.ADMIN}),
    Action.SET_POLICY: _WORKERS,
    Action.PUBLISH_POLICY: frozenset({Role.RISK, Role.ADMIN}),
    Action.EXPERIMENT: frozenset({Role.RISK, Role.ADMIN}),
    Action.WATCH: _WORKERS,
    Action.WORK_ALERT: _WORKERS,
    Action.SET_ALERTS: frozenset({Role.RISK, Role.ADMIN}),
    Action.SCHEDULE: frozenset({Role.RISK, Role.ADMIN}),
    Action.SEE_GROUPS: _EVERYONE - {Role.SALES},
    Action.SEE_SERVICE: _EVERYONE - {Role.SALES},
    Action.EXPORT_ENTITY: frozenset({Role.RISK, Role.AUDITOR, Role.ADMIN}),
    Action.ERASE_ENTITY: frozenset({Role.ADMIN}),
    Action.SET_RETENTION: frozenset({Role.ADMIN}),
    Action.CHOOSE_VERSION: frozenset({Role.RISK, Role.ADMIN}),
    Action.SEE_AUDIT: frozenset({Role.RISK, Role.AUDITOR, Role.ADMIN}),
    Action.EXPORT_AUDIT: frozenset({Role.RISK, Role.AUDITOR, Role.ADMIN}),
    Action.SEE_ADMIN: frozenset({Role.AUDITOR, Role.ADMIN}),
    Action.MANAGE_PEOPLE: frozenset({Role.ADMIN}),
    Action.MANAGE_TOKENS: frozenset({Role.ADMIN}),
    Action.BACK_UP: frozenset({Role.ADMIN}),
    Action.RESTORE: frozenset({Role.ADMIN}),
    Action.READ_METRICS: _EVERYONE - {Role.SALES},
}

# What a token can be made for; what its holder may really do is what both the scope and the role allow.
SCOPES: dict[str, frozenset[Action]] = {
    "score": frozenset(
        {Action.SEE, Action.EXPLAIN, Action.SCORE_ONE, Action.SCORE_FILE, Action.DOWNLOAD, Action.CANCEL_JOB}
    ),
    "explain": frozenset({Action.SEE, Action.EXPLAIN, Action.SEE_MODELS}),
    "outcomes": frozenset({Action.SEE, Action.OUTCOMES}),
    "compare": frozenset({Action.SEE, Action.SEE_MODELS, Action.SEE_SERVICE}),
    "versions": frozenset({Action.SEE_MODELS, Action.CHOOSE_VERSION}),
    "metrics": frozenset({Action.READ_METRICS}),
}

# On loopback without sign-in the frame offers one named person per role, and the ledger says who acted.
LOCAL_PEOPLE: dict[Role, Actor] = {
    Role.SALES: Actor("Sam (sales)", Role.SALES),
    Role.ANALYST: Actor("Ana (analyst)", Role.ANALYST),
    Role.RISK: Actor("Rita (risk)", Role.RISK),
    Role.AUDITOR: Actor("Aude (auditor)", Role.AUDITOR),
    Role.ADMIN: Actor("Adam (admin)", Role.ADMIN),
}


def may(actor: Actor, action: Action) -> bool:
    """Whether the actor's role allows the action, and the token they came with, if any, was made for it."""
    return actor.role in PERMISSIONS[action] and (actor.only is None or action in actor.only)


def require(actor: Actor, action: Action) -> None:
    """Raise NotPermitted, naming who may, unless the actor may do the action."""
    if actor.only is not None and action not in actor.only:
        raise NotPermitted(
            f"The token of {actor.name} was not made to {action.value}.",
            "Ask an administrator for a token with that scope.",
            action=action.value,
            role=actor.role.value,
        )
    if not may(actor, action):
        allowed = ", ".join(sorted(PERMISSIONS[action]))
        raise NotPermitted(
            f"{actor.name} may not {action.value}.",
            f"It takes the role {allowed}.",
            action=action.value,
            role=actor.role.value,
        )
