"""The command that fills the desk with a simulated history, or takes it out: demo."""

from __future__ import annotations

import argparse
from datetime import UTC, datetime
from typing import Any

from core.cli.terminal import AddCommand, Terminal
from core.errors import InputError


def add_simulating(command: AddCommand) -> None:
    """Describe the command."""
    sub = command("demo", _demo, "fill the desk with six simulated months, or remove them with --clear")
    sub.add_argument("--seed", type=int, metavar="N", help="another seed, another history; default 7")
    sub.add_argument("--until", metavar="DATE", help="where the history ends, ISO 8601; default: today")
    sub.add_argument("--clear", action="store_true", help="delete every simulated row; real ones are never touched")


def _demo(args: argparse.Namespace, terminal: Terminal) -> dict[str, Any]:
    if args.seed is not None and args.seed < 0:
        raise InputError(f"The seed is {args.seed}.", "It takes a whole number of at least 0.")
    facts = {"seed": args.seed, "until": _moment(args.until), "clear": args.clear}
    return terminal.on_the_log("demo", facts)


def _moment(text: str | None) -> str | None:
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise InputError(f"--until is '{text}'.", "It takes a date such as 2026-11-21.") from None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).isoformat()
