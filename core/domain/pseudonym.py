"""Ids as keyed hashes: whoever reads the log without the key cannot tell who is meant, nor try out a list of names."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable

import numpy as np

from core.domain.columns import Array, Kind
from core.domain.usecase import UseCase

MARK = "h-"  # in front of every hash, so that none is hashed again
_DIGITS = 32


def personal_texts(use_case: UseCase) -> tuple[str, ...]:
    """The raw columns whose texts name a person or a client: marked personal, or the id that names a row."""
    named = {use_case.entity, use_case.group}
    return tuple(
        column.name
        for column in use_case.schema
        if column.kind in (Kind.ID, Kind.TEXT) and (column.personal or column.name in named)
    )


def keyed_hashes(key: bytes, use_case: str, texts: Iterable[str]) -> Array:
    """HMAC-SHA256 (RFC 2104) of texts, cut to 128 bits; equal texts of one use case are equal, of two they are not.

    Parameters
    ----------
    key : bytes
    use_case : str
    texts : n texts
        An empty text, and one that is a hash already, stays as it is.

    Returns
    -------
    array of object, shape (n,)

    Examples
    --------
    >>> keyed_hashes(b"key", "lead_scoring", ["L-1", ""]).tolist()
    ['h-510084613a87702b5093fcbc470b5b6f', '']
    """
    known: dict[str, str] = {}
    found = []
    for given in texts:
        text = str(given)
        if text not in known:
            known[text] = text if not text or is_hash(text) else MARK + _digest(key, use_case, text)
        found.append(known[text])
    return np.array(found, dtype=object)


def is_hash(text: str) -> bool:
    """Whether a text is one of these hashes.

    >>> is_hash("h-" + 32 * "0"), is_hash("h-1")
    (True, False)
    """
    digits = text.removeprefix(MARK)
    return text.startswith(MARK) and len(digits) == _DIGITS and not set(digits) - set("0123456789abcdef")


def _digest(key: bytes, use_case: str, text: str) -> str:
    return hmac.new(key, f"{use_case}\0{text}".encode(), hashlib.sha256).hexdigest()[:_DIGITS]
