"""Make a comparison plan: what would be judged, on how many rows and when; frozen when the button is pressed."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

import streamlit as st

from core.domain.compare.plan import ArmName
from core.domain.usecase import UseCase
from core.services.access import Action, may
from core.services.comparison import plans as service
from core.services.comparison.challengers import Challengers, challengers
from core.services.comparison.plans import Preset, Wanted
from core.services.governing.foresight import Days, Foreseen, foreseen
from core.ui import challenger_words as say
from core.ui import messages, state, words
from core.ui.period_words import day


def make(use_case: UseCase, seen: Challengers) -> None:
    """A popover with the form; nothing for roles that do not plan, or without a challenger."""
    arms = [arm for arm in seen.rows.arms if str(arm) != seen.champion]
    if not arms or not may(state.actor(), Action.PLAN):
        return
    with st.popover("Plan a comparison", icon=":material/add_task:"):
        seen = _unsegmented(use_case, seen)
        challenger = st.selectbox(
            "Challenger", arms, format_func=str, key=f"plan:challenger:{use_case.key}",
            help=f"Against {seen.champion}, which acts.",
        )  # fmt: skip
        known = {preset.name: preset for preset in service.presets(use_case)}
        name = st.radio(
            "What must be gained", list(known), captions=[messages.plain(item.meaning) for item in known.values()],
            key=f"plan:preset:{use_case.key}",
        )  # fmt: skip
        if challenger is not None:
            _rest(use_case, seen, challenger, known[name])


def _unsegmented(use_case: UseCase, seen: Challengers) -> Challengers:
    """The comparison of all rows: a plan is about those, whatever part of them is looked at."""
    if not seen.segment:
        return seen
    versions = tuple(dict.fromkeys(arm.version for arm in seen.rows.arms))
    since, until = seen.window.since.date(), seen.window.until.date()
    return challengers(state.desk(), state.actor(), use_case.key, since=since, until=until, versions=versions[1:])


def _rest(use_case: UseCase, seen: Challengers, challenger: ArmName, preset: Preset) -> None:
    today = datetime.now(UTC).date()
    ahead = foreseen(use_case, seen, challenger, preset, today)
    st.markdown(_explained(use_case, ahead, preset))
    mark = f"{use_case.key}:{challenger}:{preset.name}"
    n_rows = st.number_input("Judged rows in each window", 30, 10_000_000, ahead.n_rows, key=f"plan:n:{mark}")
    windows = []
    for place, (first, last) in enumerate(ahead.windows, start=1):
        picked = st.date_input(f"Window {place}, first day and the day after the last", (first, last),
                               key=f"plan:window:{place}:{mark}")  # fmt: skip
        windows.append(picked)
    st.caption(
        "Window 1 decides, window 2 confirms on rows that nobody has seen the end of. Window 1 may lie in the past: a "
        "look back, and the verdict says so. In between the page shows an interval that may be looked at every day."
    )
    if st.button("Freeze this plan", key=f"plan:freeze:{use_case.key}", icon=":material/lock:", type="primary",
                 help="Frozen when you press: nobody can change it afterwards, only end it."):  # fmt: skip
        with messages.told():
            spans = _spans(windows, ahead)
            planned = service.make_plan(
                state.desk(), state.actor(), use_case.key, Wanted(challenger, preset.name, spans, int(n_rows))
            )
            st.toast(f"Plan {planned.id} is frozen.", icon=":material/lock:")
            st.rerun()


def _spans(windows: Sequence[object], ahead: Foreseen) -> tuple[Days, Days]:
    """Both windows as picked; one that is only half picked stays as foreseen."""
    both = [
        picked if isinstance(picked, tuple) and len(picked) == 2 else given
        for picked, given in zip(windows, ahead.windows, strict=True)
    ]
    return both[0], both[1]


def _explained(use_case: UseCase, ahead: Foreseen, preset: Preset) -> str:
    gain = say.signed(preset.metric, preset.minimum_gain)
    rate = f"{ahead.per_week:,.0f} judged rows come in a week" if ahead.per_week else "no judged row has come in yet"
    known = f"The outcomes of window 2 are known about {day(ahead.known_on)}."
    if ahead.n_measured is None:
        return (
            f"How much the two differ from row to row cannot be measured yet, so {words.count(ahead.n_rows)} rows are "
            f"proposed, the least a plan takes; {rate}. {known}"
        )
    return (
        f"**{words.count(ahead.n_rows)} rows in each window** show a true gain of {gain} with 80 % power, from the "
        f"paired variance of {words.count(ahead.n_measured)} rows both have scored; {rate}. {known}"
    )
