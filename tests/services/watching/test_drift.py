"""Windows measured once each, rows scored singly counted once, and what is said where there is little or nothing."""

from __future__ import annotations

import io
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from pyarrow import csv

from core.config import Settings
from core.domain.drift.bins import Of
from core.domain.drift.judgement import Level
from core.domain.features import feature_matrix
from core.errors import NotPermitted, NotReady
from core.services import batches, scoring
from core.services.access import LOCAL_PEOPLE, Actor, Role
from core.services.desk import Desk, open_desk
from core.services.reference import typed_columns
from core.services.watching import drift, drift_measuring, drift_outcomes, drift_results
from core.services.watching.drift_counting import count_windows
from core.services.watching.drift_history import history
from core.services.watching.drift_reference import drift_reference, who_columns
from core.services.watching.drift_single import count_single_rows
from core.services.watching.drift_windows import MONTH, WEEK, Window, before, month_window, step_of, whole_windows
from core.usecases import builtin

KEY = "lead_scoring"
MONDAY = datetime(2026, 11, 2, tzinfo=UTC)
WEEK_OF = timedelta(days=7)
NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
RISK = LOCAL_PEOPLE[Role.RISK]


@pytest.fixture
def desk(desk_home: Path) -> Iterator[Desk]:
    """A trained desk of one test alone, with an empty log."""
    opened = open_desk(Settings(home=desk_home))
    yield opened
    opened.close()


def leads(first: datetime, n: int, seed: int = 3) -> bytes:
    """Leads of one week."""
    synthesize = builtin()[KEY].synthesize
    assert synthesize is not None
    rows = synthesize(n, seed).drop_columns(["converted"])
    times = [(first + timedelta(hours=5) + place * (timedelta(days=6) / n)).replace(tzinfo=None) for place in range(n)]
    rows = rows.set_column(
        rows.column_names.index("created_at"), "created_at", pa.array([at.isoformat() for at in times])
    )
    ids = pa.array([f"L{seed}-{place}" for place in range(n)])
    rows = rows.set_column(rows.column_names.index("lead_id"), "lead_id", ids)
    stream = io.BytesIO()
    csv.write_csv(rows, stream)
    return stream.getvalue()


def score(desk: Desk, analyst: Actor, first: datetime, n: int, seed: int = 3) -> None:
    path = batches.keep_upload(desk, analyst, "rows.csv", io.BytesIO(leads(first, n, seed)))
    assert desk.jobs.wait(batches.submit(desk, analyst, KEY, path, filename="rows.csv"), 60).state == "done"


def test_a_window_is_measured_once_and_again_only_where_nothing_could_be_judged(desk: Desk, analyst: Actor) -> None:
    assert drift_results.measure(desk, KEY, NOW) == () and drift_results.latest(desk, KEY) is None
    score(desk, analyst, MONDAY, 300)
    score(desk, analyst, MONDAY + WEEK_OF, 40, seed=4)
    few = Window(MONDAY + WEEK_OF, MONDAY + 2 * WEEK_OF)
    assert drift_results.measure(desk, KEY, NOW) == (Window(MONDAY, few.since), few)
    assert drift_results.measure(desk, KEY, NOW) == ()
    first, second = desk.log.drift_windows(KEY)
    assert (first["n"], first["judged"], second["n"], second["judged"]) == (300, True, 40, False)
    assert drift_results.results(desk, KEY, few.since, few.until) == []
    state = drift_results.latest(desk, KEY)
    assert state is not None and (state.n, state.n_since, state.window.since) == (300, 40, MONDAY)
    score(desk, analyst, MONDAY, 100, seed=5)  # late rows of a week that was judged: it stays as it was
    score(desk, analyst, MONDAY + WEEK_OF, 260, seed=6)
    assert drift_results.measure(desk, KEY, NOW + timedelta(hours=1)) == (few,)
    assert [row["n"] for row in desk.log.drift_windows(KEY)] == [300, 300]
    state = drift_results.latest(desk, KEY)
    assert state is not None and state.n_since is None and len(state.score.levels) == 2
    both = drift_results.results(desk, KEY, few.since, few.until, None)
    assert {row["against"] for row in both} == {"reference", "previous"}


