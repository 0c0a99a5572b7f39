"""The curl lines of docs/api.md, as they stand there, against a desk that is served."""

from __future__ import annotations

import json
import os
import re
import shutil
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import uvicorn

from core.api.app import create
from core.services.access import LOCAL_PEOPLE, Role
from core.services.desk import Desk
from core.web.caller import Caller
from tests.api.conftest import let_in

ROOT = Path(__file__).resolve().parents[2]
STATUS = "\n%{http_code}"


def blocks() -> list[str]:
    """The fenced shell blocks, in their order."""
    return re.findall(r"```sh\n(.*?)```", (ROOT / "docs" / "api.md").read_text(), re.DOTALL)


@pytest.fixture(scope="module")
def address(desk: Desk) -> Iterator[str]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    made, who = create(lambda: desk), Caller(LOCAL_PEOPLE[Role.ANALYST], "machine")

    async def mounted(scope, receive, send):  # type: ignore[no-untyped-def]
        scope = scope if scope["type"] != "http" else {**scope, "path": scope["path"].removeprefix("/api/v1")}
        await let_in(made, who)(scope, receive, send)

    server = uvicorn.Server(uvicorn.Config(mounted, port=port, log_level="error", lifespan="off"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    yield f"http://127.0.0.1:{port}"
    server.should_exit = True
    thread.join(10)


def test_every_line_answers_as_the_page_says(address: str, desk: Desk, tmp_path: Path) -> None:
    if shutil.which("curl") is None:
        pytest.skip("no curl is installed")
    names = {"DESK": address}
    ran = 0
    for line in (line for block in blocks() for line in block.splitlines()):
        if line.startswith("DESK="):
            continue
        command, _, said = line.partition("  # ")
        answer = shell(command, names, desk, tmp_path)
        if "curl" not in command:
            continue
        body, _, status = answer.rpartition("\n")
        expected = re.match(r"\d{3}", said)
        assert status == (expected[0] if expected else "200"), f"{command}\n{body}"
        names |= learnt(said, body, address, tmp_path)
        ran += 1
    assert ran >= 15
    assert (tmp_path / "scored.csv").read_text().count("\n") == 501


def shell(command: str, names: dict[str, str], desk: Desk, folder: Path) -> str:
    """Run a line as a shell does; curl also says the status on a line of its own."""
    command = command.replace("curl ", f"curl -sS -w '{STATUS}' ").replace("python ", f"{sys.executable} ")
    env = {**os.environ, **names, "RINGSIDE_HOME": str(desk.settings.home), "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        command, shell=True, cwd=folder, env=env, capture_output=True, text=True, timeout=60, check=True
    )
    return done.stdout


def learnt(said: str, body: str, address: str, folder: Path) -> dict[str, str]:
    """What later lines call by name: $JOB once it is done, $PREDICTION."""
    if "$JOB" in said:
        job = json.loads(body)["job"]
        limit = time.monotonic() + 60
        while (
            '"state":"done"'
            not in subprocess.run(
                ["curl", "-s", f"{address}/api/v1/jobs/{job}"], capture_output=True, text=True, check=True
            ).stdout
        ):
            assert time.monotonic() < limit
            time.sleep(0.1)
        return {"JOB": job}
    if "$PREDICTION" in said:
        return {"PREDICTION": json.loads(body)["predictions"][0]["prediction_id"]}
    return {}
