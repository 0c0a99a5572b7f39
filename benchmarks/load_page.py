"""Open the first page again and again as a browser does, without drawing it.

python -m benchmarks.load_page ADDRESS SECONDS

A session of its own every time, from the connection to the end of the page's script.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
import urllib.request

from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.asyncio.client import connect

PAUSE = 2.0  # seconds between two openings


async def page_ms(address: str) -> float:
    """Milliseconds of opening the page once."""
    began = time.perf_counter()
    await asyncio.to_thread(lambda: urllib.request.urlopen(address, timeout=60).read())
    stream = address.replace("http", "ws", 1) + "/_stcore/stream"
    async with connect(stream, origin=address, subprotocols=["streamlit"], max_size=None) as socket:  # type: ignore[arg-type,list-item]
        asked = BackMsg()
        asked.rerun_script.query_string = ""
        await socket.send(asked.SerializeToString())
        async for piece in socket:
            said = ForwardMsg.FromString(piece if isinstance(piece, bytes) else piece.encode())
            if said.WhichOneof("type") == "script_finished":
                break
    return (time.perf_counter() - began) * 1_000


async def main(address: str, seconds: float) -> list[float]:
    """One opening after the other, for so long."""
    until = time.perf_counter() + seconds
    taken: list[float] = []
    while not taken or time.perf_counter() < until:
        taken.append(round(await page_ms(address), 1))
        await asyncio.sleep(min(PAUSE, max(0.0, until - time.perf_counter())))
    return taken


if __name__ == "__main__":
    print(json.dumps(asyncio.run(main(sys.argv[1], float(sys.argv[2])))))
