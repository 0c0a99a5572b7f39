"""Fill the desk with a simulated history, or take it out again: a job with progress, and a plain call."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from core.domain.usecase import UseCase
from core.errors import InputError, NotReady
from core.services.access import Action, Actor, require
from core.services.desk import Desk
from core.services.jobs import JobRun

KIND = "simulate"
SEED = 7
SUBJECT = "simulated history"
_BUILT = 0.6  # of the progress: then the watch begins


def register(desk: Desk) -> None:
    """Let the desk's queue simulate."""
    desk.jobs.register(KIND, lambda run: _run(desk, run))


def simulated_cases(desk: Desk) -> list[UseCase]:
    """The use cases that can be simulated now: a generator, a truth, a history and an acting version."""
    return [
        case
        for case in desk.use_cases().values()
        if case.history and case.synthesize and case.truth and desk.acting_version(case.key)
    ]


def submit(desk: Desk, actor: Actor, seed: int = SEED, until: datetime | None = None) -> str:
    """Queue six simulated months for every use case that can have them and return the job's id.

    Parameters
    ----------
    until : datetime, optional
        Where the history ends, with a zone; the beginning of today (UTC) by default.

    Raises
    ------
    InputError
        There is a simulated history already, or one is being made.
    NotReady
        No use case that could be simulated has a trained version.
    """
    require(actor, Action.SIMULATE)
    if any(job.kind == KIND for job in desk.jobs.active()):
        raise InputError("A simulated history is being made already.", "Wait for it to finish.")
    if desk.log.simulated_rows() and not _left_behind(desk):
        raise InputError("The desk has a simulated history already.", "Remove it first: python -m core demo --clear")
    cases = simulated_cases(desk)
    if not cases:
        raise NotReady("No use case with a generator has a trained version.", "Run: python -m core prepare")
    end = until or datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    spec = {"title": "six simulated months", "seed": seed, "until": end.isoformat(), "actor": actor.as_json()}
    spec["use_cases"] = [case.key for case in cases]
    _record(desk, actor, "fill", "intended", after={"seed": seed, "until": end.isoformat()})
    return desk.jobs.submit(KIND, "", actor, spec)


def _left_behind(desk: Desk) -> bool:
    """Whether the last filling neither ended nor was taken back: its process died."""
    last = desk.ledger.events(SUBJECT, limit=1)
    return bool(last) and last[0].action == "fill" and last[0].result == "intended"


def _run(desk: Desk, run: JobRun) -> dict[str, Any]:
    spec = run.state.spec
    actor = Actor.from_json(spec["actor"])
    _delete(desk)  # what a dead process left behind
    try:
        built = _build_all(desk, actor, spec, run)
        watched = _watch(desk, spec, run, sum(facts["rows"] for facts in built.values()))
    except BaseException:
        _delete(desk)
        _record(desk, actor, "fill", "taken back")
        raise
    _record(desk, actor, "fill", "done", after={key: facts["rows"] for key, facts in built.items()})
    totals = {name: sum(facts[name] for facts in built.values()) for name in ("rows", "outcomes", "cases")}
    return {"simulated": built, **totals, **watched, "seconds": round(run.elapsed(), 1)}


def _build_all(desk: Desk, actor: Actor, spec: Mapping[str, Any], run: JobRun) -> dict[str, Any]:
    from core.services.history.building import build
    from core.services.history.service import simulate_service

    built: dict[str, Any] = {}
    keys, until = spec["use_cases"], datetime.fromisoformat(spec["until"])
    for place, key in enumerate(keys):
        use_case = desk.use_case(key)
        done = sum(facts["rows"] for facts in built.values())

        def step(share: float, *, place: int = place, title: str = use_case.title, done: int = done) -> None:
            run.report(done, _BUILT * (place + share) / len(keys), f"{title}: six months")

        step(0.0)
        built[key] = build(desk, actor, use_case, spec["seed"], until, step)
    simulate_service(desk, spec["seed"], until)
    return built


def _watch(desk: Desk, spec: Mapping[str, Any], run: JobRun, rows: int) -> dict[str, Any]:
    """Let the watch go through the six months, as if they had just happened."""
    from core.services.history.watching import watch

    def step(share: float) -> None:
        run.report(rows, _BUILT + (1 - _BUILT) * share, "The watch looks, week by week")

    return watch(desk, spec["use_cases"], datetime.fromisoformat(spec["until"]), step)


def clear(desk: Desk, actor: Actor) -> dict[str, Any]:
    """Delete every simulated row with all that hangs on it, cases, alerts and experiments too; never a real one.

    Raises
    ------
    InputError
        A simulated history is being made.
    """
    require(actor, Action.CLEAR_SIMULATED)
    if any(job.kind == KIND for job in desk.jobs.active()):
        raise InputError("A simulated history is being made.", "Cancel it, or wait for it to finish.")
    _record(desk, actor, "clear", "intended")
    deleted, cases = _delete(desk)
    _record(desk, actor, "clear", "done", before=deleted)
    return {"cleared": deleted, "rows": sum(deleted.values()), "cases": cases}


def _delete(desk: Desk) -> tuple[dict[str, int], int]:
    deleted = desk.log.clear_simulated()
    desk.ledger.clear_simulated_alerts(list(deleted))
    desk.ledger.clear_simulated_experiments()
    desk.ledger.clear_simulated_service()
    return deleted, desk.ledger.clear_simulated_cases()


def _record(desk: Desk, actor: Actor, action: str, result: str, **facts: Any) -> None:
    who = {"actor": actor.name, "role": actor.role.value, "via": actor.via}
    desk.ledger.record(at=datetime.now(UTC), **who, action=action, subject=SUBJECT, result=result, **facts)
