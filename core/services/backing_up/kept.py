"""Which backups are kept: one an hour, one a day, one a month, thinned as they age. The numbers stand here alone."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

HOURS, DAYS, MONTHS = 48, 30, 12
ALL_FOR = timedelta(hours=2)
BY_HAND_FOR = timedelta(days=30)

HOURLY, DAILY, ON_CHANGE, BY_HAND = "hourly", "daily", "on change", "by hand"


@dataclass(frozen=True)
class Made:
    """A backup, as far as keeping it goes."""

    id: str
    made_at: datetime
    reason: str
    verified: bool


_SPANS: tuple[tuple[Callable[[datetime], str], int], ...] = (
    (lambda at: f"{at:%Y-%m-%d %H}", HOURS),
    (lambda at: f"{at:%Y-%m-%d}", DAYS),
    (lambda at: f"{at:%Y-%m}", MONTHS),
)


def no_longer_kept(backups: Sequence[Made], now: datetime) -> list[str]:
    """The ids of backups that may go.

    Every backup is kept for `ALL_FOR`, one that somebody made for `BY_HAND_FOR`. Of each of the last `HOURS` hours,
    `DAYS` days and `MONTHS` months that have any, the newest is kept; and always the newest that was read again and
    was whole.
    """
    newest = sorted(backups, key=lambda made: made.made_at, reverse=True)
    kept = {made.id for made in newest[:1]} | {made.id for made in [made for made in newest if made.verified][:1]}
    kept |= {made.id for made in newest if now - made.made_at <= ALL_FOR}
    kept |= {made.id for made in newest if made.reason == BY_HAND and now - made.made_at <= BY_HAND_FOR}
    for span, most in _SPANS:
        seen: set[str] = set()
        for made in newest:
            name = span(made.made_at.astimezone(UTC))
            if name not in seen and len(seen) < most:
                seen.add(name)
                kept.add(made.id)
    return [made.id for made in newest if made.id not in kept]
