"""The fingerprint of the code changes with any module's text or name, and with nothing else."""

from __future__ import annotations

from pathlib import Path

from core.services.code import code_fingerprint


def test_it_follows_texts_and_names(tmp_path: Path) -> None:
    def fingerprint() -> str:
        code_fingerprint.cache_clear()
        return code_fingerprint(tmp_path)

    (tmp_path / "rooms").mkdir()
    (tmp_path / "rooms" / "a.py").write_text("x = 1\n")
    first = fingerprint()
    (tmp_path / "notes.txt").write_text("nothing")
    assert fingerprint() == first
    (tmp_path / "rooms" / "a.py").write_text("x = 2\n")
    assert fingerprint() != first
    (tmp_path / "rooms" / "a.py").write_text("x = 1\n")
    assert fingerprint() == first
    (tmp_path / "rooms" / "a.py").rename(tmp_path / "rooms" / "b.py")
    assert fingerprint() != first
    assert len(first) == 64
