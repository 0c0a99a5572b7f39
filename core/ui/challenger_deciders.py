"""Who decided the compared rows, what that hides, and the figures once it is weighed."""

from __future__ import annotations

import streamlit as st

from core.domain.usecase import UseCase
from core.services.comparison import deciders
from core.services.comparison.challengers import Challengers
from core.ui import challenger_words as say
from core.ui import messages, state, words


def who_decided(use_case: UseCase, seen: Challengers) -> None:
    """By whom the rows were decided, and what that does to the outcomes that are known."""
    if not seen.n_rows:
        return
    shares = ", ".join(f"{name} {words.percent(n / seen.n_rows)}" for name, n in seen.deciders.items() if n)
    text = f"Decided by: {shares}."
    missing = _missing(use_case, seen)
    if missing is None:
        alike = " Outcomes are known for every decision alike." if seen.maturity.n_known else ""
        st.caption(f":material/how_to_vote: {text}{alike}")
        return
    st.warning(
        f"{text} {missing} An equal challenger then looks better than it is: by .04, .06 and .08 AUC in a simulation "
        "in which 10, 30 and 50 % were turned away. Rows decided at random are the only fair ones.",
        title="Outcomes are missing where they were not let happen",
        icon=":material/filter_alt:",
    )
    _weighed(use_case, seen)


def _missing(use_case: UseCase, seen: Challengers) -> str | None:
    """The sentence on decisions whose outcomes are known much less often than another's; None where none is."""
    coverage = deciders.known_by_decision(use_case, seen.rows.rows)
    if len(coverage) < 2:
        return None
    least, most = min(coverage, key=lambda name: coverage[name]), max(coverage, key=lambda name: coverage[name])
    if coverage[least] >= 0.8 * coverage[most]:
        return None
    return (
        f"Outcomes are known for {words.percent(coverage[most])} of '{messages.plain(most)}' and "
        f"{words.percent(coverage[least])} of '{messages.plain(least)}'."
    )


def _weighed(use_case: UseCase, seen: Challengers) -> None:
    """Every arm's primary figure by rows weighted with 1 / propensity, one click away; or why there is none."""
    found = deciders.weighed(state.desk(), state.actor(), use_case.key, seen)
    metric = seen.primary
    mine = {name: figures[metric] for name, figures in found.figures.items() if metric in figures}
    if found.refused or not mine:
        st.caption(f":material/balance: {messages.plain(found.words)}")
        return
    with st.expander("Weighted by the random slice", icon=":material/balance:"):
        st.markdown(messages.plain(found.words))
        rows = []
        for name, figure in mine.items():
            gain = found.gains.get(name, {}).get(metric)
            grey = "" if found.enough or not figure.enough else ", few rows"
            rows.append(
                {
                    "Arm": say.label(seen, name),
                    say.called(metric): f"{say.figure(figure)}{grey}",
                    "Gain": f"{say.gain(gain)}{grey}" if gain is not None else "",
                }
            )
        st.dataframe(rows, hide_index=True, width="stretch", alt="Every arm's figure, weighted by the random slice")
        st.caption(f"Weights 1 / propensity (Hajek), 95 % intervals. {say.source(seen)}")
