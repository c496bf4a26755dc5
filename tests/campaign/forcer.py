"""A strategy in K1's place that enters, tightens and leaves at the minutes of a script, so that something is always under way."""

from __future__ import annotations

import contextlib
from typing import Any

import msgspec
from nautilus_trader.core.uuid import UUID4
from nautilus_trader.execution.messages import ModifyOrder
from rogue import Rogue

from bot.decision.plan import ExitReason, Leg, Thesis
from bot.errors import JournalError
from bot.messages import ENDPOINT_RISK_CLOSE, CloseTrade
from bot.risk_engine.brackets import price_of, ticks_of

Act = tuple[str, str, int]  # New York minute, what, a number that chooses among what there is


class Forcer(Rogue):
    """Acts from `begin_ns` (market time) on; what a strategy may do and nothing else."""

    name = "K1"  # for the risk engine, which requires every strategy of the contracts

    def __init__(self, acts: tuple[Act, ...], begin_ns: int) -> None:
        super().__init__({})
        self._acts, self._bar_ns = acts, begin_ns

    @property
    def time_ns(self) -> int:
        return self._bar_ns

    def on_bar(self, bar: Any) -> None:
        if bar.ts_event <= self._bar_ns:
            return
        self._bar_ns = bar.ts_event
        super().on_bar(bar)
        for minute, what, pick in self._acts:
            if minute == f"{self.now:%H:%M}":
                self.do(what, pick)

    def do(self, what: str, pick: int) -> None:
        """Enter, tighten or close; nothing if there is none to choose from."""
        with contextlib.suppress(ZeroDivisionError):
            getattr(self, f"do_{what}")(pick)

    def do_enter(self, pick: int) -> None:
        """A bracket of K1 to K3, mostly K1's, or K4's two legs."""
        side = 1 if pick % 2 else -1
        if pick % 3:
            plan = self.plan(stop=8 + pick % 5, target=20, side=side, strategy=("K1", "K1", "K2", "K3")[pick // 3 % 4])
            self.submit(msgspec.structs.replace(plan, thesis=Thesis("F1", 0.9, level=self.close - 200 * side)))
            return
        base, close = self.plan(stop=6, target=12, side=side, strategy="K4"), self.close
        self.submit(msgspec.structs.replace(base, legs=tuple(Leg(1, close - 6 * side, close + far * side) for far in (12, 18))))

    def submit(self, plan: Any) -> None:
        """An intent of this bar, journaled ahead, and its bracket."""
        try:
            listed = self.bracket(self.write(self.intent(plan)))
        except JournalError:
            return  # no entry without its intent, as the library says
        if listed.strategy_id == self.id:
            self.submit_order_list(listed)
            return
        for order in listed.orders:
            if self.cache.order(order.client_order_id) is None:
                self.cache.add_order(order)
        self.msgbus.send("RiskEngine.execute", self.command(listed))

    def do_tighten(self, pick: int) -> None:
        """Bring a stop a few ticks closer, as at +1 R."""
        stops = [order for order in self.cache.orders_open() if order.has_trigger_price and not order.is_parent_order]
        stop = stops[pick % len(stops)]
        side = 1 if stop.is_sell else -1
        trigger = price_of(round(ticks_of(stop.trigger_price)) + side * (1 + pick % 3))
        about = {"trader_id": stop.trader_id, "strategy_id": stop.strategy_id, "instrument_id": stop.instrument_id}
        named = {"client_order_id": stop.client_order_id, "venue_order_id": None, "quantity": None, "price": None}
        command = ModifyOrder(trigger_price=trigger, params={"cause": "K"}, command_id=UUID4(), ts_init=self.time_ns, **about, **named)
        self.msgbus.send("RiskEngine.execute", command)

    def do_close(self, pick: int) -> None:
        """Ask to leave."""
        trades = [trade.trade_id for trade in self.controller.open_trades()]
        reason = (ExitReason.THESIS, ExitReason.TIME)[pick % 2]
        self.msgbus.send(ENDPOINT_RISK_CLOSE, CloseTrade(trades[pick % len(trades)], reason, "the campaign wants out"))
