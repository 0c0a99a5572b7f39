"""When and how are models rebuilt?"""

from __future__ import annotations

from core.ui import frame, messages, retraining, retraining_result, state

use_case = state.use_case()
frame.heading(
    "When and how are models rebuilt?",
    "A retraining searches better parameters on recent mature outcomes. What it finds runs beside the champion as "
    "challenger; it never acts by itself.",
)

with messages.told():
    state.desk().scorer(use_case.key)  # the first version is trained, not retrained
    found = retraining.what_is_due(use_case)
    retraining.order(use_case, found)
    retraining_result.results(use_case)
