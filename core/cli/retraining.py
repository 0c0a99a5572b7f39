"""The command that retrains: search better parameters, and let the result run as challenger."""

from __future__ import annotations

import argparse
import json
import signal
from pathlib import Path
from typing import Any

from core.cli.terminal import AddCommand, Terminal


def add_retraining(command: AddCommand) -> None:
    """Describe the command."""
    sub = command("retrain", _retrain, "search better parameters on recent rows; the result runs as challenger")
    sub.add_argument("use_case")
    sub.add_argument("--data", metavar="FILE", help="labelled rows; default: mature rows of the log")
    sub.add_argument("--simulated", action="store_true", help="rows of the simulated history instead of logged ones")
    sub.add_argument("--trials", type=int, help="parameters to try at most (60)")
    sub.add_argument("--minutes", type=float, help="time to search at most (20)")
    sub.add_argument("--min-rows", type=int, metavar="N", help="rows it takes at least (10000); say why below it")
    sub.add_argument("--min-days", type=int, metavar="N", help="days they span at least (60); say why below it")
    sub.add_argument("--reason", help="why now; kept with the version")
    sub.add_argument("--order", help=argparse.SUPPRESS)  # from the desk to the process that does the work


def _retrain(args: argparse.Namespace, terminal: Terminal) -> dict[str, Any]:
    if args.order:
        return _work(args, terminal)
    names = ("trials", "minutes", "min_rows", "min_days", "reason")
    given = {name: getattr(args, name) for name in names if getattr(args, name) is not None}
    path = str(Path(args.data).resolve()) if args.data else None
    asked = {"use_case": args.use_case, "path": path, "simulated": args.simulated, **given}
    return terminal.on_the_log("retrain", asked)


def _work(args: argparse.Namespace, terminal: Terminal) -> dict[str, Any]:
    """Do what an order says; stopped by a signal, it leaves nothing behind."""
    from core.services.desk import open_desk
    from core.services.rebuilding.retrain_version import retrain_version
    from core.services.rebuilding.retraining import actor_of
    from core.services.rebuilding.retraining_order import Order

    signal.signal(signal.SIGTERM, _stop)
    facts = json.loads(Path(args.order).read_text())
    desk = open_desk(terminal.settings)
    try:
        return retrain_version(
            desk,
            actor_of(facts["actor"]),
            args.use_case,
            Order.from_json(facts["order"]),
            progress=terminal.progress,
            committing=_finish,
        )
    finally:
        desk.close()


def _stop(number: int, frame: object) -> None:
    raise KeyboardInterrupt


def _finish() -> None:
    """From here on the result is being kept: a signal comes too late."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
