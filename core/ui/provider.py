"""Streamlit's own sign-in by OpenID Connect, as the gate uses it: where it begins, and what its signed cookie says.

The cookie is verified by Streamlit's code with Streamlit's secret, here and not in a page: whoever has no page open
yet has no script that could ask `st.user`.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from streamlit import auth_util
from streamlit.errors import StreamlitAuthError
from streamlit.user_info import generate_login_redirect_url
from streamlit.web.server.server_util import get_cookie_secret
from streamlit.web.server.starlette.starlette_app_utils import decode_signed_value
from streamlit.web.server.starlette.starlette_server_config import USER_COOKIE_NAME

from core.errors import InputError
from core.services.signing_in.provider import Said
from core.web.listening import Listening

FRESH_DAYS = 10 / (24 * 60)  # ten minutes: the cookie lives for a month, a session for hours
_SHORTEST_SECRET = 32
_SECTION = "the [auth] section of .streamlit/secrets.toml"


class Provider:
    """The identity providers that secrets.toml names.

    Parameters
    ----------
    origin : str
        Scheme and host that the provider sends people back to.
    names : sequence of str
        "default" for the keys of [auth] itself, else those of [auth.NAME].
    """

    def __init__(self, origin: str, names: tuple[str, ...]) -> None:
        self.origin = origin
        self.names = names

    @classmethod
    def configured(cls, how: Listening) -> Provider:
        """As secrets.toml says.

        Raises
        ------
        InputError
            Something is missing there or weak, or it sends people to another address than RINGSIDE_URL.
        """
        section = auth_util.get_secrets_auth_section()
        names = _names(section)
        try:
            for name in names:
                auth_util.validate_auth_credentials(name)
        except StreamlitAuthError as error:
            raise InputError("RINGSIDE_SIGN_IN is oidc. " + " ".join(str(error).split()), _EXAMPLE) from None
        if len(str(section["cookie_secret"])) < _SHORTEST_SECRET:
            raise InputError(
                f"cookie_secret in {_SECTION} is shorter than {_SHORTEST_SECRET} characters.",
                'Make one: python -c "import secrets; print(secrets.token_hex(32))"',
            )
        back = auth_util.get_validated_redirect_uri() or ""
        origin = auth_util.get_origin_from_redirect_uri() or ""
        if not back or urlsplit(back).netloc.lower() != urlsplit(how.url).netloc.lower():
            raise InputError(
                f"redirect_uri in {_SECTION} is '{section['redirect_uri']}'.",
                f"It takes {how.url}/oauth2callback, or RINGSIDE_URL takes another address.",
            )
        return cls(origin, names)

    def login(self, name: str) -> str:
        """The path where signing in begins, as `st.login` makes it; good for two minutes."""
        return generate_login_redirect_url(name if name in self.names else self.names[0])

    def said(self, cookies: Mapping[str, str]) -> Said | None:
        """What the provider said moments ago; None for a cookie that is forged, older, or of another desk.

        A cookie that was split into several is not taken: each part is signed alone, so parts of two sign-ins could be
        put together. Its claims must fit into one (about 3 KB).
        """
        sent = cookies.get(USER_COOKIE_NAME, "").encode("latin-1", "ignore")
        signed = decode_signed_value(get_cookie_secret(), USER_COOKIE_NAME, sent, FRESH_DAYS) if sent else None
        if signed is None:
            return None
        try:
            claims: Any = json.loads(signed)
        except ValueError:
            return None
        if (
            not isinstance(claims, dict)
            or claims.get("origin") != self.origin
            or claims.get("is_logged_in") is not True
        ):
            return None
        return Said(claims, hashlib.sha256(signed).hexdigest())


def _names(section: Mapping[str, Any]) -> tuple[str, ...]:
    named = tuple(
        str(name) for name, value in section.items() if isinstance(value, Mapping) and name != "client_kwargs"
    )
    return named if named and "client_id" not in section else ("default", *named)


_EXAMPLE = "docs/sign-in.md has an example."
