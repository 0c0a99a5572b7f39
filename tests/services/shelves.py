"""Three shelves that versions can be pushed to: one in a folder, an MLflow database, an MLflow server."""

from __future__ import annotations

import importlib.util
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen
from uuid import uuid4

import pytest

from core.bridges.mlflow import Kept, Sent
from core.errors import UnknownName

SERVER_NEEDS = ("mlflow", "flask", "flask_cors", "graphene", "huey", "aiohttp")
START_SECONDS = 90


@dataclass
class Place:
    """Where a shelf is, and the folder in which its files lie, for those who tamper with them."""

    uri: str
    files: Path


@dataclass
class FolderShelf:
    """What MlflowShelf does, in a folder and two dictionaries."""

    files: Path
    shown: str = "folder"
    held: dict[str, list[Kept]] = field(default_factory=dict)
    pointed: dict[str, dict[str, str]] = field(default_factory=dict)

    def versions(self, name: str) -> list[Kept]:
        return list(self.held.get(name, []))

    def models(self) -> list[str]:
        return sorted(self.held)

    def aliases(self, name: str) -> dict[str, str]:
        return dict(self.pointed.get(name, {}))

    def point(self, name: str, alias: str, number: str | None) -> None:
        self.pointed.setdefault(name, {}).pop(alias, None)
        if number is not None:
            self.pointed[name][alias] = number

    def tag(self, name: str, number: str, tag: str, value: str) -> None:
        kept = self.held[name][int(number) - 1]
        self.held[name][int(number) - 1] = replace(kept, tags={**kept.tags, tag: value})

    def put(self, name: str, sent: Sent) -> Kept:
        run_id = uuid4().hex
        (self.files / run_id).mkdir()
        for path in sent.files:
            shutil.copy(path, self.files / run_id)
        kept = Kept(str(len(self.versions(name)) + 1), run_id, dict(sent.tags))
        self.held.setdefault(name, []).append(kept)
        return kept

    def fetch(self, kept: Kept, file: str, folder: Path) -> Path:
        if not (self.files / kept.run_id / file).is_file():
            raise UnknownName("file", file, ())
        return Path(shutil.copy(self.files / kept.run_id / file, folder))


def needs(*modules: str) -> None:
    """Skip the test unless these modules are installed."""
    missing = [name for name in modules if importlib.util.find_spec(name) is None]
    if missing:
        pytest.skip(f"not installed: {', '.join(missing)} (requirements-mlflow.txt; CONTRIBUTING.md has the server's)")


@contextmanager
def database(folder: Path) -> Iterator[Place]:
    """An MLflow database that no server stands before; MLflow puts its files into the working directory."""
    needs("mlflow")
    before = Path.cwd()
    os.chdir(folder)
    try:
        yield Place(f"sqlite:///{folder}/mlflow.db", folder)
    finally:
        os.chdir(before)


@contextmanager
def server(folder: Path) -> Iterator[Place]:
    """`mlflow server` on a free port of this machine, files and database in a folder."""
    needs(*SERVER_NEEDS)
    port = free_port()
    command = [sys.executable, "-m", "mlflow", "server", "--host", "127.0.0.1", "--port", str(port), "--workers", "1"]
    command += [
        "--backend-store-uri",
        f"sqlite:///{folder}/mlflow.db",
        "--artifacts-destination",
        str(folder / "files"),
    ]
    quiet = {**os.environ, "MLFLOW_DISABLE_TELEMETRY": "true", "OMP_NUM_THREADS": "1"}
    with (folder / "server.log").open("wb") as log:
        process = subprocess.Popen(
            command, cwd=folder, env=quiet, stdout=log, stderr=subprocess.STDOUT, start_new_session=True
        )
    uri = f"http://127.0.0.1:{port}"
    try:
        wait_for(uri, process, folder / "server.log")
        yield Place(uri, folder / "files")
    finally:
        os.killpg(process.pid, 15)  # its own session: the server and the workers it started
        process.wait(timeout=30)


def wait_for(uri: str, process: subprocess.Popen[bytes], log: Path) -> None:
    until = time.monotonic() + START_SECONDS
    while time.monotonic() < until and process.poll() is None:
        try:
            with urlopen(f"{uri}/health", timeout=2):
                return
        except (URLError, OSError):
            time.sleep(0.3)
    pytest.fail(f"mlflow server did not start:\n{log.read_text()[-2_000:]}")


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])
