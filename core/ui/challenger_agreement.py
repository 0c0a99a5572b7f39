"""Where the arms disagree: agreement of bands, correlations, and the rows they see most differently."""

from __future__ import annotations

from typing import Any

import streamlit as st

from core.domain.usecase import UseCase
from core.services.access import Action, may
from core.services.comparison import agreement as service
from core.services.comparison.agreement import Agreements, Disagreement
from core.services.comparison.challengers import Challengers
from core.ui import case_bar, charts, driver_charts, frame, messages, state, words
from core.ui import challenger_words as say

SHOWN = 20


def disagreement(use_case: UseCase, seen: Challengers) -> None:
    """Agreement of every two arms, of the champion with one, and the rows to look at."""
    found = service.agreements(state.desk(), state.actor(), use_case.key, seen)
    if len(found.names) < 2:
        st.info("There is nobody to disagree with.")
        return
    _pairs(use_case, seen, found)
    _bands(use_case, seen, found)
    _rows(use_case, seen)


def _pairs(use_case: UseCase, seen: Challengers, found: Agreements) -> None:
    names = [say.label(seen, name) for name in found.names]
    rank = (
        st.segmented_control(
            "Agreement of", ["bands", "ranks"], default="bands", required=True, key=f"pairs:{use_case.key}"
        )
        == "ranks"
    )
    cells = found.rank if rank else found.kappa
    texts = [["" if cell != cell else f"{cell:.3f}" for cell in row] for row in cells.tolist()]
    drawn = driver_charts.matrix(names, names, cells.clip(min=0).tolist(), texts)
    row = found.names.index(seen.champion)
    others = {name: float(cells[row, place]) for place, name in enumerate(found.names) if place != row}
    others = {name: value for name, value in others.items() if value == value}
    behind = [{"Arm": a} | dict(zip(names, line, strict=True)) for a, line in zip(names, cells.tolist(), strict=True)]
    least = min(others, key=lambda name: others[name]) if others else ""
    what = "rank correlation" if rank else "kappa"
    champion = say.label(seen, seen.champion)
    title = f"{words.capitalised(champion)} and {say.label(seen, least)} agree least: {what} "
    meaning = (
        "Spearman's correlation of the scores: 1 the same order."
        if rank
        else "Cohen's kappa of the bands, each arm at its own cutoffs: 1 the same, 0 as by chance."
    )
    caption = f"{meaning} n = {words.count(found.n)}, whether the outcome is known or not."
    charts.show(drawn, title + (f"{others[least]:.3f}" if least else ""), caption, behind, f"kappa:{use_case.key}")


def _bands(use_case: UseCase, seen: Challengers, found: Agreements) -> None:
    names = list(found.with_champion)
    other = st.segmented_control(
        "Beside", names, default=names[0], required=True, format_func=lambda name: say.label(seen, name),
        key=f"bands:{use_case.key}",
    )  # fmt: skip
    pair = found.with_champion[str(other if other in names else names[0])]
    bands = list(use_case.policy.band_names)
    texts = [[f"{cell:,}" for cell in row] for row in pair.table.tolist()]
    drawn = driver_charts.matrix(bands, bands, pair.table.tolist(), texts)
    champion, label = say.label(seen, seen.champion), say.label(seen, str(other))
    drawn.update_yaxes(title={"text": champion})
    drawn.update_xaxes(title={"text": label}, tickangle=0)
    behind = [
        {champion: a} | dict(zip(bands, row, strict=True)) for a, row in zip(bands, pair.table.tolist(), strict=True)
    ]
    same = words.percent(pair.same)
    title = f"{words.capitalised(label)} puts {same} into {champion}'s band: kappa {say.figure(pair.kappa)}"
    caption = f"{champion}'s bands down, {label}'s across, each at its own cutoffs. n = {words.count(found.n)}."
    charts.show(drawn, title, caption, behind, f"crossed:{use_case.key}")


def _rows(use_case: UseCase, seen: Challengers) -> None:
    rows = service.disagreements(state.desk(), state.actor(), use_case.key, seen, SHOWN)
    if not rows:
        return
    st.markdown(f"**The {len(rows)} {use_case.noun}s that the models place farthest apart**")
    key = f"apart:{use_case.key}"

    def opened() -> None:
        frame.explain(use_case.key, rows[st.session_state[f"{key}:why"]["row"]].prediction_id)

    def sent() -> None:
        with messages.told():
            row = rows[st.session_state[f"{key}:review"]["row"]]
            case = service.send_to_review(state.desk(), state.actor(), use_case.key, row)
            st.toast(f"Case {case.id} is open.", icon=":material/check_circle:")
            case_bar.show(use_case.key, case.id)

    button = st.column_config.ButtonColumn
    config: dict[str, Any] = {":why": button("", width=64, type="tertiary", key=f"{key}:why", on_click=opened)}
    if may(state.actor(), Action.OPEN_CASE):
        config[":review"] = button("", width=130, type="tertiary", key=f"{key}:review", on_click=sent)
    config["Apart"] = st.column_config.ProgressColumn(
        min_value=0, max_value=1, format="percent", help="Share of all rows between the two extreme places."
    )
    st.dataframe(
        [_line(use_case, seen, row, ":review" in config) for row in rows],
        hide_index=True,
        width="stretch",
        column_config=config,
        alt=f"The {use_case.noun}s that the models place farthest apart, with every model's score",
    )
    st.caption("Why opens the reasons of the row; sending it to review opens a case about it.")


def _line(use_case: UseCase, seen: Challengers, row: Disagreement, review: bool) -> dict[str, Any]:
    line: dict[str, Any] = {":why": "Why?"} | ({":review": "Send to review"} if review else {})
    line |= {"Apart": row.gap, "Day": row.day}
    line |= {say.label(seen, name): words.score(use_case, score) for name, score in row.scores.items()}
    return line | {"Outcome": _outcome(use_case, row), "Prediction": row.prediction_id[:8]}


def _outcome(use_case: UseCase, row: Disagreement) -> str:
    if row.outcome != row.outcome:
        return "not known"
    if use_case.target.classes:
        return use_case.target.classes[int(row.outcome)]
    return words.score(use_case, row.outcome)
