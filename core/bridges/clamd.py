"""ClamAV's daemon looks at an upload: the INSTREAM command over TCP or a Unix socket.

Protocol: clamd(8). The content goes out in chunks, each behind its length as four bytes in network order; a chunk of
length 0 ends it. The answer is one line: "stream: OK", "stream: NAME FOUND" or "... ERROR".
"""

from __future__ import annotations

import socket
import struct
from pathlib import Path
from typing import BinaryIO

from core.errors import DeskError

CHUNK_BYTES = 1 << 18
ANSWER_SECONDS = 120.0  # a large file takes clamd a while


class NotLookedAt(DeskError):
    """Whether the content is harmful is not known: clamd did not answer, or would not look at it."""


def found_in(where: str, content: BinaryIO) -> str | None:
    """The name of what clamd found in a content; None where it found nothing.

    Parameters
    ----------
    where : str
        "host:port", or the path of a Unix socket.
    content : binary file
        Read from where it stands to its end.

    Raises
    ------
    NotLookedAt
    """
    try:
        with _connect(where) as connection:
            connection.settimeout(ANSWER_SECONDS)
            _send(connection, content)
            answer = _answer(connection)
    except (OSError, ValueError) as error:
        hint = "Start clamd, or set RINGSIDE_CLAMD to where it listens; until then no upload is taken."
        raise NotLookedAt(f"The virus scanner at {where} does not answer ({type(error).__name__}).", hint) from error
    if answer.endswith(" FOUND"):
        return answer.removeprefix("stream: ").removesuffix(" FOUND")
    if answer == "stream: OK":
        return None
    if "size limit" in answer:
        hint = "Raise StreamMaxLength in clamd.conf, or send the file in parts."
        raise NotLookedAt("The file is larger than the virus scanner takes.", hint)
    raise NotLookedAt(f"The virus scanner answered '{answer[:200]}'.", "Look at clamd's own log.")


def _connect(where: str) -> socket.socket:
    if where.startswith("/"):
        connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        connection.settimeout(5)
        try:
            connection.connect(str(Path(where)))
        except OSError:
            connection.close()
            raise
        return connection
    host, _, port = where.rpartition(":")
    return socket.create_connection((host.strip("[]"), int(port)), timeout=5)


def _send(connection: socket.socket, content: BinaryIO) -> None:
    """Everything, unless clamd has had enough: then its answer says why."""
    try:
        connection.sendall(b"zINSTREAM\0")
        while chunk := content.read(CHUNK_BYTES):
            connection.sendall(struct.pack("!I", len(chunk)) + chunk)
        connection.sendall(struct.pack("!I", 0))
    except (BrokenPipeError, ConnectionResetError):
        return


def _answer(connection: socket.socket) -> str:
    parts = []
    while part := connection.recv(4096):
        parts.append(part)
        if part.endswith(b"\0"):
            break
    if not parts:
        raise OSError("no answer")
    return b"".join(parts).rstrip(b"\0").decode("utf-8", "replace").strip()
