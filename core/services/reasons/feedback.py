"""What people say of a score and of its reasons, when they acted on it, and what that adds up to.

A tap is one row in the log and one event in the ledger, with the prediction as its subject. That somebody looked
at a score is a row in the log alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from enum import StrEnum
from typing import Any

from core.domain.metrics.measured import Measured
from core.domain.metrics.proportion import proportion
from core.domain.usecase import UseCase
from core.errors import InputError, UnknownName
from core.services.access import Action, Actor, require
from core.services.desk import Desk
from core.store.log_feedback import FeedbackRow

MAX_NOTE = 500


class Opinion(StrEnum):
    """What somebody thinks of a score or of a reason for it."""

    AGREE = "agree"
    DISAGREE = "disagree"
    WITHDRAWN = "withdrawn"  # what was said before no longer counts


CONTACTED = "contacted"


@dataclass(frozen=True)
class Given:
    """One thing that somebody said and that counts; `about` None is the score itself."""

    kind: str
    about: str | None
    actor: str
    role: str
    given_at: datetime
    contacted_on: date | None
    note: str


@dataclass(frozen=True)
class Agreement:
    """How often people agreed with a group's scores, and with the reasons for them; None: nobody said."""

    group: str
    score: Measured | None
    reasons: Measured | None


@dataclass(frozen=True)
class Contact:
    """Days from scoring to the first contact in one band, over the `n` of `n_scored` that were contacted."""

    band: str
    n_scored: int
    n: int
    quartiles: tuple[float, float, float] | None


@dataclass(frozen=True)
class FeedbackSummary:
    """What was said of a use case's scores up to a time; every share is over people times predictions times things."""

    until: datetime
    bands: tuple[Agreement, ...]  # best band first
    versions: tuple[Agreement, ...]  # newest first
    reasons: tuple[Agreement, ...]  # by raw column, the least agreed with first; only `reasons` is filled
    contacts: tuple[Contact, ...]
    n_seen: int  # predictions that somebody looked at
    n_seen_before: int  # before their outcome

    @property
    def n(self) -> int:
        """How much was said in all, contacts included."""
        said = sum(part.n for group in self.bands for part in (group.score, group.reasons) if part is not None)
        return said + sum(contact.n for contact in self.contacts)


def say(
    desk: Desk, actor: Actor, key: str, prediction_id: str, opinion: Opinion, about: str | None = None, note: str = ""
) -> None:
    """Record what the actor thinks of a score, or of one reason for it; it replaces what they said before.

    Parameters
    ----------
    about : str, optional
        The raw column whose reason is meant; the score itself by default.

    Raises
    ------
    NotPermitted
    UnknownName
        The prediction is not logged, or the column is none that a model reads.
    InputError
        The note is too long.
    """
    require(actor, Action.FEEDBACK)
    use_case = desk.use_case(key)
    if about is not None and about not in use_case.model_columns:
        raise UnknownName("reason", about, use_case.model_columns)
    _logged(desk, use_case, prediction_id)
    mine = _mine(desk, actor, use_case, prediction_id, lambda said: said.about == about and said.kind != CONTACTED)
    if (mine.kind, mine.note) == (opinion, note.strip()) if mine else opinion is Opinion.WITHDRAWN:
        return  # nothing new
    _record(desk, actor, use_case, prediction_id, kind=opinion.value, about=about, note=note)


def agree(desk: Desk, actor: Actor, key: str, prediction_id: str, about: str | None = None) -> None:
    """The actor agrees with a score, or with one reason for it."""
    say(desk, actor, key, prediction_id, Opinion.AGREE, about)


def disagree(desk: Desk, actor: Actor, key: str, prediction_id: str, about: str | None = None, note: str = "") -> None:
    """The actor disagrees with a score, or with one reason for it."""
    say(desk, actor, key, prediction_id, Opinion.DISAGREE, about, note)


def contacted(desk: Desk, actor: Actor, key: str, prediction_id: str, on: date, note: str = "") -> None:
    """Record on which day the entity of a prediction was contacted; a later date of the same actor replaces it.

    Raises
    ------
    NotPermitted
    UnknownName
        The prediction is not logged.
    InputError
        The day is to come, or before the day of scoring.
    """
    require(actor, Action.FEEDBACK)
    use_case, today = desk.use_case(key), datetime.now(UTC).date()
    scored_on = _logged(desk, use_case, prediction_id).date()
    if not scored_on <= on <= today:
        raise InputError(
            f"{on} is {'to come' if on > today else 'before the score was given'}.",
            f"A contact that answers this score lies between {scored_on} and {today}.",
            on=str(on),
        )
    mine = _mine(desk, actor, use_case, prediction_id, lambda said: said.kind == CONTACTED)
    if mine is not None and (mine.contacted_on, mine.note) == (on, note.strip()):
        return
    _record(desk, actor, use_case, prediction_id, kind=CONTACTED, contacted_on=on, note=note)


def viewed(desk: Desk, actor: Actor, key: str, prediction_id: str, page: str) -> None:
    """Log that the actor looked at a prediction; once per look, not once per redraw."""
    require(actor, Action.SEE)
    use_case = desk.use_case(key)
    _logged(desk, use_case, prediction_id)
    desk.log.append_view(use_case, prediction_id, datetime.now(UTC), actor.name, actor.role.value, page)


