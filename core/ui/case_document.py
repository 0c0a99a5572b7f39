"""A case file as one HTML file: no script, nothing fetched, every text escaped, made to be printed on A4."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import datetime
from html import escape
from typing import TYPE_CHECKING

from core.domain.metrics.measured import Measured
from core.domain.usecase import UseCase
from core.services.complaints.case_sections import CaseFile
from core.services.complaints.cases import Case
from core.ui import case_parts, case_words, words
from core.ui.card_document import framed, section_html
from core.ui.card_sections import Section

if TYPE_CHECKING:
    from core.store.ledger_tables import EventRecord, PreventionRecord

_STYLE = """
blockquote{margin:.6rem 0;padding:.2rem .9rem;border-left:3px solid #0072b2;white-space:pre-wrap;overflow-wrap:anywhere}
.verdict{border:1.5px solid #101820;border-radius:4px;padding:.4rem .8rem;margin:1rem 0;break-inside:avoid}
td{overflow-wrap:anywhere}td:first-child{white-space:nowrap}
svg{width:100%;max-width:44rem;height:auto}svg text{font:12px system-ui,sans-serif;fill:#101820}
figure{margin:.4rem 0;break-inside:avoid}
@page{size:A4;margin:1.5cm}
@media print{h2{margin-top:1rem}.note{font-size:8.5pt}body{-webkit-print-color-adjust:exact;
print-color-adjust:exact}}
"""
WIDTH, LEFT, RIGHT, ROW, TOP = 720, 150, 130, 34, 8  # of the drawing, in units of its view box
NOW, BEFORE = "#0072B2", "#6B7785"


def document(
    use_case: UseCase,
    file: CaseFile,
    events: Sequence[EventRecord],
    items: Sequence[PreventionRecord],
    reader: tuple[str, bool],
    at: datetime,
) -> str:
    """The whole case as HTML.

    Parameters
    ----------
    events : sequence of EventRecord
        What was done, oldest first.
    items : sequence of PreventionRecord
        What is to keep it from happening again.
    reader : (str, bool)
        Who takes the document along, and whether they may see more than the acting score.
    at : datetime
        When it is taken along.
    """
    case, (name, models) = file.case, reader
    title = escape(f"Case {case.id}: {use_case.title}")
    evidence = case_parts.evidence(use_case, file, models)
    parts = [
        f"<h1>{title}</h1>",
        f'<p class="note">{escape(_opened(use_case, case))}</p>',
        f"<blockquote>{escape(case.text)}</blockquote>",
        _verdict(file, models),
        _answer(case),
        section_html(case_parts.clocks(case)),
        section_html(case_parts.checks(file.checks, models)),
        *(_evidence(use_case, file, section) for section in evidence),
        section_html(case_parts.prevention(items)) if items else "",
        section_html(case_parts.timeline(events)) if events else "",
        f'<p class="note">{escape(_footer(file, name, at))}</p>',
    ]
    return framed(title, parts, _STYLE)


def _opened(use_case: UseCase, case: Case) -> str:
    owner = f"owned by {case.owner}" if case.owner else "nobody's yet"
    about = case_words.subject(use_case, case)
    whole = f" ({case.prediction_id})" if case.prediction_id else ""
    return f"About {about}{whole}. Opened {words.exact(case.opened_at)} by {case.opened_by}; {case.state}, {owner}."


def _verdict(file: CaseFile, models: bool) -> str:
    """The decided cause above the proposed one; the words of the checks only for readers of every figure."""
    case, found = file.case, file.diagnosis
    lines = []
    if case.decided_cause is not None:
        reason = f" {escape(case.reason)}" if case.reason else ""
        when = f", {words.exact(case.decided_at)}" if case.decided_at else ""
        lines.append(f"<p><b>Decided{when}: {escape(case_words.cause(case.decided_cause))}.</b>{reason}</p>")
    says = found.says if models else case_words.meaning(found.cause.value)
    lines.append(f"<p><b>The checks propose: {escape(case_words.cause(found.cause.value))}.</b> {escape(says)}</p>")
    return f'<div class="verdict">{"".join(lines)}</div>'


def _answer(case: Case) -> str:
    if case.answer is None:
        return ""
    return f"<h2>Answer</h2><blockquote>{escape(case.answer)}</blockquote>"


def _evidence(use_case: UseCase, file: CaseFile, section: Section) -> str:
    if section.title != case_parts.OUTCOMES:
        return section_html(section)
    finding = escape(case_parts.finding(use_case, file.conversion))
    drawn = bars(use_case, file)
    figure = f"<figure><p><b>{finding}.</b></p>{drawn}</figure>" if drawn else ""
    return section_html(section) + figure


def bars(use_case: UseCase, file: CaseFile) -> str:
    """Outcomes by band now and before, each with its interval, as SVG; empty where no figure is known."""
    found = file.conversion
    known = [part for row in found.bands for part in (row.now, row.before) if part.n and not math.isnan(part.value)]
    if not known:
        return ""
    low = min(0.0, *(_low(part) for part in known))
    high = max(0.0, *(_high(part) for part in known))
    room = (high - low) or 1.0

    def place(value: float) -> float:
        return LEFT + (value - low) / room * (WIDTH - LEFT - RIGHT)

    lines = []
    for row, band in enumerate(found.bands):
        y = TOP + row * ROW
        lines.append(f'<text x="0" y="{y + 20}">{escape(band.band)}</text>')
        for shift, part, colour in ((10, band.now, NOW), (22, band.before, BEFORE)):
            if part.n and not math.isnan(part.value):
                label = case_words.value(part.value, found.unit)
                lines.append(_mark(y + shift, [place(v) for v in (_low(part), part.value, _high(part))], colour, label))
    y = TOP + len(found.bands) * ROW + 14
    lines.append(f'<circle cx="{LEFT}" cy="{y - 4}" r="4" fill="{NOW}"/><text x="{LEFT + 10}" y="{y}">now</text>')
    x = LEFT + 60
    lines.append(f'<circle cx="{x}" cy="{y - 4}" r="4" fill="{BEFORE}"/><text x="{x + 10}" y="{y}">before</text>')
    label = escape(f"{case_parts.finding(use_case, found)}, by band")
    return f'<svg viewBox="0 0 {WIDTH} {y + 8}" role="img" aria-label="{label}">{"".join(lines)}</svg>'


def _low(part: Measured) -> float:
    return part.value if math.isnan(part.low) else part.low


def _high(part: Measured) -> float:
    return part.value if math.isnan(part.high) else part.high


def _mark(y: float, places: Sequence[float], colour: str, label: str) -> str:
    low, middle, high = places
    return (
        f'<line x1="{low:.1f}" x2="{high:.1f}" y1="{y}" y2="{y}" stroke="{colour}" stroke-width="2"/>'
        f'<circle cx="{middle:.1f}" cy="{y}" r="4" fill="{colour}"/>'
        f'<text x="{high + 8:.1f}" y="{y + 4}">{escape(label)}</text>'
    )


def _footer(file: CaseFile, reader: str, at: datetime) -> str:
    versions = ", ".join(file.recomputed.versions) or "none"
    return (
        f"Taken along by {reader}, {words.exact(at)}; figures of {words.exact(file.made_at)}. "
        f"Scored by version {versions}. {case_parts.span(file)}"
    )
