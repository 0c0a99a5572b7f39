"""The frame around every page: who acts, which use case, and the pages the role may open."""

from __future__ import annotations

from collections.abc import Mapping

import streamlit as st

from core.services.access import LOCAL_PEOPLE, Role, may
from core.ui import state
from core.ui.places import PLACES, Place

_LANDED = "landed_on"
ASKED = "id"  # of the Why page: its search field's key, and the name in the URL
VIEW = "view"  # of pages that show one of several things: the picker's key, and the name in the URL
LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})

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


def on_this_machine() -> bool:
    """Whether the server listens on this machine only, where a person may choose whom to act as."""
    return st.get_option("server.address") in LOOPBACK


def refuse_strangers() -> None:
    """Without sign-in the desk serves the person at this machine and nobody else."""
    if not on_this_machine():
        st.error(
            "Set server.address to 127.0.0.1 in .streamlit/config.toml and start it again.",
            title="This desk has no sign-in, so it serves on this machine only.",
            icon=":material/lock:",
        )
        st.stop()


def pick_role() -> None:
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
    """The pages the acting role may open, by group."""
    grouped: dict[str, list[st.Page]] = {}
    for place in PLACES:
        if may(state.actor(), place.action):
            page = st.Page(
                place.script,
                title=place.title,
                icon=f":material/{place.icon}:",
                url_path=place.url,
                default=place.url == "home",
                help=place.help,
            )
            grouped.setdefault(place.group, []).append(page)
    return grouped


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


def heading(question: str, caption: str = "") -> None:
    """The one question a page answers."""
    st.title(question, anchor=False)
    if caption:
        st.caption(caption)
