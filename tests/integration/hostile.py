"""What a hostile strategy can do with what Nautilus gives it: send anything to any topic or endpoint at any moment.

It replaces no handler, changes no object of others, and does not speak for the venue on Nautilus' inner endpoints, where a
simulated exchange cannot be told from it; what is no word of a venue it sends there, too. ACTS are by
name; each takes the rogue and two numbers that choose among what there is. VENUE are what the venue does of its own accord.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
from nautilus_trader.core.uuid import UUID4
from nautilus_trader.execution.messages import (
    BatchCancelOrders,
    CancelAllOrders,
    CancelOrder,
    ModifyOrder,
    QueryOrder,
    SubmitOrder,
    SubmitOrderList,
)
from nautilus_trader.model.currencies import USD
from nautilus_trader.model.data import QuoteTick, TradeTick
from nautilus_trader.model.enums import AggressorSide, LiquiditySide, OrderSide, TriggerType
from nautilus_trader.model.events import (
    AccountState,
    OrderAccepted,
    OrderCanceled,
    OrderCancelRejected,
    OrderDenied,
    OrderExpired,
    OrderFilled,
    OrderInitialized,
    OrderModifyRejected,
    OrderRejected,
    OrderSubmitted,
    OrderTriggered,
    OrderUpdated,
)
from nautilus_trader.model.identifiers import (
    AccountId,
    ClientId,
    ClientOrderId,
    ComponentId,
    InstrumentId,
    PositionId,
    StrategyId,
    TradeId,
    TraderId,
    VenueOrderId,
)
from nautilus_trader.model.objects import Money, Price, Quantity
from nautilus_trader.model.orders import Order, OrderList
from nautilus_trader.trading.messages import RemoveActor, RemoveStrategy, StopActor, StopStrategy
from rogue import MES, Rogue
from venue_truth import VenueTruth

from bot import messages
from bot.decision.codes import Code, Layer
from bot.decision.gates.gate import refused
from bot.decision.plan import ExitReason, Leg
from bot.decision.snapshot import KillState
from bot.journal.records import KillRecord, Kind, OrderRecord
from bot.market.update import MarketUpdate
from bot.messages import (
    ENDPOINT_JOURNAL,
    ENDPOINT_JOURNAL_AHEAD,
    ENDPOINT_RISK_ALARM,
    ENDPOINT_RISK_CLOSE,
    ENDPOINT_RISK_KILL,
    ENDPOINT_RISK_PATH,
    ENDPOINT_RISK_WITHDRAW,
    TOPIC_BEGIN,
    TOPIC_BOOK,
    TOPIC_BROKER,
    TOPIC_EQS_EVENT,
    TOPIC_FEED,
    TOPIC_KILL,
    TOPIC_KILL_TRIGGER,
    TOPIC_MARKET,
    TOPIC_QUALITY,
    TOPIC_SPREAD,
    TOPIC_TIME,
    TOPIC_TRUST,
    TOPIC_VETO,
    CloseTrade,
    EntryEnded,
    IntentDenied,
    IntentSubmitted,
    JournalEntry,
    KillTrigger,
    KillUpdate,
    OnPath,
    Spread,
    TradeClosed,
    TradeOpened,
)
from bot.quality.feed import QualityEvent
from bot.risk_engine.brackets import OrderTags, price_of, strategy_id
from bot.risk_engine.hearing import ANYBODY
from bot.supervision.orders import Role
from bot.units import MINUTE_NS

RISK, EXEC = "RiskEngine.execute", "ExecEngine.execute"
DOORS = (RISK, EXEC)
INNER = ("ExecEngine.process", "Portfolio.update_account")  # what a venue would say there is left out
OURS = sorted(value for name, value in vars(messages).items() if name.startswith(("TOPIC_", "ENDPOINT_")))
STRICTER = [*sorted(ANYBODY), TOPIC_FEED]  # what may be said by anybody there can end in a kill
FIELDS = (None, True, 0, -1, 2**62, float("nan"), "", "20250916-K1-1041", "\ud800", b"x", (), [], {}, object())
MADE = sorted((each for each in vars(messages).values() if isinstance(each, type) and issubclass(each, msgspec.Struct)), key=str)
ES = InstrumentId.from_str("ES.CME")
SIDES = (OrderSide.BUY, OrderSide.SELL)
FORGED = "says the rogue"
Act = Callable[["Hostile", int, int], None]


class Hostile(Rogue):
    """Does `acts`: (New York minute, when, name, two numbers); `when` is "bar", "timer" (0.4 s later) or "event" (inside the next one)."""

    def __init__(self, acts: list[tuple[str, str, str, int, int]]) -> None:
        super().__init__({})
        self._acts = acts
        self._last_ns = 0
        self._inside: list[tuple[str, int, int]] = []
        self.truth: VenueTruth
        self.kept: list[Any] = []  # commands it has sent, to send them again
        self.heard: list[tuple[str, Any]] = []  # what it heard, to say it again
        self.done: list[str] = []
        self.raised: list[str] = []
        self.updates: list[MarketUpdate] = []

    def on_start(self) -> None:
        super().on_start()
        for topic in (TOPIC_BOOK, TOPIC_TRUST, TOPIC_VETO, TOPIC_KILL, "events.order.*", "events.account.*", "events.position.*"):
            self.msgbus.subscribe(topic, lambda message, topic=topic: self._hear(topic, message))
        self.msgbus.subscribe(TOPIC_MARKET, self.updates.append)

    def on_bar(self, bar: Any) -> None:
        super().on_bar(bar)
        now = self.clock.timestamp_ns()
        if self.now.date().isoformat() != "2025-09-16" or bar.ts_event != now or now == self._last_ns:
            return  # of the warm-up, or forged
        self._last_ns = now
        for number, after_ns in enumerate((1_200_000_000, 2_400_000_000, 5_000_000_000)):
            self.clock.set_time_alert_ns(f"look-{now}-{number}", now + after_ns, lambda _: self.truth.look())
        self.clock.set_time_alert_ns(f"settled-{now}", now + 10_000_000_000, lambda _: self.truth.settled())
        for number, (minute, when, name, *picks) in enumerate(self._acts):
            if minute != f"{self.now:%H:%M}":
                continue
            if when == "timer":
                act = lambda _, name=name, picks=picks: self._do(name, *picks)  # noqa: E731
                self.clock.set_time_alert_ns(f"act-{now}-{number}", now + 400_000_000, act)
            elif when == "event":
                self._inside.append((name, *picks))
            else:
                self._do(name, *picks)

    def _hear(self, topic: str, message: Any) -> None:
        self.heard.append((topic, message))
        if topic == "events.order.*" and self._inside:
            self._do(*self._inside.pop(0))

    def _do(self, name: str, a: int, b: int) -> None:
        """What an act raises falls back on who did it: that is no harm."""
        self.done.append(name)
        try:
            (ACTS.get(name) or VENUE[name])(self, a, b)
        except Exception as error:
            self.raised.append(f"{name}: {type(error).__name__}: {error}")
        self.truth.look()

    # ------------------------------------------------------------- helpers of the acts

    def any_order(self, pick: int) -> Order:
        orders = self.cache.orders()
        return orders[pick % len(orders)]

    def live_order(self, pick: int) -> Order:
        orders = [order for order in self.cache.orders() if not order.is_closed]
        return orders[pick % len(orders)]

    def say(self, endpoint: str, message: Any) -> None:
        self.kept.append(message)
        self.msgbus.send(endpoint, message)

    def note(self, intent: Any) -> Any:
        """Journal an intent ahead; what was written is known to whoever judges the venue."""
        self.truth.written.setdefault(intent.intent_id, []).append(intent)
        return self.write(intent)

    def about(self, order: Any) -> dict[str, Any]:
        return {
            "trader_id": order.trader_id, "strategy_id": order.strategy_id, "instrument_id": order.instrument_id,
            "client_order_id": order.client_order_id, "command_id": UUID4(), "ts_init": self.time_ns,
        }  # fmt: skip


# ------------------------------------------------------------------ entries


def _plan(rogue: Hostile, a: int, b: int) -> Any:
    side, close = 1 if a % 2 else -1, rogue.close
    if b % 3 == 1:
        return rogue.plan(stop=6, target=12, side=side, quantity=2, strategy="K4")
    if b % 3 == 2:
        base = rogue.plan(stop=6, target=12, side=side, strategy="K4")
        legs = tuple(Leg(1, close - 6 * side, close + far * side) for far in (12, 18))
        return msgspec.structs.replace(base, legs=legs)
    return rogue.plan(stop=8 + a % 5, target=30, side=side, strategy=("K1", "K2", "K3")[a % 3])


def _submit(rogue: Hostile, listed: OrderList, door: str = RISK) -> None:
    for order in listed.orders:
        if rogue.cache.order(order.client_order_id) is None:
            rogue.cache.add_order(order)
    rogue.say(door, rogue.command(listed))


def enter(rogue: Hostile, a: int, b: int) -> None:
    """A proper entry, by the strategy's own means or by hand."""
    listed = rogue.bracket(rogue.note(rogue.intent(_plan(rogue, a, b))))
    if listed.strategy_id == rogue.id and a % 4 == 1:
        rogue.submit_order_list(listed)
    else:
        _submit(rogue, listed)


