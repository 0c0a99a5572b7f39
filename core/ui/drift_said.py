"""Score drift first, in one line; then what moved behind it, and whether it matters."""

from __future__ import annotations

import streamlit as st

from core.domain.alert import State
from core.domain.drift.bins import Of
from core.domain.drift.judgement import Level
from core.domain.usecase import UseCase
from core.services.access import Action, may
from core.services.watching import drift_measuring, drift_outcomes
from core.services.watching.drift import Drift
from core.ui import drift_words as say
from core.ui import messages, state, words
from core.ui.driver_words import points, unit


def headline(use_case: UseCase, seen: Drift) -> None:
    """What this window came to."""
    score = seen.score
    if score.level is Level.TOO_FEW:
        _few(seen)
    elif score.level.raised:
        st.warning(_inputs(use_case, seen), title=_score_line(use_case, seen), icon=":material/warning:")
    elif seen.raised:
        st.info(
            f"{_inputs(use_case, seen)} {_meaning(use_case)}", title=_score_line(use_case, seen), icon=":material/info:"
        )
    else:
        st.success(_inputs(use_case, seen), title=_score_line(use_case, seen), icon=":material/check_circle:")
    if seen.stuck:
        st.warning(messages.plain(seen.stuck_says), title="A feed stood still.", icon=":material/sensors_off:")
    st.caption(say.caption(seen))


def _few(seen: Drift) -> None:
    why = seen.score.why[0] if seen.score.why else "Not enough rows."
    moved = "; raw columns were judged all the same" if seen.raised else ""
    st.info(
        f"{why} Choose a longer window{moved}.", title="Scores cannot be judged yet.", icon=":material/hourglass_empty:"
    )


def _score_line(use_case: UseCase, seen: Drift) -> str:
    score, shift = seen.score, seen.shift
    moved = {Level.MODERATE: "moved", Level.SIGNIFICANT: "moved a lot"}.get(score.level, "did not move")
    mean = points(use_case, shift.value, True)
    low, high = points(use_case, shift.low, True), points(use_case, shift.high, True)
    return (
        f"Scores {moved}: PSI {score.psi:.3f}, limit {score.psi_limit:.3f}; mean {mean} [{low}, {high}] "
        f"{unit(use_case)} against the reference."
    )


def _inputs(use_case: UseCase, seen: Drift) -> str:
    judged = [
        item for item in seen.against_reference if item.of is not Of.SCORE and item.level is not Level.SHOWN
    ]  # fmt: skip
    told = [item for item in judged if item.level is not Level.TOO_FEW]
    if not seen.raised:
        return f"None of {words.count(len(told), 'column')} and features moved beyond its limit and beyond chance."
    raw = [item for item in seen.raised if item.of is Of.RAW] or list(seen.raised)
    names = say.listed([say.shown(use_case, item.of, item.name) for item in raw])
    return f"{words.count(len(seen.raised))} of {len(told)} columns and features moved: {names}."


def _meaning(use_case: UseCase) -> str:
    """Whether drift of inputs alone is more than information."""
    found = drift_outcomes.calibration(state.desk(), state.actor(), use_case.key)
    if found is None:
        return "No score moved: this is information, unless outcomes say otherwise (see Outcomes)."
    if found.state is State.OK:
        return "No score moved and calibration holds: this is information."
    if found.state is State.BREACH:
        return f"No score moved, but calibration does not hold: {messages.plain(found.sentence)}"
    return f"No score moved; calibration cannot be judged yet: {messages.plain(found.sentence)}"


def nothing(use_case: UseCase) -> None:
    """No row yet."""
    st.info(
        f"Score {use_case.noun}s on the pages Score one or Score a file; what moved is told from there on.",
        title="Nothing is logged yet.",
        icon=":material/hourglass_empty:",
    )


def measure_button(use_case: UseCase) -> None:
    """Measure whole weeks that never were, for those who may."""
    if may(state.actor(), Action.WATCH) and st.button(
        "Measure now", icon=":material/straighten:", help="Whole weeks, or months, that were never measured."
    ):
        with st.spinner("Measuring"):
            done = drift_measuring.measure_now(state.desk(), state.actor(), use_case.key)
        st.toast(f"{words.count(len(done), 'window')} measured.", icon=":material/check:")
        st.rerun()