def test_a_window_that_goes_on_is_not_measured(desk: Desk, analyst: Actor) -> None:
    score(desk, analyst, MONDAY, 200)
    assert drift_results.measure(desk, KEY, MONDAY + timedelta(days=6)) == ()
    assert history(desk, RISK, KEY).windows == ()


def test_a_chosen_window_is_judged_against_reference_and_the_days_before(desk: Desk, analyst: Actor) -> None:
    score(desk, analyst, MONDAY, 300)
    score(desk, analyst, MONDAY + WEEK_OF, 280, seed=4)
    window = Window(MONDAY + WEEK_OF, MONDAY + 2 * WEEK_OF)
    seen = drift.drift(desk, analyst, KEY, window, NOW)
    assert (seen.now.rows.n, seen.earlier.rows.n, seen.n_other, seen.now.n_features) == (280, 300, 0, 280)
    assert seen.score.name == desk.scorer(KEY).card.champion and seen.score.of is Of.SCORE
    assert {seen.beside(item).name == item.name for item in seen.against_reference} == {True}
    assert drift.drift(desk, analyst, KEY, window, NOW) is seen, "kept until the log changes"
    found = drift.choices(desk, analyst, KEY, NOW)
    assert found.latest is not None and found.latest.until - found.latest.since == WEEK_OF and found.measured == ()
    assert drift_outcomes.calibration(desk, analyst, KEY) is not None
    assert drift_outcomes.spells(desk, analyst, KEY) == ()
    with pytest.raises(NotPermitted):
        drift.drift(desk, LOCAL_PEOPLE[Role.SALES], KEY, window)


def test_rows_that_another_version_scored_keep_their_scores_to_themselves(desk: Desk, analyst: Actor) -> None:
    score(desk, analyst, MONDAY, 300)
    cursor = desk.log._cursor()
    table = f"{KEY}.scores"
    cursor.execute(
        f"UPDATE {table} SET version = 'v9' WHERE prediction_id IN (SELECT prediction_id FROM {table} LIMIT 100)"
    )
    seen = drift.drift(desk, analyst, KEY, Window(MONDAY, MONDAY + WEEK_OF), NOW)
    assert (seen.n_other, seen.score.n, seen.now.rows.n) == (100, 200, 300)
    raw = next(item for item in seen.against_reference if item.of is Of.RAW)
    assert raw.n == 300


def test_days_that_are_not_whole_leave_features_out(desk: Desk, analyst: Actor) -> None:
    score(desk, analyst, MONDAY, 300)
    window = Window(MONDAY + timedelta(hours=3), MONDAY + timedelta(days=5, hours=3))
    seen = drift.drift(desk, analyst, KEY, window, NOW)
    assert {item.of for item in seen.against_reference} == {Of.SCORE, Of.RAW}


def test_single_rows_are_counted_once(desk: Desk, analyst: Actor) -> None:
    rows = [row | {"lead_id": f"one-{place}"} for place, row in enumerate(scoring.sample_rows(desk, KEY) * 3)]
    for row in rows:
        scoring.score_one(desk, analyst, KEY, row)
    score(desk, analyst, MONDAY, 50)  # a file counts its own
    later = datetime.now(UTC) + timedelta(minutes=1)
    assert count_single_rows(desk, KEY, later) == len(rows)
    assert count_single_rows(desk, KEY, later) == 0
    scoring.score_one(desk, analyst, KEY, rows[0] | {"lead_id": "one-more"})
    assert drift_measuring.count_all(desk, later)["found"] == 1
    use_case, ever = desk.use_case(KEY), (datetime(2000, 1, 1), datetime(2100, 1, 1))
    logged = desk.log.feature_counts(use_case, since=ever[0], until=ever[1]).to_pylist()
    by_feature: dict[str, int] = {}
    for line in logged:
        by_feature[line["feature"]] = by_feature.get(line["feature"], 0) + line["n"]
    assert set(by_feature.values()) == {len(rows) + 1 + 50}


