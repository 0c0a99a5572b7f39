"""Behind the reasons, for those who may see every model: opinions side by side, exact figures, the cross-check."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import streamlit as st

from core.domain.explained import Explanation, ModelReasons
from core.domain.usecase import UseCase
from core.services.reasons import cross_check as service
from core.ui import charts, messages, state, why_charts, why_words, words

if TYPE_CHECKING:
    from core.ml.cross_check import CrossCheck

HIGH, SOME = 0.7, 0.3  # Kendall's tau from which two orders are said to agree, and to agree in part


def side_by_side(use_case: UseCase, said: Explanation) -> None:
    """All models' points per column, and how far they agree in what matters."""
    if len(said.models) < 2:
        return
    st.subheader(f"{words.count(len(said.models))} models side by side", anchor=False)
    names = {reason.column: reason.title for reason in said.reasons}
    drawn = why_charts.side_by_side(use_case, said, said.model, names)
    caption = f"Champion {said.model} solid, challengers dashed; 1 {use_case.noun}, version {said.version}."
    charts.show(drawn, agreement(said), caption, _table(use_case, said, names), key="why:models")


def agreement(said: Explanation) -> str:
    """How much the challengers' order of reasons is the champion's, in words."""
    taus = {name: part.rank_agreement for name, part in said.models.items() if part.rank_agreement is not None}
    if not taus:
        return f"Only {said.model} has reasons here"
    listed = ", ".join(f"{name} {_degree(tau)} ({tau:+.2f})" for name, tau in taus.items())
    return f"Order of reasons beside {said.model}'s: {listed}"


def _degree(tau: float) -> str:
    if tau >= HIGH:
        return "nearly the same"
    return "similar in part" if tau >= SOME else "different"


def _table(use_case: UseCase, said: Explanation, names: dict[str, str]) -> list[dict[str, Any]]:
    rows = [
        {"Column": names[column]}
        | {model: why_words.points(use_case, part.points.get(column, 0.0)) for model, part in said.models.items()}
        for column in why_charts.largest(said, len(names))
    ]
    scores = {model: words.score(use_case, part.score) for model, part in said.models.items()}
    return [*rows, {"Column": "Score"} | scores]


def more(use_case: UseCase, said: Explanation) -> None:
    """The exact figures: recomputed against logged, additivity, features, margins, the cross-check."""
    behind = st.expander("More: exact figures and checks", key="why:more", on_change="rerun")
    if not behind.open:
        return
    with behind:
        _recomputed(said)
        model = str(
            st.segmented_control("Model", list(said.models), default=said.model, key="why:model", required=True)
            or said.model
        )
        part = said.models[model]
        _additive(part)
        st.dataframe(
            _features(part),
            hide_index=True,
            width="stretch",
            alt=f"Features of {model}, exact",
            column_config={
                name: st.column_config.NumberColumn(format="%.6g") for name in ("Value", "Points", "Margin")
            },
        )
        st.caption(
            "Points are in units of the score and add up to it exactly. A margin is what a feature adds on the "
            "calibrated link scale (log-odds where the score is a probability); a mean of members has none of its own."
        )
        _cross_check(use_case, said, model)


def _recomputed(said: Explanation) -> None:
    found = said.recomputed
    if found.logged is None:
        st.markdown(f"Not logged: scored by version {found.version} for this view alone, `{found.now!r}`.")
        return
    verdict = ":green[:material/check_circle:] equal" if found.equal else ":red[:material/error:] **not equal**"
    st.markdown(f"Logged `{found.logged!r}`, recomputed by version {found.version} `{found.now!r}`: {verdict}.")


def _additive(part: ModelReasons) -> None:
    total = sum(part.points.values())
    st.markdown(
        f"Base `{part.base:.12g}` + sum of points `{total:.12g}` = `{part.base + total:.12g}`; score "
        f"`{part.score:.12g}`, error `{part.error:.1e}`."
    )
    st.caption(messages.plain(f"Method: {part.method}. Base: {part.background}."))


def _features(part: ModelReasons) -> list[dict[str, Any]]:
    """One row per engineered feature, the largest points first; rows of the margin only where there is one."""
    order = sorted(part.feature_points, key=lambda name: -abs(part.feature_points[name]))
    margins = part.feature_margins
    return [
        {"Feature": name, "Value": part.feature_values.get(name), "Points": part.feature_points[name]}
        | ({"Margin": margins.get(name)} if margins else {})
        for name in order
    ]


def _cross_check(use_case: UseCase, said: Explanation, model: str) -> None:
    """The same figures by the shap library, when somebody asks: importing it takes seconds."""
    if said.prediction_id is None:
        return
    if st.button("Check with the shap library", icon=":material/fact_check:", key=f"why:shap:{model}"):
        with messages.told(), st.spinner("The shap library computes the same figures"):
            found = service.cross_check(state.desk(), state.actor(), use_case.key, said.prediction_id, model)
            for check in found:
                st.markdown(checked(check))


def checked(check: CrossCheck) -> str:
    """What the second computation came to, in one line."""
    if not check.by:
        return f":material/info: **{check.member}** is explained by the shap library itself, so nothing is compared."
    verdict = ":green[:material/check_circle:] the same" if check.agrees else ":red[:material/error:] **not the same**"
    return (
        f"**{check.member}**, {words.count(len(check.features), 'feature')} on the margin, by {check.by}: {verdict}; "
        f"largest difference `{check.largest:.1e}`."
    )
