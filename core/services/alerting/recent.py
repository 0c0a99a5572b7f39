"""The newest rows of a use case, logged and refused: what the hourly looks judge."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from core.domain.alert import Reading, Terms
from core.domain.case_measures import share_above
from core.domain.compare.several import bonferroni_level
from core.domain.refusals import Refusal
from core.domain.usecase import UseCase
from core.services.alerting.rule import judged
from core.services.desk import Desk

NEWEST = 2_000  # rows: of a busy desk minutes, of a quiet one all that the rule's window holds
_LEVEL = 0.99  # of the intervals of a rule's columns, all together


@dataclass(frozen=True)
class Recent:
    """The newest rows.

    Attributes
    ----------
    since, last : datetime
        When the oldest and the newest of them was scored or refused.
    n_logged, n_refused : int
        Rows that were scored, and rows of uploads that were not.
    gaps : mapping of raw column to int
        Logged rows without a value.
    refused : mapping of (column, rule, level) to int
    """

    since: datetime
    last: str
    n_logged: int
    n_refused: int
    gaps: Mapping[str, int]
    refused: Mapping[Refusal, int]

    @property
    def n(self) -> int:
        """All of them."""
        return self.n_logged + self.n_refused


def recent(desk: Desk, use_case: UseCase, now: datetime, window: timedelta) -> Recent | None:
    """The newest rows within a window before `now`; None where there is none."""
    since = desk.log.newest_since(use_case, NEWEST, now - window, now) or now - window
    since = since if since.tzinfo else since.replace(tzinfo=UTC)
    n_logged, last, gaps = desk.log.gaps(use_case, use_case.schema.names, since, now)
    uploads = desk.log.uploads(use_case, since, now)
    if n_logged + uploads.n_rejected == 0:
        return None
    refused = desk.log.refused(use_case, since, now)
    return Recent(since, f"{last} {uploads.last}", n_logged, uploads.n_rejected, gaps, refused)


def above_reference(
    found: Recent, terms: Terms, hits: int, reference: tuple[float, int], n_columns: int, column: str, what: str
) -> Reading:
    """A share of the newest rows against the same share of the version's held-out rows.

    A breach where it lies above by more than the limit, and its interval, at a level that holds for all columns
    together, leaves out zero.

    Parameters
    ----------
    reference : (float, int)
        The share there, and of how many rows.
    what : str
        The sentence's beginning: "Page views is missing".
    """
    share, n_reference = reference
    level = bonferroni_level(n_columns, _LEVEL)
    above = share_above(hits, found.n, round(share * n_reference), n_reference, level)
    says = (
        f"{what} in {hits / found.n:.1%} of the {found.n:,} newest rows (since {found.since:%d %B %Y %H:%M} UTC), "
        f"{above.value * 100:+.1f} points against {n_reference:,} held-out rows (limit {terms.limit:.1%}; interval "
        f"{above.low * 100:+.1f} to {above.high * 100:+.1f})."
    )
    beyond = above.value if above.low > 0 else 0.0  # what chance explains breaches nothing
    return judged(terms, says, above.value, sure=beyond, n=found.n, about=column, evidence=found.last)
