"""What the drift page looks at: a window, a view, an item; all of it in the URL."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, time, timedelta

import streamlit as st

from core.domain.drift.judgement import Finding
from core.domain.usecase import UseCase
from core.services.watching import drift as service
from core.services.watching.drift import Drift
from core.services.watching.drift_windows import Window
from core.ui import drift_words as say
from core.ui import state

LATEST, BETWEEN = "Latest rows", "Between two days"
WINDOW, VIEW, ITEM = "window", "view", "item"  # keys of the widgets, and names in the URL
MOVED, OVER_TIME, ONE, OUTCOMES, EVIDENTLY = "What moved", "Over time", "One item", "Outcomes", "Evidently"
VIEWS = (MOVED, OVER_TIME, ONE, OUTCOMES, EVIDENTLY)


def window(use_case: UseCase) -> Window | None:
    """The window that is looked at; None where nothing is logged yet."""
    found = service.choices(state.desk(), state.actor(), use_case.key)
    if found.latest is None:
        return None
    measured = {say.span(item): item for item in found.measured}
    asked = _linked(WINDOW, [LATEST, *measured, BETWEEN])
    st.selectbox(
        "Window", [LATEST, *measured, BETWEEN], key=WINDOW, width=260, on_change=_keep, args=(WINDOW, LATEST),
        help="The latest seven days with rows, a whole week or month that was measured, or any days.",
    )  # fmt: skip
    if asked == BETWEEN:
        return _between(found.latest)
    return measured.get(str(asked), found.latest)


def _between(latest: Window) -> Window:
    today = max(datetime.now(UTC).date(), latest.last)  # rows may carry a time to come
    with st.container(horizontal=True):
        first = st.date_input("From", latest.since.date(), max_value=today, key="from", bind="query-params", width=160)
        last = st.date_input(
            "To, this day included", latest.last, max_value=today, key="to", bind="query-params", width=160
        )
    first, last = min(first, last), max(first, last)
    return Window(_midnight(first), _midnight(last + timedelta(days=1)))


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)


def view() -> str:
    """What is shown of it."""
    asked = _linked(VIEW, VIEWS)
    st.segmented_control(
        "Look at", VIEWS, required=True, key=VIEW, label_visibility="collapsed", on_change=_keep, args=(VIEW, MOVED)
    )
    return asked


def _linked(key: str, options: Sequence[str]) -> str:
    """What is chosen: in the session, else in the link, else the first.

    A widget that is bound to the URL cannot be set when somebody clicks into a chart, so the link is kept here.
    """
    asked = st.session_state.get(key, st.query_params.get(key))
    st.session_state[key] = asked if asked in options else options[0]
    return str(st.session_state[key])


def _keep(key: str, usual: str) -> None:
    """Keep what was chosen in the link."""
    if (value := st.session_state[key]) != usual:
        st.query_params[key] = value
    else:
        st.query_params.pop(key, None)


def item(use_case: UseCase, seen: Drift) -> Finding:
    """One item; the one that moved most stands first."""
    found = {say.title(use_case, item.of, item.name): item for item in by_weight(seen)}
    asked = _linked(ITEM, list(found))
    st.selectbox("Item", list(found), key=ITEM, width=420, on_change=_keep, args=(ITEM, ""))
    return found[asked]


def by_weight(seen: Drift) -> list[Finding]:
    """The champion's score, what moved, then all others; each by how far beyond its limit."""

    def place(finding: Finding) -> tuple[bool, bool, bool, float]:
        far = finding.psi / finding.psi_limit if finding.psi_limit else 0.0
        return finding is not seen.score, not finding.level.raised, finding.level.value.startswith("shown"), -far

    return sorted(seen.against_reference, key=place)


def open_item(title: str, window: str = "") -> None:
    """Show one item, in a window that was measured, from within a callback."""
    chosen = {ITEM: title, VIEW: ONE} | ({WINDOW: window} if window else {})
    for key, value in chosen.items():
        st.session_state[key] = st.query_params[key] = value


def opener(key: str, titles: Sequence[str], windows: Sequence[str]) -> Callable[[], None]:
    """What a chart calls when one of its points is chosen; points carry the places of their title and window."""

    def opened() -> None:
        points = st.session_state[key]["selection"]["points"]
        if points:
            place, column = points[0]["customdata"][:2]
            open_item(titles[int(place)], windows[int(column)])

    return opened


def show(use_case: UseCase, window: Window | None, view: str) -> None:
    """One view of a window; each is imported when it is looked at."""
    from core.ui import drift_said

    if window is None:
        drift_said.nothing(use_case)
        return
    seen = service.drift(state.desk(), state.actor(), use_case.key, window)
    drift_said.headline(use_case, seen)
    if view == MOVED:
        from core.ui import drift_moved

        drift_moved.show(use_case, seen)
    elif view == OVER_TIME:
        from core.ui import drift_time

        drift_time.show(use_case)
    elif view == ONE:
        from core.ui import drift_item

        drift_item.show(use_case, seen)
    else:
        _others(use_case, window, view)


def _others(use_case: UseCase, window: Window, view: str) -> None:
    if view == OUTCOMES:
        from core.ui import drift_concept

        drift_concept.show(use_case)
    else:
        from core.ui import drift_evidently

        drift_evidently.show(use_case, window.since, window.until)
