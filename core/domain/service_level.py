"""How quickly requests were answered, and how much of the time the desk was there: counts and beats in, figures out.

Latencies are kept as counts between fixed bounds, each a tenth above the last, so that the counts of several minutes
and processes add up; a percentile read from them is within 5 % of the one of the single values.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum

from core.domain.metrics.intervals import z_value
from core.domain.metrics.measured import Measured

STEP = 1.1
BOUNDS = tuple(0.1 * STEP**place for place in range(146))  # ms: .1 to 100,700
ERROR = math.sqrt(STEP) - 1  # of a percentile, as a share of it
SHARES = {"p50": 0.50, "p95": 0.95, "p99": 0.99}

SLOW_MS, FAR_TOO_SLOW_MS = 200.0, 500.0  # p95 of single scores
MOST_ERRORS = 0.01  # of the requests, by the lower bound
PROMISED = 0.995  # of 30 days
BEAT = timedelta(seconds=60)
GAP = 3 * BEAT  # a longer silence is down time

Histogram = Mapping[int, int]  # place among the bounds -> requests
Stretch = tuple[datetime, datetime]  # first and last beat


def place_of(ms: float) -> int:
    """The bucket k of a latency: BOUNDS[k - 1] < ms <= BOUNDS[k].

    >>> place_of(0.05), place_of(0.105), place_of(1e9) == len(BOUNDS)
    (0, 1, True)
    """
    return bisect_left(BOUNDS, ms)


def added(histograms: Iterable[Histogram]) -> dict[int, int]:
    """Counts of several minutes or processes together."""
    total: Counter[int] = Counter()
    for histogram in histograms:
        total.update(histogram)
    return dict(total)


def percentiles(histogram: Histogram) -> dict[str, Measured]:
    """p50, p95 and p99 in ms with their 95 % intervals by order statistics; {} without a request.

    A bucket's ends are part of the interval. An end that so few requests cannot tell is infinite.

    Examples
    --------
    >>> found = percentiles({place_of(10.0): 990, place_of(400.0): 10})
    >>> round(found["p50"].value), round(found["p95"].high), round(found["p99"].high), found["p99"].n
    (10, 11, 439, 1000)
    """
    n = sum(histogram.values())
    return {name: _percentile(name, share, histogram, n) for name, share in SHARES.items()} if n else {}


def _percentile(name: str, share: float, histogram: Histogram, n: int) -> Measured:
    reach = z_value() * math.sqrt(n * share * (1 - share))
    first, last = math.floor(n * share - reach), math.ceil(n * share + reach) + 1
    value = _middle(_bucket_at(histogram, max(1, math.ceil(n * share))))
    low = 0.0 if first < 1 else _edges(_bucket_at(histogram, first))[0]
    high = math.inf if last > n else _edges(_bucket_at(histogram, last))[1]
    return Measured(name, value, low, high, n, None, "order statistics")


def _bucket_at(histogram: Histogram, rank: int) -> int:
    """The bucket that holds the request of a rank, the quickest being 1."""
    seen = 0
    for place in sorted(histogram):
        seen += histogram[place]
        if seen >= rank:
            return place
    raise ValueError(f"rank {rank} is beyond {seen} requests")


def _edges(place: int) -> tuple[float, float]:
    low = BOUNDS[place - 1] if place else 0.0
    return low, BOUNDS[place] if place < len(BOUNDS) else math.inf


def _middle(place: int) -> float:
    if place in (0, len(BOUNDS)):
        return BOUNDS[min(place, len(BOUNDS) - 1)]
    low, high = _edges(place)
    return math.sqrt(low * high)


class Mark(StrEnum):
    """What a figure comes to."""

    GOOD = "in order"
    UNSURE = "not known yet"
    BAD = "out of order"
    WORSE = "far out of order"


def mark_latency(p95: Measured | None) -> Mark:
    """Whether single scores are quick enough: beyond a limit by the end of the interval that is sure.

    >>> [mark_latency(Measured("p95", 150.0, low, high, 99, None, "")).value for low, high in ((90, 190), (90, 210))]
    ['in order', 'not known yet']
    """
    if p95 is None:
        return Mark.UNSURE
    if p95.low > SLOW_MS:
        return Mark.WORSE if p95.low > FAR_TOO_SLOW_MS else Mark.BAD
    return Mark.GOOD if p95.high <= SLOW_MS else Mark.UNSURE


def mark_errors(rate: Measured | None) -> Mark:
    """Whether as few requests fail as must: by the lower bound out of order, by the upper one in order."""
    if rate is None:
        return Mark.UNSURE
    if rate.low > MOST_ERRORS:
        return Mark.WORSE
    return Mark.GOOD if rate.high <= MOST_ERRORS else Mark.UNSURE


class Kept(StrEnum):
    """What became of a promise."""

    KEPT = "kept"
    OPEN = "not known yet"
    BROKEN = "broken"


@dataclass(frozen=True)
class Availability:
    """How much of a period the desk was there.

    Attributes
    ----------
    since, until : datetime
    known_s : float
        Seconds of the period since the first beat of all; what was before is not known.
    down_s : float
        Known seconds in silences longer than `GAP`.
    """

    since: datetime
    until: datetime
    known_s: float
    down_s: float

    @property
    def share(self) -> float | None:
        """Of the known time, the share that the desk was there; None while nothing is known."""
        return 1.0 - self.down_s / self.known_s if self.known_s > 0 else None

    @property
    def known_share(self) -> float:
        """Share of the period that is known."""
        whole = (self.until - self.since).total_seconds()
        return self.known_s / whole if whole > 0 else 0.0

    def kept(self, promised: float = PROMISED) -> Kept:
        """Whether a promise over the period was kept, whatever the unknown part was; or that this is not known.

        >>> day = datetime(2026, 3, 1, tzinfo=UTC), datetime(2026, 3, 2, tzinfo=UTC)
        >>> [Availability(*day, *known).kept().value for known in ((86_400, 60), (86_400, 900), (43_200, 0))]
        ['kept', 'broken', 'not known yet']
        """
        whole = (self.until - self.since).total_seconds()
        if self.down_s > (1.0 - promised) * whole:
            return Kept.BROKEN
        return Kept.KEPT if self.known_s - self.down_s >= promised * whole else Kept.OPEN


def availability(beats: Sequence[Stretch], since: datetime, until: datetime) -> Availability:
    """What stretches of beats say of a period; they may overlap, as those of several processes do.

    Parameters
    ----------
    beats : sequence of (first beat, last beat)
        The earliest of all among them, also where it is before the period.
    """
    return _of_merged(_merged(beats), since, until)


def by_day(beats: Sequence[Stretch], since: datetime, until: datetime) -> dict[date, Availability]:
    """The same for every UTC day that the period touches, cut to the period."""
    merged, found, day = _merged(beats), {}, since.astimezone(UTC).date()
    while (begin := datetime.combine(day, time(), UTC)) < until:
        end = begin + timedelta(days=1)
        found[day] = _of_merged(merged, max(begin, since), min(end, until))
        day = end.date()
    return found


def _of_merged(merged: Sequence[Stretch], since: datetime, until: datetime) -> Availability:
    if not merged:
        return Availability(since, until, 0.0, 0.0)
    known = (until - max(since, merged[0][0])).total_seconds()
    ends = [first for first, _ in merged[1:]]
    last = merged[-1][1]
    ends.append(until if until - last > GAP else last)  # the next beat may still come
    silences = [(stop, start) for (_, stop), start in zip(merged, ends, strict=True) if start > stop]
    down = sum(max(0.0, (min(end, until) - max(begin, since)).total_seconds()) for begin, end in silences)
    return Availability(since, until, max(0.0, known), down)


def _merged(beats: Sequence[Stretch]) -> list[Stretch]:
    """Stretches in order, those no further apart than `GAP` joined."""
    merged: list[Stretch] = []
    for first, last in sorted(beats):
        if merged and first - merged[-1][1] <= GAP:
            merged[-1] = (merged[-1][0], max(merged[-1][1], last))
        else:
            merged.append((first, last))
    return merged
