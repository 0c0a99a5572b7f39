"""The heartbeat: each minute the desk says that it is there and writes down what it has counted."""

from __future__ import annotations

import os
import socket
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from core.services.desk import Desk
from core.services.health_facts import measured_sizes
from core.services.scheduling.task import Task

BY_MINUTE = timedelta(hours=48)  # older counts are kept by the hour
KEPT = timedelta(days=400)


def heartbeat(desk: Desk, now: datetime) -> Mapping[str, Any]:
    """Beat, write down the requests counted since the last beat and what the desk takes up; safe to repeat."""
    desk.requests.write(desk.ledger.add_requests)
    desk.ledger.beat(_process(), now)
    desk.ledger.add_sizes(measured_sizes(desk, now))
    desk.ledger.add_up_requests(now - BY_MINUTE)
    desk.ledger.forget_service(now - KEPT)
    return {"said": f"The desk was there at {now:%H:%M} UTC."}


def _process() -> str:
    return f"{socket.gethostname()}:{os.getpid()}"


HEARTBEAT = Task("heartbeat", "Say that the desk is there, count its requests", "every 60s", heartbeat, quiet=True)
