"""Somebody who has signed in goes no further than their role, and a program no further than its token."""

from __future__ import annotations

import json

import pytest

from core.services.access import Role

from .conftest import Served

SCORE = "/api/v1/use-cases/lead_scoring/score"


def bearer(text: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {text}"}


def test_a_token_does_what_it_was_made_for(served: Served) -> None:
    assert served.ask("GET", "/metrics", **bearer(served.tokens["metrics"])).status == 200
    assert served.ask("GET", "/metrics", **bearer(served.tokens["score"])).status == 403
    refused = served.ask("POST", SCORE, b"{}", Content_Type="application/json", **bearer(served.tokens["metrics"]))
    assert refused.status == 403
    assert json.loads(refused.body)["status"] == 403


def test_a_token_opens_no_page(served: Served) -> None:
    assert served.ask("GET", "/", **bearer(served.tokens["score"])).status == 403
    assert served.ask("GET", "/_stcore/host-config", **bearer(served.tokens["score"])).status == 403


@pytest.mark.parametrize(
    "spoil", [lambda text: text[:-1], lambda text: text + "x", lambda text: text.upper(), lambda _: "rs_"]
)
def test_tokens_that_are_nearly_right(served: Served, spoil: object) -> None:
    text = spoil(served.tokens["metrics"])  # type: ignore[operator]
    assert served.ask("GET", "/metrics", **bearer(text)).status == 401


def test_sales_cannot_choose_a_version_or_bring_outcomes(served: Served) -> None:
    cookies = served.session(Role.SALES)
    sent = {"Content_Type": "application/json"}
    assert served.ask("POST", f"{SCORE}?version=v1", b"{}", cookies=cookies, **sent).status in (403, 422)
    outcomes = b'{"outcomes": [{"entity": "L1", "outcome": "yes"}]}'
    assert (
        served.ask("POST", "/api/v1/use-cases/lead_scoring/outcomes", outcomes, cookies=cookies, **sent).status == 403
    )
    assert served.ask("GET", "/metrics", cookies=cookies).status == 403


def test_secrets_stay_out_of_the_log(served: Served) -> None:
    served.sign_in(Role.RISK, password="a wrong password that must not be written down")
    cookies = served.session(Role.RISK)
    served.ask("GET", "/metrics", **bearer("rs_" + "z" * 43))
    written = served.log.read_text()
    secret = (*served.tokens.values(), *cookies.values(), "must not be written down", "z" * 43)
    assert [text for text in secret if text in written] == []
