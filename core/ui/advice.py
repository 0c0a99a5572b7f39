"""The recommendation card: what a use case advises about one row."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from core.domain.advice import Advice
from core.ui import messages, words


def card(advice: Sequence[Advice]) -> None:
    """One line per recommendation: what it is about, and what to do."""
    with st.container(border=True, gap="small"):
        st.markdown("**Recommended**")
        for item in advice:
            st.markdown(line(item))


def line(item: Advice) -> str:
    """A recommendation in Markdown; its tone is icon and colour, its topic the word beside them.

    >>> line(Advice("Channel", "Phone first."))
    ':blue-badge[:material/arrow_circle_up: Channel] Phone first.'
    """
    hue, icon = words.TONE_HUE[item.tone], words.TONE_ICON[item.tone]
    return f":{hue}-badge[{icon} {messages.plain(item.topic)}] {messages.plain(item.text)}"
