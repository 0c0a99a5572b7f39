"""The audit page's events: filters that stand in the link, a table page by page, one event with before and after."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from functools import partial
from typing import Any

import streamlit as st

from core.services.access import Action, may
from core.services.auditing import trail as service
from core.services.auditing.trail import Criteria, Page
from core.store.ledger_tables import EventRecord
from core.ui import audit_words as say
from core.ui import messages, state, words

ASKED = "event"  # the name in the URL
_PAGE = "audit:page"
_TABLE = "audit:events"
_WIDTHS = {"action": 185, "actor": 185}
_FILTERS = {"action": "What", "actor": "Who", "role": "Role", "via": "By", "result": "Result"}


def show() -> None:
    """Filters, the table, the files, and the event of the link."""
    criteria = _filters()
    seen = service.events(state.desk(), state.actor(), criteria, int(st.session_state.get(_PAGE) or 1))
    if asked := st.query_params.get(ASKED):
        with messages.told():
            _one(service.event(state.desk(), state.actor(), int(asked) if asked.isdigit() else 0))
    if not seen.events:
        st.info("Choose a longer time, or fewer filters.", title="No event is like that", icon=":material/search_off:")
        return
    _table(seen)
    _files(criteria, seen.n)


def _filters() -> Criteria:
    known = service.choices(state.desk(), state.actor())
    with st.container(horizontal=True, vertical_alignment="bottom"):
        words_of = st.text_input(
            "About", key="about", bind="query-params", type="search", icon=":material/search:", width=240,
            placeholder="A use case, a prediction id, a case", on_change=_first_page,
        )  # fmt: skip
        picked: dict[str, Any] = {name: _choice(label, name, known[name]) for name, label in _FILTERS.items()}
        since, until = _days()
    return replace(Criteria(since, until, words=str(words_of or "")), **picked)


def _choice(label: str, name: str, known: list[str]) -> str:
    chosen = st.selectbox(
        label, known, index=None, key=name, bind="query-params", placeholder="All", width=_WIDTHS.get(name, 140),
        on_change=_first_page, format_func=say.face if name == "via" else str,
    )  # fmt: skip
    return str(chosen or "")


def _days() -> tuple[datetime | None, datetime | None]:
    first: date | None = st.date_input(
        "From", None, key="from", bind="query-params", width=150, on_change=_first_page, format="YYYY-MM-DD"
    )
    last: date | None = st.date_input(
        "To, this day included", None, key="to", bind="query-params", width=180, on_change=_first_page,
        format="YYYY-MM-DD",
    )  # fmt: skip
    return (
        datetime.combine(first, time(), UTC) if first else None,
        datetime.combine(last + timedelta(days=1), time(), UTC) if last else None,
    )


def _first_page() -> None:
    st.session_state.pop(_PAGE, None)


def _table(seen: Page) -> None:
    rows = [{"": "Open"} | say.row(event) for event in seen.events]
    numbers = [event.seq for event in seen.events]

    def chosen() -> None:
        st.query_params[ASKED] = str(numbers[st.session_state[_TABLE]["row"]])

    st.dataframe(
        rows,
        hide_index=True,
        width="stretch",
        height=36 * len(rows) + 38 if len(rows) < 15 else 560,
        column_config={
            "": st.column_config.ButtonColumn("", width=64, type="tertiary", key=_TABLE, on_click=chosen),
            "No.": st.column_config.NumberColumn(width=60, format="%d"),
            "When (UTC)": st.column_config.DatetimeColumn(format="D MMM YYYY, HH:mm:ss", timezone="UTC", width=170),
            "What": st.column_config.TextColumn(width=150),
            "About": st.column_config.TextColumn(width=230),
            "Who": st.column_config.TextColumn(width=130),
        },
        alt="Events, newest first: number, time, what was done, about what, by whom, with which result",
    )
    first = (seen.number - 1) * service.PAGE_ROWS + 1
    st.caption(
        f"Events {words.count(first)} to {words.count(first + len(seen.events) - 1)} of {words.count(seen.n)}, newest "
        "first. Nobody can change or remove one without breaking the chain."
    )
    if seen.pages > 1:
        st.pagination(seen.pages, key=_PAGE)


def _files(criteria: Criteria, n: int) -> None:
    if not may(state.actor(), Action.EXPORT_AUDIT):
        return
    desk, actor = state.desk(), state.actor()  # the download runs later, outside the session

    def text(form: str) -> str:
        return service.export(desk, actor, criteria, form).text

    with st.container(horizontal=True):
        for form, mime in (("csv", "text/csv"), ("jsonl", "application/x-ndjson")):
            st.download_button(
                f"{words.count(n, 'event')}, {form.upper()}",
                partial(text, form),
                f"audit.{form}",
                mime,
                icon=":material/download:",
                key=f"audit:{form}",
                on_click="ignore",
                help="All that the filters let through; that it was taken is an event itself.",
            )


def _one(event: EventRecord) -> None:
    """One event: who, when, what was before and after, its place in the chain."""
    with st.container(border=True):
        with st.container(horizontal=True, horizontal_alignment="distribute"):
            st.markdown(f"### Event {event.seq}: {messages.plain(event.action)}")
            st.button("Close", icon=":material/close:", type="tertiary", on_click=_close)
        role = "" if f"({event.role})" in event.actor else f" ({event.role})"
        who = f"{event.actor}{role}, by {say.face(event.via)}"
        st.markdown(f"**{messages.plain(event.subject)}**  \n{messages.plain(who)}, {event.at:%d %b %Y, %H:%M:%S} UTC")
        for label, text in (("Why", event.reason), ("Result", event.result)):
            if text:
                st.markdown(f"{label}: {messages.plain(text)}")
        _before_and_after(event)
        with st.expander("Its place in the chain", icon=":material/link:"):
            st.code(f"event   {event.seq}\nhash    {event.hash}\nbefore  {event.prev_hash}", language=None)


def _before_and_after(event: EventRecord) -> None:
    rows = service.differences(event)
    if not rows:
        return
    if event.before is None:
        table = [{"What": item.name, "Said": item.after or ""} for item in rows]
    else:
        table = [
            {"What": item.name, "Before": item.before or "", "After": item.after or ""} for item in rows if item.changed
        ]
    if table:
        st.dataframe(table, hide_index=True, width="stretch", alt=f"What event {event.seq} says")
    same = sum(not item.changed for item in rows)
    if event.before is not None and same:
        st.caption(f"{words.count(same, 'more value')} stayed as before." if table else "Nothing it names has changed.")


def _close() -> None:
    st.query_params.pop(ASKED, None)
