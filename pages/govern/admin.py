"""Who may come in, what runs, what is in force, what does it take up?"""

from __future__ import annotations

from core.ui import admin, frame, messages

frame.heading(
    "Who may come in, what runs, and is it safe?",
    "Of the whole desk, all use cases. Administrators change it; auditors see it. Every change is on record.",
)

with messages.told():
    frame.pick_view(admin.VIEWS)()
