"""A Why page as one HTML file: no script, nothing fetched, every text escaped, made to be printed."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from core.domain.explained import Explanation, Reason
from core.domain.usecase import UseCase
from core.ui import why_words, words
from core.ui.why_charts import steps

_STYLE = """
body{font:15px/1.45 system-ui,sans-serif;color:#101820;background:#fff;max-width:52rem;margin:2rem auto;padding:0 1rem}
h1{font-size:1.5rem;margin:0}h2{font-size:1.1rem;margin:1.4rem 0 .3rem;break-after:avoid}
p{margin:.3rem 0}.note{color:#53606d;font-size:.88rem}.grade{font-size:1.15rem;margin:.6rem 0}
.band{border:1.5px solid #101820;border-radius:4px;padding:.05rem .5rem;font-weight:650}
.sides{display:grid;grid-template-columns:1fr 1fr;gap:1.2rem}.reason{margin:.5rem 0;break-inside:avoid}
.points{font-weight:650;white-space:nowrap}.repeat{white-space:pre-wrap;
border-left:3px solid #0072b2;padding:.2rem .8rem}
table{border-collapse:collapse;font-size:.88rem;width:100%}
th,td{border:1px solid #c9d1d9;padding:.22rem .5rem;text-align:left;overflow-wrap:anywhere}
td.n,th.n{text-align:right;white-space:nowrap}th{background:#eef2f6}tr{break-inside:avoid}
svg{width:100%;height:auto}svg text{font:12px system-ui,sans-serif;fill:#101820}
@media (max-width:560px){.sides{grid-template-columns:1fr}}
@media print{body{margin:0;padding:0;max-width:none;font-size:10pt;-webkit-print-color-adjust:exact;
print-color-adjust:exact}table{font-size:8.5pt}}
@page{margin:1.5cm}
"""
GOOD, BAD = "#009E73", "#D55E00"
WIDTH, LEFT, RIGHT, ROW = 720, 260, 96, 26  # of the drawing, in units of its view box


def document(use_case: UseCase, said: Explanation, text: str, shows_models: bool) -> str:
    """The whole explanation as HTML.

    Parameters
    ----------
    text : str
        The answer to repeat.
    shows_models : bool
        Whether the reader may see every model.
    """
    title = escape(f"Why this score? {words.capitalised(use_case.noun)} {said.entity}")
    sides = _side(use_case, "Helps", said.helps) + _side(use_case, "Hurts", said.hurts)
    parts = [
        f"<h1>{title}</h1>",
        f'<p class="note">{escape(_subtitle(use_case, said))}</p>',
        _grade(use_case, said),
        f'<p class="repeat">{escape(text)}</p>',
        f'<div class="sides">{sides}</div>',
        f"<h2>{escape(why_words.from_base(use_case, said))}</h2>{_drawing(use_case, said)}",
        _columns(use_case, said),
        _trend(use_case, said),
        _models(use_case, said) if shows_models else "",
        f'<p class="note">{escape(_footer(said))}</p>',
    ]
    return (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>{title}</title>'
        f'<meta name="viewport" content="width=device-width"><style>{_STYLE}</style></head>\n'
        f"<body>{''.join(parts)}</body></html>\n"
    )


def _grade(use_case: UseCase, said: Explanation) -> str:
    what = f"{words.capitalised(said.decision)} · {words.score(use_case, said.score)}"
    return f'<p class="grade"><span class="band">{escape(said.band)}</span> {escape(what)}</p>'


def _subtitle(use_case: UseCase, said: Explanation) -> str:
    when = f" As of {words.exact(said.as_of)}." if said.as_of else ""
    return f"{use_case.title}.{when} {why_words.facts(use_case, said)}. {why_words.better(use_case)}."


def _side(use_case: UseCase, title: str, listed: Sequence[Reason]) -> str:
    lines = "".join(_reason(use_case, reason) for reason in listed) or f"<p>Nothing {title.lower()}.</p>"
    return f"<section><h2>{title}</h2>{lines}</section>"


def _reason(use_case: UseCase, reason: Reason) -> str:
    evidence = why_words.evidence(use_case, reason)
    said = f'<p class="note">{escape(evidence)}</p>' if evidence else ""
    points = escape(why_words.points(use_case, reason.points))
    return f'<div class="reason">{escape(why_words.of_value(reason))} <span class="points">{points}</span>{said}</div>'


def _drawing(use_case: UseCase, said: Explanation) -> str:
    """The way from the base to the score as an SVG of floating bars."""
    bars = steps(said.reasons)
    edges = [said.base]
    for _, value in bars:
        edges.append(edges[-1] + value)
    low, high = min(edges), max(edges)
    room = (high - low) or 1.0

    def place(value: float) -> float:
        return LEFT + (value - low) / room * (WIDTH - LEFT - RIGHT)

    lines = [_dot(0, place(said.base), why_words.base_name(use_case), words.score(use_case, said.base))]
    for row, (name, value) in enumerate(bars, start=1):
        start, end = sorted((place(edges[row - 1]), place(edges[row])))
        colour = GOOD if (value >= 0) == use_case.higher_is_better else BAD
        y = row * ROW
        lines.append(
            f'<rect x="{start:.1f}" y="{y + 5}" width="{max(end - start, 1):.1f}" height="{ROW - 10}" fill="{colour}"/>'
            + _texts(y, end, why_words.short(name), why_words.brief(use_case, value))
        )
    lines.append(_dot(len(bars) + 1, place(edges[-1]), "This score", words.score(use_case, said.score)))
    height = ROW * (len(bars) + 2)
    label = escape(why_words.from_base(use_case, said))
    return f'<svg viewBox="0 0 {WIDTH} {height}" role="img" aria-label="{label}">{"".join(lines)}</svg>'


def _dot(row: int, x: float, name: str, value: str) -> str:
    y = row * ROW
    return f'<circle cx="{x:.1f}" cy="{y + ROW / 2}" r="5" fill="#101820"/>' + _texts(y, x + 4, name, value)


def _texts(y: float, x: float, name: str, value: str) -> str:
    """A row's name at the left edge, its figure right of what is drawn."""
    baseline = y + ROW / 2 + 4
    return (
        f'<text x="0" y="{baseline}">{escape(name)}</text><text x="{x + 6:.1f}" y="{baseline}">{escape(value)}</text>'
    )


def _columns(use_case: UseCase, said: Explanation) -> str:
    rows = [(reason.title, reason.value, why_words.points(use_case, reason.points)) for reason in said.reasons]
    return "<h2>Every column</h2>" + _table(("Column", "Value", "Adds"), rows)


def _trend(use_case: UseCase, said: Explanation) -> str:
    if len(said.trend) < 2:
        return ""
    rows = [
        (words.exact(point.as_of), point.band, point.version, words.score(use_case, point.score))
        for point in reversed(said.trend)
    ]
    return f"<h2>Scores of this {escape(use_case.noun)}</h2>" + _table(("As of", "Band", "Version", "Score"), rows)


def _models(use_case: UseCase, said: Explanation) -> str:
    """What every model says, and whether the score could be reproduced."""
    rows = [
        (name, part.method, f"{part.error:.1e}", words.score(use_case, part.score))
        for name, part in said.models.items()
    ]
    found = said.recomputed
    verdict = "equal to" if found.equal else "NOT equal to"
    sentence = f"Recomputed {found.now!r}, {verdict} the logged {found.logged!r}." if found.logged is not None else ""
    table = _table(("Model", "Method", "Error of the sum", "Score"), rows)
    return f'<h2>Models</h2>{table}<p class="note">{escape(sentence)}</p>'


def _table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table whose last column is a figure."""

    def line(cells: Sequence[str], tag: str) -> str:
        marks = [""] * (len(cells) - 1) + [' class="n"']
        return "".join(f"<{tag}{mark}>{escape(cell)}</{tag}>" for cell, mark in zip(cells, marks, strict=True))

    body = "".join(f"<tr>{line(row, 'td')}</tr>" for row in rows)
    return f"<table><tr>{line(header, 'th')}</tr>{body}</table>"


def _footer(said: Explanation) -> str:
    scored = f", scored {words.exact(said.scored_at)}" if said.scored_at else ""
    return f"Prediction {said.prediction_id or 'not logged'}, version {said.version}{scored}."
