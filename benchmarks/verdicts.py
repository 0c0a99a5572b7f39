"""How often the verdict is wrong: simulated comparisons, looked at every day from the first outcome to the last.

python -m benchmarks.verdicts [RUNS]    200 of each kind by default

An equal challenger must be promoted in at most 5 % of runs, one better by twice the minimum gain in at least 80 %.
Scores are two normal variables of correlation .9 whose AUC is set by a shift; 5 % of rows are positive; a planned
number of rows comes in each of two windows.
"""

from __future__ import annotations

import json
import math
import sys
from collections import Counter
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import numpy as np

from core.domain.compare.difference import Difference, auc_part, difference
from core.domain.compare.plan import ArmName, Plan
from core.domain.compare.planning import rows_needed
from core.domain.compare.verdict import Check, Decision, Evidence, State, verdict
from core.domain.features import Floats

RUNS, SEED = 200, 20_261_121
RATE, AREA, CORRELATION, MINIMUM_GAIN = 0.05, 0.70, 0.9, 0.01
DAYS = 30  # in which each window's planned rows come
START = date(2026, 1, 1)
MET = Check("same rows", State.MET, "Drawn together.")


def draw(rng: np.random.Generator, n_rows: int, gain: float) -> tuple[Floats, Floats, Floats]:
    """Outcomes, the champion's scores, and those of a challenger whose AUC is higher by `gain`."""
    from scipy.special import ndtri

    outcomes = (rng.random(n_rows) < RATE).astype(np.float64)
    first, second = rng.normal(size=(2, n_rows))
    second = CORRELATION * first + math.sqrt(1 - CORRELATION**2) * second
    shifts = [math.sqrt(2) * float(ndtri(area)) for area in (AREA, AREA + gain)]
    return outcomes, first + shifts[0] * outcomes, second + shifts[1] * outcomes


def gained(outcomes: Floats, champion: Floats, challenger: Floats) -> Difference | None:
    """The challenger's gain on these rows; None before both classes have two."""
    if min(outcomes.sum(), len(outcomes) - outcomes.sum()) < 2:
        return None
    parts = auc_part(outcomes, challenger), auc_part(outcomes, champion)
    return difference("auc", *parts, n_events=int(outcomes.sum()))


def planned_rows() -> int:
    """Rows for 80 % power at the minimum gain, from the paired variance of a large draw."""
    found = gained(*draw(np.random.default_rng(SEED), 200_000, 0.0))
    assert found is not None
    return rows_needed(found.row_variance, MINIMUM_GAIN)


def watched(rng: np.random.Generator, plan: Plan, gain: float) -> Decision:
    """The first verdict other than "keep testing" of a comparison that is looked at every day."""
    outcomes, champion, challenger = draw(rng, 2 * plan.planned_n, gain)
    n_first = plan.planned_n
    for day in range(1, 2 * DAYS + 1):
        n_now = min(2 * n_first, math.ceil(day * n_first / DAYS))
        rows = outcomes[:n_now], champion[:n_now], challenger[:n_now]
        evidence = Evidence(
            validity=(MET,),
            first=gained(*(values[:n_first] for values in rows)),
            second=gained(*(values[n_first:] for values in rows)) if n_now > n_first else None,
            pooled=gained(*rows) if n_now > n_first else None,
            p_holm=0.0,
            guardrails=(),
            rules=None,
            polarity=MET,
            rows_per_week=7 * n_first / DAYS,
            today=START + timedelta(days=day),
        )
        if evidence.first is not None:
            evidence = replace(evidence, p_holm=evidence.first.p)
        found = verdict(evidence, plan)
        if found.decision is not Decision.KEEP_TESTING:
            return found.decision
    return Decision.KEEP_TESTING


def plan_of(n_rows: int) -> Plan:
    """A plan of two windows."""
    first, second = START, START + timedelta(days=DAYS)
    arms = ArmName("v1", "champion"), ArmName("v2", "challenger")
    return Plan(*arms, "auc", MINIMUM_GAIN, n_rows, (first, second), (second, second + timedelta(days=DAYS)))


def shares(runs: int, gain: float, seed: int) -> dict[str, float]:
    """Decision -> share of runs."""
    rng, plan = np.random.default_rng(seed), plan_of(planned_rows())
    found = Counter(watched(rng, plan, gain) for _ in range(runs))
    return {decision.value: found[decision] / runs for decision in Decision}


def main(runs: int = RUNS) -> dict[str, Any]:
    """Measure."""
    equal, better = shares(runs, 0.0, SEED + 1), shares(runs, 2 * MINIMUM_GAIN, SEED + 2)
    worse = shares(runs, -2 * MINIMUM_GAIN, SEED + 3)
    return {
        "runs": runs,
        "planned_rows": planned_rows(),
        "equal": equal,
        "better_by_twice_the_minimum": better,
        "worse_by_twice_the_minimum": worse,
        "holds": equal["promote"] <= 0.05 and better["promote"] >= 0.8 and worse["promote"] == 0,
    }


if __name__ == "__main__":
    print(json.dumps(main(*(int(argument) for argument in sys.argv[1:]))))
