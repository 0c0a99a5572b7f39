"""The schedule page's runs: every one with its result; of one task, or only those that did not go as planned."""

from __future__ import annotations

from functools import partial

import streamlit as st

from core.services.scheduling import board as service
from core.services.scheduling.board import Board
from core.ui import schedule_words as say
from core.ui import state, words
from core.ui.schedule_tasks import badges

SHOWN = 200
EVERY = "All tasks"


def runs(seen: Board) -> None:
    """The newest runs, newest first."""
    st.subheader("What came of it", anchor=False)
    titles = {item.task.key: item.task.title for item in seen.tasks}
    with st.container(horizontal=True, vertical_alignment="bottom"):
        asked = str(
            st.selectbox(
                "Runs of", [EVERY, *titles], key="schedule:runs", width=340,
                format_func=lambda key: titles.get(key, key),
            )
        )  # fmt: skip
        troubled = st.toggle("Only what did not go as planned", key="schedule:troubled")
    task = None if asked == EVERY else asked
    found = service.runs(state.desk(), state.actor(), task, only_troubled=troubled, limit=SHOWN)
    if not found:
        st.caption("No run did not go as planned." if troubled else "There is no run yet.")
        return
    moment = partial(st.column_config.DatetimeColumn, format="D MMM YYYY, HH:mm:ss", timezone="UTC", width=180)
    st.dataframe(
        [say.run_row(run, titles) for run in found],
        hide_index=True,
        width="stretch",
        column_config={
            "Started (UTC)": moment(),
            "Task": st.column_config.TextColumn(width=240),
            "Result": badges(),
            "What came of it": st.column_config.TextColumn(width="large"),
            "Due (UTC)": moment(),
        },
        alt="Runs of the desk's tasks, newest first, with what came of each",
    )
    more = f" The newest {SHOWN} are shown." if len(found) == SHOWN else ""
    st.caption(
        f"{words.count(len(found), 'run')}. Of runs that only keep count and found nothing, the last one is kept.{more}"
    )
