"""What the venue holds, from its own reports and its own book, and what must be true of it whatever anybody sends.

It reads nothing of the risk engine's book: fills, orders and triggers come from the events that the venue sends, open orders from
its matching engine. The risk engine is asked only for what it must say: counters, net, kill state.
"""

from __future__ import annotations

from collections import Counter
from typing import Any, NamedTuple

from nautilus_trader.model.enums import ContingencyType, OrderSide, OrderStatus, OrderType, TimeInForce
from nautilus_trader.model.events import OrderEvent, OrderFilled
from nautilus_trader.model.orders import Order, OrderList

from bot.decision.intent import Intent
from bot.decision.snapshot import KillState
from bot.risk_engine.brackets import OrderOrigin, OrderTags, bracket_orders, strategy_id, ticks_of
from bot.supervision.orders import Role
from bot.units import SECOND_NS

GRACE_NS = 2 * SECOND_NS  # a stop is there within 1 s, or its doubt lasts at most 2 s and the position is left (specification 6)
ORPHAN_NS = 2 * SECOND_NS  # and a flat book is empty within this (invariant 2)
ENDED = ("OrderCanceled", "OrderExpired", "OrderRejected", "OrderDenied")


class Bracket(NamedTuple):
    """An order list that reached the venue, and the bar it did."""

    intent: Intent
    entries: tuple[str, ...]


