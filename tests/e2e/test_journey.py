"""One journey in a real browser: upload a CSV, see the scores, download them; no console error on the way."""

from __future__ import annotations

import csv as csv_text
import os
from pathlib import Path
from typing import Any

import pytest

from core.ui import places
from core.usecases import builtin
from tests.e2e.conftest import KEY, ROWS, complaints_of, upload

pytestmark = pytest.mark.browser

URLS = ["" if place.url == "home" else place.url for place in places.PLACES]  # the home page lies at the root


def test_upload_see_scores_download(page: Any, address: str, home: Path) -> None:
    complaints = complaints_of(page)
    page.goto(f"{address}/?use_case={KEY}")
    page.get_by_role("heading", name="What needs me today?").wait_for(timeout=60_000)  # then the picker stands too
    page.get_by_role("link", name="Score a file").click()
    upload(page, home / "week.csv")
    page.get_by_role("button", name="Score this file").click()
    page.get_by_text("week.csv is scored").wait_for(timeout=60_000)
    page.locator(".js-plotly-plot").nth(1).wait_for(timeout=30_000)
    page.get_by_test_id("stDataFrame").wait_for(timeout=30_000)
    with page.expect_download(timeout=30_000) as waiting:
        page.get_by_role("button", name="Scored file, CSV").click()
    target = home / "scored.csv"
    waiting.value.save_as(target)

    with target.open(newline="") as stream:
        rows = list(csv_text.DictReader(stream))
    assert len(rows) == ROWS
    assert all(0 <= float(row["score"]) <= 1 for row in rows)
    assert {row["band"] for row in rows} <= set(builtin()[KEY].policy.band_names)
    assert complaints == []
    shoot(page, address)


def shoot(page: Any, address: str) -> None:
    """With RINGSIDE_SHOTS=folder, keep pictures of every page to look at, in both themes and two widths."""
    folder = os.environ.get("RINGSIDE_SHOTS")
    if not folder:
        return
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        for width in (1280, 390):
            for url in URLS:
                page.set_viewport_size({"width": width, "height": 900})
                page.goto(f"{address}/{url}?use_case={KEY}")
                page.wait_for_timeout(2_500)
                name = f"{url or 'home'}-{scheme}-{width}.png"
                page.screenshot(path=Path(folder) / name, full_page=True)


def test_no_page_scrolls_sideways_on_a_phone(page: Any, address: str) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    for url in URLS:
        page.goto(f"{address}/{url}?use_case={KEY}")
        page.get_by_role("heading", level=1).wait_for(timeout=30_000)
        page.wait_for_timeout(500)
        wide = page.evaluate("document.querySelector('[data-testid=stMain]').scrollWidth")
        assert wide <= 390, f"{url} is {wide} px wide"


def test_a_button_opens_the_page_for_its_use_case(page: Any, address: str) -> None:
    """Also where the address names another use case, whose picker must not be cleared."""
    page.goto(f"{address}/?use_case=bnpl_default")
    page.get_by_role("button", name="Score one").click()
    page.get_by_role("button", name="Score", exact=True).wait_for(timeout=30_000)
    assert page.url.startswith(f"{address}/score-one")
    assert page.get_by_role("combobox", name="Use case").input_value() == builtin()[KEY].title
