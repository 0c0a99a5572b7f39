"""What drives the scores?  Importance of raw columns by model, cross-checked, and by segment."""

from __future__ import annotations

from typing import Any

import streamlit as st

from core.domain.importance import Importance, places
from core.domain.metrics.catalogue import METRICS
from core.domain.permutation import Loss
from core.domain.usecase import UseCase
from core.services.governing.acting import acting_model
from core.services.reasons import drivers as service
from core.services.reasons.drivers import CrossCheck, Drivers, Segments
from core.ui import charts, driver_charts, state, words
from core.ui.driver_words import listed, points, scale, source, tick, title, unit

SHOWN = 14  # columns in a chart; the table has all


def pick_model(use_case: UseCase, view: str) -> str:
    """Whose scores a view is about: the champion's, unless another is chosen."""
    models, champion = use_case.recipe.model_names, acting_model(state.desk(), use_case)
    asked = st.segmented_control("Model", models, default=champion, required=True, key=f"model:{view}:{use_case.key}")
    return str(asked or champion)


def pick_rows(use_case: UseCase, view: str) -> int | None:
    """The rows that a view is about: the latest days of the log, or None for the reference rows."""
    chosen = st.segmented_control(
        "Rows",
        [0, *service.WINDOWS],
        default=0,
        required=True,
        format_func=lambda days: f"Latest {days} days" if days else "Reference",
        key=f"{view}:{use_case.key}",
    )
    return chosen or None


def importance(use_case: UseCase) -> None:
    """Mean size of the points of every column, champion beside challengers; then the cross-checks."""
    days = pick_rows(use_case, "importance")
    with st.spinner("Explaining rows"):
        found = service.drivers(state.desk(), state.actor(), use_case.key, days)
    if found.source.n == 0:
        st.info(f"Nothing was scored yet. Score a file, or look at the reference {use_case.noun}s.")
        return
    best = found.by_model[found.champion]
    shown = best.order[:SHOWN]
    arms = [_dots(use_case, found, model, shown) for model in found.models]
    drawn = driver_charts.dot_rows([tick(use_case, name) for name in shown], arms, f"Mean size, {unit(use_case)}")
    drawn.update_xaxes(rangemode="tozero")
    charts.show(drawn, _finding(use_case, found), _explained(found), _rows(use_case, found), f"sizes:{use_case.key}")
    _agreement(use_case, found)


def _dots(use_case: UseCase, found: Drivers, model: str, shown: tuple[str, ...]) -> driver_charts.Dots:
    item, factor = found.by_model[model], scale(use_case)
    at = [item.columns.index(name) for name in shown]
    value, low, high = ((part[at] * factor).tolist() for part in (item.value, item.low, item.high))
    style = charts.arm_style(model, found.champion, found.models)
    return driver_charts.Dots(model, style, value, low, high, [not item.enough] * len(shown))


def _finding(use_case: UseCase, found: Drivers) -> str:
    best = found.by_model[found.champion]
    if not best.enough:
        return f"Only {words.count(best.n)} rows: too few to say what drives the scores"
    first = best.columns.index(best.order[0])
    size = points(use_case, float(best.value[first]))
    span = f"[{points(use_case, float(best.low[first]))}, {points(use_case, float(best.high[first]))}]"
    return (
        f"{title(use_case, best.order[0])} moves {found.champion}'s scores most: {size} {span} {unit(use_case)} "
        f"on average, up or down; then {listed(use_case, best.order[1:4])}"
    )


def _explained(found: Drivers) -> str:
    return (
        "How far a column moves a score away from the model's base, up or down, on average. Bars: 95 % intervals, "
        f"rows drawn again 500 times. {source(found.source)}"
    )


def _rows(use_case: UseCase, found: Drivers) -> list[dict[str, Any]]:
    factor = scale(use_case)
    return [
        {
            "Column": use_case.schema[name].title,
            "Model": model,
            "Mean size": item.value[place] * factor,
            "Low": item.low[place] * factor,
            "High": item.high[place] * factor,
            "n": item.n,
        }
        for model, item in found.by_model.items()
        for place, name in enumerate(item.columns)
    ]


def _agreement(use_case: UseCase, found: Drivers) -> None:
    """Do the challengers see the same columns as the champion?"""
    if len(found.models) < 2:
        return
    tau = found.agreement
    row = tau[found.models.index(found.champion)]
    others = {model: float(row[place]) for place, model in enumerate(found.models) if model != found.champion}
    least = min(others, key=lambda model: others[model])
    texts = [[f"{value:.2f}" for value in line] for line in tau.tolist()]
    drawn = driver_charts.matrix(found.models, found.models, tau.clip(min=0).tolist(), texts)
    table = [
        {"Model": model} | dict(zip(found.models, line, strict=True))
        for model, line in zip(found.models, tau.tolist(), strict=True)
    ]
    sees = "much the same columns as" if others[least] >= 0.6 else "other columns than"
    charts.show(
        drawn,
        f"{words.capitalised(least)} ranks {sees} {found.champion} (agreement {others[least]:.2f}, the least of all)",
        f"Kendall's tau of the columns' mean sizes: 1 the same order, 0 none. {source(found.source)}",
        table,
        f"agreement:{use_case.key}",
    )


