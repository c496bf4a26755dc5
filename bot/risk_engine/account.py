"""Equity and free funds out of Nautilus' accounts and account events."""

from __future__ import annotations

from typing import Any

from nautilus_trader.model.identifiers import Venue

from bot.units import to_cents


class OurAccount:
    """Which account limits are measured by: the venue's own where Nautilus has one, else the first that spoke. Others say nothing.

    What is not the state that Nautilus itself holds of that account is nobody's word.
    """

    def __init__(self, venue: Venue) -> None:
        self._venue = venue
        self._account_id: Any = None

    def says(self, event: Any, cache: Any) -> bool:
        """Whether this is a state of our account."""
        account = cache.account(event.account_id)
        if account is None or account.last_event is not event:
            return False
        own = cache.account_for_venue(self._venue)
        if own is not None:
            self._account_id = own.id
        elif self._account_id is None:
            self._account_id = event.account_id
        return event.account_id == self._account_id


def cents_of(event: Any) -> tuple[int | None, int | None]:
    """Total and free balance of an AccountState, whole cents of US dollars; None where the account has no dollars."""
    for balance in event.balances:
        if balance.currency.code == "USD":
            return to_cents(balance.total.as_double()), to_cents(balance.free.as_double())
    return None, None


def known_accounts(cache: Any) -> list[Any]:
    """The last AccountState of every account Nautilus knows; those from before a component began to listen."""
    return [account.last_event for account in cache.accounts()]
