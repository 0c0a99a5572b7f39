from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from core.errors import DeskBusy
from core.store.lock import LOCK_FILE, DeskLock, owner

ROOT = Path(__file__).resolve().parents[2]
HOLD = """
import sys, time
from pathlib import Path
from core.store.lock import DeskLock
DeskLock(Path(sys.argv[1])).acquire()
print("held", flush=True)
time.sleep(60)
"""


@pytest.fixture
def holder(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen([sys.executable, "-c", HOLD, str(tmp_path)], stdout=subprocess.PIPE, text=True, cwd=ROOT)
    assert process.stdout is not None and process.stdout.readline() == "held\n"
    yield process
    process.kill()
    process.wait()
    process.stdout.close()


def test_a_busy_desk_names_its_owner(tmp_path: Path, holder: subprocess.Popen[str]) -> None:
    with pytest.raises(DeskBusy) as refused:
        DeskLock(tmp_path).acquire()
    assert refused.value.data["owner"]["pid"] == holder.pid
    assert f"process {holder.pid}" in refused.value.message
    found = owner(tmp_path)
    assert found is not None and found.pid == holder.pid and found.since.endswith("+00:00")


def test_a_killed_owner_leaves_nothing_that_blocks(tmp_path: Path, holder: subprocess.Popen[str]) -> None:
    holder.send_signal(signal.SIGKILL)
    holder.wait()
    assert (tmp_path / LOCK_FILE).read_text() != ""
    assert owner(tmp_path) is None
    with DeskLock(tmp_path) as lock:
        assert lock.held
        found = owner(tmp_path)
        assert found is not None and found.pid == os.getpid()
    assert owner(tmp_path) is None


def test_two_desks_of_one_process_are_two(tmp_path: Path) -> None:
    with DeskLock(tmp_path) as first:
        first.acquire()  # once more is no second lock
        with pytest.raises(DeskBusy):
            DeskLock(tmp_path).acquire()
    DeskLock(tmp_path).acquire()


def test_nobody_owns_a_folder_that_is_not_there(tmp_path: Path) -> None:
    assert owner(tmp_path / "none") is None


def test_looking_at_the_owner_never_makes_the_desk_busy(tmp_path: Path) -> None:
    done = threading.Event()

    def look() -> None:
        while not done.is_set():
            owner(tmp_path)

    looking = threading.Thread(target=look)
    looking.start()
    try:
        for _ in range(100):
            with DeskLock(tmp_path):
                pass
    finally:
        done.set()
        looking.join()
