"""The gate is closed to everybody it does not know: any path, other names, pages of other sites, forged marks."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote

import pytest

from core.services.access import LOCAL_PEOPLE, Role
from core.services.desk import Desk
from core.services.signing_in import people, tokens
from core.web.heads import Head
from core.web.listening import Listening
from tests.web.conftest import PASSWORD
from tests.web.knocks import Door, MakeDoor, Message

ADMIN = LOCAL_PEOPLE[Role.ADMIN]
CLOSED = (
    "/", "/drift", "/index.html", "/static/../index.html", "/_stcore/health", "/_stcore/host-config",
    "/_stcore/upload_file/a/b", "/_stcore/metrics", "/_stcore/script-health-check", "/media/abc.csv",
    "/component/x/y.js", "/_stcore/bidi-components/x", "/report-files/lead_scoring/a.html", "/api/v1/score",
    "/api/v1/openapi.json", "/api/v1/docs", "/api/v1/healthy", "/api/v1/health/", "//api/v1/health",
    "/api/v1/../v1/health", "/metrics", "/metrics/", "/sign-in/", "/SIGN-IN", "/auth/login", "/oauth2callback",
    "/favicon.png", "/nothing",
)  # fmt: skip
HTML = "text/html,application/xhtml+xml"


def sign_in(knock: Door, email: str, password: str = PASSWORD, **how: str) -> None:
    page = knock("/sign-in", **how)
    form = {"form": next(iter(page.cookies.values())).value, "email": email, "password": password, "next": "/drift"}
    answer = knock("/sign-in", form=form, **how)
    assert (answer.status, answer.headers["location"]) == (303, "/drift"), answer.body


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "DELETE", "OPTIONS", "HEAD"])
def test_strangers_get_nothing(door: MakeDoor, method: str) -> None:
    knock = door(sign_in="local")
    for path in CLOSED:
        answer = knock(path, method=method)
        assert (answer.status, answer.asked) == (401, False), path
        assert "inside" not in answer.body


@pytest.mark.parametrize(
    ("path", "opens"),
    [
        ("/static/js/Button.CORxUu4r.js", True),
        ("/static/media/SourceSans-Bold.woff2", True),
        ("/static/js/..", False),
        ("/static/js/../index.js", False),
        ("/static//index.js", False),
        ("/static/index", False),
        ("/app/static/rows.csv", False),
        ("/static/a.js/../../api/v1/docs", False),
    ],
)
def test_the_front_ends_own_scripts_are_open(door: MakeDoor, path: str, opens: bool) -> None:
    knock = door(sign_in="local")
    assert knock(path).asked == opens
    assert knock(path, method="POST").status == 401


@pytest.mark.parametrize("path", ["/_stcore/stream", "/anything"])
def test_strangers_get_no_websocket(door: MakeDoor, path: str) -> None:
    answer = door(sign_in="local")(path, kind="websocket", scheme="ws", origin="http://127.0.0.1:8501")
    assert (answer.status, answer.asked) == (0, False)


def test_programs_are_told_in_json_and_people_are_led_to_sign_in(door: MakeDoor) -> None:
    knock = door(sign_in="local")
    for path in ("/api/v1/score", "/metrics"):
        answer = knock(path, accept=HTML)
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.headers["www-authenticate"].startswith("Bearer")
        assert json.loads(answer.body)["status"] == 401
    led = knock("/drift?use_case=lead_scoring&x=%2F%2Fy", accept=HTML)
    assert (led.status, led.headers["location"]) == (
        303,
        "/sign-in?next=%2Fdrift%3Fuse_case%3Dlead_scoring%26x%3D%252F%252Fy",
    )
    assert knock("/report-files/a/b", accept=HTML, sec_fetch_dest="iframe").status == 401


def test_only_whether_it_lives_is_open(door: MakeDoor) -> None:
    knock = door(sign_in="local")
    for path in ("/api/v1/health", "/api/v1/ready"):
        assert (knock(path).status, knock(path).who) == (200, None)
        assert knock(path, method="POST").status == 401


def test_this_machine_comes_in_where_nobody_signs_in(door: MakeDoor) -> None:
    knock = door()
    found = knock("/api/v1/score").who
    assert found is not None and (found.actor, found.by) == (LOCAL_PEOPLE[Role.ANALYST], "machine")
    for role in Role:
        found = knock("/api/v1/score", x_act_as=role.value).who
        assert found is not None and found.actor is LOCAL_PEOPLE[role]
    assert knock("/api/v1/score", x_act_as="root").status == 400
    assert knock("/_stcore/stream", kind="websocket", origin="http://127.0.0.1:8501").status == 101


@pytest.mark.parametrize(
    "way",
    [
        {"client": "192.0.2.9"},
        {"server": "192.0.2.1"},
        {"client": None},
        {"server": None},
        {"client": "192.0.2.9", "server": "192.0.2.1"},
        {"client": "::ffff:192.0.2.9"},
    ],
    ids=str,
)
def test_without_sign_in_only_this_machine_comes_in(door: MakeDoor, way: dict[str, str | None]) -> None:
    for kind in ("http", "websocket"):
        answer = door()("/", kind=kind, **way)  # type: ignore[arg-type]
        assert (answer.status in (0, 403), answer.asked) == (True, False)
    assert door()("/", client="::ffff:127.0.0.1", server="::1").status == 200


def test_names_that_an_attacker_makes_point_here_are_refused(door: MakeDoor) -> None:
    evil = ("evil.example", "127.0.0.1.evil.example", "localhost.evil.example", "evil.example:8501", "", "[::", "a b")
    for knock in (door(), door(sign_in="local", url="https://desk.example")):
        for host in evil:
            assert knock("/", host=host).status == 403, host
            assert knock("/_stcore/stream", kind="websocket", host=host).status == 0, host
        for host in ("127.0.0.1", "localhost:8501", "[::1]:8501", "LOCALHOST"):
            assert knock("/", host=host).status in (200, 401), host
    assert door()("/", host="desk.example").status == 403, "without sign-in only names of this machine"
    assert door(sign_in="local", url="https://desk.example")("/", host="desk.example").status == 401


def test_pages_of_other_sites_cannot_act(door: MakeDoor) -> None:
    knock = door()
    foreign = (
        "http://evil.example",
        "null",
        "http://127.0.0.1:9999",
        "http://localhost:8501",
        "file://",
        "x",
        "http://[",
    )
    for origin in foreign:
        for method in ("POST", "PUT", "DELETE", "PATCH"):
            assert knock("/api/v1/score", method=method, origin=origin).status == 403, origin
        assert knock("/_stcore/stream", kind="websocket", origin=origin).status == 0, origin
    assert knock("/api/v1/score", method="POST", sec_fetch_site="cross-site").status == 403
    assert knock("/api/v1/score", method="POST", origin="http://127.0.0.1:8501").status == 200
    assert knock("/api/v1/score", method="POST").status == 200, "programs send no origin"
    behind = door(sign_in="local", behind_proxy=True, url="https://desk.example")
    assert behind("/x", method="POST", host="127.0.0.1:8501", origin="https://desk.example").status == 401


def test_a_mark_that_somebody_sends_is_taken_off(door: MakeDoor, ada: str) -> None:
    forged = {"x_ringside_session": "0123456789abcdef", "X_Ringside_Session": "x"}
    assert door(sign_in="local")("/", **forged).status == 401
    seen = door()("/_stcore/stream", kind="websocket", **forged).seen
    assert seen["x-ringside-session"] == ["machine"] and "X-Ringside-Session" not in seen
    knock = door(sign_in="local")
    sign_in(knock, ada)
    answer = knock("/_stcore/stream", kind="websocket", **forged)
    assert answer.who is not None and answer.seen["x-ringside-session"] == [answer.who.id]


def test_a_session_opens_everything_and_its_end_closes_it(door: MakeDoor, desk: Desk, ada: str) -> None:
    knock = door(sign_in="local")
    sign_in(knock, ada)
    for path in CLOSED:
        found = knock(path).who
        assert found is not None and (found.actor.name, found.actor.role, found.by) == ("Ada", Role.RISK, "session")
    person = desk.ledger.people()[0]
    people.add(desk, ADMIN, name="Eve", email="eve@example.com", role=Role.ADMIN)
    people.set_role(desk, ADMIN, person.id, Role.SALES)
    now = knock("/").who
    assert now is not None and now.actor.role is Role.SALES
    people.deactivate(desk, ADMIN, person.id)
    assert knock("/").status == 401


def test_signing_in_again_leaves_no_older_session_behind(door: MakeDoor, ada: str) -> None:
    knock = door(sign_in="local")
    page = knock("/sign-in")
    form = {"form": page.cookies["ringside-form"].value, "email": ada, "password": PASSWORD, "next": "/"}
    asked = {"ringside-form": form["form"]}
    knock("/sign-in", form=form)
    first = knock.cookies["ringside"]
    knock.cookies |= asked
    knock("/sign-in", form=form)
    assert knock.cookies["ringside"] != first and knock("/").status == 200
    assert knock("/", cookie=f"ringside={first}").status == 401


@pytest.mark.parametrize("value", ["", "x", "0" * 43, "' OR 1=1 --", "a" * 5_000, "\xff\xfe", "..%2f"])
def test_a_forged_cookie_opens_nothing(door: MakeDoor, ada: str, value: str) -> None:
    knock = door(sign_in="local")
    sign_in(knock, ada)
    assert knock("/", cookie=f"ringside={value}").status == 401
    assert knock("/", cookie=f"__Host-ringside={knock.cookies['ringside']}").status == 401
    assert knock("/").status == 200


def test_a_token_opens_programs_paths_and_no_page(door: MakeDoor, desk: Desk) -> None:
    token, text = tokens.give(desk, ADMIN, name="CRM", role=Role.ANALYST, scopes=["score"], days=9)
    for knock in (door(), door(sign_in="local")):
        for path in ("/api/v1/score", "/metrics"):
            answer = knock(path, authorization=f"Bearer {text}", host="desk:8501", method="POST")
            assert answer.who is not None and (answer.who.by, answer.who.id) == ("token", token.id)
            assert answer.who.actor.name == "CRM (token)"
        for path in ("/", "/media/x", "/_stcore/upload_file/a/b", "/report-files/a/b"):
            assert knock(path, authorization=f"Bearer {text}").status == 403
        assert knock("/_stcore/stream", kind="websocket", authorization=f"Bearer {text}").status == 0
        for wrong in ("Bearer rs_x", "Bearer ", f"bearer {text}x", "Bearer null"):
            assert knock("/api/v1/score", authorization=wrong).status == 401, "not as this machine either"
    tokens.withdraw(desk, ADMIN, token.id)
    assert door()("/api/v1/score", authorization=f"Bearer {text}").status == 401


def test_a_one_time_password_opens_one_page(door: MakeDoor, desk: Desk, ada: str) -> None:
    told = people.set_password(desk, ADMIN, desk.ledger.people()[0].id)
    knock = door(sign_in="local")
    sign_in(knock, ada, told)
    assert knock("/drift", accept=HTML).headers["location"] == "/change-password"
    for path in ("/api/v1/score", "/media/x"):
        assert knock(path).status == 403
    assert knock("/_stcore/stream", kind="websocket").status == 0
    before = knock.cookies["ringside"]
    page = knock("/change-password")
    form = {"form": page.cookies["ringside-form"].value, "password": told, "new": PASSWORD, "again": PASSWORD}
    assert knock("/change-password", form=form | {"again": "x"}).status == 400
    assert knock("/change-password", form=form | {"form": "x"}).status == 400
    assert knock("/change-password", form=form).status == 303
    assert knock.cookies["ringside"] != before and knock("/drift").status == 200
    assert knock("/drift", cookie=f"ringside={before}").status == 401


def test_plain_http_over_a_network_is_not_answered(door: MakeDoor) -> None:
    how = {"sign_in": "local", "url": "https://desk.example"}
    network = {"host": "desk.example", "client": "192.0.2.9", "server": "192.0.2.1"}
    assert door(**how)("/sign-in", **network).status == 403
    assert door(**how)("/sign-in", scheme="https", **network).status == 200
    assert door(behind_proxy=True, **how)("/sign-in", **network).status == 200


def test_a_token_in_plain_http_over_a_network_opens_nothing(door: MakeDoor, desk: Desk) -> None:
    _, text = tokens.give(desk, ADMIN, name="CRM", role=Role.ANALYST, scopes=["score"], days=1)
    network = {"host": "desk.example", "client": "192.0.2.9", "server": "192.0.2.1", "authorization": f"Bearer {text}"}
    for how in ({"sign_in": "local", "url": "https://desk.example"}, {}):
        answer = door(**how)("/api/v1/score", **network)
        assert (answer.status, answer.asked) == (403, False)
        assert door(**how)("/api/v1/score", scheme="https", **network).status == 200
    assert door(sign_in="local", behind_proxy=True)("/metrics", **network).status == 200, "as Prometheus asks inside"


@pytest.mark.parametrize(
    ("lines", "sender"),
    [
        ([b"192.0.2.7"], "192.0.2.7"),
        ([b"6.6.6.6, 192.0.2.7"], "192.0.2.7"),
        ([b"6.6.6.6", b"192.0.2.7"], "192.0.2.7"),
        ([], "10.0.0.2"),
    ],
)
def test_failed_tries_count_for_whom_the_proxy_names_not_for_whom_the_sender_does(
    lines: list[bytes], sender: str
) -> None:
    pairs = [(b"x-forwarded-for", line) for line in lines]
    head = Head({"type": "http", "method": "POST", "path": "/sign-in", "headers": pairs, "client": ("10.0.0.2", 9)})
    assert (head.sender(behind_proxy=True), head.sender(behind_proxy=False)) == (sender, "10.0.0.2")


def test_a_desk_that_cannot_open_lets_nobody_in() -> None:
    from core.errors import NotReady

    def broken() -> Desk:
        raise NotReady("The ledger's database (PostgreSQL at inside.example:5432) does not answer.")

    knock = Door(None, Listening(sign_in="local"))  # type: ignore[arg-type]
    knock.gate.desk = broken
    answer = knock("/", cookie="ringside=x")
    assert (answer.status, answer.asked) == (503, False)
    assert "inside.example" not in answer.body, "strangers are not told where it is"


def test_where_https_ends_every_cookie_goes_no_other_way(door: MakeDoor, desk: Desk, ada: str) -> None:
    knock = door(sign_in="local", url="https://desk.example", certificate=True)
    network = {"host": "desk.example", "scheme": "https", "server": "192.0.2.1", "client": "192.0.2.9"}
    sign_in(knock, ada, **network)
    assert set(knock.cookies) == {"__Host-ringside"}, "browsers let nobody else set one of this name"

    async def streamlits(scope: Message, receive: Any, send: Any) -> None:
        headers = [(b"set-cookie", b"_streamlit_xsrf=x; Path=/"), (b"Set-Cookie", b"a=b; secure"), (b"x", b"y")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})

    knock.gate.app = streamlits
    assert knock("/", **network).cookies["_streamlit_xsrf"]["secure"]
    plain = door(sign_in="local")
    assert not plain("/sign-in").cookies["ringside-form"]["secure"]


def test_a_crowd_that_signs_in_at_once_is_asked_to_wait(
    door: MakeDoor, ada: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("core.web.sign_in._MOST_WAITING", 0)
    knock = door(sign_in="local")
    form = {"form": knock("/sign-in").cookies["ringside-form"].value, "email": ada, "password": PASSWORD}
    answer = knock("/sign-in", form=form)
    assert answer.status == 503 and "Try again in a minute" in answer.body and "ringside" not in answer.cookies


def test_a_form_of_another_browser_is_not_taken(door: MakeDoor, ada: str) -> None:
    knock, other = door(sign_in="local"), door(sign_in="local")
    page, theirs = knock("/sign-in"), other("/sign-in").cookies["ringside-form"].value
    assert page.headers["content-security-policy"].startswith("default-src 'none'; style-src 'sha256-")
    assert "<script" not in page.body and page.headers["cache-control"] == "no-store"
    for text in ("", theirs):
        answer = knock("/sign-in", form={"form": text, "email": ada, "password": PASSWORD})
        assert answer.status == 400 and "ringside" not in answer.cookies
    assert knock("/sign-in", form={"form": "x" * 20_000}).status == 400


@pytest.mark.parametrize(
    "where", ["//evil.example", "https://evil.example", "/\\evil.example", "/a\nb", "javascript:x"]
)
def test_nobody_is_led_elsewhere_after_signing_in(door: MakeDoor, ada: str, where: str) -> None:
    knock = door(sign_in="local")
    page = knock(f"/sign-in?next={quote(where)}")
    assert 'name="next" value="/"' in page.body
    form = {"form": page.cookies["ringside-form"].value, "email": ada, "password": PASSWORD, "next": where}
    assert knock("/sign-in", form=form).headers["location"] == "/"


def test_what_was_typed_comes_back_harmless(door: MakeDoor, ada: str) -> None:
    knock = door(sign_in="local")
    page = knock("/sign-in")
    form = {"form": page.cookies["ringside-form"].value, "email": '"><script>x</script>', "password": "x"}
    answer = knock("/sign-in", form=form)
    assert answer.status == 400 and "<script" not in answer.body and "&lt;script&gt;" in answer.body


def test_only_the_desks_own_link_signs_out_at_once(door: MakeDoor, ada: str) -> None:
    knock = door(sign_in="local")
    sign_in(knock, ada)
    for site in ("cross-site", "same-site", "none"):
        assert "Sign out of this desk?" in knock("/sign-out", sec_fetch_site=site).body
    asked = knock("/sign-out")
    assert knock("/sign-out", form={"form": "x"}).status == 400 and knock("/").status == 200
    kept = knock.cookies["ringside"]
    knock("/sign-out", form={"form": asked.cookies["ringside-form"].value})
    assert "ringside" not in knock.cookies and knock("/", cookie=f"ringside={kept}").status == 401
    sign_in(knock, ada)
    assert "You are signed out." in knock("/sign-out", sec_fetch_site="same-origin").body
    assert knock("/").status == 401
