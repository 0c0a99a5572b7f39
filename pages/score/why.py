"""Why is a score what it is, in words that can be repeated?"""

from __future__ import annotations

import streamlit as st

from core.services.access import Action, may
from core.ui import (
    adverse,
    case_bar,
    feedback,
    frame,
    messages,
    state,
    whatif,
    why,
    why_compare,
    why_models,
    why_search,
)

use_case = state.use_case()
frame.heading("Why this score?", f"What helps and what hurts, compared with earlier {use_case.noun}s.")

with messages.told():
    state.desk().scorer(use_case.key)  # without a trained version there is nothing to explain
    asked = why_search.bar(use_case)
    found = why_search.found(use_case, asked) if asked else None
    if found is None:
        why_search.latest(use_case)
    else:
        said = why_search.explained(use_case, found.prediction_id)
        why_search.choose(use_case, said)
        why.grade(use_case, said)
        why.reasons(use_case, said)
        feedback.bar(use_case, said)
        case_bar.open_from_score(use_case, said)
        why.waterfall(use_case, said)
        why.take_along(use_case, said)
        adverse.letter(use_case, said)
        whatif.drawer(use_case, said)
        st.subheader("Compare", anchor=False)
        other = why_search.beside(use_case)
        second = why_search.found(use_case, other) if other else None
        if second is not None:
            why_compare.compare(use_case, why_search.compared(use_case, found.prediction_id, second.prediction_id))
        if may(state.actor(), Action.SEE_MODELS):
            why_models.side_by_side(use_case, said)
            why_models.more(use_case, said)
