"""Database servers of the tests' own, each in a folder that is thrown away; never one that runs already."""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

POSTGRES_ROOMS = sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
MARIADB_ROOMS = [Path("/usr/sbin"), Path("/usr/bin"), Path("/usr/libexec")]
MARIADB_PASSWORD = "only-here"


def program(name: str, rooms: list[Path]) -> str | None:
    """Path of a server's program, on PATH or where Debian keeps it."""
    return shutil.which(name) or next((str(room / name) for room in rooms if (room / name).is_file()), None)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def as_user(folder: Path, *names: str) -> list[str]:
    """How to run a command as somebody else than root, whom the servers refuse; the folder becomes theirs."""
    if os.getuid() != 0:
        return []
    known = {entry.pw_name for entry in pwd.getpwall()}
    user = next(name for name in (*names, "nobody") if name in known)
    shutil.chown(folder, user)
    for parent in [folder, *folder.parents][:-2]:
        parent.chmod(parent.stat().st_mode | 0o011)
    return ["runuser", "-u", user, "--"]


@contextmanager
def room(name: str) -> Iterator[Path]:
    """A folder that other users may reach: pytest's own is closed to them whenever another run begins."""
    with tempfile.TemporaryDirectory(prefix=f"desk-{name}-", ignore_cleanup_errors=True) as folder:
        yield Path(folder)


@contextmanager
def postgres(folder: Path) -> Iterator[str]:
    """A PostgreSQL cluster in a folder; its URL, of an empty database."""
    initdb, control = program("initdb", POSTGRES_ROOMS), program("pg_ctl", POSTGRES_ROOMS)
    assert initdb is not None and control is not None
    user, port = as_user(folder, "postgres"), free_port()
    data = folder / "data"
    made = [*user, initdb, "-D", str(data), "-U", "desk", "-A", "trust", "-E", "UTF8", "--no-locale", "-N"]
    subprocess.run(made, check=True, capture_output=True, cwd=folder)
    options = f"-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={folder} -c max_connections=60"
    options += " -c fsync=off"  # a server that is thrown away need not outlive the machine
    started = [*user, control, "-D", str(data), "-o", options, "-l", str(folder / "server.log"), "-w", "start"]
    subprocess.run(started, check=True, stdout=subprocess.DEVNULL, cwd=folder)
    try:
        yield f"postgresql://desk@127.0.0.1:{port}/postgres"
    finally:
        subprocess.run([*user, control, "-D", str(data), "-m", "immediate", "stop"], capture_output=True, cwd=folder)


@contextmanager
def mariadb(folder: Path) -> Iterator[str]:
    """A MariaDB in a folder; its URL, of an empty database."""
    install, daemon = program("mariadb-install-db", MARIADB_ROOMS), program("mariadbd", MARIADB_ROOMS)
    assert install is not None and daemon is not None
    user, port = as_user(folder, "mysql"), free_port()
    data, plain = folder / "data", "--no-defaults"
    made = [*user, install, plain, f"--datadir={data}", "--auth-root-authentication-method=normal", "--skip-test-db"]
    subprocess.run(made, check=True, capture_output=True, cwd=folder)
    told = f"CREATE DATABASE desk;CREATE USER desk@'127.0.0.1' IDENTIFIED BY '{MARIADB_PASSWORD}';"
    (folder / "begin.sql").write_text(f"{told}GRANT ALL ON *.* TO desk@'127.0.0.1';\n".replace(";", ";\n"))
    own = [f"--datadir={data}", f"--socket={folder / 's'}", f"--pid-file={folder / 'pid'}", f"--port={port}"]
    small = ["--bind-address=127.0.0.1", "--innodb-buffer-pool-size=32M", "--skip-name-resolve", "--skip-log-bin"]
    small += ["--innodb-flush-log-at-trx-commit=0", "--innodb-doublewrite=0", "--innodb-log-file-size=16M"]
    with (folder / "server.log").open("w") as log:
        begin = f"--init-file={folder / 'begin.sql'}"
        server = subprocess.Popen([*user, daemon, plain, *own, *small, begin], stdout=log, stderr=log, cwd=folder)
        try:
            _wait_for(port, server, folder / "server.log")
            yield f"mariadb://desk:{MARIADB_PASSWORD}@127.0.0.1:{port}/desk"
        finally:
            server.terminate()
            server.wait(30)


def _wait_for(port: int, server: subprocess.Popen[bytes], log: Path) -> None:
    limit = time.monotonic() + 60
    while time.monotonic() < limit and server.poll() is None:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise AssertionError(f"MariaDB did not start: {log.read_text()[-2_000:]}")
