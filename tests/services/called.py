"""Finds every public service function that takes an actor, and calls it with arguments that stand for anything.

The desk that it is called with stops whatever touches it, so a refusal that is seen came before anything was read or
changed. Other arguments answer to everything, so that a service which looks at one first is found out, not broken.
"""

from __future__ import annotations

import ast
import importlib
import inspect
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from core.errors import NotPermitted
from core.services.access import Action, Actor, Role
from core.services.request_counts import RequestCounts

CORE = Path(__file__).resolve().parents[2] / "core"
SERVICES = CORE / "services"
OUT_OF_REACH = {"desk", "settings"}  # parameters through which what must stay untouched is reached


class Touched(BaseException):
    """Something reached for the desk: it is past its permission check. No `except Exception` swallows it."""


class OutOfReach:
    """A desk that nothing may touch; only that it was asked is counted in memory, refused or not."""

    def __init__(self) -> None:
        self.requests = RequestCounts()

    def __getattr__(self, name: str) -> Any:
        raise Touched(name)


class Anything(dict[str, Any]):
    """An argument that has every attribute and key, and can be called; as a sequence it is empty."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return Anything()

    def __missing__(self, key: str) -> Any:
        return "anything"

    def __call__(self, *_: Any, **__: Any) -> Any:
        return Anything()

    def get(self, key: str, default: Any = None) -> Any:
        return default


@dataclass(frozen=True)
class Service:
    """One public function that takes an actor.

    Attributes
    ----------
    name : str
        Its module below core/services and its own name: "governing/registry.approve".
    asks, always_asks : frozenset of str
        Names of the actions that its own body passes to `require`, and those of them that depend on nothing.
    writes : bool
        Whether its own body changes the ledger in a transaction or writes an event.
    """

    name: str
    module: str
    function: str
    asks: frozenset[str] = field(compare=False)
    always_asks: frozenset[str] = field(compare=False)
    writes: bool = field(compare=False)

    @cached_property
    def callable(self) -> Callable[..., Any]:
        return getattr(importlib.import_module(self.module), self.function)  # type: ignore[no-any-return]

    def call(self, actor: Actor, everything: bool = False) -> None:
        """Call it as the actor, with `everything` that it takes or with what it must be given.

        Only NotPermitted comes out; anything else means that the actor was let in.
        """
        placed: list[Any] = []
        named: dict[str, Any] = {}
        for parameter in inspect.signature(self.callable).parameters.values():
            given = actor if parameter.name == "actor" else _stand_in(parameter)
            needed = everything or parameter.default is parameter.empty or parameter.name == "actor"
            if needed and parameter.kind is parameter.KEYWORD_ONLY:
                named[parameter.name] = given
            elif needed:
                placed.append(given)
        try:
            found = self.callable(*placed, **named)
            if inspect.isgenerator(found):  # it runs with the first value that is asked of it
                next(found, None)
        except NotPermitted:
            raise
        except (Exception, Touched):  # noqa: BLE001  whatever stops it now, it was let in
            return

    def required(self, everything: bool = False) -> frozenset[Action]:
        """Every action that it requires before anything else: what a token of no scope lacks, one by one."""
        held: frozenset[Action] = frozenset()
        while True:
            try:
                self.call(Actor("Someone", Role.ADMIN, "api", held), everything)
            except NotPermitted as refusal:
                lacks = Action(refusal.data["action"])
                assert lacks not in held, f"{self.name} refuses {lacks} to an administrator who holds it"
                held |= {lacks}
            else:
                return held


def _stand_in(parameter: inspect.Parameter) -> Any:
    if parameter.name in OUT_OF_REACH:
        return OutOfReach()
    return "anything" if parameter.annotation in ("str", "str | None") else Anything()


def services() -> Iterator[Service]:
    """Every public function below core/services that takes an actor."""
    for path in sorted(SERVICES.rglob("*.py")):
        place = path.relative_to(SERVICES).with_suffix("")
        module = ".".join(("core", "services", *place.parts))
        for found in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(found, ast.FunctionDef) and not found.name.startswith("_") and _takes_actor(found):
                name = f"{place.as_posix()}.{found.name}"
                plain = [statement for statement in found.body if isinstance(statement, ast.Expr)]
                always = frozenset(action for statement in plain for action in _asked(statement))
                yield Service(name, module, found.name, frozenset(_asked(found)), always, _writes(found))


def methods() -> Iterator[str]:
    """Every public method below core/services that takes an actor, as "module.Class.method"."""
    for path in sorted(SERVICES.rglob("*.py")):
        for found in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(found, ast.ClassDef):
                for method in found.body:
                    if isinstance(method, ast.FunctionDef) and _takes_actor(method) and method.name[0] != "_":
                        place = path.relative_to(SERVICES).with_suffix("").as_posix()
                        yield f"{place}.{found.name}.{method.name}"


def actions_asked() -> set[str]:
    """Names of every action that anything in core/ requires or asks for."""
    found: set[str] = set()
    for path in CORE.rglob("*.py"):
        if path.name != "access.py":
            found |= set(_asked(ast.parse(path.read_text(encoding="utf-8")), ("require", "may")))
    return found


def _takes_actor(function: ast.FunctionDef) -> bool:
    taken = function.args
    return any(argument.arg == "actor" for argument in (*taken.posonlyargs, *taken.args, *taken.kwonlyargs))


def _asked(tree: ast.AST, by: tuple[str, ...] = ("require",)) -> Iterator[str]:
    for call in ast.walk(tree):
        if isinstance(call, ast.Call) and _last(call.func) in by and len(call.args) == 2:
            for part in ast.walk(call.args[1]):
                if isinstance(part, ast.Attribute) and _last(part.value) == "Action":
                    yield part.attr


def _writes(function: ast.FunctionDef) -> bool:
    calls = [_last(call.func) for call in ast.walk(function) if isinstance(call, ast.Call)]
    return bool({"transaction", "record", "_event", "_change", "_record", "write_down", "_write"} & set(calls))


def _last(node: ast.AST) -> str:
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""
