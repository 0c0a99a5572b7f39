"""A real clamd, with one signature of the tests' own, where it is installed; its protocol spoken by hand everywhere."""

from __future__ import annotations

import io
import shutil
import socket
import struct
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from core.bridges.clamd import NotLookedAt, found_in
from tests import servers

HARMFUL = b"amount,country\n12,DE\nplanted-for-the-scanner\n"
CLAMD = shutil.which("clamd") or shutil.which("clamd", path="/usr/sbin")


@pytest.fixture(scope="module")
def clamd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A clamd that knows one thing: a text that stands in HARMFUL."""
    if CLAMD is None:
        pytest.skip("no clamd is installed (Debian: clamav-daemon)")
    folder = tmp_path_factory.mktemp("clamd")
    (folder / "own.ndb").write_text(f"Planted.Test:0:*:{b'planted-for-the-scanner'.hex()}\n")
    port = servers.free_port()
    config = folder / "clamd.conf"
    config.write_text(
        f"TCPSocket {port}\nTCPAddr 127.0.0.1\nLocalSocket {folder}/socket\nDatabaseDirectory {folder}\n"
        f"Foreground yes\nStreamMaxLength 1M\nLogFile {folder}/clamd.log\n"
    )
    process = subprocess.Popen([CLAMD, "-c", str(config)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        until = time.monotonic() + 30
        while time.monotonic() < until and not (folder / "socket").exists():
            assert process.poll() is None, (folder / "clamd.log").read_text()
            time.sleep(0.1)
        yield f"127.0.0.1:{port} {folder}/socket"
    finally:
        process.terminate()
        process.wait(10)


@pytest.mark.parametrize("by", [0, 1], ids=["tcp", "unix"])
def test_a_real_scanner(clamd: str, by: int) -> None:
    where = clamd.split()[by]
    assert found_in(where, io.BytesIO(HARMFUL)) == "Planted.Test.UNOFFICIAL"
    assert found_in(where, io.BytesIO(b"amount,country\n12,DE\n" * 10_000)) is None
    assert found_in(where, io.BytesIO(b"")) is None


def test_more_than_it_takes(clamd: str) -> None:
    with pytest.raises(NotLookedAt, match="larger than the virus scanner takes"):
        found_in(clamd.split()[0], io.BytesIO(b"x" * 3_000_000))


def scanner(answer: bytes) -> tuple[str, list[bytes]]:
    """A server that takes one INSTREAM and gives this answer; what it was sent."""
    listening = socket.create_server(("127.0.0.1", 0))
    sent: list[bytes] = []

    def serve() -> None:
        connection, _ = listening.accept()
        with listening, connection, connection.makefile("rb") as stream:
            assert stream.read(10) == b"zINSTREAM\0"
            while size := struct.unpack("!I", stream.read(4))[0]:
                sent.append(stream.read(size))
            connection.sendall(answer)

    threading.Thread(target=serve, daemon=True).start()
    return f"127.0.0.1:{listening.getsockname()[1]}", sent


def test_every_byte_is_shown() -> None:
    content = bytes(range(256)) * 4_000
    where, sent = scanner(b"stream: OK\0")
    assert found_in(where, io.BytesIO(content)) is None
    assert b"".join(sent) == content


@pytest.mark.parametrize("answer", [b"stream: something ERROR\0", b""], ids=["error", "silence"])
def test_what_is_not_understood_does_not_pass(answer: bytes) -> None:
    where, _ = scanner(answer)
    with pytest.raises(NotLookedAt):
        found_in(where, io.BytesIO(b"x"))


@pytest.mark.parametrize("where", ["127.0.0.1:1", "/nowhere/clamd.sock", "nonsense"])
def test_nobody_there(where: str, tmp_path: Path) -> None:
    with pytest.raises(NotLookedAt, match="does not answer"):
        found_in(where, io.BytesIO(b"x"))
