"""Groups, gaps and what they come to, in words: on the page and in the report alike."""

from __future__ import annotations

import math
from collections.abc import Sequence

from core.domain.fairness.calibration import Calibrated
from core.domain.fairness.gaps import LEAST_GROUP, Gap, Wider
from core.domain.fairness.judgement import GAP_HIGH, GAP_LIMIT, Standing, standing
from core.domain.metrics.measured import Measured
from core.domain.usecase import Task, UseCase
from core.services.comparison.fairness import ArmGroups, ColumnGroups, Fairness
from core.ui import words
from core.ui.period_words import day

KINDS = {"parity": "Parity gap", "odds": "Odds gap"}
LIMIT, HIGH = (f"{value:.2f}".removeprefix("0") for value in (GAP_LIMIT, GAP_HIGH))
RATES = {"selection": "Selection rate", "tpr": "True positive rate", "fpr": "False positive rate"}
SIGNS: dict[Standing, tuple[str, str]] = {  # hue, icon
    Standing.TOO_FEW: ("gray", "hourglass_empty"),
    Standing.ALIKE: ("green", "check"),
    Standing.WITHIN: ("green", "check"),
    Standing.UNSURE: ("blue", "help"),
    Standing.ABOVE: ("orange", "warning"),
    Standing.HIGH: ("red", "error"),
}


def selected(use_case: UseCase, seen: Fairness) -> str:
    """What being selected means, and what the error rates are taken over."""
    found = seen.selection
    news = "good news for whom it concerns" if found.favourable else "bad news for whom it concerns"
    text = f"Selected: '{found.decision}' (band {found.band}), {news}."
    if found.outcome is None:
        return f"{text} Outcomes are values, not classes: there are no true or false positives, so no odds gap."
    said = _outcome(use_case, found.outcome)
    return (
        f"{text} True positive rate: the share of those with {said} who are selected. False positive rate: the share "
        "of the others who are."
    )


def _outcome(use_case: UseCase, outcome: str) -> str:
    if use_case.task is Task.BINARY:
        return f"the outcome '{use_case.target.name} = {outcome}'"
    return f"the outcome '{outcome}'"


def share(value: float) -> str:
    """A rate.

    >>> share(0.1234), share(float("nan"))
    ('12.3%', 'none')
    """
    return "none" if math.isnan(value) else words.percent(value)


def rate(found: Measured) -> str:
    """A group's rate with its interval and n; fewer than 30 rows are said to be few."""
    if not found.n:
        return "no row"
    few = "" if found.n >= LEAST_GROUP else f", not enough rows: {found.n} of {LEAST_GROUP}"
    return f"{share(found.value)} [{share(found.low)}, {share(found.high)}], n = {found.n:,}{few}"


def number(value: float) -> str:
    """A gap or a limit without its zero.

    >>> number(0.2531), number(-0.02), number(1.0), number(-0.0001)
    ('.253', '-.020', '1.000', '.000')
    """
    text = f"{value:.3f}".replace("-0.000", "0.000")
    return text.replace("0.", ".", 1) if abs(value) < 1 else text


def gap(found: Gap | None) -> str:
    """A gap with its interval."""
    if found is None:
        return "not enough rows"
    return f"{number(found.value)} [{number(found.low)}, {number(found.high)}]"


def ratios(seen: Fairness, arm: ArmGroups, kind: str) -> dict[str, str]:
    """Lowest over highest selection rate; of bad news also that of the rates of those who are spared."""
    names = ["Ratio"] if seen.selection.favourable else ["Ratio", "Ratio spared"]
    found = arm.gaps[kind]
    if found is None or kind != "parity":
        return dict.fromkeys(names, "")
    spared = [1 - arm.rates["selection"][code].value for code in found.groups]
    values = (found.ratio, min(spared) / max(spared) if max(spared) else math.nan)
    return {name: number(value) if math.isfinite(value) else "none" for name, value in zip(names, values, strict=False)}


def wider(found: Wider | None) -> str:
    """How much wider an arm's gap is than the champion's."""
    if found is None:
        return ""
    sign = "+" if found.value > 0 else ""
    return f"{sign}{number(found.value)} [{number(found.low)}, {number(found.high)}]"


def calibrated(use_case: UseCase, found: Calibrated) -> tuple[str, str, str]:
    """Mean score, mean outcome, and their difference with its interval."""
    if not found.n:
        return "", "", ""
    percent = use_case.policy.score_format == "percent"

    def said(value: float) -> str:
        return words.percent(value) if percent else f"{value:,.3g}"

    off = f"{said(found.off)} [{said(found.low)}, {said(found.high)}]" if found.n > 1 else said(found.off)
    few = "" if found.n >= LEAST_GROUP else f", not enough rows: {found.n} of {LEAST_GROUP}"
    return said(found.score), said(found.outcome), off + few


