"""The weekly report as one HTML file: no script, nothing fetched, every text escaped, good to print."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta
from html import escape

from core.domain.metrics.catalogue import METRICS
from core.domain.metrics.measured import Measured
from core.domain.service_level import PROMISED
from core.services.watching.weekly_report import Week, WindowDrift

JUDGED, WAITING = 8, 4  # periods that are shown

_STYLE = """
body{font:15px/1.45 system-ui,sans-serif;color:#101820;background:#fff;max-width:60rem;margin:2rem auto;padding:0 1rem}
h1{font-size:1.5rem;margin:0}h2{font-size:1.1rem;margin:1.6rem 0 .3rem}p{margin:.3rem 0}
.note{color:#53606d;font-size:.9rem}.wide{overflow-x:auto}table{border-collapse:collapse;font-size:.88rem}
th,td{border:1px solid #c9d1d9;padding:.25rem .5rem;text-align:left;vertical-align:top}th{background:#eef2f6}
tr{break-inside:avoid}h2{break-after:avoid}
@media print{body{margin:0;max-width:none;font-size:10pt}.wide{overflow:visible}}@page{margin:1.5cm}
"""


def document(week: Week) -> str:
    """The whole report."""
    first, last = week.since.date(), (week.until - timedelta(days=1)).date()
    title = f"{week.use_case.title}: week of {_day(first)} to {_day(last)}"
    parts = [
        f"<h1>{escape(title)}</h1>",
        _note(f"Written on {_moment(week.written_at)}, once; figures are as they were known then. All times are UTC."),
    ]
    if week.simulated:
        parts.append(_p("Rows of a simulated history are among those counted here: a rehearsal, no record."))
    parts += [*_performance(week), *_drift(week.drift), *_alerts(week), *_service(week), *_tasks(week)]
    return (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>{escape(title)}</title>'
        f'<meta name="viewport" content="width=device-width"><style>{_STYLE}</style></head>\n'
        f"<body>{''.join(parts)}</body></html>\n"
    )


def _performance(week: Week) -> list[str]:
    seen, noun = week.performance, week.use_case.noun
    metric = seen.metrics[0]
    label = METRICS[metric].label
    parts = [_h("Performance")]
    n = seen.maturity
    counted = (
        f"Champion {seen.champion}. Of {n.n:,} {noun}s until {_day(seen.known_on)}, {n.n_mature:,} are at least "
        f"{seen.horizon_days} days old, and {n.n_known:,} of these have a known outcome."
    )
    parts.append(_p(counted))
    overall = seen.overall.get(metric, {}).get(seen.champion)
    if overall is None or not n.n_known:
        return [*parts, _note("Nothing can be judged yet: no mature outcome is known.")]
    parts.append(_p(f"{label} over all of them: {_figure(overall)}."))
    judged = [period for period in seen.periods if period.maturity.n_known]
    waiting = [period for period in seen.periods if not judged or period.start > judged[-1].start]
    rows = [
        (
            _day(period.start),
            f"{period.maturity.n:,}",
            f"{period.maturity.n_known:,}",
            _figure(period.realised[metric].get(seen.champion)),
            _figure(period.expected.get(metric)),
        )
        for period in [*judged[-JUDGED:], *waiting[-WAITING:]]
    ]
    parts.append(_table((f"{seen.step.capitalize()} from", f"{noun}s", "Judged", f"{label}", "Expected"), rows))
    note = (
        f"By {seen.step} of the rows' own time, with 95 % intervals: the latest {JUDGED} that can be judged, and the "
        f"latest {WAITING} that wait for their outcomes. Expected: estimated without outcomes; it does not see a "
        "change of the concept."
    )
    parts.append(_note(note))
    return parts


def _drift(found: WindowDrift | None) -> list[str]:
    parts = [_h("Drift")]
    if found is None:
        return [*parts, _note("No whole window was measured yet.")]
    window = found.window
    span = f"{_day(window['window_from'])} to {_day(window['window_to'] - timedelta(days=1))}"
    measured = f"measured on {_moment(window['measured_at'])}, n = {window['n']:,}"
    parts.append(_p(f"Newest whole window: {span}, {measured}, against the reference of {window['version']}."))
    if not window["judged"]:
        return [*parts, _note("Not enough rows to judge anything in it.")]
    if window["stuck"]:
        parts.append(_p(str(window["stuck_says"])))
    if not found.raised:
        return [*parts, _p(f"None of {found.n_items} items moved beyond its limits.")]
    rows = [
        (str(row["name"]), str(row["of"]), str(row["level"]), _number(row["psi"]), _number(row["psi_limit"]),
         " ".join(row["why"] or ()))
        for row in found.raised
    ]  # fmt: skip
    return [*parts, _table(("What moved", "Kind", "How far", "PSI", "Limit", "Why"), rows)]


def _alerts(week: Week) -> list[str]:
    parts = [_h("Alerts")]
    if not week.alerts:
        return [*parts, _p("None was open in this week.")]
    rows = [
        (
            _moment(alert.opened_at),
            alert.severity,
            alert.sentence,
            alert.owner or "nobody",
            f"closed {_moment(alert.closed_at)}" if alert.closed_at is not None else alert.state,
        )
        for alert in week.alerts
    ]
    return [*parts, _table(("Opened", "Severity", "What", "Owner", "State when written"), rows)]


def _service(week: Week) -> list[str]:
    seen = week.service
    parts = [_h("Service of the desk, all use cases")]
    if seen.n == 0:
        parts.append(_p("No request was counted in this week."))
    else:
        rate, late = seen.error_rate, seen.latency.get("p95")
        assert rate is not None  # there are requests
        failed = f"error rate {_percent(rate.value)} [{_percent(rate.low)}, {_percent(rate.high)}]"
        parts.append(_p(f"{seen.n:,} requests, {seen.refused:,} with refused input, {seen.errors:,} failed; {failed}."))
        if late is not None:
            interval = f"[{late.low:,.1f}, {late.high:,.1f}]"
            parts.append(_p(f"p95 of single scores: {late.value:,.1f} ms {interval}, n = {late.n:,}."))
    share = seen.availability.share
    if share is None:
        parts.append(_note("Whether the desk was there is not known: no beat was heard."))
    else:
        known = f"{_percent(seen.availability.known_share)} of the week is known, {_percent(PROMISED)} is promised"
        parts.append(_p(f"The desk was there {_percent(share)} of the known time ({known})."))
    return parts


def _tasks(week: Week) -> list[str]:
    parts = [_h("What the desk did by itself")]
    if not week.tasks:
        return [*parts, _p("Nothing is on record for this week.")]
    rows = [(name, f"{n:,}", f"{bad:,}") for name, (n, bad) in week.tasks.items()]
    note = "Of runs that only keep count and found nothing, one is kept."
    return [*parts, _table(("Task", "Runs kept", "Failed, missed or interrupted"), rows), _note(note)]


def _h(text: str) -> str:
    return f"\n<h2>{escape(text)}</h2>"


def _p(text: str) -> str:
    return f"<p>{escape(text)}</p>"


def _note(text: str) -> str:
    return f'<p class="note">{escape(text)}</p>'


def _table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    head = "".join(f"<th>{escape(name[:1].upper() + name[1:])}</th>" for name in header)
    body = "".join("<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in rows)
    return f'<div class="wide"><table><tr>{head}</tr>{body}</table></div>'


def _figure(found: Measured | None) -> str:
    if found is None:
        return "waits"
    if not found.enough:
        return f"too few: n = {found.n:,}"
    return f"{found.value:.4g} [{found.low:.4g}, {found.high:.4g}], n = {found.n:,}"


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.3f}"


def _percent(share: float) -> str:
    return f"{100 * share:.2f} %"


def _day(when: date | datetime) -> str:
    return f"{when.day} {when:%b %Y}"


def _moment(when: datetime) -> str:
    return f"{_day(when)}, {when:%H:%M}"
