"""Is the champion still right?  Figures over time beside what was expected, and calibration."""

from __future__ import annotations

from typing import Any

import streamlit as st

from core.domain.calibration import bounds
from core.domain.metrics.catalogue import METRICS
from core.domain.usecase import UseCase
from core.services.performance import Calibrated, Performance, Period
from core.ui import charts, period_charts, words
from core.ui.period_words import caption, day, figure, form_of, row

FEW_PIECE = 0.005  # share of the rows below which a step does not stretch the axes


def over_time(use_case: UseCase, seen: Performance) -> None:
    """One figure per period, model and the rules; the band it was expected in beneath."""
    st.subheader("Realised against expected", anchor=False)
    metric = seen.metrics[0]
    if len(seen.metrics) > 1:
        asked = st.segmented_control(
            "Figure",
            seen.metrics,
            default=metric,
            format_func=lambda name: METRICS[name].label,
            key=f"metric:{use_case.key}",
        )
        metric = str(asked or metric)
    models = use_case.recipe.model_names
    arms = [arm for arm in reversed(seen.arms) if seen.overall[metric].get(arm) is not None]
    series = [
        period_charts.Series(
            arm,
            charts.arm_style(arm, seen.champion, models),
            [period.realised[metric].get(arm) for period in seen.periods],
            arm == seen.champion,
        )
        for arm in arms
    ]
    expected = [period.expected.get(metric) for period in seen.periods]
    drawn = period_charts.over_time([period.start for period in seen.periods], series, form_of(metric), expected)
    behind = [row for period in seen.periods for row in _rows(period, metric, seen)]
    charts.show(drawn, _finding(seen, metric), _explained(seen, metric), behind, f"figures:{use_case.key}:{metric}")


def _finding(seen: Performance, metric: str) -> str:
    found = seen.overall[metric][seen.champion]
    assert found is not None  # every model has every figure
    text = f"{METRICS[metric].label} of {seen.champion}: {figure(found)}"
    if not found.enough:
        return f"{text}, too few rows to judge"
    apart = [period for period in seen.periods if _apart(period, metric, seen.champion)]
    told = [period for period in seen.periods if _both(period, metric, seen.champion)]
    if not told:
        return text
    if not apart:
        return f"{text}, as expected in all {words.count(len(told), seen.step)} that can be judged"
    return (
        f"{text}, apart from what was expected in {len(apart)} of {words.count(len(told), seen.step)} (chance: 1 in 20)"
    )


def _both(period: Period, metric: str, champion: str) -> bool:
    found = period.realised[metric].get(champion)
    return bool(found and found.enough and period.expected.get(metric))


def _apart(period: Period, metric: str, champion: str) -> bool:
    """What was expected lies outside the interval of what was realised; by chance in one period of twenty."""
    if not _both(period, metric, champion):
        return False
    found, band = period.realised[metric][champion], period.expected[metric]
    return found is not None and not found.low <= band.value <= found.high


def _explained(seen: Performance, metric: str) -> str:
    meaning = METRICS[metric].meaning
    beneath = " What it will be cannot be told before the outcomes are known." if metric == "r2" else ""
    if any(period.expected.get(metric) for period in seen.periods):
        how = "the errors on held-out rows" if metric == "mae" else "the probabilities themselves"
        beneath = f" Beneath: what {how} promise, right only while inputs and outcome belong together as before."
    return f"{words.capitalised(meaning)}. Bars: 95 % intervals; hollow grey: too few rows.{beneath} {caption(seen)}"


def _rows(period: Period, metric: str, seen: Performance) -> list[dict[str, Any]]:
    rows = []
    for arm in seen.arms:
        found = period.realised[metric].get(arm)
        if found is not None:
            rows.append(row(period.start, arm, found) | {"Version": ", ".join(period.versions)})
    band = period.expected.get(metric)
    return rows if band is None else [*rows, row(period.start, f"{seen.champion}, expected", band)]


def calibration(use_case: UseCase, seen: Performance) -> None:
    """Does a probability of 20 % mean 20 %?"""
    if not seen.calibration:
        return
    st.subheader("Do the probabilities mean what they say?", anchor=False)
    found = seen.calibration[-1]
    if len(seen.calibration) > 1:
        labels = [item.label for item in seen.calibration]
        asked = st.segmented_control("Class", labels, default=labels[-1], key=f"class:{use_case.key}")
        found = next(item for item in seen.calibration if item.label == (asked or labels[-1]))
    low, high, rate, rows = (part.tolist() for part in found.reliability.steps())
    steps = list(zip(low, high, rate, rows, strict=True))
    carried = [part for part, n in zip(rate, rows, strict=True) if n >= FEW_PIECE * found.n]
    reach = min(1.0, 1.05 * max(*high, *carried, 0.02))  # a step of a handful of rows may leave the picture
    behind = [{"From": a, "To": b, "Happened": c, "n": round(n)} for a, b, c, n in steps]
    drawn = period_charts.reliability(steps, reach)
    charts.show(drawn, _calibrated(found), _calibration_words(seen, found), behind, f"calibration:{use_case.key}")


def _calibrated(found: Calibrated) -> str:
    if found.line is None:
        return "Only one class was observed, so calibration cannot be judged"
    low, high = bounds(found.line.slope, found.line.slope_se)
    text = f"Slope {found.line.slope:.2f} [{low:.2f}, {high:.2f}]"
    if min(found.n_events, found.n - found.n_events) < 30:
        return f"{text}: too few events to judge"
    if low <= 1 <= high:
        return f"{text}: the spread of the probabilities is right"
    return f"{text}: the probabilities are too {'extreme' if high < 1 else 'timid'}"


def _calibration_words(seen: Performance, found: Calibrated) -> str:
    parts, error = found.reliability, found.error
    line = ""
    if found.line is not None:
        low, high = bounds(found.line.intercept, found.line.intercept_se)
        line = f"Intercept {found.line.intercept:.2f} [{low:.2f}, {high:.2f}] (0 is right). "
    judged = "more than noise" if error.value > error.limit else "within noise"
    return (
        f"{line}Brier {parts.brier:.4f} = miscalibration {parts.miscalibration:.4f} - discrimination "
        f"{parts.discrimination:.4f} + uncertainty {parts.uncertainty:.4f}. ECE {error.value:.4f}, {judged}: a perfect "
        f"model of these rows reads {error.expected:.4f} and stays below {error.limit:.4f} in 95 %. "
        f"{words.capitalised(seen.champion)}, n = {words.count(found.n)}, {words.count(found.n_events)} of them "
        f"'{found.label}', {day(found.first)} to {day(found.last)}, version {', '.join(seen.versions)}."
    )
