"""Requests are counted where services are asked; beats tell how long the desk was there."""

from __future__ import annotations

import io
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from core.config import Settings
from core.domain.service_level import place_of
from core.errors import BundleProblem, DeskBusy, InputError, NotPermitted, RowProblem
from core.services import batches, health, health_facts, health_report
from core.services.access import LOCAL_PEOPLE, Actor, Role
from core.services.desk import Desk, open_desk
from core.services.health_task import HEARTBEAT
from core.services.reasons.explanation import explain
from core.services.request_counts import EXPLAIN, SCORE_FILE, SCORE_ONE, Outcome, RequestCounts, counted, outcome_of
from core.services.scoring import sample_rows, score_one
from core.store.ledger_service import RequestCount

KEY = "lead_scoring"
NOW = datetime(2026, 3, 10, 12, 0, 30, tzinfo=UTC)
DAY = timedelta(days=1)


@pytest.fixture
def bare(home: Any) -> Any:
    """A desk without a model: enough for counts and beats."""
    opened = open_desk(Settings(home=home))
    yield opened
    opened.close()


def window(desk: Desk) -> health.ServiceWindow:
    now = datetime.now(UTC)
    return health.service_window(desk, now - DAY, now + timedelta(minutes=1))


def test_scores_files_and_explanations_are_counted(desk: Desk, analyst: Actor) -> None:
    row = sample_rows(desk, KEY, 1)[0]
    scored = score_one(desk, analyst, KEY, row)
    explain(desk, analyst, KEY, scored.prediction_id)
    with pytest.raises(RowProblem):
        score_one(desk, analyst, KEY, {})
    with pytest.raises(NotPermitted):
        score_one(desk, LOCAL_PEOPLE[Role.AUDITOR], KEY, row)
    content = batches.sample_csv(desk, KEY, 50)
    assert content is not None
    path = batches.keep_upload(desk, analyst, "a.csv", io.BytesIO(content))
    desk.jobs.wait(batches.submit(desk, analyst, KEY, path), 60)
    found = window(desk)
    assert found.by_operation == {SCORE_ONE: (3, 2, 0), SCORE_FILE: (1, 0, 0), EXPLAIN: (1, 0, 0)}
    assert (found.n, found.refused, found.errors) == (5, 2, 0)
    assert found.latency["p95"].n == 1  # answered single scores
    assert found.latency["p95"].high >= scored.latency_ms  # the log's write comes on top
    assert found.file_rows == 50 and found.file_rows_per_second is not None
    assert found.error_rate is not None and found.error_rate.value == 0


