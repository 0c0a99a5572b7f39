"""The smallest change that would bring a row into another band.

Fewest columns first, then the shortest distance. One column is searched value by value. Two and three columns are
searched on a grid of all their values where that takes no more rows than `budget`; else on a coarser grid that keeps
both ends, and then value by value around the nearest hit. Rows are scored in one batch per round.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.domain.columns import Columns
from core.domain.features import Floats
from core.domain.levers import Lever, Positions

MOST_COLUMNS = 3
MOST_FOUND = 3
BUDGET = 16_000  # rows in one round
WIDEST = 10  # columns that are combined: those that alone move the score the furthest


@dataclass(frozen=True)
class Tried:
    """What became of n rows."""

    score: Floats  # (n,)
    reached: NDArray[np.bool_]  # (n,) the band is reached
    allowed: NDArray[np.bool_]  # (n,) the schema accepts the row


Evaluate = Callable[[Columns, int], Tried]


@dataclass(frozen=True)
class Change:
    """Other values of some columns of a row."""

    values: Mapping[str, Any]  # column -> typed value; only what differs
    distance: float
    score: float


@dataclass(frozen=True)
class Search:
    """What was found, the smallest first; `best` is the furthest that any row that was tried came."""

    found: tuple[Change, ...]
    best: Change | None
    n_tried: int


@dataclass
class _Progress:
    levers: Sequence[Lever]
    evaluate: Evaluate
    sign: float  # 1: a higher score is sought, -1: a lower one
    budget: int
    best: Change | None = None
    n_tried: int = 0
    reach: dict[int, float] = field(default_factory=dict)  # lever -> furthest signed score of it alone


def search(
    levers: Sequence[Lever],
    evaluate: Evaluate,
    higher: bool = True,
    most_found: int = MOST_FOUND,
    budget: int = BUDGET,
) -> Search:
    """Find the smallest changes that reach a band, each of other columns than the ones before.

    A set of columns that contains one found before is left out: it would change more than it must.

    Parameters
    ----------
    levers : sequence of Lever
        The columns that may be changed.
    evaluate : callable
        Typed arrays of all the levers' columns, n rows each -> Tried.
    higher : bool
        Whether the band lies at a higher score.
    most_found : int
    budget : int
        Rows that are scored in one round, about.
    """
    progress = _Progress(levers, evaluate, 1.0 if higher else -1.0, budget)
    found: list[tuple[tuple[int, ...], Change]] = []
    for n_columns in range(1, min(MOST_COLUMNS, len(levers)) + 1):
        sets = _sets(progress, n_columns, [places for places, _ in found])
        hits = _round(progress, sets) if sets else []
        found += sorted(hits, key=lambda hit: hit[1].distance)
        if len(found) >= most_found:
            break
    if not found and len(levers) > MOST_COLUMNS:
        found = _climbed(progress)
    return Search(tuple(change for _, change in found[:most_found]), progress.best, progress.n_tried)


def _sets(progress: _Progress, n_columns: int, done: Iterable[tuple[int, ...]]) -> list[tuple[int, ...]]:
    places = list(range(len(progress.levers)))
    if n_columns > 1:
        places = sorted(sorted(places, key=lambda place: -progress.reach.get(place, -np.inf))[:WIDEST])
    smaller = [set(places) for places in done]
    return [chosen for chosen in combinations(places, n_columns) if not any(few <= set(chosen) for few in smaller)]


def _round(progress: _Progress, sets: Sequence[tuple[int, ...]]) -> list[tuple[tuple[int, ...], Change]]:
    """The nearest hit of every set of columns, on the grid that the budget allows, then around it."""
    size = len(sets[0])
    each = max(2, int((progress.budget / len(sets)) ** (1 / size))) if size > 1 else 10**6
    coarse = [[_spread(len(progress.levers[place].values), each) for place in chosen] for chosen in sets]
    nearest = _try(progress, sets, coarse)
    again = []
    for chosen, grid, hit in zip(sets, coarse, nearest, strict=True):
        levers = [progress.levers[place] for place in chosen]
        if hit is not None and any(len(at) < len(lever.values) for lever, at in zip(levers, grid, strict=True)):
            finer = [_around(lever, at, place) for lever, at, place in zip(levers, grid, hit[0], strict=True)]
            again.append((chosen, finer))
    found = {chosen: hit[1] for chosen, hit in zip(sets, nearest, strict=True) if hit is not None}
    if again:
        hits = _try(progress, [chosen for chosen, _ in again], [grid for _, grid in again])
        found |= {chosen: hit[1] for (chosen, _), hit in zip(again, hits, strict=True) if hit is not None}
    return list(found.items())


def _spread(n_values: int, most: int) -> Positions:
    """At most `most` positions of n values, both ends among them."""
    return np.unique(np.linspace(0, n_values - 1, min(n_values, most)).round().astype(np.int64))


def _around(lever: Lever, tried: Positions, hit: int) -> Positions:
    """The positions between the neighbours, among those tried, of the one that hit; at most 25, the nearest ones."""
    place = int(np.searchsorted(tried, hit))
    low, high = tried[max(place - 1, 0)], tried[min(place + 1, len(tried) - 1)]
    inside = np.arange(low, high + 1)
    near = inside[np.argsort(np.abs(inside - hit), kind="stable")[:25]]
    return np.sort(near[lever.distances[near] <= lever.distances[hit] + 1e-12])


def _try(
    progress: _Progress, sets: Sequence[tuple[int, ...]], grids: Sequence[Sequence[Positions]]
) -> list[tuple[tuple[int, ...], Change] | None]:
    """Score every grid in one batch; of each the positions of the nearest hit and the change, or None."""
    picked = [np.stack([part.ravel() for part in np.meshgrid(*grid, indexing="ij")]) for grid in grids]
    ends = np.cumsum([0, *(part.shape[1] for part in picked)])
    n_rows = int(ends[-1])
    columns = {lever.name: np.full(n_rows, lever.current, lever.values.dtype) for lever in progress.levers}
    distances = np.zeros(n_rows)
    for chosen, part, start, end in zip(sets, picked, ends[:-1], ends[1:], strict=True):
        for place, positions in zip(chosen, part, strict=True):
            lever = progress.levers[place]
            columns[lever.name][start:end] = lever.values[positions]
            distances[start:end] += lever.distances[positions]
    tried = progress.evaluate(columns, n_rows)
    progress.n_tried += n_rows
    _remember(progress, columns, distances, tried)
    hits: list[tuple[tuple[int, ...], Change] | None] = []
    for chosen, part, start, end in zip(sets, picked, ends[:-1], ends[1:], strict=True):
        rows = np.arange(start, end)[(tried.reached & tried.allowed)[start:end]]
        if len(chosen) == 1 and tried.allowed[start:end].any():
            inside = progress.sign * tried.score[start:end][tried.allowed[start:end]]
            progress.reach[chosen[0]] = float(inside.max())
        if len(rows) == 0:
            hits.append(None)
            continue
        row = rows[np.lexsort((-progress.sign * tried.score[rows], distances[rows].round(12)))[0]]
        hits.append((tuple(part[:, row - start].tolist()), _change(progress, columns, distances, tried, int(row))))
    return hits


def _remember(progress: _Progress, columns: Columns, distances: Floats, tried: Tried) -> None:
    """Keep the row that came the furthest."""
    if not tried.allowed.any():
        return
    row = int(np.where(tried.allowed, progress.sign * tried.score, -np.inf).argmax())
    if progress.best is None or progress.sign * (tried.score[row] - progress.best.score) > 0:
        progress.best = _change(progress, columns, distances, tried, row)


def _change(progress: _Progress, columns: Columns, distances: Floats, tried: Tried, row: int) -> Change:
    there = {lever.name: (columns[lever.name][row], lever.current) for lever in progress.levers}
    values = {name: value for name, (value, current) in there.items() if value != current}
    return Change(values, float(distances[row]), float(tried.score[row]))


def _climbed(progress: _Progress) -> list[tuple[tuple[int, ...], Change]]:
    """Change one column after the other as far as it helps; then take back what is not needed."""
    at = {lever.name: lever.current for lever in progress.levers} | dict(progress.best.values if progress.best else {})
    score = progress.best.score if progress.best else -progress.sign * np.inf
    reached = False
    for lever in [*progress.levers, *progress.levers]:
        tried = _vary(progress, at, lever, lever.values)
        row = int(np.where(tried.allowed, progress.sign * tried.score, -np.inf).argmax())
        if tried.allowed[row] and progress.sign * (tried.score[row] - score) > 0:
            at[lever.name], score, reached = lever.values[row], float(tried.score[row]), bool(tried.reached[row])
    if reached:
        for lever in progress.levers:
            back = _vary(progress, at, lever, np.array([lever.current], dtype=lever.values.dtype))
            if back.reached[0] and back.allowed[0]:
                at[lever.name], score = lever.current, float(back.score[0])
    values = {lever.name: at[lever.name] for lever in progress.levers if at[lever.name] != lever.current}
    far = sum(_distance(lever, at[lever.name]) for lever in progress.levers)
    climbed = Change(values, far, score)
    if not values:
        return []
    progress.best = climbed if progress.best is None or not reached else progress.best
    if progress.sign * (score - progress.best.score) > 0:
        progress.best = climbed
    places = tuple(place for place, lever in enumerate(progress.levers) if lever.name in values)
    return [(places, climbed)] if reached else []


def _vary(progress: _Progress, at: Mapping[str, Any], lever: Lever, values: Any) -> Tried:
    columns = {item.name: np.full(len(values), at[item.name], item.values.dtype) for item in progress.levers}
    columns[lever.name] = values
    progress.n_tried += len(values)
    return progress.evaluate(columns, len(values))


def _distance(lever: Lever, value: Any) -> float:
    return float(lever.distances[lever.values == value][0]) if value != lever.current else 0.0
