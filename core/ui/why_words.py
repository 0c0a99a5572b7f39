"""What the Why page says in words: points with their unit, headings, the base."""

from __future__ import annotations

from core.domain.explained import Explanation, Reason
from core.domain.reasons import plural, points_text, reason_sentence
from core.domain.usecase import UseCase
from core.ui import words

SHORT = 26  # characters of a column's title beside a bar: more leaves a phone no room for the bar


def points(use_case: UseCase, value: float) -> str:
    """What a column adds to a score, with its sign and unit."""
    return points_text(use_case, value)


def scale(use_case: UseCase) -> tuple[float, str]:
    """What points are multiplied by on an axis, and the axis' unit."""
    return (100.0, "points") if use_case.policy.score_format == "percent" else (1.0, use_case.target.unit)


def counts(use_case: UseCase, value: float) -> bool:
    """Whether points are more than nothing at the digits that are shown."""
    return float(brief(use_case, value).split(" ")[0].replace(",", "")) != 0.0


def brief(use_case: UseCase, value: float) -> str:
    """The same without the word points, for the end of a bar."""
    return points(use_case, value).removesuffix(" points")


def short(title: str) -> str:
    """A title that leaves room for its bar.

    >>> short("Page views"), short("Days since the last conversation with us")
    ('Page views', 'Days since the last conve…')
    """
    return title if len(title) <= SHORT else f"{title[: SHORT - 1].rstrip()}…"


def of_value(reason: Reason) -> str:
    """A column with the value it has in this row."""
    return f"{reason.title}: {reason.value}" if reason.value else reason.title


def evidence(use_case: UseCase, reason: Reason) -> str:
    """What happened to earlier rows like it, without the column and value that stand above it; "" where unknown."""
    if reason.evidence is None:
        return ""
    return words.capitalised(reason_sentence(use_case, reason).removeprefix(f"{of_value(reason)}. "))


def base_name(use_case: UseCase) -> str:
    """What the starting point of the points is called."""
    return f"Typical {use_case.noun}"


def from_base(use_case: UseCase, said: Explanation) -> str:
    """The way from the base to the score in one sentence."""
    start, end = words.score(use_case, said.base), words.score(use_case, said.score)
    return f"From {start} for a typical {use_case.noun} to {end} for this one"


def facts(use_case: UseCase, said: Explanation) -> str:
    """How many rows this is compared with, of which days, by which version."""
    n = words.count(said.n_reference, f"earlier {use_case.noun}", f"earlier {plural(use_case.noun)}")
    dates = f", {said.reference_dates}" if said.reference_dates else ""
    return f"Compared with {n}{dates}; version {said.version}"


def better(use_case: UseCase) -> str:
    """Which way is good news: it is not the same for a lead and for a risk."""
    return "A higher score is better" if use_case.higher_is_better else "A lower score is better"
