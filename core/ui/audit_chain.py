"""The audit page's chain: check every link, a head to keep elsewhere, how long events are kept."""

from __future__ import annotations

import streamlit as st

from core.services.auditing import sealing, verifying
from core.services.auditing.verifying import Verified
from core.ui import audit_words as say
from core.ui import messages, state, words

_SEEN = "verified"


def show() -> None:
    """The button, what the last check found, the head."""
    above = st.container()
    given = st.text_input(
        "A head that was kept elsewhere, if you have one", key="audit:head", placeholder="Number, colon, 64 hex digits",
        help="The chain is held against it, and against the heads in backups, so that a chain that was cut short is "
        "found as well.", width=620,
    )  # fmt: skip
    if st.button("Verify", type="primary", icon=":material/verified_user:", key="audit:verify"):
        with messages.told(), st.spinner("Every link is looked at"):
            state.shelf("audit", "")[_SEEN] = verifying.verify(state.desk(), state.actor(), str(given or ""))
    with above:  # drawn after the check, so that it tells of this one
        _last()
    found: Verified | None = state.shelf("audit", "").get(_SEEN)
    if found is not None:
        _told(found)
    _to_keep()
    _kept()


def _last() -> None:
    last = verifying.last_check(state.desk(), state.actor())
    if last is None:
        st.info("Nobody has checked this chain yet.", icon=":material/hourglass_empty:")
        return
    whole = say.holds(last.result)
    mark = ":green[:material/verified_user:]" if whole else ":red[:material/gpp_bad:]"
    n = words.count(int((last.after or {}).get("events", 0)), "event")
    st.markdown(f"{mark} Last check: **{last.result}**, {n}, {words.exact(last.at)}, by {messages.plain(last.actor)}.")


def _told(found: Verified) -> None:
    head = f"the last is event {found.head.seq:,}, `{found.head.hash}`"
    facts = f"{words.count(found.n, 'event')} hold; {head}. {words.exact(found.at)}, in {found.seconds:.3g} s."
    if found.broken is None:
        st.success(facts, title="Every link holds", icon=":material/verified_user:")
    else:
        st.error(
            f"{messages.plain(say.broken(found.broken))} Up to there {facts}",
            title=f"The chain is broken at event {found.broken.seq:,}",
            icon=":material/gpp_bad:",
        )
    st.caption(f"{_against(found)} The check is event {found.event:,} itself.")


def _against(found: Verified) -> str:
    undone = f" {words.count(found.undone, 'head')} of events that a restored backup has undone passed over." * bool(
        found.undone
    )
    if not found.kept:
        return f"No head is kept elsewhere, so a chain that was cut short could not be told.{undone}"
    newest = found.kept[0]
    where = messages.plain(newest.where)
    n = words.count(len(found.kept), "head")
    return f"Held against {n} kept elsewhere, the newest event {newest.seq:,} in {where}.{undone}"


def _to_keep() -> None:
    st.subheader("Head to keep", anchor=False)
    st.code(verifying.head_text(state.desk(), state.actor()), language=None, wrap_lines=True)
    st.caption(
        "Number and hash of the last event. Keep it where nobody who can write to this desk can: in a mail, on paper. "
        "Every backup keeps one as well."
    )


def _kept() -> None:
    st.subheader("How long", anchor=False)
    sealed = sealing.archives(state.desk())
    years = sealing.retention().days // 365
    said = f"Events stay {years} years at least, and nothing is deleted after that either."
    if sealed:
        st.markdown(
            f"{said} {words.count(sealed[-1].last, 'event')} are sealed into {words.count(len(sealed), 'file')}."
        )
        st.dataframe(
            [{"File": item.name, "First": item.first, "Last": item.last, "SHA-256": item.sha256} for item in sealed],
            hide_index=True, width="stretch", alt="Sealed files of old events",
        )  # fmt: skip
    else:
        st.markdown(f"{said} Older ones can be sealed into a file that the chain goes on from.")
