"""What the desk says about one row: grade, decision, opinions, and where it was written down."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import streamlit as st

from core.domain.policy import Mode
from core.domain.usecase import Task, UseCase
from core.services.access import Action, may
from core.ui import advice, charts, frame, readings, state, words

if TYPE_CHECKING:
    from core.services.scored_row import IntervalSaid, ScoredRow


def show(use_case: UseCase, said: ScoredRow) -> None:
    """The whole answer, most useful first."""
    _grade(use_case, said)
    _notices(use_case, said)
    if said.classes:
        readings.classes(use_case, said)
    if said.advice:
        advice.card(said.advice)
    if use_case.gauges:
        readings.gauges(use_case, said)
    if use_case.reference_means:
        readings.radar(use_case, said)
    if may(state.actor(), Action.SEE_MODELS):
        _opinions(use_case, said)
    elif said.rules is not None:
        st.markdown(f"The rules say: {words.chip(words.band_named(use_case, said.rules.band))} {said.rules.decision}.")
    _record(said)
    if st.button("Why?", icon=":material/contact_support:", key=f"why:{said.prediction_id}"):
        frame.explain(use_case.key, said.prediction_id)


def empty(use_case: UseCase) -> None:
    """What stands there before anything was scored."""
    with st.container(border=True):
        st.markdown(f"**{use_case.question}**")
        st.caption(f"Fill in the form and press Score. The answer appears here, and the {use_case.noun} is logged.")


def _grade(use_case: UseCase, said: ScoredRow) -> None:
    band = words.band_named(use_case, said.band)
    with st.container(border=True, gap="small"):
        st.markdown(f"### {words.chip(band)} {words.capitalised(said.decision)}")
        with st.container(horizontal=True):
            st.metric(words.score_name(use_case), words.score(use_case, said.score), width="content")
            if said.classes:
                likeliest = max(said.classes, key=lambda name: said.classes[name])
                st.metric(f"Probability of {likeliest}", words.percent(said.classes[likeliest]), width="content")
        if said.interval is not None:
            _interval(use_case, said.interval)
        st.caption(f"Decided by {_decider(said)}. {_meaning(use_case)}")


def _decider(said: ScoredRow) -> str:
    """Who decided; a model on trial has its name for those who see models only."""
    if said.decided_by == "rules" and said.rules:
        return said.rules.name.lower()
    if said.decided_by == "challenger":
        trial = f"{said.arm}, a model on trial" if may(state.actor(), Action.SEE_MODELS) else "a model on trial"
        return f"{trial}; the score is the champion's"
    return "the champion model"


def _interval(use_case: UseCase, interval: IntervalSaid) -> None:
    """What such rows turned out to be, and how often that was measured to hold."""
    low, high = words.score(use_case, interval.low), words.score(use_case, interval.high)
    st.markdown(f"{words.percent(interval.level, 0)} of such {use_case.noun}s end between **{low}** and **{high}**.")
    measured = f"{words.percent(interval.coverage)} of {words.count(interval.n, 'held-out row')}"
    bounds = f"[{words.percent(interval.coverage_low)}, {words.percent(interval.coverage_high)}]"
    width = " Every row gets the same width." if interval.same_width else ""
    st.caption(f"Measured coverage {measured} {bounds}, over all rows together.{width}")


def _meaning(use_case: UseCase) -> str:
    target = use_case.target
    if use_case.task is Task.BINARY and target.meaning:
        return f"The score is the probability that {target.meaning} within {target.horizon_days} days."
    if use_case.task is Task.REGRESSION:
        return f"The predicted value is that of {target.name}."
    if not target.class_values:
        return f"The score is the largest probability among the classes of {target.name}."
    worth = zip(target.classes, target.class_values, strict=True)
    listed = ", ".join(f"{name} {words.score(use_case, value)}" for name, value in worth)
    return f"The score is the mean of {listed}, weighted by their probabilities."


def _notices(use_case: UseCase, said: ScoredRow) -> None:
    if said.decided_by == "rules" and use_case.policy.mode is Mode.SHADOW:
        other = said.model_decision
        text = f"The rules decide here; the models run in their shadow and never act. They would say: {other}."
        st.info(text, title="Shadow mode", icon=":material/visibility:")
    titles = {column.name: column.title for column in use_case.schema}
    if said.imputed:
        names = ", ".join(titles.get(name, name) for name in said.imputed)
        st.warning(f"{names}: filled with the typical value of the training rows.", title="Missing values")
    if said.other:
        names = ", ".join(titles.get(name, name) for name in said.other)
        st.warning(f"{names}: not seen in training, scored as other.", title="Unseen values")
    if said.ignored:
        st.caption(f"Ignored, because {use_case.title} has no such fields: {', '.join(said.ignored)}.")


def _opinions(use_case: UseCase, said: ScoredRow) -> None:
    percent = use_case.policy.score_format == "percent"
    scores = dict(said.scores) | {"consensus": said.consensus}
    rules = f"{said.rules.band}: {said.rules.decision}" if said.rules else ""
    cutoffs = () if use_case.task is Task.MULTICLASS else state.cutoffs(use_case.key, said.version)
    drawn = charts.dot_plot(scores, said.champion, cutoffs, use_case.policy.band_names, percent, rules)
    finding = words.agreement(said.agreement, len(said.scores), said.band)
    if said.rules:
        finding += "; so do the rules" if said.rules.band == said.band else f"; the rules say {said.rules.band}"
    caption = (
        f"Champion {said.champion} solid, challengers dashed, rules grey; 1 {use_case.noun}, version {said.version}."
    )
    charts.show(drawn, finding, caption, _opinion_table(use_case, said, scores), key="opinions")


def _opinion_table(use_case: UseCase, said: ScoredRow, scores: dict[str, float]) -> list[dict[str, Any]]:
    rows = [
        {"Opinion": name, "Role": _role(name, said), "Score": words.score(use_case, value)}
        for name, value in scores.items()
    ]
    if said.rules:
        rows.append({"Opinion": said.rules.name, "Role": "rules, own scale", "Score": f"{said.rules.score:.4g}"})
    return rows


def _role(name: str, said: ScoredRow) -> str:
    if name == "consensus":
        return "mean of the models"
    return "champion" if name == said.champion else "challenger"


def _record(said: ScoredRow) -> None:
    place = "**Already scored** before: nothing was added to the log." if said.already else "**Logged**."
    st.markdown(f":material/{'history' if said.already else 'task_alt'}: {place}")
    st.caption(
        f"Prediction `{said.prediction_id}` · version {said.version} · scored {words.exact(said.scored_at)} "
        f"in {said.latency_ms:.1f} ms · as of {words.exact(said.as_of)}"
    )
