"""Curves of the arms: ROC, lift, dual lift, calibration, and the scores of two arms against each other."""

from __future__ import annotations

from typing import Any

import numpy as np
import streamlit as st

from core.domain.calibration import bounds
from core.domain.usecase import Task, UseCase
from core.services.comparison import arm_curves as service
from core.services.comparison.arm_curves import Curves
from core.services.comparison.challengers import Challengers
from core.ui import challenger_charts as draw
from core.ui import challenger_words as say
from core.ui import charts, state, words

ROC, LIFT, DUAL, CALIBRATION, SCORES = "ROC", "Lift", "Dual lift", "Calibration", "Scores"


def curves(use_case: UseCase, seen: Challengers) -> None:
    """One kind of curve at a time."""
    found = service.curves(state.desk(), state.actor(), use_case.key, seen)
    kinds = [SCORES] if found is None else [*([ROC] if found.roc else []), LIFT, DUAL, CALIBRATION, SCORES]
    if len(seen.rows.arms) < 2:
        kinds = [kind for kind in kinds if kind not in (DUAL, SCORES)]
    asked = st.segmented_control("Curve", kinds, default=kinds[0], required=True, key=f"curve:{use_case.key}")
    if asked == SCORES:
        _scores(use_case, seen)
    elif found is not None:
        {ROC: _roc, LIFT: _lift, DUAL: _dual, CALIBRATION: _calibration}[str(asked)](use_case, seen, found)


def pick(use_case: UseCase, seen: Challengers, view: str) -> str:
    """The challenger a view is about."""
    names = [str(arm) for arm in seen.rows.arms if str(arm) != seen.champion]
    asked = st.segmented_control(
        "Challenger", names, default=names[0], required=True, format_func=lambda name: say.label(seen, name),
        key=f"{view}:arm:{use_case.key}",
    )  # fmt: skip
    return str(asked if asked in names else names[0])


def _roc(use_case: UseCase, seen: Challengers, found: Curves) -> None:
    arms = {say.label(seen, name): (say.style(use_case, seen, name), *points) for name, points in found.roc.items()}
    drawn = draw.lines(arms, _sides(use_case, found.label))
    draw.diagonal(drawn, 0, 1)
    behind = _behind(seen, found.roc, ("Others flagged", "Found"))
    gain = _primary(seen)
    charts.show(drawn, f"The curves {gain}", f"Dotted: guessing. {say.source(seen)}", behind, f"roc:{use_case.key}")


def _sides(use_case: UseCase, label: str) -> tuple[str, str]:
    """What the two axes of a curve count, in the target's words where it has some."""
    noun, meaning = use_case.noun, use_case.target.meaning
    if use_case.task is Task.BINARY and meaning:
        return f"Share of the other {noun}s flagged", f"Share flagged where {meaning}"
    return f"Share of the others flagged (not '{label}')", f"Share of '{label}' flagged"


def _primary(seen: Challengers) -> str:
    """Whether the curves are worth telling apart, by the paired difference of the primary metric."""
    gains = [arm.gains[seen.primary].difference for arm in seen.arms if seen.primary in arm.gains and arm.version]
    if not gains:
        return "of the arms"
    ahead = [gain for gain in gains if gain.enough and (gain.low > 0 or gain.high < 0)]
    if not ahead:
        return f"of the models cannot be told apart: the widest difference is {say.gain(max(gains, key=_size))}"
    return f"differ: by up to {say.gain(max(ahead, key=_size))} from {say.label(seen, seen.champion)}'s"


def _size(gain: Any) -> float:
    return abs(float(gain.gain))


def _lift(use_case: UseCase, seen: Challengers, found: Curves) -> None:
    arms = {say.label(seen, name): (say.style(use_case, seen, name), *points) for name, points in found.lift.items()}
    drawn = draw.lines(arms, ("Share of rows, the highest scores first", "Mean outcome over that of all"))
    drawn.update_xaxes(tickformat=".0%")
    drawn.add_hline(y=1, line={"color": charts.ink().muted, "width": 1, "dash": "dot"})
    behind = _behind(seen, found.lift, ("Share of rows", "Lift"))
    shares, lift = found.lift[seen.champion] if found.lift else (np.zeros(1), np.ones(1))
    place = int(np.argmin(np.abs(shares - seen.coverage)))
    title = (
        f"The highest {words.percent(float(shares[place]), 0)} by {say.label(seen, seen.champion)} reach "
        f"{lift[place]:.2f} times the mean outcome"
    )
    charts.show(drawn, title, f"Dotted: guessing. {say.source(seen)}", behind, f"lift:{use_case.key}")


def _behind(seen: Challengers, points: Any, titles: tuple[str, str]) -> list[dict[str, Any]]:
    return [
        {"Arm": say.label(seen, name), titles[0]: x, titles[1]: y}
        for name, (xs, ys) in points.items()
        for x, y in zip(xs.tolist(), ys.tolist(), strict=True)
    ]


