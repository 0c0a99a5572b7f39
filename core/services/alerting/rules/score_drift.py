"""Score drift: the champion's scores against those of its held-out rows, in the windows that were measured."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from core.domain.alert import Reading, State, Terms
from core.domain.drift.judgement import Level
from core.domain.usecase import UseCase
from core.services.alerting.drifted import drifted
from core.services.alerting.rule import Rule, not_applicable
from core.services.desk import Desk


def check(desk: Desk, use_case: UseCase | None, now: datetime, terms: Terms) -> Sequence[Reading]:
    """The newest judged window; information at first, a warning or critical where the change persists."""
    assert use_case is not None
    needed, of = terms.persistence
    found = drifted(desk, use_case, now, of)
    if found is None:
        return [not_applicable("No window with enough rows has been measured yet.")]
    score = found.score
    row, level = score.newest, Level(score.newest["level"])
    if level in (Level.TOO_FEW, Level.SHOWN):
        return [not_applicable(f"Not enough rows in {found.when}: {row['n']:,} of {row['needed']:,.0f}.", row["n"])]
    step = found.window["step"]
    figure = row["why"][0].rstrip(".") if row["why"] else f"PSI {row['psi']:.3f}, limit {row['psi_limit']:.3f}"
    says = (
        f"Scores of {score.name}: {level.value} against held-out rows in {found.when}, n = {row['n']:,}. {figure}. "
        f"Moved in {score.hits} of the last {len(score.rows)} judged {step}s ({needed} of {of} persist)."
    )
    state = State.BREACH if level.raised else State.OK
    severity = score.severity(terms) if level.raised else None
    facts = (row["psi"], row["psi_limit"], row["n"], severity, "", found.evidence, True)
    return [Reading(state, says, *facts)]


RULE = Rule(
    key="score_drift",
    title="Score drift",
    over="use case",
    terms=Terms(minimum_n=1, persistence=(2, 3), every=timedelta(hours=6)),
    runbook="Look at the drift page for the columns that moved with the scores, and at realised figures as soon as "
    "outcomes are mature. If the rows really changed, retrain; if a feed broke, repair it and void its uploads.",
    check=check,
    page="drift",
    watches="The champion's scores in the newest whole week (or month) against its held-out rows, by the policy's PSI "
    "bands and never below sampling noise; a change in one window is information.",
    counts="windows",
    fixed=("minimum_n",),
)
