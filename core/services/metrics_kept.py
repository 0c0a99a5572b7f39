"""What a scrape does not read each time: kept until what it depends on changes, or for a minute and more."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Hashable
from typing import Any, TypeVar
from weakref import WeakKeyDictionary

from core.services.desk import Desk

T = TypeVar("T")

SECONDS = 60.0
SHARE = 0.01  # of the time that reading may take up

_guard = threading.Lock()
_kept: WeakKeyDictionary[Desk, dict[str, tuple[Any, Any]]] = WeakKeyDictionary()


def read_seldom(desk: Desk, name: str, read: Callable[[], T], clock: Callable[[], float] = time.monotonic) -> T:
    """What `read` returned lately, or what it returns now.

    It is kept for a minute, or for as long as makes reading it one part in a hundred of the time. Two scrapes at once
    read once: the second waits for the first.
    """
    with _guard:
        mine = _kept.setdefault(desk, {})
        until, value = mine.get(name, (float("-inf"), None))
        began = clock()
        if began >= until:
            value = read()
            ended = clock()
            mine[name] = (ended + max(SECONDS, (ended - began) / SHARE), value)
        found: T = value
        return found


def read_anew(desk: Desk, name: str, mark: Hashable, read: Callable[[], T]) -> T:
    """What `read` returned when it was asked for with the same mark, or what it returns now."""
    with _guard:
        mine = _kept.setdefault(desk, {})
        known, value = mine.get(name, (None, None))
        if known != (mark,):
            value = read()
            mine[name] = ((mark,), value)
        found: T = value
        return found
