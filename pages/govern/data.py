"""What the desk knows of its data: dictionary, contract checks, and a wizard that adopts a labelled file."""

from __future__ import annotations

import streamlit as st

from core.ui import adopting, dictionary, frame, inspected, messages, privacy, state

use_case = state.use_case()
frame.heading("What goes in, what comes out, and what must hold?", use_case.question)
fields, features, target, checks, persons, cases, adopt = st.tabs(
    ["Fields", "Features", "Target and policy", "Contract", "Privacy", "All use cases", "Adopt a file"], key="data-tab"
)

with fields, messages.told():
    dictionary.fields(use_case)
with features, messages.told():
    dictionary.features(use_case)
with target, messages.told():
    dictionary.target_and_policy(use_case)
with checks, messages.told():
    dictionary.checks(use_case)
with persons, messages.told():
    privacy.show(use_case)
with cases, messages.told():
    dictionary.use_cases()
with adopt, messages.told():
    if adopting.allowed():
        kept = adopting.shelf()
        job = adopting.current_job(kept)
        if job is not None and not job.finished:
            adopting.follow(job.id)
        elif job is not None:
            adopting.ended(job, kept)
        else:
            adopting.choose(kept)
            if "preview" in kept:
                adopting.options(kept)
            if "seen" in kept:
                inspected.show(kept["seen"])
                adopting.train_bar(kept)
