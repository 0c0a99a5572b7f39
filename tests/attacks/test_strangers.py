"""Who has not signed in, or pretends to be somebody else, gets nothing but the page to sign in on."""

from __future__ import annotations

import base64
import os
import secrets
import sqlite3
from pathlib import Path

import pytest
import streamlit

from core.services.access import Role

from .conftest import Served

PAGE = {"Accept": "text/html", "Sec_Fetch_Mode": "navigate"}
CLOSED = (
    "/",
    "/drift",
    "/admin?view=people",
    "/_stcore/host-config",
    "/_stcore/upload_file/x/y",
    "/_stcore/health",
    "/media/0000.csv",
    "/static/../core/config.py",
    "/static/js/../../index.html",
    "/component/x/index.html",
    "/report-files/lead_scoring/x",
    "/metrics",
    "/api/v1/use-cases",
    "/api/v1/docs",
    "/api/v1/openapi.json",
    "/api/v1/health/../use-cases",
    "/api/v1/health%2f..%2fuse-cases",
    "//api/v1/use-cases",
    "/API/v1/use-cases",
)


@pytest.mark.parametrize("path", CLOSED)
def test_closed(served: Served, path: str) -> None:
    answer = served.ask("GET", path)
    assert answer.status in (401, 403, 404) or answer.headers.get("location", "").startswith("/sign-in"), answer.status
    assert "Lead" not in answer.text and "ringside_" not in answer.text


def test_a_page_leads_to_signing_in_and_back(served: Served) -> None:
    answer = served.ask("GET", "/drift?use_case=lead_scoring", **PAGE)
    assert answer.status == 303
    assert answer.headers["location"] == "/sign-in?next=%2Fdrift%3Fuse_case%3Dlead_scoring"


def test_the_front_ends_own_scripts_are_no_secret(served: Served) -> None:
    """A page whose session is over still fetches what draws the link to sign in again."""
    folder = Path(streamlit.__file__).parent / "static" / "static" / "js"
    script = next(path.name for path in sorted(folder.glob("Button*.js")))
    assert served.ask("GET", f"/static/js/{script}").status == 200
    assert served.ask("POST", f"/static/js/{script}", b"").status in (401, 405)


def test_health_says_nothing_else(served: Served) -> None:
    assert served.ask("GET", "/api/v1/health").text == '{"status":"alive"}'
    assert set(served.ask("GET", "/api/v1/ready").text) and "person" not in served.ask("GET", "/api/v1/ready").text


def upgrade(served: Served, **headers: str) -> int:
    """Ask for the pages' websocket; the status of the answer, 101 where it opens."""
    key = base64.b64encode(os.urandom(16)).decode()
    wanted = {"Connection": "Upgrade", "Upgrade": "websocket", "Sec_WebSocket_Version": "13", "Sec_WebSocket_Key": key}
    cookies = headers.pop("cookies", None)
    return served.ask("GET", "/_stcore/stream", cookies=cookies, **wanted, **headers).status  # type: ignore[arg-type]


def test_the_websocket_is_closed_too(served: Served) -> None:
    assert upgrade(served) == 403
    assert upgrade(served, cookies={"ringside": secrets.token_urlsafe(32)}) == 403  # type: ignore[arg-type]


def kept_hashes(served: Served) -> list[str]:
    with sqlite3.connect(served.home / "data" / "ledger.sqlite") as ledger:
        rows = ledger.execute("SELECT * FROM sessions").fetchall()
    return [value for row in rows for value in row if isinstance(value, str) and len(value) >= 12]


def test_forged_cookies(served: Served) -> None:
    real = served.session(Role.SALES)["ringside"]
    assert served.ask("GET", "/", cookies={"ringside": real}, **PAGE).status == 200
    forged = [real[:-1] + ("A" if real[-1] != "A" else "B"), real[::-1], "", "x" * 5_000, *kept_hashes(served)]
    for value in forged:
        assert served.ask("GET", "/", cookies={"ringside": value}, **PAGE).status in (303, 400, 431), value


def test_the_identity_providers_cookie_means_nothing_here(served: Served) -> None:
    forged = base64.urlsafe_b64encode(b'{"email":"admin@desk.example","is_logged_in":true}').decode()
    assert served.ask("GET", "/", cookies={"_streamlit_user": forged}, **PAGE).status == 303


@pytest.mark.parametrize(
    "name", ["X-Ringside-Session", "x-ringside-session", "X-Act-As", "X-Forwarded-User", "X-Remote-User"]
)
def test_headers_name_nobody(served: Served, name: str) -> None:
    answer = served.ask("GET", "/api/v1/use-cases", **{name.replace("-", "_"): "admin"})
    assert answer.status == 401


