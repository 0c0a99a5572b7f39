"""Would a challenger have decided better?  What is looked at, and how far it can be believed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

import streamlit as st

from core.domain.columns import Kind
from core.domain.usecase import UseCase
from core.services.comparison import agreement
from core.services.comparison import challengers as service
from core.services.comparison.challengers import Challengers
from core.ui import frame, state, words
from core.ui.challenger_words import labels
from core.ui.period_words import day

PERIODS = ("90 judged days", "180 judged days", "Everything", "Between two days")
EVER = date(2000, 1, 1)
ALL = "All rows"


@dataclass(frozen=True)
class Choice:
    """Which rows and versions a person looks at; kept in the URL."""

    since: date
    until: date  # the day after the last
    segment: tuple[str, str] | None
    versions: tuple[str, ...]


def choose(use_case: UseCase) -> Choice:
    """Period, segment and versions."""
    since, until = period(use_case)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        segment = _segment(use_case)
        versions = versions_beside(use_case)
    return Choice(since, until, segment, versions)


def period(use_case: UseCase) -> tuple[date, date]:
    """First day of the rows that are looked at, and the day after their last."""
    today = datetime.now(UTC).date()
    tomorrow, horizon = today + timedelta(days=1), use_case.target.horizon_days
    asked = st.segmented_control(
        "Period", PERIODS, default=PERIODS[0], required=True, key="period", bind="query-params",
        help=f"Outcomes count after {horizon} days: the latest {horizon} days are read as well, and wait.",
    )  # fmt: skip
    if asked == PERIODS[3]:
        left, right = st.container(horizontal=True).columns(2)
        begin = today - timedelta(days=90 + horizon)
        first = left.date_input("From", begin, max_value=today, key="from", bind="query-params")
        last = right.date_input("To, this day included", today, max_value=today, key="to", bind="query-params")
        return first, last + timedelta(days=1)
    days = {PERIODS[0]: 90, PERIODS[1]: 180}.get(str(asked))
    return (tomorrow - timedelta(days=days + horizon) if days else EVER), tomorrow


def _segment(use_case: UseCase) -> tuple[str, str] | None:
    titles = {column.name: column.title for column in use_case.schema if column.kind.is_coded and column.levels}
    titles |= {column.name: column.title for column in use_case.schema if column.kind is Kind.YESNO}
    if not titles:
        return None
    column = st.selectbox(
        "Only rows with", [ALL, *titles], format_func=lambda name: titles.get(name, name), key="column",
        bind="query-params", width=240,
    )  # fmt: skip
    if column not in titles:
        return None
    levels = use_case.schema[str(column)].levels or ("True", "False")
    says = {"True": "yes", "False": "no"} if not use_case.schema[str(column)].levels else {}
    level = st.selectbox(
        "being", levels, format_func=lambda name: says.get(name, name), key="level", bind="query-params", width=200
    )
    return str(column), str(level or levels[0])


def versions_beside(use_case: UseCase) -> tuple[str, ...]:
    """Versions beside the acting one."""
    desk = state.desk()
    others = [version for version in desk.versions(use_case.key) if version != desk.acting_version(use_case.key)]
    if not others:
        return ()
    running = desk.challenger_version(use_case.key)
    picked = st.multiselect(
        "Beside the acting version", others, default=[running] if running in others else [], key="versions",
        bind="query-params", placeholder="Its own challengers only", width=300,
        help="Rows that one of the chosen versions has not scored are left out of the comparison.",
    )  # fmt: skip
    return tuple(picked)


def read(use_case: UseCase, choice: Choice) -> Challengers:
    """Every arm on the rows of the choice."""
    with st.spinner("Comparing every arm on the same rows"):
        return service.challengers(
            state.desk(),
            state.actor(),
            use_case.key,
            since=choice.since,
            until=choice.until,
            segment=choice.segment,
            versions=choice.versions,
        )


def nothing(use_case: UseCase, choice: Choice) -> None:
    """No row of the choice was scored by every arm: what to do next."""
    if choice.versions:
        st.info(
            f"Let {', '.join(choice.versions)} score the rows of this period: replay it. Nothing acts on a replay.",
            title="No row of this choice was scored by every chosen version",
            icon=":material/compare_arrows:",
        )
        return
    st.info(
        f"Choose a longer period, or score a file of {use_case.noun}s: every model scores each row, and what became of "
        "it tells which was right.",
        title=f"The acting version has scored no {use_case.noun} of this choice yet",
        icon=":material/compare_arrows:",
    )
    if frame.allowed("score-file"):
        st.button(
            "Score a file", key="nothing:score", icon=":material/upload_file:", type="primary",
            on_click=frame.go, args=("score-file", use_case.key),
        )  # fmt: skip


def ripe(use_case: UseCase, seen: Challengers) -> None:
    """How much of the choice can be judged, as a bar."""
    whole, noun = seen.maturity, use_case.noun
    horizon = use_case.target.horizon_days
    share = whole.n_known / whole.n if whole.n else 0.0
    known = f", and of those the outcome of {words.percent(whole.coverage)} is known" if whole.n_mature else ""
    st.progress(
        share,
        text=f"**{words.count(whole.n_known)} of {words.count(whole.n, noun)} can be judged**: "
        f"{words.percent(whole.mature_share)} are at least {horizon} days old{known}.",
    )
    if whole.n_known or not seen.first:
        return
    if not whole.n_mature:
        ready = day(seen.first + timedelta(days=horizon))
        text = (
            f"The first {noun} of this choice is {horizon} days old on {ready}. Until then arms differ in scores only."
        )
        st.info(text, title="No outcome counts yet", icon=":material/hourglass_empty:")
    else:
        text = "Bring a file of what became of them, on the performance page."
        st.info(text, title="No outcome is known yet", icon=":material/hourglass_empty:")


def coats(use_case: UseCase, seen: Challengers) -> None:
    """Say so where several arms are one model."""
    if not seen.maturity.n_known or len(seen.rows.arms) < 2:
        return
    found = agreement.coats_of(state.desk(), state.actor(), use_case.key, seen)
    numbers = {2: "two", 3: "three", 4: "four", 5: "five", 6: "six", 7: "seven", 8: "eight"}
    if not found.arms:
        st.caption(
            f":material/difference: No two models are the same: rank correlations from {found.least_rank:.3f}, or "
            f"differences that may still reach {found.reach:.3f}; the minimum gain is "
            f"{use_case.policy.minimum_gain:g}."
        )
        return
    n = numbers.get(len(found.arms), str(len(found.arms)))
    st.info(
        f"They rank {use_case.noun}s alike (rank correlation at least {found.least_rank:.3f}), and no difference "
        f"between two of them can be larger than {found.reach:.4f}: less than the {use_case.policy.minimum_gain:g} "
        "that would be worth a change. Choosing among them changes nothing; keep the simplest. (Two one-sided tests "
        "at 5 %.)",
        title=f"{words.capitalised(labels(seen, found.arms))} are one model in {n} coats",
        icon=":material/checkroom:",
    )
