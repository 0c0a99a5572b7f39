"""The fields of a policy: who decides, where every band begins, what it leads to, what it costs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import streamlit as st

from core.domain.policy import Band, Mode, Money, Policy, Tone
from core.domain.usecase import Task, UseCase
from core.services.governing import policies, policy_preview
from core.services.governing.policies import Drawn, KeptPolicy
from core.ui import messages, state, words

SCORE, SHARE = "A score", "A share of rows"
_DECIDES = {Mode.LIVE: "The champion", Mode.SHADOW: "The rules"}
_CURRENCY = "USD"
_TONES = [tone.value for tone in Tone]


def title(item: KeptPolicy) -> str:
    """What a policy is called in a list."""
    if item.record is None:
        return "The use case's own"
    if item.state == policies.DRAFT:
        return f"Draft {item.number}, {item.record.created_by}"
    when = item.record.published_at
    return f"Policy {item.number}{f', {when:%d %b %Y}' if when else ''}"


def start_from(use_case: UseCase, drawn: Drawn) -> KeptPolicy:
    """The policy that the fields begin with."""
    choices = {item.number: item for item in (drawn.in_force, *drawn.drafts, *drawn.former)}
    key = f"policy-start:{use_case.key}"
    asked = state.shelf("policy", use_case.key).pop("open", None)
    if asked in choices:
        st.session_state[key] = asked
    elif st.session_state.get(key) not in choices:
        st.session_state[key] = drawn.drafts[0].number if drawn.drafts else drawn.in_force.number
    names = {number: title(item) for number, item in choices.items()}
    names[drawn.in_force.number] += " (in force)"
    number = st.selectbox("Start from", list(choices), format_func=names.__getitem__, key=key, width=360)
    return choices[number]


def reopen(use_case: UseCase, number: int) -> None:
    """Let the next run start from a policy, with its fields as they are kept."""
    kept = state.shelf("policy", use_case.key)
    kept["open"], kept["round"] = number, kept.get("round", 0) + 1
    st.rerun()


def edit(use_case: UseCase, start: KeptPolicy) -> Policy:
    """Draw the fields and return what they say; a preview follows every change."""
    kept = state.shelf("policy", use_case.key)
    mark = f"policy:{use_case.key}:{start.number}:{kept.get('round', 0)}"
    policy = replace(start.policy, formerly=())
    with st.container(horizontal=True, vertical_alignment="bottom"):
        mode = _mode(use_case, policy, mark)
        policy, mark = _kind(use_case, policy, mark)
    places = _places(use_case, policy, mark)
    bands = [_band(use_case, policy, place, (mark, place == places[-1])) for place in places]
    _more_bands(use_case, places, mark)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        capacity = _share("Capacity (% of rows)", policy.capacity, f"{mark}:capacity", _CAPACITY)
        gain = _minimum_gain(policy, mark)
    money = _money(use_case, policy, list(zip(places, bands, strict=True)), mark)
    return replace(policy, bands=tuple(bands), mode=mode, capacity=capacity, money=money, minimum_gain=gain)


_CAPACITY = "What a team can take; empty: no limit."


def _mode(use_case: UseCase, policy: Policy, mark: str) -> Mode:
    if use_case.rules is None:
        return policy.mode
    chosen = st.segmented_control(
        "Who decides",
        list(Mode),
        default=policy.mode,
        format_func=lambda mode: _DECIDES[Mode(mode)],
        required=True,
        key=f"{mark}:mode",
        help="While the rules decide, every model is logged beside them and none acts.",
    )
    return Mode(chosen)


def _kind(use_case: UseCase, policy: Policy, mark: str) -> tuple[Policy, str]:
    """Whether bands begin at scores or take shares; the other way, the lines stay where they are."""
    if use_case.task is Task.MULTICLASS:
        return policy, mark
    now = SHARE if any(band.share is not None for band in policy.bands) else SCORE
    if state.desk().acting_version(use_case.key) is None:
        return policy, mark
    chosen = st.segmented_control(
        "A band is", (SCORE, SHARE), default=now, required=True, key=f"{mark}:kind", help=_KIND
    )
    if chosen == now:
        return policy, mark
    other = policy_preview.in_other_units(state.desk(), state.actor(), use_case.key, policy)
    return other, f"{mark}:{chosen}"


_KIND = "From a score on, the same for every model; or a share of rows, each model with its own scores."


def _places(use_case: UseCase, policy: Policy, mark: str) -> list[int]:
    """Which bands there are: places of the starting policy, and numbers from 100 on for new ones."""
    known: list[int] = state.shelf("policy", use_case.key).setdefault(f"places:{mark}", [])
    if not known:
        known.extend(range(len(policy.bands)))
    return known


def _more_bands(use_case: UseCase, places: list[int], mark: str) -> None:
    """Add or drop a band, where neither classes nor rules fix how many there are."""
    if use_case.task is Task.MULTICLASS or use_case.rules is not None:
        return
    with st.container(horizontal=True):
        if st.button("Add a band", icon=":material/add:", key=f"{mark}:add"):
            places.insert(len(places) - 1, 100 + max(0, *(place - 99 for place in places)))
            st.rerun()
        if st.button("Drop the last but one", icon=":material/remove:", key=f"{mark}:drop", disabled=len(places) < 3):
            places.pop(-2)
            st.rerun()


def _band(use_case: UseCase, policy: Policy, place: int, how: tuple[str, bool]) -> Band:
    """The fields of one band: its name, its bound, its words, its tone."""
    shares = any(band.share is not None for band in policy.bands)
    band, mark, last = _started(policy, place, shares), f"{how[0]}:{place}", how[1]
    fixed = use_case.task is Task.MULTICLASS
    with st.container(border=True, horizontal=True, vertical_alignment="bottom"):
        name = st.text_input("Band", band.name, key=f"{mark}:name", width=130, disabled=fixed, max_chars=40)
        at_least, share = _bound(policy, band, mark, (shares, last or fixed))
        tone = st.selectbox(
            "Tone",
            _TONES,
            index=_TONES.index(band.tone.value),
            format_func=str.capitalize,
            key=f"{mark}:tone",
            width=110,
        )
        decision = st.text_input("Leads to", band.decision, key=f"{mark}:decision", width="stretch", max_chars=120)
    return Band(name.strip(), decision.strip(), Tone(tone), at_least, share)


def _started(policy: Policy, place: int, shares: bool) -> Band:
    if place < len(policy.bands):
        return policy.bands[place]
    above = policy.bands[-2]
    bound = None if shares else (above.at_least or 0.0) / 2
    return Band(f"New {place - 99}", "", above.tone, bound, 0.05 if shares else None)


def _bound(policy: Policy, band: Band, mark: str, how: tuple[bool, bool]) -> tuple[float | None, float | None]:
    shares, none = how
    if none:
        return None, None
    if shares:
        return None, _share("Takes (% of rows)", band.share, f"{mark}:share", "") or 0.0
    if policy.score_format == "percent":
        return _share("From (%)", band.at_least, f"{mark}:bound", "") or 0.0, None
    value = st.number_input("From", value=band.at_least, format="%.6g", key=f"{mark}:bound", width=130, step=0.01)
    return (band.at_least if value == band.at_least else float(value or 0.0)), None


def _share(label: str, fraction: float | None, key: str, about: str) -> float | None:
    """A fraction as a per cent; one that nobody touched comes back to the last bit."""
    shown = None if fraction is None else round(100 * fraction, 8)
    value = st.number_input(label, value=shown, format="%.6g", step=1.0, key=key, width=150, help=about or None)
    if value is None or value == shown:
        return fraction if value == shown else None
    return round(float(value) / 100, 10)


def _minimum_gain(policy: Policy, mark: str) -> float:
    value = st.number_input(
        f"Minimum gain ({policy.primary_metric})",
        value=policy.minimum_gain,
        format="%.6g",
        step=0.005,
        key=f"{mark}:gain",
        width=180,
        help="A challenger that gains less is not worth a promotion.",
    )
    return float(value)


def _money(use_case: UseCase, policy: Policy, bands: Sequence[tuple[int, Band]], mark: str) -> Money | None:
    """What a row costs, by band and outcome."""
    if use_case.task is not Task.BINARY:
        return None
    before = policy.money or Money(_CURRENCY, ())
    with st.expander("What a row costs, by band and outcome", icon=":material/payments:"):
        counted = st.toggle("Count money", policy.money is not None, key=f"{mark}:money")
        with st.container(horizontal=True):
            currency = st.text_input("Currency", before.currency, key=f"{mark}:currency", width=110, max_chars=8)
            note = st.text_input("Note", before.note, key=f"{mark}:note", width="stretch", max_chars=300)
        costs = [_costs(use_case, before, place, (band.name, f"{mark}:{place}")) for place, band in bands]
    return Money(currency.strip(), tuple(costs), note.strip()) if counted else None


def _costs(use_case: UseCase, money: Money, place: int, named: tuple[str, str]) -> tuple[float, float]:
    pair, target = money.costs[place] if place < len(money.costs) else (0.0, 0.0), use_case.target
    found = []
    with st.container(horizontal=True):
        for label, cost in zip(target.classes, pair, strict=True):
            value = st.number_input(
                f"{named[0]}, if {target.name.replace('_', ' ')} is {label}",
                value=float(cost),
                format="%.6g",
                step=1.0,
                key=f"{named[1]}:cost-{label}",
                width=210,
                help="Per row; a gain is a negative cost.",
            )
            found.append(float(value))
    return found[0], found[1]


def in_force(use_case: UseCase, drawn: Drawn) -> str:
    """Whose policy is in force, and since when, in one sentence."""
    now = drawn.in_force.record
    if now is None or now.published_at is None:
        return "The use case's own policy is in force: nobody has published another."
    said = f"Policy {now.number} is in force since {words.exact(now.published_at)}, published by {now.published_by}"
    return messages.plain(f"{said}: {now.reason}")