def enter_twice(rogue: Hostile, a: int, b: int) -> None:
    """The same intent, submitted at once again: the command, a copy, another list of the same orders, or made anew."""
    made = rogue.note(rogue.intent(_plan(rogue, a, b)))
    listed = rogue.bracket(made)
    _submit(rogue, listed)
    again = (rogue.kept[-1], rogue.command(listed), rogue.command(OrderList(listed.id, listed.orders)), rogue.command(rogue.bracket(made)))
    rogue.say(DOORS[b % 2], again[a % 4])


def enter_two_plans(rogue: Hostile, a: int, b: int) -> None:
    """Two plans under one id: the first is submitted, or the second, or both."""
    first, second = rogue.intent(_plan(rogue, a, b)), rogue.intent(_plan(rogue, a + 1, b))
    second = msgspec.structs.replace(second, intent_id=first.intent_id)
    for intent in ((first, second), (second, first))[a % 2]:
        rogue.note(intent)
    for intent in ((first,), (second,), (first, second))[b % 3]:
        _submit(rogue, rogue.bracket(intent))


_FIELDS: tuple[dict[str, Any], ...] = (
    {"instrument_id": "ES.CME"}, {"trader_id": "OTHER-001"}, {"strategy_id": "K5-K5"}, {"quantity": "2"}, {"quantity": "3"},
    {"quantity": "0.5"}, {"post_only": True}, {"reduce_only": True}, {"quote_quantity": True}, {"time_in_force": "IOC"},
    {"time_in_force": "DAY"}, {"contingency_type": "NO_CONTINGENCY"}, {"contingency_type": "OCO"}, {"parent_order_id": None},
    {"linked_order_ids": None}, {"exec_algorithm_id": "TWAP"}, {"emulation_trigger": "LAST_PRICE"}, {"tags": None},
    {"order_side": "BUY"}, {"order_side": "SELL"}, {"order_list_id": "X"}, {"client_order_id": "20250916-K1-1041-1S"},
)  # fmt: skip


