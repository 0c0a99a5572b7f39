"""Log and ledger on a server: backed up into the same files, opened from them alone, put back into an empty one."""

from __future__ import annotations

import shutil
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from core.config import Settings
from core.services.access import LOCAL_PEOPLE, Role
from core.services.backing_up import backups
from core.services.backing_up.restoring import restore
from core.services.desk import Desk, open_desk
from core.services.scoring import score_one
from core.store.backup_pieces import BackupProblem

ADMIN = LOCAL_PEOPLE[Role.ADMIN]
KEY = "bnpl_default"


@pytest.fixture
def other_url(postgres_server: str) -> Iterator[str]:
    import psycopg

    name = f"desk_{uuid.uuid4().hex[:12]}"
    with psycopg.connect(postgres_server, autocommit=True) as admin:
        admin.execute(f"CREATE DATABASE {name}")
        yield postgres_server.rsplit("/", 1)[0] + f"/{name}"
        admin.execute(f"DROP DATABASE {name} WITH (FORCE)")


def desk_on(url: str, home: Path, models: Path) -> Desk:
    return open_desk(Settings(home=home, database_url=url, models=models, backups=home.parent / "backups"))


@pytest.fixture
def models(trained_home: Path, tmp_path: Path) -> Path:
    shutil.copytree(trained_home / "models" / KEY, tmp_path / "models" / KEY)
    return tmp_path / "models"


def train(desk: Desk) -> None:
    """The ledger of the server learns of the version that lies in the models folder."""
    from core.store.bundles import sha256_of

    card = desk.settings.models_dir / KEY / "v1" / "card.json"
    at = desk.ledger.now()
    with desk.ledger.transaction():
        desk.ledger.register_version(KEY, "v1", at, sha256_of(card), "train")
        desk.ledger.set_alias(KEY, "champion", "v1", at)
        desk.ledger.record(at=at, actor="Ada", role="risk", via="cli", action="train version", subject=f"{KEY} v1")


def score(desk: Desk, n: int) -> None:
    for row in desk.use_case(KEY).synthesize(n, 5).to_pylist():  # type: ignore[misc]
        score_one(desk, ADMIN, KEY, row)


def test_a_desk_on_postgresql(postgres_url: str, other_url: str, models: Path, tmp_path: Path) -> None:
    desk = desk_on(postgres_url, tmp_path / "home", models)
    train(desk)
    score(desk, 12)
    made = backups.back_up(desk, ADMIN)
    assert made.rows_of[KEY] == 12
    drilled = backups.drill(desk, ADMIN)
    assert drilled.ok and (drilled.n_rows, drilled.n_equal) == (12, 12), drilled.problem
    settings = desk.settings
    desk.close()
    with pytest.raises(BackupProblem, match="has 3 events"):
        restore(settings, ADMIN, made.id)
    alone = open_desk(Settings(home=Path(restore(settings, ADMIN, made.id, tmp_path / "alone").home)))
    assert alone.log.counts(alone.use_case(KEY)).total == 12
    score(alone, 12)  # the same rows: they are known
    assert alone.log.counts(alone.use_case(KEY)).total == 12
    alone.close()

    empty = Settings(home=tmp_path / "next", database_url=other_url, models=models, backups=settings.backups_dir)
    restore(empty, ADMIN, made.id)
    again = open_desk(empty)
    assert again.log.counts(again.use_case(KEY)).total == 12
    assert again.ledger.verify_chain() is None
    assert again.ledger.events(limit=1)[0].action == "restore a backup"
    score(again, 12)
    score(again, 3)
    assert again.log.counts(again.use_case(KEY)).total == 15
    again.close()


def test_a_ledger_on_mariadb(mariadb_url: str, models: Path, tmp_path: Path) -> None:
    desk = desk_on(mariadb_url, tmp_path / "home", models)
    train(desk)
    score(desk, 5)
    made = backups.back_up(desk, ADMIN)
    drilled = backups.drill(desk, ADMIN)
    assert drilled.ok and (made.n_rows, drilled.n_equal) == (5, 5), drilled.problem
    desk.close()
    with pytest.raises(BackupProblem, match="never written over"):
        restore(desk.settings, ADMIN, made.id)
