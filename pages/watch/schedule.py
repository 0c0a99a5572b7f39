"""What does the desk do by itself, and what came of it?"""

from __future__ import annotations

from core.ui import frame, messages, schedule_jobs, schedule_reports, schedule_runs, schedule_tasks, state

use_case = state.use_case()
frame.heading(
    "What does the desk do by itself, and what came of it?",
    "It looks, measures, scores and reports by the clock, for all use cases. Every run is kept with its result.",
)

with messages.told():
    seen = schedule_tasks.read()
    schedule_tasks.headline(seen)
    schedule_tasks.table(seen)
    schedule_tasks.work(seen)
    schedule_runs.runs(seen)
    schedule_jobs.jobs(use_case)
    schedule_reports.weekly(use_case)
