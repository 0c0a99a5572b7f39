"""What every test may ask for: an empty home, real data where it is, a browser where there is one."""

from __future__ import annotations

import fcntl
import os
import shutil
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from tests import servers

ROOT = Path(__file__).resolve().parent.parent
BuiltOnce = Callable[[str, Callable[[Path], None]], Path]
BROWSERS = ("chromium", "chromium-browser", "google-chrome")

# The same examples on every run: a red test on a change means the change, not the dice. Search for new ones with
# HYPOTHESIS_PROFILE=search.
settings.register_profile("desk", derandomize=True, deadline=None, max_examples=50)
settings.register_profile("search", deadline=None, max_examples=2_000)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "desk"))


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty RINGSIDE_HOME, set for this test."""
    folder = tmp_path / "home"
    folder.mkdir()
    for name in [name for name in os.environ if name.startswith("RINGSIDE_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("RINGSIDE_HOME", str(folder))
    return folder


@pytest.fixture(scope="session")
def real_data() -> Callable[[str], Path]:
    """`real_data("file.csv")` is the path of a public data set, or skips the test and says why.

    The files are no part of the project (licences differ); RINGSIDE_REAL_DATA names the folder that holds them.
    """
    folder = Path(os.environ.get("RINGSIDE_REAL_DATA", ROOT.parent / "shared" / "data"))

    def path_of(name: str) -> Path:
        path = folder / name
        if not path.is_file():
            pytest.skip(f"no {name} in {folder}; RINGSIDE_REAL_DATA names the folder of the public data sets")
        return path

    return path_of


@pytest.fixture(scope="session")
def chromium() -> str:
    """Path of a Chromium, or skips the test and says why."""
    found = os.environ.get("RINGSIDE_CHROMIUM") or next(filter(None, map(shutil.which, BROWSERS)), None)
    if found is None:
        pytest.skip(f"none of {', '.join(BROWSERS)} is installed; RINGSIDE_CHROMIUM names another")
    return found


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """URL of a PostgreSQL of the tests' own; skips the test and says why where none is installed."""
    if servers.program("initdb", servers.POSTGRES_ROOMS) is None:
        pytest.skip("no PostgreSQL server is installed (Debian: postgresql)")
    with servers.room("postgres") as folder, servers.postgres(folder) as url:
        yield url


@pytest.fixture
def postgres_url(postgres_server: str) -> Iterator[str]:
    """URL of an empty PostgreSQL database, dropped after the test."""
    import psycopg

    name = f"desk_{uuid.uuid4().hex[:12]}"
    with psycopg.connect(postgres_server, autocommit=True) as admin:
        admin.execute(f"CREATE DATABASE {name}")
        yield postgres_server.rsplit("/", 1)[0] + f"/{name}"
        admin.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(scope="session")
def mariadb_server() -> Iterator[str]:
    """URL of a MariaDB of the tests' own; skips the test and says why where none is installed."""
    if servers.program("mariadbd", servers.MARIADB_ROOMS) is None:
        pytest.skip("no MariaDB server is installed (Debian: mariadb-server-core)")
    with servers.room("mariadb") as folder, servers.mariadb(folder) as url:
        yield url


@pytest.fixture
def mariadb_url(mariadb_server: str) -> Iterator[str]:
    """URL of an empty MariaDB database, dropped after the test."""
    from sqlalchemy import create_engine

    name = f"desk_{uuid.uuid4().hex[:12]}"
    admin = create_engine(mariadb_server.replace("mariadb://", "mysql+pymysql://"), isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.exec_driver_sql(f"CREATE DATABASE {name}")
    yield mariadb_server.rsplit("/", 1)[0] + f"/{name}"
    with admin.connect() as connection:
        connection.exec_driver_sql(f"DROP DATABASE {name}")
    admin.dispose()


@pytest.fixture(scope="session")
def built_once(tmp_path_factory: pytest.TempPathFactory) -> BuiltOnce:
    """`built_once("name", build)` is a folder that `build(folder)` has filled, this process's own copy of it.

    Tests run in several processes. What takes long to make is made by the first one that asks; the others wait for it.
    """
    place = tmp_path_factory.getbasetemp()
    if os.environ.get("PYTEST_XDIST_WORKER"):
        place = place.parent

    def folder_of(name: str, build: Callable[[Path], None]) -> Path:
        made, complete = place / f"once-{name}", place / f"once-{name}.complete"
        with (place / f"once-{name}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not complete.exists():
                made.mkdir()
                build(made)
                complete.touch()
        own = tmp_path_factory.mktemp(name) / "home"
        shutil.copytree(made, own)
        return own

    return folder_of


@pytest.fixture(scope="session")
def trained_home(built_once: BuiltOnce) -> Path:
    """A home in which every built-in use case is trained; copy it before you write to it."""
    from core.config import Settings
    from core.services.access import LOCAL_PEOPLE, Role
    from core.services.preparing import train_missing

    def train(home: Path) -> None:
        train_missing(Settings(home=home), LOCAL_PEOPLE[Role.ADMIN], lambda message, fraction: None)

    return built_once("trained", train)
