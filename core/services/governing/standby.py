"""The last good version: what scores while the acting one cannot, so that no row fails.

A version whose files fail their check, or that errors while scoring, is replaced at once by the newest version that
acted before it and still fits the use case. The alias stays where a person has put it: after a repair the acting
version serves again, at the next start of the desk or when somebody asks for it.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from core.domain.columns import Columns
from core.domain.compare.plan import ArmName
from core.domain.usecase import UseCase
from core.errors import DeskError
from core.logs import logger
from core.ml.scorer import Scorer, ScoreTable
from core.services.access import Action, Actor, require
from core.store.ledger import Ledger
from core.store.ledger_tables import EventRecord

if TYPE_CHECKING:
    from core.services.desk import Desk

LOGGER = logger("standby")

FELL_BACK, SERVES_AGAIN = "fall back", "serve again"
ACTED = frozenset({"let version act", "promote", "roll back"})  # events after which a version acts

Load = Callable[[UseCase, str, str | None], Scorer]


@dataclass(frozen=True)
class StandIn:
    """A version that scores in place of the acting one.

    Attributes
    ----------
    failed : str
        The version that should act.
    serving : ArmName
        The version and model that score instead.
    problem : str
        What is wrong with the former, in words.
    since : datetime
    """

    failed: str
    serving: ArmName
    problem: str
    since: datetime


class Standby:
    """Which use cases of a desk are served by a stand-in, and by which.

    Parameters
    ----------
    ledger : Ledger
    load : callable
        (use case, version, model or None) -> Scorer; raises where the version fails its check.
    acted : callable
        use case -> versions whose scores the log holds as acting ones, newest first.
    """

    def __init__(self, ledger: Ledger, load: Load, acted: Callable[[UseCase], list[str]]) -> None:
        self._ledger, self._load, self._acted = ledger, load, acted
        self._failed: set[tuple[str, str]] = set()
        self._known: set[tuple[str, str]] = set()  # versions that passed their check in this process
        self._standing: dict[str, StandIn] = {}
        self._guard = threading.RLock()

    def of(self, key: str, acting: str | None) -> StandIn | None:
        """The stand-in for a version that should act; None where it serves itself."""
        standing = self._standing.get(key)
        return standing if standing is not None and standing.failed == acting else None

    def last_known(self, key: str, acting: str | None) -> StandIn | None:
        """The same, by the ledger where this process has not asked the version yet."""
        standing = self.of(key, acting)
        if acting is None or standing is not None or (key, acting) in self._known:
            return standing
        last = self._last(key, acting)
        if last is None or last.action != FELL_BACK:
            return None
        return StandIn(acting, ArmName(last.after["version"], last.after["model"]), last.reason or "", last.at)

    def scorer(self, use_case: UseCase, version: str, model: str | None) -> Scorer:
        """The acting version's scorer, or its stand-in's.

        Raises
        ------
        Exception
            What is wrong with the acting version, where nothing can stand in.
        """
        standing = self.of(use_case.key, version)
        if standing is not None:
            return self._load(use_case, standing.serving.version, standing.serving.model)
        try:
            scorer = self._load(use_case, version, model)
        except Exception as error:
            LOGGER.exception("%s %s cannot be loaded", use_case.key, version)
            return self._instead(use_case, version, error)
        self._well_again(use_case.key, version)
        return scorer

    def score(self, scorer: Scorer, columns: Columns, n_rows: int) -> tuple[Scorer, ScoreTable]:
        """Score rows with what serves; with the last good version where that errors.

        Returns
        -------
        Scorer, ScoreTable
            The scorer that has scored them: what is logged belongs to its version.

        Raises
        ------
        Exception
            What the scorer raised, where no former version can score these rows either.
        """
        try:
            return scorer, scorer.score(columns, n_rows)
        except Exception as error:
            LOGGER.exception("%s %s failed on %d rows", scorer.use_case.key, scorer.card.version, n_rows)
            instead = self._instead(scorer.use_case, scorer.card.version, error, (columns, n_rows))
            return instead, instead.score(columns, n_rows)

    def forget(self, key: str, version: str) -> None:
        """Let a version that was repaired serve again."""
        with self._guard:
            self._failed.discard((key, version))
            standing = self._standing.get(key)
            if standing is not None and standing.failed == version:
                del self._standing[key]

    def _instead(
        self, use_case: UseCase, version: str, error: Exception, rows: tuple[Columns, int] | None = None
    ) -> Scorer:
        """Find who stands in for a version, and say so once; raises the error where nobody can."""
        with self._guard:
            acting = self._ledger.alias(use_case.key, "champion")
            already = self.of(use_case.key, acting)
            if already is not None and version == already.failed:
                return self._load(use_case, already.serving.version, already.serving.model)
            replaced = {already.failed, already.serving.version} if already is not None else {acting}
            if version in replaced:  # a version that somebody chose by name is not replaced by another
                for candidate in self._candidates(use_case, {version, *replaced}):
                    scorer = self._good(use_case, candidate, rows)
                    if scorer is not None:
                        self._failed.add((use_case.key, version))
                        self._stand_in(use_case.key, str(acting), scorer, error)
                        return scorer
        raise error

    def _candidates(self, use_case: UseCase, failed: set[str | None]) -> Iterator[ArmName]:
        """Versions that acted before, newest first, each once."""
        seen = {*failed, *(version for key, version in self._failed if key == use_case.key)}
        events = self._ledger.events_about(use_case.key, ACTED)
        events.sort(key=lambda event: event.at, reverse=True)
        told = [fact for event in events for fact in (event.after, event.before, _subject(event))]
        told += [{"version": version} for version in self._acted(use_case)]
        for fact in told:
            version = fact.get("version") if isinstance(fact, dict) else None
            if version and version not in seen:
                seen.add(version)
                yield ArmName(version, fact.get("model") or "")

    def _good(self, use_case: UseCase, arm: ArmName, rows: tuple[Columns, int] | None) -> Scorer | None:
        """A former version's scorer; None where it fails its check, no longer fits, or cannot score the rows."""
        try:
            scorer = self._load(use_case, arm.version, arm.model or None)
            if rows is not None:
                scorer.score(*rows)
        except Exception:
            LOGGER.exception("%s %s cannot stand in", use_case.key, arm.version)
            return None
        return scorer

    def _stand_in(self, key: str, failed: str, scorer: Scorer, error: Exception) -> None:
        problem = error.message if isinstance(error, DeskError) else f"{type(error).__name__}: {error}"
        standing = StandIn(failed, ArmName(scorer.card.version, scorer.card.champion), problem, datetime.now(UTC))
        self._standing[key] = standing
        LOGGER.error("%s %s is replaced by %s", key, failed, standing.serving)
        said = {"version": standing.serving.version, "model": standing.serving.model}
        last = self._last(key, failed)
        if last is None or (last.action, last.after, last.reason) != (FELL_BACK, said, problem):
            self._record(key, failed, FELL_BACK, before={"version": failed}, after=said, reason=problem)

    def _well_again(self, key: str, version: str) -> None:
        """Close the trail of a version that failed before and has passed its check now."""
        if (key, version) in self._known:
            return
        self._known.add((key, version))
        last = self._last(key, version)
        if last is not None and last.action == FELL_BACK:
            self._record(key, version, SERVES_AGAIN, before=last.after, after={"version": version})

    def _last(self, key: str, version: str) -> EventRecord | None:
        events = self._ledger.events(f"{key} {version}", 20)
        return next((event for event in events if event.action in (FELL_BACK, SERVES_AGAIN)), None)

    def _record(self, key: str, version: str, action: str, **facts: Any) -> None:
        who = {"actor": "the desk", "role": "system", "via": "desk"}
        self._ledger.record(at=datetime.now(UTC), **who, action=action, subject=f"{key} {version}", **facts)


def _subject(event: EventRecord) -> dict[str, str]:
    """The version an event is about, where it is about one."""
    parts = event.subject.split(" ")
    return {"version": parts[-1]} if len(parts) > 1 else {}


def try_again(desk: Desk, actor: Actor, key: str) -> None:
    """Let the acting version serve again, once its files pass their check and it scores its own reference rows.

    Raises
    ------
    DeskError
        It still fails; the stand-in stays.
    """
    from core.services.reference import typed_columns

    require(actor, Action.ROLL_BACK)
    standing = desk.stand_in(key)
    if standing is None:
        return
    scorer = desk.read_again(key, standing.failed)
    reference = scorer.bundle.reference
    scorer.score(typed_columns(scorer.use_case.schema, reference), reference.num_rows)
    who = {"actor": actor.name, "role": actor.role.value, "via": actor.via}
    desk.standby.forget(key, standing.failed)
    desk.ledger.record(
        at=datetime.now(UTC),
        **who,
        action=SERVES_AGAIN,
        subject=f"{key} {standing.failed}",
        before={"version": standing.serving.version, "model": standing.serving.model},
        after={"version": standing.failed},
    )
