"""Words that hint at what a column or a value is. Hints only: values decide, and every hint used is said."""

from __future__ import annotations

PLACEHOLDERS = frozenset(
    [
        *("select", "please select", "unknown", "not known", "unspecified", "not specified", "undefined", "missing"),
        *("blank", "nil", "unk", "?", "-", "--", ".", "*", "tbd", "unavailable", "not available", "not applicable"),
        *("not provided", "n.a.", "n.k."),
    ]
)
"""Values that people and forms write where they mean "no value"."""

TIME_WORDS = frozenset(["date", "time", "timestamp", "datetime", "day", "dt", "created", "updated", "when", "on", "at"])
"""In the name of a column of eight digits: it holds dates like 20260131."""

ID_WORDS = frozenset(["id", "ids", "uuid", "guid"])
KEY_WORDS = ID_WORDS | frozenset(
    ["key", "number", "no", "nr", "num", "ref", "reference", "index", "idx", "row", "account", "serial", "unnamed"]
)
"""In the name of a column whose whole numbers never repeat: it names rows."""

BEGIN_WORDS = frozenset(
    ["created", "create", "order", "ordered", "application", "applied", "apply", "submitted", "opened", "open", "start"]
)
END_WORDS = frozenset(
    [
        "updated",
        "modified",
        "closed",
        "end",
        "ended",
        "ship",
        "shipped",
        "last",
        "paid",
        "resolved",
        "resolution",
        "due",
    ]
)
"""In the name of a time: it is (not) the time at which a row came into being."""

NEGATIVE_WORDS = frozenset(
    ["no", "not", "non", "none", "good", "paid", "negative", "normal", "healthy", "lost", "stayed", "active"]
)
"""In one of two outcomes: the other one is the event."""

SCALES = (
    ("very poor", "poor", "unsatisfactory", "fair", "good", "very good", "excellent"),
    ("very low", "low", "medium", "moderate", "high", "very high"),
    ("none", "partial", "full"),
    ("never", "rarely", "sometimes", "often", "always"),
    ("small", "medium", "large", "enterprise"),
    ("bronze", "silver", "gold", "platinum"),
)
"""Classes with a known order, from low to high."""

SENSITIVE_WORDS = frozenset(
    [
        "gender",
        "sex",
        "age",
        "race",
        "ethnicity",
        "ethnic",
        "religion",
        "nationality",
        "marital",
        "marriage",
        "disability",
    ]
)
"""In the name of a column: groups by it are to be compared for fairness."""
