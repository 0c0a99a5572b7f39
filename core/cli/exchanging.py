"""The command that takes versions to an MLflow server and back: mlflow."""

from __future__ import annotations

import argparse
import os
from typing import Any

from core.cli.terminal import AddCommand, Terminal


def add_exchanging(command: AddCommand) -> None:
    """Describe the command."""
    sub = command("mlflow", _mlflow, "push a version to an MLflow server, or pull one from it")
    sub.add_argument("direction", choices=["push", "pull"], help="to the server, or from it")
    sub.add_argument("use_case")
    sub.add_argument(
        "--version",
        help="push: default the acting one; pull: a version's name, MLflow's number or an alias, default champion",
    )
    sub.add_argument("--uri", help="the server, http(s)://... or sqlite:///file; default: MLFLOW_TRACKING_URI")


def _mlflow(args: argparse.Namespace, terminal: Terminal) -> dict[str, Any]:
    from core.services.desk import open_desk
    from core.services.exchange import pull, push

    go = {"push": push, "pull": pull}[args.direction]
    desk = open_desk(terminal.settings)
    try:
        return go(desk, terminal.actor, args.use_case, args.uri or os.environ.get("MLFLOW_TRACKING_URI"), args.version)
    finally:
        desk.close()
