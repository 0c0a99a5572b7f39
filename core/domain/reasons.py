"""Reasons in the words of the business: sentences without markup, and an answer that can be pasted into a mail."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from functools import lru_cache

from core.domain.columns import Kind
from core.domain.evidence import FEW, MISSING_TEXT, OTHER_TEXT
from core.domain.explained import Evidence, Explanation, Reason
from core.domain.usecase import Task, UseCase
from core.domain.values import day_text, number_text

SMALL = 0.01  # of the largest reason: what is below is not worth a line


def score_text(use_case: UseCase, value: float) -> str:
    """A score, or a rate of outcomes, in the way the policy shows it, with its unit."""
    if use_case.policy.score_format == "percent":
        return f"{100 * value:.1f}%".replace("-0.0%", "0.0%")
    unit = f" {use_case.target.unit}" if use_case.target.unit else ""
    return f"{value:,.4g}{unit}" if abs(value) < 10_000 else f"{value:,.0f}{unit}"


def points_text(use_case: UseCase, value: float) -> str:
    """What a column adds to a score: points of a hundred, or the target's unit, with its sign."""
    if use_case.policy.score_format == "percent":
        shown = f"{100 * value:+.1f}"
        return f"{shown if float(shown) else '0.0'} points"
    unit = f" {use_case.target.unit}" if use_case.target.unit else ""
    return (f"{value:+,.3g}" if abs(value) < 1_000 else f"{value:+,.0f}") + unit


def plural(noun: str) -> str:
    """More than one of a noun.

    >>> plural("lead"), plural("company"), plural("purchase"), plural("day")
    ('leads', 'companies', 'purchases', 'days')
    """
    if noun.endswith("y") and noun[-2:-1] not in "aeiou":
        return f"{noun[:-1]}ies"
    return f"{noun}es" if noun.endswith(("s", "x", "ch", "sh")) else f"{noun}s"


def split_reasons(reasons: tuple[Reason, ...], most: int = 5) -> tuple[tuple[Reason, ...], tuple[Reason, ...]]:
    """The largest reasons that help and that hurt, at most so many of each; what hardly counts is left out."""
    largest = max((abs(reason.points) for reason in reasons), default=0.0)
    worth = [reason for reason in reasons if reason.points != 0 and abs(reason.points) >= SMALL * largest]
    helps = tuple(reason for reason in worth if reason.helps)
    hurts = tuple(reason for reason in worth if not reason.helps)
    return helps[:most], hurts[:most]


def reason_sentence(use_case: UseCase, reason: Reason) -> str:
    """One reason with what became of earlier rows like it: no markup, no terms of the trade.

    "Referral source: Referral. 31.0% of 402 such leads converted, 12.5% overall."
    """
    said = f"{reason.title}: {reason.value}." if reason.value else f"{reason.title}."
    evidence = reason.evidence
    if evidence is None:
        return f"{said} No {FEW} earlier {plural(use_case.noun)} with a known outcome are like it in this."
    rate, overall = score_text(use_case, evidence.rate), score_text(use_case, evidence.overall)
    among = _among(use_case, reason, evidence)
    if _counts_share(use_case):
        told = f"{rate} of {among} {_happened(use_case)}, {overall} overall"
    else:
        told = f"{among} came out at {rate} on average, {overall} overall"
    return f"{said} {told}.{_disagreement(use_case, reason.points, evidence)}"


def _among(use_case: UseCase, reason: Reason, evidence: Evidence) -> str:
    """The rows of the group, in words: "402 such leads", "402 leads with between 12 and 25 pages"."""
    n, nouns, group = f"{evidence.n:,}", plural(use_case.noun), evidence.group
    kind = use_case.schema[reason.column].kind
    if group in (MISSING_TEXT, OTHER_TEXT, reason.value) or kind.is_coded or kind is Kind.YESNO:
        return f"{n} such {nouns}"
    return f"{n} {nouns} on a {group}" if kind is Kind.TIME else f"{n} {nouns} with {group}"


