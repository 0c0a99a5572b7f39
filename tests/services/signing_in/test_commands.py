"""`python -m core person` and `token`: how a desk gets its first administrator and its programs their tokens."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from core.cli.main import DONE, REFUSED, main
from core.config import Settings
from core.services.access import Role
from core.services.desk import open_desk
from core.services.signing_in import local, tokens


def run(capsys: pytest.CaptureFixture[str], *argv: str) -> dict[str, Any]:
    assert main([*argv, "--json"]) == DONE
    said: dict[str, Any] = json.loads(capsys.readouterr().out)
    return said


def test_the_first_person_signs_in_with_what_was_printed(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    said = run(capsys, "person", "add", "Ada Byron", "Ada@example.com", "--role", "admin")
    desk = open_desk(Settings(home=home, sign_in="local"))
    assert local.sign_in(desk, "ada@example.com", said["one_time_password"], "192.0.2.1")
    again = run(capsys, "person", "password", "ada@example.com")
    assert local.sign_in(desk, "ada@example.com", again["one_time_password"], "192.0.2.1")
    assert run(capsys, "person", "sign-out", "ada@example.com") == {"ended": 1}
    listed = run(capsys, "person", "list")["people"]
    assert [(item["name"], item["role"], item["active"]) for item in listed] == [("Ada Byron", "admin", True)]
    assert said["one_time_password"] not in str(listed)
    assert {event.via for event in desk.ledger.events("person Ada Byron")} == {"cli", "page"}
    desk.close()


def test_people_are_changed_by_their_address(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run(capsys, "person", "add", "Ada", "ada@example.com", "--role", "admin")
    run(capsys, "person", "add", "Eve", "eve@example.com", "--role", "sales")
    assert run(capsys, "person", "role", "eve@example.com", "risk")["person"]["role"] == "risk"
    assert run(capsys, "person", "deactivate", "EVE@example.com")["person"]["active"] is False
    assert run(capsys, "person", "reactivate", "eve@example.com")["person"]["active"] is True
    for wrong in (
        ["deactivate", "nobody@example.com"],
        ["role", "ada@example.com", "sales"],
        ["add", "", "x", "--role"],
    ):
        argv = ["person", *wrong, *(["sales"] if wrong[-1] == "--role" else [])]
        assert main(argv) == REFUSED
    assert "only administrator left" in capsys.readouterr().err


def test_a_token_is_printed_once(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    given = run(capsys, "token", "give", "CRM", "--role", "analyst", "--scope", "score", "--scope", "explain")
    desk = open_desk(Settings(home=home))
    held = tokens.holder(desk, given["token"])
    assert held is not None and held.actor.role is Role.ANALYST
    listed = run(capsys, "token", "list")["tokens"]
    assert [(item["name"], item["scopes"]) for item in listed] == [("CRM", ["score", "explain"])]
    assert given["token"] not in str(listed)
    assert run(capsys, "token", "withdraw", given["id"])["token"]["withdrawn_at"]
    assert tokens.holder(desk, given["token"]) is None
    desk.close()
