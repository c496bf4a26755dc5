"""Equity and free funds out of Nautilus' accounts and account events."""

from __future__ import annotations

from typing import Any

from bot.units import to_cents


def cents_of(event: Any) -> tuple[int | None, int | None]:
    """Total and free balance of an AccountState, whole cents of US dollars; None where the account has no dollars."""
    for balance in event.balances:
        if balance.currency.code == "USD":
            return to_cents(balance.total.as_double()), to_cents(balance.free.as_double())
    return None, None


def known_accounts(cache: Any) -> list[Any]:
    """The last AccountState of every account Nautilus knows; those from before a component began to listen."""
    return [account.last_event for account in cache.accounts()]
