"""Home says what needs the person, and nothing that is not in the log."""

from __future__ import annotations

from core.usecases import builtin

from .conftest import SAMPLE_ROWS, OpenPage


def test_empty_desk_says_what_to_do_next(open_page: OpenPage) -> None:
    app = open_page("empty", "home.py", "lead_scoring")
    commands = [code.value for code in app.code]
    assert commands == [f"python -m core train {key}" for key in builtin()]
    assert not app.metric


def test_trained_desk_offers_the_sample(open_page: OpenPage) -> None:
    app = open_page("trained", "home.py", "lead_scoring")
    assert [button.label for button in app.button].count("Score a sample file") == len(builtin())
    assert not app.metric


def test_full_desk_counts_what_was_scored(open_page: OpenPage) -> None:
    app = open_page("full", "home.py", "lead_scoring")
    totals = [metric.value for metric in app.metric if metric.label.endswith("scored")]
    assert totals == [str(SAMPLE_ROWS)] * len(builtin())
    for use_case in builtin().values():
        for band in use_case.policy.bands:
            assert any(band.name in element.value for element in app.markdown)
