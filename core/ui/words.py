"""Numbers, times and bands as people read them; the only place where a fraction becomes a per cent."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import UTC, datetime
from typing import Literal

from core.domain.policy import Band, Tone
from core.domain.usecase import Task, UseCase

Hue = Literal["green", "blue", "orange", "red"]

TONE_HUE: dict[Tone, Hue] = {Tone.GOOD: "green", Tone.FAIR: "blue", Tone.POOR: "orange", Tone.BAD: "red"}
TONE_ICON: dict[Tone, str] = {
    Tone.GOOD: ":material/check_circle:",
    Tone.FAIR: ":material/arrow_circle_up:",
    Tone.POOR: ":material/arrow_circle_down:",
    Tone.BAD: ":material/do_not_disturb_on:",
}


def count(number: int, noun: str = "", plural: str = "") -> str:
    """A number of things.

    >>> count(1234567, "row"), count(1, "lead"), count(12)
    ('1,234,567 rows', '1 lead', '12')
    """
    text = f"{number:,}"
    return f"{text} {noun if number == 1 else plural or noun + 's'}" if noun else text


def percent(fraction: float, digits: int = 1) -> str:
    """A fraction as a per cent; shares too small to show are not shown as zero.

    >>> percent(0.1234), percent(0.00001), percent(0.0)
    ('12.3%', '< 0.1%', '0.0%')
    """
    if 0 < fraction < 0.5 * 10 ** -(digits + 2):
        return f"< {10**-digits:.{digits}f}%"
    return f"{100 * fraction:.{digits}f}%"


def score(use_case: UseCase, value: float | None) -> str:
    """A score in the way its policy shows it, with its unit."""
    if value is None or math.isnan(value):
        return "none"
    if use_case.policy.score_format == "percent":
        return percent(value)
    unit = f" {use_case.target.unit}" if use_case.target.unit else ""
    return f"{value:,.4g}{unit}"


def score_name(use_case: UseCase) -> str:
    """What the score of a use case is."""
    if use_case.task is Task.BINARY:
        return "Probability"
    return "Score" if use_case.task is Task.MULTICLASS else "Predicted value"


def moment(time: datetime | None, now: datetime | None = None) -> str:
    """How long ago a UTC time was, then its date.

    >>> now = datetime(2026, 3, 2, 12, tzinfo=UTC)
    >>> moment(datetime(2026, 3, 2, 11, 58, tzinfo=UTC), now), moment(datetime(2026, 2, 1, 9, tzinfo=UTC), now)
    ('2 min ago', '1 Feb 2026, 09:00 UTC')
    """
    if time is None:
        return "never"
    time = time if time.tzinfo else time.replace(tzinfo=UTC)
    seconds = ((now or datetime.now(UTC)) - time).total_seconds()
    if seconds < 60:
        return "just now"
    if seconds < 3_600:
        return f"{int(seconds // 60)} min ago"
    if seconds < 86_400:
        return f"{int(seconds // 3_600)} h ago"
    return f"{exact(time)}"


def exact(time: datetime) -> str:
    """A UTC time to the minute."""
    return f"{time.day} {time:%b %Y, %H:%M} UTC"


def duration(seconds: float | None) -> str:
    """A stretch of time to two parts.

    >>> duration(0.34), duration(15.2), duration(75), duration(3720), duration(None)
    ('0.3 s', '15 s', '1 min 15 s', '1 h 2 min', 'not known yet')
    """
    if seconds is None:
        return "not known yet"
    if 0 <= seconds < 9.95:
        return f"{seconds:.1f} s"
    whole = max(0, round(seconds))
    if whole < 60:
        return f"{whole} s"
    if whole < 3_600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3_600} h {whole % 3_600 // 60} min"


def size(n_bytes: int) -> str:
    """How large a file is.

    >>> size(2_400), size(2_400_000), size(2_400_000_000)
    ('2.4 kB', '2.4 MB', '2.4 GB')
    """
    if n_bytes >= 1e9:
        return f"{n_bytes / 1e9:,.1f} GB"
    return f"{n_bytes / 1e6:,.1f} MB" if n_bytes >= 1e5 else f"{n_bytes / 1e3:,.1f} kB"


def band_named(use_case: UseCase, name: str) -> Band:
    """The band with this name; one of a former policy in the tone of the band that is in its place now."""
    place = use_case.policy.band_places.get(name)
    return Band(name, "", Tone.FAIR) if place is None else replace(use_case.policy.bands[place], name=name)


def chip(band: Band) -> str:
    """A band as a badge in Markdown: icon, word and colour.

    >>> chip(Band("A", "call", Tone.GOOD))
    ':green-badge[:material/check_circle: A]'
    """
    return f":{TONE_HUE[band.tone]}-badge[{TONE_ICON[band.tone]} {band.name}]"


def agreement(share: float, n_models: int, band: str) -> str:
    """How many models share the champion's band.

    >>> agreement(1.0, 4, "A"), agreement(0.5, 4, "A")
    ('All 4 models say A', '2 of 4 models say A')
    """
    same = round(share * n_models)
    return f"All {n_models} models say {band}" if same == n_models else f"{same} of {n_models} models say {band}"


def capitalised(text: str) -> str:
    """The text with a capital first letter, the rest as it is."""
    return text[:1].upper() + text[1:]
