"""What was understood of a labelled file: the outcome, the columns, what is left out, what may leak."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import streamlit as st

from core.services.adoption_report import Inspection
from core.ui import messages, words


def show(seen: Inspection) -> None:
    """The outcome first, then leaks, then columns, then what a person should know."""
    facts = seen.as_json()
    _outcome(facts)
    _leakage(facts["leakage"])
    _columns(facts)
    if facts["notes"]:
        st.subheader("Good to know", anchor=False)
        st.markdown("\n".join(f"- {messages.plain(note)}" for note in facts["notes"]))


def _outcome(facts: dict[str, Any]) -> None:
    target = facts["target"]
    classes = zip(target["classes"], target["rows_by_class"], strict=True)
    shares = ", ".join(f"{messages.plain(name)} {words.percent(n / facts['rows'])}" for name, n in classes)
    st.markdown(
        f"**{messages.plain(target['name'])}**: {facts['task']}{', ' + shares if shares else ''}; "
        f"{words.count(facts['rows'], 'labelled row')}. {words.capitalised(messages.plain(target['why']))}"
    )
    named = {"row": facts["entity"], "time": facts["time"], "group": facts["group"]}
    told = ", ".join(f"{what}: {messages.plain(name)}" for what, name in named.items() if name)
    held = {"time": "the last rows by time", "group": "whole groups", "random": "rows drawn at random"}
    st.caption(f"Held out: {held[facts['split_by']]}{' (' + told + ')' if told else ''}.")


def _leakage(found: dict[str, Any]) -> None:
    """The screen, most suspicious first, with the numbers and the reasons."""
    label = "AUC" if found["metric"] == "auc" else "R2"
    st.subheader("Does a column know the answer?", anchor=False)
    if found["flagged"]:
        without = found["score_without_flagged"]
        beside = f", {without:.3f} without them" if without is not None else ""
        names = ", ".join(found["flagged"])
        st.warning(
            f"{label} {found['score_with_all']:.3f} with all columns{beside}. They are kept unless you say so: "
            "name those that are known only afterwards above, and look again.",
            title=messages.plain(f"{names} may be filled in after the fact"),
        )
    else:
        st.markdown(":green[:material/check_circle: **No column stands out.**]")
    rows = [
        {
            "Column": item["column"],
            "Suspicious": ["yes" if item["flagged"] else "no"],
            f"{label} alone": item["alone"],
            "Adds": item["adds"],
            "Reasons": "; ".join(item["reasons"]),
        }
        for item in found["findings"]
    ]
    _table(
        rows,
        f"Columns by suspicion; {label} on {found['rows']:,} rows, {found['folds']}-fold",
        {
            "Suspicious": st.column_config.MultiselectColumn(options=["yes", "no"], color=["orange", "gray"]),
            f"{label} alone": st.column_config.NumberColumn(
                format="%.3f", help="Of a model that reads this column only"
            ),
            "Adds": st.column_config.NumberColumn(format="%.3f", help="What leaving the column out costs"),
        },
    )


def _columns(facts: dict[str, Any]) -> None:
    st.subheader(f"{words.count(len(facts['columns']), 'column')} read", anchor=False)
    _table(
        [
            {
                "Column": item["name"],
                "Kind": item["kind"],
                "For": item["role"],
                "Gives": ", ".join(item["features"]),
                "Missing": item["missing"],
                "Why": item["why"],
            }
            for item in facts["columns"]
        ],
        "Columns that are read, and why they were understood so",
        {},
    )
    if facts["excluded"]:
        st.subheader(f"{words.count(len(facts['excluded']), 'column')} left out", anchor=False)
        rows = [{"Column": item["name"], "Why": item["why"]} for item in facts["excluded"]]
        _table(rows, "Columns that are left out, and why", {})


def _table(rows: list[dict[str, Any]], alt: str, config: dict[str, Any]) -> None:
    if rows:
        st.dataframe(pa.Table.from_pylist(rows), hide_index=True, width="stretch", column_config=config, alt=alt)
        st.caption(alt)
