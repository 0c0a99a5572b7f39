"""Logs that move into the shared one, together and more than once, and one that leaves it."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from core.domain.usecase import UseCase
from core.errors import DatabaseDown, InputError, NotReady
from core.store import log_move
from core.store.log import PredictionLog
from core.store.log_move import move_back, move_up
from core.store.log_open import open_log
from tests.store.shared_logs import assert_same, open_shared
from tests.store.test_log_shared import fill

DAY = timedelta(days=1)


def own_log(path: Path, bnpl: UseCase, draw: Any, at: datetime, first: int) -> PredictionLog:
    log = PredictionLog(path, 128, 1)
    fill(log, bnpl, draw, at, first=first)
    fill(log, bnpl, draw, at, first=first + 500, source="simulated")
    bad = log.start_batch(bnpl, version="v1", source="file", actor="Ada", at=at)
    log.append(bnpl, bad, *draw(bnpl, 5, first + 900))
    log.void(bad.id, at, "Ada", "wrong month")
    log.note_refused(bad, {("amount", "missing", ""): 3})
    window = {"use_case": bnpl.key, "window_from": at, "window_to": at + DAY, "measured_at": at}
    log.append_drift([window | {"judged": True}], [window | {"unseen": {"a": 1}, "why": ["psi"]}])
    return log


def figures(log: PredictionLog, bnpl: UseCase, at: datetime) -> dict[str, Any]:
    return {
        "counts": log.counts(bnpl),
        "bands": log.by_band(bnpl),
        "rows": log.scan(bnpl, ["row_number", "ridge"], role="acting").sort_by("row_number").to_pylist(),
        "outcomes": sorted(map(repr, log.outcomes_as_known_on(bnpl, at + 999 * DAY).to_pylist())),
        "said": log.feedback_counts(bnpl).to_pylist(),
        "drift": log.drift_windows(bnpl.key) + log.drift_results(bnpl.key, at, at + DAY),
        "simulated": log.simulated_rows(),
        "mark": log.water_mark(bnpl),
    }


def test_a_log_moves_whole_and_a_second_one_joins_it(
    tmp_path: Path, postgres_url: str, bnpl: UseCase, draw: Any, at: datetime
) -> None:
    one, other = tmp_path / "a" / "log.duckdb", tmp_path / "b" / "log.duckdb"
    log = own_log(one, bnpl, draw, at, 0)
    before = figures(log, bnpl, at)
    log.close()
    assert move_up(one, postgres_url, 128, 1, at) == {"bnpl_default": 65}
    assert sorted(path.name for path in one.parent.iterdir()) == ["log.duckdb", "log.moved-20261121.duckdb"]
    shared = open_shared(one, postgres_url)
    assert figures(shared, bnpl, at) == before
    assert_same(shared)
    shared.close()
    with pytest.raises(InputError, match="copy of a shared log already"):
        move_up(one, postgres_url, 128, 1, at)

    log = own_log(other, bnpl, draw, at, 20)  # 30 drawn rows from 20 on are other rows; these are the same:
    same = log.start_batch(bnpl, version="v1", source="file", actor="Bob", at=at)
    log.append(bnpl, same, *draw(bnpl, 30))
    log.append_outcomes(
        bnpl, pa.table({"entity": ["E00001"], "outcome": [0.0], "observed_at": [at]}), received_at=at + 500 * DAY
    )
    log.close()
    assert move_up(other, postgres_url, 128, 1, at) == {"bnpl_default": 65}
    joined = open_shared(other, postgres_url)
    assert joined.counts(bnpl).total == 120 and joined.simulated_rows() == {"bnpl_default": 60}
    assert joined.by_entity(bnpl, "E00001").num_rows == 1
    known = {row["entity"]: row for row in joined.outcomes_as_known_on(bnpl, at + 999 * DAY).to_pylist()}
    assert (known["E00001"]["outcome"], known["E00001"]["revision"]) == (0.0, 2)
    assert_same(joined)
    joined.close()


def test_a_move_that_breaks_off_goes_on(
    tmp_path: Path, postgres_url: str, bnpl: UseCase, draw: Any, at: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "log.duckdb"
    log = own_log(path, bnpl, draw, at, 0)
    before = figures(log, bnpl, at)
    log.close()
    with pytest.raises(DatabaseDown):
        move_up(path, "postgresql://desk@127.0.0.1:1/desk", 128, 1, at)
    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(log_move, "_bring_use_case", lambda *given: (_ for _ in ()).throw(KeyboardInterrupt))
        move_up(path, postgres_url, 128, 1, at)
    with pytest.raises(NotReady, match="broken off"):
        open_log(path, postgres_url, 128, 1)
    assert move_up(path, postgres_url, 128, 1, at) == {"bnpl_default": 65}
    shared = open_shared(path, postgres_url)
    assert figures(shared, bnpl, at) == before
    shared.close()


def test_a_desk_leaves_with_all_that_was_shared(
    tmp_path: Path, postgres_url: str, bnpl: UseCase, draw: Any, at: datetime
) -> None:
    paths = [tmp_path / name / "log.duckdb" for name in ("a", "b")]
    logs = [open_shared(path, postgres_url) for path in paths]
    fill(logs[0], bnpl, draw, at)
    for log in logs:
        log.close()
    assert move_back(paths[1], postgres_url, 128, 1) == 30
    own = open_log(paths[1], "", 128, 1)
    batch = own.start_batch(bnpl, version="v1", source="file", actor="Ada", at=at)
    assert batch.number == 2 and not own.append(bnpl, batch, *draw(bnpl, 30)).any()
    own.close()
    with pytest.raises(InputError, match="log of its own"):
        move_back(paths[1], "", 128, 1)
    assert move_back(paths[0], "", 128, 1) == 30  # without the server: as the copy knows it


def test_rows_of_the_day_that_a_desk_logs_after_leaving_come_when_it_moves_again(
    tmp_path: Path, postgres_url: str, bnpl: UseCase, draw: Any, at: datetime
) -> None:
    path = tmp_path / "log.duckdb"
    log = open_shared(path, postgres_url)
    log.append(bnpl, log.batch_for(bnpl, "v1", "api", "crm", at), *draw(bnpl, 1))
    log.close()
    move_back(path, postgres_url, 128, 1)
    log = open_log(path, "", 128, 1)
    log.append(bnpl, log.batch_for(bnpl, "v1", "api", "crm", at), *draw(bnpl, 1, 700))
    log.close()
    assert move_up(path, postgres_url, 128, 1, at) == {"bnpl_default": 1}
    log = open_shared(path, postgres_url)
    assert log.counts(bnpl).total == 2
    log.close()
