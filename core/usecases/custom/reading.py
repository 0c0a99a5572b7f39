"""The text of a use case file, checked key by key."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from typing import Any
from zoneinfo import ZoneInfo

from core.domain.columns import Column, Kind, Missing, Unseen
from core.domain.policy import Band, Money, Policy, Tone
from core.domain.recipe import ModelSpec, Recipe, Split
from core.domain.usecase import Target, Task
from core.errors import InputError
from core.usecases.custom.section import Section
from core.usecases.custom.spec import FEATURES_OF, CustomColumn, CustomSpec

FAMILIES = ("logistic", "ridge", "elastic", "lightgbm", "forest", "mean")
KEY = re.compile(r"[a-z][a-z0-9_]{0,47}")
_TOP = (
    *("key", "title", "question", "noun", "task", "timezone", "entity", "group", "hash_ids"),
    *("sensitive", "actionable", "notes"),
    *("target", "recipe", "policy", "source", "excluded", "columns"),
)
_TARGET = ("name", "classes", "class_values", "meaning", "horizon_days", "unit", "decimal", "null_texts")
_RECIPE = ("split", "row_order", "order_by", "champion", "scaled", "seed", "models")
_POLICY = ("capacity", "primary_metric", "minimum_gain", "score_format", "notes", "bands", "money")
_COLUMN = (
    *("name", "kind", "why", "label", "unit", "help", "minimum", "maximum", "usual", "levels", "missing", "unseen"),
    *("null_texts", "decimal", "time_format", "group", "personal", "features"),
)
_METRICS = {
    Task.BINARY: ("auc", "gini", "pr_auc", "ks", "brier", "log_loss"),
    Task.MULTICLASS: ("macro_auc", "macro_f1", "weighted_f1", "accuracy", "kappa", "log_loss"),
    Task.REGRESSION: ("r2", "mae", "median_ae", "rmse"),
}
_MISSING_OF = {
    True: (Missing.REJECT, Missing.LEVEL, Missing.ALLOW),  # categories
    False: (Missing.REJECT, Missing.IMPUTE, Missing.ALLOW),
}


def parse(text: str, file: str = "use_case.toml") -> CustomSpec:
    """Read and check a use case file.

    Raises
    ------
    InputError
        Names the file, the key, its value, and what the key takes.
    """
    try:
        values = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise InputError(f"{file} is no TOML: {error}.", "Texts stand in quotes, lists in square brackets.") from error
    top = Section(file, "", values, _TOP)
    key = top.text("key")
    if not KEY.fullmatch(key):
        top.refuse("key", "small letters, digits and underscores, a letter first, 48 at most")
    task = top.choice("task", Task)
    outcome = Section(file, "target.", values.get("target", {}), _TARGET)
    target = _target(outcome, task)
    tables = top.tables("columns")
    columns = tuple(_column(file, place, table) for place, table in enumerate(tables, 1))
    how = Section(file, "recipe.", values.get("recipe", {}), _RECIPE)
    spec = CustomSpec(
        key=key,
        title=top.text("title", key.replace("_", " ").capitalize()),
        question=top.text("question", ""),
        noun=top.text("noun", "row"),
        task=task,
        target=target,
        columns=columns,
        recipe=_recipe(how),
        policy=_policy(Section(file, "policy.", values.get("policy", {}), _POLICY), task, target),
        timezone=_timezone(top),
        entity=top.optional_text("entity"),
        group=top.optional_text("group"),
        row_order=how.flag("row_order"),
        order_by=how.optional_text("order_by"),
        target_decimal=_decimal(outcome),
        target_nulls=outcome.texts("null_texts"),
        sensitive=top.texts("sensitive"),
        actionable=top.texts("actionable"),
        notes=top.texts("notes"),
        hash_ids=top.flag("hash_ids"),
        **{name: _plain(file, name, values) for name in ("excluded", "source")},
    )
    _check_names(top, spec)
    return spec


def _timezone(top: Section) -> str:
    name = top.text("timezone", "UTC")
    try:
        ZoneInfo(name)
    except (ValueError, OSError, KeyError):  # ZoneInfoNotFoundError is a KeyError
        top.refuse("timezone", "a name like UTC or Europe/Berlin")
    return name


def _plain(file: str, name: str, values: Mapping[str, Any]) -> dict[str, Any]:
    table = values.get(name, {})
    if not isinstance(table, Mapping):
        raise InputError(f"{file}: {name} is {table!r}.", "It takes a table.")
    return dict(table)


def _target(section: Section, task: Task) -> Target:
    name, classes, values = section.text("name"), section.texts("classes"), section.numbers("class_values")
    if task is Task.BINARY and len(classes) != 2:
        section.refuse("classes", "two texts, the negative class first")
    if task is Task.MULTICLASS and len(classes) < 3:
        section.refuse("classes", "at least three texts, in order from low to high")
    if task is Task.REGRESSION and classes:
        section.refuse("classes", "nothing in a regression")
    if len({label.strip().lower() for label in classes}) < len(classes):
        section.refuse("classes", "texts that differ in more than case")
    if values and (task is not Task.MULTICLASS or len(values) != len(classes)):
        section.refuse("class_values", "one number per class, of multiclass targets only")
    horizon = section.whole("horizon_days", 30)
    return Target(name, classes, section.text("meaning", ""), horizon, values, section.text("unit", ""))


def _recipe(section: Section) -> Recipe:
    models = []
    for place, table in enumerate(section.tables("models"), 1):
        one = Section(section.file, f"recipe.models[{place}].", table, ("name", "family", "params"))
        family, params = one.text("family"), table.get("params", {})
        if family not in FAMILIES:
            one.refuse("family", "one of " + ", ".join(FAMILIES))
        if not isinstance(params, Mapping):
            one.refuse("params", "a table such as { num_leaves = 15 }")
        models.append(ModelSpec(one.text("name"), family, dict(params)))
    names = [model.name for model in models]
    if len(set(names)) < len(names):
        section.refuse("models", "models of different names")
    if all(model.family == "mean" for model in models):
        section.refuse("models", "at least one model that is not the mean of others")
    champion = section.text("champion")
    if champion not in names:
        section.refuse("champion", "one of " + ", ".join(names))
    scaled = section.texts("scaled") if "scaled" in section.values else None
    split = section.choice("split", Split, Split.RANDOM)
    return Recipe(tuple(models), champion, split, scaled, section.whole("seed", 20260101))


def _policy(section: Section, task: Task, target: Target) -> Policy:
    tables = section.tables("bands")
    bands = tuple(_band(section.file, place, table, task) for place, table in enumerate(tables, 1))
    if task is Task.MULTICLASS:
        if len(bands) != len(target.classes):
            section.refuse("bands", f"one band per class ({len(target.classes)}), the highest class first")
    else:
        _check_bands(section, bands)
    metric = section.text("primary_metric", _METRICS[task][0])
    if metric not in _METRICS[task]:
        section.refuse("primary_metric", "one of " + ", ".join(_METRICS[task]))
    score_format = section.text("score_format", "number" if task is Task.REGRESSION else "percent")
    if score_format not in ("percent", "number"):
        section.refuse("score_format", "percent or number")
    gain = section.number("minimum_gain", least=0)
    return Policy(
        bands,
        capacity=section.number("capacity", least=0, most=1),
        money=_money(section, len(bands), task),
        primary_metric=metric,
        minimum_gain=0.01 if gain is None else gain,
        score_format=score_format,
        notes=section.texts("notes"),
    )


def _band(file: str, place: int, table: Any, task: Task) -> Band:
    one = Section(file, f"policy.bands[{place}].", table, ("name", "decision", "tone", "at_least", "share"))
    at_least, share = one.number("at_least"), one.number("share")
    if share is not None and not 0 < share < 1:
        one.refuse("share", "a fraction between 0 and 1, such as 0.1")
    if task is Task.MULTICLASS and (at_least is not None or share is not None):
        one.refuse("share" if share is not None else "at_least", "nothing: classes are their own bands")
    return Band(one.text("name"), one.text("decision"), one.choice("tone", Tone), at_least, share)


def _check_bands(section: Section, bands: tuple[Band, ...]) -> None:
    names = [band.name for band in bands]
    upper, last = bands[:-1], bands[-1]
    fixed = [band.at_least for band in upper if band.at_least is not None and band.share is None]
    shares = [band.share for band in upper if band.share is not None and band.at_least is None]
    rule = "two bands or more of different names; all but the last with at_least, or all but the last with share"
    if len(bands) < 2 or len(set(names)) < len(names) or len(upper) not in (len(fixed), len(shares)):
        section.refuse("bands", rule)
    if last.at_least is not None or last.share is not None:
        section.refuse("bands", "neither at_least nor share in the last band: it takes the rest")
    if fixed != sorted(set(fixed), reverse=True):
        section.refuse("bands", "at_least falling from band to band")
    if sum(shares) >= 1:
        section.refuse("bands", "shares that leave something for the last band")


def _money(section: Section, n_bands: int, task: Task) -> Money | None:
    if "money" not in section.values:
        return None
    one = Section(section.file, "policy.money.", section.values["money"], ("currency", "costs", "note"))
    costs, takes = one.values.get("costs"), f"{n_bands} pairs [cost if negative, cost if positive], one per band"
    if task is not Task.BINARY:
        section.refuse("money", "nothing: costs belong to binary targets")
    if not isinstance(costs, list) or len(costs) != n_bands:
        one.refuse("costs", takes)
    pairs = [Section(one.file, one.place, {"costs": pair}, ("costs",)).numbers("costs", 2) for pair in costs]
    return Money(one.text("currency"), tuple((low, high) for low, high in pairs), one.text("note", ""))


def _column(file: str, place: int, table: Any) -> CustomColumn:
    name = table.get("name", "?") if isinstance(table, Mapping) else "?"
    one = Section(file, f"columns[{place}] ({name}).", table, _COLUMN)
    kind = one.choice("kind", Kind, among=FEATURES_OF)
    usual = one.numbers("usual", 2)
    column = Column(
        one.text("name"),
        kind,
        label=one.text("label", ""),
        unit=one.text("unit", ""),
        help=one.text("help", ""),
        minimum=one.number("minimum"),
        maximum=one.number("maximum"),
        usual=(usual[0], usual[1]) if usual else None,
        levels=_levels(one, kind),
        missing=_missing(one, kind),
        unseen=one.choice("unseen", Unseen, Unseen.REJECT),
        null_texts=one.texts("null_texts"),
        decimal=_decimal(one),
        time_format=one.optional_text("time_format"),
        group=one.text("group", "Details"),
        personal=one.flag("personal"),
    )
    allowed = FEATURES_OF[kind]
    features = one.texts("features")
    if not set(features) <= set(allowed):
        one.refuse("features", f"any of {', '.join(allowed)}" if allowed else f"nothing: {kind} columns give none")
    return CustomColumn(column, features, one.text("why", ""))


def _decimal(one: Section) -> str:
    decimal = one.text("decimal", ".")
    if decimal not in (".", ","):
        one.refuse("decimal", '"." or ","')
    return decimal


def _levels(one: Section, kind: Kind) -> tuple[str, ...]:
    levels = one.texts("levels")
    if kind.is_coded and not levels:
        one.refuse("levels", "at least one text")
    if levels and not kind.is_coded:
        one.refuse("levels", "nothing: only category and ordered columns have levels")
    if len({level.strip().lower() for level in levels}) < len(levels):
        one.refuse("levels", "texts that differ in more than case")
    return levels


def _missing(one: Section, kind: Kind) -> Missing:
    missing = one.choice("missing", Missing, Missing.REJECT)
    allowed = (Missing.REJECT, Missing.ALLOW) if kind.is_text or kind is Kind.TIME else _MISSING_OF[kind.is_coded]
    if missing not in allowed:
        one.refuse("missing", f"one of {', '.join(allowed)} in a {kind} column")
    return missing


def _check_names(top: Section, spec: CustomSpec) -> None:
    """Names of columns that are used elsewhere in the file."""
    names = list(spec.column_names)
    if len({name.lower() for name in names}) < len(names):
        top.refuse("columns", "columns of different names")
    if spec.target.name in names:
        raise InputError(f"{top.file}: the target {spec.target.name} is a column too.", "Remove it from [[columns]].")
    ids = [item.column.name for item in spec.columns if item.column.kind is Kind.ID]
    for key, value in (("entity", spec.entity), ("group", spec.group)):
        if value is not None and value not in ids:
            top.refuse(key, f"a column of kind id ({', '.join(ids) or 'there is none'})")
    for key, values in (("sensitive", spec.sensitive), ("actionable", spec.actionable)):
        if not set(values) <= set(names):
            top.refuse(key, "names of columns in this file")
    if not any(item.features for item in spec.columns):
        top.refuse("columns", "at least one column with features")
    _check_split(top, spec)


def _check_split(top: Section, spec: CustomSpec) -> None:
    numeric = [item.column.name for item in spec.columns if item.column.kind.is_numeric]
    if spec.order_by is not None and spec.order_by not in numeric:
        raise InputError(f"{top.file}: recipe.order_by is '{spec.order_by}'.", "It takes a column of numbers.")
    timed = any(item.column.kind is Kind.TIME for item in spec.columns)
    has_time = timed or spec.row_order or spec.order_by is not None
    lacks = {Split.TIME: not has_time, Split.GROUP: spec.group is None, Split.RANDOM: False}[spec.recipe.split]
    if lacks:
        hint = "Name the column, or split at random."
        raise InputError(f"{top.file}: recipe.split is '{spec.recipe.split}', and there is no such column.", hint)
