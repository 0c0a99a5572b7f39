"""Commands about rows: score a file or one row, resume, void, status, templates."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from core.cli.terminal import AddCommand, Terminal
from core.errors import InputError


def add_scoring(command: AddCommand) -> None:
    """Describe the commands about rows."""
    sub = command("score", _score, "score a CSV, Parquet or Excel file")
    sub.add_argument("use_case")
    sub.add_argument("file")
    sub.add_argument("-o", "--output", metavar="FILE", help="scored rows; .csv or .parquet")
    sub.add_argument("--rejects", metavar="FILE", help="rows that could not be scored, and why")
    sub.add_argument("--version", help="default: the version that acts")
    sub.add_argument("--reasons", action="store_true", help="add the three strongest reasons up and down, as columns")
    sub = command("score-row", _score_row, "score one row given as JSON")
    sub.add_argument("use_case")
    sub.add_argument("row", help="a JSON object, or - for standard input")
    sub = command("resume", _resume, "resume a job that stopped early")
    sub.add_argument("job")
    sub = command("void", _void, "take an upload out of every figure")
    sub.add_argument("batch")
    sub.add_argument("--reason", required=True)
    command("status", _status, "say what the home page shows")
    sub = command("template", _template, "write an empty CSV of a use case, or one with sample rows")
    sub.add_argument("use_case")
    sub.add_argument("-o", "--output", required=True, metavar="FILE")
    sub.add_argument("--sample", type=int, metavar="N", help="rows nobody was trained on")


def _score(args: argparse.Namespace, terminal: Terminal) -> dict[str, Any]:
    out = Path(args.output).resolve() if args.output else None
    facts = {
        "use_case": args.use_case,
        "path": str(Path(args.file).resolve()),
        "out": str(out) if out and out.suffix != ".parquet" else None,
        "parquet": str(out) if out and out.suffix == ".parquet" else None,
        "rejects": str(Path(args.rejects).resolve()) if args.rejects else None,
        "version": args.version,
        "reasons": args.reasons,
    }
    return terminal.on_the_log("score", facts)


def _score_row(args: argparse.Namespace, terminal: Terminal) -> dict[str, Any]:
    text = sys.stdin.read() if args.row == "-" else args.row
    try:
        row = json.loads(text)
    except ValueError as error:
        raise InputError(f"This is not JSON: {error}.", "Give one object, column to value.") from None
    if not isinstance(row, dict):
        raise InputError("This is not one row.", "Give one JSON object, column to value.")
    return terminal.on_the_log("score-row", {"use_case": args.use_case, "row": row})


def _resume(args: argparse.Namespace, terminal: Terminal) -> dict[str, Any]:
    return terminal.on_the_log("resume", {"job": args.job})


def _void(args: argparse.Namespace, terminal: Terminal) -> dict[str, Any]:
    return terminal.on_the_log("void", {"batch": args.batch, "reason": args.reason})


def _status(args: argparse.Namespace, terminal: Terminal) -> dict[str, Any]:
    return terminal.on_the_log("status", {})


def _template(args: argparse.Namespace, terminal: Terminal) -> dict[str, Any]:
    from core.services.batches import sample_csv, template_csv
    from core.services.desk import open_desk

    desk = open_desk(terminal.settings)
    try:
        content = template_csv(desk.use_case(args.use_case))
        if args.sample:
            content = sample_csv(desk, args.use_case, args.sample) or content
    finally:
        desk.close()
    Path(args.output).write_bytes(content)
    return {"files": {"csv": args.output}}
