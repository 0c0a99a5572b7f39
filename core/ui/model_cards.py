"""The models page: a version, what it is worth, its card section by section, the card to take away."""

from __future__ import annotations

import json

import pyarrow as pa
import streamlit as st

from core.domain.metrics.catalogue import metric_of
from core.domain.usecase import UseCase
from core.services.model_card import ModelCard
from core.ui import audit_taken, card_words, charts, figures, interval_chart, messages, state, words
from core.ui.card_document import document
from core.ui.card_sections import Section, sections

OPEN = ("Limits and notes",)


def pick_version(use_case: UseCase, shown: bool = True) -> str | None:
    """The version to look at, the acting one first; None before the first training, with the next step said.

    Parameters
    ----------
    shown : bool
        Whether there is anything to choose; if not, the acting version is the one.
    """
    desk = state.desk()
    acting = desk.acting_version(use_case.key)
    versions = sorted(desk.versions(use_case.key), key=lambda name: (name != acting, -int(name[1:])))
    if not versions:
        st.info(
            f"Train it on the home page, or run: python -m core train {use_case.key} --data FILE.csv",
            title=f"{use_case.title} has no trained version yet, so there is no card",
            icon=":material/hourglass_empty:",
        )
        return None
    if not shown:
        return versions[0]
    return st.selectbox(
        "Version",
        versions,
        format_func=lambda name: f"{name} (acting)" if name == acting else name,
        key=f"card-version:{use_case.key}",
        width=280,
    )


def headline(card: ModelCard) -> None:
    """Badges, and the sentences that answer before any table does."""
    badges = [f":blue-badge[:material/trophy: Champion {card.champion}]", f":gray-badge[Version {card.version}]"]
    badges.append(":green-badge[:material/check_circle: Acting]" if card.acts else ":gray-badge[Not acting]")
    st.markdown(" ".join(badges))
    for answer in card_words.answers(card):
        st.markdown(messages.plain(answer))


def chart(card: ModelCard) -> None:
    """The primary metric of every arm on the printed rows."""
    main, metric = card.main, card.primary
    arms = {arm.name: found for arm in main.arms if (found := main.figure(arm.name, metric))}
    if card.champion not in arms:
        return
    top = card.ceiling.get(metric)
    label = metric_of(metric).label
    models = [arm.name for arm in main.arms if arm.kind in ("champion", "challenger")]
    drawn = interval_chart.interval_plot(arms, card.champion, models, label, top["value"] if top else None)
    behind = [{"Arm": name, label: figures.measured(found), "n": found["n"]} for name, found in arms.items()]
    finding = f"{words.capitalised(card.champion)}: {label} {figures.measured(arms[card.champion])}"
    finding += f", of {figures.number(metric, top['value'])} that can be reached" if top else ""
    caption = f"{words.capitalised(main.label)}, n = {main.n:,}, version {card.version}; lines are 95 % intervals"
    charts.show(drawn, messages.plain(finding), caption, behind, key=f"card:{card.use_case}:{card.version}")


def downloads(card: ModelCard) -> None:
    """The card to take away."""
    name, subject = f"{card.use_case}_{card.version}_card", f"{card.use_case} {card.version}"
    with st.container(horizontal=True):
        st.download_button(
            "Card, HTML",
            audit_taken.taken(lambda: document(card), subject, "model card, HTML"),
            f"{name}.html", "text/html", icon=":material/download:", on_click="ignore",
        )  # fmt: skip
        st.download_button(
            "Card, JSON",
            audit_taken.taken(
                lambda: json.dumps(card.as_json(), indent=1, ensure_ascii=False), subject, "model card, JSON"
            ),
            f"{name}.json", "application/json", icon=":material/download:", on_click="ignore",
        )  # fmt: skip


def body(card: ModelCard) -> None:
    """Every section, those that everybody should read unfolded."""
    for section in sections(card):
        with st.expander(
            messages.plain(words.capitalised(section.title)), expanded=section.title in OPEN or section.printed
        ):
            draw(section)


def draw(section: Section) -> None:
    """One section: sentences, names with values, or a table."""
    if section.header:
        columns = {name: [row[place] for row in section.rows] for place, name in enumerate(section.header)}
        st.dataframe(pa.table(columns), hide_index=True, width="stretch", alt=section.title)
    elif all(len(row) == 1 for row in section.rows):
        st.markdown("\n".join(f"- {messages.plain(row[0])}" for row in section.rows))
    else:
        st.markdown("\n".join(f"- **{messages.plain(row[0])}**: {messages.plain(row[1])}" for row in section.rows))
    if section.caption:
        st.caption(messages.plain(section.caption))
