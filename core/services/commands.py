"""The commands that need the prediction log, as plain functions.

A terminal runs them on a desk of its own, or hands them to the desk that owns the log
(`core.services.handover`). Either way they do the same.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import asdict
from datetime import date, datetime
from pathlib import Path
from typing import Any

from core.errors import DeskError, InputError, UnknownName
from core.services import batches, overview
from core.services.access import Action, Actor, may, require
from core.services.auditing import noting
from core.services.desk import Desk

Progress = Callable[[str, float], None]
Args = Mapping[str, Any]
Command = Callable[[Desk, Actor, Args, Progress], dict[str, Any]]


def score(desk: Desk, actor: Actor, args: Args, progress: Progress) -> dict[str, Any]:
    """Score a file and wait for it: args use_case, path, out, rejects, parquet, version, reasons."""
    out, rejects, parquet = (_path(args.get(name)) for name in ("out", "rejects", "parquet"))
    outputs = batches.Outputs(out, rejects, parquet, bool(args.get("reasons")))
    path, version = Path(args["path"]), args.get("version")
    job_id = batches.submit_to(desk, actor, args["use_case"], path, outputs, version=version)
    return _follow(desk, job_id, progress)


def _path(text: Any) -> Path | None:
    return Path(text) if text else None


def _follow(desk: Desk, job_id: str, progress: Progress) -> dict[str, Any]:
    while not (state := desk.jobs.state(job_id)).finished:
        pace = f"{state.rows_done:,} rows, {state.rows_per_second:,.0f} rows/s" if state.rows_done else state.state
        progress(pace, state.fraction)
        time.sleep(0.05)
    if state.state != "done":
        raise InputError(state.message or f"The job was {state.state}.", job=job_id, state=state.state)
    return {"job": job_id, **state.result}


def resume(desk: Desk, actor: Actor, args: Args, progress: Progress) -> dict[str, Any]:
    """Resume a job that stopped early: args job."""
    return _follow(desk, batches.resume(desk, actor, args["job"]), progress)


def void(desk: Desk, actor: Actor, args: Args, progress: Progress) -> dict[str, Any]:
    """Take an upload out of every figure: args batch, reason."""
    batches.void(desk, actor, args["batch"], args["reason"])
    return {"voided": args["batch"]}


def status(desk: Desk, actor: Actor, args: Args, progress: Progress) -> dict[str, Any]:
    """What the home page shows, and how the desk itself is doing for those who may see that."""
    from core.services import health_report

    service = {"service": health_report.as_json(desk)} if may(actor, Action.SEE_SERVICE) else {}
    return overview.overview(desk, actor).as_json() | service


def score_row(desk: Desk, actor: Actor, args: Args, progress: Progress) -> dict[str, Any]:
    """Score one row: args use_case, row."""
    from core.services.scoring import score_one

    scored = asdict(score_one(desk, actor, args["use_case"], args["row"]))
    return scored | {"scored_at": str(scored["scored_at"]), "as_of": str(scored["as_of"])}


def explain(desk: Desk, actor: Actor, args: Args, progress: Progress) -> dict[str, Any]:
    """Say why a score is what it is: args use_case, id (of a prediction, or of a record: its newest score)."""
    require(actor, Action.SEE)
    from core.services.reasons import explanation

    use_case = desk.use_case(args["use_case"])
    newest = explanation.find_predictions(desk, actor, use_case.key, str(args["id"]))[0]
    noting.opened(desk, actor, f"{use_case.key} {newest.prediction_id}", "command explain")
    said = explanation.explain(desk, actor, use_case.key, newest.prediction_id)
    return {"answer": explanation.plain_text(use_case, said), **asdict(said)}


def outcomes(desk: Desk, actor: Actor, args: Args, progress: Progress) -> dict[str, Any]:
    """Take in what happened: args use_case, path, rejects, and the columns entity, outcome, observed_at, time."""
    from core.services import outcomes as service

    names = {name: args.get(name) for name in ("entity", "outcome", "observed_at", "time")}
    path, rejects = Path(args["path"]), _path(args.get("rejects"))
    taken = service.take_in(desk, actor, args["use_case"], path, service.Named(**names), rejects=rejects)
    return taken.as_json()


def demo(desk: Desk, actor: Actor, args: Args, progress: Progress) -> dict[str, Any]:
    """Fill the desk with a simulated history, or take it out: args seed, until, clear."""
    from core.services.history import job

    if args.get("clear"):
        return job.clear(desk, actor)
    until = datetime.fromisoformat(args["until"]) if args.get("until") else None
    seed = job.SEED if args.get("seed") is None else int(args["seed"])
    return _follow(desk, job.submit(desk, actor, seed, until), progress)


def retrain(desk: Desk, actor: Actor, args: Args, progress: Progress) -> dict[str, Any]:
    """Retrain and wait for it: args use_case, path, simulated, trials, minutes, min_rows, min_days, reason."""
    require(actor, Action.TRAIN)
    from core.services.rebuilding import retraining

    retraining.register(desk)
    return _follow(desk, retraining.submit(desk, actor, args["use_case"], retraining.order_of(args)), progress)


def watch(desk: Desk, actor: Actor, args: Args, progress: Progress) -> dict[str, Any]:
    """Run what is due once, or the named tasks now: args tasks, now."""
    require(actor, Action.WATCH)
    from core.services.scheduling import running

    names = list(args.get("tasks") or [])
    known = {item.task.key: item.task for item in running.planned(desk)}
    for name in names:
        running.task_named(desk, name)
    if args.get("now") and not names:
        names = [key for key, task in known.items() if not task.served]
    if names:
        ran = [running.run_now(desk, actor, name) for name in names]
    else:
        ran = running.run_due(desk, actor)
    jobs = {}
    for job_id in [job_id for run in ran for job_id in (run.result or {}).get("jobs", ())]:
        try:
            _follow(desk, job_id, progress)
        except DeskError as error:  # what else was done is told all the same
            jobs[job_id] = str(error)
    return {"tasks": [running.as_json(run) for run in ran], "failed_jobs": jobs}


def replay(desk: Desk, actor: Actor, args: Args, progress: Progress) -> dict[str, Any]:
    """Let a version score logged rows: args use_case, version, since, until."""
    require(actor, Action.REPLAY)
    from core.services.comparison import replay as service

    since, until = (datetime.fromisoformat(args[name]) for name in ("since", "until"))
    return _follow(desk, service.submit(desk, actor, args["use_case"], args["version"], since, until), progress)


def challengers(desk: Desk, actor: Actor, args: Args, progress: Progress) -> dict[str, Any]:
    """Compare every arm on the same logged rows: args use_case, since, until, versions."""
    from core.services.comparison import challengers as service
    from core.services.comparison import comparing

    since, until = (date.fromisoformat(args[name]) if args.get(name) else None for name in ("since", "until"))
    versions = args.get("versions") or ()
    found = service.challengers(desk, actor, args["use_case"], since=since, until=until, versions=versions)
    return comparing.challengers_json(found)


def plan(desk: Desk, actor: Actor, args: Args, progress: Progress) -> dict[str, Any]:
    """Freeze a comparison: args use_case, challenger (VERSION:MODEL), preset, rows, windows, margins."""
    require(actor, Action.PLAN)
    from core.services.comparison import comparing, plans

    windows = args.get("windows")
    days = [tuple(date.fromisoformat(day) for day in window) for window in windows] if windows else None
    wanted = plans.Wanted(
        challenger=comparing.arm_of(desk, args["use_case"], args["challenger"]),
        preset=args.get("preset") or "policy",
        windows=((days[0][0], days[0][1]), (days[1][0], days[1][1])) if days else None,
        planned_n=args.get("rows"),
        margins=comparing.margins_of(args.get("margins") or []),
    )
    return comparing.planned_json(plans.make_plan(desk, actor, args["use_case"], wanted))


def verdict(desk: Desk, actor: Actor, args: Args, progress: Progress) -> dict[str, Any]:
    """Judge a plan: args use_case, plan (the newest open one by default)."""
    from core.services.comparison import comparing, verdicts

    planned = comparing.plan_to_judge(desk, actor, args["use_case"], args.get("plan"))
    return comparing.judged_json(verdicts.judge(desk, actor, args["use_case"], planned))


def entity(desk: Desk, actor: Actor, args: Args, progress: Progress) -> dict[str, Any]:
    """Everything kept of an entity: args use_case, id, export (a file), erase, reason."""
    from core.services.privacy import entity as service

    key, name = args["use_case"], str(args["id"])
    if args.get("erase"):
        return asdict(service.erase(desk, actor, key, name, str(args.get("reason") or "")))
    found = service.export(desk, actor, key, name)
    if args.get("export"):
        Path(args["export"]).write_text(service.as_text(found))
    return {"rows": found.counts, "held_out_rows": dict(found.held_out), "files": list(found.files)}


def backup(desk: Desk, actor: Actor, args: Args, progress: Progress) -> dict[str, Any]:
    """Make a backup and read it again."""
    from core.services.backing_up import backups

    return asdict(backups.back_up(desk, actor))


def drill(desk: Desk, actor: Actor, args: Args, progress: Progress) -> dict[str, Any]:
    """Try the newest backup out."""
    from core.services.backing_up import backups

    return asdict(backups.drill(desk, actor))


def audit_recompute(desk: Desk, actor: Actor, args: Args, progress: Progress) -> dict[str, Any]:
    """Make a past score again, or a random sample: args use_case, id, sample, seed."""
    from core.services.auditing import recomputing

    require(actor, Action.SEE_AUDIT)
    key = args["use_case"]
    if args.get("id"):
        return recomputing.as_json(recomputing.recompute(desk, actor, key, str(args["id"])))
    return recomputing.sample_json(recomputing.sample(desk, actor, key, int(args["sample"]), int(args["seed"])))


def audit_report(desk: Desk, actor: Actor, args: Args, progress: Progress) -> dict[str, Any]:
    """The compliance report as a file's text: args since, until (days; the last 90 by default), form (html, json)."""
    from core.services.auditing import report, report_html

    require(actor, Action.EXPORT_AUDIT)
    since, until = (date.fromisoformat(args[name]) if args.get(name) else None for name in ("since", "until"))
    found = report.report(desk, actor, *report.period(since, until))
    text = report_html.document(found) if args["form"] == "html" else report.as_text(found)
    return {"text": text, "parts": {part.title: part.n for part in found.parts}, "on_record_as_event": found.event[0]}


COMMANDS: dict[str, Command] = {
    "score": score,
    "score-row": score_row,
    "resume": resume,
    "void": void,
    "status": status,
    "demo": demo,
    "outcomes": outcomes,
    "explain": explain,
    "entity": entity,
    "replay": replay,
    "challengers": challengers,
    "plan": plan,
    "verdict": verdict,
    "retrain": retrain,
    "watch": watch,
    "audit-recompute": audit_recompute,
    "audit-report": audit_report,
    "backup": backup,
    "drill": drill,
}


def run(desk: Desk, actor: Actor, name: str, args: Args, progress: Progress) -> dict[str, Any]:
    """Run a command by name.

    Raises
    ------
    DeskError
        Whatever the command refuses; an unknown command is an UnknownName.
    """
    if name not in COMMANDS:
        raise UnknownName("command", name, COMMANDS)
    return COMMANDS[name](desk, actor, args, progress)
