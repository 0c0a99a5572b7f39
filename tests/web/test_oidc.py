"""Signing in through an identity provider: the whole way with a real one, and every cookie that must open nothing."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from streamlit import config
from streamlit.runtime.secrets import secrets_singleton
from streamlit.web.server.starlette.starlette_app_utils import create_signed_value

from core.config import Settings
from core.errors import InputError
from core.services.access import LOCAL_PEOPLE, Role
from core.services.desk import Desk, open_desk
from core.services.signing_in import people
from core.ui.provider import Provider
from core.web.listening import Listening
from tests.web.identity import CLIENT, SECRET, Identity, identity
from tests.web.knocks import Door
from tests.web.test_listening import ask, free_port, start

ADMIN = LOCAL_PEOPLE[Role.ADMIN]
COOKIE_SECRET = "0123456789abcdef" * 4
URL = "http://127.0.0.1:8501"
HTML = {"accept": "text/html"}
GOOD = {
    "iss": "http://idp.example", "sub": "u-1", "email": "Ada@Example.com", "email_verified": True, "nonce": "n",
    "origin": URL, "is_logged_in": True, "provider": "default",
}  # fmt: skip


def secrets_text(issuer: str = "http://idp.example", url: str = URL, **other: str) -> str:
    keys = {
        "redirect_uri": f"{url}/oauth2callback",
        "cookie_secret": COOKIE_SECRET,
        "client_id": CLIENT,
        "client_secret": SECRET,
        "server_metadata_url": f"{issuer}/.well-known/openid-configuration",
    }
    return "[auth]\n" + "".join(f'{name} = "{value}"\n' for name, value in (keys | other).items() if value)


@pytest.fixture
def told(tmp_path: Path) -> Iterator[Any]:
    """told(text): let Streamlit read this secrets.toml."""
    before = config.get_option("secrets.files")

    def write(text: str) -> None:
        (tmp_path / "secrets.toml").write_text(text)
        config.set_option("secrets.files", [str(tmp_path / "secrets.toml")])
        secrets_singleton._reset()

    yield write
    config.set_option("secrets.files", before)
    secrets_singleton._reset()


@pytest.fixture
def oidc_desk(tmp_path: Path) -> Iterator[Desk]:
    desk = open_desk(Settings(home=tmp_path / "home", sign_in="oidc"))
    people.add(desk, ADMIN, name="Ada", email="ada@example.com", role=Role.RISK)
    people.add(desk, ADMIN, name="Boss", email="boss@example.com", role=Role.ADMIN)
    yield desk
    desk.close()


@pytest.fixture
def knock(oidc_desk: Desk, told: Any) -> Door:
    told(secrets_text())
    how = Listening("oidc")
    return Door(oidc_desk, how, Provider.configured(how))


def test_who_had_a_password_needs_none_any_more(knock: Door, oidc_desk: Desk) -> None:
    ada = next(person for person in oidc_desk.ledger.people() if person.name == "Ada")
    oidc_desk.ledger.change_person(ada.id, how="local", password="$argon2id$x", one_time_until=ada.created_at)
    assert knock("/sign-in", cookie=f"_streamlit_user={signed()}").status == 303
    assert knock("/drift", **HTML).status == 200, "no page to change a password that nobody asks for"
    kept = oidc_desk.ledger.person(ada.id)
    assert (kept.how, kept.password) == ("oidc", None)


def signed(claims: Any = GOOD, secret: str = COOKIE_SECRET, name: str = "_streamlit_user") -> str:
    return create_signed_value(secret, name, claims if isinstance(claims, str) else json.dumps(claims)).decode()


def test_what_the_provider_vouches_for_opens_one_session(knock: Door, oidc_desk: Desk) -> None:
    cookie = f"_streamlit_user={signed()}"
    assert knock("/drift", cookie=cookie).status == 401, "the cookie alone is no session: it would live for a month"
    answer = knock("/sign-in?next=/x", cookie=f"{cookie}; ringside-next=/drift")
    assert (answer.status, answer.headers["location"]) == (303, "/drift")
    who = knock("/drift").who
    assert who is not None and (who.actor.name, who.actor.role, who.by) == ("Ada", Role.RISK, "session")
    again = knock("/sign-in", cookie=cookie)
    assert again.status == 200 and "ringside" not in again.cookies, "after signing out it opens nothing"
    assert oidc_desk.ledger.events("person Ada")[0].result == "by identity provider"


@pytest.mark.parametrize(
    "cookie",
    [
        signed(secret="another" * 8),
        signed(name="_streamlit_user_tokens"),
        signed()[:-2] + "xx",
        signed(GOOD | {"origin": "https://other.example"}),
        signed(GOOD | {"is_logged_in": "yes"}),
        signed("chunks-2"),
        signed("[]"),
        json.dumps(GOOD),
        "",
        "x" * 4_000,
    ],
    ids=["secret", "name", "cut", "origin", "not signed in", "chunks", "list", "plain", "empty", "long"],
)
def test_a_forged_or_foreign_cookie_opens_nothing(knock: Door, cookie: str) -> None:
    answer = knock("/sign-in", cookie=f"_streamlit_user={cookie}")
    assert answer.status == 200 and not answer.cookies


def test_a_cookie_of_a_while_ago_opens_nothing(knock: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    cookie = signed()
    later = time.time() + 11 * 60
    monkeypatch.setattr("itsdangerous.timed.time.time", lambda: later)
    answer = knock("/sign-in", cookie=f"_streamlit_user={cookie}")
    assert answer.status == 200 and not answer.cookies


@pytest.mark.parametrize(
    ("change", "result"),
    [
        ({"email": "eve@example.com"}, "unknown here"),
        ({"email_verified": False}, "not verified"),
        ({"email_verified": None}, "not verified"),
        ({"email": ""}, "not verified"),
        ({"sub": ""}, "another subject"),
    ],
)
def test_whom_the_desk_does_not_know_is_told_whom_to_ask(
    knock: Door, oidc_desk: Desk, change: dict[str, Any], result: str
) -> None:
    answer = knock("/sign-in", cookie=f"_streamlit_user={signed(GOOD | change)}")
    assert answer.status == 403 and "Ask an administrator: Boss." in answer.body and not answer.cookies
    event = oidc_desk.ledger.events(limit=1)[0]
    assert (event.action, event.result) == ("sign-in refused", result)
    assert knock("/sign-in", cookie=f"_streamlit_user={signed(GOOD | change)}").status == 403
    assert oidc_desk.ledger.events(limit=1)[0].seq == event.seq, "the same again is no second event"


def test_an_address_that_is_somebody_elses_now_opens_nothing(knock: Door, oidc_desk: Desk) -> None:
    assert knock("/sign-in", cookie=f"_streamlit_user={signed()}").status == 303
    for other in ({"sub": "u-2"}, {"iss": "http://other.example"}):
        answer = knock("/sign-in", cookie=f"_streamlit_user={signed(GOOD | other | {'nonce': 'm'})}")
        assert answer.status == 403, other
    ada = next(person for person in oidc_desk.ledger.people() if person.name == "Ada")
    people.deactivate(oidc_desk, ADMIN, ada.id)
    assert knock("/sign-in", cookie=f"_streamlit_user={signed(GOOD | {'nonce': 'o'})}").status == 403
    assert knock("/").status == 401


def test_what_is_missing_in_the_secrets_is_said(told: Any) -> None:
    wrongs = {
        "cookie_secret": "short",
        "redirect_uri": "http://elsewhere.example/oauth2callback",
        "client_secret": "",
        "server_metadata_url": "",
    }
    for name, value in wrongs.items():
        told(secrets_text(**{name: value}))
        with pytest.raises(InputError) as said:
            Provider.configured(Listening("oidc"))
        assert name in str(said.value)
    told("")
    with pytest.raises(InputError, match=r"secrets\.toml"):
        Provider.configured(Listening("oidc"))


@pytest.mark.slow
def test_the_whole_way_with_a_provider(tmp_path: Path) -> None:
    home = tmp_path / "home"
    desk = open_desk(Settings(home=home, sign_in="oidc"))
    people.add(desk, ADMIN, name="Ada", email="ada@example.com", role=Role.RISK)
    with identity() as known:
        served(tmp_path, home, known, desk)
    desk.close()


def served(tmp_path: Path, home: Path, known: Identity, desk: Desk) -> None:
    port = free_port()
    url, file = f"http://127.0.0.1:{port}", tmp_path / "secrets.toml"
    file.write_text(secrets_text(known.issuer, url))
    env = {"RINGSIDE_SIGN_IN": "oidc", "RINGSIDE_URL": url, "AUTHLIB_INSECURE_TRANSPORT": "1"}
    server, _ = start(home, "127.0.0.1", env, f"--secrets.files={file}", port=port)
    try:
        assert ask(f"{url}/sign-in", server)[0] == 200
        with httpx.Client(base_url=url, headers=HTML, follow_redirects=True, timeout=30) as browser:
            walk(browser, known, desk)
    finally:
        server.terminate()
        server.communicate(timeout=20)


def walk(browser: httpx.Client, known: Identity, desk: Desk) -> None:
    assert browser.get("/drift?x=1").url.path == "/sign-in"
    page = browser.get("/sign-in/provider?next=/drift%3Fx%3D1")
    assert (page.url.path, page.url.query) == ("/drift", b"x=1"), page.text
    asked = [path for path in known.asked if not path.startswith("/.well-known")]
    assert asked == ["/authorize", "/token", "/jwks"]
    assert browser.get("/api/v1/health").status_code == 200
    assert "Streamlit" in browser.get("/drift").text
    assert browser.get("/_stcore/host-config").status_code == 200
    out = browser.get("/sign-out", headers={"sec-fetch-site": "same-origin"})
    assert out.url.path == "/sign-in" and "/end" in known.asked
    assert "ringside" not in browser.cookies and "_streamlit_user" not in browser.cookies
    assert browser.get("/_stcore/host-config", headers={"accept": "*/*"}).status_code == 401
    known.claims = {"sub": "u-9", "email": "stranger@example.com", "email_verified": True}
    refused = browser.get("/sign-in/provider")
    assert refused.status_code == 403 and "stranger@example.com" in refused.text
    assert [event.action for event in desk.ledger.events(limit=3)] == ["sign-in refused", "sign out", "sign in"]
