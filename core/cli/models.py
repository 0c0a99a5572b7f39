"""Commands about use cases and versions: prepare, train, verify, check."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from core.cli.terminal import AddCommand, Terminal
from core.errors import InputError


def add_models(command: AddCommand) -> None:
    """Describe the commands about use cases and versions."""
    command("prepare", _prepare, "train the built-in use cases and score a sample each, if nothing is there")
    sub = command("train", _train, "train a version of a use case")
    sub.add_argument("use_case")
    sub.add_argument("--data", metavar="FILE", help="labelled rows; default: the use case's own generator")
    sub.add_argument("--act", action="store_true", help="let this version act, without a comparison")
    sub = command("verify", _verify, "check files, checksums and compiled models of the versions")
    sub.add_argument("use_case", nargs="?")
    sub = command("check", _check, "check a use case against its contract")
    sub.add_argument("use_case")


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
