"""What the account is worth and holds. Money is US dollars, prices are points.

The account counts as loaded once *every* needed value has come: NetLiquidation alone would let
orders be sized by half an account. Values of other accounts are dropped; an account whose values
come in another currency fails the start, because every limit is written in dollars.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import msgspec

from bot.ibkr.errors import BrokerError, GatewayNotResponding, WrongBaseCurrency
from bot.ibkr.link.link import Link
from bot.ibkr.link.link_state import SyncReason

NEEDED = ("NetLiquidation", "AvailableFunds", "BuyingPower", "InitMarginReq", "MaintMarginReq", "TotalCashValue")
CURRENCY = "USD"
VALUES, POSITIONS = "account values", "positions"  # the questions
UNTOLD_CONTRACTS = 1e6
UNTOLD_USD = 9e9  # no amount: the broker writes the largest double for what it does not know, and Nautilus' Money holds no more


class Holding(msgspec.Struct, frozen=True):
    """Contracts of one delivery month. `average_price` is points (the broker's cost less its multiplier), profit dollars or nan."""

    con_id: int
    local_symbol: str
    contracts: int
    average_price: float
    unrealized_usd: float


class AccountBook:
    """The account's values and positions, as the broker last told them. `changed` hears of every change once loaded."""

    def __init__(self, link: Link) -> None:
        self.values: dict[str, float] = {}
        self.holdings: dict[int, Holding] = {}
        self.changed: list[Callable[[], None]] = []
        self.position_changed: list[Callable[[Holding], None]] = []
        self._link = link
        self._telling = False
        self._values_of = 0  # the link's generation
        self._other_currencies: set[str] = set()
        self._profit: dict[int, float] = {}
        self._told_at: dict[int, float] = {}  # when a month's position came, and when all had come (seconds of the wall)
        self._all_told_at = -1.0
        self._asked_anew_at = -1.0  # when the question was asked, the last one anew that was answered
        self._half_told_at: dict[int, float] = {}  # the same of a month alone, of a question whose end did not come
        self._ended_at = -1.0  # when an end came last, of whatever question
        link.taps.listen("positionEnd", self._on_end)
        link.questions.add(VALUES, self._ask_values, enough=lambda: self.loaded)
        link.questions.add(POSITIONS, self._ask_positions, way_out=True)
        link.taps.listen("updateAccountValue", self._on_value)
        link.taps.listen("updatePortfolio", self._on_portfolio)
        link.taps.listen("position", self._on_position)

    @property
    def loaded(self) -> bool:
        """Whether every needed value is known."""
        return all(tag in self.values for tag in NEEDED)

    def get_account_snapshot(self) -> dict[str, float]:
        """`equity` (NetLiquidation) and `buying_power`, US dollars; nan while not loaded."""
        nan = float("nan")
        if not self.loaded:
            return {"equity": nan, "buying_power": nan}
        return {"equity": self.values["NetLiquidation"], "buying_power": self.values["BuyingPower"]}

    def get_position_snapshot(self, local_symbol: str) -> dict[str, Any]:
        """`symbol`, `position` (signed contracts), `avg_price` (points; 0 when flat) and `unrealized_pnl` (US dollars)."""
        held = next((holding for holding in self.holdings.values() if holding.local_symbol == local_symbol), None)
        if held is None:
            return {"symbol": local_symbol, "position": 0, "avg_price": 0.0, "unrealized_pnl": 0.0}
        return {
            "symbol": local_symbol,
            "position": held.contracts,
            "avg_price": held.average_price,
            "unrealized_pnl": held.unrealized_usd,
        }

    async def positions(self, timeout_seconds: float | None = None, *, anew: bool = False) -> dict[int, Holding]:
        """Ask for all positions now; what is not told is flat. Raises BrokerError, of silence after `timeout_seconds` of the wall.

        With `anew` the answer is to a question that is asked after whatever was sent before this call.
        """
        asked_at = self._link.seconds()
        try:
            told = await self._link.connection.ask_named("reqPositions", "positionEnd", anew=anew, timeout_seconds=timeout_seconds)
        except GatewayNotResponding:
            if anew:
                self._half_told(asked_at)
            raise
        self._all_told_at = self._link.seconds()
        self._asked_anew_at = asked_at if anew else self._asked_anew_at
        now = {contract.conId for account, contract, size, _ in told if account == self._link.account and size}
        for con_id in [con_id for con_id in self.holdings if con_id not in now]:
            self._hold(msgspec.structs.replace(self.holdings[con_id], contracts=0, average_price=0.0, unrealized_usd=0.0))
        return dict(self.holdings)

    def _half_told(self, asked_at: float) -> None:
        """Months that came although no end did, of this question or of one before: a broker that is only late sends its ends as well."""
        for con_id, at in self._told_at.items():
            if at >= asked_at and self._ended_at < asked_at:
                self._half_told_at[con_id] = asked_at

    def told_since(self, con_id: int, seconds: float) -> bool:
        """Whether the position in a month was told since then (seconds of the wall): it came, or all came and it was not among them."""
        return max(self._told_at.get(con_id, -1.0), self._all_told_at) >= seconds

    def asked_since(self, con_id: int, seconds: float) -> bool:
        """Whether the position in a month was told in answer to a question that was asked anew since then (seconds of the wall)."""
        return max(self._asked_anew_at, self._half_told_at.get(con_id, -1.0)) >= seconds

    @property
    def all_told(self) -> bool:
        """Whether all positions were told once: what is not among them is flat."""
        return self._all_told_at >= 0

    async def _ask_values(self, reason: SyncReason) -> None:
        """They come by themselves from then on."""
        if reason is SyncReason.CONNECTED or not self.loaded:
            self._forget()
            await self._link.connection.ask_named("reqAccountUpdates", "accountDownloadEnd", True, self._link.account)
        if not self.loaded:
            raise self._why_not()
        self._tell()

    def _forget(self) -> None:
        """What an earlier connection told; what this one has told stays, however often it is asked."""
        if self._values_of != self._link.generation:
            self._values_of = self._link.generation
            self.values.clear()
            self._other_currencies.clear()

    async def _ask_positions(self, _: SyncReason) -> None:
        await self.positions()

    def _why_not(self) -> BrokerError:
        """Why the account is not loaded although all of it was told."""
        account = self._link.account
        if self._other_currencies:
            found = ", ".join(sorted(self._other_currencies))
            return WrongBaseCurrency(f"account {account} is kept in {found}; its values must come in {CURRENCY}")
        return GatewayNotResponding(f"account {account} was told without {', '.join(tag for tag in NEEDED if tag not in self.values)}")

    # ---------------------------------------------------------------- messages

    def _on_value(self, tag: str, value: str, currency: str, account: str) -> None:
        if account != self._link.account or tag not in NEEDED:
            return
        if currency not in (CURRENCY, ""):
            self._other_currencies.add(currency)
            return
        if (amount := _amount_usd(value)) is None:
            self.values.pop(tag, None)
            self._link.owe(VALUES)
            return
        self.values[tag] = amount
        if self.loaded and self._link.allows_way_out and not self._telling:
            self._telling = True  # a change comes as a burst of values: told once, after it
            asyncio.get_running_loop().call_soon(self._tell)

    def _on_portfolio(self, contract: Any, size: float, _price: float, _value: float, cost: float, profit: float, *more: Any) -> None:
        if more[-1] == self._link.account:
            self._profit[contract.conId] = profit
            self._hold(_holding(contract, size, cost, profit))

    def _on_position(self, account: str, contract: Any, size: float, cost: float) -> None:
        if account == self._link.account:
            self._told_at[contract.conId] = self._link.seconds()
            self._hold(_holding(contract, size, cost, self._profit.get(contract.conId, float("nan"))))

    def _on_end(self) -> None:
        self._ended_at = self._link.seconds()

    def _hold(self, holding: Holding) -> None:
        before = self.holdings.get(holding.con_id)
        if holding.contracts:
            self.holdings[holding.con_id] = holding
        else:
            self.holdings.pop(holding.con_id, None)
        if (before.contracts if before else 0) != holding.contracts:
            for listener in self.position_changed:
                listener(holding)

    def _tell(self) -> None:
        self._telling = False
        if not self.loaded:
            return  # told again once it is
        for listener in self.changed:
            listener()


def _amount_usd(text: str) -> float | None:
    """US dollars as the broker writes them; None for what is no amount: no number, nan, infinite or as large as none is."""
    try:
        amount = float(text)
    except ValueError:
        return None
    return amount if abs(amount) < UNTOLD_USD else None


def _holding(contract: Any, size: float, cost: float, profit: float) -> Holding:
    """Raises ValueError for a number of contracts that is none."""
    if not abs(size) < UNTOLD_CONTRACTS:
        raise ValueError(f"{size} contracts are not known")
    multiplier = float(contract.multiplier or 1)
    return Holding(contract.conId, contract.localSymbol, round(size), cost / multiplier if size else 0.0, profit)
