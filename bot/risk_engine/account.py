"""Equity and free funds out of Nautilus' accounts and account events."""

from __future__ import annotations

from typing import Any

from nautilus_trader.accounting.accounts.cash import CashAccount
from nautilus_trader.accounting.accounts.margin import MarginAccount
from nautilus_trader.model.identifiers import Venue

from bot.runtime.said import Handler
from bot.units import to_cents


class OurAccount:
    """Which account limits are measured by: the venue's own where Nautilus has one, else the first that spoke. Others say nothing.

    Believed is what came through the venue's door and, where Nautilus' portfolio itself counts (in a simulation), what that made of it.
    A state that somebody wrote into an account of Nautilus' `cache`, or only published, is nobody's word.
    """

    def __init__(self, venue: Venue, cache: Any) -> None:
        self._venue, self._cache = venue, cache
        self._account_id: Any = None
        self._believed: dict[Any, Any] = {}  # the last state, by account
        self._balances: dict[Any, dict[Any, Any]] = {}  # and the balances; between two states the portfolio counts fills into them
        self._found = ""

    def door(self, take: Handler) -> Handler:
        """Nautilus' handler of account states, for what comes to its endpoint; what may come there others decide."""

        def bring(event: Any) -> None:
            self._put_right()
            self.known(event)
            take(event)

        return bring

    def counting(self, take: Handler) -> Handler:
        """A handler of the portfolio that may make a new state out of what it hears, and of what the account holds."""

        def hear(event: Any) -> None:
            self._put_right()
            before = {account.id: account.last_event for account in accounts_in(self._cache)}
            take(event)
            for account in accounts_in(self._cache):
                if account.last_event is not before.get(account.id):
                    self.known(account.last_event)
                self._balances[account.id] = account.balances()

        return hear

    def known(self, event: Any) -> None:
        """This is the word of the venue, or of an earlier moment when nobody else could speak."""
        self._believed[event.account_id] = event
        self._balances[event.account_id] = self._balances.get(event.account_id, {}) | {each.currency: each for each in event.balances}

    def written(self) -> str:
        """The name of an account into which another hand has written since this was asked last; "" if there is none."""
        self._put_right()
        found, self._found = self._found, ""
        return found

    def _put_right(self) -> None:
        for account in accounts_in(self._cache):
            name = account.id
            right = self._balances.get(name, {})
            if account.balances() != right:
                account.update_balances(list(right.values()))
            elif self._believed.get(name) is account.last_event:
                continue
            self._found = str(name)

    def says(self, event: Any) -> bool:
        """Whether this is a state of our account."""
        if self._believed.get(event.account_id) is not event:
            return False
        own = self._cache.account_for_venue(self._venue)
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
    return [account.last_event for account in accounts_in(cache)]


def accounts_in(cache: Any) -> list[Any]:
    """Nautilus' accounts. What derives from one may say anything, or raise where it is asked, and is nobody's."""
    return [account for account in cache.accounts() if type(account) in (MarginAccount, CashAccount)]
