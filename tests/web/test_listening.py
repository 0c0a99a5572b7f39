"""Where the desk may listen: every combination of address, sign-in, certificate and proxy."""

from __future__ import annotations

import itertools
import os
import socket
import ssl
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from core.errors import InputError
from core.web.listening import Listening, is_loopback

ROOT = Path(__file__).resolve().parents[2]
HERE, EVERYWHERE = ("127.0.0.1", "localhost", "::1"), ("0.0.0.0", "", None, "::", "192.0.2.1", "desk.example")
COMBINATIONS = [
    (address, sign_in, certificate, proxy)
    for address, sign_in, certificate, proxy in itertools.product(
        (*HERE, *EVERYWHERE), ("off", "local", "oidc"), (False, True), (False, True)
    )
    if not (address in HERE and sign_in == "off" and proxy)  # of a test of its own
]


@pytest.mark.parametrize(("address", "sign_in", "certificate", "proxy"), COMBINATIONS)
def test_every_combination(address: str | None, sign_in: str, certificate: bool, proxy: bool) -> None:
    how = Listening(sign_in, address, certificate, proxy)
    refused = address not in HERE and (sign_in == "off" or not (certificate or proxy))
    if not refused:
        how.check()
        return
    with pytest.raises(InputError) as said:
        how.check()
    words = str(said.value)
    assert (address or "every address") in words
    assert ("RINGSIDE_SIGN_IN" in words) == (sign_in == "off"), "one thing to change at a time"
    assert ("RINGSIDE_BEHIND_PROXY" in words) == (sign_in != "off")


@pytest.mark.parametrize("address", HERE)
def test_a_proxy_in_front_of_a_desk_without_sign_in(address: str) -> None:
    """To the desk whoever the proxy lets in seems to sit at this machine."""
    with pytest.raises(InputError, match="whoever reaches it could come in"):
        Listening("off", address, behind_proxy=True).check()


def test_cookies_are_secure_wherever_https_ends() -> None:
    assert not Listening("local").secure
    assert Listening("local", certificate=True).secure
    assert Listening("local", behind_proxy=True).secure
    assert Listening("local", url="https://desk.example").secure


@pytest.mark.parametrize("host", ["127.0.0.2", "[::1]", "LOCALHOST.", "::ffff:127.0.0.1", "127.255.255.254"])
def test_names_of_this_machine(host: str) -> None:
    assert is_loopback(host)


@pytest.mark.parametrize("host", ["127.1.example", "0x7f.1", "localhost.example", "::", "10.0.0.1", "2130706433", " "])
def test_names_that_only_look_like_it(host: str) -> None:
    assert not is_loopback(host)


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    folder = tmp_path_factory.mktemp("tls")
    paths = folder / "cert.pem", folder / "key.pem"
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost"]
    done = subprocess.run(
        [*command, "-out", paths[0], "-keyout", paths[1]], capture_output=True, timeout=60, check=False
    )
    if done.returncode:
        pytest.skip("openssl is not installed")
    return paths


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def start(
    home: Path, address: str, env: dict[str, str], *options: str, port: int | None = None
) -> tuple[subprocess.Popen[str], int]:
    port = port or free_port()
    command = [sys.executable, "-m", "streamlit", "run", "app.py", "--server.headless=true", f"--server.port={port}"]
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("RINGSIDE_", "COVERAGE_"))}
    server = subprocess.Popen(
        [*command, f"--server.address={address}", *options],
        cwd=ROOT,
        env={**kept, "RINGSIDE_HOME": str(home), "RINGSIDE_SCHEDULER": "0", **env},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    return server, port


@pytest.mark.slow
@pytest.mark.parametrize(
    ("env", "said"),
    [
        ({}, "nobody has to sign in"),
        ({"RINGSIDE_SIGN_IN": "off", "RINGSIDE_BEHIND_PROXY": "1"}, "nobody has to sign in"),
        ({"RINGSIDE_SIGN_IN": "local"}, "plain http"),
        ({"RINGSIDE_SIGN_IN": "sometimes"}, "It takes one of off, local, oidc"),
    ],
)
def test_a_process_that_may_not_serve_stops_in_words(tmp_path: Path, env: dict[str, str], said: str) -> None:
    server, port = start(tmp_path, "0.0.0.0", env)
    answered = False
    try:
        limit = time.monotonic() + 60
        while server.poll() is None and time.monotonic() < limit:
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{port}/api/v1/health", timeout=0.3)
                answered = True
            except urllib.error.HTTPError:
                answered = True
            except OSError:
                time.sleep(0.1)
    finally:
        server.kill()
        out = server.communicate(timeout=20)[0]
    assert server.returncode == 1 and not answered
    assert "The desk does not start." in out and said in " ".join(out.split()) and "Traceback" not in out


@pytest.mark.slow
@pytest.mark.parametrize("way", ["this machine", "proxy", "certificate"])
def test_a_process_that_may_serve_does(tmp_path: Path, way: str, certificate: tuple[Path, Path]) -> None:
    env, scheme = {"RINGSIDE_SIGN_IN": "local"}, "http"
    options: tuple[str, ...] = ()
    if way == "proxy":
        env["RINGSIDE_BEHIND_PROXY"] = "1"
    if way == "certificate":
        options = (f"--server.sslCertFile={certificate[0]}", f"--server.sslKeyFile={certificate[1]}")
        scheme = "https"
    server, port = start(tmp_path, "127.0.0.1" if way == "this machine" else "0.0.0.0", env, *options)
    try:
        status, headers = ask(f"{scheme}://127.0.0.1:{port}/sign-in", server)
        assert status == 200
        assert ("__Host-ringside-form=" in headers) == (way != "this machine")
        assert ("Secure" in headers) == (way != "this machine") and "HttpOnly" in headers
        assert ask(f"{scheme}://127.0.0.1:{port}/_stcore/host-config", server)[0] == 401
        assert socket_status(f"{scheme.replace('http', 'ws')}://127.0.0.1:{port}/_stcore/stream") == 403
    finally:
        server.terminate()
        server.communicate(timeout=20)


def ask(url: str, server: subprocess.Popen[str]) -> tuple[int, str]:
    """Status and cookie of an answer, as soon as there is one."""
    limit = time.monotonic() + 60
    while time.monotonic() < limit:
        assert server.poll() is None, server.communicate()[0]
        try:
            with urllib.request.urlopen(url, timeout=5, context=_trusting()) as answer:
                return answer.status, answer.headers.get("set-cookie", "")
        except urllib.error.HTTPError as error:
            return error.code, ""
        except OSError:
            time.sleep(0.1)
    raise AssertionError(f"no answer from {url}")


def socket_status(url: str) -> int:
    """What a websocket of a stranger, who says to be somebody, is answered."""
    context = _trusting() if url.startswith("wss") else None
    forged = {"X-Ringside-Session": "0123456789abcdef", "Cookie": "ringside=x; __Host-ringside=x"}
    try:
        with connect(url, additional_headers=forged, ssl=context):
            return 101
    except InvalidStatus as refused:
        return refused.response.status_code


def _trusting() -> ssl.SSLContext:
    trusting = ssl.create_default_context()
    trusting.check_hostname, trusting.verify_mode = False, ssl.CERT_NONE
    return trusting
