"""One grouping looked at closely: rates, errors, calibration and challengers, group by group."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from core.domain.fairness.calibration import surely_off
from core.domain.fairness.gaps import LEAST_GROUP
from core.domain.fairness.judgement import breaks, standing
from core.domain.judged import RULES
from core.domain.usecase import UseCase
from core.services.comparison.fairness import ColumnGroups, Fairness
from core.services.comparison.fairness_rows import Choice
from core.ui import charts, fairness_weighted, messages, words
from core.ui import fairness_charts as draw
from core.ui import fairness_words as say


def pick(seen: Fairness, where: str) -> ColumnGroups:
    """Which grouping a tab shows; it begins with the widest gap above its limit."""
    titles = [column.title for column in seen.columns]
    if len(titles) < 2:
        return seen.columns[0]
    begin = titles.index(_widest(seen).title)
    picked = st.selectbox("Groups by", titles, begin, key=f"{where}:{seen.use_case}", width=280)
    return seen.columns[titles.index(picked)] if picked in titles else seen.columns[0]


def _widest(seen: Fairness) -> ColumnGroups:
    single = [column for column in seen.columns if len(column.columns) == 1]
    found = {column.title: column.arm(seen.acting).gaps["parity"] for column in single}
    broken = {title: gap.value for title, gap in found.items() if gap is not None and breaks(standing(gap))}
    return (
        next(column for column in single if column.title == max(broken, key=broken.__getitem__))
        if broken
        else single[0]
    )


def style(use_case: UseCase, seen: Fairness, arm: str) -> draw.Style:
    """The colour a model has everywhere; another version's is hollow."""
    if arm in (RULES, seen.champion):
        return charts.arm_style("rules" if arm == RULES else "champion", "champion", ())
    model, _, version = arm.partition(" of ")
    champion, _, acting = seen.champion.partition(" of ")
    models = use_case.recipe.model_names
    others = [name for name in models if name != champion]
    colour, dash, symbol = charts.arm_style(model if model in others else others[0], champion, models)
    return colour, dash, symbol if version == acting else f"{symbol}-open"


def rates(use_case: UseCase, seen: Fairness, choice: Choice) -> None:
    """The selection rate of every group."""
    _rates(use_case, seen, pick(seen, "rates"), ("selection",))


def errors(use_case: UseCase, seen: Fairness, choice: Choice) -> None:
    """True and false positive rates of every group, where outcomes are classes and some are known."""
    if seen.selection.outcome is None:
        st.info("Outcomes are values, not classes: there are no true or false positives. See calibration by group.")
        return
    if not seen.maturity.n_known:
        st.info("No outcome counts yet: rows must be older than the horizon, and what became of them known.")
        return
    column = pick(seen, "errors")
    _rates(use_case, seen, column, ("tpr", "fpr"))
    fairness_weighted.table(use_case, seen, choice, column)


def _rates(use_case: UseCase, seen: Fairness, column: ColumnGroups, kinds: Sequence[str]) -> None:
    arms = [name for name in (seen.champion, RULES) if name in seen.arms]
    for kind in kinds:
        points = [_points(use_case, seen, column, name, kind) for name in arms]
        drawn = draw.by_group(_ticks(column), points, say.RATES[kind].lower(), _form(points))
        caption = (
            f"Rows beside each group; bars are 95 % intervals, hollow grey: fewer than {LEAST_GROUP} rows. "
            f"{_unknown(column)}{say.source(seen)}"
        )
        title = messages.plain(_finding(seen, column, kind))
        charts.show(drawn, title, messages.plain(caption), _table(seen, column, kind), f"groups:{kind}:{column.title}")


def _ticks(column: ColumnGroups) -> list[str]:
    return [f"{name} · {size:,}" for name, size in zip(column.groups, column.sizes, strict=True)]


def _points(use_case: UseCase, seen: Fairness, column: ColumnGroups, arm: str, kind: str) -> draw.Points:
    found = column.arm(arm).rates[kind]
    return draw.Points(
        say.arm(seen, arm),
        style(use_case, seen, arm),
        [part.value for part in found],
        [part.low for part in found],
        [part.high for part in found],
        [part.n >= LEAST_GROUP for part in found],
    )


