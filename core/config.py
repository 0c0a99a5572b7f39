"""Settings: every name, default, unit and meaning in one place. Nothing is read at import."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from core.errors import InputError

CHECKOUT = Path(__file__).resolve().parent.parent


def _setting(env: str, default: Any, meaning: str) -> Any:
    return field(default=default, metadata={"env": env, "meaning": meaning})


@dataclass(frozen=True)
class Settings:
    """What an operator may set, by environment variable. README's table is generated from here."""

    home: Path = _setting("RINGSIDE_HOME", CHECKOUT, "folder that holds models/ and data/")
    empty: bool = _setting("RINGSIDE_EMPTY", False, "1: start without training the built-in use cases")
    memory_mb: int = _setting("RINGSIDE_MEMORY_MB", 192, "MB the prediction log's database may use")
    threads: int = _setting("RINGSIDE_THREADS", 2, "threads the prediction log's database may use")
    chunk_rows: int = _setting("RINGSIDE_CHUNK_ROWS", 122_880, "rows scored and logged at a time")
    keep_uploads_days: int = _setting("RINGSIDE_KEEP_UPLOADS_DAYS", 30, "days an uploaded file is kept")
    scheduler: bool = _setting(
        "RINGSIDE_SCHEDULER", True, "0: a served desk does nothing by itself; let cron run `python -m core watch`"
    )
    url: str = _setting(
        "RINGSIDE_URL", "http://127.0.0.1:8501", "where people open the desk: links in messages begin so"
    )
    allow_self_approval: bool = _setting(
        "RINGSIDE_SELF_APPROVAL", False, "1: who asks for a promotion may approve it, marked as such (a desk of one)"
    )

    @property
    def models_dir(self) -> Path:
        return self.home / "models"

    @property
    def data_dir(self) -> Path:
        return self.home / "data"

    @classmethod
    def from_mapping(cls, env: Mapping[str, str]) -> Settings:
        """Read the settings from environment-like text.

        Raises
        ------
        InputError
            A value is not of the setting's type; the message names the variable.

        Examples
        --------
        >>> Settings.from_mapping({"RINGSIDE_MEMORY_MB": "256"}).memory_mb
        256
        """
        values: dict[str, Any] = {}
        for item in fields(cls):
            text = env.get(item.metadata["env"])
            if text is not None and text != "":
                values[item.name] = _parse(item.metadata["env"], text, type(item.default))
        return cls(**values)


def _parse(name: str, text: str, kind: type) -> Any:
    if kind is bool:
        if text.lower() in {"1", "true", "yes", "on"}:
            return True
        if text.lower() in {"0", "false", "no", "off"}:
            return False
        raise InputError(f"{name} is '{text}'.", "It takes 1 or 0.", setting=name)
    if issubclass(kind, Path):
        return Path(text).expanduser().resolve()
    if kind is str:
        return _address(name, text)
    try:
        number = int(text)
    except ValueError:
        number = 0
    if number < 1:
        raise InputError(f"{name} is '{text}'.", "It takes a whole number of at least 1.", setting=name)
    return number


def _address(name: str, text: str) -> str:
    if not text.startswith(("http://", "https://")):
        raise InputError(f"{name} is '{text}'.", "It takes an address that begins with http:// or https://.")
    return text.rstrip("/")
