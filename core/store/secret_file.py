"""A secret of this desk in a file that only its owner may read."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

from core.errors import DeskError

_BYTES = 32


def read_or_make(path: Path) -> bytes:
    """The secret in a file, 32 random bytes; made at the first call, by whichever process comes first.

    Raises
    ------
    DeskError
        The file holds something else; what was hashed with the lost secret can no longer be matched.
    """
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
        handle = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w") as stream:
            stream.write(secrets.token_hex(_BYTES) + "\n")
        try:
            os.link(part, path)  # fails where another process was faster: its secret counts
        except FileExistsError:
            pass
        finally:
            part.unlink()
    try:
        found = bytes.fromhex(path.read_text().strip())
    except ValueError:
        found = b""
    if len(found) != _BYTES:
        raise DeskError(f"{path.name} is no secret of this desk.", "Bring the file back from a backup.")
    return found
