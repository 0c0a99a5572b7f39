"""The served desk: time to the first page beside an empty app's, and reruns on a log of a million rows."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
EMPTY = 'import streamlit as st\n\napp = st.App("page.py")\n'
PAGE = 'import streamlit as st\n\nst.title("Empty")\n'


def start_seconds(home: Path, rounds: int = 3) -> tuple[float, float]:
    """Median seconds from `streamlit run` to the first page drawn in a browser: ours, an empty app's."""
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "app.py").write_text(EMPTY)
        (Path(folder) / "page.py").write_text(PAGE)
        ours, empty = [], []
        for _ in range(rounds):  # in turn, so that both meet the same machine
            ours.append(_start(ROOT, home, "What needs me today?"))
            empty.append(_start(Path(folder), home, "Empty"))
    return sorted(ours)[rounds // 2], sorted(empty)[rounds // 2]


def _start(folder: Path, home: Path, heading: str) -> float:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright, chromium(playwright) as browser:
        page = browser.new_page()
        began = time.perf_counter()
        with served(folder, home) as address:
            page.goto(address)
            page.get_by_role("heading", name=heading).wait_for(timeout=120_000)
            return time.perf_counter() - began


@contextmanager
def chromium(playwright: Any) -> Iterator[Any]:
    """A headless browser."""
    import shutil

    options = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
    browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=options)
    try:
        yield browser
    finally:
        browser.close()


@contextmanager
def served(folder: Path, home: Path) -> Iterator[str]:
    """`streamlit run app.py` in a folder, answering on a free port."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    options = ["--server.port", str(port), "--server.headless", "true", "--server.address", "127.0.0.1"]
    env = {**os.environ, "RINGSIDE_HOME": str(home)}
    command = [sys.executable, "-m", "streamlit", "run", "app.py", *options]
    process = subprocess.Popen(command, cwd=folder, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    address = f"http://127.0.0.1:{port}"
    try:
        _wait(address, process)
        yield address
    finally:
        process.terminate()
        process.wait(30)


def _wait(address: str, process: subprocess.Popen[bytes], seconds: float = 60) -> None:
    limit = time.monotonic() + seconds
    while time.monotonic() < limit:
        if process.poll() is not None:
            raise RuntimeError(f"the app ended with {process.returncode} before it answered")
        try:
            urllib.request.urlopen(f"{address}/_stcore/health", timeout=1).close()
            return
        except OSError:
            time.sleep(0.02)
    raise RuntimeError("the app did not answer")


def rerun_ms(home: Path, rounds: int = 20) -> dict[str, float]:
    """Median milliseconds of a rerun of each page, without a browser, on whatever log the home has."""
    os.environ["RINGSIDE_HOME"] = str(home)
    from streamlit.testing.v1 import AppTest

    app = AppTest.from_file(str(ROOT / "pages" / "desk.py"), default_timeout=60)
    app.run()
    taken: dict[str, float] = {}
    for script in ("home.py", "score/one.py", "score/file.py"):
        if script != "home.py":
            app.switch_page(script).run()
        app.run()
        times = []
        for _ in range(rounds):
            began = time.perf_counter()
            app.run()
            times.append((time.perf_counter() - began) * 1_000)
        taken[script] = sorted(times)[rounds // 2]
    return taken


if __name__ == "__main__":
    import json

    print(json.dumps(rerun_ms(Path(os.environ["RINGSIDE_HOME"]))))