def _form(arms: Sequence[draw.Points]) -> str:
    reach = max((end for arm in arms for end, enough in zip(arm.high, arm.enough, strict=True) if enough), default=1.0)
    return ".0%" if reach > 0.2 else ".1%"


def _unknown(column: ColumnGroups) -> str:
    return f"The group of {words.count(column.n_unknown, 'row')} is not known. " if column.n_unknown else ""


def _finding(seen: Fairness, column: ColumnGroups, kind: str) -> str:
    champion = column.arm(seen.champion)
    name = "parity" if kind == "selection" else "odds"
    found = champion.gaps[name]
    if found is not None and found.rate == kind:
        return say.finding(column, champion, name)
    large = [part for part in champion.rates[kind] if part.n >= LEAST_GROUP]
    if len(large) < 2:
        return f"{say.RATES[kind]} by {column.title.lower()}: fewer than two groups have {LEAST_GROUP} rows"
    low, high = min(part.value for part in large), max(part.value for part in large)
    return f"{say.RATES[kind]} by {column.title.lower()}: {say.share(low)} to {say.share(high)}"


def _table(seen: Fairness, column: ColumnGroups, kind: str) -> list[dict[str, object]]:
    return [
        {"Group": group, "Rows": column.sizes[place]}
        | {say.arm(seen, arm.arm): say.rate(arm.rates[kind][place]) for arm in column.arms}
        for place, group in enumerate(column.groups)
    ]


def calibration(use_case: UseCase, seen: Fairness, choice: Choice) -> None:
    """Mean score minus mean outcome of every group."""
    column = pick(seen, "calibration")
    found = column.arm(seen.champion).calibration
    if not any(part.n for part in found):
        st.info("No outcome counts yet, or the score is on no scale that outcomes have: nothing to calibrate.")
        return
    percent = use_case.policy.score_format == "percent"
    points = draw.Points(
        say.arm(seen, seen.champion), style(use_case, seen, seen.champion), [part.off for part in found],
        [part.low for part in found], [part.high for part in found], [part.n >= LEAST_GROUP for part in found],
    )  # fmt: skip
    drawn = draw.by_group(
        [f"{name} · {part.n:,}" for name, part in zip(column.groups, found, strict=True)], [points],
        "mean score minus mean outcome", ".1%" if percent else ",.3~g", 0.0,
    )  # fmt: skip
    off = [column.groups[place] for place in surely_off(found)]
    title = f"By {column.title.lower()} " + (
        f"scores are off for {', '.join(off)}" if off else "no score is known to be off"
    )
    table = []
    for group, part in zip(column.groups, found, strict=True):
        said, happened, apart = say.calibrated(use_case, part)
        table.append({"Group": group, "Mean score": said, "Mean outcome": happened, "Off by": apart, "n": part.n})
    caption = (
        "Right of 0 a group is scored higher than it turns out. Bars are 95 % intervals of each group alone; a group "
        f"is named where it is off with all of them looked at. Rules have no probabilities. {say.source(seen)}"
    )
    charts.show(drawn, messages.plain(title), messages.plain(caption), table, f"groups:calibration:{column.title}")


def challengers(use_case: UseCase, seen: Fairness, choice: Choice) -> None:
    """Every arm's gaps, and how much wider they are than the champion's on the same rows."""
    column = pick(seen, "arms")
    if len(column.arms) < 2:
        st.info("There is no challenger and no rules on these rows.")
        return
    rows = []
    for arm in column.arms:
        line: dict[str, object] = {"Arm": say.arm(seen, arm.arm)}
        for kind in say.kinds(seen):
            found = arm.gaps[kind]
            line[say.KINDS[kind]] = f"{say.gap(found)}: {standing(found).value}"
            line[f"{say.KINDS[kind].removesuffix(' gap')}, wider by"] = say.wider(arm.wider.get(kind))
        rows.append(line)
    st.dataframe(rows, hide_index=True, width="stretch", alt=f"Gaps of every arm by {column.title}")
    st.caption(
        messages.plain(
            "Wider by: an arm's gap minus the champion's, drawn together on the same rows; a promotion is judged by "
            f"its upper bound. {say.source(seen)}"
        )
    )
