"""Whether a column of texts holds numbers, and how they are written: decided once, from all values."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from core.domain.features import Floats
from core.domain.inference.texts import Texts, quoted
from core.domain.inference.words import PLACEHOLDERS

MOSTLY = 0.99  # share of a column's values that must read as numbers (or times) for the column to be such
_REFUSED = frozenset({"infinity", "nan"})
_COMMA_NUMBER = re.compile(r"[+-]?(\d+|\d{1,3}(\.\d{3})+),\d+")
_GROUPED = re.compile(r"[+-]?\d{1,3}(,\d{3})+(\.\d+)?")
_GROUPED_DOTS = re.compile(r"[+-]?\d{1,3}(\.\d{3})+")
_MONEY = re.compile(r"[+-]?\s?[$€£¥]\s?\d[\d.,]*|\d[\d.,]*\s?[$€£¥%]")


@dataclass(frozen=True)
class NumberReading:
    """A column read as numbers.

    Attributes
    ----------
    values : array, shape (n_distinct,)
        By distinct text; NaN where a text is not a number.
    decimal : str
        The decimal sign, "." or ",".
    nulls : tuple of str
        Texts like "?" or "unknown" that can only mean a missing number here.
    strays : tuple of str
        Other texts that are no numbers; their rows will be refused.
    why : str
    """

    values: Floats
    decimal: str
    nulls: tuple[str, ...]
    strays: tuple[str, ...]
    why: str


def read_numbers(texts: Sequence[str], decimal: str = ".") -> Floats:
    """Numbers from texts by the rules of `core.domain.parsing`; NaN where a text is none.

    >>> read_numbers(["1.5", "2e3", "x"]), read_numbers(["1.234,5"], ",")
    (array([1.5e+00, 2.0e+03,     nan]), array([1234.5]))
    """
    return np.array([_number(text, decimal) for text in texts], dtype=np.float64)


def _number(text: str, decimal: str) -> float:
    if decimal == ",":
        text = text.replace(".", "").replace(",", ".")
    if "_" in text or text.lower().lstrip("+-") in _REFUSED:
        return np.nan
    try:
        return float(text)
    except ValueError:
        return np.nan


def decide_decimal(texts: Sequence[str], *, semicolons: bool = False, elsewhere: bool = False) -> tuple[str, str]:
    """The decimal sign of a column and the reason, from all its distinct values.

    Parameters
    ----------
    texts : sequence of str
    semicolons : bool
        The file separates fields by ";", as programs do where the comma is the decimal sign.
    elsewhere : bool
        Another column of the file has a decimal comma beyond doubt.

    Examples
    --------
    >>> decide_decimal(["1,5", "2,25"])
    (',', "decimal comma ('1,5')")
    >>> decide_decimal(["1,500"])[0], decide_decimal(["1,500"], semicolons=True)[0]
    ('.', ',')
    """
    commas = [text for text in texts if "," in text and _COMMA_NUMBER.fullmatch(text)]
    certain = [text for text in commas if not _GROUPED.fullmatch(text)]
    if certain:
        return ",", f"decimal comma ({quoted(certain[:1])})"
    if commas and (semicolons or elsewhere):
        reason = "the file separates fields by ';'" if semicolons else "other columns of the file have it"
        return ",", f"decimal comma ({quoted(commas[:1])} alone could also be thousands; {reason})"
    dotted = [text for text in texts if "." in text]
    if elsewhere and dotted and all(_GROUPED_DOTS.fullmatch(text) for text in dotted):
        return ",", f"dots read as thousands ({quoted(dotted[:1])}), because other columns have a decimal comma"
    return ".", ""


def as_numbers(texts: Texts, *, semicolons: bool = False, elsewhere: bool = False) -> NumberReading | None:
    """Read a column as numbers, or None when it does not hold any.

    A column is numeric when at least 99 % of its values (rows, missing ones apart) read as numbers once
    placeholders such as "?" are taken for missing. Codes with leading zeros stay text.
    """
    decimal, why = decide_decimal(texts.values, semicolons=semicolons, elsewhere=elsewhere)
    values = read_numbers(texts.values, decimal)
    unread = ~np.isfinite(values)  # an infinite number is refused like a text
    if unread.all() or _has_leading_zeros(texts.values):
        return None
    nulls = tuple(text for text, bad in zip(texts.values, unread, strict=True) if bad and text.lower() in PLACEHOLDERS)
    strays = tuple(text for text, bad in zip(texts.values, unread, strict=True) if bad and text not in nulls)
    is_null = np.array([text in nulls for text in texts.values])
    n_read, n_stray = int(texts.counts[~unread].sum()), int(texts.counts[unread & ~is_null].sum())
    if n_read < MOSTLY * (n_read + n_stray):
        return None
    said = [why] if why else []
    if nulls:
        said.append(f"{quoted(nulls)} ({int(texts.counts[is_null].sum()):,} rows) read as missing")
    if strays:
        said.append(f"{n_stray:,} values such as {quoted(strays)} are no numbers; their rows are refused")
    return NumberReading(values, decimal, nulls, strays, "; ".join(said))


def _has_leading_zeros(texts: Sequence[str]) -> bool:
    """Whether the column holds codes like 02134: digits only, one length, some with a leading zero."""
    if len({len(text) for text in texts}) != 1 or not all(text.isdigit() for text in texts):
        return False
    return len(texts[0]) > 1 and any(text[0] == "0" for text in texts)


def unreadable_numbers(texts: Texts) -> str:
    """How a column writes numbers that the desk does not read (thousands commas, currency signs), or ""."""
    grouped = [text for text in texts.values if _GROUPED.fullmatch(text)]
    money = [text for text in texts.values if _MONEY.fullmatch(text)]
    plain = int((~np.isnan(read_numbers(texts.values))).sum())
    for what, found in (("thousands commas", grouped), ("currency or per cent signs", money)):
        if found and len(found) + plain >= MOSTLY * texts.n_distinct:
            return f"numbers with {what} ({quoted(found[:1])})"
    return ""
