"""What was sent is known again, also by the next process; equal ids count once."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa

from core.store.sent_ids import SentIds


def ids(*numbers: int) -> pa.Array:
    return pa.array([f"{number:032x}" for number in numbers])


def test_what_was_sent_is_known_again(tmp_path: Path) -> None:
    with SentIds(tmp_path / "made" / "job.duckdb") as sent:
        assert sent.not_sent(ids(1, 2, 2, 3)).tolist() == [True, True, False, True]
        sent.add(ids(1, 3))
    with SentIds(tmp_path / "made" / "job.duckdb") as sent:
        assert sent.not_sent(ids(1, 2, 3, 4)).tolist() == [False, True, False, True]
        assert sent.not_sent(ids()).tolist() == []
