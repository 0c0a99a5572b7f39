"""Addresses and passwords that people gave the desk: data/secrets.toml, readable by its owner alone.

They are not in the ledger, because the ledger is made to be read and copied: by auditors, into backups, for ever (its
events cannot be taken out again). The ledger keeps a name, and the name is worth nothing without this file. A text
that an operator does not want on disk stays in the environment: the name "env:NAME" stands for that variable.
"""

from __future__ import annotations

import fcntl
import json
import os
import re
import secrets
import stat
import tomllib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from core.errors import DeskError, InputError

FROM_ENVIRONMENT = "env:"
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


class SecretTexts:
    """Secret texts by name.

    Parameters
    ----------
    path : Path
        The file; made, with mode 0600, when the first text is put into it.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def get(self, name: str, env: Mapping[str, str] | None = None) -> str:
        """The text of a name.

        Raises
        ------
        InputError
            There is none; the message names the name, which is no secret.
        DeskError
            Others may read the file, or it is none of this kind.
        """
        if name.startswith(FROM_ENVIRONMENT):
            variable = name.removeprefix(FROM_ENVIRONMENT)
            text = (os.environ if env is None else env).get(variable, "")
            if not text:
                raise InputError(f"The environment variable {variable} is not set.", "Set it and start the desk again.")
            return text
        text = self._read().get(name, "")
        if not text:
            raise InputError(f"{self._path.name} has no text '{name}'.", "Give the address again.")
        return text

    def put(self, text: str) -> str:
        """Keep a text and return the name it has from now on; "env:NAME" is kept nowhere and is its own name.

        Raises
        ------
        InputError
            It is empty or holds a control character; or "env:" is followed by no variable's name.
        """
        if text.startswith(FROM_ENVIRONMENT):
            if not _VARIABLE.fullmatch(text.removeprefix(FROM_ENVIRONMENT)):
                raise InputError("What follows 'env:' is no name of an environment variable.", "Such as env:SLACK_URL.")
            return text
        if not text or any(ord(letter) < 32 or ord(letter) == 127 for letter in text):
            raise InputError("A secret text is empty or holds a control character.", "Give it in one line.")
        name = secrets.token_hex(8)
        with self._alone():
            self._write(self._read() | {name: text})
        return name

    def drop(self, name: str) -> None:
        """Forget a text; nothing happens where there is none."""
        with self._alone():
            kept = self._read()
            if kept.pop(name, None) is not None:
                self._write(kept)

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Between reading the file and writing it no other process writes: else one of two texts would be lost."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        handle = os.open(self._path.with_name(f".{self._path.name}.lock"), os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield
        finally:
            os.close(handle)  # and with it the lock

    def _read(self) -> dict[str, str]:
        if not self._path.exists():
            return {}
        if os.name == "posix" and stat.S_IMODE(self._path.stat().st_mode) & 0o077:
            raise DeskError(f"Others may read {self._path.name}.", f"Run: chmod 600 data/{self._path.name}")
        try:
            found = tomllib.loads(self._path.read_text(encoding="utf-8"))
        except (tomllib.TOMLDecodeError, UnicodeDecodeError):
            raise DeskError(
                f"{self._path.name} cannot be read.", 'It takes lines of the kind: name = "text".'
            ) from None
        return {name: text for name, text in found.items() if isinstance(text, str)}

    def _write(self, texts: Mapping[str, str]) -> None:
        part = self._path.with_name(f".{self._path.name}.{os.getpid()}.{secrets.token_hex(4)}")
        handle = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w", encoding="utf-8") as stream:
            stream.write("# Secrets of this desk: who reads them can write to its channels.\n")
            # a JSON text without control characters is a TOML text
            stream.writelines(f"{name} = {json.dumps(text, ensure_ascii=False)}\n" for name, text in texts.items())
            stream.flush()
            os.fsync(stream.fileno())
        os.replace(part, self._path)
