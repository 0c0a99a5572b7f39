"""Every named query gives the same answer of a log in one file and of the copy of one that two desks have written."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping
from datetime import date, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from core.domain.usecase import UseCase
from core.store import log_batches
from core.store.log import PredictionLog
from core.store.log_feedback import FeedbackRow
from core.store.log_groups import Arm, Asked
from core.store.log_shared import SharedLog
from tests.store.shared_logs import assert_same, open_shared, stale
from tests.store.test_log_drift import bins_of

DAY = timedelta(days=1)
SINCE, UNTIL = datetime(2026, 1, 1), datetime(2027, 6, 1)
WRITES = {
    "append", "append_counts", "append_drift", "append_feedback", "append_outcomes", "append_scores", "append_view",
    "batch_for", "clear_simulated", "close", "delete_before", "ensure", "erase_entity", "finish_batch", "held",
    "is_copy", "note_refused", "rename_texts", "start_batch", "void",
}  # fmt: skip


def story(logs: Iterator[PredictionLog], bnpl: UseCase, draw: Any, at: datetime) -> None:
    """What happens in half a year; every step is somebody's turn."""
    for place in range(4):
        log = next(logs)
        source = ("file", "simulated")[place == 3]
        batch = log.start_batch(bnpl, version="v1", source=source, actor="Ada", at=at + place * DAY)
        rows, scores = draw(bnpl, 60, 50 * place)
        rows = rows.append_column("arm", pa.array(["exp1:challenger", "exp1:champion"] * 30))
        rows = rows.append_column("other", pa.array(["device_type", None] * 30))
        counts = pa.table({"day": [date(2026, 1, 2)] * 2, "feature": ["x", "x"], "bin": [0, 1], "n": [20, 40]})
        log.append(bnpl, batch, rows, scores, shadows={"v2": scores}, count=lambda new, given=counts: given)
        log.note_refused(batch, {("amount", "missing", ""): place + 1})
        log.finish_batch(batch, state="done", at=at + place * DAY, n_rows=63, n_rejected=3)
    for place in range(6):
        log, (rows, scores) = next(logs), draw(bnpl, 1, 500 + place)
        log.append(bnpl, log.batch_for(bnpl, "v1", "api", "crm", at), rows, scores)
        said = rows["prediction_id"][0].as_py()
        log.append_view(bnpl, said, at + place * DAY, "Ada", "sales", "Lists")
        log.append_feedback(bnpl, FeedbackRow(said, at, "Ada", "sales", "contacted", contacted_on=date(2026, 12, 1)))
        log.append_feedback(bnpl, FeedbackRow(said, at, "Bob", "sales", ("agree", "disagree")[place % 2], "amount"))
    rows, scores = draw(bnpl, 60)
    for days, outcome in ((100, 1.0), (150, 0.0)):
        told = {"entity": rows["entity"][:40], "outcome": [outcome] * 40, "observed_at": [at + days * DAY] * 40}
        next(logs).append_outcomes(bnpl, pa.table(told), received_at=at + days * DAY)
    again = pa.table({"prediction_id": rows["prediction_id"], "batch": [1] * 60, "score": scores["score"]})
    assert next(logs).append_scores(bnpl, "v3", again, at=at) == 60
    log = next(logs)
    [late] = [batch for batch in log.uncounted(bnpl, at + 9 * DAY) if batch.n_counted == 0][:1]
    counts = pa.table({"day": [date(2026, 1, 3)], "feature": ["x"], "bin": [1], "n": [late.n]})
    assert log.append_counts(bnpl, late, 0, counts)
    window = {"use_case": bnpl.key, "window_from": SINCE, "window_to": at, "measured_at": at}
    next(logs).append_drift([window | {"judged": True, "n": 5}], [window | {"against": "previous", "unseen": {"a": 1}}])
    next(logs).erase_entity(bnpl, ["E00007"])
    next(logs).delete_before(bnpl, "views", at + DAY)
    log = next(logs)
    log.void(log.latest_batches(bnpl, 20)[-2]["batch_id"], at, "Bob", "wrong month")


