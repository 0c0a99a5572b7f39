"""`python -m benchmarks.ledger URL ...`: what an event, a read and the stamp cost on SQLite and on servers.

Every database is measured in turn within each round, because machines are shared; the median of the rounds is told.
The URLs name empty databases (postgresql://, mariadb://, mysql://).
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from core.store.ledger import Ledger
from core.store.ledger_engine import address_of

ROUNDS, EVENTS, READS = 7, 100, 300


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.ledger", description=__doc__)
    parser.add_argument("url", nargs="*")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        places: dict[str, Path | str] = {"SQLite": Path(folder) / "ledger.sqlite"}
        places |= {address_of(url)[1].split(" at ")[0]: url for url in asked.url}
        ledgers = {name: Ledger(place) for name, place in places.items()}
        taken: dict[tuple[str, str], list[float]] = {}
        for _ in range(ROUNDS):
            for name, place in places.items():
                for what, milliseconds in _round(ledgers[name], place).items():
                    taken.setdefault((name, what), []).append(milliseconds)
        for (name, what), each in taken.items():
            print(f"{name:12s} {what:28s} {statistics.median(each):8.3f} ms")
        for ledger in ledgers.values():
            ledger.close()


def _round(ledger: Ledger, place: Path | str) -> dict[str, float]:
    stamp = ledger.stamp.read
    return {
        "an event": _each(lambda: _note(ledger), EVENTS),
        "a read": _each(ledger.head, READS),
        "a read without a ping": _each(ledger.head, READS, ping_of=ledger),
        "the stamp": _each(stamp, READS),
        "opening, tables up to date": _each(lambda: Ledger(place).close(), 5),
    }


def _each(work: Callable[[], object], times: int, ping_of: Ledger | None = None) -> float:
    """Milliseconds of one call."""
    pool = ping_of._engine.pool if ping_of is not None else None
    pinging = pool is not None and pool._pre_ping
    if pool is not None:
        pool._pre_ping = False
    began = time.perf_counter()
    for _ in range(times):
        work()
    spent = (time.perf_counter() - began) / times * 1_000
    if pool is not None:
        pool._pre_ping = pinging
    return spent


def _note(ledger: Ledger) -> None:
    ledger.record(
        at=datetime.now(UTC), actor="Ada", role="risk", via="cli", action="measure", subject="bnpl", after={"n": 1}
    )


if __name__ == "__main__":
    main()
