"""The commands about the audit trail: check it, list it, hand it out, report on it, make past scores again."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from core.cli.terminal import AddCommand, Terminal
from core.errors import InputError

if TYPE_CHECKING:
    from core.services.desk import Desk
    from core.store.ledger_chain import Criteria

WHAT = ("verify", "list", "export", "report", "recompute", "seal")
FILTERS = ("actor", "role", "via", "action", "result")


def add_auditing(command: AddCommand) -> None:
    """Describe the command."""
    sub = command("audit", _audit, "check, list, export and report on who did what; make past scores again")
    sub.add_argument("what", choices=WHAT, help="verify names the first broken link and exits with 1")
    sub.add_argument("--since", metavar="DAY", help="first day (UTC) of list, export and report")
    sub.add_argument("--until", metavar="DAY", help="last day, this one included")
    for name in FILTERS:
        sub.add_argument(f"--{name}", default="", help="list and export: only events with this one")
    sub.add_argument("--subject", default="", metavar="WORDS", help="list and export: words that the subject holds")
    sub.add_argument("--limit", type=int, default=50, help="list: how many, the newest (50)")
    sub.add_argument("--head", default="", help="verify: a head that was kept elsewhere, NUMBER:HASH")
    sub.add_argument("--out", metavar="FILE", help="export: .csv or .jsonl; report: .html or .json")
    sub.add_argument("--use-case", help="recompute: which use case")
    sub.add_argument("--id", help="recompute: a prediction's id; otherwise a random sample is drawn")
    sub.add_argument("--sample", type=int, default=100, help="recompute: how many are drawn (100)")
    sub.add_argument("--seed", type=int, default=0, help="recompute: of the draw (0)")


def _audit(args: argparse.Namespace, terminal: Terminal) -> dict[str, Any]:
    if args.what in ("report", "recompute"):
        return _on_the_log(args, terminal)
    from core.services.desk import open_desk

    works: dict[str, Callable[[argparse.Namespace, Terminal, Desk], dict[str, Any]]] = {
        "verify": _verify,
        "list": _list,
        "export": _export,
        "seal": _seal,
    }
    desk = open_desk(terminal.settings)
    try:
        return works[args.what](args, terminal, desk)
    finally:
        desk.close()


def _verify(args: argparse.Namespace, terminal: Terminal, desk: Desk) -> dict[str, Any]:
    from core.services.auditing import verifying

    found = verifying.verify(desk, terminal.actor, args.head)
    terminal.broken = found.broken is not None
    facts: dict[str, Any] = {
        "result": found.result,
        "events": found.n,
        "head": f"{found.head.seq}:{found.head.hash}",
        "heads_from_elsewhere": len(found.kept),
        "checked_at": found.at.isoformat(timespec="seconds"),
        "on_record_as_event": found.event,
    }
    if found.broken is not None:
        facts["first_broken_link"] = vars(found.broken)
    return facts


def _list(args: argparse.Namespace, terminal: Terminal, desk: Desk) -> dict[str, Any]:
    from core.services.auditing import trail

    found = trail.events(desk, terminal.actor, _criteria(args), size=max(1, args.limit))
    if args.json:
        return {"n": found.n, "events": [trail.as_json(event) for event in found.events]}
    lines = {
        f"{event.seq} {event.at:%Y-%m-%d %H:%M:%S} {event.actor}, {event.role}, {event.via}": f"{event.action}: "
        f"{event.subject}" + (f" ({event.result})" if event.result else "")
        for event in found.events
    }
    return {"events": found.n} | lines


def _export(args: argparse.Namespace, terminal: Terminal, desk: Desk) -> dict[str, Any]:
    from core.services.auditing import trail

    out = _out(args, ("csv", "jsonl"))
    found = trail.export(desk, terminal.actor, _criteria(args), out.suffix[1:])
    out.write_text(found.text, encoding="utf-8")
    return {"file": str(out), "events": found.n}


def _seal(args: argparse.Namespace, terminal: Terminal, desk: Desk) -> dict[str, Any]:
    from core.services.auditing import sealing

    return vars(sealing.seal(desk, terminal.actor))


def _on_the_log(args: argparse.Namespace, terminal: Terminal) -> dict[str, Any]:
    if args.what == "recompute":
        if not args.use_case:
            raise InputError("No use case is named.", "Say --use-case NAME.")
        asked = {"use_case": args.use_case, "id": args.id, "sample": args.sample, "seed": args.seed}
        found = terminal.on_the_log("audit-recompute", asked)
        terminal.broken = not found["equal"]
        return found
    out = _out(args, ("html", "json"))
    asked = {"since": args.since, "until": args.until, "form": out.suffix[1:]}
    found = terminal.on_the_log("audit-report", asked)
    out.write_text(found.pop("text"), encoding="utf-8")
    return {"file": str(out), **found}


def _out(args: argparse.Namespace, forms: tuple[str, ...]) -> Path:
    out = Path(args.out or f"audit.{forms[0]}")
    if out.suffix[1:] not in forms:
        raise InputError(f"{out.name} is neither of {' and '.join(forms)}.", f"Name a file that ends with .{forms[0]}.")
    return out


def _criteria(args: argparse.Namespace) -> Criteria:
    from core.services.auditing.trail import Criteria

    chosen = {name: getattr(args, name) for name in FILTERS}
    return Criteria(_midnight(args.since), _midnight(args.until, 1), words=args.subject, **chosen)


def _midnight(text: str | None, later: int = 0) -> datetime | None:
    if not text:
        return None
    try:
        day = date.fromisoformat(text)
    except ValueError:
        raise InputError(f"'{text}' is no day.", "Write it as 2026-03-31.") from None
    return datetime.combine(day + timedelta(days=later), time(), UTC)
