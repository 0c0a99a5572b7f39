"""Parts of the compliance report that are no events: fairness as it stood, alerts, the backups that there are."""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from typing import Any

from core.services.auditing.report_part import Part, moment, none
from core.services.desk import Desk


def fairness(desk: Desk, at: datetime) -> Part:
    """Gaps between groups of every use case, as they are watched and as known at a time."""
    from core.services.comparison.fairness_watch import worst_gaps

    rows = tuple(
        (
            key,
            gap.column,
            gap.kind,
            gap.arm,
            _figure(gap),
            f"{gap.n:,}",
            f"{gap.limit:.2f}",
            "BROKEN" if gap.breaks else "no",
            gap.sentence,
        )
        for key in desk.use_cases()
        for gap in worst_gaps(desk, key, at)
    )
    header = ("Use case", "Column", "Gap", "Decides", "Value, 95 %", "n", "Limit", "Broken", "In words")
    broken = sum(row[7] == "BROKEN" for row in rows)
    said = f"As known on {moment(at)}, of the last 90 days and the horizon before them. {broken} of {len(rows)} broken."
    return Part("Fairness as it stood", len(rows), said, header, rows)


def _figure(gap: Any) -> str:
    if gap.value is None:
        return "too few rows"
    return f"{gap.value:.3f} [{gap.low:.3f}, {gap.high:.3f}]"


def alerts(desk: Desk, since: datetime, until: datetime) -> Part:
    """Alerts that were open at any time of a period."""
    found = [
        alert
        for alert in desk.ledger.alerts(limit=100_000)
        if alert.opened_at < until and (alert.closed_at is None or alert.closed_at >= since)
    ]
    header = ("Opened", "Rule", "Of", "Severity", "State", "Owner", "n", "Last finding")
    rows = tuple(
        (
            moment(alert.opened_at),
            alert.rule.replace("_", " "),
            f"{alert.subject} {alert.about}".strip() + (" (simulated)" if alert.simulated else ""),
            alert.severity,
            alert.state + (f", {moment(alert.closed_at)}" if alert.closed_at else ""),
            alert.owner or "nobody",
            "" if alert.n is None else f"{alert.n:,}",
            alert.sentence,
        )
        for alert in reversed(found)
    )
    counted = Counter(alert.severity for alert in found)
    said = ", ".join(f"{n} {severity}" for severity, n in sorted(counted.items()))
    return Part("Drift and other alerts", len(rows), f"{said}." if said else none(rows), header, rows)


def backups(desk: Desk, since: datetime, until: datetime) -> Part:
    """Backups of a period that are still kept; the desk makes most of them by itself, which is no event."""
    from core.services.backing_up.backups import listed

    found = [item for item in listed(desk.settings) if since <= item.made_at < until]
    header = ("Made", "Id", "Why", "Rows", "Last event", "Its hash", "Read again")
    rows = tuple(
        (
            moment(item.made_at),
            item.id,
            item.reason,
            f"{item.n_rows:,}",
            f"{item.event_seq:,}",
            item.event_hash,
            "DAMAGED" if item.damaged else "whole" if item.verified else "not yet",
        )
        for item in reversed(found)
    )
    return Part("Backups that are kept", len(rows), none(rows), header, rows)
