"""The 36 BNPL features as a pandas script computes them; a test holds them equal to the desk's own."""

from __future__ import annotations

import pandas as pd

from core.usecases import bnpl_default as case

ORDERED = {
    "customer_credit_score_range": case.CREDIT,
    "customer_age_bracket": case.AGE,
    "customer_income_bracket": case.INCOME,
    "customer_verification_level": case.VERIFICATION,
    "product_risk_category": case.PRODUCT_RISK,
    "risk_level": case.RISK_LEVELS,
}
DUMMIES = ["device_type", "payment_provider", "product_category", "purchase_context", "risk_scenario"]


def features(frame: pd.DataFrame) -> pd.DataFrame:
    """Raw purchases to the model's features, one pandas expression each."""
    frame = frame.copy()
    times = pd.to_datetime(frame["transaction_timestamp"])
    hours = times.dt.hour
    frame["device_is_trusted"] = frame["device_is_trusted"].astype(float)
    frame["week_of_month"] = (times.dt.day - 1) // 7 + 1
    frame["is_weekend"] = (times.dt.dayofweek >= 5).astype(float)
    frame["is_month_end"] = (times.dt.day >= 25).astype(float)
    frame["is_holiday_season"] = times.dt.month.isin([11, 12]).astype(float)
    frame["is_business_hours"] = hours.between(9, 17).astype(float)
    frame["is_late_night"] = ((hours >= 22) | (hours <= 5)).astype(float)
    for name, levels in ORDERED.items():
        frame[f"{name}_encoded"] = frame[name].map({level: code for code, level in enumerate(levels)})
    frame = pd.get_dummies(frame, columns=DUMMIES, dtype=float)
    frame["time_of_day_evening"] = (hours >= 19).astype(float)
    frame["time_of_day_morning"] = hours.between(7, 12).astype(float)
    frame["time_of_day_night"] = (hours <= 6).astype(float)
    return frame