def _counts_share(use_case: UseCase) -> bool:
    """Whether rates are shares of rows: of the positive class, or of the class that the row is put into."""
    return use_case.task is Task.BINARY or (use_case.task is Task.MULTICLASS and not use_case.target.class_values)


def _happened(use_case: UseCase) -> str:
    """What the positive rows did: "converted", "defaulted"."""
    if use_case.task is not Task.BINARY:
        return "came out the same way"
    return _verb(use_case.noun, use_case.target.meaning) or f"had {use_case.target.name} {use_case.target.classes[1]}"


@lru_cache(maxsize=64)
def _verb(noun: str, meaning: str) -> str:
    """What is left of "the lead converted" without its subject; "" where the sentence is another.

    >>> _verb("lead", "the lead converted"), _verb("row", "Converted was 1")
    ('converted', '')
    """
    found = re.fullmatch(rf"(?:the|a|an|this) {re.escape(noun)} ([^,.;]+)\.?", meaning.strip(), re.IGNORECASE)
    return found[1] if found else ""


def _disagreement(use_case: UseCase, points: float, evidence: Evidence) -> str:
    """What must be said where the outcomes of the group do not bear a reason out."""
    if evidence.agrees is None:
        return " That may be chance." if points and evidence.rate != evidence.overall else ""
    if evidence.agrees:
        return ""
    less = evidence.rate < evidence.overall
    moves = "raises" if points > 0 else "lowers"
    if use_case.task is Task.BINARY and (verb := _verb(use_case.noun, use_case.target.meaning)):
        alone = f"{verb} {'less' if less else 'more'} often than average"
    else:
        alone = f"came out {'lower' if less else 'higher'} than average"
    return f" On its own this group {alone}; the model {moves} the score because of the other values with it."


def plain_text(use_case: UseCase, explanation: Explanation) -> str:
    """A short answer to paste into a mail: grade, score, decision, what helps and hurts, date, version."""
    noun = use_case.noun
    score, base = score_text(use_case, explanation.score), score_text(use_case, explanation.base)
    who = f"{noun[:1].upper()}{noun[1:]} {explanation.entity}".strip()
    lines = [
        f"{who}: {explanation.band}, {_score_name(use_case)} {score} (a typical {noun}: {base}).",
        f"Decision: {explanation.decision}{_decider(explanation.decided_by)}.",
    ]
    if explanation.voided:
        lines.append("The upload it came with was voided: this score no longer counts.")
    for heading, reasons in (("What helps", explanation.helps), ("What hurts", explanation.hurts)):
        lines += ["", f"{heading}:"] + [f"  {_line(use_case, reason)}" for reason in reasons]
        lines += [] if reasons else [f"  nothing, compared with a typical {noun}."]
    return "\n".join([*lines, "", _origin(use_case, explanation)])


def _line(use_case: UseCase, reason: Reason) -> str:
    return f"{points_text(use_case, reason.points)}  {reason_sentence(use_case, reason)}"


def _score_name(use_case: UseCase) -> str:
    if use_case.task is Task.REGRESSION:
        return "predicted value"
    return "probability" if use_case.task is Task.BINARY else "score"


def _decider(decided_by: str) -> str:
    """Who decided, where it was not the score.

    >>> _decider("champion"), _decider("rules"), _decider("random")
    ('', ' (by the rules, not by the score)', ' (drawn at random, not by the score)')
    """
    if decided_by == "champion":
        return ""
    said = {"rules": "by the rules", "random": "drawn at random", "challenger": "by a model on trial"}.get(
        decided_by, f"by {decided_by}"
    )
    return f" ({said}, not by the score)"


def _origin(use_case: UseCase, explanation: Explanation) -> str:
    when = _moment(explanation.scored_at)
    scored = f"Scored {when}by version {explanation.version}"
    dates = f" of {explanation.reference_dates}" if explanation.reference_dates else ""
    n = number_text(float(explanation.n_reference))
    return f"{scored}; compared with {n} earlier {plural(use_case.noun)}{dates}."


def _moment(time: datetime | None) -> str:
    if time is None:
        return ""
    time = time.astimezone(UTC) if time.tzinfo else time
    return f"on {day_text(time)} at {time:%H:%M} UTC "
