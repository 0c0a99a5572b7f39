"""The command about reasons: `explain` says why a score is what it is, in words that can be pasted into a mail."""

from __future__ import annotations

import argparse
from typing import Any

from core.cli.terminal import AddCommand, Terminal


def add_explaining(command: AddCommand) -> None:
    """Describe the command about reasons."""
    sub = command("explain", _explain, "say why a score is what it is: what helps, what hurts, compared with what")
    sub.add_argument("use_case")
    sub.add_argument("id", help="of a prediction (or its first digits), or of a record: then its newest score")


def _explain(args: argparse.Namespace, terminal: Terminal) -> dict[str, Any]:
    result = terminal.on_the_log("explain", {"use_case": args.use_case, "id": args.id})
    return result if args.json else {"answer": result["answer"]}
