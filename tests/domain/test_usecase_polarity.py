from __future__ import annotations

from core.usecases import builtin


def test_a_high_score_is_good_news_unless_it_is_a_risk():
    better = {key: case.higher_is_better for key, case in builtin().items()}
    assert better == {
        "lead_scoring": True,
        "bnpl_default": False,
        "collector_performance": True,
        "debt_repayment": True,
        "client_profitability": True,
    }
