"""The commands that bring something from outside: `adopt` a labelled CSV, `import` a bundle."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from core.cli.terminal import AddCommand, Terminal


def add_bringing(command: AddCommand) -> None:
    """Describe the commands that bring something from outside."""
    _add_adopt(command)
    _add_import(command)


def _add_adopt(command: AddCommand) -> None:
    sub = command("adopt", _adopt, "make a use case of any labelled CSV: look, screen for leaks, train")
    sub.add_argument("file")
    sub.add_argument("--target", required=True, metavar="COLUMN", help="the outcome")
    sub.add_argument("--key", help="name of the new use case; default: made from the file's name")
    sub.add_argument("--task", choices=["binary", "multiclass", "regression"], help="default: read off the target")
    sub.add_argument("--positive", metavar="VALUE", help="which of two values is the positive one")
    sub.add_argument("--id", metavar="COLUMN", help="names a row")
    sub.add_argument("--time", metavar="COLUMN", help="when a row happened (times, or numbers), or row-order")
    sub.add_argument("--group", metavar="COLUMN", help="rows of one group never stand on both sides of a split")
    sub.add_argument("--exclude", nargs="+", default=[], metavar="COLUMN", help="columns no model reads")
    sub.add_argument("--after", nargs="+", default=[], metavar="COLUMN", help="columns known only afterwards: left out")
    sub.add_argument("--null", nargs="+", default=[], metavar="TEXT", help="texts that mean missing in this file")
    sub.add_argument("--split", choices=["time", "group", "random"], help="default: by time, else group, else random")


def _adopt(args: argparse.Namespace, terminal: Terminal) -> dict[str, Any]:
    from core.services.adoption import adopt
    from core.services.adoption_report import AdoptOptions
    from core.services.desk import open_desk

    options = AdoptOptions(
        target=args.target,
        key=args.key,
        task=args.task,
        positive=args.positive,
        id=args.id,
        time=args.time,
        group=args.group,
        exclude=tuple(args.exclude),
        after=tuple(args.after),
        null_texts=tuple(args.null),
        split=args.split,
    )
    desk = open_desk(terminal.settings)
    try:
        return adopt(desk, terminal.actor, Path(args.file), options, progress=terminal.progress).as_json()
    finally:
        desk.close()


def _add_import(command: AddCommand) -> None:
    sub = command("import", _import, "bring in a bundle trained elsewhere, after its hashes are repeated")
    sub.add_argument("folder", help="joblib files of the preprocessor and the models, and a metadata JSON")
    sub.add_argument("--reference", required=True, metavar="FILE", help="labelled rows the bundle is judged on")
    sub.add_argument("--trust", nargs="+", default=[], metavar="SHA256", help="hashes of the files to be opened")
    sub.add_argument("--use-case", dest="use_case", help="default: the one whose features the bundle names")
    sub.add_argument("--act", action="store_true", help="let this version act, without a comparison")


def _import(args: argparse.Namespace, terminal: Terminal) -> dict[str, Any]:
    from core.services.desk import open_desk
    from core.services.importing import import_bundle

    desk = open_desk(terminal.settings)
    try:
        return import_bundle(
            desk,
            terminal.actor,
            Path(args.folder),
            Path(args.reference),
            trust=frozenset(args.trust),
            key=args.use_case,
            act=args.act,
        )
    finally:
        desk.close()
