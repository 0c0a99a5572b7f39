"""The audit of locked packages fails on an advisory, says what it could not ask, accepts nothing without a reason."""

from __future__ import annotations

import importlib.util
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parent.parent
TODAY = date(2026, 3, 10)
LOCKED = {"streamlit": "1.67.0", "leaky": "1.0"}


def load() -> ModuleType:
    spec = importlib.util.spec_from_file_location("audit", ROOT / ".ci" / "audit.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


audit = load()
LEAK = {"id": "PYSEC-1", "aliases": ["CVE-1"], "fix_versions": ["1.1"], "description": "It leaks.\nMuch."}


def answers(skipped: tuple[str, ...] = (), vulnerable: tuple[str, ...] = ()) -> Any:
    def asked(packages: Mapping[str, str]) -> dict[str, Any]:
        asked.calls.append(sorted(packages))  # type: ignore[attr-defined]
        return {
            "dependencies": [
                {"name": name, "skip_reason": "not found"}
                if name in skipped
                else {"name": name, "version": version, "vulns": [LEAK] if name in vulnerable else []}
                for name, version in packages.items()
            ]
        }

    asked.calls = []  # type: ignore[attr-defined]
    return asked


def test_nothing_known(capsys: pytest.CaptureFixture[str]) -> None:
    assert audit.audit(LOCKED, {}, answers()) == 0
    assert "2 of 2 locked packages were audited; no open advisories." in capsys.readouterr().out


def test_an_advisory_fails_with_its_name_and_what_fixes_it(capsys: pytest.CaptureFixture[str]) -> None:
    assert audit.audit(LOCKED, {}, answers(vulnerable=("leaky",))) == 1
    assert "leaky 1.0: PYSEC-1, CVE-1. Fixed in 1.1. It leaks. Much." in capsys.readouterr().out


def test_an_accepted_one_is_said_with_its_reason(capsys: pytest.CaptureFixture[str]) -> None:
    assert audit.audit(LOCKED, {"CVE-1": "never reached"}, answers(vulnerable=("leaky",))) == 0
    assert "PYSEC-1 is accepted: never reached" in capsys.readouterr().out


@pytest.mark.parametrize(
    "asks", [lambda packages: None, answers(skipped=("streamlit",))], ids=["no answer", "not found"]
)
def test_where_nobody_answers_that_is_said_and_no_more_is_asked(asks: Any, capsys: pytest.CaptureFixture[str]) -> None:
    assert audit.audit(LOCKED, {}, asks) == 0
    assert "nothing was audited" in capsys.readouterr().out
    assert getattr(asks, "calls", [["streamlit"]]) == [["streamlit"]]


def test_packages_that_nobody_knows_are_not_taken_for_safe(capsys: pytest.CaptureFixture[str]) -> None:
    assert audit.audit(LOCKED, {}, answers(skipped=("leaky",))) == 0
    said = capsys.readouterr().out
    assert "not audited: leaky." in said and "1 of 2 locked packages" in said


@pytest.mark.parametrize(
    ("entry", "complaint"),
    [
        ('id = "CVE-1"', "needs id, reason and until"),
        ('id = "CVE-1"\nreason = " "\nuntil = 2027-01-01', "needs id, reason and until"),
        ('id = "CVE-1"\nreason = "x"\nuntil = 2026-03-09', "look at it again"),
    ],
)
def test_accepting_takes_a_reason_and_an_end(entry: str, complaint: str, tmp_path: Path) -> None:
    (tmp_path / "a.toml").write_text(f"[[accepted]]\n{entry}\n")
    with pytest.raises(ValueError, match=complaint):
        audit.accepted(tmp_path / "a.toml", TODAY)


def test_the_project_s_own_list_can_be_used() -> None:
    assert isinstance(audit.accepted(audit.ACCEPTED, date.today()), dict)


def test_every_lock_is_read() -> None:
    found = audit.pins(sorted(ROOT.glob("requirements*.txt")))
    assert found["streamlit"] and found["psycopg"] and found["pip-audit"] and found["mlflow-skinny"]
    assert all("==" not in version and "\\" not in version for version in found.values())