def _dual(use_case: UseCase, seen: Challengers, found: Curves) -> None:
    arm = pick(use_case, seen, "dual")
    lift = found.dual[arm]
    places = list(range(1, len(lift.n) + 1))
    champion, challenger = (say.label(seen, name) for name in (seen.champion, arm))
    ink = charts.ink()
    drawn = draw.bins(
        [
            draw.Bins(champion, say.style(use_case, seen, seen.champion), places, lift.champion.tolist()),
            draw.Bins(challenger, say.style(use_case, seen, arm), places, lift.challenger.tolist()),
            draw.Bins(
                "observed", (ink.text, "solid", "diamond"), places, lift.observed.tolist(), lift.half.tolist(), True
            ),
        ],
        (f"Tenths of the rows, by {challenger} minus {champion}", _outcome(use_case, found)),
    )
    misses = [
        float((lift.n * np.abs(said - lift.observed)).sum() / lift.n.sum()) for said in (lift.champion, lift.challenger)
    ]
    nearer = challenger if misses[1] < misses[0] else champion
    title = (
        f"Where the two differ, {nearer} is nearer to what happened: {min(misses):.4f} off against {max(misses):.4f}"
    )
    behind = [
        {"Tenth": place, champion: a, challenger: b, "Observed": c, "95 % either way": d, "n": int(n)}
        for place, a, b, c, d, n in zip(
            places, lift.champion.tolist(), lift.challenger.tolist(), lift.observed.tolist(), lift.half.tolist(),
            lift.n.tolist(), strict=True,
        )
    ]  # fmt: skip
    caption = f"Left: {challenger} says less than {champion}; right: more. Bars: 95 %. {say.source(seen)}"
    charts.show(drawn, title, caption, behind, f"dual:{use_case.key}")


def _outcome(use_case: UseCase, found: Curves) -> str:
    if found.label:
        return f"Share of '{found.label}'"
    return f"{words.capitalised(use_case.target.name.replace('_', ' '))} ({use_case.target.unit or 'value'})"


def _calibration(use_case: UseCase, seen: Challengers, found: Curves) -> None:
    series = [
        draw.Bins(
            say.label(seen, name), say.style(use_case, seen, name), part.said.tolist(), part.observed.tolist(),
            part.half.tolist() if name == seen.champion else None,
        )
        for name, part in found.calibration.items()
    ]  # fmt: skip
    drawn = draw.bins(series, ("What was said", _outcome(use_case, found)))
    every = [value for part in found.calibration.values() for value in (*part.said.tolist(), *part.observed.tolist())]
    draw.diagonal(drawn, min(every), max(every))
    off = {
        name: float((part.n * np.abs(part.said - part.observed)).sum() / part.n.sum())
        for name, part in found.calibration.items()
    }
    best = min(off, key=lambda name: off[name])
    champion = say.label(seen, seen.champion)
    title = f"{words.capitalised(champion)} is off by {off[seen.champion]:.4f} on average over tenths of its scores"
    if best != seen.champion:
        title += f"; the nearest, {say.label(seen, best)}, by {off[best]:.4f}"
    behind = [
        {"Arm": say.label(seen, name), "Said": a, "Observed": b, "95 % either way": c, "n": int(n)}
        for name, part in found.calibration.items()
        for a, b, c, n in zip(
            part.said.tolist(), part.observed.tolist(), part.half.tolist(), part.n.tolist(), strict=True
        )
    ]
    caption = f"Tenths of the rows by score; dotted: right. Bars: 95 %, of {champion}. {say.source(seen)}"
    charts.show(drawn, title, caption, behind, f"calibration:{use_case.key}")
    _lines(seen, found)


def _lines(seen: Challengers, found: Curves) -> None:
    """Slope and intercept of every arm's calibration."""
    if not found.lines:
        return
    rows = []
    for name, line in found.lines.items():
        slope, intercept = bounds(line.slope, line.slope_se), bounds(line.intercept, line.intercept_se)
        rows.append(
            {
                "Arm": say.label(seen, name),
                "Slope (1 is right)": f"{line.slope:.2f} [{slope[0]:.2f}, {slope[1]:.2f}]",
                "Intercept (0 is right)": f"{line.intercept:.2f} [{intercept[0]:.2f}, {intercept[1]:.2f}]",
                "n": found.n,
            }
        )
    st.dataframe(rows, hide_index=True, width="stretch", alt="Calibration slope and intercept of every arm")


def _scores(use_case: UseCase, seen: Challengers) -> None:
    arm = pick(use_case, seen, "scores")
    across, upwards, counts = service.scatter(state.desk(), state.actor(), use_case.key, seen, arm)
    middles = [((edges[1:] + edges[:-1]) / 2).tolist() for edges in (across, upwards)]
    champion, challenger = (say.label(seen, name) for name in (seen.champion, arm))
    drawn = draw.density(middles[0], middles[1], counts, (f"{champion}'s score", f"{challenger}'s score"))
    draw.diagonal(drawn, max(across[0], upwards[0]), min(across[-1], upwards[-1]))
    filled = np.argwhere(counts > 0)
    behind = [
        {champion: middles[0][x], challenger: middles[1][y], "Rows": int(counts[y, x])} for y, x in filled.tolist()
    ]
    far = np.abs(np.array(middles[0])[None, :] - np.array(middles[1])[:, None]) > 0.1 * (across[-1] - across[0])
    title = (
        f"{words.percent(float(counts[far].sum() / max(counts.sum(), 1)))} of the rows are scored more than a tenth of "
        f"the range apart"
    )
    caption = f"Rows per cell, stronger where there are more; dotted: the same score. All {seen.n_rows:,} rows."
    charts.show(drawn, title, caption, behind, f"scatter:{use_case.key}")
