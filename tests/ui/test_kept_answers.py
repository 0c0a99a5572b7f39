"""What is kept for every session is asked for by each anew: one role's answer is never handed to another."""

from __future__ import annotations

import ast
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from core.errors import NotPermitted
from core.services.access import LOCAL_PEOPLE, Role
from core.ui import state, uploads

SCREEN = Path(__file__).resolve().parents[2] / "core" / "ui"
OF_THE_PROCESS = {"desk", "_inbox", "_scheduler"}  # no answers: what the process itself runs on
NO_ROLES = {"_contract", "_starts"}  # a definition's checks, and held-out rows to start a form from: for everybody
GUARDED = {"_model_card", "_promises", "_summary", "_look"}


def kept() -> set[str]:
    """Names of the functions in core/ui whose answers all sessions share."""
    found = set()
    for path in SCREEN.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.FunctionDef) and any("cache_" in ast.dump(item) for item in node.decorator_list):
                found.add(node.name)
    return found


def test_every_kept_answer_is_known_here() -> None:
    assert kept() == OF_THE_PROCESS | NO_ROLES | GUARDED


@pytest.mark.parametrize("name", ["model_card", "promises"])
def test_sales_gets_no_answer_that_was_kept_for_risk(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    known = SimpleNamespace(policy=1, origin="")
    desk = SimpleNamespace(
        acting_version=lambda key: "v1",
        ledger=SimpleNamespace(alias_model=lambda key, alias: "m"),
        use_case=lambda key: known,
    )
    monkeypatch.setattr(state, "desk", lambda: desk)
    monkeypatch.setattr(state, f"_{name}", lambda *args: "kept")
    answers: dict[Role, Any] = {}
    given = ("lead_scoring", "v1")[: 2 if name == "model_card" else 1]
    for role in Role:
        monkeypatch.setattr(state, "actor", lambda role=role: LOCAL_PEOPLE[role])
        if role is Role.SALES:
            with pytest.raises(NotPermitted):
                getattr(state, name)(*given)
        else:
            answers[role] = getattr(state, name)(*given)
    assert set(answers.values()) == {"kept"}


def test_a_look_at_a_file_is_for_whoever_may_score_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    desk = SimpleNamespace(scorer=lambda key: SimpleNamespace(card=SimpleNamespace(version="v1")))
    monkeypatch.setattr(state, "desk", lambda: desk)
    monkeypatch.setattr(uploads, "_look", lambda *args: "kept")
    use_case: Any = SimpleNamespace(key="lead_scoring")
    monkeypatch.setattr(state, "actor", lambda: LOCAL_PEOPLE[Role.AUDITOR])
    with pytest.raises(NotPermitted):
        uploads.look(use_case, {"path": tmp_path / "a.csv"})
    monkeypatch.setattr(state, "actor", lambda: LOCAL_PEOPLE[Role.SALES])
    assert uploads.look(use_case, {"path": tmp_path / "a.csv"}) == "kept"  # type: ignore[comparison-overlap]
