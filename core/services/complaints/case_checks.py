"""Every check of a complaint, with its figures, limit and sentence; `core.domain.diagnosis` says what follows."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import numpy as np
import pyarrow.compute as pc

from core.domain.case_measures import Stuck, least_likely_run, share_above
from core.domain.columns import missing_mask
from core.domain.compare.several import bonferroni_level
from core.domain.diagnosis import Cause, Check, State
from core.domain.metrics.proportion import proportion
from core.services.complaints.case_rows import CaseRows, floats, run_columns, typed
from core.services.complaints.case_sections import Change, Drift, Estimated, Health, Recomputation

_INTEGRATION = Cause.INTEGRATION


def model_checks(rows: CaseRows, recomputed: Recomputation, changes: Sequence[Change]) -> Iterator[Check]:
    """Can the scores be reproduced, and did a version or policy change?"""
    name, days = "Recomputed score", rows.limits.change_days
    if recomputed.n == 0:
        yield _few(rows, name, Cause.MODEL, 0, "No logged score of this time can be recomputed")
    else:
        bad = recomputed.n_differing > 0
        says = f"{recomputed.n_differing:,} of {recomputed.n:,} recomputed scores differ from the logged ones."
        yield Check(
            name, Cause.MODEL, _state(bad), says, recomputed.n, recomputed.n_differing, limit=0, unit="rows", on=rows.on
        )
    told = "; ".join(f"{change.at:%d %B %Y}: {change.action} ({change.subject})" for change in changes)
    says = told + "." if changes else f"No version or policy changed in this time or in the {days} days before it."
    n = len(changes)
    yield Check(
        "Version and policy changes", Cause.MODEL, _state(n > 0), says, n, n, limit=0, unit="changes", on=rows.on
    )


def integration_checks(rows: CaseRows, health: Health) -> Iterator[Check]:
    """Did what was sent arrive, whole and in time?"""
    yield _rejected(rows, health)
    yield _imputed(rows)
    yield _missing(rows)
    yield _late(rows)
    yield _stuck(rows)


def data_check(rows: CaseRows, drift: Drift | None) -> Check:
    """Score drift: the mean moved by more than the impact limit, and its interval leaves out zero."""
    name = "Score drift"
    if drift is None or drift.shift.n < rows.limits.minimum_rows or math.isnan(drift.shift.low):
        return _few(rows, name, Cause.DATA, rows.window.n, "Too few rows to see whether scores moved")
    shift, limit = drift.shift, drift.impact_limit
    bad = abs(shift.value) > limit and not shift.low <= 0 <= shift.high
    unit = "points" if rows.use_case.policy.score_format == "percent" else rows.use_case.target.unit or "score"
    by = 100 if unit == "points" else 1
    says = (
        f"The mean score of {shift.n:,} rows moved by {shift.value * by:+.2f} {unit} against held-out rows, "
        "the calendar aside "
        f"({rows.limits.level:.0%} interval {shift.low * by:+.2f} to {shift.high * by:+.2f}; limit {limit * by:.2f})."
    )
    facts = (shift.value * by, shift.low * by, shift.high * by, limit * by)
    return Check(name, Cause.DATA, _state(bad), says, shift.n, *facts, unit=unit, on=rows.on)


def concept_check(rows: CaseRows, found: Estimated | None) -> Check:
    """Realised minus estimated, outside its interval."""
    name = "Realised against estimated"
    if found is None or not found.realised.enough:
        n = int(rows.now.counts.sum())
        return _few(rows, name, Cause.CONCEPT, n, "Too few rows of this time are old enough and have an outcome")
    difference = found.difference
    bad = not difference.low <= 0 <= difference.high
    says = (
        f"{found.metric}: {found.realised.value:.3f} realised on {difference.n:,} rows, {found.expected.value:.3f} "
        f"estimated; difference {difference.value:+.3f} ({rows.limits.level:.0%} interval {difference.low:+.3f} to "
        f"{difference.high:+.3f})."
    )
    facts = (difference.value, difference.low, difference.high, 0.0)
    return Check(name, Cause.CONCEPT, _state(bad), says, difference.n, *facts, unit=found.metric, on=rows.on)


def _rejected(rows: CaseRows, health: Health) -> Check:
    name, share, limit = "Rejected rows", health.rejected, rows.limits.rejected_share
    if health.n_read < rows.limits.minimum_rows:
        return _few(rows, name, _INTEGRATION, health.n_read, "Too few rows came in")
    says = f"{share.value:.1%} of {health.n_read:,} rows were rejected (95 % {share.low:.1%} to {share.high:.1%}; "
    facts = (share.value, share.low, share.high, limit)
    bad = share.low > limit
    return _share(rows, name, bad, says + f"limit {limit:.0%}).", health.n_read, facts)


def _imputed(rows: CaseRows) -> Check:
    name, limits = "Values filled in", rows.limits
    n, n_before = rows.window.n, rows.window.n_before
    if min(n, n_before) < limits.minimum_rows:
        return _few(rows, name, _INTEGRATION, min(n, n_before), "Too few rows, now or before")
    hits, then = (_filled(table) for table in (rows.table, rows.before))
    above = share_above(hits, n, then, n_before, limits.level)
    bad = above.value > limits.imputed_excess and above.low > 0
    says = (
        f"{hits / n:.1%} of {n:,} rows had a value filled in, {then / n_before:.1%} of {n_before:,} before "
        f"(limit {limits.imputed_excess:.0%} more)."
    )
    return _share(rows, name, bad, says, n, (above.value, above.low, above.high, limits.imputed_excess))


def _filled(table: object) -> int:
    texts = pc.fill_null(table["imputed"].cast("string"), "")  # type: ignore[index]
    return int(pc.sum(pc.not_equal(texts, "")).as_py() or 0)


def _missing(rows: CaseRows) -> Check:
    """The column whose share of missing values exceeds the reference's most, corrected for the number of columns."""
    name, limits, n = "Missing values", rows.limits, rows.window.n
    if n < limits.minimum_rows or rows.main is None:
        return _few(rows, name, _INTEGRATION, n, "Too few rows to compare")
    reference = rows.main.columns
    names = [column for column in rows.use_case.model_columns if column in reference]
    level = bonferroni_level(len(names), limits.level)
    found = []
    for column in names:
        hits, then = (
            int(missing_mask(rows.use_case.schema[column], item[column]).sum()) for item in (rows.columns, reference)
        )
        found.append((share_above(hits, n, then, len(reference[column]), level), column, hits))
    above, column, hits = max(found, key=lambda item: item[0].value)
    bad = above.value > limits.missing_excess and above.low > 0
    says = (
        f"{rows.use_case.schema[column].title} is missing in {hits / n:.1%} of {n:,} rows, {above.value * 100:+.1f} "
        f"points against held-out rows, the most of {len(names)} columns (limit {limits.missing_excess:.0%})."
    )
    return _share(rows, name, bad, says, n, (above.value, above.low, above.high, limits.missing_excess))


