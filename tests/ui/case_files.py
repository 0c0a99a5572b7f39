"""A case file made by hand, for the tests of what is drawn of one."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

from core.domain.diagnosis import Cause, Check, State, diagnose
from core.domain.maturity import Maturity
from core.domain.metrics.measured import Measured
from core.services.complaints.case_sections import (
    ArmFigure,
    BandRow,
    CalibrationNow,
    CaseFile,
    Change,
    ColumnDrift,
    Conversion,
    Drift,
    Estimated,
    Health,
    Recomputation,
    Shadow,
    Similar,
    SimilarRow,
    Window,
)
from core.services.complaints.cases import CLOCKS, Case, Clock
from core.usecases import builtin

AT = datetime(2026, 3, 2, 12, tzinfo=UTC)
KEY = "lead_scoring"
USE_CASE = builtin()[KEY]
EVIL = "<script>alert('x')</script>"
NAN = float("nan")


def rate(value: float, n: int) -> Measured:
    return Measured("rate", value, max(0.0, value - 0.03), value + 0.03, n, round(value * n), "Wilson")


def a_case(**changes: Any) -> Case:
    clocks = tuple(Clock(name, hours, AT + timedelta(hours=hours), "running", None) for name, hours, _ in CLOCKS)
    facts: dict[str, Any] = {
        "id": "abc123", "use_case": KEY, "opened_at": AT, "opened_by": "Sam (sales)",
        "text": f"High scores do not convert {EVIL}", "prediction_id": None, "period_from": AT - timedelta(days=28),
        "period_to": AT, "simulated": False, "state": "open", "owner": None, "proposed_cause": None, "proposal": None,
        "decided_cause": None, "reason": None, "answer": None, "looked_at": None, "proposed_at": None,
        "decided_at": None, "answered_at": None, "closed_at": None, "clocks": clocks,
    }  # fmt: skip
    return Case(**(facts | changes))


def a_file(case: Case | None = None, **changes: Any) -> CaseFile:
    """Every section filled, with hostile texts wherever a person's or a file's text can stand."""
    checks = (
        Check("Recomputed score", Cause.MODEL, State.OK, "0 of 500 recomputed scores differ.", 500),
        Check("Missing values", Cause.INTEGRATION, State.BREACH, f"{EVIL} is missing in 40 %.", 900),
        Check("Score drift", Cause.DATA, State.FEW, "Too few rows (12 rows, 100 needed).", 12),
    )
    bands = tuple(BandRow(name, 100, rate(0.3, 90), rate(0.2, 400)) for name in USE_CASE.policy.band_names[:-1])
    empty = Measured("rate", NAN, NAN, NAN, 0, 0, "Wilson")
    bands = (*bands, BandRow(EVIL, 0, empty, empty))
    similar = SimilarRow("p1", EVIL, AT, 0.1, 0.4, "1", {USE_CASE.model_columns[0]: EVIL})
    facts: dict[str, Any] = {
        "case": case or a_case(),
        "made_at": AT,
        "window": Window(AT - timedelta(days=28), AT, AT - timedelta(days=118), AT, 400, 1600, False),
        "health": Health(400, 0.5, 0.9, False, 410, rate(0.05, 410), 3, (("score file", AT, EVIL),), 4),
        "changes": (Change(AT, EVIL, "let version act", EVIL, "v1", {"version": EVIL}, EVIL, False),),
        "conversion": Conversion(
            "rate", bands, rate(0.3, 360), rate(0.2, 1500), Maturity(400, 370, 360), Maturity(1600, 1550, 1500)
        ),
        "drift": Drift(
            *[Measured("shift", -0.012, -0.02, -0.004, 400, None, "99 %")] * 2, 0.01, 0.04, 0.1,
            (ColumnDrift(EVIL, 0.3, 0.1, 400, 900, True, True),),
        ),
        "shadow": Shadow("auc", (ArmFigure("logistic", rate(0.8, 360), None), ArmFigure("rules", rate(0.7, 360),
                         Measured("difference", 0.1, 0.05, 0.15, 360, None, "paired"))), 360, False),
        "calibration": CalibrationNow(0.25, rate(0.3, 360), 0.9, 0.05, -0.1, 0.1),
        "similar": Similar(1, 300, rate(0.3, 300), 0.4, EVIL, (similar,)),
        "recomputed": Recomputation(400, 0, 0.0, ("v2",), ("v1",)),
        "estimated": Estimated("auc", rate(0.8, 360), rate(0.75, 360), rate(-0.05, 360), 0.01),
        "diagnosis": diagnose(checks),
    }  # fmt: skip
    return CaseFile(**(facts | changes))


def due() -> date:
    return date(2026, 3, 16)
