"""From a labelled file, understood, to a use case file with sensible defaults everywhere."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from core.domain.inference import ROW_ORDER, Inference, Inferred, Role
from core.domain.inference.texts import words_of
from core.domain.inference.words import SENSITIVE_WORDS
from core.domain.policy import Band, Policy, Tone
from core.domain.recipe import ModelSpec, Recipe
from core.domain.usecase import Target, Task
from core.usecases.custom.spec import CustomColumn, CustomSpec

BAD_STEMS = ("default", "fraud", "churn", "loss", "risk", "delinq", "arrear", "attrition", "death", "fail", "complain")
BAD_CLASSES = frozenset(["bad", "poor", "fraud", "default", "churned", "lost", "failed", "rejected", "chgoff"])
_SHARES = (("A", "act first", 0.1), ("B", "act next", 0.2), ("C", "watch", 0.3), ("D", "leave", None))
_PRIMARY = {Task.BINARY: "auc", Task.MULTICLASS: "macro_auc", Task.REGRESSION: "r2"}
_CLASSIFIERS = (
    ModelSpec("lightgbm", "lightgbm"),
    ModelSpec("logistic", "logistic"),
    ModelSpec("elastic", "elastic"),
    ModelSpec("ensemble", "mean"),
)
_REGRESSORS = (
    ModelSpec("lightgbm", "lightgbm"),
    ModelSpec("ridge", "ridge"),
    ModelSpec("elastic", "elastic"),
    ModelSpec("ensemble", "mean"),
)


def key_of(name: str) -> str:
    """A key from a file's name.

    >>> key_of("X-Education Leads (2).csv"), key_of("2024.csv")
    ('x_education_leads_2', 'case_2024')
    """
    stem = re.sub(r"\.[A-Za-z0-9]{1,8}$", "", name)
    key = re.sub(r"[^a-z0-9]+", "_", stem.lower()).strip("_")[:40].strip("_")
    return key if key[:1].isalpha() else f"case_{key}".rstrip("_")


def adopted_spec(inference: Inference, target: str, key: str, timezone: str, source: Mapping[str, Any]) -> CustomSpec:
    """The use case file of a labelled file; every choice in it can be edited.

    Parameters
    ----------
    inference : Inference
    target : str
        Name of the target column.
    key : str
    timezone : str
    source : mapping
        The file's name and how it was read, for people.
    """
    task, classes = inference.target.task, inference.target.classes
    named = (inference.entity, inference.group, inference.time)
    kept = [item for item in inference.columns if item.features or item.column.name in named]
    kept.sort(key=lambda item: item.role is not Role.TIME)  # the time of a row is the first time of the schema
    gone = [item for item in inference.columns if item not in kept]
    return CustomSpec(
        key=key,
        title=key.replace("_", " ").capitalize(),
        question=_question(task, target, classes),
        noun="row",
        task=task,
        target=Target(target, classes, _meaning(task, target, classes), class_values=inference.target.class_values),
        columns=tuple(CustomColumn(item.column, item.features, item.why) for item in kept),
        recipe=Recipe(
            models=_REGRESSORS if task is Task.REGRESSION else _CLASSIFIERS,
            champion="lightgbm",
            split=inference.split,
        ),
        policy=_policy(inference, target),
        timezone=timezone,
        entity=inference.entity,
        group=inference.group,
        row_order=inference.time == ROW_ORDER,
        order_by=next((item.column.name for item in kept if item.role is Role.ORDER), None),
        target_decimal=inference.target.decimal,
        target_nulls=inference.target.nulls,
        sensitive=tuple(item.column.name for item in kept if _is_sensitive(item)),
        excluded={item.column.name: _gone_why(item) for item in gone},
        source=source,
    )


def _gone_why(item: Inferred) -> str:
    return f"{item.why}; an id, not the one that names a row" if item.role is Role.ID else item.why


def _is_sensitive(item: Inferred) -> bool:
    return item.role is Role.FEATURE and bool(SENSITIVE_WORDS.intersection(words_of(item.column.name)))


def _question(task: Task, target: str, classes: tuple[str, ...]) -> str:
    if task is Task.BINARY:
        return f"Will {target} be {classes[1]}?"
    return f"Which {target} will it be?" if task is Task.MULTICLASS else f"How large will {target} be?"


def _meaning(task: Task, target: str, classes: tuple[str, ...]) -> str:
    return f"{target} was {classes[1]}" if task is Task.BINARY else f"{target} was high"


def _policy(inference: Inference, target: str) -> Policy:
    task, classes = inference.target.task, inference.target.classes
    if task is Task.MULTICLASS:
        bands = _class_bands(classes)
    else:
        tones = (Tone.GOOD, Tone.FAIR, Tone.POOR, Tone.BAD)
        tones = tones[::-1] if is_bad(target, classes) else tones
        rows = zip(_SHARES, tones, strict=True)
        bands = tuple(Band(name, decision, tone, share=share) for (name, decision, share), tone in rows)
    is_number = task is Task.REGRESSION or bool(inference.target.class_values)
    return Policy(bands, primary_metric=_PRIMARY[task], score_format="number" if is_number else "percent")


def _class_bands(classes: tuple[str, ...]) -> tuple[Band, ...]:
    """One band per class, the highest first, tones from good to bad."""
    tones = (Tone.GOOD, Tone.FAIR, Tone.POOR, Tone.BAD)
    last = len(classes) - 1
    return tuple(
        Band(label, f"treat as {label}", tones[round(3 * place / last)]) for place, label in enumerate(classes[::-1])
    )


def is_bad(target: str, classes: tuple[str, ...]) -> bool:
    """Whether a high score is bad news, by the words of the target.

    >>> is_bad("default.payment.next.month", ("0", "1")), is_bad("Converted", ("0", "1"))
    (True, False)
    >>> is_bad("outcome", ("Good", "Poor"))
    True
    """
    named = any(word.startswith(BAD_STEMS) for word in words_of(target))
    return named or (len(classes) == 2 and classes[1].lower() in BAD_CLASSES)
