"""A small OpenID Connect provider on loopback: authorization code with PKCE, signed ID tokens, sign-out."""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from joserfc import jwt
from joserfc.jwk import RSAKey

CLIENT, SECRET = "ringside", "of-the-client"


class Identity:
    """The provider: who is signed in there, and what it was asked."""

    def __init__(self, issuer: str) -> None:
        self.issuer = issuer
        self.claims: dict[str, Any] = {"sub": "u-1", "email": "ada@example.com", "email_verified": True}
        self.asked: list[str] = []
        self.key = RSAKey.generate_key(2048, {"kid": "k1"}, private=True)
        self._codes: dict[str, dict[str, str]] = {}

    def metadata(self) -> dict[str, Any]:
        paths = {
            "authorization_endpoint": "authorize",
            "token_endpoint": "token",
            "jwks_uri": "jwks",
            "end_session_endpoint": "end",
        }
        return {name: f"{self.issuer}/{path}" for name, path in paths.items()} | {
            "issuer": self.issuer,
            "response_types_supported": ["code"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256"],
            "code_challenge_methods_supported": ["S256"],
        }

    def authorize(self, asked: dict[str, str]) -> str:
        """Where the browser goes next: whoever is signed in agrees at once."""
        code = secrets.token_urlsafe(8)
        self._codes[code] = asked
        return f"{asked['redirect_uri']}?{urlencode({'code': code, 'state': asked['state']})}"

    def token(self, asked: dict[str, str], basic: str) -> dict[str, Any] | None:
        """Tokens for a code: once, for the client that asked, with the verifier of its challenge."""
        began = self._codes.pop(asked.get("code", ""), None)
        known = basic == "Basic " + base64.b64encode(f"{CLIENT}:{SECRET}".encode()).decode()
        digest = hashlib.sha256(asked.get("code_verifier", "").encode()).digest()
        challenge = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
        if began is None or not known or began["code_challenge"] != challenge:
            return None
        now = int(time.time())
        told = {"iss": self.issuer, "aud": CLIENT, "iat": now, "exp": now + 300, "nonce": began["nonce"], **self.claims}
        signed = jwt.encode({"alg": "RS256", "kid": "k1"}, told, self.key)
        return {"access_token": secrets.token_urlsafe(8), "token_type": "Bearer", "expires_in": 300, "id_token": signed}


class _Handler(BaseHTTPRequestHandler):
    """Answers for `known`, the provider of the server."""

    known: Identity

    def do_GET(self) -> None:
        path, asked = urlsplit(self.path).path, self._flat(urlsplit(self.path).query)
        self.known.asked.append(path)
        if path == "/.well-known/openid-configuration":
            self._json(self.known.metadata())
        elif path == "/jwks":
            self._json({"keys": [self.known.key.as_dict(private=False)]})
        elif path in ("/authorize", "/end"):
            where = self.known.authorize(asked) if path == "/authorize" else asked["post_logout_redirect_uri"]
            self.send_response(302)
            self.send_header("location", where)
            self.end_headers()

    def do_POST(self) -> None:
        self.known.asked.append(self.path)
        body = self.rfile.read(int(self.headers["content-length"])).decode()
        told = self.known.token(self._flat(body), self.headers.get("authorization", ""))
        self._json(told or {"error": "invalid_grant"}, 200 if told else 400)

    def _flat(self, text: str) -> dict[str, str]:
        return {name: values[0] for name, values in parse_qs(text).items()}

    def _json(self, said: Any, status: int = 200) -> None:
        body = json.dumps(said).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing is written: the test says what matters."""


@contextmanager
def identity() -> Iterator[Identity]:
    """A provider that runs while the block does."""

    class Handler(_Handler):
        """Of this server alone."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    Handler.known = known = Identity(f"http://127.0.0.1:{server.server_address[1]}")
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield known
    finally:
        server.shutdown()
        server.server_close()