def queries(bnpl: UseCase, draw: Any, columns_of: Any, at: datetime) -> dict[str, Callable[[PredictionLog], Any]]:
    """Query -> how it is asked."""
    rows, _ = draw(bnpl, 60)
    some, known = rows["prediction_id"][3].as_py(), at + 400 * DAY
    bins, borders = bins_of(bnpl, columns_of), [SINCE, datetime(2026, 1, 4), UNTIL]
    arms = (Arm("v1", "ridge", (0.5,)), Arm("v2", "ridge", (0.5,)))
    given = {
        "row": [1, 2],
        "entity": ["E00001", "x"],
        "as_of": [None, SINCE],
        "outcome": [1.0, 0.0],
        "observed_at": [at] * 2,
    }
    first = f"{1:016x}"
    return {
        "arm_counts": lambda log: log.arm_counts(bnpl, "exp1", SINCE),
        "arrived": lambda log: log.arrived(bnpl, SINCE, UNTIL, ["amount"], 1000),
        "batch_facts": lambda log: log.batch_facts(first),
        "by_band": lambda log: log.by_band(bnpl),
        "by_entity": lambda log: log.by_entity(bnpl, "E00005"),
        "count_entities": lambda log: log.count_entities(bnpl, borders, ["entity"]),
        "count_features": lambda log: log.count_features(bnpl, borders, (), "v1"),
        "count_raw": lambda log: log.count_raw(bnpl, borders, bins),
        "count_scores": lambda log: log.count_scores(bnpl, borders, (), "v1"),
        "counts": lambda log: log.counts(bnpl, at),
        "drift_measurements": lambda log: log.drift_measurements(),
        "drift_results": lambda log: log.drift_results(bnpl.key, SINCE, UNTIL),
        "drift_windows": lambda log: log.drift_windows(bnpl.key),
        "experiment_rows": lambda log: log.experiment_rows(bnpl, "exp1", ("v2", "ridge"), known),
        "feature_counts": lambda log: log.feature_counts(bnpl, since=SINCE, until=UNTIL),
        "feedback_counts": lambda log: log.feedback_counts(bnpl),
        "feedback_of": lambda log: log.feedback_of(bnpl, draw(bnpl, 1, 502)[0]["prediction_id"][0].as_py()),
        "first_brought": lambda log: log.first_brought(UNTIL),
        "gaps": lambda log: log.gaps(bnpl, ["amount"], SINCE, UNTIL),
        "grouped_arms": lambda log: log.grouped_arms(bnpl, known, Asked(SINCE, UNTIL, arms, 1, ("device_type",))),
        "is_voided": lambda log: log.is_voided(first),
        "judged": lambda log: log.judged(bnpl, known),
        "judged_arms": lambda log: log.judged_arms(bnpl, known, ["v1", "v2"]),
        "judged_between": lambda log: log.judged_between(bnpl, ["v1"], SINCE, UNTIL, known),
        "latest": lambda log: log.latest(bnpl, 1000),
        "latest_batches": lambda log: log.latest_batches(bnpl, 50),
        "logged_row": lambda log: log.logged_row(bnpl, some, 1),
        "match_outcomes": lambda log: log.match_outcomes(bnpl, pa.table(given)),
        "mean_score_by_day": lambda log: log.mean_score_by_day(bnpl, days=30, until=at + DAY),
        "n_received": lambda log: log.n_received(bnpl.key, at + 100 * DAY),
        "n_rows_by_use_case": lambda log: log.n_rows_by_use_case(),
        "near_entities": lambda log: log.near_entities(bnpl, "E0000x"),
        "newest_row": lambda log: log.newest_row(bnpl, UNTIL),
        "newest_since": lambda log: log.newest_since(bnpl, 100, SINCE, UNTIL),
        "of_entity": lambda log: log.of_entity(bnpl, ["E00005", "E00502"]),
        "outcomes_as_known_on": lambda log: log.outcomes_as_known_on(bnpl, known),
        "page": lambda log: log.page(bnpl, first, 5, 20),
        "plain_texts": lambda log: log.plain_texts(bnpl),
        "prediction": lambda log: log.prediction(bnpl, some),
        "predictions_by_id": lambda log: log.predictions_by_id(bnpl, some[:8]),
        "predictions_of": lambda log: log.predictions_of(bnpl, "E00005"),
        "refused": lambda log: log.refused(bnpl, SINCE, UNTIL),
        "ripeness": lambda log: log.ripeness(bnpl, known, 30 * DAY),
        "rows_between": lambda log: log.rows_between(bnpl, SINCE, UNTIL),
        "rows_by_day": lambda log: log.rows_by_day(bnpl, SINCE, UNTIL),
        "rows_of_batch": lambda log: log.rows_of_batch(bnpl, 1, 10, 20),
        "sample_scored": lambda log: log.sample_scored(bnpl, "v1", 20),
        "scan": lambda log: log.scan(bnpl, ["ridge", "amount"]),
        "score_histogram": lambda log: log.score_histogram(bnpl, [0, 0.3, 0.6, 1]),
        "scored_versions": lambda log: log.scored_versions(bnpl),
        "shadow": lambda log: log.shadow(bnpl, known),
        "simulated_batches": lambda log: log.simulated_batches(),
        "simulated_rows": lambda log: log.simulated_rows(),
        "simulated_use_cases": lambda log: log.simulated_use_cases(),
        "time_to_contact": lambda log: log.time_to_contact(bnpl),
        "uncounted": lambda log: log.uncounted(bnpl, UNTIL),
        "unscored": lambda log: log.unscored(bnpl, "v3", SINCE, UNTIL, 500),
        "unseen": lambda log: log.unseen(bnpl, "device_type", SINCE, UNTIL),
        "uploads": lambda log: log.uploads(bnpl, SINCE, UNTIL),
        "views_before_outcome": lambda log: log.views_before_outcome(bnpl, known),
        "water_mark": lambda log: log.water_mark(bnpl),
        "with_outcomes": lambda log: log.with_outcomes(bnpl, known),
    }  # fmt: skip


