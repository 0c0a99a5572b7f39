"""The command that watches: what is due is done once, for cron or by hand."""

from __future__ import annotations

import argparse
from typing import Any

from core.cli.terminal import AddCommand, Terminal


def add_watching(command: AddCommand) -> None:
    """Describe the command."""
    sub = command("watch", _watch, "run once what is due by itself, or the named tasks now; for cron")
    sub.add_argument("tasks", nargs="*", metavar="TASK", help="run these, due or not; default: what is due")
    sub.add_argument("--now", action="store_true", help="without names: run every task, due or not")


def _watch(args: argparse.Namespace, terminal: Terminal) -> dict[str, Any]:
    found = terminal.on_the_log("watch", {"tasks": args.tasks, "now": args.now})
    terminal.failed = any(run["state"] == "failed" for run in found["tasks"]) or bool(found["failed_jobs"])
    if args.json:
        return found
    lines = {run["task"]: f"{run['state']}. {run['said']}" for run in found["tasks"]}
    return lines | found["failed_jobs"] or {"answer": "Nothing is due."}
