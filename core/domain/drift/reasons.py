"""What raised an item, in sentences that hold the value, its limit and its rows; and what did not, and why."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from core.domain.drift.bins import NOT_LISTED
from core.domain.drift.item import ABSENT, GONE, NEW, SHAPE, Item, missing_effect, new_effect
from core.domain.drift.limits import Limits
from core.domain.drift.look import Look
from core.domain.drift.shares import share_effect

MOST_NAMED = 5


@dataclass(frozen=True)
class Move:
    """One thing that moved beyond its limit."""

    significant: bool  # beyond the policy's second band
    sentence: str


def moves(found: Look, cut: float, limits: Limits) -> list[Move]:
    """Everything about an item that moved beyond chance and beyond the policy's limits.

    Parameters
    ----------
    cut : float
        The largest p-value of an item that still holds after correction.
    """
    item = found.item
    looks = (_psi(found, limits), _shape(item, cut, limits), _absent(item, cut, limits), _new(item, cut, limits))
    return [move for move in (*looks, _gone(item, cut)) if move is not None]


def _psi(found: Look, limits: Limits) -> Move | None:
    tables = found.item.divergence
    limit = max(limits.psi_moderate, tables.noise)
    if not found.enough or tables.psi <= limit:
        return None
    significant = tables.psi > max(limits.psi_significant, tables.noise)
    crossed = limits.psi_significant if significant else limits.psi_moderate
    kl = f", KL(current || reference) {tables.kl:.3f}" if tables.kl > max(limits.kl, tables.noise / 2) else ""
    return Move(
        significant,
        f"PSI {tables.psi:.3f} on {_rows(found.item)}, limit {max(crossed, tables.noise):.3f} "
        f"(chance alone stays below {tables.noise:.3f}){kl}.",
    )


def _shape(item: Item, cut: float, limits: Limits) -> Move | None:
    if not item.significant(SHAPE, cut) or item.effect <= limits.effect:
        return None
    p = item.tests[SHAPE]
    if item.by_levels:
        said = f"Chi-square test of {item.contingency.n_cells} levels {_p(p)}, effect (Cramer's V) {item.effect:.3f}"
    else:
        error = item.ks.error if item.ks else 0.0
        said = f"Kolmogorov-Smirnov D {item.effect:.3f}{f' (+ {error:.3f} at most)' if error else ''}, {_p(p)}"
    return Move(item.effect > limits.effect_significant, f"{said}, on {_rows(item)}, limit {limits.effect:.2f}.")


def _absent(item: Item, cut: float, limits: Limits) -> Move | None:
    effect = missing_effect(item)
    if not item.significant(ABSENT, cut) or effect <= limits.effect:
        return None
    now, before = item.missing
    return Move(
        effect > limits.effect_significant,
        f"Missing in {now:.1%} of {item.now.n:,} rows, {before:.1%} before ({_p(item.tests[ABSENT])}; "
        f"effect {effect:.3f}, limit {limits.effect:.2f}).",
    )


def _new(item: Item, cut: float, limits: Limits) -> Move | None:
    if not item.significant(NEW, cut) or new_effect(item) <= limits.effect:
        return None
    significant = share_effect(*item.new) > limits.effect_significant
    return Move(significant, f"{_new_levels(item)} ({_p(item.tests[NEW])}).")


def _gone(item: Item, cut: float) -> Move | None:
    names = vanished(item, cut)
    if not names:
        return None
    least = min(item.gone[name] for name in names)
    return Move(False, f"Gone: {_named(names)}, not one of {item.now.n:,} rows ({_p(least)}).")


def vanished(item: Item, cut: float) -> tuple[str, ...]:
    """Levels whose absence is not chance."""
    if not item.significant(GONE, cut):
        return ()
    return tuple(name for name, p in item.gone.items() if p * len(item.tests) <= cut)


def not_judged(found: Look) -> tuple[str, ...]:
    """Why an item is not judged; empty where it is."""
    if found.item.bins.calendar:
        return ("A function of the date alone: shown, never judged.",)
    needed = f"{found.needed:,}"
    repeats = found.have < found.item.now.n
    unit = f" entities of {needed}, in {found.item.now.n:,} rows" if repeats else f" of {needed}"
    if found.have < found.needed:
        return (f"Not enough rows: {found.have:,}{unit}.",)
    if found.have_before < found.needed:
        return (f"Not enough rows to compare with: {found.have_before:,} of {needed}.",)
    for side, valued in (("", found.valued), (" to compare with", found.valued_before)):
        if valued < found.needed:
            return (f"Not enough rows with a value{side}: {valued:,} of {needed}.",)
    return ()


def asides(found: Look, moved: Sequence[Move], limits: Limits) -> tuple[str, ...]:
    """What was seen and raises nothing: new levels that can be chance, a small change that is certain."""
    item, said = found.item, []
    if item.now.unseen and not any(move.sentence.startswith("New: ") for move in moved):
        said.append(f"{_new_levels(item)}: too few to tell from chance.")
    tables = item.divergence
    if found.judged and found.enough and not moved and limits.psi_moderate < tables.psi <= tables.noise:
        said.append(f"PSI {tables.psi:.3f}: chance alone goes up to {tables.noise:.3f} on {_rows(item)}.")
    return tuple(said)


def _new_levels(item: Item) -> str:
    rows, levels = sum(item.unseen.values()), item.unseen
    names = sorted(levels, key=lambda name: (name == NOT_LISTED, -levels[name], name))
    before = f", {item.new[1]:.1%} of the reference" if item.new[1] else ""
    return f"New: {_named(names)}, in {rows:,} of {item.now.n:,} rows{before}"


def _named(names: Sequence[str]) -> str:
    more = len(names) - MOST_NAMED
    return ", ".join(names[:MOST_NAMED]) + (f" and {more:,} more" if more > 0 else "")


def _rows(item: Item) -> str:
    rows = int(item.now.counts.sum())
    worth = "" if math.isclose(item.n, rows, rel_tol=0.005) else f" (worth {item.n:,.0f} independent ones)"
    return f"{rows:,} rows{worth}"


def _p(p: float) -> str:
    return "p < .0001" if p < 0.0001 else f"p {p:.4f}"
