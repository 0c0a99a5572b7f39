"""One journey in a real browser: upload a CSV, see the scores, download them; no console error on the way."""

from __future__ import annotations

import csv as csv_text
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pyarrow import csv

from core.config import Settings
from core.services import batches, training
from core.services.access import LOCAL_PEOPLE, Role
from core.services.desk import open_desk
from core.ui import frame
from core.usecases import builtin

pytestmark = pytest.mark.browser

ROOT = Path(__file__).resolve().parents[2]
CHROMIUM = shutil.which("chromium")
KEY = "lead_scoring"
ROWS = 250
URLS = ["" if place.url == "home" else place.url for place in frame.PLACES]  # the home page lies at the root
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-dev-shm-usage",
    "--headless=new",
]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A desk with one trained use case and a file to upload."""
    folder = tmp_path_factory.mktemp("journey")
    use_case = builtin()[KEY]
    assert use_case.synthesize is not None
    csv.write_csv(use_case.synthesize(4_000, 7), folder / "labelled.csv")
    desk = open_desk(Settings(home=folder))
    training.train_version(desk, LOCAL_PEOPLE[Role.ANALYST], use_case, folder / "labelled.csv")
    content = batches.sample_csv(desk, KEY, ROWS)
    assert content is not None
    (folder / "week.csv").write_bytes(content)
    desk.close()
    return folder


@pytest.fixture(scope="module")
def address(home: Path) -> Iterator[str]:
    """A desk that serves `home` on a free port."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "streamlit", "run", "app.py", "--server.headless=true", f"--server.port={port}"]
    with (home / "server.log").open("wb") as log:
        server = subprocess.Popen(
            command, cwd=ROOT, env={**os.environ, "RINGSIDE_HOME": str(home)}, stdout=log, stderr=subprocess.STDOUT
        )
        try:
            wait_for(f"http://127.0.0.1:{port}/_stcore/health", server)
            yield f"http://127.0.0.1:{port}"
        finally:
            server.terminate()
            server.wait(20)


def wait_for(url: str, server: subprocess.Popen[bytes], seconds: float = 60.0) -> None:
    limit = time.monotonic() + seconds
    while time.monotonic() < limit:
        assert server.poll() is None, "the desk stopped while starting"
        try:
            with urllib.request.urlopen(url, timeout=2) as answer:
                if answer.read() == b"ok":
                    return
        except OSError:
            time.sleep(0.1)
    raise AssertionError(f"no answer from {url} within {seconds} s")


@pytest.fixture
def page() -> Iterator[Any]:
    if CHROMIUM is None:
        pytest.skip("chromium is not installed: apt-get install chromium")
    sync_api = pytest.importorskip("playwright.sync_api")
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser.new_context(viewport={"width": 1280, "height": 900}, accept_downloads=True).new_page()
        browser.close()


def test_upload_see_scores_download(page: Any, address: str, home: Path) -> None:
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))

    page.goto(f"{address}/?use_case={KEY}")
    page.get_by_role("link", name="Score a file").click()
    page.locator("input[type=file]").set_input_files(home / "week.csv")
    page.get_by_text("Does this look like the training data?").wait_for(timeout=30_000)
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
