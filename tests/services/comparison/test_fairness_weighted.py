"""Error rates and calibration by group where declines hide outcomes: the random slice gives the true ones back."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from core.domain.fairness.selection import selection_of
from core.services.comparison import fairness_weighted
from core.services.comparison.fairness_weighted import weighed
from core.usecases.bnpl_default import USE_CASE

from .test_weighting import ARMS, RITA, rows_of

COLUMN = "customer_age_bracket"
GROUPS = USE_CASE.schema[COLUMN].levels[:2]
NAME, CUT = str(ARMS[0]), 0.25


@pytest.fixture
def asked(monkeypatch):
    """What is weighed, on rows of two groups; the champion flags what the rules turn away, and more."""

    def ask(**facts):
        rows, truth = rows_of(**facts)
        n = len(truth)
        codes = np.random.default_rng(1).integers(0, 2, n)
        rows = replace(rows, raw={COLUMN: np.array(GROUPS, dtype=object)[codes]})
        monkeypatch.setattr(fairness_weighted, "arm_rows", lambda *_: rows)
        monkeypatch.setattr(fairness_weighted, "mark_of", lambda *_: (n,))
        monkeypatch.setattr(fairness_weighted, "kept", lambda desk, use_case, mark, compute: compute())
        card = SimpleNamespace(version="v1", champion=ARMS[0].model)
        scorer = SimpleNamespace(card=card, bands=lambda model, outputs, scores: np.where(scores >= CUT, 0, 2))
        desk = SimpleNamespace(use_case=lambda key: USE_CASE, scorer=lambda key: scorer)
        seen = SimpleNamespace(
            use_case=USE_CASE.key, window=SimpleNamespace(known_on=None), n_rows=n, champion=NAME,
            selection=selection_of(USE_CASE),
        )  # fmt: skip
        column = SimpleNamespace(columns=(COLUMN,), groups=GROUPS)
        return weighed(desk, RITA, seen, None, column), rows, truth, codes

    return ask


def test_the_slice_gives_true_rates_back(asked):
    found, rows, truth, codes = asked()
    flagged, counts = rows.scores[NAME] >= CUT, rows.rows.counts
    held = []
    for group in range(2):
        for kind, hit in (("tpr", 1), ("fpr", 0)):
            mine = (codes == group) & (truth == hit)
            figure = found.rates[kind][group]
            true, plain = flagged[mine].mean(), flagged[mine & counts].mean()
            assert abs(figure.value - true) < abs(plain - true), "outcomes that were let through flatter"
            held.append(figure.low <= true <= figure.high)
            assert figure.n < (mine & counts).sum()
        known = codes == group
        calibrated = found.calibration[group]
        assert calibrated.outcome == pytest.approx(truth[known].mean(), abs=0.03)
        assert calibrated.score == pytest.approx(rows.scores[NAME][known].mean(), abs=0.03)
        assert calibrated.low < calibrated.off < calibrated.high
    assert sum(held) >= 3
    assert "random slice" in found.by.words


def test_nothing_is_weighed_where_nothing_is_hidden_or_rows_are_too_many(asked, monkeypatch):
    assert "nothing to weigh" in asked(hide=False)[0].by.refused
    monkeypatch.setattr(fairness_weighted, "MOST_ROWS", 10)
    found = asked()[0]
    assert "shorter period" in found.by.refused and not found.rates and not found.calibration
