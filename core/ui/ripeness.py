"""How much of what was scored can be judged, as known on a day, and what to do where nothing can."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import streamlit as st

from core.domain.usecase import UseCase
from core.services import performance as service
from core.services.performance import Performance
from core.ui import charts, period_charts, state, words
from core.ui.period_words import caption, day

FEW_COVERED = 0.8  # a decision whose outcomes are known this much less often than another's is named


def read(use_case: UseCase) -> Performance:
    """The figures, as known on the day the person chose."""
    today = datetime.now(UTC).date()
    known_on = st.date_input(
        "As known on",
        today,
        max_value=today,
        key=f"known_on:{use_case.key}",
        width=200,
        help="Outcomes are kept as revisions, so every figure can be read as it stood on a day.",
    )
    with st.spinner("Reading the log"):
        return service.performance(state.desk(), state.actor(), use_case.key, known_on)


def ripe(use_case: UseCase, seen: Performance) -> None:
    """How much can be judged, and what to do where nothing can."""
    whole, noun = seen.maturity, use_case.noun
    facts = [
        (f"{words.capitalised(noun)}s scored", whole.n, f"in {words.count(len(seen.periods), seen.step)}"),
        (f"Older than {seen.horizon_days} days", whole.n_mature, f"{words.percent(whole.mature_share)} of all"),
        ("Outcome known", whole.n_known, f"{words.percent(whole.coverage)} of these"),
    ]
    with st.grid(3, min_column_width=150, gap="small"):
        for label, n_rows, share in facts:
            st.metric(label, words.count(n_rows), share, delta_color="off", delta_arrow="off", border=True)
    if whole.n_early:
        early = words.count(whole.n_early, "outcome")
        st.caption(f"{early} came in before their {noun} was {seen.horizon_days} days old; they wait until it is.")
    if whole.n_known == 0:
        _nothing(use_case, seen)
    if seen.periods and whole.n:
        _ripeness_chart(use_case, seen)


def _nothing(use_case: UseCase, seen: Performance) -> None:
    if seen.maturity.n == 0:
        text, title = f"Score a file of {use_case.noun}s; their outcomes come later.", "Nothing has been scored yet"
    elif seen.maturity.n_mature == 0:
        first = seen.periods[0].start + timedelta(days=seen.horizon_days)
        text = f"The first {use_case.noun}s reach that age in the {seen.step} of {day(first)}."
        title = f"No {use_case.noun} is {seen.horizon_days} days old"
    else:
        text = (
            f"{words.count(seen.maturity.n_mature, use_case.noun)} are old enough. Bring a file of what became of them."
        )
        title = "No outcome is known yet"
    st.info(text, title=title, icon=":material/hourglass_empty:")


def _ripeness_chart(use_case: UseCase, seen: Performance) -> None:
    parts = {
        "judged": [period.maturity.n_known for period in seen.periods],
        "old enough, outcome missing": [period.maturity.n_mature - period.maturity.n_known for period in seen.periods],
        "too young": [period.maturity.n - period.maturity.n_mature for period in seen.periods],
    }
    known = seen.maturity.n_known
    finding = f"{words.count(known)} of {words.count(seen.maturity.n, use_case.noun)} can be judged"
    behind = [
        {"From": period.start, **{words.capitalised(name): counts[place] for name, counts in parts.items()}}
        for place, period in enumerate(seen.periods)
    ]
    starts = [period.start for period in seen.periods]
    charts.show(period_charts.ripeness(starts, parts), finding, caption(seen), behind, f"ripe:{use_case.key}")


def selected(use_case: UseCase, seen: Performance) -> None:
    """Say so where outcomes are known for some decisions only: what is read then is about selected rows."""
    shares = {name: part.coverage for name, part in seen.by_decision.items() if part.n_mature >= 30}
    if len(shares) < 2 or max(shares.values()) == 0:
        return
    least, most = min(shares, key=lambda name: shares[name]), max(shares, key=lambda name: shares[name])
    if shares[least] < FEW_COVERED * shares[most]:
        st.warning(
            f"Outcomes are known for {words.percent(shares[most])} of '{most}' and {words.percent(shares[least])} of "
            f"'{least}'. Figures on selected {use_case.noun}s flatter a model that was not the one to select them.",
            title="Outcomes are missing where they were not let happen",
            icon=":material/filter_alt:",
        )
