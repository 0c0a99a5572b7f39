"""A file whose words are tags, scripts, pictures of elsewhere and formulas is data on every page and in every file."""

from __future__ import annotations

import csv
import io
import json
import time
from typing import Any

import pytest

from core.services.access import Role

from .conftest import EVIL_KEY, PASSWORD, Served, finished, hostile_rows

FILES = f"/api/v1/use-cases/{EVIL_KEY}/files"
FORMULAS = ("=cmd|' /C calc'!A0", "+1+1", "-2+3", "@SUM(A1)", "\t=1+1", '=HYPERLINK("https://evil.example")')
SECONDS_A_PAGE = 20
SHOWING = ("score-one", "score-file", "why", "drift", "fairness", "drivers", "models", "data")
LOADED = "img[src*='evil.example'], script[src*='evil.example'], a[href*='evil.example']"


@pytest.fixture(scope="module")
def scored(served: Served) -> str:
    """The path of a finished job over rows of hostile words."""
    rows = hostile_rows(60, 9)
    for row, formula in zip(rows, FORMULAS, strict=False):
        row["code"] = formula
    sent = io.StringIO()
    writer = csv.DictWriter(sent, [name for name in rows[0] if name != "bought"], extrasaction="ignore")
    writer.writeheader()
    writer.writerows(rows)
    token = {"Authorization": f"Bearer {served.tokens['score']}"}
    answer = served.ask("POST", f"{FILES}?reasons=true", sent.getvalue().encode(), Content_Type="text/csv", **token)
    assert answer.status == 202, answer.text
    done = finished(served, json.loads(answer.body)["links"]["self"], token)
    assert done["state"] == "done", done
    return str(done["links"]["csv"])


def test_no_cell_of_a_result_begins_a_formula(served: Served, scored: str) -> None:
    answer = served.ask("GET", scored, Authorization=f"Bearer {served.tokens['score']}")
    rows = list(csv.reader(io.StringIO(answer.body.decode("utf-8-sig"))))
    cells = [cell for row in rows for cell in row if cell]
    assert any("cmd|" in cell for cell in cells)
    assert [cell for cell in cells if cell[0] in "=@\t\r" or (cell[0] in "+-" and not is_number(cell))] == []


def is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


@pytest.mark.browser
def test_hostile_words_are_words_on_every_page(served: Served, scored: str, page: Any) -> None:
    asked, said = [], []
    page.on("request", lambda request: asked.append(request.url))
    page.on("dialog", lambda dialog: (said.append(dialog.message), dialog.dismiss()))
    page.goto(f"http://127.0.0.1:{served.port}/sign-in")
    page.fill("input[name=email]", f"{Role.RISK}@desk.example")
    page.fill("input[name=password]", PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    shown = False
    for url in SHOWING:
        page.goto(f"http://127.0.0.1:{served.port}/{url}?use_case={EVIL_KEY}")
        settled(page)
        assert page.locator(LOADED).count() == 0, url
        shown = shown or "evil.example" in page.content()
    assert said == []
    assert [url for url in asked if "evil.example" in url.split("?")[0]] == []
    assert shown, "no page showed the words at all"


def settled(page: Any) -> None:
    """Wait until a page has stopped changing."""
    until, text = time.monotonic() + SECONDS_A_PAGE, ""
    while time.monotonic() < until:
        page.wait_for_timeout(500)
        now = page.locator("body").inner_text()
        if now == text and len(now) > 300 and not page.locator("[data-testid=stStatusWidget]").count():
            break
        text = now
    assert page.locator("[data-testid=stException]").count() == 0
