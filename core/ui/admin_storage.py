"""The admin page's storage: what lies where, how fast it grows, what is left on each disk."""

from __future__ import annotations

from typing import Any

import streamlit as st

from core.services.administration import storage as service
from core.services.administration.storage import TakenUp
from core.services.health_facts import GROWTH_DAYS
from core.ui import charts, state, words
from core.ui.tile import tile

_FEW_DAYS = 3  # fewer make no curve


def show() -> None:
    """Disks, kinds of things, growth, versions."""
    seen = service.taken_up(state.desk(), state.actor())
    st.subheader("What is left?", anchor=False)
    with st.grid(3, min_column_width=220, gap="small"):
        for disk in seen.disks:
            used = f"of {words.size(disk.total)}; holds {', '.join(disk.holds)}"
            tile("Disk free", words.size(disk.free), f"{words.percent(disk.free / disk.total, 0)} {used}")
        tile("Log and ledger grow", *_growth(seen))
        total = sum(item.n_bytes for item in seen.held)
        tile("Taken up in all", words.size(total), f"in {words.count(sum(item.n_files for item in seen.held), 'file')}")
    if any({"data", "backups"} <= set(disk.holds) for disk in seen.disks):
        st.markdown(
            ":orange[:material/warning: Backups lie on the disk they are made of.] A lost disk takes both; "
            "RINGSIDE_BACKUPS names a folder on another one."
        )
    _kinds(seen)
    _curve(seen)
    _models(seen)


def _growth(seen: TakenUp) -> tuple[str, str]:
    growth, n_days = seen.storage.growth, seen.storage.growth_days
    if growth is None:
        return "not known yet", "Known tomorrow, from two measured days on."
    over = f"over {words.count(n_days, 'day')}"
    if growth <= 0:
        return f"{words.size(round(-growth))} less a day", over
    left = seen.storage.days_left
    assert left is not None  # they grow
    full = f"full in {words.count(round(left), 'day')} at this pace" if left < 3_650 else "full in years at this pace"
    return f"{words.size(round(growth))} a day", f"{over}; {full}"


def _kinds(seen: TakenUp) -> None:
    st.subheader("What takes it up?", anchor=False)
    if state.desk().settings.database_url:
        st.caption("What the database server holds is not among these files.")
    most = max((item.n_bytes for item in seen.held), default=1)
    rows = [
        {
            "What": item.what,
            "Share": item.n_bytes / most,
            "Size": words.size(item.n_bytes),
            "Files": item.n_files,
            "Kept": item.kept,
            "Where": item.where,
        }
        for item in seen.held
    ]
    st.dataframe(
        rows,
        hide_index=True,
        width="stretch",
        height="content",
        column_config={
            "Share": st.column_config.ProgressColumn("", min_value=0.0, max_value=1.0, format=" ", width=120),
            "Where": st.column_config.TextColumn(width="medium"),
        },
        alt="What the desk keeps on disk, largest first: size, number of files, how long it is kept, where it lies",
    )
    st.caption(f"As of {words.exact(seen.at)}. Bars are against the largest.")


def _curve(seen: TakenUp) -> None:
    """Log and ledger by day; a few days make no curve."""
    if len(seen.days) < _FEW_DAYS:
        return
    first, last = seen.days[0], seen.days[-1]
    drawn = charts.figure(height=260, y_title="MB")
    colours = charts.ink()
    days = [sizes.day for sizes in seen.days]
    for name, values, colour, dash in (
        ("log", [sizes.log_bytes / 1e6 for sizes in seen.days], colours.accent, "solid"),
        ("ledger", [sizes.ledger_bytes / 1e6 for sizes in seen.days], colours.muted, "dot"),
    ):
        line = {"color": colour, "dash": dash, "width": 2.5}
        drawn.add_scatter(x=days, y=values, name=name, mode="lines+markers", line=line)
    drawn.update_yaxes(rangemode="tozero")
    drawn.update_layout(showlegend=True, legend={"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0})
    before, now = (words.size(sizes.log_bytes + sizes.ledger_bytes) for sizes in (first, last))
    caption = f"Measured once a day, {words.count(len(days), 'day')} of the last {GROWTH_DAYS}."
    table: list[dict[str, Any]] = [
        {"Day": sizes.day, "Log": words.size(sizes.log_bytes), "Ledger": words.size(sizes.ledger_bytes)}
        for sizes in seen.days
    ]
    charts.show(drawn, f"Log and ledger: {before} on {first.day:%-d %b}, {now} on {last.day:%-d %b}", caption, table,
                "admin:sizes")  # fmt: skip


def _models(seen: TakenUp) -> None:
    st.subheader("Versions", anchor=False)
    rows = [
        {"Use case": item.title, "Versions": item.n_versions, "Size": words.size(item.n_bytes)} for item in seen.models
    ]
    st.dataframe(rows, hide_index=True, width="stretch", height="content", alt="Versions on disk, by use case")
    st.caption("Versions are kept: a logged score can only be explained by the version that gave it.")
