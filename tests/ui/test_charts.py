"""One meaning per colour and dash, the right numbers behind every mark, and few marks."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from core.domain.policy import Tone, band_codes
from core.ui import charts

MODELS = ("ridge", "logistic", "elastic", "ensemble")
BANDS = (("High", Tone.BAD), ("Medium", Tone.POOR), ("Low", Tone.GOOD))


def test_every_arm_looks_different_and_the_champion_is_solid() -> None:
    styles = {name: charts.arm_style(name, "ridge", MODELS) for name in (*MODELS, "rules", "consensus")}
    assert len(set(styles.values())) == len(styles)
    assert styles["ridge"] == (charts.LIGHT.accent, "solid", "circle")
    assert {styles[name][1] for name in MODELS[1:]} == {"dash"}
    assert styles["rules"][:2] == (charts.LIGHT.rules, "dot")


def test_dot_plot_shows_every_score() -> None:
    scores = {"ridge": 0.05, "logistic": 0.04, "elastic": 0.06, "ensemble": 0.05, "consensus": 0.05}
    drawn = charts.dot_plot(scores, "ridge", (0.09, 0.04), ("High", "Medium", "Low"), True, "Low: approve")
    assert {trace.y[-1]: trace.x[-1] for trace in drawn.data if trace.mode != "markers"} == scores
    texts = [note.text for note in drawn.layout.annotations]
    assert texts == ["High", "Medium", "Low: approve"]
    low, high = drawn.layout.xaxis.range
    assert low == 0
    assert high > 0.09


@pytest.mark.parametrize("values", [(-3.0, 2.0), (0.0, 0.0)])
def test_dot_plot_takes_any_number(values: tuple[float, float]) -> None:
    drawn = charts.dot_plot({"a": values[0], "b": values[1]}, "a", (), (), False)
    assert len(drawn.data) == 2


def test_histogram_paints_a_bin_in_the_tone_of_its_band() -> None:
    edges = np.linspace(0, 1, 41).tolist()
    counts = list(range(40))
    cutoffs = (0.7, 0.3)
    drawn = charts.histogram(edges, counts, cutoffs, BANDS, percent=True, x_title="Score", y_title="rows")
    painted = {x: (trace.name, y) for trace in drawn.data for x, y in zip(trace.x, trace.y, strict=True)}
    assert len(painted) == 40
    middles = [(low + high) / 2 for low, high in pairwise(edges)]
    codes = band_codes(np.array(middles), cutoffs)
    for middle, count, code in zip(middles, counts, codes, strict=True):
        assert painted[middle] == (BANDS[code][0], count)


def test_band_bars_keep_empty_bands() -> None:
    drawn = charts.band_bars([(name, tone, 0) for name, tone in BANDS], 0)
    assert list(drawn.data[0].y) == ["High", "Medium", "Low"]
    assert list(drawn.data[0].x) == [0, 0, 0]
