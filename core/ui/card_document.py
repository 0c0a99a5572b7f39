"""A model card as one HTML file: no script, nothing fetched, every text escaped, good to print."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape

from core.services.model_card import ModelCard
from core.ui import words
from core.ui.card_sections import Section, sections
from core.ui.card_words import answers

_STYLE = """
body{font:15px/1.45 system-ui,sans-serif;color:#101820;background:#fff;max-width:60rem;margin:2rem auto;padding:0 1rem}
h1{font-size:1.6rem;margin:0}h2{font-size:1.1rem;margin:1.6rem 0 .3rem}
p{margin:.3rem 0}.note{color:#53606d;font-size:.9rem}
.wide{overflow-x:auto}table{border-collapse:collapse;font-size:.88rem}
th,td{border:1px solid #c9d1d9;padding:.25rem .5rem;text-align:left;vertical-align:top;overflow-wrap:break-word}
th{background:#eef2f6}tr{break-inside:avoid}h2{break-after:avoid}
@media print{body{margin:0;max-width:none;font-size:10pt}.wide{overflow:visible}table{font-size:7.5pt}}
@page{margin:1.5cm}
"""


def document(card: ModelCard) -> str:
    """The whole card as HTML."""
    title = escape(f"{card.title}, {card.version}")
    state = "acts" if card.acts else "does not act"
    head = f"{escape(card.question)} Champion {escape(card.champion)}; this version {state}; made {card.created_at}."
    parts = [f"<h1>{title}</h1>", f'<p class="note">{head}</p>']
    parts += [f"<p>{escape(answer)}</p>" for answer in answers(card)]
    parts += [section_html(section) for section in sections(card)]
    return framed(title, parts)


def framed(title: str, parts: Iterable[str], style: str = "") -> str:
    """Escaped parts as one HTML page; `style` is added to the style that all documents share."""
    return (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>{title}</title>'
        f'<meta name="viewport" content="width=device-width"><style>{_STYLE}{style}</style></head>\n'
        f"<body>{''.join(parts)}</body></html>\n"
    )


def section_html(section: Section) -> str:
    """A titled section, every text escaped."""
    body = _sentences(section) if _is_text(section) else _table(section)
    caption = f'<p class="note">{escape(section.caption)}</p>' if section.caption else ""
    return f"\n<h2>{escape(words.capitalised(section.title))}</h2>{caption}{body}"


def _is_text(section: Section) -> bool:
    return not section.header and all(len(row) == 1 for row in section.rows)


def _sentences(section: Section) -> str:
    return "<ul>" + "".join(f"<li>{escape(row[0])}</li>" for row in section.rows) + "</ul>"


def _table(section: Section) -> str:
    head = "".join(f"<th>{escape(name)}</th>" for name in section.header)
    rows = "".join("<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in section.rows)
    return f'<div class="wide"><table>{f"<tr>{head}</tr>" if head else ""}{rows}</table></div>'
