"""Score one row through the API: the same answer as everywhere, and nothing passed over in silence."""

from __future__ import annotations

import json
from typing import Any

import pytest

from core.services.access import LOCAL_PEOPLE, Role
from core.services.desk import Desk
from core.services.scoring import score_one
from core.usecases import builtin
from tests.api.conftest import As, rows_of

KEYS = list(builtin())


@pytest.mark.parametrize("key", KEYS)
def test_the_answer_is_that_of_the_page(by: As, desk: Desk, key: str) -> None:
    row = rows_of(key, 1)[0]
    answer = by(Role.RISK).post(f"use-cases/{key}/score", json=row)
    assert answer.status_code == 200, answer.text
    said, page = answer.json(), score_one(desk, LOCAL_PEOPLE[Role.RISK], key, row)
    assert page.already and page.prediction_id == said["prediction_id"]
    assert (page.score, page.band, page.decision, page.decided_by) == (
        said["score"],
        said["band"],
        said["decision"],
        said["decided_by"],
    )
    assert said["scores"] == page.scores and said["already"] is False
    logged = desk.log.prediction(desk.use_case(key), said["prediction_id"]).to_pylist()[0]
    assert logged["score"] == said["score"]
    assert desk.log.latest_batches(desk.use_case(key), 2)[1]["source"] == "api"


def refused(answer: Any, status: int) -> dict[str, Any]:
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    found: dict[str, Any] = answer.json()
    assert found["status"] == status and found["type"].startswith("/api/v1/docs#") and found["title"]
    return found


def test_every_wrong_value_is_named(by: As, desk: Desk) -> None:
    before = desk.log.counts(desk.use_case("bnpl_default")).total
    row = rows_of("bnpl_default", 1, seed=6)[0] | {"amount": "a lot", "device_type": "fridge", "risk_score": None}
    found = refused(by().post("use-cases/bnpl_default/score", json=row), 422)
    assert {item["column"]: item["rule"] for item in found["problems"]} == {
        "amount": "type",
        "device_type": "type",
        "risk_score": "required",
    }
    assert "device_type is 'fridge'; it takes one of" in found["detail"]
    assert desk.log.counts(desk.use_case("bnpl_default")).total == before


def test_unknown_fields_are_named_or_ignored_on_request(by: As) -> None:
    row = rows_of("lead_scoring", 1, seed=7)[0]
    row["page_vews"] = row.pop("page_views")
    found = refused(by().post("use-cases/lead_scoring/score", json=row), 422)
    said = {item["column"]: item for item in found["problems"]}
    assert said["page_vews"]["rule"] == "unknown" and "Did you mean 'page_views'" in said["page_vews"]["message"]
    assert said["page_views"]["rule"] == "required"
    row = rows_of("lead_scoring", 1, seed=7)[0] | {"crm_owner": "Jo"}
    answer = by().post("use-cases/lead_scoring/score?extra=ignore", json=row)
    assert answer.status_code == 200 and answer.json()["ignored"] == ["crm_owner"]


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("page_views", {"n": 3}, "is an object"),
        ("page_views", [3], "is a list"),
        ("page_views", True, "is true"),
        ("lead_id", "a\u0000b", "holds a character that is no text"),
        ("lead_id", "\ud800", "holds a character that is no text"),
    ],
)
def test_what_json_can_say_and_a_row_cannot(by: As, name: str, value: Any, says: str) -> None:
    row = rows_of("lead_scoring", 1, seed=8)[0] | {name: value}
    answer = by().post(
        "use-cases/lead_scoring/score", content=json.dumps(row), headers={"Content-Type": "application/json"}
    )
    found = refused(answer, 422)
    assert [item["column"] for item in found["problems"]] == [name] and says in found["detail"]


@pytest.mark.parametrize(
    "text", ["{", '{"a": NaN}', '{"a": 1, "a": 2}', "\x80", "[" * 100_000, '{"a": ' + "9" * 5_000 + "}"]
)
def test_what_is_not_json(by: As, text: str) -> None:
    answer = by().post(
        "use-cases/lead_scoring/score", content=text.encode("latin-1"), headers={"Content-Type": "application/json"}
    )
    refused(answer, 400)


def test_a_list_is_not_one_row(by: As) -> None:
    assert "not one row" in refused(by().post("use-cases/lead_scoring/score", json=[{}]), 422)["detail"]


