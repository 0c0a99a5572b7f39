"""A desk in a process of its own where people sign in, and a client that sends what no browser would."""

from __future__ import annotations

import csv
import http.client
import json
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.cookies import SimpleCookie
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import numpy as np
import pytest

from core.config import Settings
from core.services import adoption
from core.services.access import LOCAL_PEOPLE, Role
from core.services.adoption_report import AdoptOptions
from core.services.desk import Desk, open_desk
from core.services.signing_in import local, people, tokens
from tests.servers import free_port

ROOT = Path(__file__).resolve().parents[2]
ADMIN = LOCAL_PEOPLE[Role.ADMIN]
EVIL_KEY = "hostile"
EVIL = "<img src=https://evil.example/x.png onerror=alert(1)>"
HOSTILE = (
    EVIL,
    "![x](https://evil.example/y.png)",
    "[click](https://evil.example)",
    "</script><script>alert(2)</script>",
)
PASSWORD = "a long sentence nobody guesses 7"


@dataclass
class Answer:
    """What the desk answered."""

    status: int
    headers: dict[str, str]
    body: bytes
    cookies: dict[str, str] = field(default_factory=dict)

    @property
    def text(self) -> str:
        return self.body.decode("utf-8", "replace")


@dataclass
class Served:
    """A served desk: where it listens, its folder, who may sign in, what its programs carry."""

    port: int
    home: Path
    tokens: dict[str, str]
    log: Path

    def ask(
        self,
        method: str,
        path: str,
        body: bytes | None = None,
        *,
        cookies: dict[str, str] | None = None,
        **headers: str,
    ) -> Answer:
        """One request, its path sent as it is written here."""
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        if cookies:
            sent["Cookie"] = "; ".join(f"{name}={value}" for name, value in cookies.items())
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            connection.putrequest(method, path, skip_host="Host" in sent)
            for name, value in sent.items():
                connection.putheader(name, value)
            if body is not None and "Content-Length" not in sent and "Transfer-Encoding" not in sent:
                connection.putheader("Content-Length", str(len(body)))
            connection.endheaders(body)
            got = connection.getresponse()
            given = [SimpleCookie(value) for name, value in got.getheaders() if name.lower() == "set-cookie"]
            kept = {name: morsel.value for cookie in given for name, morsel in cookie.items()}
            return Answer(got.status, {k.lower(): v for k, v in got.getheaders()}, got.read(), kept)
        finally:
            connection.close()

    def sign_in(self, role: Role, password: str = PASSWORD, **more: Any) -> Answer:
        """Fill in the form as a browser does."""
        page = self.ask("GET", "/sign-in", cookies=more.pop("cookies", None))
        form = re.search(r'name="form" value="([^"]*)"', page.text)
        assert form is not None, page.text
        fields = {"form": form[1], "email": f"{role}@desk.example", "password": password, **more}
        kind = {"Content_Type": "application/x-www-form-urlencoded"}
        return self.ask("POST", "/sign-in", urlencode(fields).encode(), cookies=page.cookies, **kind)

    def session(self, role: Role) -> dict[str, str]:
        """The cookie of somebody who has signed in."""
        answer = self.sign_in(role)
        assert answer.status == 303, answer.text
        return {name: value for name, value in answer.cookies.items() if value}


@pytest.fixture(scope="package")
def served(trained_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A trained desk with one person of each role, and a token for a few scopes."""
    home = tmp_path_factory.mktemp("attacked") / "home"
    shutil.copytree(trained_home, home)
    settings = {"RINGSIDE_HOME": str(home), "RINGSIDE_SIGN_IN": "local", "RINGSIDE_MAX_UPLOAD_MB": "1"}
    given = people_and_tokens(Settings.from_mapping(settings))
    port = free_port()
    command = [sys.executable, "-m", "streamlit", "run", "app.py", "--server.headless=true", f"--server.port={port}"]
    log = home / "server.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            command, cwd=ROOT, env={**os.environ, **settings}, stdout=output, stderr=subprocess.STDOUT
        )
        try:
            desk = Served(port, home, given, log)
            wait_until_ready(desk, process)
            yield desk
        finally:
            process.terminate()
            process.wait(20)


def hostile_rows(n_rows: int, seed: int) -> list[dict[str, object]]:
    """Rows whose levels, and one column's name, are what an attacker would write."""
    draw = np.random.default_rng(seed)
    rows: list[dict[str, object]] = []
    for number in range(n_rows):
        level, visits = int(draw.integers(len(HOSTILE))), int(draw.integers(1, 50))
        bought = draw.random() < (0.2 + 0.15 * level + 0.006 * visits)
        rows.append(
            {"code": f"C{number:05d}", "source": HOSTILE[level], "<b>visits</b>": visits, "bought": int(bought)}
        )
    return rows


def adopt_hostile(desk: Desk, folder: Path) -> None:
    """A use case made from such a file, as any user may."""
    rows = hostile_rows(1_500, 5)
    with (folder / "hostile.csv").open("w", newline="") as stream:
        writer = csv.DictWriter(stream, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    adoption.adopt(desk, ADMIN, folder / "hostile.csv", AdoptOptions(target="bought", key=EVIL_KEY, id="code"))


def finished(served: Served, job: str, token: dict[str, str], seconds: float = 60) -> dict[str, Any]:
    """What a job says once it has ended."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        said: dict[str, Any] = json.loads(served.ask("GET", job, **token).body)
        if said["state"] not in ("queued", "running"):
            return said
        time.sleep(0.1)
    raise AssertionError(f"{job} is not finished")


def people_and_tokens(settings: Settings) -> dict[str, str]:
    desk = open_desk(settings)
    adopt_hostile(desk, settings.home)
    for role in Role:
        person, once = people.add(desk, ADMIN, name=f"{role} person", email=f"{role}@desk.example", role=role)
        secret = local.sign_in(desk, person.email, once, "127.0.0.1")
        from core.services.signing_in import sessions

        signed_in = sessions.of_secret(desk, secret)
        assert signed_in is not None
        local.change_password(desk, signed_in.id, once, PASSWORD, "127.0.0.1")
    given = {}
    for name, role, scopes in (("score", Role.ANALYST, ["score"]), ("metrics", Role.ANALYST, ["metrics"])):
        given[name] = tokens.give(desk, ADMIN, name=name, role=role, scopes=scopes, days=1)[1]
    desk.close()
    return given


def wait_until_ready(desk: Served, process: subprocess.Popen[bytes], seconds: float = 60) -> None:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        assert process.poll() is None, desk.log.read_text()
        try:
            if desk.ask("GET", "/api/v1/ready").status == 200:
                return
        except OSError:
            pass
        time.sleep(0.1)
    raise AssertionError(f"not ready after {seconds} s: {desk.log.read_text()}")


@pytest.fixture
def page() -> Iterator[Any]:
    """A browser's page; skips the test and says why where there is none."""
    if (program := shutil.which("chromium")) is None:
        pytest.skip("chromium is not installed: apt-get install chromium")
    sync_api = pytest.importorskip("playwright.sync_api")
    with sync_api.sync_playwright() as playwright:
        flags = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-dev-shm-usage"]
        browser = playwright.chromium.launch(executable_path=program, args=flags)
        yield browser.new_context(viewport={"width": 1280, "height": 900}).new_page()
        browser.close()
