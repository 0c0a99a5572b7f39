"""A business policy as JSON and back, what would be wrong with it, and what sets it apart from another, in words."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from typing import Any

from core.domain.policy import Band, Mode, Money, Policy, Tone
from core.domain.usecase import Task, UseCase

LONGEST_NAME, LONGEST_DECISION = 40, 120
MOST_BANDS = 12


def policy_as_json(policy: Policy) -> dict[str, Any]:
    """The policy as plain values; `policy_from_json` reads them back into an equal policy."""
    facts = asdict(policy)
    facts.pop("formerly")  # of the use case, not of the policy
    for band in facts["bands"]:
        band["tone"] = str(band["tone"])
    facts["bands"] = list(facts["bands"])
    facts["mode"] = str(policy.mode)
    facts["notes"] = list(policy.notes)
    if policy.money is not None:
        facts["money"]["costs"] = [list(pair) for pair in policy.money.costs]
    return facts


def policy_from_json(facts: Mapping[str, Any]) -> Policy:
    """Read what `policy_as_json` wrote."""
    money = facts["money"]
    return Policy(
        bands=tuple(Band(**(dict(band) | {"tone": Tone(band["tone"])})) for band in facts["bands"]),
        mode=Mode(facts["mode"]),
        capacity=facts["capacity"],
        money=None if money is None else Money(money["currency"], _pairs(money["costs"]), money["note"]),
        primary_metric=facts["primary_metric"],
        minimum_gain=facts["minimum_gain"],
        score_format=facts["score_format"],
        notes=tuple(facts["notes"]),
    )


def _pairs(costs: Any) -> tuple[tuple[float, float], ...]:
    return tuple((float(negative), float(positive)) for negative, positive in costs)


def bounds_of(policy: Policy) -> list[list[float | None]]:
    """What cuts the bands from the score, by band: [at_least, share]; equal bounds give equal cutoffs."""
    return [[band.at_least, band.share] for band in policy.bands]


def policy_problems(
    use_case: UseCase, policy: Policy, score_range: tuple[float, float] | None = None
) -> tuple[str, ...]:
    """Everything that forbids a policy, as sentences; () where it may be published.

    Parameters
    ----------
    use_case : UseCase
        Its own policy, or the one in force, fixes what a policy may not change.
    policy : Policy
    score_range : pair of float, optional
        Lowest and highest score a model gives; a probability needs none.
    """
    found = [*_band_problems(policy), *_own_problems(use_case, policy)]
    if use_case.task is Task.MULTICLASS:
        found += _class_problems(use_case, policy)
    else:
        reach = (0.0, 1.0) if use_case.task is Task.BINARY else score_range
        found += _bound_problems(policy, reach)
    return (*found, *_money_problems(use_case, policy), *_limit_problems(policy))


def _band_problems(policy: Policy) -> Iterator[str]:
    names = [name.strip().lower() for name in policy.band_names]
    if not 2 <= len(names) <= MOST_BANDS:
        yield f"There must be 2 to {MOST_BANDS} bands, not {len(names)}."
    for name in sorted({name for name in names if names.count(name) > 1}):
        yield f"Two bands are called {name.upper() if len(name) == 1 else name}: every band needs a name of its own."
    for place, band in enumerate(policy.bands, 1):
        if not 0 < len(band.name.strip()) <= LONGEST_NAME or not band.name.isprintable():
            yield f"Band {place} needs a name of 1 to {LONGEST_NAME} letters."
        if not 0 < len(band.decision.strip()) <= LONGEST_DECISION or not band.decision.isprintable():
            yield f"Band {place} needs a decision of 1 to {LONGEST_DECISION} letters."


def _own_problems(use_case: UseCase, policy: Policy) -> Iterator[str]:
    own = use_case.policy
    if policy.mode is Mode.SHADOW and use_case.rules is None:
        yield f"{use_case.title} has no rules that could decide: in shadow mode nobody would."
    if use_case.rules is not None and len(policy.bands) != len(own.bands):
        yield f"The rules know {len(own.bands)} bands: {len(policy.bands)} would leave rows without a decision."
    if policy.bands and _rises(policy) != _rises(own):
        yield "The tones run the other way: a high score would turn from good news into bad, or the reverse."
    if (policy.primary_metric, policy.score_format) != (own.primary_metric, own.score_format):
        yield f"The metric and how a score is shown belong to the use case: {own.primary_metric}, {own.score_format}."


def _rises(policy: Policy) -> bool:
    order = list(Tone)
    return order.index(policy.bands[0].tone) <= order.index(policy.bands[-1].tone)


def _class_problems(use_case: UseCase, policy: Policy) -> Iterator[str]:
    own = use_case.policy.band_names
    if policy.band_names != own:
        yield f"The bands are the classes themselves and keep their names and order: {', '.join(own)}."
    if any(band.at_least is not None or band.share is not None for band in policy.bands):
        yield "Bands of classes are not cut from the score: they take neither a bound nor a share."


def _bound_problems(policy: Policy, reach: tuple[float, float] | None) -> Iterator[str]:
    if not policy.bands:
        return
    upper, last = policy.bands[:-1], policy.bands[-1]
    if last.at_least is not None or last.share is not None:
        yield f"{last.name} is the last band and takes the rest: neither a bound nor a share."
    bounds = [band.at_least for band in upper if band.at_least is not None and band.share is None]
    shares = [band.share for band in upper if band.share is not None and band.at_least is None]
    if len(upper) not in (len(bounds), len(shares)):
        yield "All bands but the last begin at a score, or all take a share of rows: not some of each."
        return
    if not all(math.isfinite(number) for number in (*bounds, *shares)):
        yield "A bound or share is no number."
        return
    yield from _bounds(policy, bounds, reach)
    if any(share <= 0 for share in shares) or sum(shares) >= 1:
        total = f"{100 * sum(shares):.4g}%"
        yield f"The shares sum to {total}: each must be above 0, and together they must leave some rows to {last.name}."


def _bounds(policy: Policy, bounds: list[float], reach: tuple[float, float] | None) -> Iterator[str]:
    for above, below in zip(range(len(bounds)), range(1, len(bounds)), strict=False):
        if bounds[above] <= bounds[below]:
            names = policy.band_names
            said = shown(policy, bounds[above]), shown(policy, bounds[below])
            yield f"{names[above]} begins at {said[0]}, not above {names[below]} at {said[1]}: bounds must fall."
    for band, bound in zip(policy.bands, bounds, strict=False):
        if reach is not None and not reach[0] < bound <= reach[1]:
            said = shown(policy, reach[0]), shown(policy, reach[1])
            yield f"{band.name} begins at {shown(policy, bound)}: scores lie between {said[0]} and {said[1]}."


def _money_problems(use_case: UseCase, policy: Policy) -> Iterator[str]:
    money = policy.money
    if money is None:
        return
    if use_case.task is not Task.BINARY:
        yield "Costs by outcome belong to targets with two outcomes."
    if not money.currency.strip():
        yield "The costs need a currency."
    if len(money.costs) != len(policy.bands):
        yield f"There are costs for {len(money.costs)} bands, and {len(policy.bands)} bands: give each its pair."
    if not all(math.isfinite(cost) for pair in money.costs for cost in pair):
        yield "A cost is no number."


def _limit_problems(policy: Policy) -> Iterator[str]:
    if policy.capacity is not None and not 0 < policy.capacity <= 1:
        yield f"The capacity is {100 * policy.capacity:.4g}%: it takes a share of rows above 0 and up to 100%."
    if not 0 < policy.minimum_gain < 1:
        yield f"The minimum gain is {policy.minimum_gain:.4g}: it takes a number above 0 and below 1."


def shown(policy: Policy, score: float) -> str:
    """A score as the policy writes it.

    >>> shown(Policy(()), 0.725), shown(Policy((), score_format="number"), 41.5)
    ('72.5%', '41.5')
    """
    return f"{100 * score:.10g}%" if policy.score_format == "percent" else f"{score:.10g}"


def policy_differences(before: Policy, after: Policy) -> tuple[str, ...]:
    """What the second policy does otherwise than the first, a sentence each; () where nothing differs.

    Bands are compared place by place, or by name where one policy has more of them.

    Examples
    --------
    >>> low = Band("B", "wait", Tone.BAD)
    >>> old = Policy((Band("A", "call", Tone.GOOD, at_least=0.7), low), capacity=0.2)
    >>> new = Policy((Band("A", "call", Tone.GOOD, at_least=0.6), low), capacity=0.2)
    >>> policy_differences(old, new)
    ('A begins at 60% instead of 70%.',)
    """
    found = [*_modes(before, after)]
    if len(before.bands) == len(after.bands):
        pairs = list(zip(before.bands, after.bands, strict=True))
    else:
        known = {band.name: band for band in before.bands}
        pairs = [(known[band.name], band) for band in after.bands if band.name in known]
        names = set(after.band_names)
        found += [f"{band.name} is gone." for band in before.bands if band.name not in names]
        fresh = [band for band in after.bands if band.name not in known]
        found += [f"{band.name} is new: {band.decision}{_bound(after, band, ', ')}." for band in fresh]
    found += [line for old, new in pairs for line in _band_differences(before, after, old, new)]
    return (*found, *_limits(before, after), *_money_differences(before, after))


def _modes(before: Policy, after: Policy) -> Iterator[str]:
    if before.mode is not after.mode:
        live = after.mode is Mode.LIVE
        yield "The champion decides instead of the rules." if live else "The rules decide instead of the champion."


def _band_differences(before: Policy, after: Policy, old: Band, new: Band) -> Iterator[str]:
    if old.name != new.name:
        yield f"{old.name} is called {new.name}."
    if old.decision != new.decision:
        yield f"{new.name} leads to “{new.decision}” instead of “{old.decision}”."
    if (old.at_least, old.share) != (new.at_least, new.share):
        said = _bound(after, new) or "takes the rest"
        yield f"{new.name} {said} instead of {_bound(before, old, '', new, old) or 'the rest'}."
    if old.tone is not new.tone:
        yield f"{new.name} is painted {new.tone} instead of {old.tone}."


def _bound(policy: Policy, band: Band, lead: str = "", other: Band | None = None, said: Band | None = None) -> str:
    """A bound in words; the verb is left out where the sentence's first half said the same one."""
    if band.at_least is not None:
        same = other is not None and other.at_least is not None
        return f"{lead}{'' if same else 'begins at ' if said is None else 'from '}{shown(policy, band.at_least)}"
    if band.share is not None:
        same = other is not None and other.share is not None
        return f"{lead}{'' if same else 'takes '}{100 * band.share:.10g}%{'' if same else ' of rows'}"
    return ""


