"""What the desk tells a monitoring system: counters that never go back, figures that are read and never measured."""

from __future__ import annotations

import io
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from core.config import Settings
from core.domain.exposition import Family
from core.errors import NotPermitted
from core.services import batches, metrics_kept
from core.services.access import LOCAL_PEOPLE, Action, Actor, Role
from core.services.backing_up.drilling import DRILLED, SUBJECT
from core.services.desk import Desk, open_desk
from core.services.metrics import metrics
from core.services.metrics_kept import read_anew, read_seldom
from core.services.request_counts import SCORE_ONE, Outcome
from core.services.scheduling.running import run_now
from core.services.scoring import sample_rows, score_one
from core.store.ledger_alert_tables import AlertRecord

AUDITOR = LOCAL_PEOPLE[Role.AUDITOR]
KEY = "lead_scoring"
NOW = datetime(2026, 3, 10, 12, 0, tzinfo=UTC)


@pytest.fixture
def bare(home: Path) -> Any:
    opened = open_desk(Settings(home=home))
    yield opened
    opened.close()


def told(desk: Desk) -> dict[str, Family]:
    return {family.name: family for family in metrics(desk, AUDITOR)}


def values(desk: Desk, name: str) -> dict[tuple[str, ...], float]:
    return {sample.labels: sample.value for sample in told(desk)[name].samples}


def test_sales_may_not_read_them_neither_a_token_made_for_something_else(bare: Desk) -> None:
    with pytest.raises(NotPermitted, match="read the metrics"):
        metrics(bare, LOCAL_PEOPLE[Role.SALES])
    with pytest.raises(NotPermitted, match="token"):
        metrics(bare, replace(AUDITOR, only=frozenset({Action.SCORE_ONE})))
    assert metrics(bare, replace(AUDITOR, only=frozenset({Action.READ_METRICS})))


def test_counters_do_not_go_back_when_counts_are_written_down(bare: Desk) -> None:
    for seconds, outcome in ((0.002, Outcome.ANSWERED), (0.3, Outcome.ANSWERED), (0.1, Outcome.ERROR)):
        bare.requests.add("api", SCORE_ONE, outcome, seconds)
    before = values(bare, "ringside_requests")
    bare.requests.write(bare.ledger.add_requests)
    bare.requests.add("api", SCORE_ONE, Outcome.REFUSED, 0.1)
    after = values(bare, "ringside_requests")
    assert {outcome: n for (_, _, outcome), n in before.items()} == {"answered": 2, "refused": 0, "error": 1}
    assert after == before | {("api", SCORE_ONE, "refused"): 1}
    assert values(bare, "ringside_rows_scored") == {("api", SCORE_ONE): 2}


def test_the_histogram_is_cumulative_and_adds_up(bare: Desk) -> None:
    for seconds in (0.002, 0.002, 0.3):
        bare.requests.add("page", SCORE_ONE, Outcome.ANSWERED, seconds)
    (sample,) = told(bare)["ringside_request_duration_seconds"].samples
    by_bound = dict(sample.buckets)
    assert sample.value == pytest.approx(0.304)
    assert [n for _, n in sample.buckets] == sorted(n for _, n in sample.buckets)
    assert by_bound[float("inf")] == 3
    near = min(by_bound, key=lambda bound: abs(bound - 0.2))
    assert near == pytest.approx(0.2, rel=0.03) and by_bound[near] == 2


def test_nothing_is_opened_for_a_scrape(bare: Desk) -> None:
    assert values(bare, "ringside_log_open") == {(): 0}
    assert "_log" not in vars(bare) and "ringside_log_rows" not in told(bare)
    bare.log  # noqa: B018
    assert values(bare, "ringside_log_open") == {(): 1}
    assert values(bare, "ringside_log_rows")[KEY,] == 0


def test_a_part_that_fails_hides_no_other(bare: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bare.ledger, "head", lambda: 1 / 0)
    found = told(bare)
    assert "ringside_ledger_events" not in found and "ringside_disk_free_bytes" in found
    assert values(bare, "ringside_metrics_part_up")["ledger",] == 0
    assert values(bare, "ringside_metrics_part_up")["machine",] == 1


def test_alerts_are_counted_without_simulated_ones(bare: Desk) -> None:
    facts = {"value": 0.3, "limit": 0.2, "n": 100, "opened_at": NOW, "last_seen": NOW}
    for number, (about, state, simulated) in enumerate(
        [("a", "open", False), ("b", "acknowledged", False), ("c", "closed", False), ("d", "open", True)]
    ):
        bare.ledger.add_alert(
            AlertRecord(f"a{number}", "rejects", KEY, about, "warning", state, "x", **facts, simulated=simulated)
        )
    assert values(bare, "ringside_alerts_open") == {("rejects", "warning", KEY): 2}


