"""What the desk takes up: every file counted once, by what it is."""

from __future__ import annotations

import os
from datetime import UTC, date, datetime
from pathlib import Path

from core.config import Settings
from core.services.access import LOCAL_PEOPLE, Role
from core.services.administration import storage
from core.services.desk import open_desk
from core.store.ledger_service import Sizes

AUDE = LOCAL_PEOPLE[Role.AUDITOR]


def write(path: Path, n_bytes: int) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(os.urandom(n_bytes))


def test_every_file_is_counted_once_and_says_how_long_it_is_kept(tmp_path: Path) -> None:
    home, backups = tmp_path / "home", tmp_path / "elsewhere"
    desk = open_desk(Settings(home=home, backups=backups, keep_uploads_days=7))
    try:
        write(home / "data" / "uploads" / "a.csv", 3_000)
        write(home / "data" / "results" / "1" / "scored.csv", 2_000)
        write(home / "data" / "strange" / "thing", 10)
        write(home / "models" / "lead_scoring" / "v1" / "bundle", 5_000)
        write(backups / "2026" / "manifest.json", 100)
        seen = storage.taken_up(desk, AUDE)
        held = {item.what: item for item in seen.held}
        assert (held["Uploaded files"].n_bytes, held["Uploaded files"].kept) == (3_000, "7 days")
        assert (held["Scored files made here"].n_bytes, held["Scored files made here"].kept) == (2_000, "90 days")
        assert (held["Models"].n_bytes, held["Models"].where) == (5_000, "models")
        assert (held["Backups"].n_bytes, held["Backups"].where) == (100, str(backups))
        assert held["strange"].where == "data/strange" and held["Ledger"].where == "data/ledger.sqlite"
        there = [path for folder in (home, backups) for path in folder.rglob("*") if path.is_file()]
        assert sum(item.n_files for item in seen.held) == len(there)
        assert [item.n_bytes for item in seen.held] == sorted((item.n_bytes for item in seen.held), reverse=True)
        assert {name for disk in seen.disks for name in disk.holds} == {"data", "models", "backups"}
        models = {item.title: item for item in seen.models}
        assert models["Lead scoring"].n_bytes == 5_000
    finally:
        desk.close()


def test_growth_is_over_the_measured_days(tmp_path: Path) -> None:
    desk = open_desk(Settings(home=tmp_path))
    try:
        for day, log in ((1, 1_000), (3, 5_000)):
            desk.ledger.add_sizes(Sizes(date(2026, 3, day), log, 0, 10_000, 1))
        seen = storage.taken_up(desk, AUDE, datetime(2026, 3, 4, tzinfo=UTC))
        assert (seen.storage.growth, seen.storage.growth_days) == (2_000.0, 2)
        assert [sizes.day.day for sizes in seen.days] == [1, 3]
    finally:
        desk.close()
