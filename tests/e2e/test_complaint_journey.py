"""From a scored file to a case file in a real browser: Why, what-if, a case, its page, its export; no console error."""

from __future__ import annotations

from html import escape
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.conftest import KEY, complaints_of, upload

pytestmark = pytest.mark.browser

COMPLAINT = "They <b>never</b> pick up & the score is high."
CHECKS = 9  # of the table in core/services/complaints/case_checks.py
ROW_HEIGHT, HEADER_HEIGHT, WHY_X = 33, 50, 125  # where the grid paints its Why buttons: they are no elements


def test_score_why_what_if_case_export(page: Any, address: str, home: Path) -> None:
    complaints = complaints_of(page)
    page.goto(f"{address}/?use_case={KEY}")
    lead = score_a_file_and_ask_why(page, home)
    page.get_by_text(f"Lead {lead}", exact=True).wait_for(timeout=30_000)
    for side in ("Helps", "Hurts"):
        page.get_by_role("heading", name=side).wait_for()
    move_a_field(page)
    open_a_case(page)
    page.get_by_role("heading", name="The checks say").wait_for(timeout=60_000)
    page.get_by_text(f"“{COMPLAINT}”").wait_for(timeout=30_000)
    page.get_by_text(f"{CHECKS} checks, ").wait_for(timeout=30_000)  # the line below the last check
    for check in ("Recomputed score", "Rejected rows", "Score drift", "Realised against estimated"):
        assert page.get_by_text(check, exact=True).first.is_visible()
    document = export(page, home)
    assert escape(COMPLAINT, quote=False) in document and "<b>never</b>" not in document
    assert "Recomputed score" in document and "0 of" in document
    assert complaints == []


def score_a_file_and_ask_why(page: Any, home: Path) -> str:
    """Press the Why button of the second row; the lead of that row."""
    page.get_by_role("heading", name="What needs me today?").wait_for(timeout=60_000)  # then the picker stands too
    page.get_by_role("link", name="Score a file").click()
    upload(page, home / "week.csv")
    page.get_by_role("button", name="Score this file").click()
    page.get_by_text("week.csv is scored").wait_for(timeout=60_000)
    grid = page.get_by_test_id("stDataFrame")
    grid.wait_for(timeout=30_000)
    grid.scroll_into_view_if_needed()
    assert page.get_by_test_id("glide-cell-1-1").text_content() == "Why?"
    lead = str(page.get_by_test_id("glide-cell-0-1").text_content())
    grid.click(position={"x": WHY_X, "y": HEADER_HEIGHT + ROW_HEIGHT})
    page.get_by_role("heading", name="Why this score?").wait_for(timeout=30_000)
    return lead


def move_a_field(page: Any) -> None:
    """One slider ten steps on: the score beside the original one is another."""
    playwright = pytest.importorskip("playwright.sync_api")
    page.get_by_text("What if?").click()
    page.get_by_text("Nothing changed yet").wait_for(timeout=30_000)
    now = page.get_by_test_id("stMetric").filter(has_text="Now")
    before = now.inner_text()
    page.get_by_role("slider").first.focus()
    for _ in range(10):
        page.keyboard.press("ArrowRight")
    page.get_by_text("1 column changed").wait_for(timeout=30_000)
    playwright.expect(now).not_to_have_text(before, timeout=30_000, use_inner_text=True)


def open_a_case(page: Any) -> None:
    page.get_by_role("button", name="This score is wrong").click()
    page.get_by_label("What is wrong with it?").fill(COMPLAINT)
    page.get_by_role("button", name="Open a case").click()
    page.get_by_role("heading", name="Is this complaint right").wait_for(timeout=30_000)


def export(page: Any, home: Path) -> str:
    with page.expect_download(timeout=30_000) as waiting:
        page.get_by_role("button", name="Download the case file").click()
    target = home / "case.html"
    waiting.value.save_as(target)
    return target.read_text()
