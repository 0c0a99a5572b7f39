"""A rule of the watch: a coded check with its terms and what to do about it; one file each in `rules/`.

A file in `core/services/alerting/rules/` that names a `RULE` is a rule of the desk; nothing else registers it.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Literal

from core.domain.alert import Reading, Severity, State, Terms
from core.domain.usecase import UseCase
from core.services.desk import Desk

DESK_SUBJECT = "desk"  # of rules over the desk as a whole

Check = Callable[[Desk, UseCase | None, datetime, Terms], Sequence[Reading]]


@dataclass(frozen=True)
class Rule:
    """What is watched, when it matters, and what to do then.

    Attributes
    ----------
    key : str
        Of the rule in the ledger; it never changes.
    title : str
        A few words: "Rejected rows".
    over : {"use case", "desk"}
        Whether it looks at each use case that has a trained version, or once at the desk.
    terms : Terms
        Unless somebody set others.
    runbook : str
        What to do when it fires, in a sentence or two.
    check : callable
        (desk, use case or None, now, terms) -> readings, one per part that was judged; a part that has none any
        more counts as in order. It reads the log and the ledger as they stood at `now`, and changes nothing.
    page : str
        The url of the page where one does what the runbook says (`core.ui.places`).
    watches : str
        What it compares with what, in a sentence.
    unit : str
        Of values and limits: "rate" is shown as a per cent, anything else stands behind the number.
    counts : str
        What its persistence counts, in the plural: "looks", or the "windows" that it judges by itself.
    fixed : tuple of str
        Terms that it does not go by, because what it reads was judged before; nobody can set them.
    """

    key: str
    title: str
    over: Literal["use case", "desk"]
    terms: Terms
    runbook: str
    check: Check
    page: str = ""
    watches: str = ""
    unit: str = ""
    counts: str = "looks"
    fixed: tuple[str, ...] = ()


@cache
def rules() -> dict[str, Rule]:
    """Every rule of the desk by its key, in the order of their titles."""
    from core.services.alerting import rules as room

    found: dict[str, Rule] = {}
    for module in pkgutil.iter_modules(room.__path__):
        rule: Rule = importlib.import_module(f"{room.__name__}.{module.name}").RULE
        if rule.key in found:
            raise ValueError(f"Two rules are called {rule.key}.")
        found[rule.key] = rule
    return dict(sorted(found.items(), key=lambda item: item[1].title))


def judged(
    terms: Terms,
    sentence: str,
    value: float,
    *,
    sure: float | None = None,
    n: int | None = None,
    about: str = "",
    evidence: str = "",
) -> Reading:
    """A reading by the terms' limits: beyond `limit` a breach, beyond `critical` a critical one.

    Parameters
    ----------
    sure : float, optional
        What must lie beyond the limit: the end of the value's interval on the good side. The value itself by default.

    Examples
    --------
    >>> terms = Terms(limit=0.05, critical=0.2)
    >>> judged(terms, "12 % rejected", 0.12, sure=0.09).severity, judged(terms, "6 %", 0.06, sure=0.04).state
    (<Severity.WARNING: 'warning'>, <State.OK: 'ok'>)
    """
    tested = value if sure is None else sure
    severity = None
    if _beyond(tested, terms.limit, terms.below):
        severity = Severity.CRITICAL if _beyond(tested, terms.critical, terms.below) else terms.severity
    state = State.BREACH if severity else State.OK
    return Reading(state, sentence, value, terms.limit, n, severity, about, evidence)


def _beyond(value: float, limit: float | None, below: bool) -> bool:
    if limit is None:
        return False
    return value < limit if below else value > limit


def not_applicable(sentence: str, n: int | None = None, about: str = "") -> Reading:
    """Nothing could be judged, and why."""
    return Reading(State.NOT_APPLICABLE, sentence, n=n, about=about)


def too_few(n: int, terms: Terms, noun: str = "rows", about: str = "") -> Reading:
    """Not enough rows to judge.

    >>> too_few(84, Terms()).sentence
    'Not enough rows: 84 of 170.'
    """
    return not_applicable(f"Not enough {noun}: {n:,} of {terms.minimum_n:,}.", n, about)
