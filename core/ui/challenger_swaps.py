"""What would change hands: the swap set at a chosen capacity, discrimination at matched coverage, and money."""

from __future__ import annotations

from typing import Any

import streamlit as st

from core.domain.compare.exchange import Exchange
from core.domain.metrics.catalogue import METRICS
from core.domain.usecase import Task, UseCase
from core.services.comparison import swaps as service
from core.services.comparison.challengers import Challengers
from core.services.comparison.swaps import Ratio, Saving
from core.ui import challenger_charts as draw
from core.ui import challenger_words as say
from core.ui import charts, messages, state, words


def swap_set(use_case: UseCase, seen: Challengers) -> None:
    """Whom each challenger would take that the champion leaves, at a chosen share of rows."""
    names = [str(arm) for arm in seen.rows.arms if str(arm) != seen.champion]
    share = st.slider(
        "Share of rows taken", 0.1, 99.0, max(0.1, round(100 * seen.coverage, 1)), 0.1, format="%.1f%%",
        key=f"swap:{use_case.key}", help="Each arm takes as many rows: those with its highest scores.",
    )  # fmt: skip
    every = {name: service.swap(state.desk(), state.actor(), use_case.key, seen, name, share / 100) for name in names}
    found = {name: part for name, part in every.items() if part is not None}
    if not found:
        st.info("No row can be judged yet.")
        return
    spans = [
        draw.Span(
            say.label(seen, name), say.style(use_case, seen, name), part.difference, part.low, part.high, part.enough
        )
        for name, part in found.items()
    ]
    drawn = draw.spans(spans, f"{_called(use_case)}: challenger's rows minus champion's")
    behind = [_row(use_case, seen, name, part) for name, part in found.items()]
    charts.show(
        drawn, _finding(use_case, seen, found), _caption(use_case, seen, found), behind, f"swaps:{use_case.key}"
    )
    st.dataframe(
        [_line(use_case, seen, name, part) for name, part in found.items()], hide_index=True, width="stretch",
        alt=f"The rows that change hands between {seen.champion} and each challenger",
    )  # fmt: skip


def _called(use_case: UseCase) -> str:
    if use_case.task is Task.BINARY:
        return (
            f"Rate of '{use_case.target.classes[1]}'"
            if use_case.target.classes[1] not in ("1", "yes")
            else "Outcome rate"
        )
    return "Mean outcome"


def _finding(use_case: UseCase, seen: Challengers, found: dict[str, Exchange]) -> str:
    name = max(found, key=lambda arm: found[arm].n_moved)
    part, champion = found[name], say.label(seen, seen.champion)
    if not part.n_moved:
        return f"Every challenger takes the same {words.count(part.n_taken)} {use_case.noun}s as {champion}"
    text = (
        f"Of {words.count(part.n_taken, use_case.noun)} {say.label(seen, name)} exchanges {words.count(part.n_moved)}"
    )
    if not part.enough:
        return f"{text}: too few to judge"
    if part.low > 0:
        return f"{text}, and those it takes turn out more often: {_difference(use_case, part)}"
    if part.high < 0:
        return f"{text}, and those it takes turn out less often: {_difference(use_case, part)}"
    return f"{text}, with no difference that can be told: {_difference(use_case, part)}"


def _difference(use_case: UseCase, part: Exchange) -> str:
    if use_case.task is Task.BINARY:
        points = [f"{100 * value:+.1f}" for value in (part.difference, part.low, part.high)]
        return f"{points[0]} [{points[1]}, {points[2]}] points"
    return f"{part.difference:+.3g} [{part.low:+.3g}, {part.high:+.3g}]"


def _caption(use_case: UseCase, seen: Challengers, found: dict[str, Exchange]) -> str:
    method = next(iter(found.values())).method
    return (
        "At equal numbers the rows that change hands are the whole difference between two arms. Bars: 95 % intervals "
        f"({method}); hollow grey: fewer than 30 rows change hands. {say.source(seen)}"
    )


def _row(use_case: UseCase, seen: Challengers, name: str, part: Exchange) -> dict[str, Any]:
    return {
        "Arm": say.label(seen, name), "Taken": part.n_taken, "By both": part.n_both, "Exchanged": part.n_moved,
        "Challenger's": part.challenger, "Champion's": part.champion, "Difference": part.difference, "Low": part.low,
        "High": part.high, "Money": part.money, "Money low": part.money_low, "Money high": part.money_high,
    }  # fmt: skip


def _line(use_case: UseCase, seen: Challengers, name: str, part: Exchange) -> dict[str, Any]:
    line = {
        "Challenger": say.label(seen, name),
        "Only it takes": f"{words.count(part.n_moved)}, {_rate(use_case, part.challenger)}",
        "Only the champion takes": f"{words.count(part.n_moved)}, {_rate(use_case, part.champion)}",
        "Both take": words.count(part.n_both),
        "Difference": _difference(use_case, part) if part.n_moved else "none",
    }
    money = use_case.policy.money
    if part.money is not None and part.money_low is not None and part.money_high is not None and money is not None:
        line[f"Brings ({money.currency})"] = _span(part.money, part.money_low, part.money_high)
    return line


