"""The admin page's backups: last and next, back up now, try the newest out, every backup there is."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

import streamlit as st

from core.services.access import Action, may
from core.services.backing_up import backups as service
from core.services.backing_up.backups import Backup
from core.services.backing_up.drilling import Drill
from core.ui import messages, state, words
from core.ui.schedule_words import ahead
from core.ui.tile import tile

_STATES = {"Whole": "green", "Not read again": "gray", "Damaged": "red"}
_SHOWN = 100


def show() -> None:
    """Figures, the two buttons, the list."""
    desk, actor, now = state.desk(), state.actor(), datetime.now(UTC)
    known, drill = service.backups(desk, actor), service.last_drill(desk, actor)
    st.subheader("What would a lost disk cost?", anchor=False)
    _figures(known, drill, now)
    if service.same_disk(desk.settings):
        st.markdown(
            ":orange[:material/warning: Backups lie on the disk they are made of.] A lost disk takes both; "
            "RINGSIDE_BACKUPS names a folder on another one."
        )
    if drill is not None and not drill.ok:
        st.error(messages.plain(drill.problem), title="The last drill failed", icon=":material/error:")
    if may(actor, Action.BACK_UP):
        _work(known)
    else:
        st.caption("An administrator makes backups and tries them out.")
    _table(known, now)


def _figures(known: Sequence[Backup], drill: Drill | None, now: datetime) -> None:
    with st.grid(4, min_column_width=200, gap="small"):
        if known:
            last = known[0]
            rows = f"{words.count(last.n_rows, 'row')}, {words.count(last.event_seq, 'event')}"
            tile("Last backup", words.moment(last.made_at, now), f"{last.reason}; {rows}, {words.size(last.bytes)}")
        else:
            tile("Last backup", "none", "A lost disk costs everything.")
        due = service.next_at(state.desk(), now)
        tile("Next backup", ahead(due, now), "Its time is set on the schedule page.")
        if drill is None:
            tile("Last drill", "none", "Whether a backup can be put back has not been tried.")
            return
        checked = f"{words.count(drill.n_equal)} of {words.count(drill.n_scored)} rows scored the same again"
        tile("Back in (RTO)", words.duration(drill.rto_seconds), f"{_when(drill, now)}; {checked}")
        back = f"{words.count(drill.n_rows, 'row')}, {words.count(drill.n_events, 'event')} back"
        tile("Lost with the disk (RPO)", words.duration(drill.rpo_seconds), f"age of the backup when tried; {back}")


def _when(drill: Drill, now: datetime) -> str:
    return f"{'in order' if drill.ok else 'failed'}, tried {words.moment(drill.at, now)}"


def _work(known: Sequence[Backup]) -> None:
    desk, actor = state.desk(), state.actor()
    with st.container(horizontal=True, vertical_alignment="bottom"):
        make = st.button("Back up now", icon=":material/backup:", type="primary", key="admin:backup")
        drill = known and st.button(
            "Try the newest out", icon=":material/history:", key="admin:drill",
            help="Puts it back into a scratch folder, opens a desk on it, counts, and scores logged rows again.",
        )  # fmt: skip
    with messages.told():
        if make:
            with st.spinner("Backing up the log, the ledger and the models", show_time=True):
                service.back_up(desk, actor)
            st.rerun()
        if drill:
            with st.spinner("Putting the newest backup back into a scratch folder", show_time=True):
                service.drill(desk, actor)
            st.rerun()


def _table(known: Sequence[Backup], now: datetime) -> None:
    st.subheader("Which are there?", anchor=False)
    if not known:
        st.caption("None yet.")
        return
    st.dataframe(
        [
            {
                "Made (UTC)": item.made_at,
                "State": [_state(item)],
                "Why": item.reason,
                "Rows": item.n_rows,
                "Events": item.event_seq,
                "Size": words.size(item.bytes),
                "New": words.size(item.new_bytes),
                "Took": words.duration(item.seconds),
                "Backup": item.id,
            }
            for item in known[:_SHOWN]
        ],
        hide_index=True,
        width="stretch",
        column_config={
            "Rows": st.column_config.NumberColumn(format="localized"),
            "Events": st.column_config.NumberColumn(format="localized"),
            "Made (UTC)": st.column_config.DatetimeColumn(format="D MMM YYYY, HH:mm:ss", timezone="UTC"),
            "State": st.column_config.MultiselectColumn(options=list(_STATES), color=list(_STATES.values()), width=120),
        },
        alt="Backups, newest first: when, whether whole, why, rows, events, size, what was new, how long it took",
    )
    more = f" The newest {_SHOWN} are shown." if len(known) > _SHOWN else ""
    st.caption(
        f"{words.count(len(known), 'backup')}, as of {words.exact(now)}.{more} What several share lies there once."
        " One is put back while the desk is stopped: `python -m core restore`"
    )
    if may(state.actor(), Action.BACK_UP):
        _read_again(known[:_SHOWN])


def _read_again(known: Sequence[Backup]) -> None:
    by_id = {item.id: item for item in known}
    with st.container(horizontal=True, vertical_alignment="bottom"):
        chosen = str(
            st.selectbox(
                "Backup", list(by_id), key="admin:backup:one", width=340,
                format_func=lambda key: f"{words.exact(by_id[key].made_at)}, {by_id[key].reason}",
            )
        )  # fmt: skip
        again = st.button("Read it again", icon=":material/fact_check:", key="admin:backup:verify")
    if again:
        with messages.told():
            with st.spinner("Reading every piece", show_time=True):
                service.verify(state.desk(), state.actor(), chosen)
            st.rerun()


def _state(item: Backup) -> str:
    if item.damaged:
        return "Damaged"
    return "Whole" if item.verified else "Not read again"