def test_a_model_that_breaks_is_an_error_of_the_desk(
    desk: Desk, analyst: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = sample_rows(desk, KEY, 1)[0]
    monkeypatch.setattr(desk.standby, "score", lambda *args: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        score_one(desk, analyst, KEY, row)
    assert window(desk).errors == 1


@pytest.mark.parametrize(
    ("error", "outcome"),
    [
        (InputError("no"), Outcome.REFUSED),
        (NotPermitted("no"), Outcome.REFUSED),
        (BundleProblem("no"), Outcome.ERROR),
        (OSError("disk full"), Outcome.ERROR),
        (DeskBusy("another"), Outcome.PASSED_ON),
    ],
)
def test_whose_fault_it_is(error: Exception, outcome: Outcome) -> None:
    assert outcome_of(error) is outcome


def test_what_is_passed_on_is_not_counted(bare: Desk, analyst: Actor) -> None:
    @counted("ask")
    def ask(desk: Desk, actor: Actor) -> None:
        raise DeskBusy("Another process has the log.")

    with pytest.raises(DeskBusy):
        ask(bare, analyst)
    assert window(bare).n == 0


def test_counts_outlive_the_process(home: Any, analyst: Actor) -> None:
    for _ in range(2):
        opened = open_desk(Settings(home=home))
        opened.requests.add(analyst.via, SCORE_ONE, Outcome.ANSWERED, 0.02)
        opened.requests.add(analyst.via, SCORE_ONE, Outcome.ERROR, 0.02)
        opened.close()
    again = open_desk(Settings(home=home))
    found = window(again)
    assert (found.n, found.errors, found.latency["p50"].n) == (4, 2, 2)
    again.close()


def test_counts_that_cannot_be_written_are_kept() -> None:
    counts = RequestCounts()
    counts.add("page", SCORE_ONE, Outcome.ANSWERED, 0.02)

    def fail(taken: list[RequestCount]) -> None:
        counts.add("page", SCORE_ONE, Outcome.ANSWERED, 0.02)  # meanwhile
        raise OSError("disk full")

    with pytest.raises(OSError):
        counts.write(fail)
    assert sum(count.n for count in counts.waiting()) == 2
    written: list[RequestCount] = []
    counts.write(written.extend)
    assert sum(count.n for count in written) == 2 and counts.waiting() == []


def count_at(begins: datetime, n: int, errors: int = 0) -> RequestCount:
    return RequestCount(begins, 60, "page", SCORE_ONE, n, 0, errors, n, n * 0.01, {place_of(10.0): n - errors})


def test_minutes_become_hours_after_two_days(bare: Desk) -> None:
    old, young = NOW - 3 * DAY, NOW - timedelta(hours=2)
    minutes = [count_at(time + timedelta(minutes=place), 10, 1) for time in (old, young) for place in range(3)]
    bare.ledger.add_requests(minutes)
    before = health.service_window(bare, NOW - 30 * DAY, NOW)
    HEARTBEAT.run(bare, NOW)
    HEARTBEAT.run(bare, NOW)  # asked twice, done once
    after = health.service_window(bare, NOW - 30 * DAY, NOW)
    assert [count.seconds for count in bare.ledger.requests(NOW - 30 * DAY, NOW)] == [3600, 60, 60, 60]
    assert (after.n, after.errors, after.latency) == (before.n, before.errors, before.latency)
    assert (after.n, after.errors) == (60, 6)


def test_beats_make_availability(bare: Desk) -> None:
    for minute in (0, 1, 2, 30, 31):
        HEARTBEAT.run(bare, NOW + timedelta(minutes=minute))
    found = health.service_window(bare, NOW, NOW + timedelta(minutes=32)).availability
    assert found.down_s == 28 * 60
    seen = health_report.health(bare, LOCAL_PEOPLE[Role.ADMIN], health_report.MONTH, NOW + timedelta(minutes=32))
    assert seen.promise.known_share == pytest.approx(32 / (30 * 24 * 60))
    assert list(seen.days)[-1] == NOW.date() and len(seen.days) == 30


def test_an_empty_desk_knows_nothing_and_says_so(bare: Desk) -> None:
    found = window(bare)
    assert (found.n, found.error_rate, found.latency, found.counted_since) == (0, None, {}, None)
    assert (found.p95_ms, found.error_rate_low, found.availability.share) == (None, None, None)


def test_storage_grows_between_days(bare: Desk) -> None:
    assert health_facts.storage(bare, NOW).growth is None
    HEARTBEAT.run(bare, NOW - 10 * DAY)
    (bare.settings.data_dir / "log.duckdb").write_bytes(b"0" * 1_000_000)
    HEARTBEAT.run(bare, NOW)
    found = health_facts.storage(bare, NOW)
    assert found.growth == pytest.approx(100_000, rel=0.1) and found.growth_days == 10
    assert found.days_left is not None and found.days_left > 0


def test_the_last_backup_is_the_newest_manifest(bare: Desk) -> None:
    folder = bare.settings.data_dir / "backups"
    assert health_facts.last_backup(bare.settings) is None
    for name, made_at in (("a", "2026-03-01T02:00:00+00:00"), ("b", "2026-02-01T02:00:00+00:00")):
        (folder / name).mkdir(parents=True)
        (folder / name / "manifest.json").write_text(json.dumps({"made_at": made_at}))
    found = health_facts.last_backup(bare.settings)
    assert found is not None and (found.path.name, found.made_at.month, found.same_disk) == ("a", 3, True)


def test_models_and_queue(desk: Desk) -> None:
    before = {found.use_case: found for found in health_facts.models(desk)}
    assert before[KEY].acting == "v1" and before[KEY].in_memory == ()
    desk.scorer(KEY)
    after = {found.use_case: found for found in health_facts.models(desk)}
    assert after[KEY].in_memory == ("v1",) and after[KEY].stand_in is None
    assert {lane.name: (lane.waiting, lane.running) for lane in health_facts.lanes(desk)}["files"] == (0, 0)


def test_memory_is_that_of_this_process() -> None:
    found = health_facts.memory()
    assert 10_000_000 < found.used < found.total
    assert health_facts.process_started() < datetime.now(UTC)
