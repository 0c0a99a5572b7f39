"""Where the desk may listen: without sign-in on this machine only, on a network never in plain http.

A desk that is told to do otherwise stops before it serves anybody, and says what to change.
"""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlsplit

from core.config import Settings
from core.errors import InputError

OFF, LOCAL, OIDC = "off", "local", "oidc"


@dataclass(frozen=True)
class Listening:
    """How the desk is reached.

    Attributes
    ----------
    sign_in : str
        off, local or oidc.
    address : str or None
        Streamlit's `server.address`; None or "": every address of this machine.
    certificate : bool
        Whether Streamlit ends TLS itself (`server.sslCertFile`).
    url : str
        Where people open the desk (RINGSIDE_URL).
    """

    sign_in: str = OFF
    address: str | None = "127.0.0.1"
    certificate: bool = False
    behind_proxy: bool = False
    url: str = "http://127.0.0.1:8501"

    @classmethod
    def of(cls, settings: Settings, address: str | None, certificate: bool) -> Listening:
        """As the settings and Streamlit's options say."""
        return cls(settings.sign_in, address, certificate, settings.behind_proxy, settings.url)

    @property
    def on_this_machine(self) -> bool:
        """Whether only this machine can reach the desk."""
        return is_loopback(self.address)

    @property
    def secure(self) -> bool:
        """Whether browsers reach the desk by https, so that its cookies may say that they go no other way."""
        return self.certificate or self.behind_proxy or self.url.startswith("https://")

    @property
    def names(self) -> frozenset[str]:
        """Host names that a request may ask for, beside loopback ones; any other is somebody's trick with names."""
        host = urlsplit(self.url).hostname
        return frozenset({host}) if self.sign_in != OFF and host else frozenset()

    def check(self) -> None:
        """Refuse to serve where strangers could come in, or passwords could be read on the way.

        Raises
        ------
        InputError
        """
        if self.on_this_machine and self.sign_in == OFF and self.behind_proxy:
            raise InputError(
                "A proxy stands in front of the desk, and nobody has to sign in: whoever reaches it could come in.",
                "Set RINGSIDE_SIGN_IN to local or oidc (docs/sign-in.md), or take RINGSIDE_BEHIND_PROXY away.",
            )
        if self.on_this_machine:
            return
        where = f"address {self.address}" if self.address else "every address of this machine"
        if self.sign_in == OFF:
            raise InputError(
                f"The desk is to listen on {where}, and nobody has to sign in.",
                "Set RINGSIDE_SIGN_IN to local or oidc (docs/sign-in.md), or server.address to 127.0.0.1.",
            )
        if not self.certificate and not self.behind_proxy:
            raise InputError(
                f"The desk is to listen on {where} in plain http, where passwords and cookies can be read on the way.",
                "Set server.sslCertFile and server.sslKeyFile, or RINGSIDE_BEHIND_PROXY=1 if a proxy ends TLS.",
            )


def is_loopback(host: str | None) -> bool:
    """Whether a host name or address can only be this machine.

    >>> [is_loopback(host) for host in ("127.0.0.1", "localhost", "::1", "0.0.0.0", "", None, "127.0.0.1.example.com")]
    [True, True, True, False, False, False, False]
    """
    if not host:
        return False
    name = host.strip("[]").lower().rstrip(".")
    if name == "localhost":
        return True
    import ipaddress

    try:
        found = ipaddress.ip_address(name.partition("%")[0])
    except ValueError:
        return False
    mapped = getattr(found, "ipv4_mapped", None)
    return (mapped or found).is_loopback
