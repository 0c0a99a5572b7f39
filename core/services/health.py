"""How the service did over a stretch of time: answers, errors, availability; the page and the watch rules read it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from core.domain.metrics.measured import Measured
from core.domain.metrics.proportion import proportion
from core.domain.service_level import Availability, Stretch, added, availability, by_day, percentiles
from core.services.desk import Desk
from core.services.request_counts import SCORE_FILE, SCORE_ONE
from core.store.ledger_service import RequestCount

PROMISED_DAYS = 30

# Set while a simulated history is watched: its rules read how the simulated desk did, and nobody else ever does.
looking_back: ContextVar[bool] = ContextVar("looking_back", default=False)


@dataclass(frozen=True)
class ServiceWindow:
    """What was counted of the requests that ended within since <= minute < until, of every process of the desk.

    Attributes
    ----------
    since, until : datetime
        UTC.
    counted_since : datetime or None
        The first minute that is kept at all; None: nothing was ever asked.
    n, refused, errors : int
        Requests, and those among them whose input was refused (in order) and that failed (not in order).
    error_rate : Measured or None
        errors / n with its Wilson interval; None without a request.
    latency : mapping of "p50" | "p95" | "p99" to Measured
        ms from the call to the answer of single scores, logged; {} without one. Within 5 % of the single values.
    by_operation : mapping of operation to (n, refused, errors)
    file_rows : int
        Rows of the files that were scored.
    file_rows_per_second : float or None
        Those rows over the seconds their jobs ran; None where no file was scored.
    availability : Availability
        By the beats, of the same stretch of time.
    """

    since: datetime
    until: datetime
    counted_since: datetime | None
    n: int
    refused: int
    errors: int
    error_rate: Measured | None
    latency: Mapping[str, Measured]
    by_operation: Mapping[str, tuple[int, int, int]]
    file_rows: int
    file_rows_per_second: float | None
    availability: Availability

    @property
    def p95_ms(self) -> float | None:
        """The latency that 95 of 100 single scores keep within; None without one."""
        found = self.latency.get("p95")
        return found.value if found is not None else None

    @property
    def error_rate_low(self) -> float | None:
        """Lower bound of the error rate; None without a request."""
        return self.error_rate.low if self.error_rate is not None else None


def service_window(desk: Desk, since: datetime, until: datetime) -> ServiceWindow:
    """The figures of a stretch of time; what this process has not written down yet is counted as well.

    Times older than two days are kept by the hour: an hour counts where it began.
    """
    counts = requests(desk, since, until)
    n, refused, errors = totals(counts)
    files = [count for count in counts if count.operation == SCORE_FILE]
    rows, busy = sum(count.rows for count in files), sum(count.busy_s for count in files)
    return ServiceWindow(
        since=since,
        until=until,
        counted_since=counted_since(desk),
        n=n,
        refused=refused,
        errors=errors,
        error_rate=proportion("error rate", errors, n) if n else None,
        latency=percentiles(added(count.latency for count in counts if count.operation == SCORE_ONE)),
        by_operation={
            operation: totals([count for count in counts if count.operation == operation])
            for operation in sorted({count.operation for count in counts})
        },
        file_rows=rows,
        file_rows_per_second=rows / busy if busy > 0 else None,
        availability=availability(desk.ledger.beats(since, looking_back.get()), since, until),
    )


def requests(desk: Desk, since: datetime, until: datetime) -> list[RequestCount]:
    """Counts that are written down, and those of this process that wait for it; of the simulated desk, see below."""
    if looking_back.get():
        return desk.ledger.requests(since, until, simulated=True)
    waiting = [count for count in desk.requests.waiting() if since <= count.begins < until]
    return desk.ledger.requests(since, until) + waiting


def totals(counts: Sequence[RequestCount]) -> tuple[int, int, int]:
    """All requests, the refused and the failed ones."""
    n, refused, errors = (sum(getattr(count, name) for count in counts) for name in ("n", "refused", "errors"))
    return n, refused, errors


def counted_since(desk: Desk) -> datetime | None:
    """When the first minute began that holds a request."""
    known = [count.begins for count in desk.requests.waiting()]
    first = desk.ledger.first_request()
    return min([*known, *([first] if first is not None else [])], default=None)


def days(desk: Desk, now: datetime, n_days: int = PROMISED_DAYS) -> dict[date, Availability]:
    """Availability by UTC day, oldest first, today until now."""
    since = now - timedelta(days=n_days - 1)
    since = since.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    beats: Sequence[Stretch] = desk.ledger.beats(since)
    return by_day(beats, since, now)
