"""A strategy that tries everything. It does what a test's script says at a New York minute and notes every event it gets."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import msgspec
from builders import an_intent
from nautilus_trader.core.uuid import UUID4
from nautilus_trader.execution.messages import SubmitOrder, SubmitOrderList
from nautilus_trader.model.enums import OrderSide, OrderType
from nautilus_trader.model.identifiers import InstrumentId, OrderListId
from nautilus_trader.model.objects import Quantity
from nautilus_trader.model.orders import Order, OrderList
from nautilus_trader.trading.strategy import Strategy, StrategyConfig

from bot.backtest.instrument import minute_bars
from bot.calendar import new_york
from bot.decision.intent import Intent
from bot.decision.moment import Moment
from bot.decision.plan import EntryPlan, EntryType, Leg, Thesis
from bot.journal.build import intent_record
from bot.journal.records import Kind
from bot.messages import ENDPOINT_JOURNAL_AHEAD, JournalEntry
from bot.risk_engine.brackets import OrderOrigin, bracket_orders, strategy_id, ticks_of
from bot.runtime.runtime import runtime_of
from bot.runtime.said import Said

MES = InstrumentId.from_str("MES.CME")
Act = Callable[["Rogue"], None]


class Rogue(Strategy):
    """`script` maps New York minutes ("10:41") to acts; `events` collects (event name, client order id, reason)."""

    def __init__(self, script: dict[str, Act]) -> None:
        super().__init__(StrategyConfig(strategy_id="K1", order_id_tag="K1"))
        self._script = script
        self.events: list[tuple[str, str, str]] = []
        self.uncovered: list[str] = []
        self.nets: list[int] = []
        self.close = 0
        self.now = dt.datetime.min

    def on_start(self) -> None:
        self.subscribe_bars(minute_bars(MES))
        self.msgbus.subscribe("events.order.*", self._note)

    def on_bar(self, bar: Any) -> None:
        self.now, self.close = new_york(bar.ts_event), round(ticks_of(bar.close))
        self._look()
        act = self._script.get(f"{self.now:%H:%M}") if self.now.date().isoformat() == "2025-09-16" else None
        if act is not None:
            act(self)

    def _note(self, event: Any) -> None:
        self.events.append((type(event).__name__, event.client_order_id.value, getattr(event, "reason", None) or ""))

    def _look(self) -> None:
        """By Nautilus' own books: is the position covered to the contract? (While its entry still fills, more stop is right.)"""
        net = int(sum(position.signed_qty for position in self.cache.positions_open()))
        stops = [order for order in self.cache.orders_open() if order.order_type == OrderType.STOP_MARKET]
        covering = sum(int(order.leaves_qty) for order in stops if (order.side == OrderSide.SELL) == (net > 0))
        self.nets.append(net)
        growing = any(order.is_parent_order for order in self.cache.orders_open())
        if covering < abs(net) or (covering > abs(net) and not growing):
            self.uncovered.append(f"{self.now:%H:%M} net {net}, stops {covering}")

    # ------------------------------------------------------------- what it can do

    @property
    def said(self) -> Said:
        """What the parts of its run say: only a test may take it into its own hands."""
        return runtime_of(self.controller._config.runtime).said

    @property
    def time_ns(self) -> int:
        """Market time, UTC ns: in a backtest the clock's."""
        return self.clock.timestamp_ns()

    def plan(self, stop: int = 8, target: int = 16, side: int = 1, quantity: int = 1, strategy: str = "K1") -> EntryPlan:
        """One leg around the close."""
        leg = Leg(quantity, self.close - side * stop, self.close + side * target)
        return EntryPlan(strategy, side, EntryType.LIMIT, self.close, None, (leg,), 90.0, 20, Thesis("F1", 0.9))

    def intent(self, plan: EntryPlan | None = None, **changes: Any) -> Intent:
        """An intent of this bar that the risk engine has no reason to doubt, but for what a test changes."""
        of_moment = {name: changes.pop(name) for name in Moment.__struct_fields__ if name in changes}
        made = an_intent(plan or self.plan(), self.time_ns)
        return msgspec.structs.replace(made, decided=msgspec.structs.replace(made.decided, **of_moment), **changes)

    def write(self, intent: Intent) -> Intent:
        """Journal an intent ahead of its orders, in the library's place."""
        entry = JournalEntry(Kind.INTENT, self.time_ns, intent_record(intent), intent.plan.strategy)
        self.said.send(self.msgbus, ENDPOINT_JOURNAL_AHEAD, entry)
        return intent

    def bracket(self, intent: Intent) -> OrderList:
        return bracket_orders(intent, OrderOrigin(self.trader_id, strategy_id(intent.plan.strategy), MES, self.time_ns))

    def enter(self, **plan: Any) -> None:
        """A proper entry, as a K would make it; in the name of K1, or of another by hand."""
        listed = self.bracket(self.write(self.intent(self.plan(**plan))))
        if listed.strategy_id == self.id:
            self.submit_order_list(listed)
            return
        for order in listed.orders:
            self.cache.add_order(order)
        self.msgbus.send("RiskEngine.execute", self.command(listed))

    def market(self, side: OrderSide, quantity: int = 1, **other: Any) -> Order:
        return self.order_factory.market(MES, side, Quantity.from_int(quantity), **other)

    def order(self, role: str) -> Order:
        """The open order whose id ends like `role` ("1S", "1T", "1E")."""
        return next(order for order in self.cache.orders_open() if order.client_order_id.value.endswith(role))

    def command(self, orders: Order | OrderList) -> SubmitOrder | SubmitOrderList:
        """A command made by hand, to be sent past Strategy.submit_order."""
        whose = orders.strategy_id
        common = {"trader_id": self.trader_id, "strategy_id": whose, "command_id": UUID4(), "ts_init": self.time_ns}
        if isinstance(orders, OrderList):
            return SubmitOrderList(order_list=orders, **common)
        return SubmitOrder(order=orders, **common)

    # ------------------------------------------------------------- what it saw

    def seen(self, event: str) -> list[str]:
        """Codes of the reasons of all events of a name ("" where there was none)."""
        return [reason.partition(":")[0] for name, _, reason in self.events if name == event]

    def renamed(self, listed: OrderList) -> OrderList:
        """The same bracket under other ids."""
        return OrderList(OrderListId(f"{listed.id}-again"), [_renamed(order) for order in listed.orders])


def _renamed(order: Order) -> Order:
    init = order.init_event
    new = {"client_order_id": f"{order.client_order_id}-again", "order_list_id": f"{order.order_list_id}-again"}
    return type(order).create(type(init).from_dict(type(init).to_dict(init) | new | {"event_id": UUID4().value}))
