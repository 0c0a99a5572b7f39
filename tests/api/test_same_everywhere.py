"""One row, one answer: the API, the desk as a library, a file and the page say the same to the last bit."""

from __future__ import annotations

import io
import shutil
import threading
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from anyio.from_thread import BlockingPortal
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pyarrow import csv, parquet

from core.api.app import create
from core.api.door import Rates
from core.config import Settings
from core.services.access import LOCAL_PEOPLE, Role
from core.services.desk import Desk, open_desk
from core.usecases import builtin
from core.web.caller import Caller
from tests.api.conftest import As, Client, let_in, rows_of
from tests.api.test_files import done
from tests.api.test_scoring import refused

FILE_ROWS = 60
ANALYST = Caller(LOCAL_PEOPLE[Role.ANALYST], "machine")


@pytest.fixture(scope="module")
def files(by: As, desk: Desk) -> dict[str, dict[str, Any]]:
    """Use case -> what a file says of its rows, by prediction id."""
    found = {}
    for key in builtin():
        stream = io.BytesIO()
        csv.write_csv(drawn(key), stream)
        sent = by().post(f"use-cases/{key}/files", content=stream.getvalue(), headers={"Content-Type": "text/csv"})
        done(by(), sent.json()["job"])
        scored = by().get(f"jobs/{sent.json()['job']}/result?kind=parquet").content
        found[key] = {row["prediction_id"]: row for row in parquet.read_table(io.BytesIO(scored)).to_pylist()}
    return found


def drawn(key: str) -> pa.Table:
    """Rows with times as texts, lists as a file writes them, and no outcome."""
    rows = rows_of(key, FILE_ROWS, seed=61)
    texts = [
        {name: ";".join(map(str, value)) if isinstance(value, list) else value for name, value in row.items()}
        for row in rows
    ]
    return pa.Table.from_pylist(texts)


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(key=st.sampled_from(list(builtin())), place=st.integers(0, FILE_ROWS - 1))
def test_a_row_has_one_answer(by: As, desk: Desk, files: dict[str, Any], key: str, place: int) -> None:
    row = rows_of(key, FILE_ROWS, seed=61)[place]
    said = by().post(f"use-cases/{key}/score", json=row).json()
    library = desk.score(key, pa.Table.from_pylist([row])).to_pylist()[0]
    file = files[key][said["prediction_id"]]
    assert said["already"]
    assert said["score"] == library["score"] == file["score"]
    assert said["band"] == library["band"] == file["band"]
    assert said["decision"] == library["decision"] == file["decision"]
    assert said["scores"] == {name: library[f"score_{name}"] for name in said["scores"]}


def test_rows_that_come_together_are_answered_each_for_itself(by: As, desk: Desk) -> None:
    """Fifty threads, good rows and bad ones, some twice: every answer its own, every row once in the log."""
    rows = rows_of("bnpl_default", 150, seed=62)
    for place in range(0, 150, 10):
        rows[place] = rows[place] | {"amount": -place - 1}
    before = desk.log.counts(desk.use_case("bnpl_default")).total
    client = by()

    def ask(place: int) -> tuple[int, Any]:
        answer = client.post("use-cases/bnpl_default/score", json=rows[place % 150])
        return place % 150, answer.json() if answer.status_code == 200 else refused(answer, 422)

    with ThreadPoolExecutor(50) as threads:
        answers = list(threads.map(ask, range(200)))
    for place, said in answers:
        assert ("problems" in said) is (place % 10 == 0)
        if "problems" in said:
            assert said["problems"][0]["value"] == str(-place - 1)
    ids = {place: said["prediction_id"] for place, said in answers if "problems" not in said}
    assert len(set(ids.values())) == 135
    assert desk.log.counts(desk.use_case("bnpl_default")).total == before + 135
    logged = Counter(desk.log.scan(desk.use_case("bnpl_default"), ["prediction_id"])["prediction_id"].to_pylist())
    assert all(logged[name] == 1 for name in ids.values())
    alone = {place: desk.score("bnpl_default", pa.Table.from_pylist([rows[place]])) for place in (1, 55, 149)}
    for place, said in answers:
        if place in alone:
            assert said["score"] == alone[place]["score"][0].as_py()


def test_one_key_from_many_threads_is_one_answer(by: As) -> None:
    row, client = rows_of("lead_scoring", 1, seed=63)[0], by()
    gate = threading.Barrier(12)

    def ask(_: int) -> Any:
        gate.wait()
        return client.post("use-cases/lead_scoring/score", json=row, headers={"Idempotency-Key": "all at once"})

    with ThreadPoolExecutor(12) as threads:
        answers = list(threads.map(ask, range(12)))
    assert {answer.status_code for answer in answers} <= {200, 409}
    assert len({answer.content for answer in answers if answer.status_code == 200}) == 1
    assert all(answer.headers["retry-after"] == "1" for answer in answers if answer.status_code == 409)


@pytest.fixture
def own_home(trained_home: Path, tmp_path: Path) -> Path:
    home = tmp_path / "home"
    shutil.copytree(trained_home, home)
    return home


def served(home: Path, **more: Any) -> Iterator[tuple[Desk, Any]]:
    desk = open_desk(Settings(home=home, **more))
    try:
        yield desk, create(lambda: desk)
    finally:
        desk.close()


def test_a_key_is_known_after_a_restart(own_home: Path, portal: BlockingPortal) -> None:
    row, headers = rows_of("lead_scoring", 1, seed=64)[0], {"Idempotency-Key": "before"}
    said = []
    for _ in range(2):
        for _, app in served(own_home):
            client = Client(portal, let_in(app, ANALYST))
            said.append(client.post("use-cases/lead_scoring/score", json=row, headers=headers))
    assert said[0].content == said[1].content and said[1].headers["idempotency-replayed"] == "true"


def test_more_than_so_many_requests_a_minute_wait(own_home: Path, portal: BlockingPortal) -> None:
    for _, app in served(own_home, api_requests=3):
        client, other = (Client(portal, let_in(app, Caller(ANALYST.actor, "token", name))) for name in ("a", "b"))
        assert [client.get("use-cases").status_code for _ in range(3)] == [200] * 3
        answer = client.get("use-cases")
        assert refused(answer, 429)["detail"] == "More than 3 requests a minute came from here."
        assert 1 <= int(answer.headers["retry-after"]) <= 20
        assert other.get("use-cases").status_code == 200


def test_a_bucket_fills_again() -> None:
    now = [0.0]
    rates = Rates(60, lambda: now[0])
    assert [rates.take("a") for _ in range(60)] == [0.0] * 60
    assert rates.take("a") == pytest.approx(1.0)
    now[0] = 2.5
    assert [rates.take("a"), rates.take("a")] == [0.0, 0.0] and rates.take("a") == pytest.approx(0.5)
    now[0] = 10_000.0
    assert [rates.take("a") for _ in range(60)] == [0.0] * 60 and rates.take("a") > 0


def test_a_fault_is_an_incident_and_tells_nothing_else(by: As, desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: Any) -> None:
        raise RuntimeError("secret of somebody")

    monkeypatch.setattr("core.services.catalogue.cases", broken)
    answer = by().get("use-cases")
    found = refused(answer, 500)
    assert len(found["incident"]) == 8 and "secret" not in answer.text