def _remade(order: Order, **changes: Any) -> Order:
    init = order.init_event
    return type(order).create(OrderInitialized.from_dict(type(init).to_dict(init) | changes | {"event_id": UUID4().value}))


def enter_other(rogue: Hostile, a: int, b: int) -> None:
    """A journaled bracket with one field of one order changed."""
    listed = rogue.bracket(rogue.note(rogue.intent(_plan(rogue, a, b))))
    which = b % len(listed.orders)
    orders = [_remade(order, **_FIELDS[a % len(_FIELDS)]) if n == which else order for n, order in enumerate(listed.orders)]
    _submit(rogue, OrderList(listed.id, orders), DOORS[b % 2])


def enter_wrapped(rogue: Hostile, a: int, b: int) -> None:
    """A right bracket in a wrong envelope, or too few, too many or shuffled orders."""
    listed = rogue.bracket(rogue.note(rogue.intent(_plan(rogue, a, b))))
    orders = listed.orders
    change = (orders[:1], orders[:2], orders[::-1], [*orders, *orders], [*orders, *rogue.renamed(listed).orders])[a % 5]
    envelope = (
        {},
        {"client_id": ClientId("CME")},
        {"params": {"x": 1}},
        {"strategy_id": StrategyId("K5-K5")},
        {"trader_id": TraderId("X-1")},
    )
    for order in change:
        if rogue.cache.order(order.client_order_id) is None:
            rogue.cache.add_order(order)
    sent = rogue.command(listed)
    common = {"trader_id": sent.trader_id, "strategy_id": sent.strategy_id, "command_id": UUID4(), "ts_init": sent.ts_init}
    rogue.say(DOORS[b % 2], SubmitOrderList(order_list=OrderList(listed.id, change), **(common | envelope[b % 5])))


