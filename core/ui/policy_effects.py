"""What a draft would do, in sentences, a table and a chart."""

from __future__ import annotations

from datetime import date
from typing import Any

import numpy as np
import streamlit as st

from core.domain.metrics.measured import Measured
from core.domain.policy import Mode, Policy
from core.domain.policy_draft import policy_differences
from core.domain.policy_effect import BandEffect, PolicyEffect
from core.domain.usecase import Task, UseCase
from core.services.governing import policy_preview
from core.services.governing.policy_preview import Preview
from core.ui import charts, messages, state, words

_BINS = 40


def differences(before: Policy, after: Policy) -> None:
    """What a policy does otherwise than another one."""
    found = policy_differences(before, after)
    if not found:
        st.caption("Nothing differs from the policy in force.")
    st.markdown("\n".join(f"- {messages.plain(line)}" for line in found))


def forbidden(use_case: UseCase, policy: Policy) -> bool:
    """Say what forbids a policy; True where something does."""
    found = policy_preview.problems(state.desk(), state.actor(), use_case.key, policy)
    if found:
        lines = "\n".join(f"- {messages.plain(line)}" for line in found)
        st.warning(lines, title="This cannot be published yet", icon=":material/rule:")
    return bool(found)


def preview(use_case: UseCase, policy: Policy) -> None:
    """The draft beside the policy in force, on rows that are logged."""
    with st.spinner("Counting logged rows"):
        seen = policy_preview.preview(state.desk(), state.actor(), use_case.key, policy)
    if not seen.recent.effect.n_rows:
        st.info(
            f"No {use_case.noun} of the last {seen.days} days was scored by {seen.arm}: score some, then look again.",
            title="No rows to count",
            icon=":material/hourglass_empty:",
        )
        return
    st.markdown("\n\n".join(_sentences(use_case, policy, seen)))
    _table(use_case, policy, seen)
    if seen.cutoffs:
        _chart(use_case, policy, seen)


def _sentences(use_case: UseCase, policy: Policy, seen: Preview) -> list[str]:
    effect, many = seen.recent.effect, f"{use_case.noun}s"
    changed = [band for band in effect.bands if band.n_now is not None and band.n != band.n_now]
    lead = max(changed, key=lambda band: abs(band.n - (band.n_now or 0)), default=effect.bands[0])
    of = f"{words.count(lead.n)} of the {words.count(effect.n_rows, use_case.noun, many)} of {_when(seen)}"
    said = [f"**{of} would be decided “{messages.plain(lead.decision)}”, {_more(lead)}.**"]
    if effect.moved:
        said.append(f"Another decision is taken on {words.count(effect.moved, use_case.noun, many)} in all.")
    if policy.mode is Mode.SHADOW:
        said.append("The rules decide: a line that moves changes what the champion would say, not what is done.")
    said += [
        line for line in (_capacity(policy, effect), _matured(use_case, lead, seen), _money(use_case, seen)) if line
    ]
    return said


def _when(seen: Preview) -> str:
    if seen.up_to_now:
        return f"the last {seen.days} days"
    return f"{_span(seen.recent.first, seen.recent.last)}, the newest there are,"


def _more(band: BandEffect) -> str:
    if band.n_now is None:
        return "and the policy in force has no such band"
    change = band.n - band.n_now
    if change == 0:
        return "as many as now"
    return f"{words.count(abs(change))} {'more' if change > 0 else 'fewer'} than now"


def _capacity(policy: Policy, effect: PolicyEffect) -> str:
    if policy.capacity is None:
        return ""
    room, total = round(policy.capacity * effect.n_rows), 0
    parts: list[str] = []
    for band in effect.bands[:-1]:
        total += band.n
        parts.append(f"{'down to ' if parts else ''}{messages.plain(band.name)} {words.count(total)}")
    return f"The team can take {words.percent(policy.capacity, 0)}, which is {words.count(room)}: {', '.join(parts)}."


def _matured(use_case: UseCase, lead: BandEffect, seen: Preview) -> str:
    band = next(band for band in seen.matured.effect.bands if band.name == lead.name)
    if band.outcome is None:
        return f"No matured {use_case.noun} of this band has an outcome yet."
    now = (
        f" (now {interval(use_case, band.outcome_now)})"
        if band.outcome_now is not None and band.n != band.n_now
        else ""
    )
    return (
        f"Of the matured ones there ({_span(seen.matured.first, seen.matured.last)}), {_outcome(use_case)}: "
        f"{interval(use_case, band.outcome)}, n = {words.count(band.outcome.n)}{now}."
    )


