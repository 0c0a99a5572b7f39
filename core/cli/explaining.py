"""The commands about one record: `explain` says why it scored so, `entity` hands out or erases what is kept of it."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from core.cli.terminal import AddCommand, Terminal


def add_explaining(command: AddCommand) -> None:
    """Describe the commands about one record."""
    sub = command("explain", _explain, "say why a score is what it is: what helps, what hurts, compared with what")
    sub.add_argument("use_case")
    sub.add_argument("id", help="of a prediction (or its first digits), or of a record: then its newest score")
    sub = command("entity", _entity, "say what is kept of one entity; write it all to a file, or erase it")
    sub.add_argument("use_case")
    sub.add_argument("id", help="as it was scored, or another id of its rows, such as the customer's")
    what = sub.add_mutually_exclusive_group()
    what.add_argument("--export", metavar="FILE", help="write everything that is kept of it, as JSON")
    what.add_argument("--erase", action="store_true", help="take everything away that is kept of it; needs --reason")
    sub.add_argument("--reason", help="why it is erased, such as the number of the request")


def _explain(args: argparse.Namespace, terminal: Terminal) -> dict[str, Any]:
    result = terminal.on_the_log("explain", {"use_case": args.use_case, "id": args.id})
    return result if args.json else {"answer": result["answer"]}


def _entity(args: argparse.Namespace, terminal: Terminal) -> dict[str, Any]:
    export = str(Path(args.export).resolve()) if args.export else None
    facts = {"use_case": args.use_case, "id": args.id, "export": export, "erase": args.erase, "reason": args.reason}
    return terminal.on_the_log("entity", facts)
