"""Kill a desk under load at random moments, start it again, and look for what was acknowledged and is lost or doubled.

python -m benchmarks.kills [--kills N] [--home FOLDER] [--seed N]   FOLDER: a trained home; it is copied

One process is forked for each kill from one that has imported everything, so that a kill costs a fraction of a second.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

MOST_SECONDS = 1.0  # under load before the kill


def run(home: Path, folder: Path, n_kills: int, seed: int) -> dict[str, Any]:
    """Kill a desk `n_kills` times; what was acknowledged, what was wrong, how long a start takes after a kill.

    Parameters
    ----------
    home : Path
        A trained home of its own; it is written to.
    folder : Path
        Where acknowledgements and findings are kept.
    """
    import benchmarks.killed_desk  # noqa: F401  imported once, before the first fork

    chance, began = random.Random(seed), time.monotonic()
    for cycle in range(1, n_kills + 1):
        child = _fork(home, folder, cycle, n_kills)
        _wait_for(folder / f"ready-{cycle}", child)
        time.sleep(chance.uniform(0.0, MOST_SECONDS))
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
    last = _fork(home, folder, n_kills + 1, n_kills)
    os.waitpid(last, 0)
    return _summary(folder, n_kills) | {"seconds": round(time.monotonic() - began, 1)}


def _fork(home: Path, folder: Path, cycle: int, n_kills: int) -> int:
    child = os.fork()
    if child:
        return child
    try:
        _desk(home, folder, cycle, cycle <= n_kills)
    except BaseException as error:  # noqa: BLE001  the parent must hear of it
        (folder / f"found-{cycle}").write_text(json.dumps({"problems": [f"cycle {cycle}: {error!r}"], "seconds": 0.0}))
        (folder / f"ready-{cycle}").touch()
    finally:
        os._exit(0)


def _desk(home: Path, folder: Path, cycle: int, load: bool) -> None:
    """In a process of its own: open the desk, look what the last one left, work until the kill."""
    from benchmarks.killed_desk import KEY, Acknowledged, Load, missing_from_backup, problems
    from core.config import Settings
    from core.services.desk import open_desk

    began = time.monotonic()
    desk = open_desk(Settings(home=home, chunk_rows=150))
    desk.log  # noqa: B018  takes the lock, replays, looks up what was left open
    seconds = time.monotonic() - began
    found = list(problems(desk, Acknowledged(folder / "acknowledged"))) if cycle > 1 else []
    if not load:
        desk.close()
        found += missing_from_backup(home, folder, folder / "restored")
    (folder / f"found-{cycle}").write_text(json.dumps({"problems": found, "seconds": seconds}))
    if load:
        desk.scorer(KEY)
        Load(desk, folder, cycle).start()
        (folder / f"ready-{cycle}").touch()
        time.sleep(60)


def _wait_for(path: Path, child: int) -> None:
    limit = time.monotonic() + 60
    while not path.exists():
        if time.monotonic() > limit:
            os.kill(child, signal.SIGKILL)
            raise RuntimeError(f"The desk of process {child} did not start.")
        time.sleep(0.002)


def _summary(folder: Path, n_kills: int) -> dict[str, Any]:
    said = [json.loads(line)["what"] for line in (folder / "acknowledged").read_text().splitlines()]
    found = [json.loads((folder / f"found-{cycle}").read_text()) for cycle in range(1, n_kills + 2)]
    starts = sorted(item["seconds"] for item in found[1:])
    return {
        "kills": n_kills,
        "acknowledged": {what: said.count(what) for what in sorted(set(said))},
        "problems": [problem for item in found for problem in item["problems"]],
        "start_median_s": round(starts[len(starts) // 2], 3),
        "start_most_s": round(starts[-1], 3),
    }


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.kills", description=__doc__)
    parser.add_argument("--kills", type=int, default=60)
    parser.add_argument("--home", type=Path)
    parser.add_argument("--seed", type=int, default=20_261_121)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        folder, home = Path(scratch), Path(scratch) / "home"
        if asked.home is not None:
            shutil.copytree(asked.home, home)
        else:
            _trained(home)
        print(json.dumps(run(home, folder, asked.kills, asked.seed)))


def _trained(home: Path) -> None:
    """A home with one trained use case, by a process of its own: this one stays small and without threads."""
    from benchmarks.killed_desk import KEY

    environment = {**os.environ, "RINGSIDE_HOME": str(home)}
    subprocess.run(
        [sys.executable, "-m", "core", "train", KEY, "--quiet"], env=environment, check=True, stdout=subprocess.DEVNULL
    )


if __name__ == "__main__":
    main()
