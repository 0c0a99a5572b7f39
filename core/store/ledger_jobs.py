"""Jobs, and how the columns of uploaded headers were mapped."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import func, insert, select, update

from core.errors import UnknownName
from core.store.ledger_desks import LedgerDesks
from core.store.ledger_tables import JOBS, MAPPINGS, JobRecord
from core.store.ledger_upsert import upsert


class LedgerJobs(LedgerDesks):
    """The jobs and the remembered mappings of `core.store.ledger.Ledger`."""

    def create_job(
        self, job_id: str, kind: str, use_case: str, actor: str, spec: Mapping[str, Any], created_at: datetime
    ) -> None:
        """Write down a job that waits in the queue of this desk."""
        values: dict[str, Any] = {"id": job_id, "kind": kind, "use_case": use_case, "actor": actor, "state": "queued"}
        values |= {"spec": dict(spec), "created_at": created_at, "desk": self.desk_id}
        with self.transaction() as connection:
            number = (connection.execute(select(func.max(JOBS.c.number))).scalar() or 0) + 1
            connection.execute(insert(JOBS).values(**values, number=number))

    def update_job(self, job_id: str, **changes: Any) -> None:
        """Change a job: state, message, started_at, finished_at, progress, result.

        Raises
        ------
        UnknownName
        """
        if changes.get("state") == "queued":  # it waits here now, wherever it was before
            changes["desk"] = self.desk_id
        with self.transaction() as connection:
            done = connection.execute(update(JOBS).where(JOBS.c.id == job_id).values(**changes))
            if done.rowcount == 0:
                raise UnknownName("job", job_id, [record.id for record in self.jobs(limit=20)])

    def job(self, job_id: str) -> JobRecord | None:
        """One job, or None."""
        rows = self._read(select(*_JOB).where(JOBS.c.id == job_id))
        return JobRecord(**rows[0]._mapping) if rows else None

    def jobs(self, *, state: str | None = None, use_case: str | None = None, limit: int = 100) -> list[JobRecord]:
        """Jobs, newest first."""
        newest = func.coalesce(JOBS.c.number, 0).desc()  # of an older ledger's jobs the number is not known
        query = select(*_JOB).order_by(JOBS.c.created_at.desc(), newest, JOBS.c.id).limit(limit)
        if state is not None:
            query = query.where(JOBS.c.state == state)
        if use_case is not None:
            query = query.where(JOBS.c.use_case == use_case)
        return [JobRecord(**row._mapping) for row in self._read(query)]

    def claim_interrupted(self, at: datetime, *, others: bool = False) -> list[JobRecord]:
        """Mark what a dead process left queued or running as interrupted, and return it.

        Only for the process that has the desk's lock: nobody else can be working on this desk's jobs. What other
        desks on the same ledger have in hand is left to them while they are there.

        Parameters
        ----------
        others : bool
            Only what desks left behind that are gone: this desk is at work.
        """
        left = JOBS.c.state.in_(("queued", "running"))
        with self.transaction() as connection:
            free = self._free(JOBS.c.desk, at, others)
            found = connection.execute(select(*_JOB).where(left, free).order_by(JOBS.c.created_at, JOBS.c.id)).all()
            jobs = [JobRecord(**row._mapping) for row in found]
            ids = [job.id for job in jobs]
            connection.execute(update(JOBS).where(JOBS.c.id.in_(ids)).values(state="interrupted", finished_at=at))
        return [replace(job, state="interrupted", finished_at=at) for job in jobs]

    def remember_mapping(
        self, use_case: str, fingerprint: str, mapping: Mapping[str, str | None], at: datetime
    ) -> None:
        """Keep how a header's columns were mapped; a later answer replaces an earlier one."""
        values = {"use_case": use_case, "fingerprint": fingerprint, "mapping": dict(mapping), "remembered_at": at}
        with self.transaction() as connection:
            upsert(connection, MAPPINGS, keys=("use_case", "fingerprint"), values=values)

    def recall_mapping(self, use_case: str, fingerprint: str) -> dict[str, str | None] | None:
        """The mapping remembered for a header, or None."""
        where = (MAPPINGS.c.use_case == use_case) & (MAPPINGS.c.fingerprint == fingerprint)
        rows = self._read(select(MAPPINGS.c.mapping).where(where))
        return dict(rows[0].mapping) if rows else None


_JOB = [column for column in JOBS.c if column.name != "number"]
