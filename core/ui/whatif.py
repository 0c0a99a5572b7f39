"""What if something about a row were different? Fields to move, the answer at once, and the least that must change."""

from __future__ import annotations

import math
from collections.abc import Sequence

import streamlit as st

from core.domain.explained import Explanation
from core.domain.usecase import UseCase
from core.services.access import Action, may
from core.services.reasons import whatif as service
from core.services.reasons.whatif import Control, Counterfactuals, Said
from core.ui import messages, state, why_words, words
from core.ui.whatif_fields import Fields
from core.ui.whatif_words import sentence, step, unreachable


@st.fragment
def drawer(use_case: UseCase, explanation: Explanation) -> None:
    """The what-if of one explained row, closed at first; nothing is computed before it is opened, nothing logged."""
    name = f"whatif:{use_case.key}:{explanation.version}:{explanation.prediction_id or explanation.entity}"
    box = st.expander("What if?", key=f"{name}-open", icon=":material/tune:", on_change="rerun")
    if not box.open:
        return
    with box, messages.told():
        found = service.controls(state.desk(), state.actor(), use_case.key, explanation.version)
        fields = Fields(use_case, explanation.row, name)
        then = _then(use_case, explanation)
        _least(use_case, explanation, fields, found, then)
        verdict = st.container()
        _draw(use_case, fields, found)
        with verdict, messages.told(fields.places()):
            _side_by_side(use_case, explanation, fields, found, then)
        if may(state.actor(), Action.SEE_MODELS):
            _more(use_case, explanation, name)


def _then(use_case: UseCase, explanation: Explanation) -> Said:
    return service.rescore(state.desk(), state.actor(), use_case.key, explanation.row, explanation.version)


def _draw(use_case: UseCase, fields: Fields, found: Sequence[Control]) -> None:
    columns = [control.column for control in found]
    first = [control for control in found if control.actionable] or list(found)
    rest = [control for control in found if control not in first]
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        st.markdown("**What somebody can act on**" if rest else "**Columns**")
        st.button(
            "Reset",
            key=f"{fields.name}-reset",
            icon=":material/restart_alt:",
            on_click=fields.reset,
            args=(columns,),
            help=f"Back to this {use_case.noun}'s own values",
        )
    fields.draw(first)
    if rest:
        with st.expander("More columns", key=f"{fields.name}-rest"):
            st.caption("These help to understand the score; nobody can change them by acting.")
            fields.draw(rest)


def _side_by_side(
    use_case: UseCase, explanation: Explanation, fields: Fields, found: Sequence[Control], then: Said
) -> None:
    """Then and now, with the difference; where the rules of the schema are broken, their words under the fields."""
    changed = fields.changed([control.column for control in found])
    left, right = st.columns(2, border=True, wrap=False)
    with left:
        _answer(use_case, "Then", then)
    with right, messages.told(fields.places()):
        row = dict(explanation.row) | changed
        now = service.rescore(state.desk(), state.actor(), use_case.key, row, explanation.version)
        _answer(use_case, "Now", now, now.score - then.score)
    n = words.count(len(changed), "column")
    st.caption(
        (f"{n} changed. " if changed else "Nothing changed yet. ")
        + f"Scored by version {explanation.version}, the one that scored this {use_case.noun}; nothing is logged."
    )


def _answer(use_case: UseCase, label: str, said: Said, gain: float | None = None) -> None:
    delta = None if gain is None else why_words.points(use_case, gain)
    good = "normal" if use_case.higher_is_better else "inverse"
    unmoved = delta is not None and not any(digit in "123456789" for digit in delta)
    st.metric(
        label,
        words.score(use_case, said.score),
        delta,
        delta_color="off" if unmoved else good,  # type: ignore[arg-type]
        delta_arrow="off" if unmoved else "auto",
    )
    chip = words.chip(words.band_named(use_case, said.band))
    decided = f"{said.decision}, as the rules decide" if said.decided_by == "rules" else said.decision
    st.markdown(f"{chip} {messages.plain(words.capitalised(decided))}")


