"""What a page says while another version scores in place of the acting one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from core.services.access import Action, may
from core.ui import messages, state, words

if TYPE_CHECKING:
    from core.services.governing.standby import StandIn


def banner() -> None:
    """Say above every page that a former version scores the chosen use case; nothing where the acting one does."""
    key = st.session_state.get(state.USE_CASE)
    found = state.desk().stand_in(key) if key else None
    if key is None or found is None:
        return
    next_step = " Mend its files and try it again, or roll back." if may(state.actor(), Action.ROLL_BACK) else ""
    st.warning(
        f"{_since(found)} No row fails: each is scored, and logged under the version that scored it.{next_step}",
        title=_title(found),
        icon=":material/switch_access_shortcut:",
    )
    if may(state.actor(), Action.ROLL_BACK):
        _again(key, found)


def _title(found: StandIn) -> str:
    if may(state.actor(), Action.SEE_MODELS):
        return f"Version {found.serving.version} stands in for {found.failed}, which cannot score."
    return "An earlier model scores for now."


def _since(found: StandIn) -> str:
    since = f"Found {words.moment(found.since)}."
    if not may(state.actor(), Action.SEE_MODELS):
        return since
    return f"{since} {messages.plain(found.problem)}"


def _again(key: str, found: StandIn) -> None:
    if st.button(
        f"Try {found.failed} again",
        key=f"again:{key}",
        icon=":material/restart_alt:",
        help="Reads its files anew and scores its reference rows; it serves again if both work.",
    ):
        with messages.told():
            from core.services.governing import standby

            standby.try_again(state.desk(), state.actor(), key)
            st.rerun()
