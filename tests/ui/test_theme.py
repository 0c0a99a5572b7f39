"""Both themes are readable: contrast of every text colour with what lies behind it (WCAG AA, 4.5 : 1)."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from core.domain.policy import Tone
from core.ui import charts, words

CONFIG = tomllib.loads((Path(__file__).resolve().parents[2] / ".streamlit" / "config.toml").read_text())
HUES = ("blue", "green", "orange", "yellow", "red", "violet", "gray")
THEMES = {"light": charts.LIGHT, "dark": charts.DARK}


def luminance(colour: str) -> float:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def test_contrast_of_black_and_white() -> None:
    assert contrast("#000000", "#FFFFFF") == pytest.approx(21)


@pytest.mark.parametrize("name", THEMES)
def test_text_is_readable(name: str) -> None:
    theme = CONFIG["theme"][name]
    for behind in (theme["backgroundColor"], theme["secondaryBackgroundColor"], theme["sidebar"]["backgroundColor"]):
        assert contrast(theme["textColor"], behind) >= 7
        assert contrast(theme["linkColor"], behind) >= 4.5
    for hue in HUES:
        for behind in (theme[f"{hue}BackgroundColor"], theme["backgroundColor"]):
            assert contrast(theme[f"{hue}TextColor"], behind) >= 4.5, hue


@pytest.mark.parametrize("name", THEMES)
def test_marks_stand_out(name: str) -> None:
    theme, ink = CONFIG["theme"][name], THEMES[name]
    assert ink.page == theme["backgroundColor"]
    assert ink.text == theme["textColor"]
    for colour in (ink.accent, *ink.challengers, ink.rules):
        assert contrast(colour, ink.page) >= 3, colour
    assert contrast(ink.muted, ink.page) >= 4.5
    assert len({ink.accent, *ink.challengers, ink.rules}) == 5


def test_every_tone_has_a_word_a_colour_and_an_icon() -> None:
    assert set(words.TONE_HUE) == set(words.TONE_ICON) == set(Tone)
    assert len(set(words.TONE_ICON.values())) == len(Tone)
    for ink in THEMES.values():
        assert set(ink.tones) == set(Tone)


def test_serves_this_machine_only_and_tells_nobody() -> None:
    assert CONFIG["server"]["address"] == "127.0.0.1"
    assert CONFIG["browser"]["gatherUsageStats"] is False
    assert CONFIG["client"]["showErrorDetails"] == "none"
