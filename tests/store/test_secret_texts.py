"""Secret texts lie in a file of their own that only its owner may read."""

from __future__ import annotations

import os
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from core.errors import DeskError, InputError
from core.store.secret_texts import SecretTexts

TEXT = 'json://ada:p"w\\ü€\U0001f511@127.0.0.1/x#y'


def test_texts_come_back_as_they_were(tmp_path: Path) -> None:
    kept = SecretTexts(tmp_path / "data" / "secrets.toml")
    first, second = kept.put(TEXT), kept.put("b")
    assert first != second and (kept.get(first), kept.get(second)) == (TEXT, "b")
    kept.drop(first)
    kept.drop("nothing")
    assert SecretTexts(tmp_path / "data" / "secrets.toml").get(second) == "b"
    with pytest.raises(InputError, match="has no text"):
        kept.get(first)
    assert {path.name for path in (tmp_path / "data").iterdir()} == {"secrets.toml", ".secrets.toml.lock"}


def test_two_at_once_lose_nothing(tmp_path: Path) -> None:
    def put(number: int) -> str:
        return SecretTexts(tmp_path / "secrets.toml").put(f"text {number}")

    with ThreadPoolExecutor(4) as pool:
        names = list(pool.map(put, range(24)))
    kept = SecretTexts(tmp_path / "secrets.toml")
    assert [kept.get(name) for name in names] == [f"text {number}" for number in range(24)]


@pytest.mark.skipif(os.name != "posix", reason="modes of files")
def test_nobody_else_may_read_them(tmp_path: Path) -> None:
    path = tmp_path / "secrets.toml"
    kept = SecretTexts(path)
    name = kept.put(TEXT)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    path.chmod(0o644)
    with pytest.raises(DeskError, match=r"chmod 600 data/secrets\.toml"):
        kept.get(name)


def test_a_text_in_the_environment_is_kept_nowhere(tmp_path: Path) -> None:
    kept = SecretTexts(tmp_path / "secrets.toml")
    assert kept.put("env:SLACK_URL") == "env:SLACK_URL"
    assert kept.get("env:SLACK_URL", {"SLACK_URL": "x"}) == "x"
    with pytest.raises(InputError, match="SLACK_URL is not set"):
        kept.get("env:SLACK_URL", {})
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("text", ["", "a\nb", "a\x7f", "env:", "env:A B"])
def test_what_cannot_be_kept(tmp_path: Path, text: str) -> None:
    with pytest.raises(InputError):
        SecretTexts(tmp_path / "secrets.toml").put(text)


def test_a_spoiled_file_is_named_and_not_quoted(tmp_path: Path) -> None:
    path = tmp_path / "secrets.toml"
    path.write_text("name = hidden")
    path.chmod(0o600)
    with pytest.raises(DeskError, match=r"secrets\.toml cannot be read") as spoiled:
        SecretTexts(path).get("name")
    assert "hidden" not in str(spoiled.value)
