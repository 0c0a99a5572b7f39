"""The way of a file through the desk: read, check, score, log and write, chunk by chunk.

Three threads share the work so that two cores stay busy: one reads ahead, this one scores, one logs;
the scored file has a writer thread of its own. Memory is bounded by a few chunks, whatever the file.
"""

from __future__ import annotations

import hashlib
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from core.domain.columns import Array
from core.domain.refusals import Refusal, refusals, worth_keeping
from core.ml.explain import Explainer
from core.ml.scorer import Scorer, ScoreTable
from core.services.access import Actor
from core.services.comparison.assigning import Assigned, all_shadows, assigning
from core.services.comparison.shadowing import shadow_scorer
from core.services.desk import Desk
from core.services.feature_counts import feature_counts
from core.services.governing.acting import led_scorer
from core.services.jobs import JobRun
from core.services.reasons.bulk_reasons import reason_columns
from core.services.reasons.explainers import explainer
from core.services.records import Accepted, accept, log_rows, log_scores, output_columns
from core.services.request_counts import SCORE_FILE, counted
from core.services.tallies import FILE_ROWS
from core.store.identity import prediction_ids
from core.store.intake import Chunk, Source
from core.store.output import RejectsWriter, ScoredWriter

KIND = "score file"


@dataclass
class Tally:
    """What a job has done so far."""

    rows: int = 0
    scored: int = 0
    rejected: int = 0
    known: int = 0
    imputed: int = 0
    bands: Counter[str] = field(default_factory=Counter)
    refused: Counter[Refusal] = field(default_factory=Counter)

    def as_result(self) -> dict[str, Any]:
        """Plain values for the ledger and the command line."""
        return {
            "rows": self.rows,
            "scored": self.scored,
            "rejected": self.rejected,
            "already_scored": self.known,
            "imputed": self.imputed,
            "bands": dict(self.bands),
        }


