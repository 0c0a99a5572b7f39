"""Would a challenger have decided better?"""

from __future__ import annotations

import streamlit as st

from core.ui import challenger_plans, challenger_table, challenger_verdicts, challengers, frame, messages, state

use_case = state.use_case()
frame.heading(
    "Would a challenger have decided better?",
    f"Every model and the rules on the same {use_case.noun}s, beside the champion. Only {use_case.noun}s at least "
    f"{use_case.target.horizon_days} days old whose outcome is known are judged.",
)

with messages.told():
    state.desk().scorer(use_case.key)  # without a trained version there is nothing to compare
    challenger_verdicts.standing(use_case)
    act = st.container(horizontal=True)
    choice = challengers.choose(use_case)
    seen = challengers.read(use_case, choice)
    with act:
        challenger_plans.make(use_case, seen)
    if not seen.n_rows:
        challengers.nothing(use_case, choice)
    else:
        challengers.coats(use_case, seen)
        challengers.ripe(use_case, seen)
        challengers.who_decided(use_case, seen)
        challenger_table.arms(use_case, seen)
