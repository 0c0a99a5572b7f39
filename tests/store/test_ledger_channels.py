"""Deliveries are written down once and taken by one process at a time."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from core.errors import UnknownName
from core.store.ledger import Ledger
from core.store.ledger_channels import ChannelRecord, DeliveryRecord

AT = datetime(2026, 11, 21, 10, tzinfo=UTC)
CHANNEL = ChannelRecord("c1", "Team", "Slack", "hooks.slack.com", "ab", ["warning"], None, True, AT, "Rita")
DELIVERY = DeliveryRecord("a1 opened warning c1", "a1", "c1", "opened", "warning", {"title": "x"}, AT, next_try_at=AT)


def test_a_channel_is_kept_changed_and_removed(ledger: Ledger) -> None:
    ledger.save_channel(CHANNEL)
    changed = replace(CHANNEL, on=False, use_cases=["lead_scoring"])
    ledger.save_channel(changed)
    assert ledger.channels() == [changed] == [ledger.channel("c1")]
    ledger.save_channel(replace(changed, removed_at=AT))
    assert (ledger.channels(), len(ledger.channels(removed=True))) == ([], 1)
    with pytest.raises(UnknownName):
        ledger.channel("c1")


def test_a_delivery_is_written_down_once(ledger: Ledger) -> None:
    assert ledger.add_deliveries([DELIVERY, replace(DELIVERY, key="other")]) == 2
    ledger.change_delivery(DELIVERY.key, state="sent", sent_at=AT)
    assert ledger.add_deliveries([DELIVERY]) == 0
    assert [found.state for found in ledger.deliveries(alert="a1", oldest_first=True)] == ["sent", "pending"]
    assert [found.key for found in ledger.deliveries(states=["pending"])] == ["other"]
    assert ledger.delivery_counts() == {("c1", "sent"): 1, ("c1", "pending"): 1}


def test_one_of_two_takes_it(ledger: Ledger) -> None:
    ledger.add_deliveries([DELIVERY])
    later = AT + timedelta(minutes=1)
    assert ledger.claim_delivery(DELIVERY, AT, later)
    assert not ledger.claim_delivery(DELIVERY, AT, later)
    (found,) = ledger.deliveries()
    assert (found.tries, found.tried_at, found.next_try_at) == (1, AT, later)
    ledger.change_delivery(DELIVERY.key, state="sent")
    assert not ledger.claim_delivery(found, AT, later)
