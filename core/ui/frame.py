"""The frame around every page: who acts, which use case, and the pages the role may open."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import streamlit as st

from core.services.access import LOCAL_PEOPLE, Role, may, require
from core.ui import messages, state
from core.ui.places import PLACES, Place
from core.web.listening import LOCAL, OFF

_LANDED = "landed_on"
ASKED = "id"  # of the Why page: its search field's key, and the name in the URL
VIEW = "view"  # of pages that show one of several things: the picker's key, and the name in the URL
_SEEN_BY = "seen_by"

# A square ring with its four corners, as the browser's tab shows it; drawn here so that nothing is fetched.
ICON = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><rect x="6" y="6" width="20" height="20" rx="3" '
    'fill="none" stroke="#0072B2" stroke-width="4"/><g fill="#D55E00"><circle cx="6" cy="6" r="4"/>'
    '<circle cx="26" cy="6" r="4"/><circle cx="6" cy="26" r="4"/><circle cx="26" cy="26" r="4"/></g></svg>'
)

LOGO = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 150 32">'
    + ICON.split(">", 1)[1].removesuffix("</svg>")
    + '<text x="40" y="23" font-family="sans-serif" font-size="20" font-weight="600" fill="#2583BC">Ringside</text>'
    + "</svg>"
)


def refuse_strangers() -> None:
    """Stop where no gate stands in front of the pages, or whoever was let in has signed out since."""
    if state.session() is None and len(st.context.headers) > 0:
        st.error(
            "Start it with `streamlit run app.py`: only there does it look at who comes in.",
            title="This desk is served without its gate.",
            icon=":material/lock:",
        )
        st.stop()
    with messages.told():
        _one_person()
        if state.desk().settings.sign_in != OFF and state.signed_in(here=True) is None:
            st.title("You are signed out", anchor=False)
            st.caption("Nothing was lost: what you did is on record, and files you uploaded are kept.")
            _leads("/sign-in", "Sign in again")
            st.stop()


def _one_person() -> None:
    """Keep nothing of a session for another one: a tab may outlive whoever opened it."""
    if st.session_state.get(_SEEN_BY, state.session()) != state.session():
        st.session_state.clear()
    st.session_state[_SEEN_BY] = state.session()


def who_acts() -> None:
    """Who acts: name, role and the way out; on this machine without sign-in, the person to act as."""
    if state.desk().settings.sign_in == OFF:
        _pick_role()
        return
    person = state.actor()
    st.caption(f":material/account_circle: {messages.plain(person.name)}, {person.role}")
    with st.container(horizontal=True):
        _leads("/sign-out", "Sign out")
        if state.desk().settings.sign_in == LOCAL:
            _leads("/change-password", "Change password")


def _leads(path: str, words: str) -> None:
    """A link out of the pages, within this tab: Streamlit's own open another one."""
    st.html(f'<a href="{path}" style="color: inherit">{words}</a>', width="content")


def _pick_role() -> None:
    """The person to act as; what they do is written down under that name."""
    st.selectbox(
        "Act as",
        list(Role),
        index=list(Role).index(Role.ANALYST),
        format_func=lambda role: LOCAL_PEOPLE[Role(role)].name,
        key=state.ACT_AS,
        persist_state="session",
        help="On this machine there is no sign-in. What you do is recorded under this name.",
    )


def pick_use_case(titles: Mapping[str, str]) -> None:
    """The use case, kept in the URL by its title; a link that carries its key works as well."""
    if (landed := st.session_state.pop(_LANDED, None)) in titles:
        st.session_state[state.USE_CASE] = landed
    asked = st.query_params.get(state.USE_CASE)
    if asked in titles and state.USE_CASE not in st.session_state:
        st.session_state[state.USE_CASE] = asked
    st.selectbox(
        "Use case",
        list(titles),
        format_func=lambda key: titles.get(key, key),
        key=state.USE_CASE,
        bind="query-params",
    )


def pages() -> dict[str, list[st.Page]]:
    """The pages the acting role may open, by group; behind a link to any other stands whom it is for."""
    grouped: dict[str, list[st.Page]] = {}
    acting = state.actor()
    for place in PLACES:
        if may(acting, place.action):
            page = st.Page(
                place.script,
                title=place.title,
                icon=f":material/{place.icon}:",
                url_path=place.url,
                default=place.url == "home",
                help=place.help,
            )
        else:
            page = st.Page(_not_yours(place), title=place.title, url_path=place.url, visibility="hidden")
        grouped.setdefault(place.group, []).append(page)
    return grouped


def _not_yours(place: Place) -> Callable[[], None]:
    """In place of a page that the acting role may not open: a link may have come from somebody who may."""

    def refused() -> None:
        heading("This page is not for your role", f"{place.title}: {place.help}")
        require(state.actor(), place.action)

    return refused


def script(url: str) -> str:
    """The script of a page, for a link to it."""
    return next(place.script for place in PLACES if place.url == url)


def place(url: str) -> Place | None:
    """A page by its url; None where the desk has none of it."""
    return next((found for found in PLACES if found.url == url), None)


def allowed(url: str) -> bool:
    """Whether the acting role may open a page."""
    return may(state.actor(), next(place.action for place in PLACES if place.url == url))


def go(url: str, key: str, sample: bool = False) -> None:
    """Open a page for a use case; with `sample`, the file page takes the sample file at once."""
    land_on(key)
    if sample:
        state.shelf("file", key)["take_sample"] = True
    st.switch_page(script(url), query_params={})  # without them it asks to clear the picker's own, which is refused


def follow(url: str, query: Mapping[str, str]) -> None:
    """Open a page as a link with these parameters would, in this session, so that who acts stays the same."""
    asked = dict(query)
    if key := asked.pop(state.USE_CASE, ""):
        land_on(key)
    st.session_state.pop(VIEW, None)  # another page's
    if view := asked.pop(VIEW, ""):
        st.session_state[VIEW] = view  # not in the URL: as with the use case, that is refused for a picker's name
    st.switch_page(script(url), query_params=asked)


def explain(key: str, prediction_id: str) -> None:
    """Open the reasons of one prediction."""
    land_on(key)
    st.session_state[ASKED] = prediction_id  # not in the URL: where its field stands already, that is refused
    st.switch_page(script("why"), query_params={})


def land_on(key: str) -> None:
    """Choose a use case from within a run, when the picker stands already: it takes effect with the next run."""
    st.session_state[_LANDED] = key


def pick_view(views: Mapping[str, Callable[[], None]]) -> Callable[[], None]:
    """Which of a page's views to draw; the link names it (`?view=Storage`)."""
    first = next(iter(views))
    asked = st.segmented_control(
        "Look at", list(views), default=first, required=True, key=VIEW, bind="query-params",
        label_visibility="collapsed",
    )  # fmt: skip
    return views[str(asked or first)]


def heading(question: str, caption: str = "") -> None:
    """The one question a page answers."""
    st.title(question, anchor=False)
    if caption:
        st.caption(caption)