class FileScoring:
    """One file on its way through the desk."""

    def __init__(self, desk: Desk, run: JobRun) -> None:
        spec = run.state.spec
        self.desk, self.run, self.spec = desk, run, spec
        self.actor = _actor(run)
        key, version = run.state.use_case, spec["version"]
        found = desk.scorer(key, None if version == desk.acting_version(key) else version)
        # a job that is resumed goes on with the model it began with, whoever was promoted meanwhile
        self.scorer: Scorer = led_scorer(found, spec.get("model", "")) if found.card.version == version else found
        self.explainer = self._explainer()
        self.shadow = shadow_scorer(desk, run.state.use_case)
        self.experiment = assigning(desk, self.scorer)
        self.tally = Tally()
        self.outputs = {name: Path(path) for name, path in self._output_paths().items() if path}

    def _explainer(self) -> Explainer | None:
        """What says why, where reasons were asked for."""
        key, version = self.run.state.use_case, self.scorer.card.version
        return explainer(self.desk, key, version) if self.spec.get("reasons") else None

    def _output_paths(self) -> dict[str, str | None]:
        given = self.spec.get("outputs")
        if given is not None:
            return dict(given)
        folder = self.desk.settings.data_dir / "results" / self.run.state.id
        stem = Path(self.spec["filename"]).stem[:60] or "file"
        return {
            "csv": str(folder / f"{stem}.scored.csv"),
            "parquet": str(folder / f"{stem}.scored.parquet"),
            "rejects": str(folder / f"{stem}.rejects.csv"),
        }

    def __call__(self) -> dict[str, Any]:
        """Score the whole file and return the summary."""
        from core.services.batches import open_for

        path = Path(self.spec["path"])
        source = open_for(self.desk, self.scorer.use_case, path, self.spec["mapping"])
        started = datetime.now(UTC)
        self.batch = self.desk.log.start_batch(
            self.scorer.use_case,
            version=self.scorer.card.version,
            source=self.actor.via,
            actor=self.actor.name,
            filename=self.spec["filename"],
            file_sha256=_sha256(path),
            at=started,
            decided_by=self.scorer.decided_by,
        )
        for output in self.outputs.values():
            output.parent.mkdir(parents=True, exist_ok=True)
        scored = ScoredWriter(self.outputs.get("csv"), self.outputs.get("parquet"))
        rejects = RejectsWriter(self.outputs.get("rejects"))
        state = "failed"
        try:
            self._score_all(source, scored, rejects)
            scored.close()
            rejects.close()
            state = "done"
        except BaseException:
            scored.abort()
            rejects.abort()
            if self.run.cancel_asked.is_set():
                state = "cancelled"
            raise
        finally:
            self._tell_tallies()
            self.desk.log.note_refused(self.batch, worth_keeping(self.tally.refused))
            self.desk.log.finish_batch(
                self.batch, state=state, at=datetime.now(UTC), n_rows=self.tally.rows, n_rejected=self.tally.rejected
            )
        return self._summary(rejects)

    def _tell_tallies(self) -> None:
        """Rows that were read, for the metrics."""
        tallies, key, rejected = self.desk.requests.tallies, self.scorer.use_case.key, self.tally.rejected
        tallies.add(FILE_ROWS, key, "accepted", n=self.tally.rows - rejected)
        tallies.add(FILE_ROWS, key, "rejected", n=rejected)

    def _score_all(self, source: Source, scored: ScoredWriter, rejects: RejectsWriter) -> None:
        pending: Future[Any] | None = None
        with ThreadPoolExecutor(1, thread_name_prefix="log") as logger:
            for chunk in _ahead(source.chunks()):
                step = self._score_chunk(chunk, scored, rejects)
                if pending is not None:
                    self._logged(pending.result())
                pending = logger.submit(self._log_chunk, *step) if step else None
                self.run.report(self.tally.rows, source.fraction)
            if pending is not None:
                self._logged(pending.result())

    def _score_chunk(self, chunk: Chunk, scored: ScoredWriter, rejects: RejectsWriter) -> tuple[Any, ...] | None:
        began = time.perf_counter()
        use_case = self.scorer.use_case
        checked = use_case.schema.check(chunk.parsed, chunk.n_rows)
        rejects.write(chunk, checked)
        self.tally.refused.update(refusals(checked))
        accepted = self.desk.pseudonyms.over(use_case, accept(checked, chunk.parsed, chunk.row_numbers))
        self.tally.rows += chunk.n_rows + len(chunk.ragged)
        self.tally.rejected += chunk.n_rows - accepted.n_rows + len(chunk.ragged)
        if accepted.n_rows == 0:
            return None
        scores = self._scores(accepted)
        facts = accepted.columns, accepted.other_texts, accepted.n_rows
        ids = prediction_ids(use_case, self.scorer.bundle.identity, *facts, row_numbers=accepted.row_numbers)
        assigned = self.experiment(accepted, scores, ids) if self.experiment else None
        scores, arms = (assigned.scores, assigned.columns) if assigned else (scores, {})
        texts = chunk.texts if accepted.n_rows == chunk.n_rows else chunk.texts.filter(pa.array(checked.ok))
        scored.write(texts, output_columns(self.scorer, accepted, scores, ids) | arms | self._reasons(accepted))
        self._count(accepted, scores)
        seconds = time.perf_counter() - began - (assigned.seconds if assigned else 0.0)
        return self.scorer, accepted, scores, ids, seconds * 1_000 / accepted.n_rows, assigned

    def _scores(self, accepted: Accepted) -> ScoreTable:
        """Scores of a chunk; from here on by the last good version, where this one errors."""
        scorer, scores = self.desk.standby.score(self.scorer, accepted.columns, accepted.n_rows)
        if scorer is not self.scorer:
            self.scorer = scorer
            self.explainer = self._explainer()
            self.experiment = self.experiment.served_by(scorer) if self.experiment else None
        return scores

    def _reasons(self, accepted: Accepted) -> dict[str, Any]:
        """Reasons in columns, where they were asked for; every block is a chance to cancel."""
        if self.explainer is None:
            return {}
        before, fraction = self.tally.rows - accepted.n_rows, self.run.state.fraction
        return reason_columns(self.explainer, accepted, lambda done: self.run.report(before + done, fraction))

    def _log_chunk(
        self,
        scorer: Scorer,
        accepted: Accepted,
        scores: ScoreTable,
        ids: pa.Array,
        per_row_ms: float,
        assigned: Assigned | None,
    ) -> Array:
        at = assigned.at if assigned else datetime.now(UTC)
        rows = log_rows(scorer.use_case, accepted, scores, ids, at)
        rows = assigned.in_log(rows) if assigned else rows
        scored = log_scores(scorer, scores, ids, per_row_ms)
        times = rows["as_of"].to_numpy()

        def count(new: Array) -> pa.Table:
            fresh = slice(None) if new.all() else new
            return feature_counts(scorer.bundle.profile, scores.matrix[fresh], times[fresh])

        version = scorer.card.version  # another than the batch's from where it stood in
        shadow = None if self.shadow is not None and self.shadow.card.version == version else self.shadow
        shadows = all_shadows(shadow, assigned, accepted, ids)
        batch = replace(self.batch, version=version)
        return self.desk.log.append(scorer.use_case, batch, rows, scored, count=count, shadows=shadows)

    def _logged(self, new: Array) -> None:
        self.tally.scored += len(new)
        self.tally.known += len(new) - int(new.sum())

    def _count(self, accepted: Accepted, scores: ScoreTable) -> None:
        names = self.scorer.use_case.policy.band_names
        for code, count in enumerate(np.bincount(scores.band, minlength=len(names)).tolist()):
            self.tally.bands[names[code]] += count
        self.tally.imputed += accepted.n_imputed

    def _summary(self, rejects: RejectsWriter) -> dict[str, Any]:
        seconds = self.run.elapsed()
        files = {name: str(path) for name, path in self.outputs.items() if path.exists()}
        return {
            "batch": self.batch.id,
            "use_case": self.scorer.use_case.key,
            "version": self.scorer.card.version,
            **self.tally.as_result(),
            "seconds": round(seconds, 3),
            "rows_per_second": round(self.tally.rows / max(seconds, 1e-9)),
            "files": files,
        }


def _ahead(chunks: Iterator[Chunk]) -> Iterator[Chunk]:
    """Read one chunk ahead in a thread of its own; its error is raised here."""
    with ThreadPoolExecutor(1, thread_name_prefix="read") as reader:
        pending = reader.submit(next, chunks, None)
        while (chunk := pending.result()) is not None:
            pending = reader.submit(next, chunks, None)
            yield chunk


def _sha256(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _actor(run: JobRun) -> Actor:
    """Who asked for a job, by which face."""
    return Actor.from_json(run.state.spec["actor"])


@counted(SCORE_FILE, rows=lambda summary: int(summary["rows"]))
def _score_file(desk: Desk, _actor: Actor, run: JobRun) -> dict[str, Any]:
    return FileScoring(desk, run)()


def register(desk: Desk) -> None:
    """Let the desk's queue score files."""
    desk.jobs.register(KIND, lambda run: _score_file(desk, _actor(run), run))
