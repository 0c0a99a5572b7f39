"""The audit page's views, one at a time; the link names it (`?view=Chain`)."""

from __future__ import annotations

from collections.abc import Callable

from core.ui import audit_chain, audit_events, audit_report, audit_scores

VIEWS: dict[str, Callable[[], None]] = {
    "Events": audit_events.show,
    "Chain": audit_chain.show,
    "Past scores": audit_scores.show,
    "Report": audit_report.show,
}
