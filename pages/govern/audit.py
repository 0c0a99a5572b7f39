"""Who did what, and does the record hold?"""

from __future__ import annotations

from core.ui import audit, frame, messages

frame.heading(
    "Who did what, and does the record hold?",
    "Every act on this desk, refused ones too: files taken, records opened, changes before and after. Nothing is ever "
    "changed or removed.",
)

with messages.told():
    frame.pick_view(audit.VIEWS)()