def enter_late(rogue: Hostile, a: int, b: int) -> None:
    """An intent of another bar, expired, that lives too long, or that is a strategy's nobody knows."""
    now = rogue.time_ns
    changes = ({"expires_ns": 0}, {"expires_ns": now}, {"expires_ns": now + 10**12}, {"ts_ns": now - MINUTE_NS}, {"ts_ns": now + MINUTE_NS})
    intent = rogue.intent(_plan(rogue, a, b), **changes[a % 5])
    _submit(rogue, rogue.bracket(rogue.note(intent)))


def enter_renamed(rogue: Hostile, a: int, b: int) -> None:
    """An earlier list, or a new one, under other ids."""
    lists = [command.order_list for command in rogue.kept if isinstance(command, SubmitOrderList)]
    _submit(rogue, rogue.renamed(lists[a % len(lists)]), DOORS[b % 2])


def single(rogue: Hostile, a: int, b: int) -> None:
    """One order of any kind, side, size and instrument, with an id of ours or its own, at any door."""
    make, side, instrument = rogue.order_factory, SIDES[a % 2], (MES, MES, MES, ES)[b % 4]
    size, price = Quantity.from_int(1 + a % 5), price_of(rogue.close + b % 41 - 20)
    other: dict[str, Any] = {}
    if a % 3 == 1 and rogue.cache.orders():
        other = {"client_order_id": rogue.any_order(b).client_order_id}
    elif a % 3 == 2:
        other = {"client_order_id": ClientOrderId(f"20250916-K1-{rogue.now:%H%M}-1{'ESTX'[b % 4]}{a % 4 or ''}")}
    kinds = (
        lambda: make.market(instrument, side, size, **other),
        lambda: make.limit(instrument, side, size, price, **other),
        lambda: make.stop_market(instrument, side, size, price, **other),
        lambda: make.limit(instrument, side, size, price, reduce_only=True, **other),
        lambda: make.limit(instrument, side, size, price, emulation_trigger=TriggerType.LAST_PRICE, **other),
        lambda: make.market(instrument, side, size, tags=OrderTags("20250916-K1-1041", 1, tuple(Role)[b % 4], 1).write(), **other),
    )
    order = kinds[b % 6]()
    if a % 2:
        rogue.submit_order(order)
    else:
        rogue.say((*DOORS, "OrderEmulator.execute")[b % 3], rogue.command(order))


# ------------------------------------------------------------------ changes, cancels, replays


def modify(rogue: Hostile, a: int, b: int) -> None:
    """Change trigger, price or quantity of any order, by the strategy's own means or by hand."""
    order = rogue.live_order(a)
    change = (
        {"trigger_price": price_of(rogue.close + b % 31 - 15)},
        {"trigger_price": price_of(rogue.close + b % 31 - 15)},
        {"price": price_of(rogue.close + b % 61 - 30)},
        {"quantity": Quantity.from_int(1 + b % 4)},
        {"quantity": Quantity.from_int(1), "trigger_price": price_of(rogue.close)},
        {"trigger_price": Price(rogue.close / 4 + 0.1, 2)},
    )[b % 6]
    _changed(rogue, order, change, a)


def tighten(rogue: Hostile, a: int, b: int) -> None:
    """Move a stop a few ticks, mostly closer, for safety or not; twice at once."""
    stop = next(order for order in rogue.cache.orders_open() if order.has_trigger_price and not order.is_parent_order)
    side = 1 if stop.side == OrderSide.SELL else -1
    for step in (1 + a % 3, b % 4 - 1)[: 1 + b % 2]:
        trigger = price_of(round(float(stop.trigger_price) * 4) + side * step)
        _changed(rogue, stop, {"trigger_price": trigger}, a, {"cause": ("K", "DVS", "ATR")[b % 3]})


