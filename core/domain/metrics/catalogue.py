"""The metrics by name: what each is called, what it is good for, and which way is better."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace


@dataclass(frozen=True)
class Metric:
    """How a metric is spoken of."""

    name: str
    label: str
    meaning: str
    higher_is_better: bool
    in_target_unit: bool = False


_ALL = (
    Metric("auc", "AUC", "chance that a positive row outranks a negative one; .5 is guessing", True),
    Metric("gini", "Gini", "2 x AUC - 1; 0 is guessing", True),
    Metric("pr_auc", "PR-AUC", "average precision over all cutoffs; guessing reaches the base rate", True),
    Metric("ks", "KS", "largest gap between the scores' distributions of the two classes", True),
    Metric("brier", "Brier", "mean squared error of the probability", False),
    Metric("log_loss", "Log loss", "mean surprise at the outcome, in nats", False),
    Metric(
        "precision", "Precision", "share of the rows in the highest band (or put into the class) that are right", True
    ),
    Metric("recall", "Recall", "share of the positive rows (or of the class) that are found there", True),
    Metric("f1", "F1", "harmonic mean of precision and recall", True),
    Metric("flagged", "Flagged", "share of rows in the highest band; neither way is better", True),
    Metric("precision_at_capacity", "Precision at capacity", "precision among as many rows as the team can take", True),
    Metric("recall_at_capacity", "Recall at capacity", "recall of as many rows as the team can take", True),
    Metric("f1_at_capacity", "F1 at capacity", "F1 of as many rows as the team can take", True),
    Metric("lift_at_capacity", "Lift at capacity", "precision there over the rate of all rows; 1 is guessing", True),
    Metric("accuracy", "Accuracy", "share of rows whose most probable class is the observed one", True),
    Metric("macro_f1", "Macro F1", "mean F1 over the classes, each counting the same", True),
    Metric("weighted_f1", "Weighted F1", "mean F1 over the classes, weighted by their rows", True),
    Metric("kappa", "Kappa", "agreement beyond chance; 0 is chance", True),
    Metric("macro_auc", "Macro AUC", "mean AUC of each class against the rest", True),
    Metric("risk_ratio", "Risk ratio", "how many times likelier the outcome is in the highest band", True),
    Metric("r2", "R2", "share of the target's variance explained; 0 is the mean", True),
    Metric("mae", "MAE", "mean absolute error", False, in_target_unit=True),
    Metric("median_ae", "Median AE", "half of the rows are missed by no more than this", False, in_target_unit=True),
    Metric("rmse", "RMSE", "root of the mean squared error", False, in_target_unit=True),
    Metric("decile_lift", "Decile lift", "mean target in the tenth predicted highest over the mean of all", True),
)

METRICS: Mapping[str, Metric] = {metric.name: metric for metric in _ALL}

PRIMARY: Mapping[str, str] = {"binary": "auc", "multiclass": "macro_auc", "regression": "r2"}


def metric_of(name: str) -> Metric:
    """The metric of a figure; `recall:High` is the recall of the class High.

    >>> metric_of("recall:High").label, metric_of("auc").label
    ('Recall of High', 'AUC')
    """
    plain, _, label = name.partition(":")
    metric = METRICS[plain]
    return replace(metric, name=name, label=f"{metric.label} of {label}") if label else metric
