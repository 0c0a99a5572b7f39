"""The data page's part about persons: hashed ids, how long records are kept, everything about one entity."""

from __future__ import annotations

from functools import partial

import streamlit as st

from core.domain.pseudonym import personal_texts
from core.domain.usecase import UseCase
from core.services.access import Action, may
from core.services.privacy import entity as service
from core.services.privacy import settings
from core.ui import audit_taken, messages, state, words

_EVER = 0  # days in a field: kept for good


def show(use_case: UseCase) -> None:
    """Everything about what is kept of a person."""
    _hashing(use_case)
    _retention(use_case)
    _one_entity(use_case)


def _hashing(use_case: UseCase) -> None:
    st.subheader("Ids", anchor=False)
    named = [use_case.schema[name].title for name in personal_texts(use_case)]
    if not named:
        st.caption(f"No column of {use_case.title} names anybody.")
        return
    listed = ", ".join(named)
    if state.desk().pseudonyms.on(use_case):
        st.caption(f"{listed}: stored as keyed hashes. Who types the plain id still finds its scores.")
        return
    st.caption(f"{listed}: stored as they come.")
    if not may(state.actor(), Action.SET_RETENTION):
        return
    with st.popover("Store them as keyed hashes", icon=":material/key:"):
        st.write(
            "From now on, and for all rows that are stored already. **There is no way back**: a hash does not tell the "
            "id it was made of. Files keep their ids; the log and its pages show the hash."
        )
        reason = st.text_input("Reason", key="privacy:hash:reason")
        if st.button("Hash the ids", type="primary", disabled=len(reason.strip()) < 3):
            with messages.told():
                n = settings.switch_on_hashing(state.desk(), state.actor(), use_case.key, reason)
                st.success(f"{n:,} different ids are hashed.", icon=":material/check_circle:")


def _retention(use_case: UseCase) -> None:
    st.subheader("How long records are kept", anchor=False)
    own = settings.kept_for(state.desk(), use_case)
    wide = settings.kept_for(state.desk(), None)
    rows = [(item, own[item.name], use_case.title) for item in settings.OF_USE_CASE]
    rows += [(item, wide[item.name], "the desk") for item in settings.OF_DESK]
    uploads = state.desk().settings.keep_uploads_days
    st.table(
        [
            {"Record": item.title, "Of": whose, "Kept": _days(days), "Counted from": item.age}
            for item, days, whose in rows
        ]
        + [{"Record": "Uploaded files", "Of": "the desk", "Kept": _days(uploads), "Counted from": "the last upload"}]
        + [{"Record": "Who did what", "Of": "the desk", "Kept": "for good", "Counted from": settings.EVENTS.age}]
    )
    if may(state.actor(), Action.SET_RETENTION):
        _set_retention(use_case, own)


def _days(days: int | None) -> str:
    return "for good" if days is None else words.count(days, "day")


def _set_retention(use_case: UseCase, own: dict[str, int | None]) -> None:
    with st.popover("Change", icon=":material/edit:"), st.form("privacy:keep", border=False):
        st.caption("Days; 0 keeps for good. The clean-up takes away what is older, once a day.")
        given = {
            item.name: st.number_input(item.title, 0, 36_500, own[item.name] or _EVER, key=f"privacy:{item.name}")
            for item in settings.OF_USE_CASE
        }
        reason = st.text_input("Reason", key="privacy:keep:reason")
        if st.form_submit_button("Set", type="primary"):
            with messages.told():
                keep = {name: int(days) or None for name, days in given.items()}
                settings.set_retention(state.desk(), state.actor(), use_case.key, keep, reason)
                st.rerun()


def _one_entity(use_case: UseCase) -> None:
    actor = state.actor()
    if not may(actor, Action.EXPORT_ENTITY) or not personal_texts(use_case):
        return
    st.subheader("Everything about one", anchor=False)
    titles = " or ".join(use_case.schema[name].title for name in personal_texts(use_case))
    text = st.text_input(f"{titles}, as it was scored", key=f"privacy:entity:{use_case.key}", width=420)
    if not text:
        return
    if not st.toggle("Look it up; that you did is recorded", key=f"privacy:look:{use_case.key}:{text}"):
        return
    with messages.told():
        found = _found(use_case.key, text)
        counts = ", ".join(words.count(n, name.removesuffix("s")) for name, n in found.counts.items() if n)
        st.write(f"Kept: {counts or 'no row of the log'}.")
        for version, n in found.held_out.items():
            st.caption(f"{version} was judged on {words.count(n, 'held-out row')} of it.")
        st.download_button(
            "Download all of it",
            audit_taken.taken(
                partial(service.as_text, found),
                _hashed(use_case, text),
                "everything of one entity",
                sum(found.counts.values()),
            ),
            file_name=f"{use_case.key}-entity.json",
            mime="application/json",
            icon=":material/download:",
        )
        if may(actor, Action.ERASE_ENTITY):
            _erase(use_case, text)


def _hashed(use_case: UseCase, text: str) -> str:
    """The entity as events call it: never by its name."""
    return f"{use_case.key} {state.desk().pseudonyms.hashes(use_case, [text.strip()])[0]}"


def _found(key: str, text: str) -> service.About:
    """Looked up once per question, so that a rerun is not one more event."""
    kept = state.shelf("privacy", key)
    if kept.get("asked") != text:
        kept["found"] = service.export(state.desk(), state.actor(), key, text)
        kept["asked"] = text
    found: service.About = kept["found"]
    return found


def _erase(use_case: UseCase, text: str) -> None:
    with st.popover("Erase", icon=":material/delete_forever:"):
        st.write("**This cannot be undone.** Rows, scores, outcomes, opinions, files that hold them: all of it goes.")
        reason = st.text_input("Reason, such as the request's number", key="privacy:erase:reason")
        again = st.text_input("Type the id again", key="privacy:erase:again")
        if st.button("Erase it", type="primary", disabled=again != text or len(reason.strip()) < 3):
            erased = service.erase(state.desk(), state.actor(), use_case.key, text, reason)
            state.shelf("privacy", use_case.key).clear()
            gone = ", ".join(words.count(n, name.removesuffix("s")) for name, n in erased.deleted.items() if n)
            st.success(f"Erased: {gone}. {' '.join(erased.stays)}", icon=":material/check_circle:")
