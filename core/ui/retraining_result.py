"""What came of a retraining: first look, held-out figures beside the search's own, the two aims, what was searched."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import streamlit as st

from core.domain.metrics.catalogue import METRICS
from core.domain.usecase import UseCase
from core.services.rebuilding import retraining
from core.services.rebuilding.retraining_report import Report, TunedModel, report
from core.ui import charts, frame, messages, state, words

LOG_LOSS = "Log loss, held out"


def results(use_case: UseCase) -> None:
    """One retrained version at a time, the newest first; nothing before the first one."""
    versions = retraining.retrained(state.desk(), state.actor(), use_case.key)
    if not versions:
        st.caption("No version has come of a retraining yet.")
        return
    st.subheader("What came of it", anchor=False)
    version = str(st.selectbox("Version", versions, key=f"retrained:{use_case.key}")) if versions[1:] else versions[0]
    found = report(state.desk(), state.actor(), use_case.key, version)
    if found is None:
        st.caption(f"The card of {version} tells nothing of a search.")
        return
    _headline(use_case, found)
    _look(use_case, found)
    _models(use_case, found)
    _aims(use_case, found)
    _searched(found)


def _headline(use_case: UseCase, found: Report) -> None:
    role = f" :blue-badge[{words.capitalised(found.role)}]" if found.role else ""
    facts, data = found.facts, found.facts["data"]
    span = f", {data['from']} to {data['to']}" if "from" in data else ""
    st.markdown(f"**{found.version}**, {words.exact(found.at)}{role}")
    cut = f", {facts['trials_pruned']} cut short as hopeless" if facts["trials_pruned"] else ""
    failed = f", {facts['trials_failed']} failed" if facts["trials_failed"] else ""
    ran = f"{facts['trials_run']} of {facts['trials_asked']} trials ran in {words.duration(facts['seconds'])}"
    st.caption(f"Learnt from {words.count(data['rows'], use_case.noun)} ({data['kind']}{span}). {ran}{cut}{failed}.")


def _look(use_case: UseCase, found: Report) -> None:
    """The first comparison with the champion, which is no verdict."""
    look = found.look
    if look is None:
        return
    metric = METRICS[look["metric"]].label if "metric" in look else ""
    lines = [_gain_words(arm, metric) for arm in look.get("arms", ())]
    about = (
        f"{look['n_known']:,} {use_case.noun}s since {look['since']} with a mature outcome, none of them used to fit "
        f"or to search. Champion: {look['champion']}, {metric} {look['champion_value']:.3f}. Gains over it, with "
        "intervals that hold for all models at once:"
        if lines and look["champion_value"] is not None
        else ""
    )
    st.info(
        "\n".join(filter(None, [messages.plain(about), "", *lines])) if lines else messages.plain(str(look["said"])),
        title="First look beside the champion: not a verdict" if lines else "No first look yet",
        icon=":material/compare_arrows:",
    )
    if frame.allowed("challengers"):
        st.button(
            "Plan a comparison", key=f"retrained:plan:{use_case.key}", icon=":material/compare_arrows:",
            on_click=frame.go, args=("challengers", use_case.key),
        )  # fmt: skip


def _gain_words(arm: Mapping[str, Any], metric: str) -> str:
    name = messages.plain(str(arm["model"]))
    if "gain" not in arm:
        return f"- {name}: {metric} {arm['value']:.3f}"
    held = "" if arm["enough"] else ", too few for a judgement"
    return f"- {name}: {arm['gain']:+.3f} \\[{arm['low']:+.3f}, {arm['high']:+.3f}\\], n = {arm['n']:,}{held}"


def _models(use_case: UseCase, found: Report) -> None:
    """Held-out figures are the ones to quote; the search's own stand beside them, called optimistic."""
    label = METRICS[found.metric].label
    st.markdown(f"**What each model is worth on the latest {use_case.noun}s, which neither fit nor search has seen**")
    rows = [_row(model, label) for model in found.models]
    if not any(model.log_loss for model in found.models):  # values have none
        rows = [{name: cell for name, cell in row.items() if name != LOG_LOSS} for row in rows]
    st.dataframe(rows, hide_index=True, width="stretch", alt=f"{label} of every model, held out and in the search")
    st.caption(
        f"Held out: the figure to quote, with its 95 % interval. In the search: the mean over "
        f"{found.facts['folds']} folds, each learnt from earlier and fewer rows; the best of many trials is "
        "optimistic, so it chooses and is never quoted."
    )


def _row(model: TunedModel, label: str) -> dict[str, str]:
    told = "made of the others" if not model.params and not model.trials else ""
    return {
        "Model": model.name,
        f"{label}, held out": _figure(model.held_out),
        LOG_LOSS: _figure(model.log_loss),
        "Before, in the search": "" if model.present_cv is None else f"{model.present_cv:.4f}",
        "Best in the search (optimistic)": "" if model.best_cv is None else f"{model.best_cv:.4f}",
        "Trials": told or f"{model.trials}" + (", kept as it was" if model.kept_present else ""),
    }


