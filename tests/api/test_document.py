"""Whatever the OpenAPI document allows, the API answers as the document says: no fault, no other status or shape."""

from __future__ import annotations

import copy
import json
import warnings
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from core.api.app import create
from core.services.access import Role
from core.services.desk import open_desk
from core.usecases import builtin
from tests.api.conftest import As, rows_of

with warnings.catch_warnings():  # its own libraries warn of each other
    warnings.simplefilter("ignore")
    from schemathesis import GenerationMode, openapi
    from schemathesis.checks import not_a_server_error
    from schemathesis.specs.openapi.checks import (
        content_type_conformance,
        response_schema_conformance,
        status_code_conformance,
    )

CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]
FEW = settings(
    max_examples=8,
    deadline=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
    derandomize=True,
)


def document() -> dict[str, Any]:
    """The document with names that exist among the texts that a path may have."""
    found = copy.deepcopy(create(open_desk).openapi())
    known = {"key": ["lead_scoring", "bnpl_default"], "version": ["v1", "v2"]}
    for methods in found["paths"].values():
        for operation in methods.values():
            for parameter in operation.get("parameters", ()):
                if parameter["in"] == "path" and parameter["name"] in known:
                    parameter["schema"] = {"type": "string", "enum": known[parameter["name"]]}
    found["components"]["schemas"]["ScoreAnswer"]["additionalProperties"] = False
    return found


SCHEMA = openapi.from_dict(document())
FOUND: list[Any] = [found.ok() for found in SCHEMA.get_all_operations()]  # type: ignore[union-attr]
OPERATIONS = {f"{found.method} {found.path}": found for found in FOUND}


def sent(by: As, case: Any) -> httpx.Response:
    """A generated case through the API, as risk, who may do most."""
    facts = case.as_transport_kwargs(base_url="http://testserver/api/v1")
    given_facts = {name: facts[name] for name in ("headers", "params", "json") if facts.get(name) is not None}
    if facts.get("data") is not None:
        given_facts["content"] = facts["data"]
    return by(Role.RISK).request(facts["method"], facts["url"], **given_facts)


@pytest.mark.parametrize("mode", list(GenerationMode))
@pytest.mark.parametrize("name", OPERATIONS)
def test_answers_are_as_the_document_says(by: As, name: str, mode: GenerationMode) -> None:
    """Of requests that the document allows, and of those it forbids."""

    @FEW
    @given(OPERATIONS[name].as_strategy(generation_mode=mode))
    def hold(case: Any) -> None:
        answer = sent(by, case)
        case.validate_response(answer, checks=CHECKS)

    hold()


@pytest.mark.parametrize("key", list(builtin()))
@settings(FEW, max_examples=15)
@given(data=st.data())
def test_rows_with_anything_in_them_are_scored_or_named(by: As, key: str, data: st.DataObject) -> None:
    """A good row with some values replaced by whatever JSON can say."""
    row = dict(rows_of(key, 1, seed=51)[0])
    anything = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text()
    deep = st.recursive(
        anything, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=2)
    )
    names = data.draw(st.lists(st.sampled_from([*row, "stranger"]), min_size=1, max_size=3, unique=True))
    row |= {name: data.draw(deep) for name in names}
    headers = {"Content-Type": "application/json"}
    answer = by(Role.RISK).post(f"use-cases/{key}/score", content=json.dumps(row), headers=headers)
    assert answer.status_code in (200, 422), answer.text
    if answer.status_code == 422:
        assert {item["column"] for item in answer.json()["problems"]} <= {*names, *builtin()[key].schema.names}
    else:
        assert "stranger" not in names
