"""Tables with the right column types; formulas and Markdown in a customer's cell stay text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow as pa
import streamlit as st

from core.domain.columns import Column, Kind
from core.domain.usecase import UseCase
from core.ui import frame, words

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


def scored(table: pa.Table, use_case: UseCase, highest: float, key: str) -> None:
    """Scored rows: who, score, band and decision first, then opinions, then what came in.

    `highest` is the score at which a row's bar is full; `key` tells the buttons of one table from another's, each of
    which opens the reasons of its row.
    """
    table = table.select(_ordered(table.column_names, use_case))
    ids = table["prediction_id"].to_pylist() if "prediction_id" in table.column_names else []
    for name in ("band", "rules_band"):
        if name in table.column_names:
            table = table.set_column(table.column_names.index(name), name, _as_lists(table[name]))
    config = {name: _config(name, use_case, highest) for name in table.column_names}
    if ids:
        table, config[WHY] = table.add_column(1, WHY, pa.array(["Why?"] * len(ids))), _why(use_case, ids, key)
    st.dataframe(
        table,
        hide_index=True,
        width="stretch",
        column_config=config,
        alt=f"Scored {use_case.noun}s: score, band, decision and the values that came in",
    )


def _why(use_case: UseCase, ids: Sequence[str], key: str) -> Any:
    """A button per row that opens its reasons."""

    def opened() -> None:
        frame.explain(use_case.key, ids[st.session_state[key]["row"]])

    return st.column_config.ButtonColumn("", width=64, type="tertiary", key=key, on_click=opened)


WHY = ":why"  # no raw column is called so
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
