"""The admin page's views, one at a time; the link names it (`?view=Storage`)."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from core.ui import admin_backups, admin_people, admin_rules, admin_storage, admin_tokens, admin_work, frame

VIEWS: dict[str, Callable[[], None]] = {
    "People": admin_people.show,
    "Tokens": admin_tokens.show,
    "Jobs": admin_work.show,
    "Backups": admin_backups.show,
    "Storage": admin_storage.show,
    "In force": admin_rules.show,
}


def pick_view() -> Callable[[], None]:
    """What to look at, in the URL."""
    first = next(iter(VIEWS))
    asked = st.segmented_control(
        "Look at", list(VIEWS), default=first, required=True, key=frame.VIEW, bind="query-params",
        label_visibility="collapsed",
    )  # fmt: skip
    return VIEWS[str(asked or first)]
