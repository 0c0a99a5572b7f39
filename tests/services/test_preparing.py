"""The first start: sample files that nobody was trained on, and nothing done twice."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.config import Settings
from core.services.access import Actor
from core.services.batches import sample_csv
from core.services.desk import Desk
from core.services.preparing import SAMPLE_ROWS, train_missing
from core.usecases import builtin

SAMPLES = Path(__file__).resolve().parents[2] / "data" / "samples"


@pytest.mark.parametrize("key", builtin())
def test_the_committed_samples_are_what_prepare_writes(desk: Desk, key: str) -> None:
    assert (SAMPLES / f"{key}.csv").read_bytes() == sample_csv(desk, key, SAMPLE_ROWS)


def test_what_is_trained_is_not_trained_again(desk: Desk, analyst: Actor) -> None:
    said: list[str] = []
    assert (
        train_missing(Settings(home=desk.settings.home), analyst, lambda message, fraction: said.append(message)) == []
    )
    assert said == []
