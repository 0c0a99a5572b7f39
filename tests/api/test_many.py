"""Many rows at once: each as if alone, in the order they came, whatever is wrong with the others."""

from __future__ import annotations

import json
from typing import Any

import pytest
from anyio.from_thread import BlockingPortal

from core.services.access import LOCAL_PEOPLE, Role
from core.services.desk import Desk
from core.services.scoring import score_one
from core.web.asgi import Application
from core.web.caller import Caller
from tests.api.conftest import As, let_in, rows_of
from tests.api.test_scoring import refused

PATH = "use-cases/bnpl_default/score-many"


def mixed() -> list[Any]:
    rows: list[Any] = list(rows_of("bnpl_default", 5, seed=21))
    rows[1] = rows[1] | {"amount": -1}
    rows[3] = ["no row"]
    return rows


def test_rows_of_an_array_are_answered_as_if_alone(by: As, desk: Desk) -> None:
    answer = by().post(PATH, json=mixed())
    assert answer.status_code == 200, answer.text
    said = answer.json()
    assert (said["rows"], said["scored"], said["refused"], said["already"]) == (5, 3, 2, 0)
    assert [item["row"] for item in said["answers"]] == [1, 2, 3, 4, 5]
    assert [sorted(item) for item in said["answers"]] == [
        ["answer", "row"],
        ["problems", "row"],
        ["answer", "row"],
        ["problems", "row"],
        ["answer", "row"],
    ]
    wrong = said["answers"][1]["problems"][0]
    assert (wrong["row"], wrong["column"], wrong["rule"]) == (2, "amount", "range")
    for place in (0, 2, 4):
        alone = score_one(desk, LOCAL_PEOPLE[Role.ANALYST], "bnpl_default", mixed()[place])
        told = said["answers"][place]["answer"]
        assert alone.already and (alone.prediction_id, alone.score) == (told["prediction_id"], told["score"])
    batch = desk.log.batch_facts(said["batch"])
    assert (batch["state"], batch["n_rows"], batch["n_rejected"], batch["n_logged"]) == ("done", 5, 2, 3)
    assert batch["source"] == "api"


def test_lines_are_answered_one_by_one(by: As, desk: Desk) -> None:
    rows = rows_of("bnpl_default", 700, seed=22)
    lines = [json.dumps(row) for row in rows]
    lines[10:10] = ["", "{"]
    answer = by().post(PATH, content="\n".join(lines), headers={"Content-Type": "application/x-ndjson"})
    said = [json.loads(line) for line in answer.text.splitlines()]
    assert answer.headers["content-type"] == "application/x-ndjson" and len(said) == 701
    assert [item["row"] for item in said] == [place for place in range(1, 703) if place != 11]
    assert said[10]["row"] == 12 and "problems" in said[10]
    assert len({item["answer"]["prediction_id"] for item in said if "answer" in item}) == 700


def test_refusals_of_the_whole(by: As) -> None:
    refused(by().post(PATH, json=[]), 422)
    refused(by().post(PATH, json={"a": 1}), 422)
    refused(by().post(PATH, json=[{}] * 10_001), 413)
    refused(by().post(PATH, content="a,b", headers={"Content-Type": "text/csv"}), 415)
    refused(by(Role.AUDITOR).post(PATH, json=[{}]), 403)
    refused(by(Role.ANALYST).post(f"{PATH}?version=v1", json=[{}]), 403)
    lines = {"Content-Type": "application/x-ndjson"}
    refused(by(Role.AUDITOR).post(PATH, content="{}", headers=lines), 403)
    refused(by().post("use-cases/nothing/score-many", content="{}", headers=lines), 404)


def test_a_line_without_an_end_does_not_fill_the_memory(by: As) -> None:
    text = json.dumps({"amount": "9" * 1_100_000}) + "\n" + json.dumps(rows_of("bnpl_default", 1, seed=23)[0])
    answer = by().post(PATH, content=text, headers={"Content-Type": "application/x-ndjson"})
    said = [json.loads(line) for line in answer.text.splitlines()]
    assert "problems" in said[0] and "answer" in said[1]


@pytest.mark.parametrize("role", [Role.SALES, Role.ANALYST])
def test_other_models_scores_are_for_those_who_may_see_them(by: As, role: Role) -> None:
    said = by(role).post(PATH, json=rows_of("bnpl_default", 1, seed=24)).json()
    assert ("scores" in said["answers"][0]["answer"]) is (role is Role.ANALYST)


def test_who_goes_away_leaves_what_was_answered(app: Application, portal: BlockingPortal, desk: Desk) -> None:
    rows = [json.dumps(row).encode() + b"\n" for row in rows_of("bnpl_default", 2, seed=25)]
    came = [{"type": "http.request", "body": row, "more_body": True} for row in rows] + [{"type": "http.disconnect"}]
    sent: list[Any] = []

    async def receive() -> Any:
        return came.pop(0)

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {
        "type": "http",
        "method": "POST",
        "path": f"/{PATH}",
        "query_string": b"",
        "headers": [(b"content-type", b"application/x-ndjson"), (b"host", b"testserver")],
    }
    who = Caller(LOCAL_PEOPLE[Role.ANALYST], "machine")
    portal.call(let_in(app, who), scope, receive, send)
    answered = [json.loads(message["body"]) for message in sent if message.get("body")]
    assert [item["row"] for item in answered] == [1, 2] and all("answer" in item for item in answered)
    batch = desk.log.latest_batches(desk.use_case("bnpl_default"), 1)[0]
    assert (batch["state"], batch["n_rows"], batch["n_logged"]) == ("cancelled", 2, 2)
