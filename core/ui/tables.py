"""Tables with the right column types; formulas and Markdown in a customer's cell stay text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow as pa
import streamlit as st

from core.domain.columns import Column, Kind
from core.domain.usecase import UseCase
from core.ui import words

FINDING_HUES = {"Stops scoring": "red", "Look again": "orange", "Good to know": "blue", "As in training": "green"}


def findings(rows: Sequence[Mapping[str, Any]]) -> None:
    """What was found in a file, worst first."""
    st.dataframe(
        pa.Table.from_pylist(list(rows)),
        hide_index=True,
        width="stretch",
        column_config={
            "Level": st.column_config.MultiselectColumn(
                "Level", options=list(FINDING_HUES), color=list(FINDING_HUES.values()), width=120
            ),
            "Field": st.column_config.TextColumn(width=150),
            "Finding": st.column_config.TextColumn(width=270),
            "Detail": st.column_config.TextColumn(width="large"),
        },
        alt="Findings about the file compared with the training data, worst first",
    )


def scored(table: pa.Table, use_case: UseCase, highest: float) -> None:
    """Scored rows: who, score, band and decision first, then opinions, then what came in.

    `highest` is the score at which a row's bar is full.
    """
    table = table.select(_ordered(table.column_names, use_case))
    for name in ("band", "rules_band"):
        if name in table.column_names:
            table = table.set_column(table.column_names.index(name), name, _as_lists(table[name]))
    st.dataframe(
        table,
        hide_index=True,
        width="stretch",
        column_config={name: _config(name, use_case, highest) for name in table.column_names},
        alt=f"Scored {use_case.noun}s: score, band, decision and the values that came in",
    )


INTERVAL = ("interval_low", "interval_high")
FIRST = ("score", *INTERVAL, "band", "decision")
OPINIONS = ("consensus", "agreement", "rules_score", "rules_band", "decided_by")


def _ordered(names: Sequence[str], use_case: UseCase) -> list[str]:
    time = use_case.schema.time
    lead = [use_case.entity or "", time.name if time else "", *FIRST]
    opinions = [name for name in names if name.startswith(("probability_", "score_")) or name in OPINIONS]
    return list(dict.fromkeys(name for name in (*lead, *opinions, *names) if name in names))


def _as_lists(values: Any) -> pa.Array:
    """One badge per cell: a column of one-element lists."""
    texts = values.combine_chunks() if isinstance(values, pa.ChunkedArray) else values
    if pa.types.is_dictionary(texts.type):
        texts = texts.dictionary_decode()
    return pa.ListArray.from_arrays(pa.array(range(len(texts) + 1), type=pa.int32()), texts)


def _config(name: str, use_case: UseCase, highest: float) -> Any:
    if name in use_case.schema:
        return _raw(use_case.schema[name])
    bands = use_case.policy.bands
    if name in ("band", "rules_band"):
        title = "Band" if name == "band" else "Rules' band"
        hues = [words.TONE_HUE[band.tone] for band in bands]
        return st.column_config.MultiselectColumn(title, options=[band.name for band in bands], color=hues)
    title = words.capitalised(name.removeprefix("score_").replace("_", " "))
    if name.startswith("probability_"):
        return st.column_config.NumberColumn(title, format="percent")
    if name.startswith("score_") or name in ("score", "consensus", *INTERVAL):
        return _score(title, use_case, highest if name == "score" else None)
    if name == "agreement":
        return st.column_config.NumberColumn(title, format="percent", help="Share of the models in the champion's band")
    return st.column_config.Column(title)


def _score(title: str, use_case: UseCase, highest: float | None) -> Any:
    if use_case.policy.score_format != "percent":
        return st.column_config.NumberColumn(title, format="%.4g")
    if highest is not None:
        return st.column_config.ProgressColumn(title, min_value=0.0, max_value=highest, format="percent", width=150)
    return st.column_config.NumberColumn(title, format="percent")


def _raw(column: Column) -> Any:
    title = f"{column.title} ({column.unit})" if column.unit else column.title
    if column.kind is Kind.TIME:
        return st.column_config.Column(title, help="As it came")
    return st.column_config.Column(title, help=column.help or None)
