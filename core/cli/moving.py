"""The command that brings a desk's log into the shared one, or takes it back: move-log."""

from __future__ import annotations

import argparse
from dataclasses import asdict
from typing import Any

from core.cli.terminal import AddCommand, Terminal


def add_moving(command: AddCommand) -> None:
    """Describe the command."""
    sub = command("move-log", _move_log, "bring this desk's log into the shared one in PostgreSQL, once")
    sub.add_argument("--back", action="store_true", help="make the copy of the shared log this desk's own log again")


def _move_log(args: argparse.Namespace, terminal: Terminal) -> dict[str, Any]:
    from core.services.moving_log import move_log

    return asdict(move_log(terminal.settings, terminal.actor, back=args.back))
