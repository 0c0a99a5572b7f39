"""The compliance report as one HTML file: no script, nothing fetched, every text escaped, good to print."""

from __future__ import annotations

from datetime import timedelta
from html import escape

from core.services.auditing.report import Report
from core.services.auditing.report_part import Part

_STYLE = """
body{font:15px/1.45 system-ui,sans-serif;color:#101820;background:#fff;max-width:72rem;margin:2rem auto;padding:0 1rem}
h1{font-size:1.5rem;margin:0}h2{font-size:1.1rem;margin:1.6rem 0 .3rem}p{margin:.3rem 0}
.note{color:#53606d;font-size:.9rem}.wide{overflow-x:auto}table{border-collapse:collapse;font-size:.85rem}
th,td{border:1px solid #c9d1d9;padding:.25rem .5rem;text-align:left;vertical-align:top;overflow-wrap:anywhere}
th{background:#eef2f6}tr{break-inside:avoid}h2{break-after:avoid}
@media print{body{margin:0;max-width:none;font-size:9.5pt}.wide{overflow:visible}table{font-size:7.5pt}}
@page{size:A4 landscape;margin:1.3cm}
"""


def document(found: Report) -> str:
    """The whole report."""
    last = found.until - timedelta(days=1)
    title = escape(f"Compliance report: {found.since:%Y-%m-%d} to {last:%Y-%m-%d}")
    number, digest = found.event
    made = (
        f"Made by {found.made_by} ({found.role}) on {found.made_at:%Y-%m-%d %H:%M} UTC; event {number} of the ledger, "
        f"{digest}. All times are UTC; the period includes both days."
    )
    parts = [f"<h1>{title}</h1>", f'<p class="note">{escape(made)}</p>', *(_part(part) for part in found.parts)]
    return (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>{title}</title>'
        f'<meta name="viewport" content="width=device-width"><style>{_STYLE}</style></head>\n'
        f"<body>{''.join(parts)}</body></html>\n"
    )


def _part(part: Part) -> str:
    said = f'<p class="note">n = {part.n:,}. {escape(part.said)}</p>'
    return f"\n<h2>{escape(part.title)}</h2>{said}{_table(part) if part.rows else ''}"


def _table(part: Part) -> str:
    head = "".join(f"<th>{escape(name)}</th>" for name in part.header)
    rows = "".join("<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in part.rows)
    return f'<div class="wide"><table><tr>{head}</tr>{rows}</table></div>'
