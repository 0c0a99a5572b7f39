"""The documentation as a page of its own, made from the OpenAPI document: no script, nothing from elsewhere."""

from __future__ import annotations

import json
from collections.abc import Sequence
from html import escape
from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import HTMLResponse

from core.api.door import Who
from core.api.problems import ALWAYS, FAULT, KINDS, MEDIA_TYPE, METHOD, PATH

router = APIRouter(include_in_schema=False)

STYLE = """
:root{color-scheme:light dark;--ink:#1f2430;--soft:#5b6472;--line:#d9dde3;--paper:#fff;--shade:#f4f6f8;--link:#0b6e69}
@media(prefers-color-scheme:dark){:root{--ink:#e8eaee;--soft:#a3acb9;--line:#363d48;--paper:#14171c;--shade:#1e232b;
--link:#5ec4bd}}
body{margin:0 auto;padding:1.5rem 1rem 4rem;max-width:60rem;font:16px/1.5 system-ui,sans-serif;color:var(--ink);
background:var(--paper)}
a{color:var(--link)}h1{font-size:1.6rem}h2{margin-top:2.5rem;font-size:1.25rem;border-bottom:1px solid var(--line)}
h3{margin:2rem 0 .25rem;font-size:1.05rem;overflow-wrap:anywhere}.verb{font-family:ui-monospace,monospace;
background:var(--shade);border:1px solid var(--line);border-radius:.25rem;padding:.1rem .4rem;margin-right:.5rem}
code,pre{font-family:ui-monospace,monospace;font-size:.875rem}pre{background:var(--shade);border:1px solid var(--line);
border-radius:.25rem;padding:.75rem;overflow-x:auto}.wide{overflow-x:auto}table{border-collapse:collapse;width:100%}
th,td{text-align:left;vertical-align:top;padding:.3rem .75rem .3rem 0;border-bottom:1px solid var(--line);
overflow-wrap:anywhere}
th{color:var(--soft);font-weight:600}p.soft,span.soft{color:var(--soft)}
"""


@router.get("/docs")
async def docs(request: Request, _: Who) -> HTMLResponse:
    """The documentation, for people."""
    return HTMLResponse(page(request.app.openapi()))


def page(document: dict[str, Any]) -> str:
    """An OpenAPI document as HTML."""
    schemas = document["components"]["schemas"]
    parts = [f"<h1>{escape(document['info']['title'])} API {escape(document['info']['version'])}</h1>"]
    parts.append(f"<p>{escape(document['info']['description'])}</p>")
    parts.append('<p>The same for programs: <a href="/api/v1/openapi.json">openapi.json</a>.</p>')
    by_tag: dict[str, list[str]] = {}
    for path, methods in document["paths"].items():
        for verb, said in methods.items():
            by_tag.setdefault(said.get("tags", [""])[0], []).append(_operation(path, verb, said))
    for tag, operations in by_tag.items():
        parts += [f"<h2>{escape(tag[:1].upper() + tag[1:])}</h2>", *operations]
    parts += ["<h2>Answers</h2>", *(_model(name, schema) for name, schema in sorted(schemas.items()))]
    parts += ["<h2>Problems</h2>", _problems()]
    body = "\n".join(parts)
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" '
        f'content="width=device-width,initial-scale=1"><title>Ringside API</title><style>{STYLE}</style></head>'
        f"<body>{body}</body></html>"
    )


def _operation(path: str, verb: str, said: dict[str, Any]) -> str:
    parts = [f'<h3 id="{said["operationId"]}"><span class="verb">{verb.upper()}</span>/api/v1{escape(path)}</h3>']
    parts.append(f"<p><strong>{escape(said.get('summary', ''))}.</strong> {escape(said.get('description', ''))}</p>")
    rows = [
        (item["name"], item["in"], _type(item.get("schema", {})), item.get("description", ""))
        for item in said.get("parameters", ())
    ]
    for kind, content in said.get("requestBody", {}).get("content", {}).items():
        rows.append(("body", kind, _type(content.get("schema", {})), content.get("schema", {}).get("description", "")))
    if rows:
        parts.append(_table(("parameter", "in", "type", "meaning"), rows))
    common = {str(status) for status in ALWAYS}
    responses = said.get("responses", {})
    usual = common & {status for status, answer in responses.items() if MEDIA_TYPE in answer.get("content", {})}
    answers = [
        (status, answer.get("description", ""), ", ".join(_linked(answer)) or "-")
        for status, answer in responses.items()
        if status not in usual
    ]
    parts.append(_table(("status", "when", "answer"), answers, raw=2))
    if usual:
        parts.append(f'<p class="soft">Or a <a href="#model-Problem">Problem</a>: {", ".join(sorted(usual))}.</p>')
    return "\n".join(parts)


def _linked(answer: dict[str, Any]) -> list[str]:
    return [
        f"{_link(content.get('schema', {}))} <span class='soft'>{escape(kind)}</span>"
        for kind, content in answer.get("content", {}).items()
    ]


def _link(schema: dict[str, Any]) -> str:
    name = str(schema.get("$ref", "")).rpartition("/")[2]
    return f'<a href="#model-{escape(name)}">{escape(name)}</a>' if name else escape(_type(schema))


def _model(name: str, schema: dict[str, Any]) -> str:
    rows = [(field, _type(said), said.get("description", "")) for field, said in schema.get("properties", {}).items()]
    head = (
        f'<h3 id="model-{escape(name)}">{escape(name)}</h3><p class="soft">{escape(schema.get("description", ""))}</p>'
    )
    if not rows:
        return head + f"<pre>{escape(json.dumps(schema.get('enum', schema), indent=1))}</pre>"
    return head + _table(("field", "type", "meaning"), rows)


def _type(schema: dict[str, Any]) -> str:
    if "$ref" in schema:
        return str(schema["$ref"].rpartition("/")[2])
    if "anyOf" in schema:
        return " or ".join(_type(item) for item in schema["anyOf"])
    if schema.get("type") == "array":
        return f"list of {_type(schema.get('items', {}))}"
    if "enum" in schema:
        return ", ".join(map(str, schema["enum"]))
    return str(schema.get("type", "any"))


def _problems() -> str:
    rows = [(name, str(status), title) for name, title, status in (*KINDS.values(), PATH, METHOD, FAULT)]
    lines = "".join(
        f'<tr id="{escape(name)}"><td><code>{escape(name)}</code></td><td>{status}</td><td>{escape(title)}</td></tr>'
        for name, status, title in rows
    )
    return f'<div class="wide"><table><tr><th>type</th><th>status</th><th>title</th></tr>{lines}</table></div>'


def _table(heads: tuple[str, ...], rows: Sequence[tuple[str, ...]], raw: int = -1) -> str:
    """A table; the cells of column `raw` are markup already."""
    top = "".join(f"<th>{escape(head)}</th>" for head in heads)
    lines = "".join(
        "<tr>" + "".join(f"<td>{cell if at == raw else escape(cell)}</td>" for at, cell in enumerate(row)) + "</tr>"
        for row in rows
    )
    return f'<div class="wide"><table><tr>{top}</tr>{lines}</table></div>'
