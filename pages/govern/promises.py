"""What was promised of the models, beside what this desk measures and what can be reached at all."""

from __future__ import annotations

from core.ui import frame, messages, promised

frame.heading(
    "Was it true what was promised?",
    "Claims of the systems this desk replaces, set beside this desk's own versions and the truth behind their rows.",
)

with messages.told():
    found = promised.everything()
    promised.summary(found)
    for promise in found:
        promised.draw(promise)
