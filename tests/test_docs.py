"""What README says is so: its first lines, its settings, its commands, its pages."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path

import pytest

from core import cli
from core.config import CHECKOUT, Settings
from core.ui import places

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text()
DOCUMENTS = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]


def settings_table() -> str:
    """README's table of settings, made from the settings themselves."""
    rows = ["| variable | default | meaning |", "|---|---|---|"]
    for item in fields(Settings):
        shown = "the checkout" if item.default == CHECKOUT else str(item.default or "")
        shown = str(int(item.default)) if isinstance(item.default, bool) else shown
        rows.append(f"| `{item.metadata['env']}` | {shown} | {item.metadata['meaning']} |")
    return "\n".join(rows)


def commands() -> Iterator[tuple[str, str]]:
    """Every `python -m core COMMAND ...` line of the documents, with the document's name."""
    for document in DOCUMENTS:
        for line in re.findall(r"python -m core ([a-z][^`\n]*)", document.read_text()):
            yield document.name, line


def help_of(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> str:
    with pytest.raises(SystemExit) as stopped:
        cli.main([*arguments, "--help"])
    assert stopped.value.code == 0, f"python -m core {' '.join(arguments)} is not a command"
    return capsys.readouterr().out


def test_the_two_commands_come_first() -> None:
    first = "\n".join(README.splitlines()[:15])
    for line in ("make run", "make test", "pip install -r requirements.txt", "streamlit run app.py"):
        assert line in first


def test_settings_table() -> None:
    assert settings_table() in README


@pytest.mark.parametrize(("document", "line"), list(commands()))
def test_command_exists_with_its_options(document: str, line: str, capsys: pytest.CaptureFixture[str]) -> None:
    name, *rest = line.split()
    described = help_of([name.rstrip(".,;")], capsys)
    if rest and "WHAT ..." in described:  # a command that does several things
        described += help_of([name, rest[0].rstrip(".,;")], capsys)
    for option in re.findall(r"(?<=\s)--?[a-z][a-z-]*", " " + " ".join(rest)):
        assert option in described, f"{document}: {name} has no {option}"


def test_every_command_is_in_the_table(capsys: pytest.CaptureFixture[str]) -> None:
    existing = set(re.findall(r"^    ([a-z][a-z-]*)", help_of([], capsys), re.MULTILINE))
    assert existing == set(re.findall(r"^\| `([a-z][a-z-]*)` \|", README, re.MULTILINE))


def test_every_page_is_in_the_table() -> None:
    shown = {place.script: place.title for place in places.PLACES}
    scripts = {str(path.relative_to(ROOT / "pages")) for path in (ROOT / "pages").rglob("*.py")} - {"desk.py"}
    assert scripts == set(shown)
    for script, title in shown.items():
        assert re.search(rf"^\| {title} \| .+ \| `pages/{script}` \|$", README, re.MULTILINE), script


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_lead_somewhere(document: Path) -> None:
    for target in re.findall(r"\]\((?!https?:)([^)#]+)", document.read_text()):
        assert (document.parent / target).exists(), target


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_files_named_in_the_documents_exist(document: Path) -> None:
    named = set(re.findall(r"`((?:core|pages|tests|docs|benchmarks)/[\w/.-]*)`", document.read_text()))
    assert [name for name in sorted(named) if not (ROOT / name).exists()] == []
