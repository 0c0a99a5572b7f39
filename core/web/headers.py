"""Security headers for every answer of the server, as plain ASGI."""

from __future__ import annotations

import base64
import hashlib
import importlib.util
import re
from collections.abc import MutableMapping
from functools import cache
from pathlib import Path
from typing import Any

from core.web.asgi import Application, Receive, Scope, Send


@cache
def content_policy() -> str:
    """Scripts come from this server only; the front end's own inline script is let in by its hash.

    Inline styles are how the front end lays itself out.
    """
    scripts = " ".join(("'self'", *(f"'sha256-{digest}'" for digest in _inline_scripts())))
    return "; ".join(
        (
            "default-src 'self'",
            f"script-src {scripts}",
            "style-src 'self' 'unsafe-inline'",
            "img-src 'self' data: blob:",
            "font-src 'self' data:",
            "connect-src 'self'",
            "worker-src 'self' blob:",
            "object-src 'none'",
            "base-uri 'self'",
            "form-action 'self'",
            "frame-ancestors 'none'",
        )
    )


def _inline_scripts() -> list[str]:
    """Hashes of the scripts that stand in the front end's index page, as the policy writes them."""
    found = importlib.util.find_spec("streamlit")
    if found is None or found.origin is None:
        return []
    page = (Path(found.origin).parent / "static" / "index.html").read_text(encoding="utf-8")
    texts = re.findall(r"<script>(.*?)</script>", page, re.DOTALL)
    return [base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() for text in texts]


@cache
def headers() -> tuple[tuple[bytes, bytes], ...]:
    """What every answer carries."""
    return (
        (b"content-security-policy", content_policy().encode()),
        (b"x-content-type-options", b"nosniff"),
        (b"x-frame-options", b"DENY"),
        (b"referrer-policy", b"same-origin"),
        (b"permissions-policy", b"camera=(), microphone=(), geolocation=()"),
        (b"cross-origin-opener-policy", b"same-origin"),
    )


# Whoever has come by https once is not led to plain http any more. Only said where it is true: browsers keep it.
ALWAYS_HTTPS = (b"strict-transport-security", b"max-age=31536000")


class SecurityHeaders:
    """Add the headers to every HTTP answer that does not set them itself; sockets pass untouched."""

    def __init__(self, app: Application) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return

        said = (*headers(), ALWAYS_HTTPS) if scope.get("scheme") == "https" else headers()

        async def send_with_headers(message: MutableMapping[str, Any]) -> None:
            if message["type"] == "http.response.start":
                present = {name.lower() for name, _ in message.get("headers", ())}
                extra = [pair for pair in said if pair[0] not in present]
                message["headers"] = [*message.get("headers", ()), *extra]
            await send(message)

        await self.app(scope, receive, send_with_headers)
