"""The shap library gives the same attributions as ours, and a wrong one is noticed."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from core.config import Settings
from core.ml.cross_check import cross_check
from core.ml.explain import Attributions, Explainer
from core.services.desk import Desk, open_desk
from core.services.reasons.explainers import explainer, reference_columns
from core.usecases import builtin


@pytest.fixture(scope="module")
def desk(trained_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Desk:
    """A desk over the trained versions, with data of its own."""
    home = tmp_path_factory.mktemp("cross") / "home"
    shutil.copytree(trained_home / "data", home / "data")
    (home / "models").symlink_to(trained_home / "models")
    return open_desk(Settings(home=home))


@pytest.mark.parametrize("key", builtin())
def test_every_member_agrees_with_shap(desk: Desk, key: str) -> None:
    reference, _, n_rows = reference_columns(desk, key)
    row = {name: values[7:8] for name, values in reference.items()}
    for model in builtin()[key].recipe.model_names:
        found = cross_check(explainer(desk, key), reference, n_rows, row, model)
        assert found
        for check in found:
            assert check.agrees, check
            assert check.by
            np.testing.assert_allclose(check.ours, check.theirs, rtol=0, atol=1e-9 * np.abs(check.ours).max())
            assert np.abs(check.ours).max() > 0


def test_a_wrong_attribution_is_noticed(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    key = "lead_scoring"
    reference, _, n_rows = reference_columns(desk, key)
    row = {name: values[7:8] for name, values in reference.items()}
    honest = Explainer.explain

    def wrong(self: Explainer, *given: object) -> dict[str, Attributions]:
        made = honest(self, *given)  # type: ignore[arg-type]
        return {
            name: part if part.feature_margins is None else replace(part, feature_margins=part.feature_margins * 1.001)
            for name, part in made.items()
        }

    monkeypatch.setattr(Explainer, "explain", wrong)
    found = cross_check(explainer(desk, key), reference, n_rows, row, builtin()[key].recipe.model_names[0])
    assert not any(check.agrees for check in found)
