"""The fair-lending report as one HTML file: no script, nothing fetched, every text escaped, made to be printed."""

from __future__ import annotations

from datetime import UTC, datetime
from html import escape

import streamlit as st

from core.domain.usecase import UseCase
from core.services.comparison import fairness_report as service
from core.services.comparison.fairness import Fairness
from core.ui import fairness_words as say
from core.ui import state, words
from core.ui.card_document import framed, section_html
from core.ui.fairness_sections import sections

_STYLE = """
.verdict{border:1.5px solid #101820;border-radius:4px;padding:.4rem .8rem;margin:1rem 0;break-inside:avoid}
@page{size:A4 landscape;margin:1.5cm}
"""


def document(use_case: UseCase, seen: Fairness, maker: tuple[str, str], at: datetime, event: tuple[int, str]) -> str:
    """The whole report as HTML.

    Parameters
    ----------
    maker : (str, str)
        Name and role of the person who takes it along.
    event : (int, str)
        Number and hash of the ledger's event that says so.
    """
    title = escape(f"Fair-lending report: {use_case.title}")
    name, role = maker
    number, digest = event
    made = (
        f"Made by {name} ({role}), {words.exact(at)}; event {number} of the ledger, {digest[:16]}. {say.source(seen)}"
    )
    parts = [
        f"<h1>{title}</h1>",
        f'<p class="note">{escape(made)}</p>',
        f'<div class="verdict"><b>{escape(say.headline(seen, seen.acting))}.</b></div>',
        *(section_html(section) for section in sections(use_case, seen)),
    ]
    return framed(title, parts, _STYLE)


def download(use_case: UseCase, seen: Fairness) -> None:
    """The report to take along; taking it is an event in the ledger."""
    desk, actor = state.desk(), state.actor()  # the download runs later, outside the session

    def made() -> str:
        now = datetime.now(UTC)
        event = service.taken_along(desk, actor, seen, now)
        return document(use_case, seen, (actor.name, actor.role.value), now, (event.seq, event.hash))

    st.download_button(
        "Fair-lending report",
        made,
        f"{use_case.key}_fair_lending_{seen.window.known_on:%Y-%m-%d}.html",
        "text/html",
        icon=":material/download:",
        on_click="ignore",
        help="One HTML file that prints on paper; nothing in it is fetched. That it was taken is written down.",
    )
