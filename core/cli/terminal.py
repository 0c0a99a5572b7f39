"""Who is at the terminal, how progress is shown to them, and where their commands run."""

from __future__ import annotations

import argparse
import getpass
import os
import sys
from collections.abc import Callable
from typing import Any

from core.config import Settings
from core.errors import DeskBusy, NotPermitted
from core.services.access import Actor, Role


class Terminal:
    """Who is at the terminal, and how progress is shown to them."""

    def __init__(self, quiet: bool) -> None:
        self.settings = Settings.from_mapping(os.environ)
        self.actor = Actor(getpass.getuser(), Role.ADMIN, "cli")  # who can write the home folder owns it
        self._live = not quiet and sys.stderr.isatty()
        self._plain = not quiet and not self._live
        self._last = ""
        self.failed = False  # part of what was done came to nothing, as the result says
        self.broken = False  # what was checked does not hold, as the result says

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

    def note_refusal(self, error: NotPermitted, command: str) -> None:
        """Write a failed attempt into the ledger."""
        from core.services.auditing import noting
        from core.services.desk import open_desk

        desk = open_desk(self.settings)
        try:
            noting.refused(desk, self.actor, error, f"command {command}")
        finally:
            desk.close()

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


Command = Callable[[argparse.Namespace, Terminal], dict[str, Any]]
AddCommand = Callable[[str, Command, str], argparse.ArgumentParser]
