"""Do outcomes still follow the scores?  What was promised, what came of it, and what follows."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import streamlit as st

from core.domain.alert import State
from core.domain.metrics.catalogue import metric_of
from core.domain.metrics.measured import Measured
from core.domain.policy import Tone
from core.domain.usecase import Task, UseCase
from core.services.watching import concept as service
from core.services.watching.concept import ConceptState
from core.services.watching.concept_judged import ConceptJudgement, level_said, noun_of
from core.services.watching.concept_window import ConceptWindow, Kind, Move, Ripe
from core.ui import charts, period_charts, state, words
from core.ui.period_words import day, form_of

NAMES = {
    "concept": "Concept drift",
    "drop": "Against the reference",
    "calibration": "Calibration",
    "conversion": "Outcomes",
}
ICONS = {
    State.OK: ":green[:material/check_circle:]",
    State.BREACH: ":orange[:material/warning:]",
    State.NOT_APPLICABLE: ":gray[:material/hourglass_empty:]",
}
SAID = {State.OK: "in order", State.BREACH: "out of order", State.NOT_APPLICABLE: "not judged"}


def show(use_case: UseCase) -> None:
    """Everything that is known of concept drift: judgements, the chart, the windows behind it."""
    with st.spinner("Reading outcomes"):
        seen = service.concept(state.desk(), state.actor(), use_case.key)
    _judgements(seen)
    if any(item.expected is not None for item in seen.windows):
        charts.show(
            _drawn(use_case, seen), finding(seen), _caption(use_case, seen), _rows(seen), f"concept:{seen.metric}"
        )
    _moves(use_case, seen)


def finding(seen: ConceptState) -> str:
    """The title of the chart."""
    label, spells = metric_of(seen.metric).label, service.spells(seen)
    if not seen.judged:
        waits = f"; the next {_noun(seen)} that can be judged matures on {day(seen.next_on)}" if seen.next_on else ""
        return f"No {_noun(seen)} can be judged yet{waits}"
    if not spells:
        return f"{label} of {seen.model} is what its scores promise, in all {_judged(seen)}"
    told = ", ".join(_span(first, end) for first, end in spells)
    return f"Concept drift: {label} of {seen.model} is lower than its scores promise in {told}"


def _judged(seen: ConceptState) -> str:
    return f"{words.count(len(seen.judged), _noun(seen))} that can be judged"


def _noun(seen: ConceptState) -> str:
    return noun_of(seen.windows, seen.step)


def _span(first: date, end: date) -> str:
    return f"{day(first)} to {day(end - timedelta(days=1))}"


def _judgements(seen: ConceptState) -> None:
    for item in seen.judgements:
        st.markdown(f"{ICONS[item.state]} **{NAMES[item.about]}: {_word(item)}.** {_escaped(item.sentence)}")


def _word(item: ConceptJudgement) -> str:
    if item.state is State.BREACH and item.explained:
        return "lower, because other rows came in"
    return SAID[item.state]


def _escaped(text: str) -> str:
    """Column names may hold signs that mean something to Markdown."""
    for sign in "*_`$[]":
        text = text.replace(sign, f"\\{sign}")
    return text


def _drawn(use_case: UseCase, seen: ConceptState) -> Any:
    shown = [item for item in seen.windows if item.expected is not None]
    style = charts.arm_style(seen.model, seen.model, use_case.recipe.model_names)
    line = period_charts.Series(seen.model, style, [item.realised for item in shown], True)
    starts, promised = [item.start for item in shown], [item.expected for item in shown]
    drawn = period_charts.over_time(starts, [line], form_of(seen.metric), promised)
    for first, end in service.spells(seen):
        _shade(drawn, first, end, "concept drift", Tone.BAD)
    for move in seen.moves:
        if move.harmful and not move.explained:
            said = "outcomes fell" if move.change.change.value < 0 else "outcomes rose"
            _shade(drawn, move.change.first, move.change.last + timedelta(days=1), said, Tone.POOR)
    return drawn


def _shade(drawn: Any, first: date, end: date, said: str, tone: Tone) -> None:
    colours = charts.ink()
    named = {"text": said, "font": {"size": 11, "color": colours.muted}, "textangle": -90, "xanchor": "left"}
    look = {"fillcolor": colours.tones[tone], "opacity": 0.16, "line_width": 0, "layer": "below"}
    drawn.add_vrect(x0=first, x1=end, annotation=named, annotation_position="top left", **look)


def _caption(use_case: UseCase, seen: ConceptState) -> str:
    how = "the errors on held-out rows" if use_case.task is Task.REGRESSION else "the probabilities themselves"
    n = sum(item.n_known for item in seen.judged)
    k, of = seen.limits.persistence
    waiting = sum(item.ripe is Ripe.NOT_YET for item in seen.windows)
    later = (
        f" {words.count(waiting, _noun(seen))} not yet mature, the next on {day(seen.next_on)}." if seen.next_on else ""
    )
    noun, limits = _noun(seen), seen.limits
    return (
        f"Beneath: what {how} promise, corrected by what held-out rows showed, with the band of so many rows; line: "
        f"what was realised. Concept drift: {k} of the last {of} mature {noun}s below the band, or the last {of} or "
        f"{2 * of} taken together. Outcomes that moved: beyond {limits.level_change:.0%} and noise, and other rows do "
        f"not explain it. n = {words.count(n)} judged in {words.count(len(seen.judged), noun)}, as known on "
        f"{day(seen.known_on)}, held-out rows of {seen.version}.{later}"
    )


def _rows(seen: ConceptState) -> list[dict[str, Any]]:
    return [_row(item) for item in seen.windows if item.n]


def _row(item: ConceptWindow) -> dict[str, Any]:
    lines = {f"{line.name} {line.label}".strip(): line.now for line in item.lines}
    return {
        "From": item.start,
        "To": item.end - timedelta(days=1),
        "State": item.ripe.value if item.ripe is not Ripe.NOT_YET else f"not yet: {day(item.matures_on)}",
        "Found": _found(item),
        "Realised": _part(item.realised, "value"),
        "Estimated": _part(item.expected, "value"),
        "Difference": _part(item.difference, "value"),
        "Low": _part(item.difference, "low"),
        "High": _part(item.difference, "high"),
        "n": item.n_known,
        "Rows": item.n,
        **lines,
        "Version": ", ".join(item.versions),
    }


def _found(item: ConceptWindow) -> str:
    if item.kind is Kind.CONCEPT:
        return "concept drift" if item.named else "below the band"
    return item.kind.value if item.kind else ""


def _part(figure: Measured | None, part: str) -> float | None:
    return None if figure is None else getattr(figure, part)


def _moves(use_case: UseCase, seen: ConceptState) -> None:
    """Every time the outcome's level left the weeks before it, in a sentence each."""
    if not seen.moves:
        return
    label = f"Outcomes moved {words.count(len(seen.moves), 'time')}"
    behind = st.expander(label, key=f"moves:{use_case.key}", on_change="rerun")
    if behind.open:
        for move in reversed(seen.moves):
            behind.markdown(f"- {_escaped(level_said(use_case, move.change, seen.limits))} {_why(move)}")


def _why(move: Move) -> str:
    return "Other rows explain it." if move.explained else "The rows do not explain it."
