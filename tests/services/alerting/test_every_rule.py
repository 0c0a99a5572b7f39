"""Every rule of the desk together, on rows as in training: none fails, none fires."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

from core.services.alerting.engine import evaluate
from core.services.alerting.rule import rules
from core.services.alerting.settings import looks_at
from core.services.desk import Desk
from core.services.watching.drift_results import measure
from core.usecases import builtin

from .trained import score_rows


def test_quiet_rows_stay_quiet(desk: Desk, tmp_path: Path) -> None:
    for key in builtin():
        score_rows(desk, tmp_path, key)
    soon = datetime.now(UTC) + timedelta(seconds=5)
    for key in builtin():
        measure(desk, key, soon)
    found = evaluate(desk, soon, every_rule=True)
    assert not found.failed
    assert [(alert.rule, alert.subject, alert.sentence) for alert in found.opened] == []
    assert found.looked == sum(looks_at(rule, key) for rule in rules().values() for key in (*builtin(), "desk"))
    assert found.readings["ok"] > 50
