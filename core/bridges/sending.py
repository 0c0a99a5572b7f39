"""What every way of sending shares: the id of a delivery, how a failure is told, and which host is this machine."""

from __future__ import annotations

import ipaddress

from core.errors import DeskError

DELIVERY = "X-Ringside-Delivery"  # the header of an id that is the same for every try of one delivery


class NotDelivered(DeskError):
    """What was sent did not arrive; the message says why, without secrets. `data["lasting"]`: no use to try again."""


def is_loopback(host: str) -> bool:
    """Whether a host is this machine by its very name.

    >>> is_loopback("127.0.0.1"), is_loopback("localhost"), is_loopback("::1"), is_loopback("127.0.0.1.example.com")
    (True, True, True, False)
    """
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host.lower() == "localhost"
