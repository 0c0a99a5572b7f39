"""Error rates and calibration where a decision hides outcomes, with a random slice standing for what is hidden."""

from __future__ import annotations

import streamlit as st

from core.domain.usecase import UseCase
from core.services.comparison import fairness_weighted as service
from core.services.comparison.fairness import ColumnGroups, Fairness
from core.services.comparison.fairness_rows import Choice
from core.ui import fairness_words as say
from core.ui import messages, state, words


def hides(seen: Fairness) -> tuple[str, str] | None:
    """The decisions after which outcomes are known least and most often, where that differs much."""
    if len(seen.known) < 2:
        return None
    least, most = (kind(seen.known, key=lambda name: seen.known[name]) for kind in (min, max))
    return (least, most) if seen.known[least] < 0.8 * seen.known[most] else None


def hidden_words(seen: Fairness) -> str:
    """What a decision that hides outcomes does to error rates and calibration; "" where none does."""
    found = hides(seen)
    if found is None:
        return ""
    least, most = found
    return (
        f"Outcomes are known for {words.percent(seen.known[most])} of '{most}' and {words.percent(seen.known[least])} "
        f"of '{least}'. True and false positive rates, odds gaps and calibration are those of the rows that were let "
        "through: they carry that selection. Selection rates are of all rows."
    )


def banner(seen: Fairness) -> None:
    """Say so where outcomes are known of some decisions only."""
    if text := hidden_words(seen):
        st.warning(
            messages.plain(text), title="Error rates and calibration carry a selection", icon=":material/filter_alt:"
        )


def table(use_case: UseCase, seen: Fairness, choice: Choice, column: ColumnGroups) -> None:
    """The champion's figures by group, weighted with 1 / propensity; or why there are none."""
    if hides(seen) is None:
        return
    found = service.weighed(state.desk(), state.actor(), seen, choice, column)
    if found.by.refused:
        st.caption(f":material/balance: {messages.plain(found.by.words)}")
        return
    with st.expander("Weighted by the random slice", icon=":material/balance:"):
        st.markdown(messages.plain(found.by.words))
        rows = []
        for place, group in enumerate(column.groups):
            line = {"Group": group} | {say.RATES[kind]: say.rate(rates[place]) for kind, rates in found.rates.items()}
            if found.calibration:
                line["Off by"] = say.calibrated(use_case, found.calibration[place])[2]
            rows.append(line)
        st.dataframe(rows, hide_index=True, width="stretch", alt="The champion by group, weighted by the random slice")
        st.caption(
            messages.plain(
                "Weights 1 / propensity (Hajek), 95 % intervals; n is the number of equal rows that tell as much. "
                f"{say.source(seen)}"
            )
        )
