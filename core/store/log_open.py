"""Which log a desk has: its own file, or the copy of one that it shares with others."""

from __future__ import annotations

from pathlib import Path

from core.errors import NotReady
from core.store.log import PredictionLog

SHARED = "postgresql://"


def moving(path: Path) -> Path:
    """Where a log lies while it is moved into the shared one."""
    return path.with_name(f"{path.stem}.moving{path.suffix}")


def open_log(path: Path, url: str, memory_mb: int, threads: int) -> PredictionLog:
    """Open the log of a desk.

    Parameters
    ----------
    path : Path
        The log's file, or the copy of the shared log.
    url : str
        RINGSIDE_DATABASE_URL; the log is shared where it names PostgreSQL, else it is the file.

    Raises
    ------
    NotReady
        The file and the URL do not belong together: nobody may take a copy for the log, or a log for a copy.
    DatabaseDown
    """
    if moving(path).exists():
        raise NotReady(
            f"Moving {path.name} into the shared log was broken off: its rows wait in {moving(path).name}.",
            "Go on with: python -m core move-log",
        )
    if url.startswith(SHARED):
        from core.store.log_shared import SharedLog

        return SharedLog(path, url, memory_mb, threads)
    log = PredictionLog(path, memory_mb, threads)
    if log.is_copy():
        log.close()
        raise NotReady(
            f"{path.name} is the copy of a log in PostgreSQL, and RINGSIDE_DATABASE_URL names none.",
            "Set the URL again; or leave the shared log for good, with: python -m core move-log --back",
        )
    return log
