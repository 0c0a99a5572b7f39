"""The command line: `python -m core COMMAND ...`, the third face beside pages and API.

Every command takes --json (a summary on standard output), writes problems to standard error in words and
exits 0 (done), 1 (a bug, with an incident id; or what was checked does not hold) or 2 (refused input).
"""

from __future__ import annotations

import argparse
import json
import sys
import uuid
from collections.abc import Sequence
from typing import Any

from core.cli.alerting import add_alerting
from core.cli.auditing import add_auditing
from core.cli.backing_up import add_backing_up
from core.cli.bringing import add_bringing
from core.cli.comparing import add_comparing
from core.cli.exchanging import add_exchanging
from core.cli.explaining import add_explaining
from core.cli.letting_in import add_letting_in
from core.cli.models import add_models
from core.cli.moving import add_moving
from core.cli.outcomes import add_outcomes
from core.cli.retraining import add_retraining
from core.cli.scoring import add_scoring
from core.cli.simulating import add_simulating
from core.cli.terminal import Command, Terminal
from core.cli.watching import add_watching
from core.cli.wording import in_words
from core.errors import DeskError, NotPermitted, RowProblem
from core.logs import logger

LOGGER = logger("")

DONE, BUG, REFUSED = 0, 1, 2
BROKEN = 1  # what was checked does not hold


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code."""
    args = _parser().parse_args(argv)
    terminal: Terminal | None = None
    try:
        terminal = Terminal(quiet=args.quiet)
        result = args.run(args, terminal)
        terminal.close()
        print(json.dumps(result, indent=1, default=str) if args.json else in_words(result))
    except DeskError as error:
        if terminal:
            terminal.close()
        _complain(error, args.json)
        if terminal and isinstance(error, NotPermitted):
            terminal.note_refusal(error, args.command)
        return REFUSED
    except KeyboardInterrupt:
        print("\nStopped.", file=sys.stderr)
        return REFUSED
    except Exception:
        incident = uuid.uuid4().hex[:8]
        LOGGER.exception("incident %s", incident)
        print(f"Something unexpected went wrong (incident {incident}); the trace is above.", file=sys.stderr)
        return BUG
    if terminal.broken:
        return BROKEN
    return REFUSED if terminal.failed else DONE


def _complain(error: DeskError, as_json: bool) -> None:
    print(error.message, file=sys.stderr)
    if error.hint:
        print(error.hint, file=sys.stderr)
    if as_json:
        facts: dict[str, Any] = {"error": error.message, "hint": error.hint}
        if isinstance(error, RowProblem):
            facts["problems"] = [vars(problem) for problem in error.data["problems"]]
        print(json.dumps(facts, indent=1, default=str))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m core", description="Ringside, the scoring desk.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    def command(name: str, run: Command, summary: str) -> argparse.ArgumentParser:
        sub = commands.add_parser(name, help=summary, description=summary)
        sub.add_argument("--json", action="store_true", help="print a machine-readable summary")
        sub.add_argument("--quiet", action="store_true", help="show no progress")
        sub.set_defaults(run=run, command=name)
        return sub

    rooms = (
        add_models,
        add_scoring,
        add_explaining,
        add_outcomes,
        add_comparing,
        add_bringing,
        add_exchanging,
        add_simulating,
        add_retraining,
        add_alerting,
        add_watching,
        add_letting_in,
        add_backing_up,
        add_moving,
        add_auditing,
    )
    for add in rooms:
        add(command)
    return parser
