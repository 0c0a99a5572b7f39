"""Commands for backups: make one, list them, read one again, put one back, try the newest out."""

from __future__ import annotations

import argparse
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from core.cli.terminal import AddCommand, Terminal


def add_backing_up(command: AddCommand) -> None:
    """Describe the commands."""
    sub = command("backup", _backup, "make a backup of log, ledger, models and secrets; list them; read one again")
    what = sub.add_mutually_exclusive_group()
    what.add_argument("--list", action="store_true", help="say which backups there are, newest first")
    what.add_argument("--verify", metavar="ID", help="read every piece of a backup again")
    sub = command("restore", _restore, "put a backup back, into a folder or in the place of what is there")
    sub.add_argument("backup", metavar="BACKUP", help="its id, as `backup --list` names it, or: newest")
    sub.add_argument("--into", type=Path, metavar="FOLDER", help="an empty or new folder; default: this home, in place")
    command("drill", _drill, "put the newest backup into a scratch folder, check it, say how long that took")


def _backup(args: argparse.Namespace, terminal: Terminal) -> dict[str, Any]:
    from core.services.backing_up import backups

    if args.verify:
        backups.read_again(terminal.settings, args.verify, datetime.now(UTC))
        return {"backup": args.verify, "answer": "Every piece is whole."}
    if args.list:
        return _listed(args, terminal)
    made = terminal.on_the_log("backup", {})
    where = {"folder": str(terminal.settings.backups_dir)}
    if backups.same_disk(terminal.settings):
        where["note"] = "It lies on the disk of the data: let RINGSIDE_BACKUPS name a folder on another one."
    return made | where


def _listed(args: argparse.Namespace, terminal: Terminal) -> dict[str, Any]:
    from core.services.backing_up import backups

    found = backups.listed(terminal.settings)
    if args.json:
        return {"backups": [asdict(item) for item in found], "unreadable": backups.unreadable(terminal.settings)}
    lines = {
        item.id: f"{item.made_at:%Y-%m-%d %H:%M} UTC, {item.reason}, {item.n_rows:,} rows, {item.event_seq:,} events, "
        f"{item.bytes / 1e6:,.1f} MB" + (", read again" if item.verified else ", DAMAGED" if item.damaged else "")
        for item in found
    }
    lines |= dict.fromkeys(backups.unreadable(terminal.settings), "its manifest cannot be read")
    return lines or {"answer": "There is no backup."}


def _restore(args: argparse.Namespace, terminal: Terminal) -> dict[str, Any]:
    from core.services.backing_up import backups
    from core.services.backing_up.restoring import restore

    name = args.backup
    if name == "newest":
        name = next((item.id for item in backups.listed(terminal.settings)), name)  # none: "there is no backup"
    return asdict(restore(terminal.settings, terminal.actor, name, args.into))


def _drill(args: argparse.Namespace, terminal: Terminal) -> dict[str, Any]:
    found = terminal.on_the_log("drill", {})
    terminal.failed = not found["ok"]
    return found
