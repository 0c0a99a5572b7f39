"""Which actions stand in which part of the compliance report, by the names that events have."""

from __future__ import annotations

from dataclasses import dataclass

from core.services.auditing import noting, recomputing, sealing, verifying

SIGNED_IN = "sign in"


@dataclass(frozen=True)
class Group:
    """A part of the report that lists events."""

    title: str
    actions: tuple[str, ...]


GROUPS = (
    Group(
        "Policy changes, before and after",
        ("keep draft", "change draft", "put draft away", "publish policy", "roll back policy"),
    ),
    Group("Rollbacks and stand-ins", ("roll back", "roll back policy", "fall back", "serve again")),
    Group(
        "Versions and retraining",
        (
            "train version", "adopt version", "import version", "retrain version", "ask for training",
            "ask for adoption", "ask for retraining", "set the retraining schedule", "let version act", "start shadow",
            "stop shadow", "retire version", "unretire version", "push version", "pull version",
        ),
    ),
    Group(
        "People, roles, sign-ins and tokens",
        (
            "add person", "change role", "deactivate person", "reactivate person", "set password", "change password",
            "end sessions", "sign-in failed", "sign-in refused", "lock account", "give token", "withdraw token",
            "token expired",
        ),
    ),
    Group("Refused attempts", (noting.TURNED_AWAY,)),
    Group(
        "Files taken and records handed out",
        (noting.DOWNLOADED, noting.EXPORTED, "download fair-lending report"),
    ),
    Group(
        "Entities exported or erased, and retention",
        ("export one entity", "erase one entity", "delete by retention", "set what is kept", sealing.SEALED),
    ),
    Group(
        "Settings of alerts, channels and the schedule",
        (
            "set alert rule", "set alert channel", "remove alert channel", "set a task", "define scoring job",
            "remove scoring job",
        ),
    ),
    Group(
        "Backups, drills, restores and moves",
        (
            "back up", "read a backup again", "try a backup out", "restore a backup", "move the ledger",
            "move the log", "take the log back",
        ),
    ),
    Group(
        "Checks of the chain and scores made again",
        (verifying.CHECKED, recomputing.RECOMPUTED, recomputing.SAMPLED),
    ),
)  # fmt: skip

# columns of the part about access: what was done by a person, and the actions that count for it
ACCESS = {
    "Records opened": (noting.OPENED,),
    "Files taken": (noting.DOWNLOADED, noting.EXPORTED, "download fair-lending report"),
    "Turned away": (noting.TURNED_AWAY, "sign-in failed", "sign-in refused"),
}