def _least(use_case: UseCase, explanation: Explanation, fields: Fields, found: Sequence[Control], then: Said) -> None:
    """The smallest changes that lead to the next better band, each ready to be tried."""
    answer = _answers(use_case, explanation)
    if answer.target is None:
        st.markdown(f"**This {use_case.noun} is in the best band already.**")
    elif not answer.columns:
        st.markdown(f"**{use_case.title} names no column that somebody can act on.**")
    elif not answer.found:
        st.markdown(f"**{messages.plain(unreachable(use_case, then, answer))}**")
    else:
        st.markdown(f"**The least that would bring this {use_case.noun} to {messages.plain(answer.target)}**")
        _changes(use_case, fields, found, answer)
    if answer.target is not None and answer.columns:
        _scope(use_case, answer)


def _answers(use_case: UseCase, explanation: Explanation) -> Counterfactuals:
    """The counterfactuals of the row, kept while the session looks at it."""
    mark = (explanation.version, tuple(sorted((name, repr(value)) for name, value in explanation.row.items())))
    kept = state.shelf("whatif", use_case.key)
    if kept.get("mark") != mark:
        actor, version = state.actor(), explanation.version
        found = service.counterfactuals(state.desk(), actor, use_case.key, explanation.row, version)
        kept.update(mark=mark, found=found)
    answer: Counterfactuals = kept["found"]
    return answer


def _changes(use_case: UseCase, fields: Fields, found: Sequence[Control], answer: Counterfactuals) -> None:
    columns = [control.column for control in found]
    for place, item in enumerate(answer.found):
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            st.markdown(messages.plain(sentence(use_case, item)), width="stretch")
            st.button(
                "Try it",
                key=f"{fields.name}-try-{place}",
                icon=":material/play_arrow:",
                on_click=fields.take,
                args=(columns, {change.column.name: change.after for change in item.steps}),
                help="Put these values into the fields below: " + messages.plain("; ".join(map(step, item.steps))),
            )


def _scope(use_case: UseCase, answer: Counterfactuals) -> None:
    text = (
        f"{words.count(answer.n_tried, 'row')} tried, within the middle 98% of the reference rows, and scored again. "
        "What a model has learnt goes together with the outcome; acting on it need not bring it about."
    )
    if answer.rules_decide:
        text += f" It is the model's band that changes: the rules decide what happens to this {use_case.noun}."
    st.caption(text)


def _more(use_case: UseCase, explanation: Explanation, name: str) -> None:
    """The approximate line around the row, beside the exact points."""
    box = st.expander("More: an approximate line around this score", key=f"{name}-line", on_change="rerun")
    if not box.open:
        return
    from core.services.reasons.surrogate import local_line

    with box, messages.told():
        line = local_line(state.desk(), state.actor(), use_case.key, explanation)
        fit = "not known: the scores do not vary" if math.isnan(line.r2) else f"{line.r2:.2f}"
        agree = "not known" if math.isnan(line.agreement) else f"{line.agreement:.2f}"
        st.markdown(
            f"**Approximate.** A weighted straight line (LIME) through {words.count(line.n, 'varied row')}, "
            f"{line.n_effective:,.0f} of them near enough to count: fidelity R² {fit}; rank agreement with the exact "
            f"points {agree} (Kendall's tau of the sizes)."
        )
        unit = why_words.scale(use_case)[1] or "score"
        rows = [
            {
                "Column": item.column.title,
                f"Approximate, {unit}": why_words.brief(use_case, item.approximate),
                f"Exact, {unit}": why_words.brief(use_case, item.exact),
                "Slope": f"{item.coefficient:+.3g}",
            }
            for item in line.columns
        ]
        st.dataframe(rows, hide_index=True, key=f"{name}-line-table")
        fitted, score, base = (words.score(use_case, value) for value in (line.fitted, line.score, line.base))
        st.caption(
            f"The line gives this row {fitted}, the model {score}. Slope: score per unit, per level, per yes; of "
            f"other columns what any other value adds. Approximate points: beside the mean of the near rows, {base}. "
            "Where the two differ, the exact points hold."
        )
