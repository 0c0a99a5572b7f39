"""Settings: every name, default, unit and meaning in one place. Nothing is read at import."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from core.errors import InputError

CHECKOUT = Path(__file__).resolve().parent.parent


def _setting(env: str, default: Any, meaning: str, *, told: bool = True) -> Any:
    """A setting; one that may hold a password is not `told`: no log and no traceback shows it."""
    return field(default=default, metadata={"env": env, "meaning": meaning}, repr=told)


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
    sign_in: str = _setting(
        "RINGSIDE_SIGN_IN",
        "off",
        "off (this machine only), local (accounts of this desk) or oidc (your identity provider)",
    )
    behind_proxy: bool = _setting(
        "RINGSIDE_BEHIND_PROXY",
        False,
        "1: a proxy in front ends TLS, so the desk may answer plain http off this machine",
    )
    session_hours: int = _setting("RINGSIDE_SESSION_HOURS", 12, "hours after which a person signs in again")
    database_url: str = _setting(
        "RINGSIDE_DATABASE_URL",
        "",
        "postgresql://... keeps log and ledger there, mysql://... the ledger; empty: files",
        told=False,
    )
    models: Path | None = _setting(
        "RINGSIDE_MODELS", None, "folder of the models, where several desks share one; empty: models/ in the home"
    )
    backups: Path | None = _setting(
        "RINGSIDE_BACKUPS", None, "folder of the backups, best on another disk; empty: data/backups in the home"
    )
    api_requests: int = _setting("RINGSIDE_API_REQUESTS", 6_000, "requests a minute that one token may send")
    max_upload_mb: int = _setting("RINGSIDE_MAX_UPLOAD_MB", 1_024, "MB that one upload to the API may have")
    clamd: str = _setting("RINGSIDE_CLAMD", "", "host:port or socket path of a clamd that looks at every upload")
    log_format: str = _setting("RINGSIDE_LOG_FORMAT", "text", "text or json: one line an entry, with its request's id")
    allow_self_approval: bool = _setting(
        "RINGSIDE_SELF_APPROVAL", False, "1: who asks for a promotion may approve it, marked as such (a desk of one)"
    )

    @property
    def models_dir(self) -> Path:
        return self.models or self.home / "models"

    @property
    def data_dir(self) -> Path:
        return self.home / "data"

    @property
    def backups_dir(self) -> Path:
        return self.backups or self.data_dir / "backups"

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
                values[item.name] = _parse(item.name, item.metadata["env"], text, item.default)
        return cls(**values)


_ONE_OF = {"sign_in": ("off", "local", "oidc"), "log_format": ("text", "json")}
_DATABASES = ("postgresql://", "mysql://", "mariadb://")


def _parse(field_name: str, name: str, text: str, default: Any) -> Any:
    if isinstance(default, bool):
        return _switch(name, text)
    if default is None or isinstance(default, Path):
        return Path(text).expanduser().resolve()
    if isinstance(default, int):
        return _number(name, text)
    if field_name in _ONE_OF:
        return _choice(name, text, _ONE_OF[field_name])
    if field_name == "url":
        return _address(name, text, ("http://", "https://")).rstrip("/")
    if field_name == "database_url":
        return _address(name, text, _DATABASES)
    return text


def _switch(name: str, text: str) -> bool:
    if text.lower() in {"1", "true", "yes", "on"}:
        return True
    if text.lower() in {"0", "false", "no", "off"}:
        return False
    raise InputError(f"{name} is '{text}'.", "It takes 1 or 0.", setting=name)


def _number(name: str, text: str) -> int:
    try:
        number = int(text)
    except ValueError:
        number = 0
    if number < 1:
        raise InputError(f"{name} is '{text}'.", "It takes a whole number of at least 1.", setting=name)
    return number


def _choice(name: str, text: str, known: tuple[str, ...]) -> str:
    if text not in known:
        raise InputError(f"{name} is '{text}'.", f"It takes one of {', '.join(known)}.", setting=name)
    return text


def _address(name: str, text: str, beginnings: tuple[str, ...]) -> str:
    """An address; it may hold a password, so what was given is not repeated."""
    if not text.startswith(beginnings):
        hint = f"It takes an address that begins with {' or '.join(beginnings)}."
        raise InputError(f"{name} is no such address.", hint, setting=name)
    return text
