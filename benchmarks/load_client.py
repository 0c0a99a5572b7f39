"""Programs that score one row after the other over kept connections; as little work of their own as can be."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit


@dataclass(frozen=True)
class Heard:
    """One answer; status 0 where the connection broke."""

    status: int
    ms: float
    prediction_id: str = ""
    score: float = 0.0


class Traffic:
    """Clients that share rows: each sends one, waits for the answer, and takes the next.

    Every second request carries an Idempotency-Key.
    """

    def __init__(self, address: str, path: str, rows: Sequence[bytes], clients: int) -> None:
        found = urlsplit(address)
        self._host, self._port, self._path = str(found.hostname), int(found.port or 80), path
        self._rows: Iterator[tuple[int, bytes]] = iter(enumerate(rows))
        self._clients = clients

    def run(self, seconds: float) -> list[Heard]:
        """Send for so long; every answer, in the order of their clients."""
        return asyncio.run(self._run(seconds))

    async def _run(self, seconds: float) -> list[Heard]:
        until = time.perf_counter() + seconds
        found = await asyncio.gather(*(self._client(until) for _ in range(self._clients)))
        return [item for heard in found for item in heard]

    async def _client(self, until: float) -> list[Heard]:
        heard: list[Heard] = []
        reader, writer = await asyncio.open_connection(self._host, self._port)
        for place, row in self._rows:
            if time.perf_counter() > until:
                break
            began = time.perf_counter()
            try:
                writer.write(self._request(place, row))
                status, body = await _answer(reader)
            except (OSError, EOFError):
                heard.append(Heard(0, (time.perf_counter() - began) * 1_000))
                reader, writer = await asyncio.open_connection(self._host, self._port)
                continue
            ms = (time.perf_counter() - began) * 1_000
            said = json.loads(body) if status == 200 else {}
            heard.append(Heard(status, ms, said.get("prediction_id", ""), said.get("score", 0.0)))
        writer.close()
        return heard

    def _request(self, place: int, row: bytes) -> bytes:
        key = f"Idempotency-Key: {self._port}-{time.time_ns()}-{place}\r\n" if place % 2 else ""
        head = (
            f"POST {self._path} HTTP/1.1\r\nHost: {self._host}:{self._port}\r\n{key}"
            f"Content-Type: application/json\r\nContent-Length: {len(row)}\r\n\r\n"
        )
        return head.encode() + row


async def _answer(reader: asyncio.StreamReader) -> tuple[int, bytes]:
    head = await reader.readuntil(b"\r\n\r\n")
    first, *lines = head.decode().split("\r\n")
    lengths = [line.partition(":")[2] for line in lines if line.lower().startswith("content-length:")]
    return int(first.split(" ")[1]), await reader.readexactly(int(lengths[0]))
