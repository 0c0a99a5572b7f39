"""Would a challenger have decided better?"""

from __future__ import annotations

from typing import Any

import streamlit as st

from core.ui import (
    challenger_agreement,
    challenger_curves,
    challenger_deciders,
    challenger_plans,
    challenger_replay,
    challenger_segments,
    challenger_swaps,
    challenger_table,
    challenger_verdicts,
    challengers,
    frame,
    messages,
    state,
)

use_case = state.use_case()
frame.heading(
    "Would a challenger have decided better?",
    f"Every model and the rules on the same {use_case.noun}s, beside the champion. Only {use_case.noun}s at least "
    f"{use_case.target.horizon_days} days old whose outcome is known are judged.",
)

views: dict[str, Any] = {
    "Curves": challenger_curves.curves,
    "Swap set": challenger_swaps.swap_set,
    "Money": challenger_swaps.money,
    "Segments": challenger_segments.segments,
    "Disagreement": challenger_agreement.disagreement,
}

with messages.told():
    state.desk().scorer(use_case.key)  # without a trained version there is nothing to compare
    challenger_verdicts.standing(use_case)
    actions = st.container(horizontal=True)
    choice = challengers.choose(use_case)
    seen = challengers.read(use_case, choice)
    with actions:
        challenger_plans.make(use_case, seen)
        challenger_replay.replay(use_case, choice)
    if not seen.n_rows:
        challengers.nothing(use_case, choice)
    else:
        challengers.coats(use_case, seen)
        challengers.ripe(use_case, seen)
        challenger_deciders.who_decided(use_case, seen)
        challenger_table.arms(use_case, seen)
        tabs = st.tabs(list(views), key=f"challengers:{use_case.key}", on_change="rerun")
        for tab, view in zip(tabs, views.values(), strict=True):
            if tab.open:
                with tab, messages.told():
                    view(use_case, seen)
