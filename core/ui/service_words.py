"""The desk's own state in words: an icon, a word and a colour; figures with n and period."""

from __future__ import annotations

import math
from datetime import datetime

from core.domain.metrics.measured import Measured
from core.domain.service_level import FAR_TOO_SLOW_MS, MOST_ERRORS, PROMISED, SLOW_MS, Availability, Kept, Mark
from core.services.health import ServiceWindow
from core.ui import words

STYLES = {
    Mark.GOOD: ("green", "check_circle"),
    Mark.UNSURE: ("gray", "help"),
    Mark.BAD: ("orange", "warning"),
    Mark.WORSE: ("red", "error"),
}
LATENCY = {
    Mark.GOOD: f"Quick: sure to be within {SLOW_MS:.0f} ms",
    Mark.UNSURE: f"Too few requests to tell from {SLOW_MS:.0f} ms",
    Mark.BAD: f"Slow: sure to be above {SLOW_MS:.0f} ms",
    Mark.WORSE: f"Far too slow: sure to be above {FAR_TOO_SLOW_MS:.0f} ms",
}
ERRORS = {
    Mark.GOOD: f"In order: sure to be within {words.percent(MOST_ERRORS, 0)}",
    Mark.UNSURE: f"Too few requests to tell from {words.percent(MOST_ERRORS, 0)}",
    Mark.WORSE: f"Too many: sure to be above {words.percent(MOST_ERRORS, 0)}",
}
KEPT = {
    Kept.KEPT: (Mark.GOOD, f"Kept: {words.percent(PROMISED)} of 30 days is promised"),
    Kept.OPEN: (Mark.UNSURE, f"Whether {words.percent(PROMISED)} of 30 days is kept is not known yet"),
    Kept.BROKEN: (Mark.BAD, f"Broken: {words.percent(PROMISED)} of 30 days was promised"),
}


def state(mark: Mark, text: str) -> str:
    """A state in Markdown.

    >>> state(Mark.GOOD, "Quick")
    ':green[:material/check_circle: Quick]'
    """
    hue, icon = STYLES[mark]
    return f":{hue}[:material/{icon}: {text}]"


def ms(value: float) -> str:
    """Milliseconds to two figures, or seconds.

    >>> ms(4.72), ms(180.4), ms(2_340.0), ms(float("inf"))
    ('4.7 ms', '180 ms', '2.3 s', 'unknown')
    """
    if not math.isfinite(value):
        return "unknown"
    if value < 9.95:
        return f"{value:.1f} ms"
    return f"{value:.0f} ms" if value < 1_000 else f"{value / 1_000:.1f} s"


def between(found: Measured) -> str:
    """The interval of a latency; an end that the requests cannot tell is called so.

    >>> between(Measured("p99", 9.0, 8.0, float("inf"), 40, None, ""))
    'between 8.0 ms and an end that so few cannot tell'
    """
    end = ms(found.high) if math.isfinite(found.high) else "an end that so few cannot tell"
    return f"between {ms(found.low)} and {end}"


def rate(found: Measured) -> str:
    """An error rate with its interval."""
    return f"{words.percent(found.value, 2)} [{words.percent(found.low, 2)}, {words.percent(found.high, 2)}]"


def here(found: Availability) -> str:
    """The known share of the time that the desk was there.

    >>> here(Availability(datetime(2026, 3, 1), datetime(2026, 3, 2), 86_400, 43.2)), here(
    ...     Availability(datetime(2026, 3, 1), datetime(2026, 3, 2), 0, 0))
    ('99.95%', 'not known')
    """
    if found.share is None:
        return "not known"
    text = words.percent(found.share, 2)
    return "99.99%" if text == "100.00%" and found.down_s > 0 else text


def counted(window: ServiceWindow, at: datetime) -> str:
    """Since when requests are counted."""
    if window.counted_since is None:
        return "Nothing was asked yet; requests are counted from the first one on."
    return f"Requests are counted since {words.exact(window.counted_since)}, now {words.exact(at)}."
