"""The simulated history on the home page: offered to an empty desk, told while it is there, removed by a button."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from core.services.access import Action, may
from core.ui import messages, state, words

if TYPE_CHECKING:
    from core.services.overview import Overview

_KIND = "simulate"


def history(seen: Overview) -> None:
    """One line on the simulated rows of this desk, or the offer to make some; nothing on a desk of real rows."""
    running = [job for job in seen.running if job.kind == _KIND]
    if running:
        _follow(running[0].id)
    elif seen.simulated_rows:
        _told(seen.simulated_rows)
    elif seen.offers_history and may(state.actor(), Action.SIMULATE):
        _offered()


def _told(n_rows: int) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        said = f"{words.count(n_rows, 'row')} of this desk are simulated: a generator drew them and their outcomes."
        st.markdown(f":gray[:material/science:] {said}")
        if may(state.actor(), Action.CLEAR_SIMULATED):
            st.button("Remove the simulated history", key="clear_history", icon=":material/delete:", on_click=_clear)


def _offered() -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(":gray[:material/science:] Six made-up months, marked as simulated, show every page at work.")
        st.button("Fill with six simulated months", key="fill_history", icon=":material/history:", on_click=_fill)


def _fill() -> None:
    from core.services.history import job

    with messages.told():
        job.submit(state.desk(), state.actor())


def _clear() -> None:
    from core.services.history import job

    with messages.told():
        job.clear(state.desk(), state.actor())


@st.fragment(run_every=1.0)
def _follow(job_id: str) -> None:
    job = state.desk().jobs.state(job_id)
    if job.finished:
        st.rerun()
    st.progress(job.fraction, text=f"Simulating: {job.message or job.state}, {words.duration(job.seconds)} so far")
