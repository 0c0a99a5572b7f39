"""A desk that is killed again and again under load: nothing acknowledged is lost or doubled, events and rows agree."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.harness import contest


@pytest.mark.slow
def test_nothing_acknowledged_is_lost_or_doubled(trained_home: Path) -> None:
    found = contest("benchmarks.kills", "--kills", "12", "--home", str(trained_home))
    assert found["problems"] == []
    assert found["kills"] == 12
    assert {"backup", "event", "file", "outcomes", "row"} <= set(found["acknowledged"])
    assert found["start_most_s"] < 10.0