def cross_check(use_case: UseCase, model: str) -> None:
    """Permutation importance beside the size of the points."""
    with st.spinner("Dealing columns out anew"):
        found = service.cross_check(state.desk(), state.actor(), use_case.key)
    if found is None:
        st.info(f"The outcome of no reference {use_case.noun} is known, so what a column is worth cannot be told.")
        return
    known = service.drivers(state.desk(), state.actor(), use_case.key).by_model[model]
    loss, label = found.losses[model], METRICS[found.metric].label
    at = [known.columns.index(name) for name in known.order[:SHOWN]]
    style = driver_charts.style_of(use_case, model)
    value, low, high = (part[at].tolist() for part in (loss.value, loss.low, loss.high))
    drawn = driver_charts.dot_rows(
        [tick(use_case, name) for name in known.order[:SHOWN]],
        [driver_charts.Dots(model, style, value, low, high)],
        f"{label} lost when dealt out anew",
    )
    behind = _both(use_case, known, loss)
    charts.show(drawn, _checked(use_case, found, model), _how(found), behind, f"deal:{use_case.key}")


def _checked(use_case: UseCase, found: CrossCheck, model: str) -> str:
    tau, apart = found.agreement[model], found.apart[model]
    text = f"Points and what {model} loses without a column rank the columns with an agreement of {tau:.2f}"
    if not apart:
        return f"{text}: no column's place differs much"
    return f"{text}; they disagree about {listed(use_case, apart)}"


def _how(found: CrossCheck) -> str:
    loss = next(iter(found.losses.values()))
    return (
        f"{METRICS[found.metric].label} lost when a column's values are dealt out among the rows; bars: 95 % of the "
        f"mean over {loss.n_repeats} deals; in the order of the mean size of the points. Agreement: Kendall's tau. "
        "Columns that say the same stand in for each other here and share their points, and a column may move scores "
        f"without making them better. {source(found.source)}"
    )


def _both(use_case: UseCase, known: Importance, loss: Loss) -> list[dict[str, Any]]:
    first, second = places(known.value), places(loss.value)
    return [
        {
            "Column": use_case.schema[name].title,
            f"{METRICS[loss.metric].label} lost": loss.value[place],
            "Low": loss.low[place],
            "High": loss.high[place],
            "Place by loss": int(second[place]),
            "Place by points": int(first[place]),
            "n": loss.n,
        }
        for place, name in enumerate(known.columns)
    ]


def segments(use_case: UseCase, model: str) -> None:
    """Importance within the levels of a column or grouping."""
    titles = service.segmentations(use_case)
    if not titles:
        st.info("No column of this use case has levels to split its rows by.")
        return
    sensitive = [name for name in titles if name in use_case.sensitive]
    by = st.selectbox(
        "Split by",
        [*sensitive, *(name for name in titles if name not in sensitive)],
        format_func=lambda name: titles[name] + (" (sensitive)" if name in use_case.sensitive else ""),
        key=f"segment:{use_case.key}",
    )
    found = service.by_segment(state.desk(), state.actor(), use_case.key, model, str(by))
    whole = service.drivers(state.desk(), state.actor(), use_case.key).by_model[model]
    shown, levels = whole.order[:SHOWN], list(found.levels.items())
    at, factor = [whole.columns.index(name) for name in shown], scale(use_case)
    cells = [[float(item.value[k]) * factor if item.enough else float("nan") for _, item in levels] for k in at]
    texts = [[points(use_case, float(item.value[k])) if item.enough else "" for _, item in levels] for k in at]
    named = [f"{label.replace('<', '(')}<br>n = {item.n:,}" for label, item in levels]
    drawn = driver_charts.matrix(named, [tick(use_case, name) for name in shown], cells, texts)
    few = sum(not item.enough for _, item in levels)
    unsaid = f" Empty: {few} with fewer than 30 rows." if few else ""
    charts.show(
        drawn,
        _by_level(use_case, found),
        f"Mean size of {model}'s points within each level, {unit(use_case)}; intervals in the table.{unsaid} "
        f"{source(found.source)}",
        _segment_rows(use_case, found),
        f"segments:{use_case.key}",
    )


def _by_level(use_case: UseCase, found: Segments) -> str:
    firsts = {label: item.order[0] for label, item in found.levels.items() if item.enough}
    if not firsts:
        return f"Too few rows of every level of {found.title}"
    distinct = dict.fromkeys(firsts.values())
    if len(distinct) == 1:
        return f"{title(use_case, next(iter(distinct)))} comes first at every level of {found.title}"
    return f"What comes first depends on {found.title}: {listed(use_case, tuple(distinct))}"


def _segment_rows(use_case: UseCase, found: Segments) -> list[dict[str, Any]]:
    factor = scale(use_case)
    return [
        {
            found.title: label,
            "Column": use_case.schema[name].title,
            "Mean size": item.value[place] * factor,
            "Low": item.low[place] * factor,
            "High": item.high[place] * factor,
            "n": item.n,
            "Enough rows": item.enough,
        }
        for label, item in found.levels.items()
        for place, name in enumerate(item.columns)
    ]