def _changed(rogue: Hostile, order: Order, change: dict[str, Any], how: int, params: dict[str, Any] | None = None) -> None:
    if how % 2:
        rogue.modify_order(order, params=params, **change)
        return
    fields = {"quantity": None, "price": None, "trigger_price": None} | change
    rogue.say(DOORS[how // 2 % 2], ModifyOrder(venue_order_id=None, params=params, **fields, **rogue.about(order)))


def cancel(rogue: Hostile, a: int, b: int) -> None:
    """Cancel any order, often, by the strategy's own means or by hand, in the name of its strategy or of another."""
    order = rogue.live_order(a)
    for _ in range(1 + b % 3):
        if b % 2:
            rogue.cancel_order(order)
        else:
            about = rogue.about(order) | ({"strategy_id": StrategyId("K5-K5")} if b % 5 == 0 else {})
            rogue.say(DOORS[(a + 1) % 2], CancelOrder(venue_order_id=order.venue_order_id if b % 4 else None, **about))


def cancel_entry(rogue: Hostile, a: int, b: int) -> None:
    """Cancel an entry that works."""
    entry = next(order for order in rogue.cache.orders() if order.is_parent_order and not order.is_closed)
    rogue.say(EXEC, CancelOrder(venue_order_id=None, **rogue.about(entry)))


def cancel_all(rogue: Hostile, a: int, b: int) -> None:
    """Cancel everything, in a batch, in all, or by leaving the market; close everything."""
    about = rogue.about(rogue.any_order(a))
    del about["client_order_id"]
    cancels = [CancelOrder(venue_order_id=None, **rogue.about(order)) for order in rogue.cache.orders_open()]
    ways = (
        lambda: rogue.cancel_all_orders(MES),
        lambda: rogue.cancel_orders(rogue.cache.orders_open(strategy_id=rogue.id)),
        lambda: rogue.close_all_positions(MES),
        rogue.market_exit,
        lambda: rogue.say(DOORS[b % 2], CancelAllOrders(order_side=OrderSide.NO_ORDER_SIDE, **about)),
        lambda: rogue.say(DOORS[b % 2], BatchCancelOrders(cancels=cancels, **about)),
    )
    ways[a % len(ways)]()


def replay(rogue: Hostile, a: int, b: int) -> None:
    """An old command, of its own or of the supervisor, sent again at any door, or the same in a new envelope."""
    commands = [*rogue.truth.commands, *rogue.kept]
    command = commands[a % len(commands)]
    if b % 3 == 2 and isinstance(command, SubmitOrder | SubmitOrderList):
        command = rogue.command(getattr(command, "order", None) or command.order_list)
    rogue.say(DOORS[b % 2], command)


def query(rogue: Hostile, a: int, b: int) -> None:
    """Ask for an order's state."""
    rogue.say(DOORS[b % 2], QueryOrder(venue_order_id=None, **rogue.about(rogue.any_order(a))))


def close(rogue: Hostile, a: int, b: int) -> None:
    """Ask to leave a trade: one that is, or one that is not."""
    trades = [trade.trade_id for trade in rogue.controller.open_trades()] or ["20250916-K1-0000"]
    reasons = tuple(ExitReason)
    for _ in range(1 + b % 2):
        rogue.msgbus.send(ENDPOINT_RISK_CLOSE, CloseTrade(trades[a % len(trades)], reasons[b % len(reasons)], "enough"))


def withdraw(rogue: Hostile, a: int, b: int) -> None:
    """Say that the run ends; ask how it stands."""
    rogue.msgbus.send((ENDPOINT_RISK_WITHDRAW, ENDPOINT_RISK_PATH)[a % 2], ("over", OnPath())[a % 2])


# ------------------------------------------------------------------ forged and repeated words


def _event(rogue: Hostile, order: Order, kind: int, number: int) -> Any:
    now = rogue.time_ns
    base = {
        "trader_id": order.trader_id, "strategy_id": order.strategy_id, "instrument_id": order.instrument_id,
        "client_order_id": order.client_order_id, "event_id": UUID4(), "ts_init": now,
    }  # fmt: skip
    venue, account = order.venue_order_id or VenueOrderId("CME-1-1"), order.account_id or AccountId("CME-001")
    told = base | {"venue_order_id": venue, "account_id": account, "ts_event": now}
    makers: tuple[Callable[[], Any], ...] = (
        lambda: OrderDenied(reason="forged", **base),
        lambda: OrderCanceled(**told),
        lambda: OrderExpired(**told),
        lambda: OrderAccepted(**told),
        lambda: OrderTriggered(**told),
        lambda: OrderSubmitted(account_id=account, ts_event=now, **base),
        lambda: OrderRejected(account_id=account, reason="forged", ts_event=now, **base),
        lambda: OrderCancelRejected(reason="forged", **told),
        lambda: OrderModifyRejected(reason="forged", **told),
        lambda: OrderUpdated(
            quantity=Quantity.from_int(1 + number % 3), price=None, trigger_price=price_of(rogue.close + number % 31 - 15), **told
        ),
        lambda: filled(rogue, order, 1 + number % 2, f"forged-{len(rogue.heard)}"),
    )
    return makers[kind % len(makers)]()


def filled(rogue: Hostile, order: Order, quantity: int, trade_id: str) -> OrderFilled:
    """A fill of an order, at the last close."""
    now = rogue.time_ns
    venue, account = order.venue_order_id or VenueOrderId("CME-1-1"), order.account_id or AccountId("CME-001")
    position, price = order.position_id or PositionId(f"{MES}-{order.strategy_id}"), price_of(rogue.close)
    return OrderFilled(
        order.trader_id, order.strategy_id, order.instrument_id, order.client_order_id, venue, account, TradeId(trade_id), position,
        order.side, order.order_type, Quantity.from_int(quantity), price, USD, Money(0.62, USD), LiquiditySide.TAKER, UUID4(), now, now,
    )  # fmt: skip


def forge_event(rogue: Hostile, a: int, b: int) -> None:
    """Publish an order event that nobody sent, on a strategy's topic."""
    order = rogue.any_order(a)
    for _ in range(1 + b % 2):
        rogue.msgbus.publish(f"events.order.{order.strategy_id}", _event(rogue, order, b, a))


def repeat_event(rogue: Hostile, a: int, b: int) -> None:
    """Publish an order's own events again: its last one, any one, or all."""
    order = rogue.any_order(a)
    events = ([order.last_event], [order.events[b % len(order.events)]], order.events)[b % 3]
    for event in events * (1 + a % 2):
        rogue.msgbus.publish(f"events.order.{order.strategy_id}", event)


def repeat_last(rogue: Hostile, a: int, b: int) -> None:
    """Say again what was heard last, of anything."""
    topic, message = rogue.heard[-1 - a % min(len(rogue.heard), 12)]
    rogue.msgbus.publish(topic.replace("*", ("K1-K1", "K4-K4", "CME-001")[b % 3]), message)


def forge_book(rogue: Hostile, a: int, b: int) -> None:
    """Tell of trades that are none, and deny those that are."""
    outcomes = [message for topic, message in rogue.heard if topic == TOPIC_BOOK and isinstance(message, TradeClosed)]
    opened = [message for topic, message in rogue.heard if topic == TOPIC_BOOK and isinstance(message, TradeOpened)]
    messages = [
        EntryEnded("20250916-K1-1041", "K1", filled=False), EntryEnded("20250916-K1-1041", "K1", filled=True, late=True),
        IntentSubmitted("20250916-K2-1041", "K2", rogue.time_ns),
        IntentDenied("20250916-K1-1041", "K1", refused(Code.K5_NOISE, Layer.BELIEF, "x", 1, "y", 2)), *outcomes, *opened,
    ]  # fmt: skip
    for _ in range(1 + b % 3):
        rogue.msgbus.publish(TOPIC_BOOK, messages[a % len(messages)])


def forge_kill_state(rogue: Hostile, a: int, b: int) -> None:
    """Say in what state the kill switch is."""
    rogue.msgbus.publish(TOPIC_KILL, KillUpdate(tuple(KillState)[a % 4], FORGED, "", 0))


def forge_account(rogue: Hostile, a: int, b: int) -> None:
    """Publish an account state: an old one, or another's millions, or debts."""
    last: AccountState = next(account.last_event for account in rogue.cache.accounts())
    said = AccountState.to_dict(last) | {"event_id": UUID4().value, "account_id": ("CME-001", "OTHER-001")[b % 2]}
    said["balances"] = [
        dict(balance, total=total, free=total, locked="0.00")
        for balance, total in zip(said["balances"], (("1000000.00", "-5.00", "10.00")[a % 3],), strict=False)
    ]
    for event in (AccountState.from_dict(said), last)[: 1 + a % 2]:
        rogue.msgbus.publish(f"events.account.{event.account_id}", event)


def forge_word(rogue: Hostile, a: int, b: int) -> None:
    """Trust, veto, spread, feed, broker, score: right in form, and nobody's."""
    now, other = rogue.time_ns, refused(Code.K5_NOISE, Layer.BELIEF, "noise", 0.9, "maximum", 0.5)
    trust = next((message for topic, message in reversed(rogue.heard) if topic == TOPIC_TRUST), None)
    words = (
        (TOPIC_TRUST, trust), (TOPIC_VETO, None), (TOPIC_VETO, other), (TOPIC_BROKER, "no link"), (TOPIC_BROKER, ""),
        (TOPIC_SPREAD, Spread(now, float(b))), (TOPIC_FEED, QualityEvent("late", now, "forged")), (TOPIC_BEGIN, now + MINUTE_NS * b),
        (TOPIC_TIME, now + MINUTE_NS * b), (TOPIC_EQS_EVENT, QualityEvent("late_fill", now, "forged")),
    )  # fmt: skip
    rogue.msgbus.publish(*words[a % len(words)])


def forge_record(rogue: Hostile, a: int, b: int) -> None:
    """Write into the journal what did not happen."""
    now = rogue.time_ns
    entries = (
        JournalEntry(Kind.KILL, now, KillRecord("ARMED", FORGED, "")),
        JournalEntry(Kind.ORDER, now, OrderRecord("20250916-K1-1041-1S", "20250916-K1-1041", "K1", "STOP", "OrderCanceled", 1)),
        JournalEntry(Kind.KILL, now - MINUTE_NS * (b % 5), KillRecord("HALTED", FORGED, "")),
    )
    rogue.msgbus.send((ENDPOINT_JOURNAL, ENDPOINT_JOURNAL_AHEAD)[b % 2], entries[a % 3])


def forge_bar(rogue: Hostile, a: int, b: int) -> None:
    """Nautilus' data engine is told an old bar, a trade or a quote that was none."""
    now, one = rogue.time_ns, Quantity.from_int(1)
    bars = rogue.cache.bars(rogue.cache.bar_types()[0])
    price = price_of(rogue.close + b % 201 - 100)
    things = (
        bars[a % len(bars)],
        bars[0],
        TradeTick(MES, price, one, AggressorSide.BUYER, TradeId("1"), now, now),
        QuoteTick(MES, price, price, one, one, now, now),
    )
    rogue.msgbus.send("DataEngine.process", things[a % 4])


def forge_parts(rogue: Hostile, a: int, b: int) -> None:
    """Nautilus' controller is told to stop or remove a part of the run, the risk engine itself included."""
    parts, strategies = ("RISK", "QUALITY", "MARKET", "JOURNAL", "LEARNING"), (StrategyId("K2-K2"), strategy_id("K3"))
    commands = (
        StopActor(ComponentId(parts[b % 5])), RemoveActor(ComponentId(parts[b % 5])), StopStrategy(strategies[b % 2]),
        RemoveStrategy(strategies[b % 2]),
    )  # fmt: skip
    rogue.msgbus.send("Controller.execute", commands[a % 4])


def forge_market(rogue: Hostile, a: int, b: int) -> None:
    """A market update again, of another time, or with other scores."""
    last = rogue.updates[-1 - (a % 3) * 5]
    quality, hours = last.quality, (0, -24, 24, 1)[b % 4]
    scores = ({}, {"dvs": 1.0, "eqs": 1.0, "own_dvs": 1.0}, {"dvs": 0.0, "own_dvs": 0.0}, {"bar": None}, {"eqs": 0.0})[a % 5]
    other = msgspec.structs.replace(quality, ts_ns=quality.ts_ns + hours * 60 * MINUTE_NS, **scores)
    for topic, message in ((TOPIC_MARKET, msgspec.structs.replace(last, quality=other)), (TOPIC_QUALITY, other))[: 1 + b % 2]:
        rogue.msgbus.publish(topic, message)


def _nonsense(a: int, b: int) -> Any:
    """A message of ours, its fields of any type, or no message at all."""
    made = MADE[a % len(MADE)]
    if b % 4 == 0:
        return FIELDS[a % len(FIELDS)]
    return made(**{name: FIELDS[(b + 5 * number) % len(FIELDS)] for number, name in enumerate(made.__struct_fields__)})


def _say_there(rogue: Hostile, where: str, thing: Any) -> None:
    if where in rogue.msgbus.endpoints():
        rogue.msgbus.send(where, thing)
    else:
        rogue.msgbus.publish(where, thing)


def forge_ours(rogue: Hostile, a: int, b: int) -> None:
    """Anything on a topic or endpoint of ours where parts alone are believed."""
    there = [where for where in OURS if where not in STRICTER]
    _say_there(rogue, there[a % len(there)], _nonsense(b, a // len(there)))


def forge_stricter(rogue: Hostile, a: int, b: int) -> None:
    """Anything where anybody may say what makes things stricter, and where the venue speaks."""
    there = [*STRICTER, *INNER]
    _say_there(rogue, there[a % len(there)], _nonsense(b, a // len(there)))


def garbage(rogue: Hostile, a: int, b: int) -> None:
    """Anything to anybody."""
    order = rogue.any_order(a)
    things = (None, "", 7, object(), {}, [], order, order.last_event, CloseTrade("", ExitReason.TIME, ""), b"x", float("nan"))
    endpoints = sorted(rogue.msgbus.endpoints())
    topics = sorted(
        topic for topic in rogue.msgbus.topics() if "*" not in topic and topic not in ("commands.system.shutdown", "data.bars.*")
    )
    thing, endpoint = things[b % len(things)], endpoints[a // 2 % len(endpoints)]
    if not a % 2:
        rogue.msgbus.publish(topics[a // 2 % len(topics)], thing)
    elif endpoint not in INNER or thing is not order.last_event:
        rogue.msgbus.send(endpoint, thing)


def kill(rogue: Hostile, a: int, b: int) -> None:
    """What anybody may: trip the kill switch."""
    words = (
        lambda: rogue.msgbus.publish(TOPIC_TRUST, {}),
        lambda: rogue.msgbus.send(ENDPOINT_RISK_KILL, "a person"),
        lambda: rogue.msgbus.send(ENDPOINT_RISK_ALARM, "something failed"),
        lambda: rogue.msgbus.publish(TOPIC_KILL_TRIGGER, KillTrigger("connection lost for too long", "30 s")),
    )
    words[a % 4]()


# ------------------------------------------------------------------ the venue's own moods


def _matching(rogue: Hostile) -> Any:
    return rogue.truth._exchange.get_matching_engine(MES)


def _working(rogue: Hostile, pick: int) -> Order:
    orders = sorted(_matching(rogue).get_open_orders(), key=lambda order: order.client_order_id.value)
    return orders[pick % len(orders)]


def venue_cancels(rogue: Hostile, a: int, b: int) -> None:
    """The venue cancels an order that works."""
    _matching(rogue).cancel_order(_working(rogue, a))


def venue_moves(rogue: Hostile, a: int, b: int) -> None:
    """Another hand moves a stop at the venue."""
    stop = next(order for order in _matching(rogue).get_open_orders() if order.has_trigger_price and not order.is_parent_order)
    side, step = 1 if stop.side == OrderSide.SELL else -1, b % 9 - 6
    tags = OrderTags.read(stop)
    if step < 0:
        rogue.truth.widened.add((tags.intent_id, tags.leg))
    trigger = price_of(round(float(stop.trigger_price) * 4) + side * step)
    command = ModifyOrder(venue_order_id=stop.venue_order_id, quantity=None, price=None, trigger_price=trigger, **rogue.about(stop))
    _matching(rogue).process_modify(command, stop.account_id)


def venue_fills_late(rogue: Hostile, a: int, b: int) -> None:
    """A fill of an order that the venue had reported as cancelled, or one more of an order that is done."""
    ended = [
        order for order in rogue.cache.orders() if order.status_string() in ("CANCELED", "EXPIRED") and order.venue_order_id is not None
    ]
    order = ended[a % len(ended)]
    rogue.msgbus.send("ExecEngine.process", filled(rogue, order, 1, f"late-{len(rogue.heard)}"))


def venue_repeats(rogue: Hostile, a: int, b: int) -> None:
    """The venue sends one of its reports again."""
    order = rogue.any_order(a)
    event = order.events[b % len(order.events)]
    if not isinstance(event, OrderInitialized | OrderSubmitted | OrderFilled | OrderDenied):
        rogue.msgbus.send("ExecEngine.process", event)


COMMANDS: dict[str, Act] = {act.__name__: act for act in (
    enter, enter_twice, enter_two_plans, enter_other, enter_wrapped, enter_late, enter_renamed, single, modify, tighten, cancel,
    cancel_entry, cancel_all, replay, query, close, withdraw,
)}  # fmt: skip
WORDS: dict[str, Act] = {act.__name__: act for act in (
    forge_event, repeat_event, repeat_last, forge_book, forge_kill_state, forge_account, forge_word, forge_record, forge_ours,
)}  # fmt: skip
LOUD: dict[str, Act] = {act.__name__: act for act in (
    forge_market, forge_bar, forge_parts, forge_stricter, garbage, kill,
)}  # fmt: skip  # may end in a kill
ACTS = COMMANDS | WORDS | LOUD
VENUE: dict[str, Act] = {act.__name__: act for act in (venue_cancels, venue_moves, venue_fills_late, venue_repeats)}
