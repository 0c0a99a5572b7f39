"""Every claim stands beside what is measured and what can be reached, whatever use case is chosen."""

from __future__ import annotations

import pytest

from core.usecases import builtin

from .conftest import OpenPage

SCRIPT = "govern/promises.py"
N_CLAIMS = sum(len(case.claims) for case in builtin().values())


@pytest.mark.parametrize("home", ["empty", "trained"])
def test_every_claim_is_drawn(open_page: OpenPage, home: str) -> None:
    app = open_page(home, SCRIPT, "lead_scoring")
    assert not app.exception
    said = "\n".join(element.value for element in app.markdown).replace("\\", "")
    for use_case in builtin().values():
        for claim in use_case.claims:
            assert claim.said in said
            assert claim.why in said
    measured = [metric.value for metric in app.metric if metric.label == "Measured here"]
    assert len(measured) == N_CLAIMS
    assert measured.count("not yet") == (N_CLAIMS if home == "empty" else 0)
    known = [metric.value for metric in app.metric if metric.label in ("Best possible", "True value")]
    assert known.count("not known") == 2  # precision and recall, each alone