def _rate(use_case: UseCase, value: float) -> str:
    if value != value:
        return "none"
    return words.percent(value) if use_case.task is Task.BINARY else f"{value:.3g}"


def _span(value: float, low: float, high: float) -> str:
    """Money with its interval.

    >>> _span(38_500.0, -40_865.65, 117_865.65)
    '+38,500 [-40,866, +117,866]'
    """
    texts = [f"{part:+,.0f}".replace("-0", "+0") if abs(part) < 0.5 else f"{part:+,.0f}" for part in (value, low, high)]
    return f"{texts[0]} [{texts[1]}, {texts[2]}]"


def money(use_case: UseCase, seen: Challengers) -> None:
    """What the rules cost against each model, and how well each arm tells the worst from the best."""
    _savings(use_case, seen)
    _ratios(use_case, seen)


def _savings(use_case: UseCase, seen: Challengers) -> None:
    found = service.savings(state.desk(), state.actor(), use_case.key, seen)
    if not found or use_case.policy.money is None:
        reason = "the policy has no costs" if use_case.policy.money is None else "no row of the rules can be judged"
        st.info(f"What the rules cost cannot be told: {reason}.", icon=":material/payments:")
        return
    spans = [
        draw.Span(say.label(seen, part.arm), say.style(use_case, seen, part.arm), part.total, part.low, part.high)
        for part in found
    ]
    drawn = draw.spans(spans, f"Opportunity cost of the rules ({found[0].currency})")
    drawn.update_xaxes(tickformat=",.3~s")
    behind = [
        {
            "Arm": say.label(seen, part.arm),
            "Opportunity cost": part.total,
            "Low": part.low,
            "High": part.high,
            "n": part.n,
        }
        for part in found
    ]
    caption = (
        "Cost of the rules' decisions minus that of the model's at the rules' own shares of each band, summed over the "
        f"period; bars: 95 %. {messages.plain(use_case.policy.money.note)} {say.source(seen)}"
    )
    charts.show(drawn, _price(seen, found), caption, behind, f"savings:{use_case.key}")


def _price(seen: Challengers, found: tuple[Saving, ...]) -> str:
    leading = next(part for part in found if part.arm == seen.champion)
    said = f"{_span(leading.total, leading.low, leading.high)} {leading.currency}"
    name = say.label(seen, leading.arm)
    if leading.low > 0:
        return f"The rules cost {said.removeprefix('+')} over the period against {name}"
    if leading.high < 0:
        return f"The rules save money over the period against {name}: they cost {said}"
    return f"Whether the rules cost anything against {name} cannot be told: {said}"


def _ratios(use_case: UseCase, seen: Challengers) -> None:
    found = service.ratios(state.desk(), state.actor(), use_case.key, seen)
    if not found:
        return
    top, bottom = messages.plain(found[0].bands[0][0]), messages.plain(found[0].bands[-1][0])
    st.markdown(f"**How many times likelier the outcome is in '{top}' than in '{bottom}', at the same coverage**")
    st.dataframe(
        [_discriminates(seen, part) for part in found],
        hide_index=True,
        width="stretch",
        alt="Discrimination ratio of every arm with coverage, interval and polarity",
    )
    wrong = [part for part in found if part.polarity == "reversed or mis-fed"]
    for part in wrong:
        st.error(f"{say.label(seen, part.arm)} is reversed or mis-fed: {_said(part)}.", icon=":material/swap_vert:")
    st.caption(
        f"{METRICS['risk_ratio'].label}: rate in the highest over rate in the lowest band, rows put into bands by rank "
        "at the same shares for every arm; 95 % interval on the log scale (Katz). Polarity: whether a higher score "
        f"means more of the outcome. Over the rules' ratio: paired on the same rows, 1 is no difference; of all bands "
        f"above the lowest where the highest holds too few. {say.source(seen)}"
    )


def _said(part: Ratio) -> str:
    return say.figure(part.ratio) or "no outcome in one of the bands"


def _discriminates(seen: Challengers, part: Ratio) -> dict[str, Any]:
    line = {"Arm": say.label(seen, part.arm), "Ratio": _said(part), "Polarity": part.polarity}
    line["Over the rules' ratio"] = say.figure(part.over_rules) if part.over_rules is not None else ""
    for name, n, rate in part.bands:
        covers = f"{words.percent(n / part.n)} of rows, {words.count(n)}"
        line[f"Rate in {name}"] = f"{words.percent(rate)} ({covers})" if n else "no row"
    if len(part.bands) > 2:
        line[f"All above {part.bands[-1][0]}"] = say.figure(part.above)
    return line
