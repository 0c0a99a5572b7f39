"""Which arm an entity meets: the same one whenever and wherever it is scored."""

from __future__ import annotations

import hashlib
from bisect import bisect_right
from collections.abc import Sequence
from itertools import accumulate

import numpy as np
from numpy.typing import NDArray

_RANGE = 1 << 64


def position(experiment: str, salt: str, entity: str) -> float:
    """Where an entity stands in an experiment, uniform in [0, 1): SHA-256 of experiment, salt and entity.

    Examples
    --------
    >>> position("calls", "s1", "L-1") == position("calls", "s1", "L-1")
    True
    """
    digest = hashlib.sha256(f"{experiment}\x1f{salt}\x1f{entity}".encode()).digest()
    return int.from_bytes(digest[:8], "big") / _RANGE


def assign(experiment: str, salt: str, entities: Sequence[str], shares: Sequence[float]) -> NDArray[np.int8]:
    """The arm of every entity, shape (n_rows,).

    Parameters
    ----------
    experiment, salt : str
        Another salt is another draw.
    entities : sequence of str, shape (n_rows,)
    shares : sequence of float, shape (n_arms,), summing to 1
        When a share grows, entities only ever move into the arm that grew: the last arm is the new one and is
        filled from the low end.

    Examples
    --------
    >>> few = assign("calls", "s1", [f"L-{k}" for k in range(1_000)], (0.9, 0.1))
    >>> more = assign("calls", "s1", [f"L-{k}" for k in range(1_000)], (0.5, 0.5))
    >>> bool((more[few == 1] == 1).all())
    True
    """
    edges = list(accumulate(reversed(shares)))[:-1]
    last = len(shares) - 1
    known: dict[str, int] = {}
    for entity in entities:
        if entity not in known:
            known[entity] = last - bisect_right(edges, position(experiment, salt, entity))
    return np.array([known[entity] for entity in entities], dtype=np.int8)