class VenueTruth:
    """Listens to what the venue says; `broken` are the invariants that did not hold, one sentence each."""

    def __init__(self, run: Any, instrument_id: Any, limits: Any) -> None:
        self.broken: list[str] = []
        self.written: dict[str, list[Intent]] = {}
        self.commands: list[Any] = []  # of the supervisor
        self.widened: set[tuple[str, int]] = set()  # legs whose stop the venue widened of its own accord
        self.said: Counter[str] = Counter()
        self._risk, self._cache, self._limits, self._mes = run.risk, run.engine.cache, limits, instrument_id
        self._clock, self._bus, self._pass = run.engine.kernel.clock, run.risk.msgbus, run.engine.kernel.exec_engine.process
        self._exchange: Any = None
        self._own: dict[int, Order] = {}  # the supervisor's orders, by identity
        self._approved: dict[str, Bracket] = {}
        self._ended: set[str] = set()
        self._filled: Counter[str] = Counter()
        self._tightest: dict[tuple[str, int], int] = {}
        self._since: dict[str, int] = {}
        self.nets: Counter[str] = Counter()
        self._listen(run)

    def _listen(self, run: Any) -> None:
        run.risk._answers._take = self._report
        send = run.risk.send

        def spied(command: Any, **how: Any) -> None:
            self.commands.append(command)
            for order in _orders(command):
                self._own[id(order)] = order
            send(command, **how)

        run.risk.send = spied

    def at(self, exchange: Any) -> None:
        """The venue itself."""
        self._exchange = exchange

    @property
    def net(self) -> int:
        """Contracts of MES held at the venue, signed."""
        return self.nets[str(self._mes)]

    def breaks(self, sentence: str) -> None:
        """An invariant did not hold."""
        if sentence not in self.broken:
            self.broken.append(sentence)

    # ------------------------------------------------------------- reports

    def _report(self, event: Any) -> None:
        if not isinstance(event, OrderEvent):  # no word of a venue
            self._pass(event)
            return
        name, order = type(event).__name__, self._cache.order(event.client_order_id)
        self.said[name] += 1
        if order is not None:
            self._take(name, order, event)
        self._pass(event)
        if order is not None and name in ("OrderAccepted", "OrderUpdated"):
            self._width(order)
        self.look()

    def _take(self, name: str, order: Order, event: Any) -> None:
        if name == "OrderSubmitted":
            self._allowed(order)
        elif name in ENDED:
            self._ended.add(order.client_order_id.value)
        elif isinstance(event, OrderFilled):
            quantity = int(event.last_qty)
            self.nets[str(event.instrument_id)] += quantity if event.order_side == OrderSide.BUY else -quantity
            self._filled[order.client_order_id.value] += quantity
            self._within(order)

    def _within(self, order: Order) -> None:
        most = self._limits.max_contracts
        for instrument, net in self.nets.items():
            if instrument != str(self._mes) and net:
                self.breaks(f"{net} contracts of {instrument} are held")
            if abs(net) > most and order.client_order_id.value not in self._ended:  # what the venue fills after its end nobody could stop
                self.breaks(f"{net} contracts after a fill of {order.client_order_id}, at most {most}")

    # ------------------------------------------------------------- what may be there

    def _allowed(self, order: Order) -> None:
        """An order may be at the venue if the supervisor made it, or if it is of the bracket of an intent of this very bar."""
        name = order.client_order_id.value
        if order.instrument_id != self._mes:
            self.breaks(f"{name} is on {order.instrument_id}")
        if int(order.quantity) > self._limits.max_contracts:
            self.breaks(f"{name} is of {order.quantity} contracts")
        if id(order) in self._own:
            self._of_the_supervisor(order)
        else:
            self._of_a_bracket(order)

    def _of_the_supervisor(self, order: Order) -> None:
        tags = OrderTags.read(order)
        if tags is None or tags.role is Role.ENTRY or tags.intent_id not in self._approved:
            self.breaks(f"{order.client_order_id} of the supervisor belongs to no trade")

    def _of_a_bracket(self, order: Order) -> None:
        name, tags = order.client_order_id.value, OrderTags.read(order)
        if tags is None:
            self.breaks(f"{name} belongs to nobody")
            return
        listed = [each for each in self._cache.orders() if each.order_list_id == order.order_list_id and id(each) not in self._own]
        sent = _whole([each for each in listed if each.status != OrderStatus.DENIED])  # of a list refused before under this id
        for intent in self.written.get(tags.intent_id, []):  # two of one id may differ in a stop alone
            made = self._bracket(intent).orders
            if _whole(made) == sent:
                self._keep(intent, made)
                return
        self.breaks(f"{name} is of no journaled intent")

    def _bracket(self, intent: Intent) -> OrderList:
        return bracket_orders(intent, OrderOrigin(self._risk._trader.id, strategy_id(intent.plan.strategy), self._mes, 0))

    def _keep(self, intent: Intent, orders: list[Order]) -> None:
        kept = self._approved.get(intent.intent_id)
        if kept is None:
            now = self._clock.timestamp_ns()
            if not intent.decided.ts_ns <= now < min(intent.expires_ns, intent.decided.ts_ns + 60 * SECOND_NS):
                self.breaks(f"{intent.intent_id} was sent at {now}, decided at {intent.decided.ts_ns}, expires at {intent.expires_ns}")
            entries = tuple(order.client_order_id.value for order in orders if order.is_parent_order)
            self._approved[intent.intent_id] = Bracket(intent, entries)
        elif kept.intent != intent:
            self.breaks(f"{intent.intent_id} is at the venue with two plans")

    def _width(self, order: Order) -> None:
        tags = OrderTags.read(order)
        if tags is None or tags.role is not Role.STOP or (tags.intent_id, tags.leg) in self.widened:
            return
        side = 1 if order.side == OrderSide.SELL else -1
        trigger, key = round(ticks_of(order.trigger_price)), (tags.intent_id, tags.leg)
        if key in self._tightest and (trigger - self._tightest[key]) * side < 0:
            self.breaks(f"{order.client_order_id} went from {self._tightest[key]} to {trigger} ticks, away from the market")
        self._tightest[key] = trigger

    # ------------------------------------------------------------- what must hold at every step

    def look(self) -> None:
        """Is what works at the venue right for what is held? A wrong moment is none until its grace is over."""
        if self._exchange is None:
            return
        now, working = self._clock.timestamp_ns(), self._exchange.get_open_orders()
        side = OrderSide.SELL if self.net > 0 else OrderSide.BUY
        stops = [order for order in working if order.order_type == OrderType.STOP_MARKET]
        cover = sum(int(order.leaves_qty) for order in stops if order.side == side) if self.net else 0
        growing = any(order.is_parent_order for order in working)
        self._lasting("bare", cover < abs(self.net), now, GRACE_NS, f"net {self.net}, stops {cover}")
        self._lasting(
            "too much", bool(self.net) and cover > abs(self.net) and not growing, now, ORPHAN_NS, f"net {self.net}, stops {cover}"
        )
        self._lasting("above its limit", abs(self.net) > self._limits.max_contracts, now, GRACE_NS, f"net {self.net}")
        orphans = [] if self.net or growing else [order.client_order_id.value for order in working]
        self._lasting("orphans", bool(orphans), now, ORPHAN_NS, " ".join(orphans))
        for order in working:
            if order.instrument_id != self._mes or int(order.leaves_qty) > self._limits.max_contracts:
                self.breaks(f"{order} works at the venue")

    def _lasting(self, what: str, wrong: bool, now: int, grace: int, detail: str) -> None:
        if not wrong:
            self._since.pop(what, None)
        elif now - self._since.setdefault(what, now) > grace:
            self.breaks(f"{what}: {detail}, for {(now - self._since[what]) / SECOND_NS:.1f} s")

    def settled(self) -> None:
        """Nothing is on its way: the risk engine's book must be the venue's, and so must its counters."""
        self.look()
        supervisor, book = self._risk._supervisor, self._risk._situation.book.view(self._clock.timestamp_ns())
        entered = [any(self._filled[name] for name in each.entries) for each in self._approved.values()]
        over = [self._ended >= set(each.entries) for each in self._approved.values()]
        trades = sum(filled or not ended for filled, ended in zip(entered, over, strict=True))
        found = {"net": supervisor.net, "submissions": book.submissions_today, "trades": book.trades_today}
        right = {"net": self.net, "submissions": len(self._approved), "trades": trades}
        if found != right:
            self.breaks(f"the risk engine says {found}, the venue {right}")
        if book.position_open != bool(self.net):
            self.breaks(f"position_open is {book.position_open} at net {self.net}")

    def end(self, excused: bool) -> None:
        """The day is over. A kill ends flat; without an excuse there is none."""
        self.settled()
        state = self._risk._supervisor.kill_state
        if state is not KillState.ARMED and (state is not KillState.HALTED or self.net or self._exchange.get_open_orders()):
            self.breaks(f"a kill ended {state} with net {self.net} and {len(self._exchange.get_open_orders())} orders")
        if state is not KillState.ARMED and not excused:
            self.breaks("a kill without a cause")


def _orders(command: Any) -> list[Order]:
    if hasattr(command, "order_list"):
        return list(command.order_list.orders)
    return [command.order] if hasattr(command, "order") else []


def _whole(bracket: list[Order]) -> list[tuple[str, tuple[Any, ...]]]:
    return sorted((order.client_order_id.value, _facts(order)) for order in bracket)


def _facts(order: Order) -> tuple[Any, ...]:
    return (
        str(order.trader_id), str(order.strategy_id), str(order.instrument_id), str(order.order_list_id), OrderType(order.order_type),
        OrderSide(order.side), order.init_event.quantity.as_decimal(), TimeInForce(order.time_in_force),
        ContingencyType(order.contingency_type), str(order.parent_order_id), sorted(map(str, order.linked_order_ids or [])),
        order.is_reduce_only, order.is_quote_quantity, sorted(order.tags or []),
        {name: order.init_event.options.get(name) for name in ("price", "trigger_price", "post_only", "expire_time_ns", "display_qty")},
    )  # fmt: skip
