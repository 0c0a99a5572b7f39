"""How long and how many; and, for those who may, the start."""

from __future__ import annotations

import math

import streamlit as st

from core.domain.compare.plan import ArmName
from core.domain.experiment.spec import CANARY_BAKE_HOURS, CANARY_SHARES, Kind
from core.domain.usecase import UseCase
from core.services.access import Action, may
from core.services.comparison import experiment_sizes as sizes
from core.services.comparison import experiment_start as service
from core.services.comparison.experiment_sizes import Planned
from core.ui import experiment_words, frame, messages, state, words
from core.ui.period_words import day

SPLITS = (0.1, 0.2, 0.3, 0.5)
LONG = 365  # days beyond which a test is said to be out of reach


def plan(use_case: UseCase) -> None:
    """What is wanted, what that takes, and the button."""
    why = service.refusal(state.desk(), use_case)
    left, right = st.columns([2, 3], gap="large")
    with left:
        wanted = _wanted(use_case)
    with right, messages.told():
        share = CANARY_SHARES[0] if wanted.kind is Kind.CANARY else wanted.share
        planned = sizes.plan_size(state.desk(), state.actor(), use_case.key, wanted.metric, wanted.smallest, share)
        _answer(use_case, wanted.kind, planned)
        _start(use_case, wanted, why)


def refused(use_case: UseCase, why: str) -> None:
    """Why no experiment may start here, and where to go instead."""
    st.info(messages.plain(why), title=f"No experiment may start in {use_case.title}", icon=":material/block:")
    if st.button("Compare on the same rows", icon=":material/compare_arrows:", key="instead"):
        frame.go("challengers", use_case.key)


def _wanted(use_case: UseCase) -> service.Wanted:
    kind = st.segmented_control(
        "Kind", list(Kind), default=Kind.TEST, required=True, format_func=lambda kind: experiment_words.KINDS[kind],
        key="experiment:kind",
        help="A test tells which arm does better. A canary lets a challenger in step by step and watches for harm.",
    )  # fmt: skip
    arms = service.challengers_of(state.desk(), state.actor(), use_case.key)
    names = [str(arm) for arm in arms]
    chosen = st.selectbox("Challenger", names, key=f"experiment:arm:{use_case.key}")
    metrics = sizes.metrics_of(use_case)
    metric = st.selectbox(
        "What is compared", metrics, key=f"experiment:metric:{use_case.key}",
        format_func=lambda metric: experiment_words.metric_name(use_case, metric),
    )  # fmt: skip
    smallest = st.number_input(
        "Smallest change worth seeing, % of today's", 0.5, 100.0, 100 * sizes.SMALLEST, 0.5, key="experiment:smallest",
        help="Half of it takes four times the rows.",
    )  # fmt: skip
    share = 0.5
    if kind == Kind.TEST:
        share = st.select_slider(
            "Challenger's share", SPLITS, 0.5, format_func=lambda share: words.percent(share, 0), key="experiment:share"
        )
    arm = arms[names.index(chosen)] if chosen in names else ArmName("", "")
    return service.Wanted("", Kind(str(kind)), arm, metric, smallest / 100, float(share))


def _answer(use_case: UseCase, kind: Kind, planned: Planned) -> None:
    base, size = planned.base, planned.size
    with st.container(border=True):
        if kind is Kind.CANARY:
            _safety_check(use_case, planned)
        else:
            with st.container(horizontal=True):
                st.metric("Challenger's arm", words.count(size.n_new, "row"), width="content")
                st.metric("Champion's arm", words.count(size.n_control, "row"), width="content")
                st.metric("Enrolment", _days(size.days), width="content")
            _when(use_case, planned)
        effect = experiment_words.value(use_case, base.metric, base.mean)
        change = experiment_words.value(use_case, base.metric, planned.effect, signed=True)
        st.caption(
            f"{experiment_words.metric_name(use_case, base.metric)}: {effect} today, n = {base.n:,} mature rows, "
            f"{day(base.first)} to {day(base.last)}; a change of {change} is seen in 4 of 5 such tests (power 80%, "
            f"error 5% two-sided). {base.rows_per_day:,.1f} {use_case.noun}s a day over the last {sizes.RECENT} days."
            + (f" Rows repeat entities: design effect {base.design_effect:.2f}." if base.design_effect > 1.005 else "")
        )


def _when(use_case: UseCase, planned: Planned) -> None:
    horizon, read = planned.horizon_days, planned.read_out
    if read is None:
        never = "No row comes in" if not math.isfinite(planned.size.days) else "It takes more than a hundred years"
        st.markdown(f"**{never}, so there is no date.**")
        return
    st.markdown(
        f"**Business read-out on {day(read)}**, if read once: enrolment of {_days(planned.size.days)}, then {horizon} "
        f"days until the last {use_case.noun}'s outcome counts."
    )
    daily = planned.size.at_every_look()
    until = f", by {day(planned.latest)} at the latest" if planned.latest is not None else ""
    st.markdown(
        f"Looked at every day, as here, the bounds are wider: {daily.n_rows:,} rows of both arms{until}. A clear "
        "winner shows sooner."
    )
    if planned.size.days > LONG:
        st.warning(
            "Name a larger change, split evenly, or compare the models on the same logged rows: that needs far fewer.",
            title="Longer than a year",
            icon=":material/schedule:",
        )


def _safety_check(use_case: UseCase, planned: Planned) -> None:
    size = planned.size
    watch = " then ".join(
        f"{words.percent(share, 0)} for {hours} h"
        for share, hours in zip(CANARY_SHARES, CANARY_BAKE_HOURS, strict=True)
    )
    st.markdown(f"**A canary is a safety check, not a test.** {watch}: it watches errors, latency and score drift.")
    days = math.inf if size.rows_per_day <= 0 else size.n_new / (size.rows_per_day * size.share)
    st.markdown(
        f"To see the change you named, its {words.percent(size.share, 0)} arm would need {size.n_new:,} rows: "
        f"{_days(days)} at {size.rows_per_day * size.share:,.1f} {use_case.noun}s a day in that arm."
    )


def _days(days: float) -> str:
    return "no end" if not math.isfinite(days) else words.count(math.ceil(days), "day")


def _start(use_case: UseCase, wanted: service.Wanted, why: str) -> None:
    if not may(state.actor(), Action.EXPERIMENT):
        st.caption("Risk managers and administrators start experiments.")
        return
    with st.form(f"experiment:{use_case.key}", border=False):
        name = st.text_input("Name", max_chars=80, placeholder="What is tried, in a few words")
        automatic = False
        if wanted.kind is Kind.CANARY:
            automatic = st.checkbox("Go on by itself when a stage is baked and every guardrail holds")
        pressed = st.form_submit_button("Start", type="primary", icon=":material/play_arrow:", disabled=bool(why))
    st.caption(
        messages.plain(why)
        if why
        else f"From the next {use_case.noun} on, on every page, file and program, its arm decides. It turns back by "
        "itself when the challenger fails or is slow; it never promotes by itself."
    )
    if pressed:
        with messages.told():
            terms = service.Wanted(
                str(name), wanted.kind, wanted.challenger, wanted.metric, wanted.smallest, wanted.share, automatic
            )
            service.start(state.desk(), state.actor(), use_case.key, terms)
            st.rerun()
