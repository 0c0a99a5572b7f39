"""How a rule's sentence names the stretch of time that it looked back over."""

from __future__ import annotations

from datetime import timedelta


def last(window: timedelta) -> str:
    """The window as a noun.

    >>> last(timedelta(hours=1)), last(timedelta(hours=6)), last(timedelta(days=30))
    ('last hour', 'last 6 hours', 'last 30 days')
    """
    hours = window.total_seconds() / 3_600
    if hours == 1:
        return "last hour"
    return f"last {window.days} days" if hours % 24 == 0 and window.days > 1 else f"last {hours:g} hours"