def arm(seen: Fairness, name: str) -> str:
    """An arm's name, without its version where only one is compared."""
    return name.partition(" of ")[0] if len(seen.versions) == 1 else name


def finding(column: ColumnGroups, arm: ArmGroups, kind: str) -> str:
    """What a gap of an arm comes to, in one sentence."""
    found = arm.gaps[kind]
    if found is None:
        return f"{column.title}: fewer than two groups have {LEAST_GROUP} rows for the {KINDS[kind].lower()}"
    rates = arm.rates[found.rate]
    high, low = rates[found.highest], rates[found.lowest]
    what = RATES[found.rate].lower()
    return (
        f"{column.title}: {what} {share(high.value)} of {column.groups[found.highest]} and {share(low.value)} of "
        f"{column.groups[found.lowest]}, a gap of {gap(found)}: {standing(found).value} "
        f"(limit {LIMIT}, equal groups up to {number(found.noise)})"
    )


def headline(seen: Fairness, arm: str) -> str:
    """Which gaps of an arm break their limit, which cannot be told from chance: the page's first sentence."""
    judged = [
        (column, kind, standing(column.arm(arm).gaps[kind]))
        for column in seen.columns
        for kind in kinds(seen)
        if column.arm(arm).gaps[kind] is not None and len(column.columns) == 1
    ]
    if not judged:
        return "No two groups have enough rows to be compared"
    broken = [(column, kind) for column, kind, found in judged if found in (Standing.ABOVE, Standing.HIGH)]
    if not broken:
        return (
            f"No gap by {_listed([column.title.lower() for column, _, _ in judged])} is above its limit beyond chance"
        )
    parts = [
        f"{KINDS[kind].lower()} by {column.title.lower()} {gap(column.arm(arm).gaps[kind])}" for column, kind in broken
    ]
    return words.capitalised(f"{_listed(parts)}: above the limit of {LIMIT}")


def _listed(names: Sequence[str]) -> str:
    once = list(dict.fromkeys(names))
    return once[0] if len(once) == 1 else f"{', '.join(once[:-1])} and {once[-1]}"


def kinds(seen: Fairness) -> tuple[str, ...]:
    """Which gaps there are: no odds where outcomes are values."""
    return ("parity", "odds") if seen.selection.outcome else ("parity",)


def source(seen: Fairness) -> str:
    """How many rows, of when, known when, of which versions."""
    span = f"{day(seen.first)} to {day(seen.last)}" if seen.first and seen.last else "no day"
    return (
        f"n = {words.count(seen.n_rows, 'row')}, {words.count(seen.maturity.n_known)} with an outcome, {span}, as "
        f"known on {day(seen.window.known_on.date())}, version {', '.join(seen.versions)}."
    )


DEFINITIONS = {
    "Selection rate": (
        "the share of a group's rows to which the arm gives the decision looked at, whoever decided them in the end."
    ),
    "True positive rate": "the same among mature rows whose outcome is the one that the decision waits for.",
    "False positive rate": "the same among mature rows with any other outcome.",
    "Parity gap": "highest minus lowest selection rate (demographic parity difference).",
    "Ratio": "lowest over highest selection rate (demographic parity ratio).",
    "Ratio spared": "the same of those who do not get a decision that is bad news; four fifths are customary.",
    "Odds gap": "the larger of highest minus lowest true and false positive rate (equalised-odds difference).",
    "Calibration": "mean score minus mean outcome of a group; 0 is right.",
    "Interval": (
        "95 %. Rates: Wilson, rows divided by the design effect where entities repeat. Gaps: the lower bound holds for "
        "all pairs of groups at once, the upper is a bootstrap percentile; whole entities are drawn."
    ),
    "By chance": (
        "the gap that equal groups would show when rows are dealt to the groups at random: its mean, and what in 95 of "
        "100 deals none of the gaps that are looked at together exceeds. Even of equal groups it is never 0."
    ),
    "Limit": (
        f"{LIMIT} for each gap, high severity above {HIGH}. It is broken where the lower bound "
        "is above it, or the gap is above both the limit and chance."
    ),
    "Few rows": f"groups of fewer than {LEAST_GROUP} rows are shown, never ranked, and count in no gap.",
}
