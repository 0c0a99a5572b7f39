"""Are groups treated alike?  What is looked at, what it comes to, and how far it can be believed."""

from __future__ import annotations

import pyarrow as pa
import streamlit as st

from core.domain.fairness.judgement import standing
from core.domain.usecase import UseCase
from core.services.comparison import fairness as service
from core.services.comparison import fairness_groups
from core.services.comparison.fairness import ColumnGroups, Fairness
from core.services.comparison.fairness_rows import Choice
from core.ui import challengers, frame, messages, state
from core.ui import fairness_words as say
from core.ui.fairness_sections import read_by_models

SENSITIVE = "sensitive columns"


def choose(use_case: UseCase) -> Choice:
    """Period, decision, versions, and what groups are made by."""
    since, until = challengers.period(use_case)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        band = _decision(use_case)
        columns = _columns(use_case)
        versions = challengers.versions_beside(use_case)
    return Choice(since, until, versions, band, columns)


def _decision(use_case: UseCase) -> int:
    bands = use_case.policy.bands
    picked = st.selectbox(
        "Decision looked at", range(len(bands)), key="decision", width=280,
        format_func=lambda place: f"{bands[place].decision} ({bands[place].name})",
        help="A row counts as selected where it gets this decision.",
    )  # fmt: skip
    return int(picked)


def _columns(use_case: UseCase) -> tuple[str, ...]:
    """Nothing where the sensitive columns are asked; else one column that is looked at on this page only."""
    titles = fairness_groups.titles(use_case)
    others = [name for name in titles if name not in use_case.sensitive]
    offered = [*([SENSITIVE] if use_case.sensitive else []), *others]
    if len(offered) < 2 and use_case.sensitive:
        return ()
    picked = st.selectbox(
        "Groups by", offered, key=f"groups:{use_case.key}", width=240, index=0 if use_case.sensitive else None,
        format_func=lambda name: titles.get(name, name), placeholder="What if we asked by ...",
        help="Any column with levels can be looked at here; only sensitive ones are watched and reported.",
    )  # fmt: skip
    return () if picked in (None, SENSITIVE) else (str(picked),)


def unnamed(use_case: UseCase) -> None:
    """No column is sensitive: how one is named."""
    where = (
        f'Write `sensitive = ["column"]` at the top of `{messages.plain(use_case.origin)}`.'
        if use_case.origin != "built-in"
        else "Its plug-in names none: in the file of the use case, `sensitive` takes columns and groupings."
    )
    st.info(
        f"{where} A sensitive column is compared between groups; it need not be one that a model reads. Meanwhile any "
        "column with levels can be looked at above.",
        title="No column of this use case is named as sensitive",
        icon=":material/diversity_3:",
    )


def read(use_case: UseCase, choice: Choice) -> Fairness:
    """Every arm by group on the rows of the choice."""
    with st.spinner("Comparing groups"):
        return service.fairness(state.desk(), state.actor(), use_case.key, choice)


def nothing(use_case: UseCase) -> None:
    """No row of the choice: what to do next."""
    st.info(
        f"Choose a longer period, or score a file of {use_case.noun}s.",
        title=f"The acting version has scored no {use_case.noun} of this choice yet",
        icon=":material/diversity_3:",
    )
    if frame.allowed("score-file"):
        st.button(
            "Score a file", key="nothing:score", icon=":material/upload_file:", type="primary",
            on_click=frame.go, args=("score-file", use_case.key),
        )  # fmt: skip


def verdict(use_case: UseCase, seen: Fairness) -> None:
    """What every gap of the arm that decides comes to, in one table."""
    who = "The rules decide" if seen.acting != seen.champion else "The champion decides"
    st.subheader(messages.plain(say.headline(seen, seen.acting)), anchor=False)
    st.caption(messages.plain(f"{who}. {say.selected(use_case, seen)} {read_by_models(use_case)}"))
    rows = [_line(seen, column, kind) for column in seen.columns for kind in say.kinds(seen)]
    names = [name.value for name in say.SIGNS]
    st.dataframe(
        pa.Table.from_pylist(rows), hide_index=True, width="stretch", alt="Every gap and what it comes to",
        column_config={
            "Finding": st.column_config.MultiselectColumn(
                options=names, color=[hue for hue, _ in say.SIGNS.values()], width=190
            ),
            "n": st.column_config.NumberColumn(format="localized"),
            "By chance": st.column_config.TextColumn(help="What equal groups would read: mean, and limit"),
            "Ratio": st.column_config.TextColumn(help="Lowest over highest selection rate"),
        },
    )  # fmt: skip
    st.caption(
        messages.plain(
            f"Limit {say.LIMIT} for each gap; it is broken where the lower bound is above it, or the gap "
            f"is above both the limit and chance. {say.source(seen)}"
        )
    )


def _line(seen: Fairness, column: ColumnGroups, kind: str) -> dict[str, object]:
    """One gap: what it comes to, how large it is, what chance makes of it, between whom."""
    arm = column.arm(seen.acting)
    found = arm.gaps[kind]
    line: dict[str, object] = {
        "Finding": [standing(found).value],
        "Groups by": column.title,
        "Gap": f"{say.KINDS[kind].removesuffix(' gap')} {say.gap(found)}",
        "n": found.n if found else None,
        "By chance": f"{say.number(found.expected)}, up to {say.number(found.noise)}" if found else "",
        "Highest": column.groups[found.highest] if found else "",
        "Lowest": column.groups[found.lowest] if found else "",
    }
    line.update(say.ratios(seen, arm, kind))
    return line


def definitions() -> None:
    """What every figure means, one click away."""
    with st.expander("What the figures mean", icon=":material/menu_book:"):
        st.markdown("\n".join(f"- **{name}**: {messages.plain(text)}" for name, text in say.DEFINITIONS.items()))
