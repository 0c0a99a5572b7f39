"""Whether it is time to write down that a session or a token was used: once a minute, by one request of all that come.

The rest must not wait for the ledger's writers: a request that only asks who sent it should never write.
"""

from __future__ import annotations

import threading
from datetime import datetime, timedelta
from weakref import WeakKeyDictionary

from core.services.desk import Desk

EVERY = timedelta(minutes=1)
_FULL = 10_000  # sessions and tokens remembered before those of a while ago are forgotten

_guard = threading.Lock()
_marked: WeakKeyDictionary[Desk, dict[str, datetime]] = WeakKeyDictionary()


def due(desk: Desk, key: str, last: datetime | None, at: datetime) -> bool:
    """Whether this request is to write it down.

    Parameters
    ----------
    key : str
        Of the session or the token.
    last : datetime or None
        When it was written down last, as the ledger says.
    """
    if last is not None and at - last < EVERY:
        return False
    with _guard:
        marked = _marked.setdefault(desk, {})
        if timedelta(0) <= at - marked.get(key, at - EVERY) < EVERY:
            return False
        if len(marked) >= _FULL:
            for old in [known for known, mark in marked.items() if at - mark >= EVERY]:
                del marked[old]
        marked[key] = at
    return True
