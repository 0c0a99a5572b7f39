"""Where the fine bins of a number end: at values of the reference, so that counts in them stand for the values.

Most edges are quantiles, which bounds what a Kolmogorov-Smirnov distance can miss by the share of one bin. The others
go where quantiles leave a wide bin, as the last one of an amount is: what a Wasserstein distance can miss is the sum of
width x share.
"""

from __future__ import annotations

import heapq
import math
from collections.abc import Sequence

import numpy as np

from core.domain.features import Floats
from core.domain.profile import N_BINS

N_FINE = 256
_WIDE = 60  # edges that split wide bins
_POINTS = N_FINE - (N_BINS - 1) - 2  # the profile's edges and the two ends take the rest
_QUANTILES = _POINTS - _WIDE


def fine_edges(present: Floats, profile: Sequence[float]) -> tuple[tuple[float, ...], bool]:
    """Inner edges, ascending, at most 255, and whether each bin between the ends holds one value.

    Parameters
    ----------
    present : array, shape (n_rows,)
        The reference's values in ascending order, without missing ones.
    profile : sequence of float
        Edges of the version's profile, which are among them.

    Examples
    --------
    >>> fine_edges(np.array([1.0, 2.0, 2.0]), (1.0,))
    ((0.9999999999999999, 1.0, 2.0), True)
    """
    if len(present) == 0:
        return (), True
    found = present[np.flatnonzero(np.append(True, present[1:] != present[:-1]))]
    points = len(found) <= _POINTS
    if not points:
        places = np.ceil(np.arange(1, _QUANTILES + 1) / (_QUANTILES + 1) * len(present)).astype(np.int64) - 1
        found = _without_wide_bins(present, np.unique(present[places]))
    low, high = float(present[0]), float(present[-1])
    below = float(np.nextafter(low, -math.inf)) if low != 0 else -float(np.finfo(np.float64).tiny)
    return tuple(np.unique([below, *found, *profile, high]).tolist()), points


def _without_wide_bins(present: Floats, edges: Floats) -> Floats:
    """The edges, and up to `_WIDE` more, each in the middle of the bin that is then the largest in width x rows."""
    inside = present[np.isfinite(present)]
    ends = np.searchsorted(inside, edges, side="right").tolist()
    bins: list[tuple[float, int, int]] = []
    more: list[float] = []

    def offer(first: int, end: int) -> None:
        if end - first > 1 and inside[first] < inside[end - 1]:
            width = inside[end - 1] - inside[max(first - 1, 0)]
            heapq.heappush(bins, (-float(width) * (end - first), first, end))

    for first, end in zip([0, *ends], [*ends, len(inside)], strict=True):
        offer(first, end)
    while bins and len(more) < _WIDE:
        _, first, end = heapq.heappop(bins)
        middle = (inside[max(first - 1, 0)] + inside[end - 1]) / 2
        last = max(int(np.searchsorted(inside[first:end], middle, side="right")) + first - 1, first)
        more.append(float(inside[last]))
        split = int(np.searchsorted(inside[first:end], inside[last], side="right")) + first
        offer(first, split)
        offer(split, end)
    return np.append(edges, more)
