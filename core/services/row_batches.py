"""Rows that a program sends together: scored in chunks as they come, logged as one upload that can be voided."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime

import numpy as np

from core.domain.refusals import Refusal, refusals, worth_keeping
from core.domain.schema import Checked
from core.errors import RowProblem
from core.ml.scorer import Scorer
from core.services.access import Action, Actor, require
from core.services.desk import Desk
from core.services.request_counts import SCORE_FILE, counted
from core.services.scored_row import ScoredRow
from core.services.scoring import Row, score_checked
from core.store.log_batches import Batch

NAME = "rows sent together"


class RowBatch:
    """One upload of rows without a file; `score` it chunk by chunk, then `close` it, whatever happened.

    Parameters
    ----------
    desk : Desk
    actor : Actor
    key : str
    version : str, optional
        Another version than the one that acts, for those who may choose.

    Raises
    ------
    NotReady
        The use case has no trained version.
    NotPermitted
    """

    def __init__(self, desk: Desk, actor: Actor, key: str, version: str | None = None) -> None:
        require(actor, Action.SCORE_FILE)
        if version is not None:
            require(actor, Action.CHOOSE_VERSION)
        self._desk, self._actor = desk, actor
        self._scorer: Scorer = desk.scorer(key, version)
        self.use_case = self._scorer.use_case
        self._batch: Batch = desk.log.start_batch(
            self.use_case,
            version=self._scorer.card.version,
            source=actor.via,
            actor=actor.name,
            filename=NAME,
            at=datetime.now(UTC),
            decided_by=self._scorer.decided_by,
        )
        self.rows = self.refused = self.already = 0
        self._refused: Counter[Refusal] = Counter()

    @property
    def id(self) -> str:
        """What the upload is voided by."""
        return self._batch.id

    def score(self, rows: Sequence[Row]) -> list[ScoredRow | RowProblem]:
        """Score and log the next rows; each has its answer or what is wrong with it."""
        return _score(self._desk, self._actor, self, rows)

    def refuse(self, n_rows: int) -> None:
        """Count rows that could not be read at all."""
        self.rows += n_rows
        self.refused += n_rows

    def close(self, state: str = "done") -> None:
        """Write down how it ended: done, cancelled or failed; what was logged stays."""
        self._desk.log.note_refused(self._batch, worth_keeping(self._refused))
        at, n_rows, n_rejected = datetime.now(UTC), self.rows, self.refused
        self._desk.log.finish_batch(self._batch, state=state, at=at, n_rows=n_rows, n_rejected=n_rejected)

    def next_rows(self, rows: Sequence[Row]) -> list[ScoredRow | RowProblem]:
        """What `score` does, without counting the request."""
        numbers = np.arange(self.rows + 1, self.rows + 1 + len(rows))
        said = score_checked(self._desk, self._scorer, rows, numbers, self._in_batch, self._note)
        self.rows += len(rows)
        self.refused += sum(isinstance(answer, RowProblem) for answer in said)
        self.already += sum(isinstance(answer, ScoredRow) and answer.already for answer in said)
        return said

    def _in_batch(self, scorer: Scorer, _: datetime) -> Batch:
        """The batch, under the version that has scored: another one where that stands in."""
        return replace(self._batch, version=scorer.card.version)

    def _note(self, checked: Checked) -> None:
        self._refused.update(refusals(checked))


@counted(SCORE_FILE, rows=len)
def _score(_: Desk, __: Actor, batch: RowBatch, rows: Sequence[Row]) -> list[ScoredRow | RowProblem]:
    return batch.next_rows(rows)
