"""What a page hands out and whose record it opens, written into the ledger where it happens."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import urlsplit

import streamlit as st

from core.services.auditing import noting
from core.ui import state

if TYPE_CHECKING:
    from core.domain.usecase import UseCase
    from core.errors import DeskError

HOME = "home"
T = TypeVar("T")


def taken(make: Callable[[], T], subject: str, what: str, n_rows: int | None = None) -> Callable[[], T]:
    """The data of a download button: made when it is pressed, and then that it was pressed is an event.

    Parameters
    ----------
    subject : str
        What the file is about: "bnpl_default v2".
    what : str
        The file: "model card, HTML".
    n_rows : int, optional
        Rows of customers in it.
    """
    desk, actor = state.desk(), state.actor()  # the download runs later, outside the session

    def noted() -> T:
        made = make()
        noting.downloaded(desk, actor, subject, n_rows=n_rows, what=what)
        return made

    return noted


def opened(use_case: UseCase, prediction_id: str, where: str = "") -> None:
    """One person's record is looked at: an event, unless this page showed it a moment ago."""
    noting.opened(state.desk(), state.actor(), f"{use_case.key} {prediction_id}", where or page())


def turned_away(error: DeskError) -> None:
    """An attempt that was refused on this page."""
    noting.refused(state.desk(), state.actor(), error, page())


def page() -> str:
    """The page that is looked at, as it is called in the address."""
    return urlsplit(str(st.context.url or "")).path.rsplit("/", 1)[-1] or HOME


def csv_button(table: Any, name: str, key: str) -> None:
    """A shown table as CSV, formulas made harmless; that it was taken is an event."""
    from core.services.access import Action, may
    from core.services.auditing.handing_out import csv_of

    if may(state.actor(), Action.DOWNLOAD):
        st.download_button(
            "CSV",
            taken(lambda: csv_of(table), name, "table, CSV"),
            f"{name}.csv",
            "text/csv",
            key=key,
            icon=":material/download:",
            on_click="ignore",
            help="Texts that a spreadsheet would run as formulas get an apostrophe. That it was taken is recorded.",
        )
