"""The data page's reference part: use cases, fields, features, target, rules, policy, and the contract's checks."""

from __future__ import annotations

import re
from collections.abc import Sequence

import pyarrow as pa
import streamlit as st

from core.domain.columns import Column, Kind, Missing, Unseen
from core.domain.usecase import UseCase
from core.ui import messages, state, words

_MISSING = {
    Missing.REJECT: "row is rejected",
    Missing.IMPUTE: "training median, flagged",
    Missing.LEVEL: "a level of its own",
    Missing.ALLOW: "stays empty",
}


def use_cases() -> None:
    """Every use case of the desk, one line each."""
    desk = state.desk()
    rows = [
        (
            case.title,
            case.question,
            str(case.task),
            case.target.name,
            f"{case.target.horizon_days} days",
            desk.acting_version(case.key) or "none yet",
            "built-in" if case.origin == "built-in" else "adopted",
        )
        for case in desk.use_cases().values()
    ]
    header = ("Use case", "Question", "Task", "Target", "Known after", "Acting version", "Origin")
    _table(header, rows, "The use cases of this desk")


def fields(use_case: UseCase) -> None:
    """Raw columns: kind, unit, what is allowed, what happens to a missing or unseen value."""
    marks = {"sensitive": use_case.sensitive, "actionable": use_case.actionable}
    rows = [
        (
            column.title,
            column.name,
            str(column.kind),
            column.unit,
            allowed(column),
            _MISSING[column.missing],
            _unseen(column),
            ", ".join(mark for mark, names in marks.items() if column.name in names),
        )
        for column in use_case.schema
    ]
    header = ("Field", "Column", "Kind", "Unit", "Allowed", "Missing value", "Unseen value", "Marks")
    _table(header, rows, f"Fields of {use_case.title}")
    with_rules = [f"- {messages.plain(between(rule.message))}" for rule in use_case.schema.rules]
    if with_rules:
        st.markdown("Between columns:\n" + "\n".join(with_rules))


def between(message: str) -> str:
    """What a rule between columns says, without the places for a row's values.

    >>> between("paid is '{paid}'; it cannot exceed owed, which is {owed}.")
    'paid cannot exceed owed.'
    """
    return re.sub(r",? (which )?is '?\{\w+\}'?(; it)?", "", message)


def allowed(column: Column) -> str:
    """What values a column takes, in words.

    >>> allowed(Column("x", Kind.COUNT, minimum=0)), allowed(Column("x", Kind.CATEGORY, levels=("a", "b")))
    ('at least 0', 'a, b')
    """
    if column.levels:
        return ", ".join(column.levels)
    if column.kind is Kind.TIME:
        return f"written like {column.time_format}" if column.time_format else "ISO 8601"
    if column.minimum is not None and column.maximum is not None:
        return f"{column.minimum:,g} to {column.maximum:,g}"
    if column.minimum is not None:
        return f"at least {column.minimum:,g}"
    return f"at most {column.maximum:,g}" if column.maximum is not None else "any"


def _unseen(column: Column) -> str:
    if not column.levels:
        return ""
    return "a level of its own, flagged" if column.unseen is Unseen.OTHER else "row is rejected"


def features(use_case: UseCase) -> None:
    """What the models read, with formulas."""
    rows = [(feature.name, ", ".join(feature.inputs), feature.formula) for feature in use_case.features]
    _table(("Feature", "Reads", "Formula"), rows, f"Features of {use_case.title}")


def target_and_policy(use_case: UseCase) -> None:
    """What is predicted, when it is known, what the rules say, which band leads to what."""
    target, policy = use_case.target, use_case.policy
    lines = [
        ("Target", target.name + (f" ({', '.join(target.classes)})" if target.classes else "")),
        ("Means", target.meaning),
        ("Known after", words.count(target.horizon_days, "day")),
        ("One row is named by", use_case.entity or "its place in the file"),
        ("Never split", use_case.group or ""),
        ("Rules", f"{use_case.rules.name}: {use_case.rules.formula}" if use_case.rules else ""),
        ("Who decides", "the rules" if policy.mode == "shadow" else "the champion"),
        ("Money", policy.money.note if policy.money else ""),
    ]
    said = [f"- **{name}**: {messages.plain(text)}" for name, text in lines if text]
    st.markdown("\n".join(said + [f"- {messages.plain(note)}" for note in (*use_case.notes, *policy.notes)]))
    bands = [
        f"- {words.chip(band)} {messages.plain(band.decision)}{_bound(use_case, band.at_least, band.share)}"
        for band in policy.bands
    ]
    st.markdown("\n".join(bands))


def _bound(use_case: UseCase, at_least: float | None, share: float | None) -> str:
    if at_least is not None:
        return f", from {words.score(use_case, at_least)}"
    return f", {words.percent(share, 0)} of rows" if share is not None else ""


def checks(use_case: UseCase) -> None:
    """The contract's checks with their results."""
    found = state.contract(use_case)
    broken = [result for result in found if not result.holds]
    if broken:
        for result in broken:
            st.error(messages.plain(result.problem), title=messages.plain(words.capitalised(result.name)))
    else:
        st.markdown(f":green[:material/check_circle: **All {len(found)} checks hold.**]")
    rows = [(words.capitalised(item.name), "holds" if item.holds else item.problem, item.promise) for item in found]
    _table(("Check", "Result", "What must hold"), rows, f"Contract checks of {use_case.title}")


def _table(header: Sequence[str], rows: Sequence[Sequence[str]], alt: str) -> None:
    columns = {name: pa.array([row[place] for row in rows], pa.string()) for place, name in enumerate(header)}
    filled = {name: values for name, values in columns.items() if any(values.to_pylist())}
    st.dataframe(pa.table(filled), hide_index=True, width="stretch", alt=alt)