def _late(rows: CaseRows) -> Check:
    """Outcomes that are due and unknown; decisions of which no outcome is ever known owe none."""
    name, limits, judged = "Late outcomes", rows.limits, rows.judged
    told = np.unique(judged.decision[~np.isnan(judged.outcome)])
    wait = rows.use_case.target.horizon_days + limits.late_grace_days
    latest = np.datetime64(rows.window.known_on.date(), "D") - np.timedelta64(wait, "D")
    due = rows.inside & (judged.days < latest) & np.isin(judged.decision, told)
    n = int(due.sum())
    if n < limits.minimum_rows:
        return _few(rows, name, _INTEGRATION, n, f"Too few rows of this time are over {wait} days old")
    share = proportion("late", int(np.isnan(judged.outcome[due]).sum()), n)
    limit = f"limit {limits.late_share:.0%}"
    says = f"{share.value:.1%} of {n:,} outcomes that are due ({wait} days) have not come in ({limit})."
    facts = (share.value, share.low, share.high, limits.late_share)
    return _share(rows, name, share.low > limits.late_share, says, n, facts)


def _stuck(rows: CaseRows) -> Check:
    name, limits, n = "Stuck feed", rows.limits, rows.window.n
    if n < limits.minimum_rows or rows.main is None:
        return _few(rows, name, _INTEGRATION, n, "Too few rows to tell a stuck feed from chance")
    case, names = rows.use_case, run_columns(rows.use_case)
    held = rows.main.columns
    reference = {column: floats(case, column, held[column]) for column in names}
    run = least_likely_run(
        typed(case, rows.table, names), reference, typed(case, rows.before, names), limits.stuck_rows
    )
    limit = math.log10(limits.stuck_odds)
    if run is None:
        says = f"No column repeats one value over {limits.stuck_rows} rows or more, of {n:,}."
        return Check(name, _INTEGRATION, State.OK, says, n, limit=limit, unit="log10 of runs expected", on=rows.on)
    odds = run.log_odds / math.log(10)
    says = _run_says(rows, run, odds)
    unit = "log10 of runs expected"
    return Check(name, _INTEGRATION, _state(odds < limit), says, n, odds, limit=limit, unit=unit, on=rows.on)


def _run_says(rows: CaseRows, run: Stuck, odds: float) -> str:
    title = rows.use_case.schema[run.column].title
    at = rows.table["as_of"][run.first].as_py()
    what = "missing" if math.isnan(run.value) else "the same"
    chance = "about what chance gives" if odds > -2 else f"chance gives 10^{odds:.0f} of such runs"
    where = f"{run.length:,} rows running from {at:%d %B %Y %H:%M} (UTC), of {rows.window.n:,}"
    return f"{title} is {what} in {where}: {chance}."


def _share(rows: CaseRows, name: str, bad: bool, says: str, n: int, facts: tuple[float, float, float, float]) -> Check:
    value, low, high, limit = facts
    return Check(name, _INTEGRATION, _state(bad), says, n, value, low, high, limit, "share", rows.on)


def _few(rows: CaseRows, name: str, cause: Cause, n: int, why: str) -> Check:
    return Check(name, cause, State.FEW, f"{why} ({n:,} rows, {rows.limits.minimum_rows} needed).", n, on=rows.on)


def _state(bad: bool) -> State:
    return State.BREACH if bad else State.OK
