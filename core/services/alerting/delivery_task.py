"""Messages that did not arrive are tried again when their time has come."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from core.services.alerting.delivery import retry
from core.services.desk import Desk
from core.services.scheduling.task import Task


def run(desk: Desk, now: datetime) -> Mapping[str, Any]:
    """Send what is due; `found` is False where nothing was tried."""
    made = retry(desk, now)
    tried = made.sent + made.put_off + made.given_up
    return {"said": made.said, "sent": made.sent, "put_off": made.put_off, "given_up": made.given_up, "found": tried}


RETRY = Task("deliver messages", "Send messages about alerts", "* * * * *", run, quiet=True)
