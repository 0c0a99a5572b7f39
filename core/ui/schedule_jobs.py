"""The schedule page's scoring jobs: what each reads, where its scores go, what it took; a new one, one less."""

from __future__ import annotations

from typing import Any

import streamlit as st

from core.domain.usecase import UseCase
from core.services.access import Action, may
from core.services.scheduling import scoring_jobs as service
from core.services.scheduling import when
from core.services.scheduling.scoring_jobs import Wanted
from core.services.scheduling.scoring_spec import BATCH_ROWS, MOST_BATCH_ROWS, NIGHTLY, From, Source, Spec, To
from core.store.ledger_schedule_tables import ScoringJobRecord, SourceTaken
from core.ui import messages, state, words
from core.ui import schedule_words as say

FROM = {From.FOLDER: "A folder", From.FILES: "A file or pattern", From.QUERY: "A query"}
TO = {To.FILE: "A file", To.TABLE: "A table", To.WEBHOOK: "A webhook"}
PATHS = {
    From.FOLDER: ("Folder", "/srv/crm/out", "Every new CSV, Parquet or Excel file in it is scored once."),
    From.FILES: ("Path or pattern", "/srv/crm/leads-*.parquet", "Files that match and were not scored yet."),
    From.QUERY: ("DuckDB, SQLite, CSV or Parquet file", "/srv/warehouse.duckdb", "It is opened read-only."),
}
SHOWN = 50


def jobs(use_case: UseCase) -> None:
    """Scoring jobs of a use case; those who may also define and remove them."""
    st.subheader(f"Scoring jobs: {use_case.title}", anchor=False)
    found = service.scoring_jobs(state.desk(), state.actor(), use_case.key)
    changes = may(state.actor(), Action.SCHEDULE)
    if not found:
        who = "Add one below." if changes else "Risk managers and administrators add one."
        st.caption(
            f"No {use_case.noun}s are scored by the clock: from a folder, files or a query to a file, a table or a "
            f"webhook, nightly at 02:00 UTC unless set otherwise. {who}"
        )
    for job in found:
        _job(job, changes)
    if changes:
        with st.expander("Add a scoring job", icon=":material/add:"):
            _form(use_case)


def _job(job: ScoringJobRecord, changes: bool) -> None:
    spec = Spec.from_json(job.spec)
    with st.container(border=True):
        st.markdown(f"**{messages.plain(job.name)}**")
        read = messages.plain(spec.source.path) + (" by a query" if spec.source.query else "")
        table = f", table {spec.target.table}" if spec.target.table else ""
        place = messages.plain(spec.target.place + table)
        st.markdown(f":material/login: {read}  \n:material/logout: {TO[spec.target.kind]}: {place}")
        st.caption(
            f"{words.capitalised(when.in_words(spec.cron))} unless its task is set otherwise; defined by "
            f"{messages.plain(job.created_by)} on {words.exact(job.created_at)}."
        )
        if spec.source.query:
            st.code(spec.source.query, language="sql", wrap_lines=True)
        _taken(job)
        if changes:
            _remove(job)


def _taken(job: ScoringJobRecord) -> None:
    found = service.sources(state.desk(), state.actor(), job.id, SHOWN)
    if not found:
        st.caption("It has taken nothing yet. Run its task now, or wait until it is due.")
        return
    st.dataframe(
        [_source_row(taken) for taken in found], hide_index=True, width="stretch",
        column_config={"Begun (UTC)": st.column_config.DatetimeColumn(format="D MMM YYYY, HH:mm", timezone="UTC")},
        alt=f"Sources that the scoring job {job.name} took, newest first",
    )  # fmt: skip


def _source_row(taken: SourceTaken) -> dict[str, Any]:
    facts = taken.facts
    return {
        "Source": taken.name,
        "Begun (UTC)": taken.begun_at,
        "Rows": facts.get("rows"),
        "Scored": facts.get("scored"),
        "Rejected": facts.get("rejected"),
        "Scored before": facts.get("already_scored"),
        "Handed on": say.handed_on(taken),
    }


def _remove(job: ScoringJobRecord) -> None:
    with st.popover("Remove", icon=":material/delete:"):
        reason = st.text_input("Why?", key=f"scoring:why:{job.id}")
        if st.button("Remove it", key=f"scoring:remove:{job.id}"):
            with messages.told():
                service.remove(state.desk(), state.actor(), job.id, reason)
                st.rerun()


def _form(use_case: UseCase) -> None:
    key = use_case.key
    name = st.text_input("Name", key=f"scoring:name:{key}", placeholder="Leads of the night")
    kind = From(
        str(
            st.segmented_control(
                "Rows come from", list(From), default=From.FOLDER, required=True, format_func=lambda kind: FROM[kind],
                key=f"scoring:from:{key}",
            )
        )
    )  # fmt: skip
    label, example, what = PATHS[kind]
    path = st.text_input(label, key=f"scoring:path:{key}", placeholder=example, help=what)
    query = ""
    if kind is From.QUERY:
        query = st.text_area(
            "One SELECT", key=f"scoring:query:{key}", placeholder="SELECT * FROM leads WHERE status = 'new'",
            help="Of CSV and Parquet files the table is called source. Nothing else can be read or changed.",
        )  # fmt: skip
    target = _target(key)
    at = st.time_input("Daily at (UTC)", say.time_of(NIGHTLY), key=f"scoring:at:{key}", step=900)
    if st.button("Add it", type="primary", key=f"scoring:add:{key}"):
        with messages.told():
            cron = say.cron_of(say.DAILY, at, "")
            wanted = Wanted(name, Source(kind, path, query), cron=cron, **target)
            service.define(state.desk(), state.actor(), key, wanted)
            st.rerun()


def _target(key: str) -> dict[str, Any]:
    """Where scores go, as `Wanted` takes it."""
    to = To(
        str(
            st.segmented_control(
                "Scores go to", list(To), default=To.FILE, required=True, format_func=lambda kind: TO[kind],
                key=f"scoring:to:{key}",
            )
        )
    )  # fmt: skip
    if to is To.FILE:
        address = st.text_input("Folder of the scored files", key=f"scoring:out:{key}", placeholder="/srv/crm/in")
        form = st.segmented_control("As", ["csv", "parquet"], default="csv", required=True, key=f"scoring:form:{key}")
        return {"to": to, "address": address, "form": str(form)}
    if to is To.TABLE:
        address = st.text_input(
            "Database", key=f"scoring:db:{key}", placeholder="/srv/out.duckdb", type="password",
            help="A .duckdb path, a database URL such as postgresql+psycopg://..., or env:NAME of the variable that "
            "holds it. A URL is kept in a file of its own and shown without its password.",
        )  # fmt: skip
        table = st.text_input("Table", "scores", key=f"scoring:table:{key}", help="It is made if it is not there.")
        return {"to": to, "address": address, "table": table}
    address = st.text_input(
        "Address", key=f"scoring:url:{key}", placeholder="https://crm.example/scores", type="password"
    )
    secret = st.text_input(
        "Secret of both sides", key=f"scoring:secret:{key}", type="password",
        help="Deliveries are signed with it (docs/webhooks.md). At least 16 characters, or env:NAME.",
    )  # fmt: skip
    rows = st.number_input("Rows of one delivery", 1, MOST_BATCH_ROWS, BATCH_ROWS, 100, key=f"scoring:rows:{key}")
    return {"to": to, "address": address, "secret": secret, "batch_rows": int(rows)}
