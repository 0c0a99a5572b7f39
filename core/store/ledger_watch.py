"""What the ledger keeps for the watch, in one place: each part is a mixin of its own file."""

from __future__ import annotations

from core.store.ledger_alerts import LedgerAlerts
from core.store.ledger_channels import LedgerChannels
from core.store.ledger_people import LedgerPeople
from core.store.ledger_privacy import LedgerPrivacy
from core.store.ledger_schedule import LedgerSchedule
from core.store.ledger_service import LedgerService


class LedgerWatch(LedgerAlerts, LedgerChannels, LedgerPeople, LedgerPrivacy, LedgerSchedule, LedgerService):
    """The watch of `core.store.ledger.Ledger`."""
