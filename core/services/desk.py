"""The desk: settings, stores, use cases and loaded models in one place; `open_desk` puts it together."""

from __future__ import annotations

import os
import threading
from functools import cached_property, partial
from pathlib import Path
from typing import Any

import pyarrow as pa

from core.config import Settings
from core.domain.compare.plan import ArmName
from core.domain.usecase import UseCase
from core.errors import BundleProblem, DeskError, InputError, NotReady, UnknownName
from core.logs import logger
from core.ml.bundle import Bundle, Card, led_by
from core.ml.scorer import Scorer
from core.services.alerting.courier import Courier
from core.services.backing_up.reconciling import reconcile
from core.services.governing.cutoffs import cutoffs_under
from core.services.governing.in_force import InForce
from core.services.governing.standby import Standby, StandIn
from core.services.jobs import Jobs
from core.services.presence import Presence, open_ledger
from core.services.privacy.pseudonyms import Pseudonyms
from core.services.request_counts import RequestCounts
from core.store.bundles import list_versions, load_bundle
from core.store.lock import DeskLock
from core.store.log import PredictionLog
from core.store.log_open import open_log
from core.usecases import builtin

LOGGER = logger("desk")

CHAMPION = "champion"
CHALLENGER = "challenger"  # the alias of a version that runs in the champion's shadow


