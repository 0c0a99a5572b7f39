"""What the API tells of use cases, models, reasons, outcomes, comparisons and drift."""

from __future__ import annotations

import json
from datetime import date, timedelta

import pytest

from core.services.access import LOCAL_PEOPLE, Role
from core.services.comparison import plans
from core.services.comparison.comparing import arm_of
from core.services.desk import Desk
from core.services.reasons.explanation import explain, plain_text
from core.services.watching import drift_results
from core.usecases import builtin
from tests.api.conftest import As, rows_of
from tests.api.test_scoring import refused


def test_use_cases_and_what_acts(by: As) -> None:
    said = by().get("use-cases").json()["use_cases"]
    assert [item["key"] for item in said] == list(builtin())
    assert {item["version"] for item in said} == {"v1"} and all(item["model"] for item in said)
    assert all(item["model"] is None for item in by(Role.SALES).get("use-cases").json()["use_cases"])


@pytest.mark.parametrize("key", list(builtin()))
def test_the_schema_of_a_row_and_a_row_that_scores(by: As, key: str) -> None:
    said = by().get(f"use-cases/{key}").json()
    schema = said["row_schema"]
    assert set(schema["properties"]) == set(builtin()[key].schema.names) and not schema["additionalProperties"]
    assert set(schema["required"]) <= set(said["example"])
    assert by().post(f"use-cases/{key}/score", json=said["example"]).status_code == 200
    for column in builtin()[key].schema:
        told = schema["properties"][column.name]
        assert told["description"] and told["title"] == column.title
        if column.required:
            row = {name: value for name, value in said["example"].items() if name != column.name}
            problems = refused(by().post(f"use-cases/{key}/score", json=row), 422)["problems"]
            assert [item["column"] for item in problems] == [column.name]


def test_reasons_are_those_of_the_why_page_and_are_on_record(by: As, desk: Desk) -> None:
    row = rows_of("lead_scoring", 1, seed=41)[0]
    scored = by().post("use-cases/lead_scoring/score", json=row).json()["prediction_id"]
    found = by().post("use-cases/lead_scoring/predictions/find", json={"of": row["lead_id"]}).json()["predictions"]
    assert [item["prediction_id"] for item in found] == [scored]
    said = by().get(f"use-cases/lead_scoring/predictions/{scored}/reasons").json()
    page = explain(desk, LOCAL_PEOPLE[Role.ANALYST], "lead_scoring", scored)
    assert said["text"] == plain_text(desk.use_case("lead_scoring"), page)
    assert [item["column"] for item in said["helps"]] == [reason.column for reason in page.helps]
    event = desk.ledger.events(limit=1)[0]
    assert (event.action, event.subject, event.via) == ("open record", f"lead_scoring {scored}", "api")
    assert by(Role.SALES).get(f"use-cases/lead_scoring/predictions/{scored}/reasons").json()["models"] is None
    for scope in ("outcomes", "compare"):
        program = by(Role.ANALYST, scope)
        refused(program.get(f"use-cases/lead_scoring/predictions/{scored}/reasons"), 403)
        refused(program.post("use-cases/lead_scoring/predictions/find", json={"of": row["lead_id"]}), 403)
    refused(by().get(f"use-cases/lead_scoring/predictions/{'0' * 32}/reasons"), 422)
    refused(by().get("use-cases/lead_scoring/predictions/..%2f/reasons"), 404)


def test_who_asks_for_scores_sends_a_body_of_bounded_size(by: As) -> None:
    path, kind = "use-cases/lead_scoring/predictions/find", {"Content-Type": "application/json"}
    assert by().post(path, content=b" " * 8_000_001, headers=kind).status_code == 413
    assert by().post(path, content=b'{"of": "a", "of": "b"}', headers=kind).status_code == 400
    assert by().post(path, data={"of": "a"}).status_code == 415
    for wrong in ([], {}, {"of": "a" * 501}, {"of": 1}, {"of": "a", "at": 1}):
        assert by().post(path, json=wrong).status_code == 422
    assert by(Role.ANALYST, "metrics").post(path, content=b"no JSON", headers=kind).status_code == 403


def test_a_refusal_is_on_record_once_whatever_names_are_made_up(by: As, desk: Desk) -> None:
    before = desk.ledger.head()[0]
    for made_up in range(5):
        for key in ("lead_scoring", f"lead_{made_up}"):
            refused(by(Role.RISK, "metrics").get(f"use-cases/{key}/predictions/{made_up:032x}/reasons"), 403)
    two, one = desk.ledger.events(None, 2)
    assert desk.ledger.head()[0] == before + 2
    assert one.after["where"] == "/api/v1/use-cases/lead_scoring/predictions/{prediction_id}/reasons"
    assert two.after["where"] == "/api/v1/use-cases/{key}/predictions/{prediction_id}/reasons"


