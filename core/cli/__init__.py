"""The command line of the desk, one room per kind of command."""

from core.cli.main import main

__all__ = ["main"]
