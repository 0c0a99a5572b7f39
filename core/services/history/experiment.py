"""A simulated experiment whose split is broken: a feed loses the arm of some of the challenger's rows."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import numpy as np
import pyarrow as pa

from core.domain.compare.plan import ArmName
from core.domain.experiment.assignment import assign
from core.domain.experiment.spec import Kind, Metric, Spec
from core.domain.features import Floats
from core.domain.history import DAYS, History, Span
from core.domain.usecase import UseCase
from core.ml.scorer import Scorer, ScoreTable
from core.services.access import Actor, Role
from core.services.comparison.experiment_sizes import SMALLEST
from core.services.comparison.experiments import CONCLUDED, write_down
from core.services.desk import CHALLENGER, CHAMPION, Desk
from core.services.records import Accepted
from core.store.ledger_registry import ExperimentRecord
from core.store.log_simulated import SIMULATED

LOST_SHARE = 0.35  # of the challenger's rows
_SHARES = (0.5, 0.5)
_SALT = "simulated"
_BY = Actor(SIMULATED, Role.RISK, SIMULATED)


@dataclass(frozen=True)
class PlantedExperiment:
    """An experiment of some periods of a history; it never decides a row that is not simulated."""

    record: ExperimentRecord
    spec: Spec
    span: Span
    until: datetime

    def over(
        self, period: int, scorer: Scorer, scores: ScoreTable, accepted: Accepted
    ) -> tuple[ScoreTable, dict[str, pa.Array]]:
        """What the arms decide of a period's rows, and what the log keeps of it; nothing outside its periods."""
        if not self.span[0] <= period < self.span[1] or scorer.card.version != self.spec.champion.version:
            return scores, {}
        entities = [str(text) for text in accepted.columns[str(scorer.use_case.entity)]]
        arm = assign(self.record.id, _SALT, entities, _SHARES)
        lost = (arm == 1) & (np.random.default_rng(period).random(len(arm)) < LOST_SHARE)
        model = self.spec.challenger.model
        theirs = scorer.bands(model, scores.outputs[model], scores.scores[model])
        tried = (arm == 1) & ~lost
        decision = np.where(tried, theirs, scores.decision).astype(np.int8)
        names = np.array([f"{self.record.id}:{name}" for name in self.spec.arms], dtype=object)
        logged = {
            "decided_by": pa.array(np.where(tried, CHALLENGER, CHAMPION).astype(object), pa.string(), mask=lost),
            "arm": pa.array(names[arm], pa.string(), mask=lost),
        }
        return replace(scores, decision=decision), logged

    def end(self, desk: Desk) -> None:
        """Write it down as it ended: somebody saw the split and stopped it."""
        at = self.until
        conclusion = {"result": "invalid: the split is broken", "words": "Rows of one arm were lost on the way here."}
        ended = replace(self.record, state=CONCLUDED, ended_at=at, conclusion=conclusion)
        with desk.ledger.transaction():
            desk.ledger.add_experiment(ended)
            write_down(desk, _BY, "conclude experiment", ended, at, after=conclusion, reason=conclusion["words"])


def planted_experiment(
    use_case: UseCase, history: History, acting: Scorer, until: datetime, truth: Floats
) -> PlantedExperiment | None:
    """The experiment of a history, or None where it has none.

    Parameters
    ----------
    until : datetime
        The end of the history.
    truth : array, shape (n_rows,)
        Expected outcomes, for the size of an effect worth seeing.
    """
    if history.broken_split is None:
        return None
    first, last = history.broken_split
    began, ended = (until - timedelta(days=DAYS - 7 * place) for place in (first, last))
    champion, version = acting.card.champion, acting.card.version
    other = next(name for name in use_case.recipe.model_names if name != champion)
    spec = Spec(
        name=f"{champion} against {other}",
        kind=Kind.TEST,
        champion=ArmName(version, champion),
        challenger=ArmName(version, other),
        metric=Metric.OUTCOME,
        smallest=SMALLEST,
        effect=SMALLEST * abs(float(truth.mean())),
        planned_n=len(truth) * (last - first) // history.n_periods,
        stages=(_SHARES,),
        bake_hours=(0,),
        began=(began,),
        salt=_SALT,
    )
    record = ExperimentRecord(
        id=f"simulated-{use_case.key}",
        use_case=use_case.key,
        kind=str(Kind.TEST),
        created_at=began,
        created_by=SIMULATED,
        spec=spec.as_json(),
        state=CONCLUDED,
        stage=0,
        stage_since=began,
    )
    return PlantedExperiment(record, spec, history.broken_split, ended)
