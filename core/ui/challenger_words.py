"""Arms, gains, times and decisions in words, on the page of challengers."""

from __future__ import annotations

import math
from collections.abc import Sequence

from core.domain.compare.difference import Difference
from core.domain.compare.verdict import Decision, State
from core.domain.metrics.catalogue import METRICS
from core.domain.metrics.measured import Measured
from core.domain.usecase import UseCase
from core.services.comparison.challengers import Challengers, Gain
from core.ui import charts, figures, words
from core.ui.period_words import day

Style = tuple[str, str, str]  # colour, dash, marker

DECISIONS: dict[Decision, tuple[str, str, str]] = {
    Decision.PROMOTE: ("green", "check_circle", "Promote"),
    Decision.KEEP_TESTING: ("blue", "hourglass_top", "Keep testing"),
    Decision.STOP: ("orange", "do_not_disturb_on", "Stop"),
    Decision.INVALID: ("red", "error", "Invalid"),
}
STATES: dict[State, str] = {
    State.MET: ":green[:material/check:]",
    State.OPEN: ":gray[:material/hourglass_empty:]",
    State.BROKEN: ":red[:material/close:]",
    State.NOT_ASKED: ":gray[:material/remove:]",
}


def label(seen: Challengers, name: str) -> str:
    """An arm's name, without its version where only one is compared."""
    versions = {arm.version for arm in seen.rows.arms}
    return name.partition(" of ")[0] if len(versions) == 1 else name


def labels(seen: Challengers, names: Sequence[str]) -> str:
    """Several arms' names, the last after "and"."""
    short = [label(seen, name) for name in names]
    return short[0] if len(short) == 1 else f"{', '.join(short[:-1])} and {short[-1]}"


def style(use_case: UseCase, seen: Challengers, name: str) -> Style:
    """The colour a model has everywhere; another version's is drawn dash-dotted and hollow."""
    if name in (seen.champion, "rules"):
        return charts.arm_style("rules" if name == "rules" else "champion", "champion", ())
    arm, champion = seen.arm(name), seen.arm(seen.champion)
    models = use_case.recipe.model_names
    others = [model for model in models if model != champion.model]
    colour, dash, symbol = charts.arm_style(arm.model if arm.model in others else others[0], champion.model, models)
    return (colour, dash, symbol) if arm.version == champion.version else (colour, "dashdot", f"{symbol}-open")


def called(metric: str) -> str:
    """A metric's label."""
    return METRICS[metric].label


def signed(metric: str, value: float) -> str:
    """A difference with its sign.

    >>> signed("auc", 0.0021), signed("mae", -1234.5)
    ('+.002', '-1,234')
    """
    text = figures.number(metric, value)
    return text if value < 0 or not math.isfinite(value) else f"+{text}"


def gain(found: Difference) -> str:
    """A gain with its interval."""
    if not math.isfinite(found.gain):
        return "not measured"
    text = f"{signed(found.metric, found.gain)} [{signed(found.metric, found.low)}, {signed(found.metric, found.high)}]"
    return text if found.enough else f"{text}, {figures.FEW}"


def figure(found: Measured | None) -> str:
    """A figure with its interval; empty where the arm has none."""
    return figures.measured(found.as_json()) if found is not None else ""


def p_value(p: float) -> str:
    """A p-value as far as it means something.

    >>> p_value(0.00004), p_value(0.0123), p_value(1.0)
    ('< .001', '.012', '1.000')
    """
    return "< .001" if p < 0.001 else f"{p:.3f}".replace("0.", ".", 1)


def until(weeks: float) -> str:
    """A stretch of weeks in words.

    >>> until(0.0), until(0.4), until(1.2), until(13.6), until(200.0), until(float("inf"))
    ('now', 'in about 3 days', 'in about 9 days', 'in about 14 weeks', 'in about 4 years', 'not in sight')
    """
    if weeks <= 0:
        return "now"
    if not math.isfinite(weeks) or weeks > 5_200:
        return "not in sight"
    if weeks < 2:
        return f"in about {words.count(math.ceil(weeks * 7), 'day')}"
    return f"in about {weeks:.0f} weeks" if weeks < 104 else f"in about {weeks / 52:.0f} years"


def time_to_decision(found: Gain | None) -> str:
    """When the rows for the policy's minimum gain are there."""
    if found is None or found.n_needed is None or found.weeks is None:
        return ""
    needed = words.count(found.n_needed, "row")
    return f"{until(found.weeks)} ({needed})" if found.weeks > 0 else f"now ({needed})"


def source(seen: Challengers) -> str:
    """How many rows, of when, known when, of which versions."""
    versions = ", ".join(dict.fromkeys(arm.version for arm in seen.rows.arms))
    only = "".join(f" with {column} = {level}" for column, level in seen.segment.items())
    span = f"{day(seen.first)} to {day(seen.last)}" if seen.first and seen.last else "no day"
    return (
        f"n = {words.count(seen.maturity.n_known)} judged of {words.count(seen.n_rows)} rows{only}, {span}, as known "
        f"on {day(seen.window.known_on.date())}, version {versions}."
    )
