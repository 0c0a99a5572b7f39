"""What the desk says about a file of rows."""

from __future__ import annotations

import streamlit as st

from core.ui import frame, messages, results, state, uploads

use_case = state.use_case()
frame.heading(f"What does the desk say about this file of {use_case.noun}s?", use_case.question)
shelf = state.shelf("file", use_case.key)

with messages.told():
    job = uploads.current_job(use_case, shelf)
    if job is None:
        state.desk().scorer(use_case.key)  # without a trained version there is nothing to upload for
        uploads.choose(use_case, shelf)
        if "path" in shelf:
            seen = uploads.look(use_case, shelf)
            uploads.show_look(use_case, seen)
            uploads.mapping_form(use_case, seen, shelf)
            uploads.submit_bar(use_case, seen, shelf)
        else:
            results.earlier(use_case, shelf)
    elif not job.finished:
        uploads.follow(job.id)
    elif job.state != "done":
        uploads.stopped(job, shelf)
    else:
        st.markdown(f":material/task_alt: **{messages.plain(job.spec['filename'])}** is scored.")
        results.counted(use_case, job)
        results.downloads(job)
        results.distribution(use_case, job)
        results.rows(use_case, job)
        results.afterwards(use_case, job, shelf)
