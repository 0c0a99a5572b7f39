"""Classes, gauges and the radar: the right numbers behind every mark, on any scale."""

from __future__ import annotations

import pytest

from core.domain.advice import ZONES, Gauge, ReferenceMean
from core.ui import charts, readings

RATE = Gauge("rate", "Rate: part of the whole", 27, 54, unit="%")
MARGIN = Gauge("margin", "Margin", -0.1, 0.4, minimum=-0.5, maximum=1.0)
MEANS = (ReferenceMean("rate", "Rate", 50.0, "%"), ReferenceMean("count", "Count", 20.0), ReferenceMean("n", "N", 4.0))


@pytest.mark.parametrize(
    ("value", "zone"), [(0, "low"), (26.99, "low"), (27, "middle"), (54, "middle"), (54.01, "high")]
)
def test_both_ends_of_the_middle_belong_to_it(value: float, zone: str) -> None:
    assert ZONES[RATE.reading(value)] == zone


def test_class_bars_show_every_probability_and_stress_the_largest() -> None:
    drawn = readings.class_bars({"Low": 0.1, "Medium": 0.7, "High": 0.2})
    (bar,) = drawn.data
    assert dict(zip(bar.y, bar.x, strict=True)) == {"Low": 0.1, "Medium": 0.7, "High": 0.2}
    assert list(bar.text) == ["10.0%", "70.0%", "20.0%"]
    assert bar.marker.opacity[1] == 1.0 and max(bar.marker.opacity[0], bar.marker.opacity[2]) < 1.0


def test_each_gauge_has_its_own_scale_and_the_zones_fill_it() -> None:
    drawn = readings.gauge_rows((RATE, MARGIN), {"rate": 40.5, "margin": 0.25}, {"rate": 54.0})
    bars = [trace for trace in drawn.data if trace.type == "bar"]
    for place in (0, -1):
        mine = [bar for bar in bars if bar.y[0] == place]
        assert len(mine) == 3
        assert mine[0].base[0] == 0
        assert sum(bar.x[0] for bar in mine) == pytest.approx(1.0)
    needles = {trace.y[0]: trace.x[0] for trace in drawn.data if trace.type == "scatter"}
    assert needles == {0: pytest.approx(0.405), -1: pytest.approx(0.5)}
    assert [shape.x0 for shape in drawn.layout.shapes] == [pytest.approx(0.54)]
    texts = [note.text for note in drawn.layout.annotations]
    assert "<b>40.5%</b> · middle" in texts and "<b>0.25</b> · middle" in texts


def test_a_value_off_the_scale_stands_at_its_end_and_is_written_as_it_is() -> None:
    drawn = readings.gauge_rows((MARGIN,), {"margin": 7.0}, {})
    assert next(trace.x[0] for trace in drawn.data if trace.type == "scatter") == 1.0
    assert "<b>7</b> · high" in [note.text for note in drawn.layout.annotations]


def test_the_radar_draws_each_figure_as_a_per_cent_of_its_mean() -> None:
    drawn = readings.radar_chart(MEANS, {"rate": 25.0, "count": 30.0, "n": 40.0})
    reference, row = drawn.data
    assert set(reference.r) == {100.0}
    assert list(row.r) == [50.0, 150.0, readings.REACH, 50.0]
    assert [name.split("<br>")[1] for name in row.theta[:3]] == ["25%", "30", "40"]
    assert row.line.color == charts.LIGHT.accent
