"""What was planned, asked for, approved and set: comparison plans, promotions, policies, experiments."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Collection, Mapping
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import JSON, Boolean, Column, Connection, Integer, Select, Table, Text, delete, insert, select, update

from core.errors import UnknownName
from core.store.ledger_tables import EVENTS, METADATA, EventRecord
from core.store.ledger_types import Name, UtcDateTime

PLANS = Table(
    "plans",
    METADATA,
    Column("id", Name, primary_key=True),
    Column("use_case", Name, nullable=False, index=True),
    Column("created_at", UtcDateTime, nullable=False),
    Column("created_by", Name, nullable=False),
    Column("plan", JSON, nullable=False),
    Column("closed_at", UtcDateTime),
    Column("closed_reason", Text),
)
PROMOTIONS = Table(
    "promotions",
    METADATA,
    Column("id", Name, primary_key=True),
    Column("use_case", Name, nullable=False, index=True),
    Column("version", Name, nullable=False),
    Column("model", Name, nullable=False),
    Column("plan", Name),
    Column("requested_at", UtcDateTime, nullable=False),
    Column("requested_by", Name, nullable=False),
    Column("reason", Text, nullable=False),
    Column("evidence", JSON, nullable=False),  # verdict and risk as they stood when it was asked for
    Column("state", Name, nullable=False),  # open | promoted | refused | withdrawn
    Column("closed_at", UtcDateTime),
)
APPROVALS = Table(
    "approvals",
    METADATA,
    Column("number", Integer, primary_key=True),
    Column("promotion", Name, nullable=False, index=True),
    Column("at", UtcDateTime, nullable=False),
    Column("actor", Name, nullable=False),
    Column("role", Name, nullable=False),
    Column("approved", Boolean, nullable=False),
    Column("reason", Text, nullable=False),
)
POLICIES = Table(
    "policies",
    METADATA,
    Column("use_case", Name, primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("state", Name, nullable=False),  # draft | published | replaced | dropped
    Column("created_at", UtcDateTime, nullable=False),
    Column("created_by", Name, nullable=False),
    Column("policy", JSON, nullable=False),
    Column("reason", Text),
    Column("published_at", UtcDateTime),
    Column("published_by", Name),
)
EXPERIMENTS = Table(
    "experiments",
    METADATA,
    Column("id", Name, primary_key=True),
    Column("use_case", Name, nullable=False, index=True),
    Column("kind", Name, nullable=False),  # test | canary
    Column("created_at", UtcDateTime, nullable=False),
    Column("created_by", Name, nullable=False),
    Column("spec", JSON, nullable=False),
    Column("state", Name, nullable=False),  # running | rolled back | concluded
    Column("stage", Integer, nullable=False),
    Column("stage_since", UtcDateTime, nullable=False),
    Column("ended_at", UtcDateTime),
    Column("conclusion", JSON(none_as_null=True)),
)


@dataclass(frozen=True)
class PlanRecord:
    """A comparison plan as it was frozen; `plan` is `core.domain.compare.plan.Plan.as_json`."""

    id: str
    use_case: str
    created_at: datetime
    created_by: str
    plan: Mapping[str, Any]
    closed_at: datetime | None = None
    closed_reason: str | None = None


@dataclass(frozen=True)
class PromotionRecord:
    """Somebody asked that a model act."""

    id: str
    use_case: str
    version: str
    model: str
    plan: str | None
    requested_at: datetime
    requested_by: str
    reason: str
    evidence: Mapping[str, Any]
    state: str = "open"
    closed_at: datetime | None = None


@dataclass(frozen=True)
class ApprovalRecord:
    """One person's yes or no to a promotion."""

    promotion: str
    at: datetime
    actor: str
    role: str
    approved: bool
    reason: str


@dataclass(frozen=True)
class PolicyRecord:
    """A business policy of a use case: a draft, the one in force, or a former one."""

    use_case: str
    number: int
    state: str
    created_at: datetime
    created_by: str
    policy: Mapping[str, Any]
    reason: str | None = None
    published_at: datetime | None = None
    published_by: str | None = None


@dataclass(frozen=True)
class ExperimentRecord:
    """An A/B test or a canary, as it stands."""

    id: str
    use_case: str
    kind: str
    created_at: datetime
    created_by: str
    spec: Mapping[str, Any]
    state: str
    stage: int
    stage_since: datetime
    ended_at: datetime | None = None
    conclusion: Mapping[str, Any] | None = None


