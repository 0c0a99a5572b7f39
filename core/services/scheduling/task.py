"""One thing that the desk does by itself."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from core.services.access import Actor, Role
from core.services.desk import Desk

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
        (desk, now) -> result; it may be late, it may be asked for twice: it must do the same work once.
    quiet : bool
        Of runs that found nothing only the last is kept.
    """

    key: str
    title: str
    cron: str
    run: Run
    quiet: bool = False
