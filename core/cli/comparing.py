"""Commands about champion and challengers: replay, challengers, plan, verdict."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from core.cli.terminal import AddCommand, Terminal
from core.errors import InputError


def add_comparing(command: AddCommand) -> None:
    """Describe the commands about champion and challengers."""
    sub = command("replay", _replay, "let a version score logged rows: compared, never counted as traffic")
    sub.add_argument("use_case")
    sub.add_argument("--version", required=True)
    sub.add_argument("--window", required=True, metavar="A..B", help="first and last day of the rows' own time")
    sub = command("challengers", _challengers, "compare every model and the rules on the same logged rows")
    sub.add_argument("use_case")
    sub.add_argument("--since", metavar="DATE", help="first day; default: 90 days before the last")
    sub.add_argument("--until", metavar="DATE", help="last day; default: today")
    sub.add_argument("--version", action="append", default=[], help="beside the acting one; default: the challenger")
    sub = command("plan", _plan, "freeze a comparison: metric, minimum gain, margins and rows, before it is judged")
    sub.add_argument("use_case")
    sub.add_argument("--challenger", required=True, metavar="VERSION:MODEL")
    sub.add_argument("--preset", default="policy", help="what counts as worthwhile; default: the policy's minimum gain")
    sub.add_argument("--rows", type=int, metavar="N", help="mature rows of each window; default: for 80 percent power")
    sub.add_argument("--windows", nargs=2, metavar="A..B", help="two windows; default: two equal ones from today on")
    sub.add_argument("--margin", action="append", default=[], metavar="NAME=VALUE", help="how much worse it may be")
    sub = command("verdict", _verdict, "judge a plan: promote, keep testing, stop or invalid, with every check")
    sub.add_argument("use_case")
    sub.add_argument("--plan", metavar="ID", help="default: the newest open one")


def _replay(args: argparse.Namespace, terminal: Terminal) -> dict[str, Any]:
    first, last = _window(args.window)
    facts = {"use_case": args.use_case, "version": args.version, "since": _start(first), "until": _start(last)}
    return terminal.on_the_log("replay", facts)


def _challengers(args: argparse.Namespace, terminal: Terminal) -> dict[str, Any]:
    since = str(_day(args.since)) if args.since else None
    until = str(_day(args.until) + timedelta(days=1)) if args.until else None
    facts = {"use_case": args.use_case, "since": since, "until": until, "versions": args.version}
    found = terminal.on_the_log("challengers", facts)
    return found if args.json else _table(found)


def _plan(args: argparse.Namespace, terminal: Terminal) -> dict[str, Any]:
    windows = [[str(day) for day in _window(text)] for text in args.windows] if args.windows else None
    facts = {"use_case": args.use_case, "challenger": args.challenger, "preset": args.preset}
    return terminal.on_the_log("plan", facts | {"rows": args.rows, "margins": args.margin, "windows": windows})


def _verdict(args: argparse.Namespace, terminal: Terminal) -> dict[str, Any]:
    found = terminal.on_the_log("verdict", {"use_case": args.use_case, "plan": args.plan})
    if args.json:
        return found
    checks = {check["name"]: f"{check['state']}. {check['sentence']}" for check in found.pop("checks")}
    gain, looked = found.pop("gain"), found.pop("always_valid")
    if gain is None:
        return found | {"checks": checks}
    if found["decision"] == "keep testing":  # it may be looked at every day, so only the wider interval holds
        said = {"gain so far": f"{gain_words(gain | looked)}; the interval holds at every look"}
    else:
        said = {"gain": gain_words(gain)}
    return found | said | {"checks": checks}


def _window(text: str) -> tuple[date, date]:
    """First day and the day after the last, of A..B."""
    first, dots, last = text.partition("..")
    if not dots:
        raise InputError(f"The window is '{text}'.", "Write its first and last day as 2026-08-01..2026-10-31.")
    return _day(first), _day(last) + timedelta(days=1)


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise InputError(f"'{text}' is not a day.", "Write it as 2026-11-21.") from None


def _start(day: date) -> str:
    return datetime.combine(day, time(), UTC).isoformat()


def _table(found: Mapping[str, Any]) -> dict[str, Any]:
    """The table in words: per arm its figure of the primary metric, its gain and what it takes to know."""
    lines = {}
    for arm in found["arms"]:
        figure, gain = arm["figures"].get(found["primary"]), arm["gains"].get(found["primary"])
        said = [arm["role"]] if arm["role"] != arm["name"] else []
        said.append(_figure_words(found["primary"], figure))
        if gain is not None:
            said.append(f"against the champion {gain_words(gain)}")
            said += [_needed_words(gain)] if gain["n_needed"] else []
        lines[arm["name"]] = "; ".join(said)
    told = {name: found[name] for name in ("use_case", "champion", "since", "until", "rows", "judged", "decided_by")}
    return told | {"arms": lines}


def _figure_words(metric: str, figure: Mapping[str, Any] | None) -> str:
    if figure is None or figure["value"] is None:
        return f"{metric} not told"
    interval = f" [{figure['low']:.4f}, {figure['high']:.4f}]" if figure["low"] is not None else ""
    return f"{metric} {figure['value']:.4f}{interval}, n = {figure['n']:,}"


def gain_words(gain: Mapping[str, Any] | None) -> str:
    """A gain, its interval and n.

    >>> gain_words({"gain": 0.0123, "low": 0.004, "high": 0.0206, "n": 4200})
    '+0.0123 [+0.0040, +0.0206], n = 4,200'
    """
    if gain is None or gain["gain"] is None:
        return "not told"
    interval = f" [{gain['low']:+.4f}, {gain['high']:+.4f}]" if gain["low"] is not None else ""
    holm = f", p = {gain['p_holm']:.3g} after Holm" if gain.get("p_holm") is not None else ""
    return f"{gain['gain']:+.4f}{interval}, n = {gain['n']:,}{holm}"


def _needed_words(gain: Mapping[str, Any]) -> str:
    rows = f"{gain['n_needed']:,} mature rows decide"
    if gain["weeks"] is None:
        return f"{rows}, not in sight at the present rate"
    return f"{rows}, in {gain['weeks']:.0f} weeks" if gain["weeks"] > 0 else f"{rows}, which are there"
