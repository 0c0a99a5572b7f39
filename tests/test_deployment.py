"""What the container, the proxy and the unit are made of exists, agrees, and is read by the programs that read it.

No container engine is needed: an image is not built here, what it is built from is checked.
"""

from __future__ import annotations

import fnmatch
import os
import re
import shutil
import socket
import ssl
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import pytest
import yaml

from core.config import Settings
from core.errors import InputError
from core.services.access import LOCAL_PEOPLE, Role
from core.services.desk import open_desk
from core.services.signing_in import local, people, sessions, tokens
from core.web.gate import cookie_name
from tests.servers import free_port

ROOT = Path(__file__).resolve().parent.parent
DEPLOY = ROOT / "deploy"
DOCKERFILE = (ROOT / "Dockerfile").read_text().replace("\\\n", " ")
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "compose.yaml").read_text())
SERVICES = COMPOSE["services"]
EXAMPLES = sorted(DEPLOY.glob("*.env.example"))


def program(*names: str) -> str:
    found = next(filter(None, map(shutil.which, names)), None)
    return found or pytest.skip(f"{' or '.join(names)} is not installed")


def instructions(word: str) -> list[str]:
    return [line.split(maxsplit=1)[1] for line in DOCKERFILE.splitlines() if line.startswith(f"{word} ")]


def copied() -> list[str]:
    lines = [line for line in instructions("COPY") if "--from=" not in line]
    return [source for line in lines for source in line.split()[:-1]]


def test_everything_that_is_copied_exists_and_reaches_the_builder() -> None:
    let_in = [line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")]
    assert copied()
    for source in copied():
        assert (ROOT / source).exists(), source
        assert any(fnmatch.fnmatch(source, rule) for rule in let_in), f"{source} is left out by .dockerignore"
    for rule in let_in:
        assert (ROOT / rule).exists(), rule


def test_the_image_holds_everything_that_the_desk_imports() -> None:
    packages = {path.name for path in ROOT.iterdir() if (path / "__init__.py").exists() or path.name == "pages"}
    assert packages - {"tests", "benchmarks"} <= set(copied())


def test_requirements_are_installed_as_the_makefile_does() -> None:
    line = re.search(r"\$\(BIN\) (-m pip install .*) -r \$\(1\)", (ROOT / "Makefile").read_text())
    assert line is not None and "--require-hashes" in line[1]
    in_image = re.findall(r"python (-m pip install .*?) -r (\S+)", DOCKERFILE)
    assert [options for options, _ in in_image] == [line[1]] * 2
    assert [lock for _, lock in in_image] == ["requirements.txt", "requirements-databases.txt"]


def test_the_container_is_nobody_in_particular_and_says_when_it_is_ready() -> None:
    assert instructions("USER") == ["10001"]
    assert "/api/v1/ready" in instructions("HEALTHCHECK")[0]
    assert not re.search(r"(?i)(password|secret|token)\s*=", DOCKERFILE)


@pytest.mark.parametrize("name", SERVICES)
def test_services_are_pinned_and_cannot_gain_rights(name: str) -> None:
    service = SERVICES[name]
    assert "build" in service or re.search(r":v?\d", service["image"]), (
        "an image without a version is another one tomorrow"
    )
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert "privileged" not in service and "RINGSIDE_DATABASE_URL" not in str(service)


def test_only_the_proxy_can_be_reached_from_outside() -> None:
    ports = {name: service["ports"] for name, service in SERVICES.items() if "ports" in service}
    assert ports == {"proxy": ["80:80", "443:443"], "grafana": ["127.0.0.1:3000:3000"]}
    assert COMPOSE["networks"]["inside"]["internal"] is True
    assert SERVICES["database"]["networks"] == SERVICES["prometheus"]["networks"] == ["inside"]


def test_the_desk_writes_its_volumes_and_nothing_else() -> None:
    desk = SERVICES["desk"]
    assert desk["read_only"] is True and desk["cap_drop"] == ["ALL"]
    mounted = {volume.split(":")[1] for volume in desk["volumes"]}
    assert mounted == set(re.findall(r'"([^"]+)"', instructions("VOLUME")[0]))


def test_what_is_mounted_exists_or_is_made_by_hand() -> None:
    by_hand = {"./deploy/certs", "./deploy/metrics_token"}
    ignored = (ROOT / ".gitignore").read_text()
    for service in SERVICES.values():
        for source in (volume.split(":")[0] for volume in service.get("volumes", ())):
            assert not source.startswith(".") or source in by_hand or (ROOT / source).is_file(), source
            assert source.startswith(".") or source in COMPOSE["volumes"], source
        assert "env_file" not in service or (ROOT / f"{service['env_file']}.example").is_file()
    assert all(path.removeprefix(".") in ignored for path in by_hand) and "/deploy/*.env\n" in ignored


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.name)
def test_examples_name_settings_that_exist_and_hold_no_secret(example: Path) -> None:
    given = dict(line.split("=", 1) for line in example.read_text().splitlines() if line and not line.startswith("#"))
    known = {item.metadata["env"] for item in fields(Settings)}
    assert {name for name in given if name.startswith("RINGSIDE_")} <= known
    assert all(
        "CHANGE" in value for name, value in given.items() if "PASSWORD" in name or name.endswith("DATABASE_URL")
    )
    try:
        Settings.from_mapping(given)
    except InputError as error:
        pytest.fail(str(error))


