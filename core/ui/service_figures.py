"""The service page's figures: answers, errors, files, what the desk takes up, what it has loaded."""

from __future__ import annotations

from typing import Any

import streamlit as st

from core.domain.service_level import Mark
from core.services import health_report as service
from core.services.health_report import DAY, SPANS, Health
from core.ui import messages, service_words, state, words


def read() -> tuple[Health, str]:
    """The figures of the stretch of time that the person chose."""
    asked = st.segmented_control(
        "Period", list(SPANS), default=DAY, key="service:span", format_func=lambda span: f"Last {span}"
    )
    span = str(asked or DAY)
    return service.health(state.desk(), state.actor(), span), span


def answers(seen: Health, span: str) -> None:
    """Requests, latency, errors, rows per second, each with its n; or what there is instead of them."""
    window = seen.window
    if window.n == 0:
        _nothing(seen, span)
        return
    with st.grid(4, min_column_width=200, gap="small"):
        asked = ", ".join(words.count(n, operation) for operation, (n, _, _) in window.by_operation.items())
        _tile("Requests", words.count(window.n), asked)
        found = window.latency.get("p95")
        if found is None:
            _tile("Single scores", "none", f"No single row was scored in {span}.")
        else:
            rest = ", ".join(f"{name} {service_words.ms(window.latency[name].value)}" for name in ("p50", "p99"))
            note = f"{service_words.between(found)}; {rest}; n = {words.count(found.n)}"
            _tile("p95 of single scores", service_words.ms(found.value), note, seen.latency_mark, service_words.LATENCY)
        rate = window.error_rate
        assert rate is not None  # there are requests
        low, high = words.percent(rate.low, 2), words.percent(rate.high, 2)
        note = f"{words.count(window.errors)} of {words.count(rate.n)}, interval {low} to {high}; "
        note += f"{words.count(window.refused)} refused inputs are no errors"
        _tile("Error rate", words.percent(rate.value, 2), note, seen.error_mark, service_words.ERRORS)
        pace = window.file_rows_per_second
        rows = f"{words.count(window.file_rows, 'row')} of files, while their jobs ran"
        _tile("Rows per second", f"{pace:,.0f}" if pace else "none", rows if pace else f"No file was scored in {span}.")


FACES = {"page": "pages", "cli": "command line", "inbox": "inbox", "schedule": "schedule", "api": "other programs"}


def asked(seen: Health) -> None:
    """What was asked by which face, with the errors of each; nothing where nothing was."""
    rows = [
        {
            "What": words.capitalised(item.operation),
            "By": FACES.get(item.face, item.face),
            "Requests": item.n,
            "Input refused": item.refused,
            "Errors": item.errors,
            "p50": service_words.ms(item.latency["p50"].value) if item.latency else "",
            "p95": service_words.ms(item.latency["p95"].value) if item.latency else "",
        }
        for item in seen.asked
    ]
    if rows:
        st.dataframe(
            rows, hide_index=True, width="stretch", alt="Requests, refused inputs and errors by what was asked"
        )


def _tile(label: str, value: str, note: str, mark: Mark | None = None, said: dict[Mark, str] | None = None) -> None:
    with st.container(border=True, height="stretch", gap="small"):
        st.metric(label, value)
        if mark is not None and said is not None:
            st.markdown(service_words.state(mark, said[mark]))
        st.caption(note)


def _nothing(seen: Health, span: str) -> None:
    counted = service_words.counted(seen.window, seen.at)
    st.info(
        f"The desk started at {words.exact(seen.started_at)}. {counted} Score a row or a file, and its figures stand "
        "here.",
        title=f"No request in the last {span}",
        icon=":material/hourglass_empty:",
    )


def queue(seen: Health) -> None:
    """Jobs that wait and run, by lane."""
    st.subheader("What is it doing?", anchor=False)
    waiting, running = (sum(getattr(lane, name) for lane in seen.lanes) for name in ("waiting", "running"))
    mark = Mark.GOOD if waiting < 3 else Mark.BAD
    said = "Nothing waits, nothing runs" if not waiting + running else f"{running} running, {waiting} waiting"
    st.markdown(service_words.state(mark, said))
    rows = [{"Lane": lane.name, "Running": lane.running, "Waiting": lane.waiting} for lane in seen.lanes]
    st.dataframe(rows, hide_index=True, width="stretch", alt="Jobs that run and wait, by lane of the queue")


def takes_up(seen: Health) -> None:
    """Memory, disk, log and backup."""
    st.subheader("What does it take up?", anchor=False)
    memory, storage = seen.memory, seen.storage
    with st.grid(4, min_column_width=200, gap="small"):
        left = f"{words.size(memory.available)} of {words.size(memory.total)} left on the machine"
        _tile("Memory of the process", words.size(memory.used), left)
        free = f"{words.percent(storage.free / storage.total, 0)} of {words.size(storage.total)}"
        _tile("Disk free", words.size(storage.free), f"{free}{_full_in(seen)}")
        _tile("Log", words.size(storage.log), f"Ledger {words.size(storage.ledger)}. {_growth(seen)}")
        _backup(seen)


def _growth(seen: Health) -> str:
    growth, n_days = seen.storage.growth, seen.storage.growth_days
    if growth is None:
        return "How fast they grow is known tomorrow, from two days on."
    way = "more" if growth >= 0 else "less"
    return f"Together {words.size(round(abs(growth)))} {way} a day, over {words.count(n_days, 'day')}."


def _full_in(seen: Health) -> str:
    left = seen.storage.days_left
    if left is None:
        return ""
    return f"; full in {words.count(round(left), 'day')} at this pace" if left < 3_650 else "; full in years"


def _backup(seen: Health) -> None:
    if seen.backup is None:
        _tile("Last backup", "none", "None has been made yet.", Mark.BAD, {Mark.BAD: "No copy exists"})
        return
    made = words.moment(seen.backup.made_at, seen.at)
    if seen.backup.same_disk:
        said = {Mark.BAD: "On the disk of the data"}
        _tile("Last backup", made, "A lost disk takes it too: see RINGSIDE_BACKUPS.", Mark.BAD, said)
    else:
        _tile("Last backup", made, seen.backup.path.name)


def models(seen: Health) -> None:
    """What acts per use case, what is loaded, what stands in."""
    st.subheader("What has it loaded?", anchor=False)
    standing = [found for found in seen.models if found.stand_in is not None]
    for found in standing:
        assert found.stand_in is not None
        text = f"{messages.plain(found.title)}: {found.stand_in.serving} stands in for {found.acting}"
        st.markdown(service_words.state(Mark.BAD, f"{text}, since {words.exact(found.stand_in.since)}"))
    rows: list[dict[str, Any]] = [
        {
            "Use case": found.title,
            "Acts": found.acting or "nothing trained",
            "Stands in": str(found.stand_in.serving) if found.stand_in else "",
            "In memory": ", ".join(found.in_memory) or "loads with the first score",
        }
        for found in seen.models
    ]
    st.dataframe(rows, hide_index=True, width="stretch", alt="Versions that act, stand in and are loaded, by use case")