def test_counted_reference_rows_are_the_reference(desk: Desk, analyst: Actor) -> None:
    """The reference's own rows, logged and counted in the database, fall into the bins as they did in memory."""
    use_case, scorer = desk.use_case(KEY), desk.scorer(KEY)
    reference = drift_reference(desk, use_case)
    table = scorer.bundle.reference.slice(0, 400)
    stream = io.BytesIO()
    csv.write_csv(table.drop_columns([use_case.target.name]), stream)
    path = batches.keep_upload(desk, analyst, "rows.csv", io.BytesIO(stream.getvalue()))
    assert desk.jobs.wait(batches.submit(desk, analyst, KEY, path, filename="rows.csv"), 60).state == "done"
    borders = [datetime(2000, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC)]
    counted = count_windows(desk, use_case, borders, reference)[0]
    columns = typed_columns(use_case.schema, table)
    matrix = feature_matrix(use_case.features, columns, 400)
    for item, found in zip(reference.bins, counted.items, strict=True):
        if item.of is Of.FEATURE:
            values = matrix[:, use_case.feature_names.index(item.name)]
            places = np.searchsorted(item.coarse_edges, values)
            assert found.counts.tolist() == np.bincount(places, minlength=item.n_coarse).tolist(), item.name
        assert found.n == 400


def test_measuring_is_asked_for_by_those_who_may_and_written_down(desk: Desk, analyst: Actor) -> None:
    score(desk, analyst, MONDAY, 300)
    with pytest.raises(NotPermitted):
        drift_measuring.measure_now(desk, LOCAL_PEOPLE[Role.AUDITOR], KEY, NOW)
    assert len(drift_measuring.measure_now(desk, analyst, KEY, NOW)) == 1
    event = desk.ledger.events(KEY, 1)[0]
    assert (event.action, event.after) == ("measure drift", {"windows": 1})
    assert drift_measuring.measure_all(desk, NOW)["said"] == "Every whole window was measured already."
    assert drift_measuring.measure_all(desk, NOW + timedelta(days=2))["found"] == 0


def test_nothing_trained_nothing_measured(tmp_path: Path, analyst: Actor) -> None:
    empty = open_desk(Settings(home=tmp_path))
    assert drift_results.measure(empty, KEY, NOW) == ()
    assert drift.choices(empty, analyst, KEY, NOW) == drift.Choices(None, ())
    with pytest.raises(NotReady):
        drift.drift(empty, analyst, KEY, Window(MONDAY, MONDAY + WEEK_OF))
    empty.close()


def test_windows() -> None:
    mondays = [(MONDAY + place * WEEK_OF).date() for place in range(3)]
    assert step_of(mondays) == WEEK and step_of([]) == WEEK
    weeks = whole_windows(mondays, WEEK, MONDAY + 2 * WEEK_OF + timedelta(days=3))
    assert weeks == [Window(MONDAY, MONDAY + WEEK_OF), Window(MONDAY + WEEK_OF, MONDAY + 2 * WEEK_OF)]
    assert before(weeks[1], WEEK) == weeks[0]
    march = month_window(datetime(2026, 3, 31).date())
    assert before(march, MONTH) == month_window(datetime(2026, 2, 1).date())
    assert march.last == datetime(2026, 3, 31).date()


def test_whom_a_row_is_about() -> None:
    cases = builtin()
    assert list(who_columns(cases["bnpl_default"])) == ["transaction_id", "customer_id"]
    assert list(who_columns(cases["collector_performance"])) == ["collector_id"]


def test_levels_told_apart_from_too_few(desk: Desk, analyst: Actor) -> None:
    score(desk, analyst, MONDAY, 60)
    seen = drift.drift(desk, analyst, KEY, Window(MONDAY, MONDAY + WEEK_OF), NOW)
    assert {item.level for item in seen.against_reference} == {Level.TOO_FEW, Level.SHOWN}
    assert seen.score.why[0].startswith("Not enough rows: 60 of ")
