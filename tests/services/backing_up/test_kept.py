"""Which backups are kept as time goes by."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from core.services.backing_up.kept import BY_HAND, DAYS, HOURLY, HOURS, MONTHS, Made, no_longer_kept

NOW = datetime(2026, 11, 21, 12, 10, tzinfo=UTC)


def every(hours: float, n: int, **facts: object) -> list[Made]:
    return [
        Made(f"b{place}", NOW - timedelta(hours=hours * place), HOURLY, bool(facts.get("verified")))
        for place in range(n)
    ]


def test_two_years_of_half_hours_come_down_to_one_an_hour_a_day_and_a_month() -> None:
    made = every(0.5, 2 * 365 * 48)
    gone = set(no_longer_kept(made, NOW))
    kept = [item for item in made if item.id not in gone]
    assert {"b0", "b1", "b2", "b3"} <= {item.id for item in kept}
    hours = {item.made_at.replace(minute=0) for item in kept}
    assert kept[0].id == "b0"
    assert len([hour for hour in hours if NOW - hour <= timedelta(hours=HOURS)]) >= HOURS
    assert HOURS + DAYS - 3 + MONTHS - 2 <= len(kept) <= HOURS + DAYS + MONTHS + 3
    assert min(item.made_at for item in kept) >= NOW - timedelta(days=31 * MONTHS)


def test_doing_it_every_half_hour_ends_where_doing_it_once_does() -> None:
    made = every(0.5, 20 * 48)
    once = {item.id for item in made} - set(no_longer_kept(made, NOW))
    kept: list[Made] = []
    for item in reversed(made):
        kept.append(item)
        gone = set(no_longer_kept(kept, item.made_at))
        kept = [one for one in kept if one.id not in gone]
    assert {item.id for item in kept if item.made_at > NOW - timedelta(hours=HOURS)} == {
        item.id for item in made if item.id in once and item.made_at > NOW - timedelta(hours=HOURS)
    }
    assert len({item.made_at.date() for item in kept}) == len({item.made_at.date() for item in made if item.id in once})


def test_the_last_one_that_was_read_again_stays_however_old() -> None:
    old = Made("old", NOW - timedelta(days=900), HOURLY, True)
    assert "old" not in no_longer_kept([*every(0.5, 9_000), old], NOW)
    older = Made("older", NOW - timedelta(days=901), HOURLY, True)
    assert "older" in no_longer_kept([*every(0.5, 40_000), old, older], NOW)


def test_what_somebody_made_by_hand_stays_a_month() -> None:
    young, old = (Made(name, NOW - timedelta(days=days), BY_HAND, False) for name, days in (("young", 20), ("old", 40)))
    same_hours = [Made(f"s{days}", NOW - timedelta(days=days, minutes=-1), HOURLY, False) for days in range(60)]
    gone = no_longer_kept([*same_hours, young, old], NOW)
    assert "young" not in gone and "old" in gone


def test_nothing_to_keep_is_nothing_to_delete() -> None:
    assert no_longer_kept([], NOW) == []