@pytest.mark.parametrize("script", [DEPLOY / "start.sh"], ids=lambda path: path.name)
def test_the_shell_reads_it(script: Path) -> None:
    subprocess.run(["sh", "-n", str(script)], check=True)


def test_compose_reads_its_file(tmp_path: Path) -> None:
    compose = _compose()
    for name in ("compose.yaml", "deploy"):
        source = ROOT / name
        shutil.copytree(source, tmp_path / name) if source.is_dir() else shutil.copy(source, tmp_path)
    for example in EXAMPLES:
        shutil.copy(example, tmp_path / "deploy" / example.stem)
    done = subprocess.run(
        [*compose, "-f", "compose.yaml", "config", "-q"], cwd=tmp_path, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr


def _compose() -> list[str]:
    """The command that reads a compose file; it needs no engine for that."""
    for command in (["docker", "compose"], ["docker-compose"]):
        if shutil.which(command[0]) and subprocess.run([*command, "version"], capture_output=True).returncode == 0:
            return command
    pytest.skip("neither docker's compose nor docker-compose is installed")


def test_systemd_reads_the_unit() -> None:
    analyze = program("systemd-analyze")
    unit = str(DEPLOY / "ringside.service")
    verified = subprocess.run([analyze, "verify", "--man=no", unit], capture_output=True, text=True)
    assert [line for line in verified.stderr.splitlines() if "ringside" in line] == []  # of other units it may say more
    rated = subprocess.run([analyze, "security", "--offline=true", unit], capture_output=True, text=True)
    level = re.search(r"exposure level for ringside.service: ([\d.]+)", rated.stdout)
    assert level is not None and float(level[1]) < 2.0, rated.stdout[-400:]


PROXY = """
daemon off; pid {folder}/nginx.pid; error_log {folder}/error.log; worker_processes 1;
events {{ worker_connections 64; }}
http {{
  access_log off;
  client_body_temp_path {folder}/b; proxy_temp_path {folder}/p; fastcgi_temp_path {folder}/f;
  uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
  include {folder}/desk.conf;
}}
"""


@dataclass(frozen=True)
class Proxied:
    """A desk behind nginx, as somebody outside sees it."""

    port: int
    trusted: ssl.SSLContext
    cookie: str  # of a person who has signed in
    token: str

    def open(self, path: str, **headers: str) -> Any:
        asked = urllib.request.Request(f"https://localhost:{self.port}{path}", headers=headers)
        return urllib.request.urlopen(asked, context=self.trusted, timeout=20)

    def refused(self, path: str, **headers: str) -> urllib.error.HTTPError:
        with pytest.raises(urllib.error.HTTPError) as error:
            self.open(path, **headers)
        error.value.close()
        return error.value


def let_in(home: Path) -> tuple[str, str]:
    """A session's secret and a token of a desk that is not served yet."""
    desk, admin = open_desk(Settings(home=home, sign_in="local")), LOCAL_PEOPLE[Role.ADMIN]
    email, password = "ada@example.com", "nine lives and a lighthouse"
    _, first = people.add(desk, admin, name="Ada", email=email, role=Role.ADMIN)
    session = sessions.of_secret(desk, local.sign_in(desk, email, first, "127.0.0.1"))
    assert session is not None
    secret = local.change_password(desk, session.id, first, password, "127.0.0.1")
    _, token = tokens.give(desk, admin, name="CRM", role=Role.ANALYST, scopes=["compare"], days=1)
    desk.close()
    return secret, token


@pytest.fixture(scope="module")
def proxied(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proxied]:
    """A desk with sign-in behind nginx with the sample's configuration, names and ports exchanged."""
    nginx, openssl = program("nginx"), program("openssl")
    folder = tmp_path_factory.mktemp("proxy")
    desk, plain, tls = free_port(), free_port(), free_port()
    subject = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"]
    keys = ["-newkey", "rsa:2048", "-nodes", "-keyout", str(folder / "tls.key"), "-out", str(folder / "tls.crt")]
    subprocess.run([openssl, "req", "-x509", "-days", "2", *keys, *subject], check=True, capture_output=True)
    text = (DEPLOY / "nginx.conf").read_text()
    for old, new in (
        ("server desk:8501;", f"server 127.0.0.1:{desk};"),
        ("listen 80;", f"listen 127.0.0.1:{plain};"),
        ("listen 443 ssl", f"listen 127.0.0.1:{tls} ssl"),
        ("server_name desk.example.com;", "server_name localhost;"),
        ("/etc/nginx/certs", str(folder)),
    ):
        assert old in text
        text = text.replace(old, new)
    (folder / "desk.conf").write_text(text)
    (folder / "nginx.conf").write_text(PROXY.format(folder=folder))
    secret, token = let_in(folder / "home")
    subprocess.run([nginx, "-t", "-q", "-c", str(folder / "nginx.conf")], check=True)
    started = [
        subprocess.Popen([nginx, "-c", str(folder / "nginx.conf")]),
        subprocess.Popen(
            [
                sys.executable,
                "-m",
                "streamlit",
                "run",
                "app.py",
                "--server.headless",
                "true",
                "--server.port",
                str(desk),
            ],
            cwd=ROOT,
            env=_environment(folder, tls),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        ),
    ]
    try:
        _wait(f"http://127.0.0.1:{desk}/api/v1/ready")
        trusted = ssl.create_default_context(cafile=str(folder / "tls.crt"))
        yield Proxied(tls, trusted, f"{cookie_name(secure=True)}={secret}", token)
    finally:
        for process in started:
            process.terminate()
        for process in started:
            process.wait(timeout=30)


def _environment(folder: Path, tls: int) -> dict[str, str]:
    others = {name: value for name, value in os.environ.items() if not name.startswith("RINGSIDE_")}
    mine = {"HOME": str(folder / "home"), "URL": f"https://localhost:{tls}", "SIGN_IN": "local", "BEHIND_PROXY": "1"}
    quiet = {"EMPTY": "1", "SCHEDULER": "0"}
    return others | {f"RINGSIDE_{name}": value for name, value in (mine | quiet).items()}


def _wait(url: str) -> None:
    limit = time.monotonic() + 60
    while time.monotonic() < limit:
        try:
            urllib.request.urlopen(url, timeout=2).close()
            return
        except OSError:
            time.sleep(0.1)
    pytest.fail(f"nothing answers at {url}")


@pytest.mark.slow
def test_pages_and_api_come_through_the_proxy(proxied: Proxied) -> None:
    for path, who, contains in (
        ("/api/v1/ready", {}, b'"ready"'),
        ("/", {"Cookie": proxied.cookie}, b"<title>"),
        ("/api/v1/use-cases", {"Authorization": f"Bearer {proxied.token}"}, b"lead_scoring"),
    ):
        with proxied.open(path, **who) as answer:
            assert answer.status == 200 and contains in answer.read()
            assert answer.headers["Strict-Transport-Security"] and answer.headers["Content-Security-Policy"]
            assert re.fullmatch("[0-9a-f]{32}", answer.headers["X-Request-ID"])
    with proxied.open("/api/v1/health", **{"X-Request-ID": "order-4711"}) as answer:
        assert answer.headers["X-Request-ID"] == "order-4711"
    assert proxied.refused("/metrics", Cookie=proxied.cookie).status == 404
    stranger = proxied.refused("/_stcore/health")
    assert stranger.status == 401 and stranger.headers["X-Request-ID"]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("origin", "signed_in", "status"),
    [("https://localhost:{port}", True, "101"), ("https://elsewhere.example", True, "403"),
     ("https://localhost:{port}", False, "403")],
    ids=["a page of the desk", "a page of somewhere else", "nobody"],
)  # fmt: skip
def test_websockets_come_through_the_proxy(origin: str, signed_in: bool, status: str, proxied: Proxied) -> None:
    asked = [
        "GET /_stcore/stream HTTP/1.1",
        f"Host: localhost:{proxied.port}",
        "Upgrade: websocket",
        "Connection: Upgrade",
        f"Origin: {origin.format(port=proxied.port)}",
        "Sec-WebSocket-Version: 13",
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
        *([f"Cookie: {proxied.cookie}"] if signed_in else []),
    ]
    plain = socket.create_connection(("127.0.0.1", proxied.port), timeout=10)
    with proxied.trusted.wrap_socket(plain, server_hostname="localhost") as wire:
        wire.sendall("\r\n".join([*asked, "", ""]).encode())
        assert wire.recv(64).decode().split()[1] == status
