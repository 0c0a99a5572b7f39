from __future__ import annotations

import csv as texts
import io
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from pyarrow import csv, parquet

from core.errors import InputError, NotPermitted, UnknownName
from core.services import batches, outcomes
from core.services.access import LOCAL_PEOPLE, Actor, Role
from core.services.commands import run
from core.services.desk import Desk
from core.services.outcomes import Named

KEY = "bnpl_default"


@pytest.fixture
def labelled(desk: Desk, analyst: Actor, tmp_path: Path) -> pa.Table:
    """200 purchases, scored; with what became of them."""
    use_case = desk.use_case(KEY)
    assert use_case.synthesize is not None
    table = use_case.synthesize(200, 11)
    csv.write_csv(table, tmp_path / "rows.csv")
    job_id = batches.submit(desk, analyst, KEY, tmp_path / "rows.csv", filename="rows.csv")
    assert desk.jobs.wait(job_id, 60).state == "done"
    return table


def written(folder: Path, lines: list[str]) -> Path:
    path = folder / "outcomes.csv"
    path.write_text("\n".join(lines) + "\n")
    return path


def known(desk: Desk) -> dict[str, Any]:
    found = desk.log.outcomes_as_known_on(desk.use_case(KEY), datetime.now(UTC) + timedelta(days=1))
    return {row["entity"]: row["outcome"] for row in found.to_pylist()}


def test_the_labelled_file_itself_is_a_file_of_outcomes(
    desk: Desk, analyst: Actor, labelled: pa.Table, tmp_path: Path
) -> None:
    parquet.write_table(labelled, tmp_path / "labelled.parquet")
    taken = outcomes.take_in(desk, analyst, KEY, tmp_path / "labelled.parquet")
    assert (taken.rows, taken.matched, taken.revisions) == (200, 200, 200)
    assert taken.columns["outcome"] == "will_default"
    truth = dict(zip(labelled["transaction_id"].to_pylist(), labelled["will_default"].to_pylist(), strict=True))
    assert known(desk) == {name: float(value) for name, value in truth.items()}
    again = outcomes.take_in(desk, analyst, KEY, tmp_path / "labelled.parquet")
    assert (again.matched, again.revisions) == (200, 0)


def test_every_row_that_is_not_taken_has_its_reason(
    desk: Desk, analyst: Actor, labelled: pa.Table, tmp_path: Path
) -> None:
    ids = labelled["transaction_id"].to_pylist()
    tomorrow = (datetime.now(UTC) + timedelta(days=2)).date()
    path = written(
        tmp_path,
        [
            "transaction_id,will_default,observed_at",
            f"{ids[0]},1,2026-01-05",
            f"{ids[1]},yes,",
            f"{ids[2]},perhaps,",
            "NOBODY,1,",
            f"{ids[0]},1,2026-01-05",
            f"{ids[3]},1,2026-01-05",
            f"{ids[3]},0,2026-01-05",
            f"{ids[4]},0,{tomorrow}",
            f"{ids[5]},,",
            f"{ids[6]},1,2026-01-05",
            f"{ids[6]},0,2026-02-05",
        ],
    )
    taken = outcomes.take_in(desk, analyst, KEY, path, rejects=tmp_path / "rejects.csv")
    counts = (taken.rows, taken.matched, taken.unreadable, taken.unknown, taken.repeated, taken.contradicting)
    assert counts == (11, 4, 3, 1, 1, 2)
    assert known(desk) == {ids[0]: 1.0, ids[1]: 1.0, ids[6]: 0.0}
    rejected = list(texts.DictReader(io.StringIO((tmp_path / "rejects.csv").read_text())))
    why = {int(row["row"]): row["why"] for row in rejected}
    assert sorted(why) == [3, 4, 5, 6, 7, 8, 9]
    assert "perhaps" in why[3]
    assert "was scored here" in why[4]
    assert "says the same" in why[5]
    assert "something else" in why[6]
    assert "after today" in why[8]
    assert "missing" in why[9]


def test_a_time_joins_only_the_row_of_that_time(desk: Desk, analyst: Actor, labelled: pa.Table, tmp_path: Path) -> None:
    first = labelled.slice(0, 1).to_pylist()[0]
    lines = ["transaction_id,transaction_timestamp,will_default"]
    lines += [f"{first['transaction_id']},{first['transaction_timestamp']},1"]
    lines += [f"{first['transaction_id']},2019-01-01T00:00:00,1"]
    taken = outcomes.take_in(desk, analyst, KEY, written(tmp_path, lines))
    assert (taken.matched, taken.other_time, taken.revisions) == (1, 1, 1)
    mature = desk.log.with_outcomes(desk.use_case(KEY), datetime.now(UTC) + timedelta(days=400))
    assert [value for value in mature["outcome"].to_pylist() if value is not None] == [1.0]


def test_columns_may_be_named(desk: Desk, analyst: Actor, labelled: pa.Table, tmp_path: Path) -> None:
    ids = labelled["transaction_id"].to_pylist()
    path = written(tmp_path, ["who,what,when", f"{ids[0]},1,2026-01-05"])
    with pytest.raises(UnknownName, match="entity"):
        outcomes.take_in(desk, analyst, KEY, path)
    seen = outcomes.look(desk, analyst, KEY, path)
    assert seen.would is None
    assert seen.header == ("who", "what", "when")
    named = Named("who", "what", "when")
    seen = outcomes.look(desk, analyst, KEY, path, named)
    assert seen.would is not None
    assert seen.would.matched == 1
    assert known(desk) == {}
    args = {"use_case": KEY, "path": str(path), "entity": "who", "outcome": "what", "observed_at": "when"}
    assert run(desk, analyst, "outcomes", args, lambda message, fraction: None)["revisions"] == 1
    with pytest.raises(UnknownName):
        outcomes.take_in(desk, analyst, KEY, path, Named("whom", "what"))


def test_without_an_entity_column_outcomes_are_refused(
    desk: Desk, analyst: Actor, labelled: pa.Table, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bare = replace(desk.use_case(KEY), entity=None)
    monkeypatch.setattr(desk, "use_case", lambda key: bare)
    with pytest.raises(InputError, match="cannot be joined"):
        outcomes.take_in(desk, analyst, KEY, written(tmp_path, ["transaction_id,will_default", "A,1"]))


def test_who_may_not_bring_outcomes_is_told(desk: Desk, tmp_path: Path) -> None:
    for role in (Role.SALES, Role.AUDITOR):
        with pytest.raises(NotPermitted):
            outcomes.take_in(desk, LOCAL_PEOPLE[role], KEY, tmp_path / "any.csv")


def test_taking_outcomes_in_is_an_event(desk: Desk, analyst: Actor, labelled: pa.Table, tmp_path: Path) -> None:
    ids = labelled["transaction_id"].to_pylist()
    outcomes.take_in(desk, analyst, KEY, written(tmp_path, ["transaction_id,will_default", f"{ids[0]},1"]))
    done, asked = desk.ledger.events(f"{KEY} outcomes")
    assert (asked.action, done.action) == ("bring outcomes", "brought outcomes")
    assert done.actor == analyst.name
    assert desk.ledger.verify_chain() is None
