"""Five people sign in, one of each role, and walk their pages; what is not theirs is absent and refused by link."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from core.config import Settings
from core.services.access import LOCAL_PEOPLE, Role, may
from core.services.desk import open_desk
from core.services.signing_in import passwords, people
from core.ui.places import PLACES, Place
from tests.e2e.conftest import KEY, ROOT, complaints_of, wait_for

pytestmark = pytest.mark.browser

PASSWORD = "a kettle sings at noon"
REFUSED = "This page is not for your role"


@pytest.fixture(scope="module")
def signed_home(trained_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A trained desk with one person of each role."""
    home = tmp_path_factory.mktemp("roles") / "home"
    shutil.copytree(trained_home, home)
    desk, kept = open_desk(Settings(home=home, sign_in="local")), passwords.hashed(PASSWORD)
    for role in Role:
        person, _ = people.add(
            desk, LOCAL_PEOPLE[Role.ADMIN], name=f"{role} person", email=f"{role}@example.com", role=role
        )
        desk.ledger.change_person(person.id, password=kept, one_time_until=None)
    desk.close()
    return home


@pytest.fixture(scope="module")
def signed_address(signed_home: Path) -> Iterator[str]:
    """That desk, served with sign-in."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "streamlit", "run", "app.py", "--server.headless=true", f"--server.port={port}"]
    url = f"http://127.0.0.1:{port}"
    env = {"RINGSIDE_HOME": str(signed_home), "RINGSIDE_SIGN_IN": "local", "RINGSIDE_URL": url}
    with (signed_home / "server.log").open("wb") as log:
        server = subprocess.Popen(command, cwd=ROOT, env={**os.environ, **env}, stdout=log, stderr=subprocess.STDOUT)
        try:
            wait_for(f"{url}/api/v1/health", server, says=b'{"status":"alive"}')
            yield url
        finally:
            server.terminate()
            server.wait(20)


@pytest.mark.parametrize("role", list(Role))
def test_a_role_walks_its_pages(page: Any, signed_address: str, role: Role) -> None:
    complaints = complaints_of(page)
    sign_in(page, signed_address, f"{role}@example.com")
    sidebar = page.get_by_test_id("stSidebar")
    sidebar.get_by_text(f"{role} person, {role}").wait_for(timeout=20_000)
    assert sidebar.get_by_text("Act as").count() == 0
    mine = [place for place in PLACES if may(LOCAL_PEOPLE[role], place.action)]
    shown = page.get_by_test_id("stSidebarNavLink").all_inner_texts()
    assert [text.split("\n")[-1] for text in shown] == [place.title for place in mine]
    for place in mine:
        sidebar.get_by_role("link", name=place.title, exact=True).click()
        stands(page, place)
    for place in [place for place in PLACES if place not in mine][:2]:
        page.goto(f"{signed_address}/{place.url}?use_case={KEY}")
        page.get_by_role("heading", name=REFUSED).wait_for(timeout=20_000)
    assert [said for said in complaints if "404" not in said] == []  # a deep link probes beside itself first
    sidebar.get_by_role("link", name="Sign out").click()
    page.get_by_text("You are signed out.").wait_for(timeout=10_000)
    page.goto(f"{signed_address}/home")
    assert "/sign-in" in page.url


def test_a_page_that_is_open_says_when_its_session_is_over(page: Any, signed_address: str, signed_home: Path) -> None:
    sign_in(page, signed_address, "risk@example.com")
    page.get_by_test_id("stSidebar").get_by_text("risk person, risk").wait_for(timeout=20_000)
    desk = open_desk(Settings(home=signed_home, sign_in="local"))
    risk = next(person for person in desk.ledger.people() if person.role == Role.RISK)
    people.sign_out(desk, LOCAL_PEOPLE[Role.ADMIN], risk.id, datetime.now(UTC))
    desk.close()
    page.get_by_role("link", name="Drift", exact=True).click()
    page.get_by_role("heading", name="You are signed out").wait_for(timeout=20_000)
    assert page.get_by_test_id("stDataFrame").count() == 0
    page.get_by_role("link", name="Sign in again").click()
    page.get_by_role("heading", name="Sign in").wait_for(timeout=10_000)


def sign_in(page: Any, address: str, email: str) -> None:
    page.goto(f"{address}/?use_case={KEY}")
    page.get_by_label("E-mail address").fill(email)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()


def stands(page: Any, place: Place) -> None:
    """Wait for a page to stand, without a fault."""
    path = "/" if place.url == "home" else f"/{place.url}"
    page.wait_for_function("path => location.pathname === path", arg=path, timeout=20_000)
    page.wait_for_selector("[data-testid=stApp][data-test-script-state=notRunning]", timeout=60_000)
    page.get_by_role("heading", level=1).first.wait_for(timeout=20_000)
    assert page.get_by_test_id("stException").count() == 0, place.url
    assert page.get_by_text("Something went wrong").count() == 0, place.url
    assert page.get_by_role("heading", name=REFUSED).count() == 0, place.url
