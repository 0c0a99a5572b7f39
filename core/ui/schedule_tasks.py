"""The schedule page's tasks: when each runs, what came of it last, running one now, pausing it, another time."""

from __future__ import annotations

from typing import Any

import streamlit as st

from core.services.access import Action, may
from core.services.scheduling import board as service
from core.services.scheduling import when
from core.services.scheduling.board import Board
from core.services.scheduling.running import Planned
from core.services.scheduling.setting import set_task
from core.ui import messages, state, words
from core.ui import schedule_words as say


def badges() -> Any:
    """The column of a run's state."""
    return st.column_config.MultiselectColumn(
        options=list(say.STATE_HUES), color=list(say.STATE_HUES.values()), width=110
    )


def read() -> Board:
    """The tasks as they stand."""
    return service.board(state.desk(), state.actor())


def headline(seen: Board) -> None:
    """Whether everything went as planned."""
    if not seen.by_itself:
        st.info(
            "It was started with RINGSIDE_SCHEDULER=0. Let cron run `python -m core watch`, or run a task here.",
            title="This desk does nothing by itself",
            icon=":material/pause_circle:",
        )
    for item in seen.failed:
        assert item.last is not None  # its last run failed
        st.error(messages.plain(item.last.said), title=f"Failed: {item.task.title}", icon=":material/error:")
    if all(item.last is None for item in seen.tasks):
        st.info(
            "The first runs begin within a minute of the desk's start. You can also run a task now.",
            title="Nothing has run yet",
            icon=":material/hourglass_empty:",
        )


def table(seen: Board) -> None:
    """Every task: last run, result, next run."""
    st.subheader("What it does", anchor=False)
    st.dataframe(
        [say.row(item, seen.at) for item in seen.tasks],
        hide_index=True,
        width="stretch",
        height="content",
        column_config={
            "Task": st.column_config.TextColumn(width=240),
            "Result": badges(),
            "What came of it": st.column_config.TextColumn(width="large"),
            "When": st.column_config.TextColumn(width=160),
            "On": st.column_config.CheckboxColumn(width=60),
        },
        alt="Tasks of the desk: last run, its result, when each runs and when next",
    )
    st.caption(f"As of {words.exact(seen.at)}. All times are UTC; a task whose time passed while the desk was down "
               "runs once when it is back, and says how late.")  # fmt: skip


def work(seen: Board) -> None:
    """Run a task now; those who may also pause it or set its time."""
    if not may(state.actor(), Action.WATCH):
        st.caption("Analysts, risk managers and administrators run a task now; the latter two set when it runs.")
        return
    by_key = {item.task.key: item for item in sorted(seen.tasks, key=lambda item: item.task.served)}
    with st.container(horizontal=True, vertical_alignment="bottom"):
        key = str(
            st.selectbox(
                "Task", list(by_key), key="schedule:task", format_func=lambda key: by_key[key].task.title, width=340
            )
        )
        item = by_key[key]
        going = any(other.task.key == key for other in seen.running)
        if st.button("Run now", icon=":material/play_arrow:", key="schedule:run", disabled=going):
            with messages.told():
                state.scheduler().ask(state.actor(), key)
                st.rerun()
        if may(state.actor(), Action.SCHEDULE):
            with st.popover("Pause or set its time" if item.on else "Take up again", icon=":material/edit_calendar:"):
                _set(item)
    if item.last is not None and item.last.said:
        when_ran = words.moment(item.last.ended_at or item.last.started_at, seen.at)
        st.caption(f"{say.state(item.last)} {when_ran}: {messages.plain(item.last.said)}")
    if seen.running:
        _follow(len(seen.running))


def _set(item: Planned) -> None:
    key = item.task.key
    with st.form(f"schedule:set:{key}", border=False):
        on = st.toggle("On", item.on, key=f"schedule:on:{key}")
        cron = _time(item)
        reason = st.text_input("Why?", key=f"schedule:why:{key}", help="Kept with who changed it and when.")
        if st.form_submit_button("Keep it so", type="primary"):
            with messages.told():
                set_task(state.desk(), state.actor(), key, on=on, cron=cron, reason=reason)
                st.rerun()
    st.caption(f"Its own time: {when.in_words(item.task.cron)}.")


def _time(item: Planned) -> str:
    """The time that is set, in five fields; other times than daily and weekly ones as they are written."""
    key, kind = item.task.key, say.kind_of(item.cron)
    if kind == say.OWN:
        return st.text_input("When (cron, UTC)", item.cron, key=f"schedule:cron:{key}")
    at = st.time_input("At (UTC)", say.time_of(item.cron), key=f"schedule:at:{key}", step=900)
    if kind != say.WEEKLY:
        return say.cron_of(kind, at, "")
    days = list(when.DAYS)
    day = st.selectbox(
        "On", days, days.index(item.cron.split()[-1]), key=f"schedule:day:{key}", format_func=lambda day: when.DAYS[day]
    )
    return say.cron_of(kind, at, str(day))


@st.fragment(run_every=1.0)
def _follow(n_running: int) -> None:
    """What is running; the page starts over when one has ended."""
    seen = read()
    if len(seen.running) != n_running:
        st.rerun()
    for item in seen.running:
        assert item.last is not None  # it is running
        so_far = words.duration((seen.at - item.last.started_at).total_seconds())
        st.markdown(f":blue[:material/progress_activity:] **{item.task.title}** is running, {so_far} so far.")