def plain(found: Any) -> Any:
    """An answer without the order that a query does not promise, numbers to nine digits."""
    if isinstance(found, pa.Table):
        return found.schema, sorted(repr([plain(value) for value in row.items()]) for row in found.to_pylist())
    if isinstance(found, np.ndarray):
        return plain(found.tolist())
    if isinstance(found, Mapping):
        return {key: plain(value) for key, value in found.items()}
    if isinstance(found, list | tuple):
        return [plain(value) for value in found]
    if hasattr(found, "__dataclass_fields__"):
        return plain(vars(found))
    return repr(round(found, 9) if isinstance(found, float) else found)


@pytest.mark.slow
def test_every_query_answers_the_same_of_a_file_and_of_a_copy(
    tmp_path: Path, postgres_url: str, bnpl: UseCase, draw: Any, columns_of: Any, at: datetime, monkeypatch: Any
) -> None:
    def numbered() -> Any:
        numbers = itertools.count(1)
        return SimpleNamespace(uuid4=lambda: SimpleNamespace(hex=f"{next(numbers):016x}"))

    monkeypatch.setattr(log_batches, "uuid", numbered())
    alone = PredictionLog(tmp_path / "log.duckdb", 128, 1)
    story(itertools.repeat(alone), bnpl, draw, at)
    monkeypatch.setattr(log_batches, "uuid", numbered())
    desks = [open_shared(tmp_path / name / "log.duckdb", postgres_url) for name in ("a", "b")]
    story(map(stale, itertools.cycle(desks)), bnpl, draw, at)
    desks.append(open_shared(tmp_path / "c" / "log.duckdb", postgres_url))

    asked = queries(bnpl, draw, columns_of, at)
    public = {name for name in dir(SharedLog) if not name.startswith("_")} - {"taking_in"}
    assert asked.keys() == public - WRITES  # a new query is held against its copy as well
    for name, query in asked.items():
        expected = plain(query(alone))
        for desk in desks:
            assert plain(query(desk)) == expected, name
    for desk in desks:
        assert_same(desk)
        desk.close()
    alone.close()
