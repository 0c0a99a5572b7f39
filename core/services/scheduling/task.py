"""One thing that the desk does by itself."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from core.services.access import Actor, Role
from core.services.desk import Desk

LANES = ("counts", "work", "scoring", "backups")  # tasks of one lane run one after another
DESK = Actor("Ringside", Role.ADMIN, "schedule")

Run = Callable[[Desk, datetime], Mapping[str, Any]]  # what came of it, plain values, `said` a sentence of it


@dataclass(frozen=True)
class Task:
    """What is done, and when unless somebody set it otherwise.

    Attributes
    ----------
    key : str
    cron : str
        Five fields, UTC; or "every 60s" for what only keeps count.
    run : callable
        (desk, now) -> result; it may be late, it may be asked for twice: it must do the same work once. A result with
        `skipped` (why) did not take place; one with `failed` (why) did, in part.
    quiet : bool
        Of runs that found nothing only the last is kept: those whose result has no `found`.
    lane : str
        One of LANES: "counts" for what is over in an instant.
    served : bool
        Only where the desk is being served; a terminal alone does not do it.
    own : bool
        Of several desks on one ledger each does it for itself; any other task is done once for all of them.
    """

    key: str
    title: str
    cron: str
    run: Run
    quiet: bool = False
    lane: str = "work"
    served: bool = False
    own: bool = False
