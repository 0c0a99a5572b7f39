"""Simulated figures at full size; the tests repeat them with fewer runs.

python -m benchmarks.simulations

peeking       two equal arms at 12.5 %, 10,000 rows each, looked at 20 times: how often each interval finds a winner
winners_curse the best of four equal models at n = 2,000 looks more than .01 better than a fixed one of them
selection     an equal challenger by outcomes of the rows that the champion let through, and with a random slice
"""

from __future__ import annotations

import json
import math
from typing import Any

import numpy as np

from core.domain.compare.always_valid import half_width
from core.domain.compare.difference import auc_part, difference
from core.domain.compare.weighting import effective_n, weighted_auc_part
from core.domain.experiment.sequential import msprt
from core.domain.features import Floats
from core.domain.metrics.intervals import z_value

SEED = 20_261_121
PEEKERS, CHOOSERS, COMPARISONS = 2_000, 2_000, 25
RATE, ROWS, LOOKS, TAU = 0.125, 10_000, 20, 0.01
AREA, COMMON, CHOICES, CHOSEN_ON = 0.615, 0.95, 4, 2_000
POPULATION, SLICE = 400_000, 0.05


def peeking(runs: int) -> dict[str, float]:
    """Share of runs without any difference in which an interval excludes zero at one look at least."""
    rng = np.random.default_rng(SEED)
    looks = np.arange(ROWS // LOOKS, ROWS + 1, ROWS // LOOKS)
    found = {"fixed_n": 0, "always_valid": 0, "msprt": 0}
    for _ in range(runs):
        means = (rng.random((2, ROWS)) < RATE).cumsum(axis=1)[:, looks - 1] / looks
        gap, variance = means[1] - means[0], (means * (1 - means)).sum(axis=0)
        errors = np.sqrt(variance / looks)
        halves = [half_width(float(v), int(n), ROWS) for v, n in zip(variance, looks, strict=True)]
        mixed = [msprt(float(d), float(se), TAU) for d, se in zip(gap, errors, strict=True)]
        found["fixed_n"] += bool((np.abs(gap) > z_value() * errors).any())
        found["always_valid"] += bool((np.abs(gap) > np.array(halves)).any())
        found["msprt"] += any(look.low > 0 or look.high < 0 for look in mixed)
    return {name: count / runs for name, count in found.items()}


def winners_curse(runs: int) -> float:
    """Share of runs in which the best of four equal models looks more than .01 better than the first."""
    from scipy.special import ndtri

    rng, shift = np.random.default_rng(SEED + 1), math.sqrt(2) * float(ndtri(AREA))
    fooled = 0
    for _ in range(runs):
        outcomes = (rng.random(CHOSEN_ON) < 0.05).astype(np.float64)
        common, own = rng.normal(size=CHOSEN_ON), rng.normal(size=(CHOICES, CHOSEN_ON))
        scores = math.sqrt(COMMON) * common + math.sqrt(1 - COMMON) * own + shift * outcomes
        areas = [auc_part(outcomes, score).value for score in scores]
        fooled += max(areas) - areas[0] > 0.01
    return fooled / runs


def selection(runs: int) -> dict[str, dict[str, float]]:
    """By the share that the champion rejects: the naive gain of an equal challenger, and the weighted one."""
    rng = np.random.default_rng(SEED + 2)
    found: dict[str, dict[str, float]] = {}
    for rejected in (0.1, 0.3, 0.5):
        naive, repaired, effective = zip(*(_selected(rng, rejected) for _ in range(runs)), strict=True)
        found[f"{rejected:.0%}"] = {
            "naive": float(np.mean(naive)),
            "naive_sd_of_one_run": float(np.std(naive, ddof=1)),
            "weighted": float(np.mean(repaired)),
            "weighted_sd_of_one_run": float(np.std(repaired, ddof=1)),
            "effective_share": float(np.mean(effective)),
        }
    return found


def _selected(rng: np.random.Generator, rejected: float) -> tuple[float, float, float]:
    first, second = rng.normal(size=(2, POPULATION))
    outcomes = (rng.random(POPULATION) < 1 / (1 + np.exp(3 - 0.7 * first - 0.7 * second))).astype(np.float64)
    accepted = first < np.quantile(first, 1 - rejected)
    lucky = ~accepted & (rng.random(POPULATION) < SLICE)
    seen, weights = accepted | lucky, np.where(lucky, 1 / SLICE, 1.0)

    def part(scores: Floats) -> Any:
        return weighted_auc_part(outcomes[seen], scores[seen], weights[seen])

    parts = [auc_part(outcomes[accepted], scores[accepted]) for scores in (second, first)]
    plain = difference("auc", *parts)
    weighted = difference("auc", part(second), part(first))
    return plain.gain, weighted.gain, effective_n(weights[seen]) / int(seen.sum())


def main() -> dict[str, Any]:
    """Measure."""
    return {
        "peeking": peeking(PEEKERS),
        "winners_curse": winners_curse(CHOOSERS),
        "selection": selection(COMPARISONS),
    }


if __name__ == "__main__":
    print(json.dumps(main()))
