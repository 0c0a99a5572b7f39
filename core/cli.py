"""The command line: `python -m core COMMAND ...`, the third face beside pages and API.

Every command takes --json (a summary on standard output), writes problems to standard error in words and
exits 0 (done), 1 (a bug, with an incident id) or 2 (refused input).
"""

from __future__ import annotations

import argparse
import getpass
import json
import logging
import os
import sys
import uuid
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from core.config import Settings
from core.errors import DeskBusy, DeskError, InputError, RowProblem
from core.services.access import Actor, Role

DONE, BUG, REFUSED = 0, 1, 2

Command = Callable[[argparse.Namespace, "Terminal"], dict[str, Any]]


class Terminal:
    """Who is at the terminal, and how progress is shown to them."""

    def __init__(self, quiet: bool) -> None:
        self.settings = Settings.from_mapping(os.environ)
        self.actor = Actor(getpass.getuser(), Role.ADMIN, "cli")  # who can write the home folder owns it
        self._live = not quiet and sys.stderr.isatty()
        self._plain = not quiet and not self._live
        self._last = ""

    def progress(self, message: str, fraction: float) -> None:
        """Show how far the work is: a line that moves, or a line per step where nothing can move."""
        if self._live:
            sys.stderr.write(f"\r\x1b[K{fraction:4.0%}  {message}")
            sys.stderr.flush()
        elif self._plain and message.split(",")[0] != self._last and not message[:1].isdigit():
            self._last = message.split(",")[0]
            print(f"{fraction:4.0%}  {message}", file=sys.stderr)

    def close(self) -> None:
        """Leave the line of the progress."""
        if self._live:
            sys.stderr.write("\r\x1b[K")

    def on_the_log(self, command: str, args: dict[str, Any]) -> dict[str, Any]:
        """Run a command that needs the log: here, or on the desk that owns it."""
        from core.services import commands
        from core.services.desk import open_desk
        from core.services.handover import hand_over

        desk = open_desk(self.settings)
        try:
            desk.log  # noqa: B018  take the log now, or learn who has it
            return commands.run(desk, self.actor, command, args, self.progress)
        except DeskBusy:
            return hand_over(self.settings, self.actor, command, args, self.progress)
        finally:
            desk.close()


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code."""
    args = _parser().parse_args(argv)
    terminal: Terminal | None = None
    try:
        terminal = Terminal(quiet=args.quiet)
        result = args.run(args, terminal)
        terminal.close()
        print(json.dumps(result, indent=1, default=str) if args.json else args.say(result))
    except DeskError as error:
        if terminal:
            terminal.close()
        _complain(error, args.json)
        return REFUSED
    except KeyboardInterrupt:
        print("\nStopped.", file=sys.stderr)
        return REFUSED
    except Exception:
        incident = uuid.uuid4().hex[:8]
        logging.getLogger("ringside").exception("incident %s", incident)
        print(f"Something unexpected went wrong (incident {incident}); the trace is above.", file=sys.stderr)
        return BUG
    return DONE


def _complain(error: DeskError, as_json: bool) -> None:
    print(error.message, file=sys.stderr)
    if error.hint:
        print(error.hint, file=sys.stderr)
    if as_json:
        facts: dict[str, Any] = {"error": error.message, "hint": error.hint}
        if isinstance(error, RowProblem):
            facts["problems"] = [vars(problem) for problem in error.data["problems"]]
        print(json.dumps(facts, indent=1, default=str))


def _score(args: argparse.Namespace, terminal: Terminal) -> dict[str, Any]:
    out = Path(args.output).resolve() if args.output else None
    facts = {
        "use_case": args.use_case,
        "path": str(Path(args.file).resolve()),
        "out": str(out) if out and out.suffix != ".parquet" else None,
        "parquet": str(out) if out and out.suffix == ".parquet" else None,
        "rejects": str(Path(args.rejects).resolve()) if args.rejects else None,
        "version": args.version,
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


def _train(args: argparse.Namespace, terminal: Terminal) -> dict[str, Any]:
    from core.services.desk import open_desk
    from core.services.training import train_version

    desk = open_desk(terminal.settings)
    try:
        path = Path(args.data) if args.data else None
        use_case = desk.use_case(args.use_case)
        return train_version(desk, terminal.actor, use_case, path, act=args.act, progress=terminal.progress)
    finally:
        desk.close()


def _prepare(args: argparse.Namespace, terminal: Terminal) -> dict[str, Any]:
    from core.services.preparing import score_samples, train_missing

    if terminal.settings.empty:
        return {"trained": [], "scored": {}, "skipped": "RINGSIDE_EMPTY is set"}
    trained = train_missing(terminal.settings, terminal.actor, terminal.progress)
    scored = score_samples(terminal.settings, trained, terminal.on_the_log)
    return {"trained": trained, "scored": scored}


def _verify(args: argparse.Namespace, terminal: Terminal) -> dict[str, Any]:
    from core.services.desk import open_desk
    from core.services.verifying import verify

    desk = open_desk(terminal.settings)
    try:
        return verify(desk, args.use_case)
    finally:
        desk.close()


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


def _check(args: argparse.Namespace, terminal: Terminal) -> dict[str, Any]:
    from core.services.contract import check_use_case
    from core.services.desk import open_desk

    desk = open_desk(terminal.settings)
    try:
        results = check_use_case(desk.use_case(args.use_case))
    finally:
        desk.close()
    broken = [f"{result.name}: {result.problem}." for result in results if not result.holds]
    if broken:
        raise InputError(" ".join(broken), "Mend the use case's definition.")
    return {"use_case": args.use_case, "holds": [result.name for result in results]}


def _lines(result: dict[str, Any]) -> str:
    """A result in words, one fact a line."""
    from core.reporting import in_words

    return in_words(result)


def _parser() -> argparse.ArgumentParser:
    from core.cli_adopt import add_adopt, add_import

    parser = argparse.ArgumentParser(prog="python -m core", description="Ringside, the scoring desk.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    def command(name: str, run: Command, summary: str) -> argparse.ArgumentParser:
        sub = commands.add_parser(name, help=summary, description=summary)
        sub.add_argument("--json", action="store_true", help="print a machine-readable summary")
        sub.add_argument("--quiet", action="store_true", help="show no progress")
        sub.set_defaults(run=run, say=_lines)
        return sub

    sub = command("prepare", _prepare, "train the built-in use cases and score a sample each, if nothing is there")
    sub = command("train", _train, "train a version of a use case")
    sub.add_argument("use_case")
    sub.add_argument("--data", metavar="FILE", help="labelled rows; default: the use case's own generator")
    sub.add_argument("--act", action="store_true", help="let this version act, without a comparison")
    sub = command("score", _score, "score a CSV, Parquet or Excel file")
    sub.add_argument("use_case")
    sub.add_argument("file")
    sub.add_argument("-o", "--output", metavar="FILE", help="scored rows; .csv or .parquet")
    sub.add_argument("--rejects", metavar="FILE", help="rows that could not be scored, and why")
    sub.add_argument("--version", help="default: the version that acts")
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
    sub = command("verify", _verify, "check files, checksums and compiled models of the versions")
    sub.add_argument("use_case", nargs="?")
    sub = command("check", _check, "check a use case against its contract")
    sub.add_argument("use_case")
    add_adopt(command)
    add_import(command)
    return parser