def test_backup(bare: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    assert values(bare, "ringside_backup_present") == {(): 0}
    assert values(bare, "ringside_backup_last_timestamp_seconds") == {}
    folder = bare.settings.backups_dir / "b1"
    folder.mkdir(parents=True)
    (folder / "manifest.json").write_text('{"made_at": "2026-03-10T12:00:00+00:00"}')
    assert values(bare, "ringside_backup_present") == {(): 0}  # read again after a minute
    monkeypatch.setattr(metrics_kept, "_kept", {})
    assert values(bare, "ringside_backup_last_timestamp_seconds") == {(): NOW.timestamp()}


def test_drill(bare: Desk) -> None:
    assert values(bare, "ringside_drill_ok") == values(bare, "ringside_drill_restore_seconds") == {}
    facts = {"at": NOW, "actor": "Ada", "role": "admin", "via": "cli", "action": DRILLED, "subject": SUBJECT}
    bare.ledger.record(**facts, after={"ok": False, "rto_seconds": 2.5, "at": NOW.isoformat()})
    assert values(bare, "ringside_drill_ok") == {(): 0}
    assert values(bare, "ringside_drill_restore_seconds") == {(): 2.5}


def test_the_chain_s_head_moves_with_every_event(bare: Desk) -> None:
    def record() -> None:
        bare.ledger.record(at=NOW, actor="Ada", role="risk", via="page", action="look", subject=KEY)

    record()
    first = values(bare, "ringside_ledger_events"), values(bare, "ringside_ledger_chain_head")
    record()
    second = values(bare, "ringside_ledger_events"), values(bare, "ringside_ledger_chain_head")
    assert second[0][()] == first[0][()] + 1 and second[1] != first[1]
    assert second[1][()] == int(bare.ledger.head()[1][:12], 16)  # nothing lost on the way through a float


def test_drift_is_what_was_measured_last(bare: Desk) -> None:
    def window(begins: datetime, judged: bool = True) -> dict[str, Any]:
        ends = begins + timedelta(days=7)
        return {"use_case": KEY, "window_from": begins, "window_to": ends, "measured_at": ends, "version": "v1",
                "step": "week", "judged": judged, "n": 100}  # fmt: skip

    def result(begins: datetime, of: str, name: str, place: int, level: str, psi: float) -> dict[str, Any]:
        return window(begins) | {
            "against": "reference",
            "of": of,
            "name": name,
            "place": place,
            "level": level,
            "psi": psi,
        }

    old, new, open_ = NOW - timedelta(days=21), NOW - timedelta(days=14), NOW - timedelta(days=7)
    bare.log.append_drift([window(old)], [result(old, "score", "lightgbm", 0, "no change", 0.01)])
    assert values(bare, "ringside_drift_score_psi") == {(KEY, "v1"): 0.01}
    bare.log.append_drift(
        [window(new), window(open_, judged=False)],
        [
            result(new, "score", "ridge", 1, "no change", 0.02),
            result(new, "score", "lightgbm", 0, "significant change", 0.31),
            result(new, "raw column", "age", 2, "moderate change", 0.12),
            result(new, "feature", "age_band", 3, "no change", 0.0),
        ],
    )
    assert values(bare, "ringside_drift_score_psi") == {(KEY, "v1"): 0.31}
    levels = {labels[1]: n for labels, n in values(bare, "ringside_drift_items").items()}
    assert levels == {"quiet": 1, "moderate": 1, "significant": 0, "too few rows": 0}
    assert values(bare, "ringside_drift_window_end_timestamp_seconds") == {
        (KEY,): (new + timedelta(days=7)).timestamp()
    }


def test_what_acts_is_told_before_and_after_it_is_loaded(desk: Desk) -> None:
    (cold,) = [s.labels for s in told(desk)["ringside_acting"].samples if s.labels[0] == KEY]
    assert cold == (KEY, "v1", "", "v1") and values(desk, "ringside_model_loaded")[KEY,] == 0
    card = desk.scorer(KEY).card
    (warm,) = [s.labels for s in told(desk)["ringside_acting"].samples if s.labels[0] == KEY]
    assert warm == (KEY, "v1", card.champion, "v1") and values(desk, "ringside_model_loaded")[KEY,] == 1
    assert values(desk, "ringside_stand_in")[KEY,] == 0


def test_work_of_the_desk_is_counted(desk: Desk, analyst: Actor) -> None:
    score_one(desk, analyst, KEY, sample_rows(desk, KEY, 1)[0])
    content = batches.sample_csv(desk, KEY, 40)
    assert content is not None
    broken = content + content.splitlines()[-1] + b",one field too many\n"
    path = batches.keep_upload(desk, analyst, "a.csv", io.BytesIO(broken))
    desk.jobs.wait(batches.submit(desk, analyst, KEY, path), 60)
    run_now(desk, analyst, "heartbeat")
    assert values(desk, "ringside_requests")["page", SCORE_ONE, "answered"] == 1
    assert values(desk, "ringside_file_rows") == {(KEY, "accepted"): 40, (KEY, "rejected"): 1}
    assert values(desk, "ringside_task_runs") == {("heartbeat", "done"): 1}
    assert values(desk, "ringside_task_last_run_failed") == {("heartbeat",): 0}
    assert values(desk, "ringside_jobs")["files", "running"] == 0
    assert values(desk, "ringside_log_rows")[KEY,] == 41


def test_what_takes_long_is_read_seldom(bare: Desk) -> None:
    now = [1_000.0]
    reads: list[float] = []

    def read() -> int:
        reads.append(now[0])
        now[0] += 2.0  # seconds: one in a hundred of 200
        return len(reads)

    def at(moment: float) -> int:
        now[0] = moment
        return read_seldom(bare, "long", read, lambda: now[0])

    assert [at(1_000.0), at(1_061.0), at(1_201.9), at(1_202.0)] == [1, 1, 1, 2]


def test_what_depends_on_a_mark_is_read_with_another_mark(bare: Desk) -> None:
    reads: list[int] = []

    def read() -> int:
        reads.append(1)
        return len(reads)

    assert [read_anew(bare, "acting", mark, read) for mark in (1, 1, None, None, 1)] == [1, 1, 2, 2, 3]
