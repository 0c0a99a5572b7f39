"""A desk in a process of its own, with a trained use case and a file to upload, and a real browser in front of it."""

from __future__ import annotations

import contextlib
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
from core.usecases import builtin

ROOT = Path(__file__).resolve().parents[2]
CHROMIUM = shutil.which("chromium")
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-dev-shm-usage",
    "--headless=new",
]
KEY = "lead_scoring"
ROWS = 250


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


def complaints_of(page: Any) -> list[str]:
    """What the browser complains about from now on, as it comes."""
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: said.append(str(error)))
    return said


def upload(page: Any, path: Path) -> None:
    """Give the file page a file; a drop zone that is drawn anew meanwhile forgets it, so look and ask again."""
    playwright = pytest.importorskip("playwright.sync_api")
    page.get_by_role("button", name="Template").wait_for(timeout=30_000)  # the page stands below the drop zone too
    for seconds in (10, 20, 30, 30):
        with contextlib.suppress(playwright.TimeoutError):  # a slow page has taken it, and its drop zone, meanwhile
            page.locator("input[type=file]").set_input_files(path, timeout=5_000)
        with contextlib.suppress(playwright.TimeoutError):
            page.get_by_text("Does this look like the training data?").wait_for(timeout=seconds * 1_000)
            return
    raise AssertionError(f"the page did not take {path.name}")


def wait_for(url: str, server: subprocess.Popen[bytes], seconds: float = 60.0, says: bytes = b"ok") -> None:
    limit = time.monotonic() + seconds
    while time.monotonic() < limit:
        assert server.poll() is None, "the desk stopped while starting"
        try:
            with urllib.request.urlopen(url, timeout=2) as answer:
                if answer.read() == says:
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
