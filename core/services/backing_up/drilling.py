"""Trying a backup out: put back into a scratch folder, opened as a desk, counted, some scores made again."""

from __future__ import annotations

import shutil
import tempfile
import time
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from core.config import Settings
from core.domain.usecase import UseCase
from core.errors import DeskError, NotReady
from core.services.access import Action, Actor, require
from core.services.backing_up.restoring import unpack
from core.services.desk import Desk, open_desk
from core.services.reasons.logged_row import logged_columns
from core.services.records import log_scores
from core.store.backup import Backups, Manifest
from core.store.log_schema import score_names

DRILLED, SUBJECT = "try a backup out", "backup drill"
SAMPLE = 50  # rows of each version and use case
_SCRATCH = ".drill-"


@dataclass(frozen=True)
class Drill:
    """What came of trying the newest backup out.

    Attributes
    ----------
    rto_seconds : float
        From nothing to a desk that is open, checked, and has scored.
    rpo_seconds : float
        The age of the backup: what was acknowledged since would be lost with the disk.
    n_equal, n_scored : int
        Logged rows that got the same scores again, of those that were scored again.
    problem : str
        What does not hold; "" where everything does.
    """

    backup: str
    rto_seconds: float
    rpo_seconds: float
    n_rows: int
    n_events: int
    n_scored: int
    n_equal: int
    ok: bool
    at: datetime
    problem: str = ""


def drill(desk: Desk, actor: Actor, now: datetime | None = None) -> Drill:
    """Try the newest backup out; what came of it is an event.

    Raises
    ------
    NotReady
        There is no backup.
    """
    require(actor, Action.BACK_UP)
    at = now or datetime.now(UTC)
    kept = Backups(desk.settings.backups_dir)
    newest = kept.newest()
    if newest is None:
        raise NotReady("There is no backup to try out.", "Make one: python -m core backup")
    found = _try_out(kept, newest, desk.settings, at)
    kept.note_verified(newest, at, found.ok)
    desk.ledger.record(
        at=at, actor=actor.name, role=actor.role.value, via=actor.via, action=DRILLED, subject=SUBJECT,
        after=asdict(found) | {"at": at.isoformat()}, result="done" if found.ok else "failed",
        reason=found.problem or None,
    )  # fmt: skip
    return found


def last_drill(desk: Desk, actor: Actor) -> Drill | None:
    """What came of the last one; None: there was none."""
    require(actor, Action.SEE_ADMIN)
    last = desk.ledger.events(SUBJECT, 1)
    return Drill(**last[0].after | {"at": datetime.fromisoformat(last[0].after["at"])}) if last else None


def _try_out(kept: Backups, manifest: Manifest, settings: Settings, at: datetime) -> Drill:
    for left in settings.data_dir.glob(f"{_SCRATCH}*"):  # of a drill that was killed
        shutil.rmtree(left, ignore_errors=True)
    began = time.monotonic()
    facts: dict[str, Any] = {"backup": manifest.id, "at": at, "n_rows": 0, "n_events": 0, "n_scored": 0, "n_equal": 0}
    facts["rpo_seconds"] = round((at - manifest.made_at).total_seconds(), 3)
    with tempfile.TemporaryDirectory(prefix=_SCRATCH, dir=settings.data_dir) as folder:
        home = Path(folder) / "home"
        try:
            unpack(kept, manifest, home)
            facts |= {"n_rows": sum(manifest.n_rows.values()), "n_events": manifest.event_seq}
            facts |= _score_again(replace(settings, home=home, models=None, backups=None, database_url=""))
            problem = "" if facts["n_equal"] == facts["n_scored"] else _differ(facts)
        except DeskError as error:
            problem = str(error)
    seconds = round(time.monotonic() - began, 3)
    return Drill(**facts, rto_seconds=seconds, ok=not problem, problem=problem)


def _differ(facts: dict[str, Any]) -> str:
    n = facts["n_scored"] - facts["n_equal"]
    return f"{n} of {facts['n_scored']} logged rows got another score than the log has."


def _score_again(settings: Settings) -> dict[str, int]:
    """Open a desk on a restored home and score some logged rows again with the versions that scored them."""
    desk = open_desk(settings)
    n_scored = n_equal = 0
    try:
        for key, use_case in desk.use_cases().items():
            known = set(desk.versions(key))
            for version in sorted(known & set(desk.log.scored_versions(use_case))):
                scored, equal = _equal(desk, use_case, version)
                n_scored, n_equal = n_scored + scored, n_equal + equal
    finally:
        desk.close()
    return {"n_scored": n_scored, "n_equal": n_equal}


def _equal(desk: Desk, use_case: UseCase, version: str) -> tuple[int, int]:
    """How many rows were scored again, and how many of them are the same in every model."""
    rows = desk.log.sample_scored(use_case, version, SAMPLE)
    if rows.num_rows == 0:
        return 0, 0
    scorer = desk.scorer(use_case.key, version)
    scores = scorer.score(logged_columns(use_case, rows), rows.num_rows)
    said = log_scores(scorer, scores, rows["prediction_id"].combine_chunks(), 0.0)
    same = np.ones(rows.num_rows, dtype=bool)
    for name in score_names(use_case).values():
        if name in said.column_names:
            then, again = (table[column].to_numpy() for table, column in ((rows, f"said:{name}"), (said, name)))
            same &= (then == again) | (np.isnan(then) & np.isnan(again))
    return rows.num_rows, int(same.sum())