def test_outcomes_as_values_and_as_a_file(by: As, desk: Desk) -> None:
    rows = rows_of("lead_scoring", 3, seed=42)
    by().post("use-cases/lead_scoring/score-many", json=rows)
    target = builtin()["lead_scoring"].target
    given = [{"entity": row["lead_id"], "outcome": target.classes[1]} for row in rows[:2]]
    given.append({"entity": "nobody", "outcome": target.classes[0]})
    said = by().post("use-cases/lead_scoring/outcomes", json={"outcomes": given}).json()
    assert (said["rows"], said["matched"], said["revisions"], said["unknown"]) == (3, 2, 2, 1)
    assert said["not_taken"][0]["row"] == 3 and "was scored here" in said["not_taken"][0]["why"]
    again = by().post("use-cases/lead_scoring/outcomes", json={"outcomes": given}).json()
    assert again["revisions"] == 0
    text = f"lead_id,{target.name}\n{rows[2]['lead_id']},{target.classes[0]}\n"
    file = by().post("use-cases/lead_scoring/outcomes", content=text, headers={"Content-Type": "text/csv"})
    assert file.json()["revisions"] == 1
    assert not list((desk.settings.data_dir / "arriving").iterdir())


def test_outcomes_that_do_not_fit(by: As) -> None:
    path = "use-cases/lead_scoring/outcomes"
    found = refused(
        by().post(path, json={"outcomes": [{"entity": "x"}, {"entity": "y", "outcome": 1, "when": "z"}]}), 422
    )
    assert {(item["row"], item["column"], item["rule"]) for item in found["problems"]} == {
        (1, "outcome", "required"),
        (2, "when", "unknown"),
    }
    refused(by().post(path, json=[]), 422)
    refused(by(Role.SALES).post(path, json={"outcomes": [{"entity": "x", "outcome": 1}]}), 403)


def test_versions_and_a_card(by: As) -> None:
    said = by().get("use-cases/bnpl_default/models").json()
    assert said["champion"].startswith("v1:") and said["challenger"] is None
    assert said["versions"][0]["state"] == "production" and said["versions"][0]["figure"]["n"] > 0
    card = by().get("use-cases/bnpl_default/models/v1").json()
    assert card["acts"] and card["champion"] == said["champion"].split(":")[1]
    roles = [arm["role"] for arm in card["arms"]]
    assert roles[0] == "champion" and roles[-1] == "rules" and "baseline" in roles
    assert card["primary"] in card["arms"][0]["figures"] and all(len(text) == 64 for text in card["files"].values())
    refused(by().get("use-cases/bnpl_default/models/v9"), 404)
    refused(by(Role.SALES).get("use-cases/bnpl_default/models"), 403)


def test_plans_and_their_verdicts(by: As, desk: Desk) -> None:
    assert by().get("use-cases/bnpl_default/plans").json() == {"plans": []}
    risk, models = LOCAL_PEOPLE[Role.RISK], desk.card("bnpl_default", "v1").models
    acting = desk.acting("bnpl_default")
    other = next(name for name in models if acting is not None and name != acting.model)
    today = date.today()
    days = (today, today + timedelta(days=30)), (today + timedelta(days=30), today + timedelta(days=60))
    wanted = plans.Wanted(arm_of(desk, "bnpl_default", f"v1:{other}"), windows=days, planned_n=300)
    planned = plans.make_plan(desk, risk, "bnpl_default", wanted)
    told = by().get("use-cases/bnpl_default/plans").json()["plans"][0]
    assert told["plan"] == planned.id and told["planned_rows"] == 300 and told["margins"]["coverage"] >= 0
    verdict = by().get(f"use-cases/bnpl_default/plans/{planned.id}/verdict").json()
    assert verdict["decision"] in ("keep testing", "invalid") and verdict["checks"]
    refused(by().get("use-cases/bnpl_default/plans/ffffffff/verdict"), 404)
    table = by().get("use-cases/bnpl_default/compare").json()
    assert {arm["role"] for arm in table["arms"]} >= {"champion", "challenger", "rules"}


def test_drift_is_what_was_measured(by: As, desk: Desk) -> None:
    said = by().get("use-cases/collector_performance/drift").json()
    assert said["since"] is None and said["items"] == []
    state = drift_results.latest(desk, "lead_scoring")
    told = by().get("use-cases/lead_scoring/drift").json()
    assert (told["since"] is None) is (state is None)
    refused(by(Role.SALES).get("use-cases/lead_scoring/drift"), 403)


def test_the_document_is_whole_and_its_page_needs_nothing_from_elsewhere(by: As) -> None:
    document = by().get("openapi.json").json()
    assert json.dumps(document).count("HTTPValidationError") == 0
    page = by().get("docs").text
    assert "<script" not in page and "http://" not in page and "https://" not in page
    for path, methods in document["paths"].items():
        assert f"/api/v1{path}" in page
        for operation in methods.values():
            assert operation["summary"] and operation.get("description"), path
    for problem in ("row", "not-permitted", "too-many-requests", "fault"):
        assert f'id="{problem}"' in page


def test_paths_and_methods_that_are_not_there(by: As) -> None:
    refused(by().get("nothing"), 404)
    refused(by().request("DELETE", "use-cases"), 405)