def _figure(found: Mapping[str, Any] | None) -> str:
    if found is None or found.get("low") is None:
        return ""
    return f"{found['value']:.3f} [{found['low']:.3f}, {found['high']:.3f}], n = {found['n']:,}"


def _aims(use_case: UseCase, found: Report) -> None:
    """Every finished trial by both aims; those that no other beats in both are filled and joined."""
    if len(found.points) < 2:
        return
    label = METRICS[found.metric].label
    drawn = charts.figure(340, f"{label} in the search", _short(found.money))
    names = list(dict.fromkeys(str(point["model"]) for point in found.points))
    champion = use_case.recipe.champion
    front = found.front
    drawn.add_scatter(
        x=[point["ranking"] for point in front], y=[point["money"] for point in front], mode="lines",
        line={"color": charts.ink().muted, "width": 1, "dash": "dot"}, hoverinfo="skip", showlegend=False,
    )  # fmt: skip
    for name in names:
        _trials(drawn, found, name, charts.arm_style(name, champion, [champion, *names]), label)
    outside = _zoom(drawn, found)
    drawn.update_layout(showlegend=True, legend={"orientation": "h", "y": -0.25})
    n_front = len(front)
    finding = (
        f"One set of parameters is best in both aims: {front[0]['model']}"
        if n_front == 1
        else f"{words.count(n_front, 'set')} of parameters cannot be beaten in both aims at once"
    )
    table = [
        {"Model": point["model"], label: round(point["ranking"], 4), "Money": round(point["money"], 4),
         "On the front": "yes" if point["front"] else "", "As it was": "yes" if point["present"] else ""}
        for point in found.points
    ]  # fmt: skip
    caption = (
        f"{len(found.points)} finished trials of {found.version}, means over {found.facts['folds']} folds: optimistic. "
        f"Upwards: {found.money}. Filled: on the front; star: as it was. Of each model the set that ranks best was "
        f"trained.{outside}"
    )
    charts.show(drawn, finding, caption, table, f"aims:{use_case.key}:{found.version}")


def _zoom(drawn: Any, found: Report) -> str:
    """Leave trials far from the others outside the picture; how many, in words."""
    ends = []
    for aim in ("ranking", "money"):
        values = sorted(float(point[aim]) for point in found.points)
        low, high = values[len(values) // 4], values[-1 - len(values) // 4]
        kept = [float(point[aim]) for point in found.points if point["front"] or point["present"]]
        reach = 3 * (high - low)
        kept += [value for value in values if low - reach <= value <= high + reach]
        edge = 0.06 * (max(kept) - min(kept)) or 0.01
        ends.append((min(kept) - edge, max(kept) + edge))
    drawn.update_xaxes(range=ends[0])
    drawn.update_yaxes(range=ends[1])
    n_outside = sum(
        not (ends[0][0] <= point["ranking"] <= ends[0][1] and ends[1][0] <= point["money"] <= ends[1][1])
        for point in found.points
    )
    return f" {words.count(n_outside, 'trial')} far from the others: in the table only." if n_outside else ""


def _short(money: str) -> str:
    """What the second aim counts, short enough for an axis.

    >>> _short("gain per lead at the policy's cutoffs and costs, in USD")
    'Gain per lead'
    """
    return words.capitalised(money.split(" at the ")[0].split(" among ")[0])


def _trials(drawn: Any, found: Report, name: str, style: tuple[str, str, str], label: str) -> None:
    colour, _, symbol = style
    mine = sorted((point for point in found.points if point["model"] == name), key=lambda point: point["present"])
    drawn.add_scatter(
        x=[point["ranking"] for point in mine],
        y=[point["money"] for point in mine],
        name=name,
        mode="markers",
        marker={
            "size": [13 if point["present"] else 10 for point in mine],
            "symbol": [_symbol(point, symbol) for point in mine],
            "color": colour,
            "line": {"color": colour, "width": 1.5},
        },
        hovertemplate=f"{name}: {label} %{{x:.4f}}, %{{y:.4g}}<extra></extra>",
    )


def _symbol(point: Mapping[str, Any], symbol: str) -> str:
    shape = "star" if point["present"] else symbol
    return shape if point["front"] else f"{shape}-open"


def _searched(found: Report) -> None:
    facts = found.facts
    why = messages.plain("; ".join([*facts["because"], facts["reason"]]).strip("; "))
    with st.expander("What was searched, and what was left out", icon=":material/manage_search:"):
        dropped = ", ".join(facts["dropped"])
        st.markdown(
            f"- Features left out because no model ranks worse without them: {messages.plain(dropped) or 'none'}\n"
            f"- Searched on {words.count(facts['rows'], 'row')}, {facts['folds']} folds, split by {facts['split']}; "
            f"seed {facts['seed']}\n"
            f"- Aims: {METRICS[found.metric].label}; {messages.plain(found.money)}\n"
            f"- Why: {why or 'asked for by hand'}"
        )
        rows = [
            {
                "Model": model.name,
                "Parameter": name,
                "Value": f"{value:.4g}" if isinstance(value, float) else str(value),
            }
            for model in found.models
            for name, value in model.params.items()
        ]
        if rows:
            st.dataframe(rows, hide_index=True, width="stretch", alt="The parameters that were trained with")