def _money(use_case: UseCase, seen: Preview) -> str:
    effect = seen.matured.effect
    gain, change = effect.gain, effect.gain_change
    if gain is None or change is None:
        return ""
    said = f"Gain per matured {use_case.noun}: {_amount(gain)} {effect.currency}, n = {words.count(gain.n)}; "
    said += (
        f"{_amount(change, '+')} {effect.currency} against now"
        if change.value or change.high > change.low
        else "the same as now"
    )
    if not effect.same_costs:
        said += ", each at its own costs"
    return f"{said}. As if the outcome had been the same whatever was decided."


def _amount(found: Measured, sign: str = "") -> str:
    form = f"{sign},.2f"
    return f"{found.value:{form}} [{found.low:{form}}, {found.high:{form}}]"


def interval(use_case: UseCase, found: Measured | None) -> str:
    """A mean outcome with its interval."""
    if found is None:
        return "not known"
    share = use_case.task is not Task.REGRESSION and not (
        use_case.task is Task.MULTICLASS and use_case.target.class_values
    )
    numbers = [words.percent(part) if share else f"{part:,.3g}" for part in (found.value, found.low, found.high)]
    text = f"{numbers[0]} [{numbers[1]}, {numbers[2]}]"
    return text if found.n >= 30 else f"{text}, not enough rows"


def _outcome(use_case: UseCase) -> str:
    if use_case.task is Task.REGRESSION:
        return f"mean {use_case.target.name.replace('_', ' ')}"
    if use_case.task is Task.MULTICLASS:
        worth = (
            "mean worth of the outcome" if use_case.target.class_values else f"share of {use_case.target.classes[-1]}"
        )
        return worth
    return f"share where {messages.plain(use_case.target.meaning or use_case.target.name)}"


def _span(first: date | None, last: date | None) -> str:
    return "no rows" if first is None or last is None else f"{first:%d %b} to {last:%d %b %Y}"


def _table(use_case: UseCase, policy: Policy, seen: Preview) -> None:
    st.dataframe(
        _rows(use_case, seen.recent.effect, seen.matured.effect),
        hide_index=True,
        width="stretch",
        alt="What is decided under the draft and now, by band",
    )
    old = f"older than {words.count(use_case.target.horizon_days, 'day')}"
    st.caption(
        f"Rows: {_span(seen.recent.first, seen.recent.last)}, scored by {seen.arm}. Outcome: {_outcome(use_case)}, "
        f"of {_span(seen.matured.first, seen.matured.last)}, {old}, where it is known; 95 % intervals."
    )
    if seen.recent.champion is not None and seen.matured.champion is not None:
        with st.expander("What the champion says, which is logged and decides only where it acts"):
            st.dataframe(
                _rows(use_case, seen.recent.champion, seen.matured.champion),
                hide_index=True,
                width="stretch",
                alt="The champion's bands under the draft and now",
            )


def _rows(use_case: UseCase, recent: PolicyEffect, matured: PolicyEffect) -> list[dict[str, Any]]:
    return [
        {
            "Band": band.name,
            "Rows": band.n,
            "Change": None if band.n_now is None else band.n - band.n_now,
            "Share": words.percent(band.n / max(recent.n_rows, 1)),
            "Outcome": interval(use_case, old.outcome) if old.outcome else "not known",
            "Matured": old.outcome.n if old.outcome else 0,
            "Outcome now": interval(use_case, old.outcome_now) if old.outcome_now else "not known",
            "Decision": band.decision,
        }
        for band, old in zip(recent.bands, matured.bands, strict=True)
    ]


def _chart(use_case: UseCase, policy: Policy, seen: Preview) -> None:
    """Where the lines fall among the scores of the last days."""
    scores = seen.recent.scores[~np.isnan(seen.recent.scores)]
    if not len(scores):
        return
    counts, edges = np.histogram(scores, _BINS)
    tones = [(band.name, band.tone) for band in policy.bands]
    drawn = charts.histogram(
        edges.tolist(),
        counts.tolist(),
        seen.cutoffs,
        tones,
        percent=policy.score_format == "percent",
        x_title=words.score_name(use_case),
        y_title=f"{use_case.noun}s",
    )
    lines = ", ".join(
        f"{messages.plain(band.name)} from {words.score(use_case, cut)}"
        for band, cut in zip(policy.bands, seen.cutoffs, strict=False)
    )
    bins = zip(edges.tolist(), edges.tolist()[1:], counts.tolist(), strict=False)
    caption = f"n = {words.count(len(scores))}, {_span(seen.recent.first, seen.recent.last)}, scores of {seen.arm}"
    behind = [{"From": low, "To": high, "Rows": n_rows} for low, high, n_rows in bins]
    charts.show(
        drawn, f"Lines of the draft among the scores: {lines}", caption, behind, f"policy-scores:{use_case.key}"
    )
