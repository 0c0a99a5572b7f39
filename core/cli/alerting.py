"""The command about alerts: what fired, and saying that somebody looks into it; it needs the ledger alone."""

from __future__ import annotations

import argparse
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from core.cli.terminal import AddCommand, Terminal
from core.errors import InputError

if TYPE_CHECKING:
    from core.services.desk import Desk
    from core.store.ledger_alert_tables import AlertRecord


def add_alerting(command: AddCommand) -> None:
    """Describe the command."""
    sub = command("alerts", _alerts, "list what fired; acknowledge, snooze or close an alert")
    sub.add_argument("--state", choices=("open", "snoozed", "closed"), default="open", help="which to list")
    work = sub.add_mutually_exclusive_group()
    work.add_argument("--acknowledge", metavar="ID", help="say that you look into it")
    work.add_argument("--snooze", metavar="ID", help="put it aside for --hours, with a --reason")
    work.add_argument("--close", metavar="ID", help="end it, with a --reason")
    sub.add_argument("--hours", type=float, default=24.0, help="of a snooze (24)")
    sub.add_argument("--reason", default="", help="for the record")


def _alerts(args: argparse.Namespace, terminal: Terminal) -> dict[str, Any]:
    from core.services.desk import open_desk

    desk = open_desk(terminal.settings)
    try:
        changed = _work(args, terminal, desk)
        if changed is not None:
            return changed
        return _listed(args, terminal, desk)
    finally:
        desk.close()


def _work(args: argparse.Namespace, terminal: Terminal, desk: Desk) -> dict[str, Any] | None:
    """What was asked to be done with one alert; None where nothing was."""
    from core.services.alerting import inbox

    if args.acknowledge:
        return _facts(inbox.acknowledge(desk, terminal.actor, args.acknowledge))
    if args.snooze:
        if not args.hours > 0:
            raise InputError(f"--hours is {args.hours:g}.", "Give a number above 0.")
        until = datetime.now(UTC) + timedelta(hours=args.hours)
        return _facts(inbox.snooze(desk, terminal.actor, args.snooze, until, args.reason))
    if args.close:
        return _facts(inbox.close(desk, terminal.actor, args.close, args.reason))
    return None


def _listed(args: argparse.Namespace, terminal: Terminal, desk: Desk) -> dict[str, Any]:
    from core.services.alerting import inbox

    found = inbox.alerts(desk, terminal.actor, args.state)
    if args.json:
        return {"alerts": [_facts(alert) for alert in found]}
    if not found:
        return {"answer": f"No alert is {args.state}."}
    return {
        f"{alert.id} {alert.severity}, {alert.rule.replace('_', ' ')} of {alert.subject}"
        + (f", {alert.about}" if alert.about else ""): f"{alert.sentence} Owner: {alert.owner or 'nobody yet'}."
        for alert in found
    }


def _facts(alert: AlertRecord) -> dict[str, Any]:
    return {name: value.isoformat() if isinstance(value, datetime) else value for name, value in vars(alert).items()}
