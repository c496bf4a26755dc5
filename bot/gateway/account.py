"""Accounts: cash, positions, margin, and the values IB names them by. Money is cents, prices ticks.

Futures settle into cash when a position is reduced; open profit counts towards NetLiquidation. Margin is
flat per contract. No interest, no fees but commission, no currency but USD.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from bot.gateway.errors import GatewayError
from bot.gateway.instruments import Future
from bot.gateway.messages import Holding
from bot.units import TICK_CENTS

_ACCOUNT = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


def require_accounts(names: Sequence[str]) -> None:
    """Raises GatewayError for a name that cannot be an account's, and for one said twice."""
    for place, name in enumerate(names):
        if not _ACCOUNT.fullmatch(name):
            raise GatewayError(f"{name!r} is no account id; write letters and digits such as DU1234567, one account at a time.")
        if name in names[:place]:
            raise GatewayError(f"Account {name} is named twice; name each account once.")


@dataclass(slots=True)
class Position:
    """Contracts of one month (signed), what they cost and what they have earned."""

    future: Future
    contracts: int = 0
    value: float = 0.0  # sum of entry ticks x signed contracts
    open_commission_cents: int = 0
    realized_cents: int = 0

    @property
    def average(self) -> float:
        """Average entry price in ticks; 0 when flat."""
        return self.value / self.contracts if self.contracts else 0.0


@dataclass(slots=True)
class Account:
    """One account. `marks` (ticks by conId) is shared by all accounts and moves with the market."""

    name: str
    cash_cents: int
    initial_margin_cents: int
    maintenance_margin_cents: int
    marks: dict[int, int]
    positions: dict[int, Position] = field(default_factory=dict)
    commissions_cents: int = 0

    def position(self, future: Future) -> Position:
        """The position in a month, flat if there never was one."""
        return self.positions.setdefault(future.con_id, Position(future))

    def fill(self, future: Future, signed: int, price: int, commission_cents: int) -> int | None:
        """Book a fill of `signed` contracts. Realised profit of what it closed, net of both commissions; None if it only opened."""
        position = self.position(future)
        self.cash_cents -= commission_cents
        self.commissions_cents += commission_cents
        closing = min(abs(signed), abs(position.contracts)) if signed * position.contracts < 0 else 0
        size = abs(signed)
        opening_commission = commission_cents * (size - closing) // size
        realized = None
        if closing:
            direction = 1 if position.contracts > 0 else -1
            gross = round((price - position.average) * direction * closing * TICK_CENTS)
            paid = position.open_commission_cents * closing // abs(position.contracts)
            realized = gross - paid - (commission_cents - opening_commission)
            position.value -= position.average * direction * closing
            position.contracts -= direction * closing
            position.open_commission_cents -= paid
            position.realized_cents += realized
            self.cash_cents += gross
        opening = size - closing
        if opening:
            direction = 1 if signed > 0 else -1
            position.contracts += direction * opening
            position.value += direction * opening * price
            position.open_commission_cents += opening_commission
        if not position.contracts:
            position.value = 0.0
        return realized

    def unrealized_cents(self, position: Position) -> float:
        """Open profit at the last price, before commission."""
        if not position.contracts:
            return 0.0
        return (self.marks.get(position.future.con_id, position.average) * position.contracts - position.value) * TICK_CENTS

    def holding(self, position: Position) -> Holding:
        """A position's worth as updatePortfolio carries it."""
        price = self.marks.get(position.future.con_id, position.average)
        return Holding(
            position.contracts,
            price,
            price * position.contracts * TICK_CENTS,
            position.average * TICK_CENTS,
            self.unrealized_cents(position),
            position.realized_cents,
        )

    @property
    def equity_cents(self) -> int:
        """NetLiquidation: cash and open profit."""
        return round(self.cash_cents + sum(self.unrealized_cents(position) for position in self.positions.values()))

    def margin_cents(self, per_contract_cents: int) -> int:
        """Margin of all positions."""
        return sum(abs(position.contracts) for position in self.positions.values()) * per_contract_cents

    def values(self) -> list[tuple[str, str, str]]:
        """Every (key, value, currency) that account updates carry, in IB's names."""
        initial, maintenance = self.margin_cents(self.initial_margin_cents), self.margin_cents(self.maintenance_margin_cents)
        equity = self.equity_cents
        gross = sum(abs(self.holding(position).value_cents) for position in self.positions.values())
        unrealized = sum(self.unrealized_cents(position) for position in self.positions.values())
        realized = sum(position.realized_cents for position in self.positions.values())
        amounts = {
            "NetLiquidation": equity, "EquityWithLoanValue": equity, "TotalCashValue": self.cash_cents, "TotalCashBalance": self.cash_cents,
            "CashBalance": self.cash_cents, "SettledCash": self.cash_cents, "GrossPositionValue": gross, "InitMarginReq": initial,
            "FullInitMarginReq": initial, "LookAheadInitMarginReq": initial, "MaintMarginReq": maintenance,
            "FullMaintMarginReq": maintenance, "LookAheadMaintMarginReq": maintenance, "AvailableFunds": equity - initial,
            "FullAvailableFunds": equity - initial, "LookAheadAvailableFunds": equity - initial, "ExcessLiquidity": equity - maintenance,
            "FullExcessLiquidity": equity - maintenance, "LookAheadExcessLiquidity": equity - maintenance,
            "BuyingPower": max(0, equity - initial), "UnrealizedPnL": unrealized, "RealizedPnL": realized, "AccruedCash": 0,
        }  # fmt: skip
        cushion = (equity - maintenance) / equity if equity > 0 else 0.0
        texts = [("AccountCode", self.name, ""), ("AccountReady", "true", ""), ("AccountType", "INDIVIDUAL", "")]
        return [*texts, ("Cushion", f"{cushion:.6f}", ""), *((key, f"{cents / 100:.2f}", "USD") for key, cents in amounts.items())]

    def summary(self, tags: list[str]) -> list[tuple[str, str, str]]:
        """The asked-for values (key, value, currency), in the order asked; unknown tags are left out, as by TWS."""
        values = {key: (key, value, currency) for key, value, currency in self.values()}
        return [values[tag] for tag in tags if tag in values]