def _limits(before: Policy, after: Policy) -> Iterator[str]:
    if before.capacity != after.capacity:
        said = ["none" if limit is None else f"{100 * limit:.10g}%" for limit in (after.capacity, before.capacity)]
        yield f"Capacity: {said[0]} instead of {said[1]}."
    if before.minimum_gain != after.minimum_gain:
        gains = f"{after.minimum_gain:.10g} instead of {before.minimum_gain:.10g}"
        yield f"Minimum gain in {after.primary_metric}: {gains}."
    if before.notes != after.notes:
        yield f"Notes: {' '.join(after.notes) or 'none'}"


def _money_differences(before: Policy, after: Policy) -> Iterator[str]:
    old, new = before.money, after.money
    if old == new:
        return
    if old is None or new is None:
        yield "Costs are gone." if new is None else f"Costs in {new.currency} are new."
        return
    if old.currency != new.currency:
        yield f"Costs are in {new.currency} instead of {old.currency}."
    if len(old.costs) == len(new.costs) == len(after.bands):
        for band, was, now in zip(after.bands, old.costs, new.costs, strict=True):
            if was != now:
                yield f"{band.name} costs {_cost(now)} instead of {_cost(was)} (outcome no / yes, {new.currency})."
    else:
        yield f"Costs are given anew: for {len(new.costs)} bands instead of {len(old.costs)}."
    if old.note != new.note:
        yield f"Note on costs: {new.note or 'none'}"


def _cost(pair: tuple[float, float]) -> str:
    return " / ".join(f"{cost:,.10g}" for cost in pair)
