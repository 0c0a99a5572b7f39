"""Reason codes for declined credit: a letter's reasons for one score, and how often each code is given."""

from __future__ import annotations

import streamlit as st

from core.domain.adverse import AdverseReason
from core.domain.explained import Explanation
from core.domain.usecase import UseCase
from core.services.reasons import adverse as service
from core.services.reasons.adverse import CodeCounts, Notice
from core.services.reasons.drivers import FEW
from core.ui import audit_taken, charts, driver_charts, drivers, messages, state, words
from core.ui.driver_words import listed, shortened, source

METHOD = (
    "A column counts by what it added to this score beyond its mean over the reference rows that were approved; "
    "columns with one code count together, at most four codes are given, in the order of how much each hurt."
)


def letter(use_case: UseCase, explanation: Explanation) -> None:
    """The principal reasons of an adverse decision, to be copied; nothing where the decision is not adverse."""
    with messages.told():
        found = service.notice(state.desk(), state.actor(), use_case.key, explanation)
        if found is None:
            return
        audit_taken.opened(use_case, str(explanation.prediction_id), "reasons to give")
        st.subheader("Reasons to give", anchor=False)
        st.code(text(use_case, explanation, found), language=None, wrap_lines=True)
        if found.adverse.sensitive:
            st.warning(
                "It is never given as a reason, and it should not move a score: take this to whoever owns the model.",
                title=f"{listed(use_case, found.adverse.sensitive)} would be among the strongest reasons.",
                icon=":material/policy:",
            )
        st.caption(_method(use_case, found, explanation))


def text(use_case: UseCase, explanation: Explanation, found: Notice) -> str:
    """The reasons as plain text."""
    reasons = found.adverse.reasons
    named = f"{words.capitalised(use_case.noun)} {explanation.entity}: {explanation.decision}."
    if not reasons:
        return f"{named}\nNo column with a code made this score worse than that of those who were approved."
    lines = [f"{place}. {_line(reason)}" for place, reason in enumerate(reasons, start=1)]
    return "\n".join([named, "Principal reasons, the most important first:", *lines])


def _line(reason: AdverseReason) -> str:
    return f"{reason.code}  {reason.text}"


def _method(use_case: UseCase, found: Notice, explanation: Explanation) -> str:
    compared = f"Compared with {words.count(found.n_approved)} approved reference rows of version {found.version}."
    unsaid = ""
    if found.adverse.uncoded:
        unsaid = f" Without a code, though it hurt as much: {listed(use_case, found.adverse.uncoded)}."
    ruled = ""
    if explanation.decided_by == "rules":
        ruled = " The rules decided; these are the reasons the model sees, and a letter must also name the rule."
    return f"{METHOD} {compared}{unsaid}{ruled}"


def frequencies(use_case: UseCase, model: str) -> None:
    """How often each code is among the principal reasons of those whom a model would decline."""
    days = drivers.pick_rows(use_case, "codes")
    found = service.code_counts(state.desk(), state.actor(), use_case.key, model, days)
    if found is None:
        return
    if found.n_declined == 0:
        st.info(f"{words.capitalised(model)} puts none of these {use_case.noun}s into {', '.join(found.bands)}.")
        return
    shown = list(found.counts.items())
    drawn = driver_charts.counted(
        [f"{code} {shortened(text, 24)}" for (code, text), _ in shown], [n for _, n in shown], found.n_declined
    )
    charts.show(
        drawn,
        _finding(use_case, found),
        f"{words.count(found.n_declined)} {use_case.noun}s that {model} puts into {', '.join(found.bands)}; several "
        f"codes each. {METHOD} {words.count(found.n_approved)} approved rows. {source(found.source)}",
        [
            {"Code": code, "Reason": text, "Rows": n, "Share": n / found.n_declined, "n": found.n_declined}
            for (code, text), n in shown
        ],
        f"codes-chart:{use_case.key}",
    )
    _sensitive(use_case, found)


def _finding(use_case: UseCase, found: CodeCounts) -> str:
    if not found.counts:
        return "No column with a code made any of these scores worse"
    (code, text), n = next(iter(found.counts.items()))
    few = "; too few rows to rely on" if found.n_declined < FEW else ""
    return f"{text} ({code}) is a reason for {n:,} of {found.n_declined:,} declined {use_case.noun}s{few}"


def _sensitive(use_case: UseCase, found: CodeCounts) -> None:
    if not found.sensitive:
        st.caption("No sensitive column would be among the principal reasons of any of them.")
        return
    names = tuple(sorted(found.sensitive, key=lambda name: -found.sensitive[name]))
    rows = ", ".join(f"{words.count(found.sensitive[name])} of {words.count(found.n_declined)}" for name in names)
    st.warning(
        f"In {rows} rows. A sensitive column is never given as a reason, and it should not move a score: take this to "
        "whoever owns the model.",
        title=f"{listed(use_case, names)} would be among the strongest reasons.",
        icon=":material/policy:",
    )
