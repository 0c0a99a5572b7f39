"""Scoring jobs: rows from a folder, files or a query, scored by the clock, handed on. Set by role, on record."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from core.bridges import webhook
from core.errors import InputError
from core.services.access import Action, Actor, require
from core.services.desk import Desk
from core.services.scheduling import when
from core.services.scheduling.scoring_spec import (
    Source,
    Spec,
    Target,
    To,
    absolute,
    check_source,
    check_target,
)
from core.services.scheduling.task import Task
from core.store.ledger_schedule_tables import ScoringJobRecord, SourceTaken
from core.store.secret_texts import FROM_ENVIRONMENT, SecretTexts

_LONGEST_NAME = 60


@dataclass(frozen=True)
class Wanted:
    """A scoring job as somebody wants it.

    Attributes
    ----------
    address : str
        A folder, a database (path or URL) or the webhook's URL; "env:NAME" of the variable that holds a URL.
    secret : str
        Of a webhook: shared with the receiver; "env:NAME" of the variable that holds it.
    """

    name: str
    source: Source
    to: To
    address: str
    cron: str
    form: str = "csv"
    table: str = ""
    batch_rows: int = 500
    secret: str = ""


def define(desk: Desk, actor: Actor, key: str, wanted: Wanted, now: datetime | None = None) -> ScoringJobRecord:
    """Keep a scoring job; it runs for the first time when its time comes, or when somebody asks.

    Raises
    ------
    InputError
        The name, the source, the target or the time cannot be used. No secret is in the message.
    """
    require(actor, Action.SCHEDULE)
    use_case, at = desk.use_case(key), now or datetime.now(UTC)
    name = _name(desk, wanted.name)
    check_source(desk, wanted.source)
    when.check(wanted.cron)
    source = replace(wanted.source, path=str(absolute(wanted.source.path)))
    target = _target(desk, wanted)
    check_target(desk, target)
    spec = Spec(source, target, wanted.cron.strip())
    job = ScoringJobRecord(uuid.uuid4().hex[:8], use_case.key, name, at, actor.name, spec.as_json())
    with desk.ledger.transaction():
        desk.ledger.save_scoring_job(job)
        _event(desk, actor, at, "define scoring job", job, after=_told(spec))
    return job


def remove(desk: Desk, actor: Actor, job_id: str, reason: str, now: datetime | None = None) -> None:
    """Take a scoring job away and forget its secrets; its runs and what it scored stay."""
    require(actor, Action.SCHEDULE)
    if len(reason.strip()) < 3:
        raise InputError("A scoring job is removed for a reason.", "Say why in a few words.")
    at, job = now or datetime.now(UTC), desk.ledger.scoring_job(job_id)
    spec = Spec.from_json(job.spec)
    with desk.ledger.transaction():
        desk.ledger.save_scoring_job(replace(job, removed_at=at))
        _event(desk, actor, at, "remove scoring job", job, before=_told(spec), reason=reason.strip())
    for name in spec.target.secrets.values():
        secrets_of(desk).drop(name)
    sent_file(desk, job.id).unlink(missing_ok=True)


def scoring_jobs(desk: Desk, actor: Actor, key: str | None = None) -> list[ScoringJobRecord]:
    """Scoring jobs by name, of one use case or all."""
    require(actor, Action.SEE_SERVICE)
    return desk.ledger.scoring_jobs(key)


def sources(desk: Desk, actor: Actor, job_id: str, limit: int = 100) -> list[SourceTaken]:
    """What a scoring job took, newest first."""
    require(actor, Action.SEE_SERVICE)
    return desk.ledger.sources_taken(job_id, limit)


def task_of(job: ScoringJobRecord) -> Task:
    """The task that runs a scoring job."""
    job_id = job.id

    def run(desk: Desk, now: datetime) -> Mapping[str, Any]:
        from core.services.scheduling.scoring_run import run_scoring_job

        return run_scoring_job(desk, job_id, now)

    return Task(f"scoring-{job.id}", f"Score: {job.name}", job.spec["cron"], run, lane="scoring")


def secrets_of(desk: Desk) -> SecretTexts:
    """The secret texts of a desk."""
    return SecretTexts(desk.settings.data_dir / "secrets.toml")


def sent_file(desk: Desk, job_id: str) -> Path:
    """Where it stands what a scoring job has sent."""
    return desk.settings.data_dir / "scoring_jobs" / f"{job_id}.duckdb"


def _name(desk: Desk, name: str) -> str:
    text = name.strip()
    if not 3 <= len(text) <= _LONGEST_NAME:
        raise InputError(f"A name of {len(text)} characters is not used.", f"Use 3 to {_LONGEST_NAME}.")
    if any(job.name == text for job in desk.ledger.scoring_jobs()):
        raise InputError(f"There is a scoring job '{text}' already.", "Give it another name, or remove the other one.")
    return text


def _target(desk: Desk, wanted: Wanted) -> Target:
    """Where scores go, its secrets put away."""
    if wanted.to is To.FILE:
        return Target(To.FILE, str(absolute(wanted.address)), form=wanted.form)
    texts = secrets_of(desk)
    if wanted.to is To.WEBHOOK:
        host = webhook.check(_plain(texts, wanted.address), _plain(texts, wanted.secret))
        target = Target(To.WEBHOOK, host, batch_rows=wanted.batch_rows)
        check_target(desk, target)  # before anything of it is kept
        return replace(target, secrets={"address": texts.put(wanted.address), "secret": texts.put(wanted.secret)})
    from core.store.table_target import check_place, shown

    address = _plain(texts, wanted.address)
    place = address if "://" in address else str(absolute(address))
    check_place(place, wanted.table)
    if "://" not in place:
        if Path(place).is_relative_to(desk.settings.home.resolve()):
            raise InputError(f"{place} lies in the desk's own folders.", "Name a database outside.")
        return Target(To.TABLE, place, table=wanted.table)
    return Target(To.TABLE, shown(place), table=wanted.table, secrets={"address": texts.put(wanted.address)})


def _plain(texts: SecretTexts, given: str) -> str:
    """The text itself where the name of a variable was given."""
    return texts.get(given) if given.startswith(FROM_ENVIRONMENT) else given


def _told(spec: Spec) -> dict[str, Any]:
    facts = spec.as_json()
    facts["target"].pop("secrets")
    return facts


def _event(desk: Desk, actor: Actor, at: datetime, action: str, job: ScoringJobRecord, **facts: Any) -> None:
    who = {"actor": actor.name, "role": actor.role.value, "via": actor.via}
    desk.ledger.record(at=at, **who, action=action, subject=f"{job.use_case} scoring job {job.id} {job.name}", **facts)