class Desk:
    """One desk on one home folder.

    The prediction log is opened, and with it the lock of the home taken, when it is first needed:
    commands that only train or list never compete with a running desk.
    """

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        for folder in (settings.models_dir, settings.data_dir):
            folder.mkdir(parents=True, exist_ok=True)
        self.ledger = open_ledger(settings)
        self.presence = Presence(self.ledger, settings)
        self.in_force = InForce(self.ledger, self.ledger.stamp)
        self.pseudonyms = Pseudonyms(self.ledger, self.ledger.stamp, settings.data_dir)
        self.jobs = Jobs(self.ledger)
        self.requests = RequestCounts()
        self.courier = Courier()
        self._scorers: dict[tuple[str, str, str | None], Scorer] = {}
        self._adopted: dict[Path, tuple[int, UseCase]] = {}
        self.standby = Standby(self.ledger, self._scorer, self._acted)
        self.broken: dict[str, str] = {}  # key -> what is wrong with its definition file
        self._loading = threading.Lock()
        self._opening = threading.Lock()

    @cached_property
    def _lock(self) -> DeskLock:
        return DeskLock(self.settings.data_dir)

    @property
    def log(self) -> PredictionLog:
        """The prediction log.

        Raises
        ------
        DeskBusy
            Another process owns it; the message names that process.
        """
        with self._opening:
            return self._log

    @cached_property
    def _log(self) -> PredictionLog:
        self._lock.acquire()
        self.presence.begin()
        settings = self.settings
        log = open_log(settings.data_dir / "log.duckdb", settings.database_url, settings.memory_mb, settings.threads)
        if self._lock.was_left:
            reconcile(log, self.ledger)
            self._lock.was_left = False
        return log

    def use_cases(self) -> dict[str, UseCase]:
        """Built-in use cases by name, then adopted ones by name, each with the policy in force."""
        return self.in_force.over(self._defined())

    def _defined(self) -> dict[str, UseCase]:
        return builtin() | self._read_adopted()

    def _read_adopted(self) -> dict[str, UseCase]:
        from core.usecases.custom import load

        found: dict[str, UseCase] = {}
        self.broken = {}
        for path in sorted(self.settings.models_dir.glob("*/use_case.toml")):
            changed = path.stat().st_mtime_ns
            try:
                if path not in self._adopted or self._adopted[path][0] != changed:
                    self._adopted[path] = (changed, load(path))
            except InputError as error:  # one file that was edited badly must not stop the other use cases
                self.broken[path.parent.name] = str(error)
                continue
            use_case = self._adopted[path][1]
            found[use_case.key] = use_case
        return found

    def use_case(self, key: str) -> UseCase:
        """The use case with this key; UnknownName suggests the nearest."""
        known = self._defined()
        if key in self.broken:
            raise InputError(self.broken[key], use_case=key)
        if key not in known:
            raise UnknownName("use case", key, known)
        return self.in_force.over({key: known[key]})[key]

    def folder(self, key: str) -> Path:
        """Where a use case's versions live."""
        return self.settings.models_dir / key

    def versions(self, key: str) -> list[str]:
        """Versions on disk, oldest first."""
        return list_versions(self.folder(key))

    def acting_version(self, key: str) -> str | None:
        """The version whose champion acts, or None before the first training."""
        return self.ledger.alias(key, CHAMPION)

    def scorer(self, key: str, version: str | None = None) -> Scorer:
        """A loaded bundle, by default the one that serves: the acting one, or the last good one where that fails.

        Raises
        ------
        NotReady
            Nothing is trained yet.
        BundleProblem
            The files differ from what the card or the ledger says, and no version that acted before can stand in.
        """
        use_case = self.use_case(key)
        acting = self.acting_version(key)
        model = self.ledger.alias_model(key, CHAMPION)
        if version is not None:
            return self._scorer(use_case, version, model if version == acting else None)
        if acting is None:
            hint = f"Run: python -m core train {key}"
            raise NotReady(f"{use_case.title} has no trained version yet.", hint, use_case=key)
        return self.standby.scorer(use_case, acting, model)

    def _scorer(self, use_case: UseCase, version: str, model: str | None) -> Scorer:
        """A version led by one of its models, by default the one its card names; loaded once."""
        mark = (use_case.key, version, model)
        scorer = self._scorers.get(mark)
        if scorer is not None and scorer.use_case is use_case:
            return scorer
        with self._loading:
            scorer = self._scorers.get(mark)
            if scorer is None or scorer.use_case is not use_case:
                bundle = led_by(self._load(use_case.key, version) if scorer is None else scorer.bundle, model)
                own = self.in_force.standing(use_case.key).own.policy
                scorer = Scorer(use_case, bundle, cutoffs_under(use_case, bundle, use_case.policy, own))
                self._scorers[mark] = scorer
        return scorer

    def read_again(self, key: str, version: str) -> Scorer:
        """A version's bundle, read from disk even if it is loaded."""
        for mark in [mark for mark in self._scorers if mark[:2] == (key, version)]:
            self._scorers.pop(mark, None)
        return self.scorer(key, version)

    def stand_in(self, key: str) -> StandIn | None:
        """What scores in place of the acting version; None where that serves itself."""
        return self.standby.of(key, self.acting_version(key))

    def _acted(self, use_case: UseCase) -> list[str]:
        """Versions whose scores the log holds as acting ones, newest first; none while another process has the log."""
        try:
            scored = self.log.scored_versions(use_case)
        except DeskError:
            return []
        return [version for version in reversed(self.versions(use_case.key)) if "acting" in scored.get(version, {})]

    def acting(self, key: str) -> ArmName | None:
        """The version and the model that act, or None before the first training."""
        if self.acting_version(key) is None:
            return None
        card = self.scorer(key).card
        return ArmName(card.version, card.champion)

    def challenger_version(self, key: str) -> str | None:
        """The version that runs in the champion's shadow; None: only the champion's own challengers do."""
        version = self.ledger.alias(key, CHALLENGER)
        standing = self.stand_in(key)
        serving = standing.serving.version if standing is not None else self.acting_version(key)
        return None if version == serving else version

    def _load(self, key: str, version: str) -> Bundle:
        if version not in self.versions(key):
            raise UnknownName(f"version of {key}", version, self.versions(key))
        record = self.ledger.version(key, version)
        if record is None:
            raise BundleProblem(
                f"{key} {version} lies in models/ but this desk's ledger does not know it.",
                "Train it here, or import it with: python -m core import",
            )
        return load_bundle(self.folder(key) / version, expected_card_sha256=record.card_sha256)

    def card(self, key: str, version: str) -> Card:
        """What is known of a version; also of one that was trained on features the use case no longer has."""
        scorer = self._scorers.get((key, version, None))
        return scorer.bundle.card if scorer is not None else self._load(key, version).card

    def loaded(self, key: str) -> bool:
        """Whether the acting version of a use case is in memory."""
        version = self.acting_version(key)
        mark = (key, str(version), self.ledger.alias_model(key, CHAMPION))
        return version is not None and (mark in self._scorers or self.stand_in(key) is not None)

    def in_memory(self) -> dict[str, list[str]]:
        """Use case -> its versions that are loaded."""
        found: dict[str, list[str]] = {}
        for key, version in sorted({mark[:2] for mark in list(self._scorers)}):
            found.setdefault(key, []).append(version)
        return found

    def score(self, key: str, table: Any, version: str | None = None) -> pa.Table:
        """Score a table without logging it: the desk as a library.

        Parameters
        ----------
        key : str
        table : pyarrow.Table or pandas.DataFrame, n_rows rows
            Raw columns by name; columns the use case does not know are ignored.
        version : str, optional
            The acting version by default.

        Returns
        -------
        pyarrow.Table, n_rows rows
            What a scored file gains, null for a row that was refused, and `why` it was.

        Raises
        ------
        InputError
            A required column is missing.
        """
        from core.services.comparison.assigning import assigning
        from core.services.table_scoring import score_table

        scorer = self.scorer(key, version)
        logged_as = partial(self.pseudonyms.over, scorer.use_case)
        return score_table(scorer, table, logged_as, assigning(self, scorer))

    def warm(self) -> None:
        """Load every acting version, so that no page has to wait for it."""
        for key in self.use_cases():
            if self.acting_version(key) is not None:
                try:
                    self.scorer(key).bundle.compiled.warm()
                except Exception:  # the page that needs it says what is wrong; the others need not wait for that
                    LOGGER.exception("%s cannot be loaded", key)

    def close(self) -> None:
        """Stop the jobs, close the stores, give the lock back."""
        self.jobs.close()
        self.courier.close()
        self.requests.close(self.ledger)
        if "_log" in self.__dict__:
            self._log.close()
        if self._lock.held:  # also where the log could not be opened
            self.presence.end()
            self._lock.release()
        self.ledger.close()


def open_desk(settings: Settings | None = None) -> Desk:
    """Open the desk of a home folder; by default the one that the environment names.

    Examples
    --------
    >>> from core import open_desk                                      # doctest: +SKIP
    >>> open_desk().score("bnpl_default", table)                        # doctest: +SKIP
    """
    from core.services import pipeline  # the pipeline needs the desk's type, so the desk asks for it late
    from core.services.comparison import replay
    from core.services.history import job as history

    desk = Desk(settings or Settings.from_mapping(os.environ))
    pipeline.register(desk)
    replay.register(desk)
    history.register(desk)
    return desk
