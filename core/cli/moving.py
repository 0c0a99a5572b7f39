"""The commands that bring a desk's ledger and log to a server, or take the log back: move-ledger, move-log."""

from __future__ import annotations

import argparse
from dataclasses import asdict
from typing import Any

from core.cli.terminal import AddCommand, Terminal


def add_moving(command: AddCommand) -> None:
    """Describe the commands."""
    command("move-ledger", _move_ledger, "bring this desk's ledger to the server of RINGSIDE_DATABASE_URL, once")
    sub = command("move-log", _move_log, "bring this desk's log into the shared one in PostgreSQL, once")
    sub.add_argument("--back", action="store_true", help="make the copy of the shared log this desk's own log again")


def _move_ledger(_: argparse.Namespace, terminal: Terminal) -> dict[str, Any]:
    from core.services.moving_ledger import move_ledger

    return asdict(move_ledger(terminal.settings, terminal.actor))


def _move_log(args: argparse.Namespace, terminal: Terminal) -> dict[str, Any]:
    from core.services.moving_log import move_log

    return asdict(move_log(terminal.settings, terminal.actor, back=args.back))
