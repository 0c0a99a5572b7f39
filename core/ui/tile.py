"""One figure in a frame of its own: what it is, its value, and what it takes to read it."""

from __future__ import annotations

import streamlit as st


def tile(label: str, value: str, note: str) -> None:
    """A figure; `note` is Markdown and says of what, since when, out of how many."""
    with st.container(border=True, height="stretch", gap="small"):
        st.metric(label, value)
        st.caption(note)
