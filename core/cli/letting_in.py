"""The commands about who may come in: people and tokens; they need the ledger alone, also while the desk runs."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING, Any

from core.cli.terminal import AddCommand, Terminal
from core.errors import UnknownName
from core.services.access import SCOPES, Role

if TYPE_CHECKING:
    from core.services.desk import Desk
    from core.services.signing_in.people import Person
    from core.services.signing_in.tokens import Token

ROLES = tuple(role.value for role in Role)


def add_letting_in(command: AddCommand) -> None:
    """Describe the commands."""
    _add_person(command)
    _add_token(command)


def _add_person(command: AddCommand) -> None:
    sub = command("person", _person, "add a person who may sign in, or list, change or sign out people")
    sub.epilog = (
        "add NAME EMAIL --role ROLE; list; role EMAIL ROLE; password, deactivate, reactivate or sign-out EMAIL. "
        "All take --json."
    )
    does = _choices(sub)
    add = does("add", help="let somebody in; prints their one-time password once")
    add.add_argument("name", help="as events show it")
    add.add_argument("email")
    add.add_argument("--role", choices=ROLES, required=True)
    does("list", help="everybody, with role and state")
    role = does("role", help="give somebody another role")
    role.add_argument("email")
    role.add_argument("role", choices=ROLES)
    for name, summary in _ACTS.items():
        does(name, help=summary).add_argument("email")


def _choices(sub: argparse.ArgumentParser) -> Callable[..., argparse.ArgumentParser]:
    """Adds one thing the command does; --json and --quiet may stand behind it too."""
    parsers = sub.add_subparsers(dest="does", required=True, metavar="WHAT")

    def choice(name: str, **said: Any) -> argparse.ArgumentParser:
        parser = parsers.add_parser(name, **said)
        for flag in ("--json", "--quiet"):
            parser.add_argument(flag, action="store_true", default=argparse.SUPPRESS, help=argparse.SUPPRESS)
        return parser

    return choice


_ACTS = {
    "deactivate": "let somebody in no more, and end what they have open",
    "reactivate": "let somebody in again",
    "password": "give somebody a new one-time password; prints it once",
    "sign-out": "end everything somebody has open",
}


def _add_token(command: AddCommand) -> None:
    sub = command("token", _token, "give a token to a program, or list or withdraw tokens")
    sub.epilog = "give NAME --role ROLE --scope SCOPE [--scope SCOPE ...] [--days DAYS]; list; withdraw ID."
    does = _choices(sub)
    give = does("give", help="make a token; prints it once")
    give.add_argument("name", help="of the program")
    give.add_argument("--role", choices=ROLES, required=True, help="what it could do at most")
    give.add_argument(
        "--scope", action="append", choices=tuple(SCOPES), required=True, help="what it is for; repeat it"
    )
    give.add_argument("--days", type=int, default=90, help="until it opens nothing (90)")
    does("list", help="every token, without its secret")
    does("withdraw", help="let a token open nothing any more").add_argument("id")


def _person(args: argparse.Namespace, terminal: Terminal) -> dict[str, Any]:
    from core.services.desk import open_desk

    desk = open_desk(terminal.settings)
    try:
        return _do_person(args, terminal, desk)
    finally:
        desk.close()


def _do_person(args: argparse.Namespace, terminal: Terminal, desk: Desk) -> dict[str, Any]:
    from core.services.signing_in import people

    actor = terminal.actor
    if args.does == "list":
        return {"people": [_facts(person) for person in people.people(desk, actor)]}
    if args.does == "add":
        person, told = people.add(desk, actor, name=args.name, email=args.email, role=Role(args.role))
        return {"added": person.email} | _one_time(told)
    known = _known(desk, terminal, args.email)
    if args.does == "role":
        return {"person": _facts(people.set_role(desk, actor, known.id, Role(args.role)))}
    if args.does == "password":
        return {"person": known.email} | _one_time(people.set_password(desk, actor, known.id))
    if args.does == "sign-out":
        return {"ended": people.sign_out(desk, actor, known.id)}
    act = people.deactivate if args.does == "deactivate" else people.reactivate
    return {"person": _facts(act(desk, actor, known.id))}


def _one_time(told: str) -> dict[str, Any]:
    return {"one_time_password": told} if told else {}


def _known(desk: Desk, terminal: Terminal, email: str) -> Person:
    from core.services.signing_in import people

    found = {person.email: person for person in people.people(desk, terminal.actor)}
    if email.strip().lower() not in found:
        raise UnknownName("person", email, found)
    return found[email.strip().lower()]


def _facts(item: Person | Token) -> dict[str, Any]:
    return {name: _plain(value) for name, value in vars(item).items()}


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat(timespec="minutes")
    return list(value) if isinstance(value, tuple) else value


def _token(args: argparse.Namespace, terminal: Terminal) -> dict[str, Any]:
    from core.services.desk import open_desk

    desk = open_desk(terminal.settings)
    try:
        return _do_token(args, terminal, desk)
    finally:
        desk.close()


def _do_token(args: argparse.Namespace, terminal: Terminal, desk: Desk) -> dict[str, Any]:
    from core.services.signing_in import tokens

    if args.does == "give":
        role, scopes = Role(args.role), args.scope
        token, text = tokens.give(desk, terminal.actor, name=args.name, role=role, scopes=scopes, days=args.days)
        return {"id": token.id, "token": text, "works_until": _plain(token.expires_at)}
    if args.does == "withdraw":
        return {"token": _facts(tokens.withdraw(desk, terminal.actor, args.id))}
    return {"tokens": [_facts(token) for token in tokens.tokens(desk, terminal.actor)]}
