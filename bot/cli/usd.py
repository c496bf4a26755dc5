"""Amounts of dollars as a person types them: read strictly, for ten thousand must never be taken for ten, and shown as they were read."""

from __future__ import annotations

import re
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from bot.decision.limits import Limits

EXAMPLES = "e.g. 10000, 10,000 or 10000.50"
_THOUSANDS = re.compile(r"[+-]?\d{1,3}(?:,\d{3})+(?:\.\d{1,2})?|[+-]?\d{1,3}(?:_\d{3})+(?:\.\d{1,2})?")
_DECIMALS = re.compile(r"[+-]?(\d*)\.(\d{3,})")


class Usd(click.ParamType):
    """An exact amount of dollars: 10000, 10,000, 10000.50."""

    name = "usd"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Decimal:
        """The Decimal of what was typed; a usage error if it is no number, or could be two. What an account can hold the run asks."""
        text = str(value).strip().removeprefix("$")
        if fault := _fault(text):
            self.fail(f"{value!r} {fault}", param, ctx)
        try:
            return Decimal(text.replace(",", "").replace("_", ""))
        except InvalidOperation:
            self.fail(f"{value!r} is not an amount of dollars, {EXAMPLES}", param, ctx)


def _fault(text: str) -> str:
    """Why a text is not read as one amount; "" if nothing stands against it."""
    if found := _DECIMALS.fullmatch(text):
        whole, decimals = found.groups()
        meant = f"{Decimal(whole + decimals):,}" if len(decimals) == 3 else f"{Decimal(whole or 0):,}"
        return f"could be {whole or 0} dollars or {meant}: dollars have at most two decimals; type {EXAMPLES}"
    if not text.isascii():
        return f"is not an amount of dollars, {EXAMPLES}"
    if ("," in text or "_" in text) and not _THOUSANDS.fullmatch(text):
        return f"is not an amount of dollars: a comma stands before each three digits and a point before cents, {EXAMPLES}"
    return ""


def equity_sentences(equity: Decimal, limits: Limits) -> list[str]:
    """What an account of this equity may do, before it does anything: its tier, and what margin forbids."""
    from bot.units import to_cents, to_usd

    cents = to_cents(equity)
    tier = limits.tier(cents)
    told = [f"Equity ${equity:,.2f}: {'below every tier' if tier is None else f'tier {tier.name}'}."]
    one = limits.required_funds_cents(1)
    if tier is None or cents < one:
        said = f"{equity:,.2f}".removesuffix(".00")
        why = f"${said} is below the ${to_usd(one):,.0f} that one contract needs" if cents < one else "No tier allows any strategy"
        return [*told, f"{why}: no entry is possible."]
    for name, contracts in limits.contracts_of.items():
        needed = limits.required_funds_cents(contracts)
        if name in tier.strategies and cents < needed:
            told.append(f"The {contracts} contracts of {name} need ${to_usd(needed):,.0f}: no entry of {name} is possible.")
    return told
