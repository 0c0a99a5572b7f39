"""Guessing is slowed down: failures of an account, and from an address, are counted and make the next one wait.

The count is raised before the password is looked at, in one transaction, so that many guesses at once cannot get
ahead of it; it lies in the ledger, so that a restart forgives nothing. Only hashes of accounts and addresses are kept:
people type passwords into the wrong field.
"""

from __future__ import annotations

import hashlib
import ipaddress
import math
from dataclasses import dataclass
from datetime import datetime, timedelta

from core.errors import DeskError
from core.services.desk import Desk
from core.store.ledger_people import AttemptRecord

FREE_ACCOUNT, FREE_ADDRESS = 5, 20  # failures in a row before anybody has to wait
LONGEST_WAIT = timedelta(minutes=15)
FORGOTTEN = timedelta(days=1)  # after so long without a try, counting starts anew


class TooManyTries(DeskError):
    """Somebody has to wait before they may try to sign in again; `data["seconds"]` says how long."""


@dataclass(frozen=True)
class Guess:
    """A try that has been counted. `locked_for` is set by the try that makes the account wait."""

    account: str
    address: str
    locked_for: timedelta | None


def counted(desk: Desk, account: str, address: str, now: datetime) -> Guess:
    """Count a try as failed before it is looked at; a good one is taken back by `forgiven`.

    Raises
    ------
    TooManyTries
        The account or the address has to wait; this try is not counted.
    """
    keys = (key_of("account", account), key_of("address", network_of(address)))
    _must_wait(desk, keys, now)  # before anybody's turn to write is taken: a flood of tries must not hold up the desk
    with desk.ledger.transaction():
        known = _must_wait(desk, keys, now)
        after = [_failed(known.get(key), key, now, free) for key, free in zip(keys, _FREE, strict=True)]
        for record in after:
            desk.ledger.save_attempts(record)
    until = after[0].wait_until
    return Guess(keys[0], keys[1], until - now if until is not None else None)


def forgiven(desk: Desk, guess: Guess) -> None:
    """Take a counted try back: it was a good one. The account starts anew; its address has one failure less."""
    with desk.ledger.transaction():
        for key, record in desk.ledger.attempts((guess.account, guess.address)).items():
            failed = 0 if key == guess.account else max(record.failed - 1, 0)
            desk.ledger.save_attempts(AttemptRecord(key, failed, record.last_at))


def waits_until(desk: Desk, accounts: dict[str, str], now: datetime) -> dict[str, datetime]:
    """Until when accounts have to wait: name -> time, for those that do. `accounts` is name -> account."""
    keys = {key_of("account", account): name for name, account in accounts.items()}
    found = desk.ledger.attempts(list(keys)) if keys else {}
    return {
        keys[key]: record.wait_until
        for key, record in found.items()
        if record.wait_until is not None and record.wait_until > now
    }


def unlock(desk: Desk, account: str, now: datetime) -> None:
    """Let an account try again at once."""
    desk.ledger.save_attempts(AttemptRecord(key_of("account", account), 0, now))


def network_of(address: str) -> str:
    """Whom an address belongs to: whoever has IPv6 has 2**64 of them, and a failure from each is not the first.

    >>> [network_of(text) for text in ("2001:db8:1:2:3:4:5:6", "::ffff:192.0.2.7", "192.0.2.7", "an unknown address")]
    ['2001:db8:1:2::/64', '192.0.2.7', '192.0.2.7', 'an unknown address']
    """
    try:
        found = ipaddress.ip_address(address.strip("[]").partition("%")[0])
    except ValueError:
        return address
    if isinstance(found, ipaddress.IPv4Address):
        return str(found)
    return str(found.ipv4_mapped or ipaddress.IPv6Network((int(found), 64), strict=False))


def key_of(kind: str, name: str) -> str:
    """What is kept in place of an account or an address."""
    return hashlib.sha256(f"{kind}:{name}".encode()).hexdigest()


def too_many(wait: timedelta) -> TooManyTries:
    """The error that tells somebody to wait."""
    seconds = max(math.ceil(wait.total_seconds()), 1)
    told = f"{seconds} seconds" if seconds < 100 else f"{math.ceil(seconds / 60)} minutes"
    return TooManyTries("There were too many tries.", f"Wait {told} and try again.", seconds=seconds)


def _must_wait(desk: Desk, keys: tuple[str, str], now: datetime) -> dict[str, AttemptRecord]:
    known = desk.ledger.attempts(keys)
    waits = [record.wait_until for record in known.values() if record.wait_until and record.wait_until > now]
    if waits:
        raise too_many(max(waits) - now)
    return known


def _failed(known: AttemptRecord | None, key: str, now: datetime, free: int) -> AttemptRecord:
    failed = 1 if known is None or now - known.last_at > FORGOTTEN else known.failed + 1
    over = failed - free
    wait = min(timedelta(seconds=2.0 ** min(over, 20)), LONGEST_WAIT) if over >= 0 else None
    return AttemptRecord(key, failed, now, now + wait if wait is not None else None)


_FREE = (FREE_ACCOUNT, FREE_ADDRESS)