def test_a_session_that_was_planted_before_is_not_taken_over(served: Served) -> None:
    """Session fixation: signing in gives another secret than the one that the browser came with."""
    planted = secrets.token_urlsafe(32)
    answer = served.sign_in(Role.ANALYST, cookies={"ringside": planted})
    assert answer.status == 303 and answer.cookies["ringside"] not in ("", planted)
    assert served.ask("GET", "/", cookies={"ringside": planted}, **PAGE).status == 303


def test_the_cookie_is_for_the_server_only(served: Served) -> None:
    given = served.sign_in(Role.ANALYST).headers["set-cookie"].lower()
    assert "httponly" in given and "samesite=lax" in given and "path=/" in given


@pytest.mark.parametrize(
    "where", ["//evil.example", "https://evil.example", "/\\evil.example", "/%0d%0aX: y", "/a\r\nX: y"]
)
def test_signing_in_leads_nowhere_else(served: Served, where: str) -> None:
    answer = served.sign_in(Role.ANALYST, next=where)
    assert answer.status == 303
    assert answer.headers["location"] in ("/", "/%0d%0aX: y", "/%0d%0aX:%20y")
    assert "x" not in answer.headers


def test_signing_out_ends_the_session_itself(served: Served) -> None:
    cookies = served.session(Role.ANALYST)
    assert served.ask("GET", "/sign-out", cookies=cookies, Sec_Fetch_Site="same-origin").status == 200
    assert served.ask("GET", "/", cookies=cookies, **PAGE).status == 303


def test_the_desk_answers_to_its_own_names_only(served: Served) -> None:
    """DNS rebinding: a stranger's name that points to this machine."""
    cookies = served.session(Role.ANALYST)
    assert served.ask("GET", "/", cookies=cookies, Host="evil.example").status == 403
    assert served.ask("GET", "/sign-in", Host="evil.example:8501").status == 403


def test_another_sites_page_changes_nothing(served: Served) -> None:
    cookies = served.session(Role.ADMIN)
    sent = {"Origin": "https://evil.example", "Content_Type": "application/json"}
    for method, path in (
        ("POST", "/api/v1/use-cases/lead_scoring/score"),
        ("POST", "/sign-in"),
        ("PUT", "/_stcore/upload_file/a/b"),
    ):
        assert served.ask(method, path, b"{}", cookies=cookies, **sent).status == 403, path
    assert upgrade(served, Origin="https://evil.example", cookies=cookies) == 403  # type: ignore[arg-type]
    assert upgrade(served, Origin="null", cookies=cookies) == 403  # type: ignore[arg-type]
    assert (
        served.ask("OPTIONS", "/api/v1/use-cases", cookies=cookies, Origin="https://evil.example").headers.get(
            "access-control-allow-origin"
        )
        is None
    )


def test_a_form_of_another_browser_is_not_taken(served: Served) -> None:
    body = b"form=guess&email=admin%40desk.example&password=x"
    kind = {"Content_Type": "application/x-www-form-urlencoded"}
    assert served.ask("POST", "/sign-in", body, **kind).status == 400


def test_a_form_cookie_cannot_write_into_the_page(served: Served) -> None:
    evil = "%22><script>alert(1)</script>"
    page = served.ask("GET", "/sign-in?next=/%22><script>alert(2)</script>", cookies={"ringside-form": evil})
    assert "<script" not in page.text
    assert "script-src" not in page.headers["content-security-policy"]
    assert "default-src 'none'" in page.headers["content-security-policy"]


@pytest.mark.parametrize("body", [b"a=1&" * 500, b"\xff\xfe\x00", b"x" * 100_000, b"%", b"=&=&="])
def test_forms_that_are_none(served: Served, body: bytes) -> None:
    kind = {"Content_Type": "application/x-www-form-urlencoded"}
    assert served.ask("POST", "/sign-in", body, **kind).status == 400


def test_guessing_is_slowed_down_and_says_the_same_of_everybody(served: Served) -> None:
    known = served.sign_in(Role.AUDITOR, password="wrong wrong wrong")
    unknown = served.sign_in(Role.AUDITOR, email="nobody@desk.example", password="wrong wrong wrong")
    clean = [
        answer.text.replace("auditor@desk.example", "").replace("nobody@desk.example", "")
        for answer in (known, unknown)
    ]
    without_form = [text.split('name="form"')[0] for text in clean]
    assert without_form[0] == without_form[1] and known.status == unknown.status == 400
    statuses = [served.sign_in(Role.AUDITOR, password=f"wrong {guess}").status for guess in range(12)]
    assert statuses[-1] == 429