def given(desk: Desk, actor: Actor, key: str, prediction_id: str) -> tuple[Given, ...]:
    """What was said of a prediction and counts, newest first: one entry per person and thing."""
    require(actor, Action.SEE)
    return _given(desk, desk.use_case(key), prediction_id)


def _given(desk: Desk, use_case: UseCase, prediction_id: str) -> tuple[Given, ...]:
    if not _is_id(prediction_id):
        raise UnknownName("prediction", prediction_id, [])
    return tuple(
        Given(
            kind=row["kind"],
            about=row["about"],
            actor=row["actor"],
            role=row["role"],
            given_at=row["given_at"].replace(tzinfo=UTC),
            contacted_on=row["contacted_on"],
            note=row["note"] or "",
        )
        for row in desk.log.feedback_of(use_case, prediction_id).to_pylist()
        if row["counts"] and row["kind"] != Opinion.WITHDRAWN
    )


def _mine(
    desk: Desk, actor: Actor, use_case: UseCase, prediction_id: str, meant: Callable[[Given], bool]
) -> Given | None:
    said = _given(desk, use_case, prediction_id)
    return next((item for item in said if item.actor == actor.name and meant(item)), None)


def _is_id(text: str) -> bool:
    return len(text) == 32 and not set(text.lower()) - set("0123456789abcdef")


def _logged(desk: Desk, use_case: UseCase, prediction_id: str) -> datetime:
    """When a prediction was scored."""
    found = desk.log.prediction(use_case, prediction_id)
    if len(found) == 0:
        raise UnknownName("prediction", prediction_id, [])
    scored_at: datetime = found["scored_at"][0].as_py()
    return scored_at


def _record(desk: Desk, actor: Actor, use_case: UseCase, prediction_id: str, **said: Any) -> None:
    """Log it, then write it into the ledger: what the ledger says was done is done."""
    note = str(said.pop("note", "")).strip()
    if len(note) > MAX_NOTE:
        raise InputError(f"The note has {len(note):,} characters.", f"Keep it to {MAX_NOTE}.")
    now = datetime.now(UTC)
    row = FeedbackRow(prediction_id, now, actor.name, actor.role.value, note=note or None, **said)
    desk.log.append_feedback(use_case, row)
    facts = {"use_case": use_case.key, **said}
    desk.ledger.record(
        at=now,
        actor=actor.name,
        role=actor.role.value,
        via=actor.via,
        action="feedback",
        subject=prediction_id,
        after={name: str(value) for name, value in facts.items() if value is not None},
        reason=note or None,
        result="done",
    )


def summary(desk: Desk, actor: Actor, key: str) -> FeedbackSummary:
    """Agreement by band, version and reason with Wilson intervals; days to the first contact by band."""
    require(actor, Action.SEE_MODELS)
    use_case, until = desk.use_case(key), datetime.now(UTC)
    bands = use_case.policy.band_names
    counts = desk.log.feedback_counts(use_case).to_pylist()
    of_reasons = [row for row in counts if row["about"] is not None]
    seen = desk.log.views_before_outcome(use_case, until)
    columns = [_agreement(name, _where(of_reasons, "about", name)) for name in _distinct(of_reasons, "about")]
    return FeedbackSummary(
        until=until,
        bands=tuple(_agreement(name, _where(counts, "band", name)) for name in bands),
        versions=tuple(
            _agreement(name, _where(counts, "version", name)) for name in reversed(_distinct(counts, "version"))
        ),
        reasons=tuple(sorted(columns, key=lambda group: (group.reasons.value if group.reasons else 1.0, group.group))),
        contacts=_contacts(desk, use_case, bands),
        n_seen=len(seen),
        n_seen_before=sum(seen["before_outcome"].to_pylist()),
    )


def _where(counts: Iterable[Mapping[str, Any]], name: str, value: str) -> list[Mapping[str, Any]]:
    return [row for row in counts if row[name] == value]


def _distinct(counts: Iterable[Mapping[str, Any]], name: str) -> list[str]:
    return sorted({row[name] for row in counts if row[name] is not None})


def _agreement(group: str, counts: Sequence[Mapping[str, Any]]) -> Agreement:
    return Agreement(
        group,
        _share([row for row in counts if row["about"] is None]),
        _share([row for row in counts if row["about"] is not None]),
    )


def _share(counts: Sequence[Mapping[str, Any]]) -> Measured | None:
    n = sum(row["n"] for row in counts)
    return proportion("agreement", sum(row["n_agree"] for row in counts), n) if n else None


def _contacts(desk: Desk, use_case: UseCase, bands: Sequence[str]) -> tuple[Contact, ...]:
    scored = desk.log.by_band(use_case)
    found = {row["band"]: row for row in desk.log.time_to_contact(use_case).to_pylist()}
    return tuple(
        Contact(
            band,
            scored.get(band, 0),
            found[band]["n"] if band in found else 0,
            (found[band]["lower"], found[band]["median"], found[band]["upper"]) if band in found else None,
        )
        for band in bands
    )
