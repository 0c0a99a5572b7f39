"""The audit page's views, one at a time; the link names it (`?view=Chain`)."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from core.ui import audit_chain, audit_events, audit_report, audit_scores, frame

VIEWS: dict[str, Callable[[], None]] = {
    "Events": audit_events.show,
    "Chain": audit_chain.show,
    "Past scores": audit_scores.show,
    "Report": audit_report.show,
}


def pick_view() -> Callable[[], None]:
    """What to look at, in the URL."""
    first = next(iter(VIEWS))
    asked = st.segmented_control(
        "Look at", list(VIEWS), default=first, required=True, key=frame.VIEW, bind="query-params",
        label_visibility="collapsed",
    )  # fmt: skip
    return VIEWS[str(asked or first)]
