"""The registry on the models page: what acts, what runs beside it, every version as it stands or stood, rollback."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

import streamlit as st

from core.domain.metrics.catalogue import metric_of
from core.domain.usecase import UseCase
from core.services.access import Action, may
from core.services.governing import registry as service
from core.services.governing import timeline
from core.services.governing import version_states as states
from core.services.governing.version_states import State, VersionState
from core.ui import figures, messages, state, words
from core.ui import registry_words as say
from core.ui.period_words import day

VIEWS = ("Registry", "Promotions", "Who was champion", "Model card")
VIEW = "view"  # the widget's key, and the name in the URL


def pick_view(use_case: UseCase) -> str:
    """What to look at, in the URL; what waits for an approval is said beside it."""
    asked = st.segmented_control(
        "Look at", VIEWS, default=VIEWS[0], required=True, key=VIEW, bind="query-params", label_visibility="collapsed"
    )  # fmt: skip
    n_open = len(state.desk().ledger.promotions(use_case.key, service.OPEN))
    if n_open and asked != VIEWS[1]:
        waits = "waits" if n_open == 1 else "wait"
        st.markdown(f":orange[:material/how_to_reg:] {words.count(n_open, 'promotion')} {waits} for an approval.")
    return str(asked or VIEWS[0])


def versions(use_case: UseCase) -> None:
    """Every version as it stands now, with what can be done; or as it stood on a day, with nothing to do."""
    desk, actor, key = state.desk(), state.actor(), use_case.key
    today = datetime.now(UTC).date()
    on = st.date_input("As of", today, max_value=today, key="as_of", bind="query-params", width=160)
    past = on < today
    found = states.version_states(desk, actor, key, on if past else None)
    if past:
        st.caption(f"As it stood at the end of {day(on)} (UTC), read from the ledger. Only today can be changed.")
    else:
        _acting(use_case)
    if not found:
        st.markdown(f"{use_case.title} had no version then.")
    for version in found:
        with st.container(border=True):
            _version(use_case, version, past)


def _acting(use_case: UseCase) -> None:
    """Who acts, and the way back."""
    found = timeline.timeline(state.desk(), state.actor(), use_case.key)
    if found:
        st.markdown(f":blue[:material/trophy:] {say.reign(found[-1])}")
    target = timeline.former(state.desk(), use_case.key)
    if not may(state.actor(), Action.ROLL_BACK):
        return
    if target is None:
        st.caption("There is no former champion to roll back to.")
        return
    with_reason(
        f"Roll back to {target}",
        "history",
        f"back:{use_case.key}",
        lambda reason: service.rollback(state.desk(), state.actor(), use_case.key, reason),
        f"{target} acts again from the next row on. Scores that are logged keep their version.",
    )


def with_reason(label: str, icon: str, key: str, do: Callable[[str], object], note: str = "") -> None:
    """A button that opens a place for the reason, and does what it says once there is one."""
    with st.popover(label, icon=f":material/{icon}:"), st.form(f"form:{key}", border=False):
        if note:
            st.caption(messages.plain(note))
        reason = st.text_input("Why", placeholder="One sentence for the record", key=f"why:{key}")
        if st.form_submit_button(label, icon=f":material/{icon}:", type="primary"):
            with messages.told():
                do(reason)
                st.rerun()


def _version(use_case: UseCase, found: VersionState, past: bool) -> None:
    st.markdown(f"**{found.version}** {say.badge(say.STATE_LOOK[found.state])}")
    acts = f"{found.model} acts. " if found.model else ""
    why = f", {found.why}" if found.why else ""
    by = f": {found.by}{why}." if found.by else "."
    st.markdown(messages.plain(f"{acts}In this state since {words.exact(found.since)}{by}"))
    if found.problem:
        st.markdown(f":red[:material/error:] {messages.plain(found.problem)}")
    worth = f"{_worth(use_case, found)}. " if found.figure else ""
    st.caption(messages.plain(f"{worth}Made {day(found.made_at.date())} ({found.origin})."))
    if not past:
        with st.container(horizontal=True):
            _actions(use_case, found)


def _worth(use_case: UseCase, found: VersionState) -> str:
    """The primary metric of the model that a version leads with, on its held-out rows."""
    assert found.figure is not None
    name, n_rows = metric_of(found.figure["name"]).label, words.count(found.figure["n"], "held-out row")
    return f"{words.capitalised(found.leads)}: {name} {figures.measured(found.figure)}, n = {n_rows}"


def _actions(use_case: UseCase, found: VersionState) -> None:
    desk, actor, key, name = state.desk(), state.actor(), use_case.key, found.version
    if may(actor, Action.REPLAY) and found.state is State.DEVELOPMENT:
        with_reason(
            "Run in the shadow", "visibility", f"start:{key}:{name}",
            lambda reason: states.start_shadow(desk, actor, key, name, reason),
            f"{name} scores every row beside the champion from now on, logged and never acted on.",
        )  # fmt: skip
    if may(actor, Action.REPLAY) and found.state is State.STAGING:
        with_reason(
            "Stop the shadow", "visibility_off", f"stop:{key}:{name}",
            lambda reason: states.stop_shadow(desk, actor, key, reason), "What it has scored stays.",
        )  # fmt: skip
    if may(actor, Action.ROLL_BACK) and found.state is State.DEVELOPMENT:
        with_reason(
            "Retire", "inventory_2", f"retire:{key}:{name}",
            lambda reason: states.retire(desk, actor, key, name, reason),
            f"Nobody can ask for {name} any more, nor roll back to it. Its files and scores stay.",
        )  # fmt: skip
    if may(actor, Action.ROLL_BACK) and found.state is State.RETIRED:
        with_reason(
            "Take back into service", "unarchive", f"unretire:{key}:{name}",
            lambda reason: states.unretire(desk, actor, key, name, reason),
        )  # fmt: skip
