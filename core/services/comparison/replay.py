"""Let a version score rows that are logged: what it would have said of them, compared and never counted as traffic."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from core.domain.usecase import UseCase
from core.errors import InputError
from core.services.access import Action, Actor, require
from core.services.desk import Desk
from core.services.jobs import JobRun
from core.services.reasons.logged_row import logged_columns
from core.services.records import log_scores

KIND = "replay"
CHUNK_ROWS = 50_000

Progress = Callable[[int], None]


def register(desk: Desk) -> None:
    """Let the desk's queue replay."""
    desk.jobs.register(KIND, lambda run: _run(desk, run))


def submit(desk: Desk, actor: Actor, key: str, version: str, since: datetime, until: datetime) -> str:
    """Queue a replay and return the job's id.

    Raises
    ------
    InputError
        The window is empty.
    UnknownName
        There is no such version.
    """
    require(actor, Action.REPLAY)
    _check(desk, key, version, since, until)
    spec = {"title": f"{key} {version}", "version": version, "actor": actor.as_json()}
    spec |= {"since": since.isoformat(), "until": until.isoformat()}
    return desk.jobs.submit(KIND, key, actor, spec)


def _run(desk: Desk, run: JobRun) -> dict[str, Any]:
    spec = run.state.spec
    actor = Actor.from_json(spec["actor"])
    window = datetime.fromisoformat(spec["since"]), datetime.fromisoformat(spec["until"])
    left = desk.log.rows_between(desk.use_case(run.state.use_case), *window)
    done = replay(
        desk, actor, run.state.use_case, spec["version"], window, lambda n: run.report(n, n / max(left, 1), "replaying")
    )
    return {"use_case": run.state.use_case, "version": spec["version"], "rows": left, "replayed": done}


def replay(
    desk: Desk,
    actor: Actor,
    key: str,
    version: str,
    window: tuple[datetime, datetime],
    progress: Progress = lambda n_rows: None,
) -> int:
    """Score the logged rows of a window with a version; returns how many scores were new.

    Rows the version has scored before, acting or in the shadow, are left out: replaying twice changes nothing.
    """
    require(actor, Action.REPLAY)
    since, until = window
    use_case = _check(desk, key, version, since, until)
    scorer = desk.scorer(key, version)
    who: dict[str, Any] = {"actor": actor.name, "role": actor.role.value, "via": actor.via}
    done = 0
    while (rows := desk.log.unscored(use_case, version, since, until, CHUNK_ROWS)).num_rows:
        columns = logged_columns(use_case, rows)
        scores = scorer.score(columns, rows.num_rows)
        said = log_scores(scorer, scores, rows["prediction_id"].combine_chunks(), 0.0).drop(["latency_ms"])
        said = said.append_column("batch", rows["batch"])
        done += desk.log.append_scores(use_case, version, said, at=datetime.now(UTC))
        progress(done)
    desk.ledger.record(
        at=datetime.now(UTC),
        **who,
        action="replay",
        subject=f"{key} {version}",
        after={"since": since.isoformat(), "until": until.isoformat(), "scores": done},
    )
    return done


def _check(desk: Desk, key: str, version: str, since: datetime, until: datetime) -> UseCase:
    if since >= until:
        raise InputError(
            f"The window from {since:%Y-%m-%d} to {until:%Y-%m-%d} is empty.", "Give the earlier day first."
        )
    use_case = desk.use_case(key)
    desk.scorer(key, version)
    return use_case
