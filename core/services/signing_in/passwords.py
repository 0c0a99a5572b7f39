"""Passwords: what one must be like, and the argon2id hash that is kept of it."""

from __future__ import annotations

import secrets
import threading
from functools import cache
from typing import TYPE_CHECKING

from core.errors import InputError

if TYPE_CHECKING:
    from argon2 import PasswordHasher

SHORTEST, LONGEST = 12, 256  # characters; length is what counts, so no digits or signs are asked for
_AT_ONCE = threading.Semaphore(2)  # each takes 64 MB: many guesses at once must not take the memory of the desk
_GROUPS, _GROUP = 4, 5  # of a one-time password
_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"  # none that is easily taken for another


@cache
def _hasher() -> PasswordHasher:
    from argon2 import PasswordHasher
    from argon2.profiles import RFC_9106_LOW_MEMORY

    return PasswordHasher.from_parameters(RFC_9106_LOW_MEMORY)  # argon2id, 3 passes over 64 MB


def hashed(password: str) -> str:
    """The text to keep of a password: parameters, salt and hash."""
    with _AT_ONCE:
        return _hasher().hash(password)


@cache
def _nobodys() -> str:
    """A hash that no password opens, so that looking at it takes as long as looking at anybody's."""
    return hashed(secrets.token_urlsafe(32))


def matches(kept: str | None, password: str) -> bool:
    """Whether a password is the one behind a hash; without a hash it takes as long, and the answer is no."""
    from argon2.exceptions import InvalidHashError, VerificationError

    against = kept or _nobodys()
    try:
        with _AT_ONCE:
            _hasher().verify(against, password[: 4 * LONGEST])
    except (VerificationError, InvalidHashError):
        return False
    return kept is not None


def one_time() -> str:
    """A new password to be told to somebody and changed by them: about 99 bits, in groups that can be read out."""
    letters = [[secrets.choice(_LETTERS) for _ in range(_GROUP)] for _ in range(_GROUPS)]
    return "-".join("".join(group) for group in letters)


def check(password: str, *, name: str, email: str) -> None:
    """Refuse a password that is too short, too long, or made of who its owner is.

    Raises
    ------
    InputError
        The password itself is in no message.
    """
    if not SHORTEST <= len(password) <= LONGEST:
        raise InputError(
            f"The password has {len(password)} characters.", f"It takes {SHORTEST} to {LONGEST}: a sentence will do."
        )
    told = password.casefold()
    for part in (email.partition("@")[0], email, name):
        if len(part) > 3 and part.casefold() in told and len(told) - len(part) < SHORTEST // 2:
            raise InputError("The password is little more than your name or address.", "Take one nobody can guess.")
    if len(set(told)) < 5:
        raise InputError("The password repeats very few characters.", "Take one nobody can guess.")
