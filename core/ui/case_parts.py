"""A case file as sections of text: the page and the document to print draw the same ones."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from core.domain.diagnosis import Check
from core.domain.metrics.catalogue import metric_of
from core.domain.metrics.measured import Measured
from core.domain.usecase import UseCase
from core.services.complaints.case_sections import CaseFile, Conversion
from core.services.complaints.cases import Case
from core.ui import case_words, figures, words
from core.ui.card_sections import Section

if TYPE_CHECKING:
    from core.store.ledger_tables import EventRecord, PreventionRecord

OUTCOMES = "Outcomes by band"
_DETAILS = ("text", "owner", "proposed_cause", "decided_cause", "answer", "kind", "due")


def evidence(use_case: UseCase, file: CaseFile, models: bool) -> list[Section]:
    """Every section that has something to say; `models`: the reader may see more than the acting score."""
    return [section for section in _all(use_case, file, models) if section.rows]


def _all(use_case: UseCase, file: CaseFile, models: bool) -> Iterator[Section]:
    yield _outcomes(use_case, file)
    yield _health(use_case, file)
    yield _changes(file, models)
    yield _recomputed(file)
    yield _similar(use_case, file)
    if models:
        yield _drift(use_case, file)
        yield _shadow(use_case, file)
        yield _calibration(use_case, file)
        yield _estimated(use_case, file)


def span(file: CaseFile) -> str:
    """The time that is looked at, the time before it, and the day of the outcomes."""
    window = file.window
    known = "" if window.known_on.date() == file.made_at.date() else f", outcomes as known on {_day(window.known_on)}"
    simulated = "; simulated rows" if window.simulated else ""
    return (
        f"Now: {_day(window.start)} to {_day(window.end)}, n = {window.n:,}; before: from {_day(window.before)}, "
        f"n = {window.n_before:,}{known}{simulated}."
    )


_day = case_words.day


def finding(use_case: UseCase, found: Conversion) -> str:
    """The outcomes now and before, in a line."""
    now, before = found.all_now, found.all_before
    name = case_words.outcome_name(use_case)
    if now.n == 0:
        return f"{name}: no {use_case.noun} of this time is old enough and has an outcome"
    said = f"{name} {case_words.spread(now, found.unit)} on {words.count(now.n, use_case.noun)}"
    return f"{said}, {case_words.spread(before, found.unit)} before" if before.n else said


def _outcomes(use_case: UseCase, file: CaseFile) -> Section:
    found, unit = file.conversion, file.conversion.unit
    lines = [
        (row.band, f"{row.n_now:,}", case_words.measured(row.now, unit), case_words.measured(row.before, unit))
        for row in found.bands
    ]
    whole = (
        f"{file.window.n:,}",
        case_words.measured(found.all_now, unit),
        case_words.measured(found.all_before, unit),
    )
    name, noun = case_words.outcome_name(use_case), use_case.noun
    now, then = found.maturity_now, found.maturity_before
    caption = (
        f"{name}, 95 % intervals, only {noun}s at least {use_case.target.horizon_days} days old whose outcome is "
        f"known: {now.n_known:,} of {now.n:,} now, {then.n_known:,} of {then.n:,} before. {span(file)}"
    )
    return Section(OUTCOMES, (*lines, ("All", *whole)), ("Band", f"{noun}s now".capitalize(), "Now", "Before"), caption)


def _health(use_case: UseCase, file: CaseFile) -> Section:
    health = file.health
    rejected = f"{case_words.measured(health.rejected, 'rate')} read" if health.n_read else "nothing was read"
    times = "not measured"
    if health.latency_p50_ms is not None and health.latency_p95_ms is not None:
        times = f"{health.latency_p50_ms:.1f} / {health.latency_p95_ms:.1f} ms"
        times += ", drawn by the simulation" if health.latency_simulated else ""
    rows = [
        (f"{words.capitalised(use_case.noun)}s scored", f"{health.n:,} in {words.count(health.n_batches, 'upload')}"),
        ("Rejected rows", rejected),
        ("Time per row, median / 95 %", times),
        ("Jobs", f"{health.n_jobs:,}, {len(health.failed_jobs):,} of them failed or interrupted"),
        *((f"Failed: {kind}", f"{words.exact(at)}: {message}") for kind, at, message in health.failed_jobs),
    ]
    return Section("Service health", tuple(rows), ("What", "Figure"), span(file))


def _changes(file: CaseFile, models: bool) -> Section:
    caption = "Changes of the acting version or of the policy in this time or in the 7 days before it."
    if not file.changes:
        return Section("Changes", (("None.",),), (), caption)
    rows = tuple(
        (words.exact(item.at), item.actor, item.action, item.subject, _told(item.before), _told(item.after))
        + ((item.reason or "",) if models else ())
        for item in file.changes
    )
    header = ("When", "Who", "What", "Of", "Before", "After", *(("Reason",) if models else ()))
    return Section("Changes", rows, header, caption)


def _told(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, dict) and len(value) == 1:
        return str(next(iter(value.values())))
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)


def _recomputed(file: CaseFile) -> Section:
    found = file.recomputed
    rows = [
        ("Logged scores scored again", f"{found.n:,}"),
        ("Differ from what was logged", f"{found.n_differing:,}, largest relative difference {found.largest:.1e}"),
        ("By versions", ", ".join(found.versions) or "none"),
    ]
    if found.missing:
        rows.append(("Versions that can no longer score", ", ".join(found.missing)))
    return Section("Recomputed", tuple(rows), ("What", "Figure"), "Each row by the version that scored it.")


def _similar(use_case: UseCase, file: CaseFile) -> Section:
    found = file.similar
    if found is None or not found.rows:
        return Section("Similar", ())
    columns = [column for column in use_case.schema if column.name in found.rows[0].values]
    header = ("Distance", words.capitalised(use_case.noun), "As of", "Score", "Outcome", *(c.title for c in columns))
    rows = tuple(
        (
            f"{row.distance:.3f}",
            row.entity,
            _day(row.as_of),
            words.score(use_case, row.score),
            row.outcome or "",
            *(_cell(row.values.get(column.name)) for column in columns),
        )
        for row in found.rows
    )
    own = f"; its own outcome: {found.actual}" if found.actual is not None else "; its own outcome is not known"
    caption = (
        f"The {found.k} nearest of {found.n:,} {use_case.noun}s with an outcome: "
        f"{case_words.outcome_name(use_case).lower()} {case_words.measured(found.outcome, file.conversion.unit)}. "
        f"This {use_case.noun} scored {words.score(use_case, found.score)}{own}."
    )
    return Section("Similar", rows, header, caption)


def _cell(value: Any) -> str:
    if value is None:
        return ""
    return f"{value:,.4g}" if isinstance(value, float) else str(value)


def _drift(use_case: UseCase, file: CaseFile) -> Section:
    found = file.drift
    if found is None:
        return Section("Drift", ())
    rows = tuple(
        (item.feature, f"{item.psi:.3f}", f"{item.limit:.3f}", f"{item.n:,}", f"{item.n_reference:,}", _moved(item))
        for item in found.columns
    )
    shift, scale, unit = found.shift, 1.0, use_case.target.unit or "score"
    if use_case.policy.score_format == "percent":
        scale, unit = 100.0, "points"
    caption = (
        f"Scores first: the mean moved by {scale * shift.value:+.3g} [{scale * shift.low:+.3g}, "
        f"{scale * shift.high:+.3g}] {unit} ({shift.method}), limit {scale * found.impact_limit:.3g}, n = {shift.n:,}; "
        f"PSI {found.score_psi:.3f}, limit {found.score_psi_limit:.3f}. Features: those that moved most, against the "
        "version's held-out rows; a limit is never below sampling noise."
    )
    return Section("Drift", rows, ("Feature", "PSI", "Limit", "Rows", "Held-out rows", "Verdict"), caption)


def _moved(item: Any) -> str:
    if not item.judged:
        return "calendar, not judged"
    return "moved" if item.drifted else "as before"


def _shadow(use_case: UseCase, file: CaseFile) -> Section:
    found = file.shadow
    if found is None:
        return Section("Champion and shadow", ())
    rows = tuple(
        (item.arm, _figure(found.metric, item.figure), _gap(item.difference), f"{item.figure.n:,}")
        for item in found.arms
    )
    pooled = " Too few rows of this time alone, so the rows before are in." if found.pooled else ""
    caption = (
        f"{words.capitalised(metric_of(found.metric).meaning)}. The same {found.n:,} {use_case.noun}s with an outcome "
        f"for all; paired 95 % intervals.{pooled}"
    )
    header = ("Arm", metric_of(found.metric).label, f"{found.arms[0].arm if found.arms else 'Champion'} minus it", "n")
    return Section("Champion and shadow", rows, header, caption)


def _figure(metric: str, found: Measured) -> str:
    return figures.measured(found.as_json() | {"name": metric})


def _gap(found: Measured | None) -> str:
    if found is None:
        return ""
    return f"{found.value:+.3g} [{found.low:+.3g}, {found.high:+.3g}]"


def _calibration(use_case: UseCase, file: CaseFile) -> Section:
    found, unit = file.calibration, file.conversion.unit
    if found is None:
        return Section("Calibration", ())
    rows = [
        ("Mean score", case_words.value(found.mean_score, unit)),
        (case_words.outcome_name(use_case), case_words.measured(found.mean_outcome, unit)),
    ]
    if found.slope is not None and found.slope_se is not None:
        rows.append(("Slope, 1 is right", f"{found.slope:.2f} ± {found.slope_se:.2f}"))
    if found.intercept is not None and found.intercept_se is not None:
        rows.append(("Intercept, 0 is right", f"{found.intercept:+.2f} ± {found.intercept_se:.2f}"))
    return Section("Calibration", tuple(rows), ("What", "Figure"), f"One standard error behind ±. {span(file)}")


def _estimated(use_case: UseCase, file: CaseFile) -> Section:
    found = file.estimated
    if found is None:
        return Section("Realised against estimated", ())
    rows = (
        ("Realised", _figure(found.metric, found.realised)),
        ("Estimated without outcomes", _figure(found.metric, found.expected)),
        ("Difference", f"{_gap(found.difference)} ({found.difference.method})"),
        ("The same difference on held-out rows", f"{found.reference_gap:+.3g}"),
    )
    caption = (
        f"{metric_of(found.metric).label} of {found.model}, n = {found.difference.n:,}. The estimate is "
        "right while inputs and outcome belong together as before."
    )
    return Section("Realised against estimated", rows, ("What", "Figure"), caption)


def checks(found: Sequence[Check], models: bool) -> Section:
    """Every check with its state as a word; its figures for readers who may see models."""
    header = ("State", "Check", *(("What it says",) if models else ()), "Points to", "Rows")
    rows = tuple(
        (case_words.CHECK_LOOK[item.state][2], item.name)
        + ((item.says,) if models else ())
        + (case_words.cause(item.cause.value), f"{item.n:,}")
        for item in found
    )
    return Section("Every check", rows, header)


def clocks(case: Case) -> Section:
    """The three promises of a case."""
    rows = tuple(
        (f"{item.hours} h", words.capitalised(item.name), case_words.clock(item), case_words.WORK[item.name])
        for item in case.clocks
    )
    return Section("Clocks", rows, ("Within", "What", "State", "What stops it"))


def timeline(events: Sequence[EventRecord]) -> Section:
    """What was done, by whom and when."""
    rows = tuple((words.exact(item.at), item.actor, item.action, _details(item)) for item in events)
    return Section("What was done", rows, ("When", "Who", "What", "Details"))


def _details(event: EventRecord) -> str:
    after = event.after if isinstance(event.after, dict) else {}
    said = [str(after[name]) for name in _DETAILS if after.get(name)]
    return "; ".join([*said, *([event.reason] if event.reason else [])])


def prevention(items: Sequence[PreventionRecord]) -> Section:
    """What is to keep it from happening again."""
    rows = tuple(
        (case_words.PREVENTION[item.kind], item.text, item.owner, _due(item), item.state, item.created_by)
        for item in items
    )
    return Section("So that it does not happen again", rows, ("Kind", "What", "Owner", "Due", "State", "Written by"))


def _due(item: PreventionRecord) -> str:
    return f"{item.due.day} {item.due:%b %Y}" if item.due else ""
