"""A predicted value is shown with the range such rows end in, and how often that was measured to be true."""

from __future__ import annotations

import pytest

from core.domain.usecase import Task
from core.services.access import Role
from core.usecases import builtin

from .conftest import OpenPage
from .test_score_one import SCRIPT, press_score, said

CASES = builtin()


@pytest.mark.parametrize("key", [key for key, case in CASES.items() if case.task is Task.REGRESSION])
@pytest.mark.parametrize("role", [Role.ANALYST, Role.SALES])
def test_a_value_comes_with_its_interval_and_the_measured_coverage(open_page: OpenPage, key: str, role: Role) -> None:
    app = press_score(open_page("full", SCRIPT, key, role))
    assert not app.error and not app.exception
    assert f"90% of such {CASES[key].noun}s end between **" in said(app)
    captions = " ".join(element.value for element in app.caption)
    assert "Measured coverage 9" in captions or "Measured coverage 8" in captions
    assert "held-out rows" in captions and "over all rows together" in captions


def test_a_probability_has_none(open_page: OpenPage) -> None:
    app = press_score(open_page("full", SCRIPT, "lead_scoring"))
    assert "end between" not in said(app)