def test_types_and_sizes_of_bodies(by: As) -> None:
    form = by().post("use-cases/lead_scoring/score", data={"a": 1})
    assert "application/json" in refused(form, 415)["hint"]
    headers = {"Content-Type": "application/json"}
    refused(by().post("use-cases/lead_scoring/score", content=b" " * 8_000_001, headers=headers), 413)


def test_the_same_request_under_a_key_gets_the_same_answer(by: As, desk: Desk) -> None:
    row, headers = rows_of("lead_scoring", 1, seed=9)[0], {"Idempotency-Key": "order-1"}
    first = by().post("use-cases/lead_scoring/score", json=row, headers=headers)
    again = by().post("use-cases/lead_scoring/score", json=row, headers=headers)
    assert first.status_code == again.status_code == 200 and first.content == again.content
    assert again.headers["idempotency-replayed"] == "true" and "idempotency-replayed" not in first.headers
    other = by().post("use-cases/lead_scoring/score", json=row | {"page_views": 1}, headers=headers)
    assert refused(other, 422)["type"].endswith("#key-in-use")
    elsewhere = by(Role.RISK).post("use-cases/lead_scoring/score", json=row, headers=headers)
    assert elsewhere.json()["already"] is True  # the key is another sender's
    wrong = by().post("use-cases/lead_scoring/score", json={}, headers={"Idempotency-Key": "order-2"})
    refused(wrong, 422)
    right = by().post("use-cases/lead_scoring/score", json=row, headers={"Idempotency-Key": "order-2"})
    assert right.status_code == 200


def test_reasons_are_told_again_and_not_kept(by: As, desk: Desk) -> None:
    row, headers = rows_of("lead_scoring", 1, seed=19)[0], {"Idempotency-Key": "why"}
    path = "use-cases/lead_scoring/score?include=reasons"
    first, again = (by().post(path, json=row, headers=headers) for _ in range(2))
    assert row["lead_id"] in first.json()["reasons"]["text"] and first.json() == again.json()
    assert again.headers["idempotency-replayed"] == "true"
    for file in (desk.settings.data_dir / "ledger.sqlite", desk.settings.data_dir / "ledger.sqlite-wal"):
        assert row["lead_id"].encode() not in file.read_bytes()


def test_who_may_score_and_see(by: As) -> None:
    row = rows_of("bnpl_default", 1, seed=10)[0]
    refused(by(None).post("use-cases/bnpl_default/score", json=row), 401)
    assert (
        "may not score one" in refused(by(Role.AUDITOR).post("use-cases/bnpl_default/score", json=row), 403)["detail"]
    )
    refused(by(Role.ANALYST, "outcomes").post("use-cases/bnpl_default/score", json=row), 403)
    sales = by(Role.SALES).post("use-cases/bnpl_default/score", json=row).json()
    assert not {"scores", "model", "consensus", "agreement"} & set(sales)
    assert refused(by().post("use-cases/bnpl_default/score?version=v1", json=row), 403)
    assert by(Role.RISK).post("use-cases/bnpl_default/score?version=v1", json=row).status_code == 200
    refused(by(Role.RISK).post("use-cases/bnpl_default/score?version=v77", json=row), 404)
    refused(by(Role.RISK).post("use-cases/bnpl_default/score?version=../v1", json=row), 404)


def test_reasons_and_interval_on_request(by: As) -> None:
    row = rows_of("debt_repayment", 1, seed=11)[0]
    said = by().post("use-cases/debt_repayment/score?include=reasons,interval", json=row).json()
    reasons = said["reasons"]
    assert reasons["base"] + sum(reasons["points"].values()) == pytest.approx(said["score"], abs=1e-9)
    assert reasons["same_again"] and said["band"] in reasons["text"]
    refused(by().post("use-cases/debt_repayment/score?include=everything", json=row), 422)
    plain = by().post("use-cases/debt_repayment/score", json=row).json()
    assert "reasons" not in plain and "interval" not in plain


def test_no_such_use_case_suggests_the_nearest(by: As) -> None:
    assert "lead_scoring" in refused(by().post("use-cases/lead_scorin/score", json={}), 404)["hint"]


def test_a_page_of_another_site_cannot_score(by: As) -> None:
    row = rows_of("lead_scoring", 1, seed=12)[0]
    there = {"Origin": "https://example.org"}
    assert refused(by().post("use-cases/lead_scoring/score", json=row, headers=there), 403)["type"].endswith(
        "#other-site"
    )
    here = {"Origin": "http://testserver"}
    assert by().post("use-cases/lead_scoring/score", json=row, headers=here).status_code == 200