class LedgerRegistry(ABC):
    """The registry of `core.store.ledger.Ledger`. Every call of a person stands in a transaction with its event."""

    @abstractmethod
    def transaction(self) -> AbstractContextManager[Connection]: ...

    @abstractmethod
    def _read(self, query: Select[Any]) -> list[Any]: ...

    def events_about(self, use_case: str, actions: Collection[str]) -> list[EventRecord]:
        """Every event of some actions whose subject is the use case or something of it, oldest entry first."""
        about = (EVENTS.c.subject == use_case) | EVENTS.c.subject.startswith(f"{use_case} ", autoescape=True)
        query = select(EVENTS).where(EVENTS.c.action.in_(actions), about).order_by(EVENTS.c.seq)
        return [EventRecord(**row._mapping) for row in self._read(query)]

    def add_plan(self, record: PlanRecord) -> None:
        """Freeze a comparison plan."""
        self._insert(PLANS, asdict(record))

    def plans(self, use_case: str) -> list[PlanRecord]:
        """Plans of a use case, newest first."""
        query = select(PLANS).where(PLANS.c.use_case == use_case).order_by(PLANS.c.created_at.desc())
        return [PlanRecord(**row._mapping) for row in self._read(query)]

    def close_plan(self, plan_id: str, at: datetime, reason: str) -> None:
        """End a plan; what it said stays as it was."""
        self._update(PLANS, plan_id, {"closed_at": at, "closed_reason": reason})

    def add_promotion(self, record: PromotionRecord) -> None:
        """Write down that a promotion is asked for."""
        self._insert(PROMOTIONS, asdict(record))

    def promotions(self, use_case: str, state: str | None = None) -> list[PromotionRecord]:
        """Promotions of a use case, newest first."""
        query = select(PROMOTIONS).where(PROMOTIONS.c.use_case == use_case).order_by(PROMOTIONS.c.requested_at.desc())
        if state is not None:
            query = query.where(PROMOTIONS.c.state == state)
        return [PromotionRecord(**row._mapping) for row in self._read(query)]

    def close_promotion(self, promotion_id: str, state: str, at: datetime) -> None:
        """Say what became of a promotion: promoted, refused or withdrawn."""
        self._update(PROMOTIONS, promotion_id, {"state": state, "closed_at": at})

    def add_approval(self, record: ApprovalRecord) -> None:
        """Write down one person's yes or no."""
        self._insert(APPROVALS, asdict(record))

    def approvals(self, promotion_id: str) -> list[ApprovalRecord]:
        """Every yes and no to a promotion, oldest first."""
        columns = [column for column in APPROVALS.c if column.name != "number"]
        query = select(*columns).where(APPROVALS.c.promotion == promotion_id).order_by(APPROVALS.c.number)
        return [ApprovalRecord(**row._mapping) for row in self._read(query)]

    def add_policy(self, record: PolicyRecord) -> None:
        """Keep a draft of a policy."""
        self._insert(POLICIES, asdict(record))

    def policies(self, use_case: str) -> list[PolicyRecord]:
        """Policies of a use case, newest first."""
        query = select(POLICIES).where(POLICIES.c.use_case == use_case).order_by(POLICIES.c.number.desc())
        return [PolicyRecord(**row._mapping) for row in self._read(query)]

    def change_policy(self, use_case: str, number: int, **changes: Any) -> None:
        """Change the state of a policy, or the words of a draft.

        Raises
        ------
        UnknownName
        """
        where = (POLICIES.c.use_case == use_case) & (POLICIES.c.number == number)
        with self.transaction() as connection:
            if connection.execute(update(POLICIES).where(where).values(**changes)).rowcount == 0:
                raise UnknownName("policy", str(number), [str(record.number) for record in self.policies(use_case)])

    def add_experiment(self, record: ExperimentRecord) -> None:
        """Write down an experiment that begins."""
        self._insert(EXPERIMENTS, asdict(record))

    def experiments(self, use_case: str, state: str | None = None) -> list[ExperimentRecord]:
        """Experiments of a use case, newest first."""
        query = select(EXPERIMENTS).where(EXPERIMENTS.c.use_case == use_case).order_by(EXPERIMENTS.c.created_at.desc())
        if state is not None:
            query = query.where(EXPERIMENTS.c.state == state)
        return [ExperimentRecord(**row._mapping) for row in self._read(query)]

    def clear_simulated_experiments(self) -> int:
        """Delete the experiments of simulated rows; returns how many there were."""
        with self.transaction() as connection:
            return int(
                connection.execute(delete(EXPERIMENTS).where(EXPERIMENTS.c.id.startswith("simulated-"))).rowcount
            )

    def change_experiment(self, experiment_id: str, **changes: Any) -> None:
        """Move an experiment to another stage or state.

        Raises
        ------
        UnknownName
        """
        self._update(EXPERIMENTS, experiment_id, changes)

    def _insert(self, table: Table, values: Mapping[str, Any]) -> None:
        with self.transaction() as connection:
            connection.execute(insert(table).values(**values))

    def _update(self, table: Table, record_id: str, changes: Mapping[str, Any]) -> None:
        with self.transaction() as connection:
            if connection.execute(update(table).where(table.c.id == record_id).values(**changes)).rowcount == 0:
                known = [row.id for row in self._read(select(table.c.id).limit(20))]
                raise UnknownName(table.name.removesuffix("s"), record_id, known)
