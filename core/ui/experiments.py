"""An experiment as it stands: read-out, split, guardrails, stages, and what a person may do with it."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta
from typing import Any

import streamlit as st

from core.domain.experiment.guards import GuardState
from core.domain.experiment.spec import Kind
from core.domain.metrics.measured import Measured
from core.domain.usecase import UseCase
from core.services.access import Action, may
from core.services.comparison import experiments as service
from core.services.comparison.experiment_readout import SRM, ReadOut
from core.services.comparison.experiments import Experiment
from core.ui import charts, experiment_words, frame, messages, period_charts, state, words
from core.ui.period_words import day

LOOK_EVERY = timedelta(seconds=30)
BANNER = timedelta(days=7)


def look(use_case: UseCase) -> list[Experiment]:
    """Let the desk look at what runs, and say what it turned back lately; experiments, newest first."""
    shelf, now = state.shelf("experiments", use_case.key), datetime.now(UTC)
    if now - shelf.get("looked", datetime.min.replace(tzinfo=UTC)) > LOOK_EVERY:
        shelf["looked"] = now
        service.tick(state.desk())
    found = service.experiments(state.desk(), state.actor(), use_case.key)
    for experiment in found:
        record = experiment.record
        if record.state == service.ROLLED_BACK and record.ended_at and now - record.ended_at < BANNER:
            st.error(
                messages.plain((record.conclusion or {}).get("words", "")),
                title=f"{messages.plain(experiment.spec.name)} was rolled back {words.moment(record.ended_at)}",
                icon=":material/undo:",
            )
    return found


def show(use_case: UseCase, experiment: Experiment) -> None:
    """One experiment, most important first."""
    found = service.seen(state.desk(), state.actor(), experiment)
    _head(use_case, experiment)
    left, right = st.columns([3, 2], gap="large")
    with left:
        _read_out(use_case, experiment, found)
    with right:
        _stages(experiment)
        _split(found)
        _guards(found)
        if experiment.record.state == service.RUNNING:
            _act(use_case, experiment, found)
        else:
            _conclusion(experiment)


def _head(use_case: UseCase, experiment: Experiment) -> None:
    record = experiment.record
    icon, hue = experiment_words.STATE_LOOK[record.state]
    st.subheader(messages.plain(experiment.spec.name), anchor=False)
    st.markdown(f":{hue}-badge[:material/{icon}: {record.state}] {messages.plain(_terms(use_case, experiment))}")
    ended = f", ended {words.exact(record.ended_at)}" if record.ended_at else ""
    st.caption(f"Started by {messages.plain(record.created_by)}, {words.exact(record.created_at)}{ended}.")


def _terms(use_case: UseCase, experiment: Experiment) -> str:
    return experiment_words.terms(use_case, experiment.spec)


def _read_out(use_case: UseCase, experiment: Experiment, found: ReadOut) -> None:
    st.markdown("#### What the arms came to")
    if not found.split_held:
        st.error(messages.plain(found.reason), title="No read-out: the split is broken", icon=":material/call_split:")
        return
    if found.contrast is None:
        _wait(use_case, found)
        return
    with st.container(horizontal=True):
        for name, arm in zip(("Champion", "Challenger"), found.arms, strict=True):
            st.metric(name, experiment_words.value(use_case, found.spec.metric, arm.value), width="content")
    for arm in found.arms:
        low, high = (experiment_words.value(use_case, found.spec.metric, edge) for edge in (arm.low, arm.high))
        st.caption(f"{arm.name}: 95% interval {low} to {high} at this look, n = {arm.n:,}")
    _over_time(use_case, experiment, found)
    _wait(use_case, found)


def _wait(use_case: UseCase, found: ReadOut) -> None:
    """How many rows may be read, and from when on there are more."""
    horizon, rest = use_case.target.horizon_days, found.n_rows - found.n_mature
    said = (
        f"{found.n_known:,} of {found.n_rows:,} rows are mature (older than {horizon} days) and have an outcome; "
        f"planned {found.spec.planned_n:,}."
    )
    if found.next_mature is not None:
        said += f" {rest:,} wait for their outcome, the first until {day(found.next_mature)}."
    if found.planned_day is not None and found.n_known < found.spec.planned_n and found.spec.kind is Kind.TEST:
        said += f" As rows have come so far, the planned ones are mature on {day(found.planned_day)}."
    if found.spec.kind is Kind.CANARY:
        said += " A canary is a safety check: it is not sized to tell which arm does better."
    if found.contrast is None:
        st.info(said, title=messages.plain(found.reason), icon=":material/hourglass_empty:")
    else:
        st.caption(said)


def _over_time(use_case: UseCase, experiment: Experiment, found: ReadOut) -> None:
    told = [look for look in found.looks if math.isfinite(look.found.low)]
    if not told:
        return
    metric, last = found.spec.metric, told[-1].found
    points = [
        Measured("difference", look.found.difference, look.found.low, look.found.high, look.found.n, None, "valid")
        for look in told
    ]
    colours = charts.ink()
    series = period_charts.Series("challenger minus champion", (colours.challengers[0], "dash", "square"), points, True)
    form = "+.1%" if experiment_words.is_rate(use_case, metric) else "+,.3~g"
    drawn = period_charts.over_time([look.day.astype(object) for look in told], [series], form)
    drawn.add_hline(y=0, line={"color": colours.muted, "width": 1, "dash": "dot"})
    reach = 4 * max(abs(last.low), abs(last.high))
    drawn.update_yaxes(range=[-reach, reach])
    caption = (
        f"Challenger minus champion as rows became mature, {day(told[0].day.astype(object))} to "
        f"{day(told[-1].day.astype(object))}, n = {last.n:,}; the interval holds at every look at once, however often "
        f"one looks (95%). Sequential test (mSPRT): {experiment_words.p_value(found.p)} at its least."
    )
    charts.show(drawn, experiment_words.finding(use_case, found), caption, _table(use_case, found), "experiment")


def _table(use_case: UseCase, found: ReadOut) -> list[dict[str, Any]]:
    metric = found.spec.metric
    return [
        {
            "Day": str(look.day),
            "Rows of the champion": look.found.n_champion,
            "Rows of the challenger": look.found.n_challenger,
            "Difference": experiment_words.value(use_case, metric, look.found.difference, signed=True),
            "From": experiment_words.value(use_case, metric, look.found.low, signed=True),
            "To": experiment_words.value(use_case, metric, look.found.high, signed=True),
            "mSPRT": experiment_words.p_value(look.found.p),
        }
        for look in found.looks
    ]


def _stages(experiment: Experiment) -> None:
    spec, record = experiment.spec, experiment.record
    if spec.kind is not Kind.CANARY:
        return
    st.markdown("#### Stages")
    for place, (shares, hours) in enumerate(zip(spec.stages, spec.bake_hours, strict=True)):
        if place < record.stage:
            icon, said = "task_alt", f"since {words.exact(spec.began[place])}"
        elif place == record.stage:
            icon, said = (
                "pending",
                f"since {words.exact(spec.began[place])}, bakes until {words.exact(spec.baked_at(place))}",
            )
        else:
            icon, said = "radio_button_unchecked", f"{hours} h"
        st.markdown(f":material/{icon}: **{words.percent(shares[1], 0)}** {said}")


def _split(found: ReadOut) -> None:
    st.markdown("#### Split")
    for ratio in found.ratios:
        if not sum(ratio.observed):
            st.caption("No row has met an arm of this stage yet.")
            continue
        icon, hue = ("check_circle", "green") if ratio.held else ("error", "red")
        seen = " / ".join(f"{n:,}" for n in ratio.observed)
        word = "as planned" if ratio.held else "broken"
        stage = f"stage {ratio.stage + 1}: " if len(found.ratios) > 1 else ""
        planned = experiment_words.split(ratio.shares)
        st.markdown(
            f":{hue}-badge[:material/{icon}: {word}] {stage}{seen} entities for {planned} %, "
            f"p = {ratio.p:.2g} (broken below {SRM:g})"
        )


def _guards(found: ReadOut) -> None:
    st.markdown("#### Guardrails")
    for guard in found.guards:
        icon, hue = experiment_words.GUARD_LOOK[GuardState(guard.state)]
        st.markdown(f":{hue}-badge[:material/{icon}: {guard.name}: {guard.state}]")
        st.caption(messages.plain(guard.sentence))


def _act(use_case: UseCase, experiment: Experiment, found: ReadOut) -> None:
    if not may(state.actor(), Action.EXPERIMENT):
        st.caption("Risk managers and administrators move experiments.")
        return
    st.markdown("#### What to do")
    if experiment.spec.kind is Kind.CANARY and not experiment.last_stage:
        _advance(use_case, experiment, found)
    with st.container(horizontal=True):
        _roll_back(use_case, experiment)
        _conclude(use_case, experiment, found)


def _advance(use_case: UseCase, experiment: Experiment, found: ReadOut) -> None:
    why = service.held_back(experiment, found)
    share = words.percent(experiment.spec.stages[experiment.record.stage + 1][1], 0)
    pressed = st.button(f"Go on to {share}", icon=":material/skip_next:", type="primary", disabled=bool(why))
    by_itself = " It goes on by itself when it may." if experiment.spec.automatic else ""
    st.caption(messages.plain(why or "The stage is baked, and no guardrail holds it back.") + by_itself)
    if pressed:
        with messages.told():
            service.advance(state.desk(), state.actor(), use_case.key, experiment.id)
            st.rerun()


def _roll_back(use_case: UseCase, experiment: Experiment) -> None:
    with (
        st.popover("Roll back", icon=":material/undo:", help=f"Every {use_case.noun} is the champion's at once."),
        st.form(f"back:{experiment.id}", border=False),
    ):
        reason = st.text_input("What went wrong", max_chars=300)
        pressed = st.form_submit_button("Roll back now", type="primary")
    if pressed:
        with messages.told():
            service.roll_back(state.desk(), state.actor(), use_case.key, experiment.id, str(reason))
            st.rerun()


def _conclude(use_case: UseCase, experiment: Experiment, found: ReadOut) -> None:
    result = service.came_to(use_case, experiment, found, datetime.now(UTC))
    with st.popover("Conclude", icon=":material/task_alt:"), st.form(f"end:{experiment.id}", border=False):
        st.markdown(f"It would be written down as **{messages.plain(result)}**, with its figures.")
        said = st.text_area("What was learnt, and what follows", max_chars=1_000)
        st.caption(
            f"{experiment.spec.arms[0]} then decides every {use_case.noun} again; nothing is promoted. To keep the "
            "challenger, ask for its promotion on the Models page."
        )
        pressed = st.form_submit_button("Conclude", type="primary")
    if pressed:
        with messages.told():
            service.conclude(state.desk(), state.actor(), use_case.key, experiment.id, str(said))
            st.rerun()


def _conclusion(experiment: Experiment) -> None:
    ended = experiment.record.conclusion or {}
    st.markdown("#### Conclusion")
    with st.container(border=True):
        st.markdown(f"**{messages.plain(words.capitalised(ended.get('result', '')))}**")
        st.markdown(messages.plain(ended.get("words", "")))
        st.caption(f"{ended.get('n_known', 0):,} rows were read of {ended.get('planned_n', 0):,} planned.")
    st.page_link(frame.script("models"), label="Promotions are on the Models page", icon=":material/badge:")


def past(use_case: UseCase, found: list[Experiment]) -> None:
    """Experiments that have ended, and one of them closer."""
    ended = {item.id: item for item in found if item.record.state != service.RUNNING}
    if not ended:
        st.info("None has ended yet.", icon=":material/history:")
        return
    chosen = st.selectbox(
        "Experiment", list(ended), key=f"experiment:past:{use_case.key}",
        format_func=lambda name: f"{ended[name].spec.name}, {ended[name].record.state}, "
        f"{ended[name].record.created_at:%Y-%m-%d}",
    )  # fmt: skip
    show(use_case, ended[str(chosen)])
