"""The command about what happened: `outcomes` joins a file of them to the predictions."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from core.cli.terminal import AddCommand, Terminal


def add_outcomes(command: AddCommand) -> None:
    """Describe the command about what happened."""
    sub = command("outcomes", _outcomes, "take in what happened: a file of outcomes, joined by entity and time")
    sub.add_argument("use_case")
    sub.add_argument("file", help="CSV, Parquet or Excel")
    sub.add_argument("--entity", metavar="COLUMN", help="names the row; default: the column named as when scoring")
    sub.add_argument("--outcome", metavar="COLUMN", help="what happened; default: the column named as the target")
    sub.add_argument("--time", metavar="COLUMN", help="when the scored row happened, if an entity has several")
    sub.add_argument("--observed-at", metavar="COLUMN", help="when the outcome was seen; default: now")
    sub.add_argument("--rejects", metavar="FILE", help="outcomes that could not be joined, and why")


def _outcomes(args: argparse.Namespace, terminal: Terminal) -> dict[str, Any]:
    facts = {
        "use_case": args.use_case,
        "path": str(Path(args.file).resolve()),
        "rejects": str(Path(args.rejects).resolve()) if args.rejects else None,
        "entity": args.entity,
        "outcome": args.outcome,
        "time": args.time,
        "observed_at": args.observed_at,
    }
    return terminal.on_the_log("outcomes", facts)
