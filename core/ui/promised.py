"""The promises page: each claim beside what is measured and what can be reached, with one sentence why."""

from __future__ import annotations

import streamlit as st

from core.domain.metrics.catalogue import metric_of
from core.services.promises import Promise
from core.ui import figures, messages, state

_LOOK = {
    "beyond what can be reached": ("red", "block"),
    "not reached": ("orange", "arrow_circle_down"),
    "not measured yet": ("gray", "hourglass_empty"),
    "within the interval of what is measured": ("green", "check_circle"),
    "surpassed": ("blue", "arrow_circle_up"),
}


def everything() -> list[Promise]:
    """The claims of every use case, in the sidebar's order."""
    return [promise for key in state.desk().use_cases() for promise in state.promises(key)]


def summary(found: list[Promise]) -> None:
    """How many hold, in one line."""
    if not found:
        st.info("No use case of this desk carries a claim.", title="Nothing was promised")
        return
    verdicts = [promise.verdict for promise in found]
    said = [f"{verdicts.count(word)} {word}" for word in _LOOK if word in verdicts]
    st.markdown(f"{len(found)} promised figures: {', '.join(said)}.")


def draw(promise: Promise) -> None:
    """One claim: what was said, the figures side by side, the verdict, why."""
    claim, metric = promise.claim, promise.claim.metric
    hue, icon = _LOOK[promise.verdict]
    with st.container(border=True):
        whose = " of the rules" if claim.arm == "rules" else ""
        st.markdown(f"#### {messages.plain(promise.title)}: {metric_of(metric).label}{whose}")
        st.markdown(f"“{messages.plain(claim.said)}”")
        with st.grid(3, min_column_width=150, gap="small"):
            st.metric("Promised", promised(promise), border=True)
            measured = promise.measured
            st.metric(
                "Measured here", figures.number(metric, measured["value"]) if measured else "not yet", border=True
            )
            known = figures.number(metric, promise.known["value"]) if promise.known else "not known"
            st.metric("True value" if claim.arm == "rules" else "Best possible", known, border=True)
        st.markdown(f":{hue}[:material/{icon}: **{promise.verdict.capitalize()}.**] {messages.plain(claim.why)}")
        if measured:
            few = "" if measured.get("enough", True) else f" ({figures.FEW} with the outcome)"
            said = f"95 % interval {figures.interval(measured)}, n = {measured['n']:,}{few}; {promise.rows}"
            st.caption(messages.plain(f"Measured: {said}, version {promise.version}."))


def promised(promise: Promise) -> str:
    """The promised figure, or the range of it."""
    claim = promise.claim
    digits = figures.number(claim.metric, claim.value)
    return digits if claim.upto is None else f"{digits} to {figures.number(claim.metric, claim.upto)}"
