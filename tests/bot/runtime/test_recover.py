"""A trade as its records tell it is the trade that wrote them, order for order, after any of its events."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import msgspec
import pytest
from builders import CONTRACTS, LIMITS, MOMENT, an_intent, bar, calendar, k4_plan, plan, snapshot
from hypothesis import given, settings
from hypothesis import strategies as st
from nautilus_trader.core.uuid import UUID4
from nautilus_trader.execution.messages import CancelOrder, SubmitOrder, SubmitOrderList
from nautilus_trader.model import events
from nautilus_trader.model.currencies import USD
from nautilus_trader.model.enums import LiquiditySide, OrderType
from nautilus_trader.model.identifiers import AccountId, ClientOrderId, InstrumentId, OrderListId, TradeId, TraderId, VenueOrderId
from nautilus_trader.model.objects import Money, Quantity
from nautilus_trader.model.orders import Order

from bot.decision.intent import Intent
from bot.decision.outcome import Mark
from bot.decision.plan import EntryPlan, ExitReason
from bot.decision.snapshot import KillState
from bot.journal.records import MARKED, FillRecord, Kind, OrderRecord
from bot.market.update import QualityUpdate
from bot.messages import CloseTrade
from bot.risk_engine.bar_watch import BarWatch
from bot.risk_engine.brackets import OrderOrigin, bracket_orders, price_of, side_of, strategy_id
from bot.risk_engine.clocks import StampTime
from bot.risk_engine.supervisor import Supervisor
from bot.runtime.past import Past
from bot.runtime.recover import BRACKET, Story, recovered, take
from bot.runtime.runtime import Runtime, RuntimeSpec
from bot.supervision.orders import OrderState, Role, TrackedOrder, order_name, twin_name
from bot.supervision.outcome import outcome_of
from bot.supervision.trade import Trade
from bot.units import SECOND_NS, TICK_POINTS

MES = InstrumentId.from_str("MES.CME")
TRADER, ACCOUNT = TraderId("T-001"), AccountId("CME-001")
PLANS = [plan(), plan(-1), plan(legs=((2, 6, 12),), strategy="K4"), k4_plan(), k4_plan(-1)]
S = OrderState


def intent(chosen: EntryPlan) -> Intent:
    return an_intent(chosen)


# ------------------------------------------------------------------ by hand


LONG, FOUR = intent(plan()), intent(k4_plan())


def order(name: str, event: str, of: Intent = LONG, quantity: int = 1, **prices: Any) -> OrderRecord:
    """An event of the order whose name ends so: "1E", "2S", "1X1"."""
    role = {"E": "ENTRY", "S": "STOP", "T": "TARGET", "X": "EXIT"}[name[1]]
    points = {key: value * TICK_POINTS if key in ("price", "trigger") else value for key, value in prices.items()}
    return OrderRecord(f"{of.intent_id}-{name}", of.intent_id, of.plan.strategy, role, event, quantity, **points)


def fill(name: str, ticks: float, of: Intent = LONG, quantity: int = 1, ts_ns: int = MOMENT) -> FillRecord:
    event = order(name, "OrderFilled", of)
    side = of.plan.side if name[1] == "E" else -of.plan.side
    return FillRecord(event.client_order_id, of.intent_id, event.strategy, event.role, side, quantity, ticks * TICK_POINTS, 62, 0.0, ts_ns)


def of(*records: OrderRecord | FillRecord, made: Intent = LONG) -> Trade:
    return recovered(Story(made, records))


def states(trade: Trade) -> dict[str, str]:
    """State by the end of an order's name."""
    return {each.order_id.rpartition("-")[2]: each.state.value for leg in trade.legs for each in leg.orders}


OPEN = (
    *(order(name, "OrderSubmitted") for name in ("1E", "1S", "1T")),
    order("1E", "OrderAccepted"),
    fill("1E", 1000),
    order("1E", "OrderFilled"),
    order("1S", "OrderAccepted", trigger=992),
    order("1T", "OrderAccepted", price=1016),
)


def test_orders_that_no_record_speaks_of_may_be_anywhere():
    trade = of()
    assert states(trade) == {"1E": "NONE", "1S": "NONE", "1T": "NONE"}
    assert all(each.live for each in trade.legs[0].orders)
    assert (trade.net, trade.opened_ns, trade.fills) == (0, 0, [])


@pytest.mark.parametrize("chosen", PLANS)
def test_the_planned_bracket_is_the_one_that_was_sent(chosen):
    made = intent(chosen)
    origin = OrderOrigin(TRADER, strategy_id(chosen.strategy), MES, MOMENT)
    sent = {
        each.client_order_id.value: (
            1 if each.side == side_of(1) else -1,
            int(each.quantity),
            round(float(each.trigger_price if each.order_type == OrderType.STOP_MARKET else each.price) / TICK_POINTS),
        )
        for each in bracket_orders(made, origin).orders
    }
    planned = {each.order_id: (each.side, each.quantity, each.price) for leg in of(made=made).legs for each in leg.orders}
    assert planned == sent
    assert {each.slippage_ticks for leg in of(made=made).legs for each in leg.orders} == {made.decided.slippage_ticks}


def test_an_open_trade_is_open_at_its_fill():
    trade = of(*OPEN)
    assert states(trade) == {"1E": "FILLED", "1S": "WORKING", "1T": "WORKING"}
    assert (trade.net, trade.entry_price, trade.opened_ns, trade.legs[0].protected) == (1, 1000.0, MOMENT, 1)
    assert not trade.over


@pytest.mark.parametrize(("said", "mark"), [("HELD_OVER_GAP", Mark.HELD_OVER_GAP), ("VOID", Mark.VOID), ("LATER", Mark.HELD_OVER_GAP)])
def test_a_mark_is_known_before_the_trade_has_been_left_and_one_that_is_not_known_keeps_it_out_of_rates(said, mark):
    trade = of(*OPEN, order("1E", MARKED, cause=said))
    assert (trade.mark, trade.net, states(trade)["1E"]) == (mark, 1, "FILLED")
    assert trade.closing is (None if mark is Mark.VOID else ExitReason.SESSION)
    closed = of(*OPEN, order("1E", MARKED, cause=said), order("1X1", "OrderSubmitted", cause="SESSION"), fill("1X1", 990))
    assert (closed.mark, closed.closing, outcome_of(closed, on_market_time=True).mark) == (mark, ExitReason.SESSION, mark)
    assert of(*OPEN).mark is None


def test_a_partial_fill_counts_what_filled_and_may_fill_on():
    pair = intent(plan(legs=((2, 8, 16),)))
    trade = of(order("1E", "OrderAccepted", pair, 2), fill("1E", 1000, pair), made=pair)
    assert (states(trade)["1E"], trade.net, trade.legs[0].orders[0].leaves) == ("PARTIALLY_FILLED", 1, 1)
    trade = of(order("1E", "OrderAccepted", pair, 2), fill("1E", 1000, pair), order("1E", "OrderExpired", pair, 2), made=pair)
    assert (states(trade)["1E"], trade.net, trade.entries_live, trade.expired) == ("EXPIRED", 1, False, True)


def test_a_price_off_our_grid_is_kept():
    assert of(order("1E", "OrderAccepted"), fill("1E", 999.5)).entry_price == 999.5


@pytest.mark.parametrize(
    ("moves", "changes", "causes", "stop"),
    [
        ([], 0, set(), 992),
        ([(995, "protect")], 1, {"protect"}, 995),
        ([(995, "protect"), (998, "trail")], 2, {"protect", "trail"}, 998),
        ([(995, "protect"), (998, "protect")], 2, {"protect"}, 998),  # each on its own bar
        ([(995, ""), (998, "")], 2, set(), 998),  # moved, and nobody knows why: each counts
        ([(992, "protect")], 0, set(), 992),  # confirmed where it was
    ],
)
def test_a_moved_stop_is_where_it_was_moved_to_and_each_decision_counts_once(moves, changes, causes, stop):
    trade = of(*OPEN, *(order("1S", "OrderUpdated", trigger=price, cause=cause) for price, cause in moves))
    assert (trade.stop_changes, trade.causes, trade.legs[0].stop) == (changes, causes, stop)
    assert trade.order(f"{LONG.intent_id}-1S").price == stop


def test_one_decision_that_moves_the_stops_of_two_legs_counts_once():
    entered = [record for leg in "12" for record in (order(f"{leg}E", "OrderAccepted", FOUR), fill(f"{leg}E", 1000, FOUR))]
    moved = [order(f"{leg}S", "OrderUpdated", FOUR, trigger=1000, cause="protect") for leg in "12"]
    trade = of(*entered, *moved, made=FOUR)
    assert (trade.net, trade.stop_changes, trade.causes, [leg.stop for leg in trade.legs]) == (2, 1, {"protect"}, [1000, 1000])


def pending(name, made=LONG):
    """A strategy has asked for another price of an order, and nobody has answered yet."""
    return order(name, "OrderPendingUpdate", made)


def test_a_change_that_was_asked_for_and_not_answered_counts_and_once_when_it_is_confirmed():
    trade = of(*OPEN, pending("1S"))
    assert (trade.stop_changes, trade.causes, trade.legs[0].stop) == (1, set(), 992)
    stop = trade.order(f"{LONG.intent_id}-1S")
    assert trade.move_stop(trade.legs[0], stop, 995, "") and trade.stop_changes == 1
    assert trade.move_stop(trade.legs[0], stop, 997, "") and trade.stop_changes == 2


@pytest.mark.parametrize("answer", ["OrderModifyRejected", "OrderCanceled"])
def test_a_change_that_was_answered_otherwise_is_not_asked_for_any_more(answer):
    assert of(*OPEN, pending("1S"), order("1S", answer)).stop_changes == 0


@pytest.mark.parametrize("confirmed", [0, 1])
def test_a_change_of_both_legs_of_which_not_all_were_answered_counts_once(confirmed):
    entered = [record for leg in "12" for record in (order(f"{leg}E", "OrderAccepted", FOUR), fill(f"{leg}E", 1000, FOUR))]
    works = [order(f"{leg}S", "OrderAccepted", FOUR) for leg in "12"]
    moved = [order("1S", "OrderUpdated", FOUR, trigger=1000, cause="protect")][:confirmed]
    trade = of(*entered, *works, pending("1S", FOUR), pending("2S", FOUR), *moved, made=FOUR)
    assert trade.stop_changes == 1
    for leg, asked in zip(trade.legs[confirmed:], trade.legs[confirmed:], strict=True):
        assert trade.move_stop(leg, asked.of(Role.STOP)[0], 1000, "")
    assert trade.stop_changes == 1


def test_a_target_that_was_asked_to_change_is_no_change_of_a_stop():
    assert of(*OPEN, pending("1T")).stop_changes == 0


def test_the_first_fill_of_an_order_is_known_by_its_time():
    pair = intent(plan(legs=((2, 8, 16),)))
    trade = of(order("1E", "OrderAccepted", pair, 2), fill("1E", 1000, pair), made=pair)
    assert trade.order(f"{pair.intent_id}-1E").filled_ns == MOMENT == trade.opened_ns
    assert trade.order(f"{pair.intent_id}-1S").filled_ns == 0


def test_an_update_of_anything_but_a_stop_changes_no_stop_and_a_target_works_where_it_is():
    trade = of(*OPEN, order("1T", "OrderUpdated", price=1012), order("1S", "OrderUpdated", trigger=992))
    assert (trade.stop_changes, trade.legs[0].stop, trade.order(f"{LONG.intent_id}-1T").price) == (0, 992, 1012)
    assert trade.legs[0].target == 1016


def test_a_quantity_that_was_cut_is_the_orders_quantity():
    pair = intent(plan(legs=((2, 8, 16),)))
    trade = of(order("1S", "OrderAccepted", pair, 2), order("1S", "OrderUpdated", pair, 1, trigger=992), made=pair)
    assert trade.order(f"{pair.intent_id}-1S").leaves == 1


@pytest.mark.parametrize(
    ("name", "leg", "role", "attempts", "price"),
    [
        ("1S1", 1, Role.STOP, 1, 990),
        ("1S2", 1, Role.STOP, 2, 990),
        ("2S12", 2, Role.STOP, 12, 990),
        ("2T2", 2, Role.TARGET, 2, 1020),
        ("1X1", 1, Role.EXIT, 1, None),
        ("2X3", 2, Role.EXIT, 3, 984),
    ],
)
def test_an_order_that_the_supervisor_made_is_known_by_its_name(name, leg, role, attempts, price):
    where = {} if price is None else {"trigger" if role is Role.STOP else "price": price}
    trade = of(order(name, "OrderSubmitted", FOUR, **where), made=FOUR)
    made = trade.order(f"{FOUR.intent_id}-{name}")
    assert (made.leg, made.role, made.side, made.quantity, made.price, made.state) == (leg, role, -1, 1, price, S.SUBMITTED)
    assert trade.legs[leg - 1].attempts == attempts
    assert order_name(FOUR.intent_id, leg, role, attempts) == made.order_id
    assert len(trade.legs[leg - 1].orders) == 4


@pytest.mark.parametrize(
    ("name", "role", "side"), [("1S", Role.STOP, -1), ("1T", Role.TARGET, -1), ("1X1", Role.EXIT, -1), ("1E", Role.ENTRY, 1)]
)
def test_a_twin_is_on_the_side_of_what_it_doubles_and_is_no_attempt(name, role, side):
    trade = of(order(twin_name(name, 250916007), "OrderSubmitted", FOUR), made=FOUR)
    made = trade.order(f"{FOUR.intent_id}-{name}D250916007")
    assert (made.leg, made.role, made.side, trade.legs[0].attempts) == (1, role, side, int(name == "1X1"))


def test_attempts_go_on_from_the_highest_that_was_made():
    trade = of(order("1S2", "OrderSubmitted", trigger=992), order("1X3", "OrderSubmitted"), order("1S1", "OrderSubmitted", trigger=992))
    assert trade.legs[0].attempts == 3


def test_an_exit_closes_what_is_open():
    trade = of(*OPEN, *(order(name, "OrderCanceled") for name in ("1T", "1S")), order("1X1", "OrderSubmitted"), fill("1X1", 995.0))
    assert (states(trade)["1X1"], trade.net, trade.over) == ("FILLED", 0, True)
    assert [(each.role, each.side) for each in trade.fills] == [(Role.ENTRY, 1), (Role.EXIT, -1)]


@pytest.mark.parametrize("reason", ExitReason)
def test_a_trade_with_a_closing_order_is_being_left_for_the_reason_it_was(reason):
    assert of(*OPEN).closing is None
    assert of(*OPEN, order("1T", "OrderCanceled"), order("1S", "OrderCanceled")).closing is None
    assert of(*OPEN, order("1X1", "OrderSubmitted", cause=reason.value), order("1X1", "OrderAccepted")).closing is reason


@pytest.mark.parametrize("cause", ["", "BOREDOM", "time"])
def test_a_trade_that_was_left_for_a_reason_that_this_version_does_not_know_goes_on_being_left(cause):
    assert of(*OPEN, order("1X1", "OrderSubmitted", cause=cause)).closing is ExitReason.RECONCILED


def test_a_closing_order_without_a_reason_is_the_brokers_word_and_no_kill():
    assert of(*OPEN, order("1X1", "OrderSubmitted")).closing is ExitReason.RECONCILED


def test_an_order_event_of_a_fill_says_nothing_that_the_fill_has_not_said():
    assert of(*OPEN).legs == of(*(record for record in OPEN if isinstance(record, FillRecord) or record.event != "OrderFilled")).legs


@pytest.mark.parametrize(
    ("records", "name", "may_fill"),
    [
        ([order("1E", "OrderRejected"), fill("1E", 1000)], "1E", False),
        ([*OPEN, fill("1E", 1000)], "1E", False),
        ([*OPEN, fill("1S", 992), fill("1S", 992)], "1S", False),
        ([*OPEN, order("1T", "OrderEmulated")], "1T", True),
    ],
)
def test_a_contradiction_stays_one(records, name, may_fill):
    trade = of(*records)
    assert states(trade)[name] == "UNKNOWN"
    assert trade.unknown is may_fill and not trade.over


def test_the_broker_names_an_order_when_it_accepts_it():
    story = Story(LONG, (order("1E", "OrderSubmitted"), order("1E", "OrderAccepted", venue_order_id="V7"), fill("1E", 1000)))
    assert story.venue_ids == {f"{LONG.intent_id}-1E": "V7"}


# ------------------------------------------------------------------ against the supervisor that wrote the records


class Hands:
    """The supervisor's hands, as a test can hold it: keeps what is journaled, and the commands for the broker to answer."""

    def __init__(self) -> None:
        self.records: list[OrderRecord | FillRecord] = []
        self.kinds: list[Kind] = []
        self.commands: list[Any] = []
        self.kept: list[Order] = []
        self.told: Any = None
        self.cache, self.msgbus, self.trader_id = self, self, TRADER
        self.last_close, self.slippage_ticks = 1003, 2
        self.market, self.wall = StampTime(MOMENT), StampTime(MOMENT)

    @property
    def now_ns(self) -> int:
        return self.market.now_ns

    def endpoints(self) -> list[str]:
        """Nobody else is on the bus."""
        return []

    def look(self) -> None:
        """All stands where it must."""

    def add_order(self, order: Order) -> None:
        self.kept.append(order)

    def add_order_list(self, orders: Any) -> None:
        """Nautilus' cache keeps lists too."""

    def order(self, name: ClientOrderId) -> Any:
        """Nautilus has applied what is being told."""
        return SimpleNamespace(last_event=self.told)

    def order_exists(self, name: ClientOrderId) -> bool:
        return any(order.client_order_id == name for order in self.kept)

    def order_list_exists(self, name: OrderListId) -> bool:
        return any(order.order_list_id == name for order in self.kept)

    def positions_open(self, instrument_id: Any) -> list[Any]:
        return []

    def send(self, command: Any, *, after_wait: bool = False) -> None:
        self.commands.append(command)

    def publish(self, topic: str, message: object) -> None:
        """Nobody listens."""

    def journal(self, kind: Kind, ts_ns: int, body: msgspec.Struct, strategy: str | None = None) -> None:
        self.kinds.append(kind)
        if kind in (Kind.ORDER, Kind.FILL):
            self.records.append(body)

    def charge(self, event: str, ts_ns: int, detail: str) -> None:
        """Nobody counts."""


RUNTIME = Runtime(RuntimeSpec("", "", "", "", ""), CONTRACTS, calendar(), LIMITS, Past())
TEXT = {"OrderDenied", "OrderRejected", "OrderModifyRejected", "OrderCancelRejected"}
SAYINGS = ("OrderSubmitted", "OrderAccepted", "OrderAccepted", "OrderCanceled", "OrderExpired", "OrderTriggered", "OrderDenied",
           "OrderRejected", "OrderPendingUpdate", "OrderPendingCancel", "OrderModifyRejected", "OrderCancelRejected")  # fmt: skip


class Played:
    """One intent under the real supervisor, told whatever a broker may say and more."""

    def __init__(self, chosen: EntryPlan, runtime: Runtime = RUNTIME) -> None:
        self.intent, self.hands = intent(chosen), Hands()
        self.supervisor = Supervisor(runtime, MES, self.hands)
        self._strategy = strategy_id(chosen.strategy)
        self._origin = OrderOrigin(TRADER, self._strategy, MES, MOMENT)
        self._count = 0
        orders = bracket_orders(self.intent, self._origin).orders
        self.supervisor.begin(self.intent, orders, snapshot().ts_ns)
        (self.trade,) = self.supervisor.trades

    @property
    def orders(self) -> list[TrackedOrder]:
        return [each for leg in self.trade.legs for each in leg.orders]

    def heard_of(self, tracked: TrackedOrder) -> bool:
        return any(record.client_order_id == tracked.order_id for record in self.hands.records)

    def tell(self, tracked: TrackedOrder, event: str) -> None:
        """A Nautilus event without numbers."""
        now = self.hands.now_ns
        who = {"trader_id": TRADER, "strategy_id": self._strategy, "instrument_id": MES, "client_order_id": _name(tracked)}
        times = {"event_id": UUID4(), "ts_init": now} | ({} if event == "OrderDenied" else {"ts_event": now})
        ids = {"account_id": ACCOUNT} if event in ("OrderSubmitted", "OrderRejected") else {}
        if event not in ("OrderSubmitted", "OrderRejected", "OrderDenied"):
            ids = {"account_id": ACCOUNT, "venue_order_id": VenueOrderId("V-1")}
        said = {"reason": "because"} if event in TEXT else {}
        self._say(getattr(events, event)(**who, **ids, **said, **times))

    def update(self, tracked: TrackedOrder, quantity: int, ticks: int, cause: str) -> None:
        """We ask for a change, and the broker confirms it; one that would widen a stop we never ask for, that is another hand."""
        is_stop = tracked.role is Role.STOP
        common = {"trader_id": TRADER, "strategy_id": self._strategy, "instrument_id": MES, "client_order_id": _name(tracked)}
        if cause and (ticks - tracked.price) * self.trade.side > 0:
            self.trade.ask_stop(tracked, ticks, self.hands.now_ns, cause)
        event = events.OrderUpdated(
            **common, venue_order_id=VenueOrderId("V-1"), account_id=ACCOUNT, quantity=Quantity.from_int(quantity),
            price=None if is_stop else price_of(ticks), trigger_price=price_of(ticks) if is_stop else None, event_id=UUID4(),
            ts_event=self.hands.now_ns, ts_init=self.hands.now_ns,
        )  # fmt: skip
        self._say(event)

    def fill(self, tracked: TrackedOrder, quantity: int, ticks: int) -> None:
        """So many contracts at this price."""
        self._count += 1
        now = self.hands.now_ns
        event = events.OrderFilled(
            TRADER, self._strategy, MES, _name(tracked), VenueOrderId("V-1"), ACCOUNT, TradeId(f"E-{self._count}"), None,
            side_of(tracked.side), OrderType.LIMIT, Quantity.from_int(quantity), price_of(ticks), USD, Money(0.62 * quantity, USD),
            LiquiditySide.TAKER, UUID4(), now, now,
        )  # fmt: skip
        self._say(event)

    def _say(self, event: Any) -> None:
        self.hands.told = event
        self.supervisor.on_order_event(event)

    def later(self, seconds: int) -> None:
        """Both clocks go on: time to live, graces and patience may end."""
        now = self.hands.now_ns + seconds * SECOND_NS
        self.hands.wall.advance(now)
        self.hands.market.advance(now)

    def leave(self, reason: ExitReason) -> None:
        self.supervisor.close(CloseTrade(self.intent.intent_id, reason, "asked"))


def _name(tracked: TrackedOrder) -> ClientOrderId:
    return ClientOrderId(tracked.order_id)


def told(trade: Trade, among: set[str]) -> dict[str, tuple]:
    """Every order of these names: all that its events decide."""
    return {
        each.order_id: (each.role, each.leg, each.side, each.quantity, each.filled, each.price, _ended(each))
        for leg in trade.legs
        for each in leg.orders
        if each.order_id in among
    }


def _ended(each: TrackedOrder) -> OrderState:
    """The end of an entry's time to live is journaled as its expiry, by whatever means the venue ended it."""
    return S.EXPIRED if each.role is Role.ENTRY and each.state is S.CANCELED else each.state


def assert_told(played: Played) -> None:
    """What the records say is what is."""
    real, found = played.trade, recovered(Story(played.intent, tuple(played.hands.records)))
    known = {record.client_order_id for record in played.hands.records} | {
        order_name(real.intent_id, leg.number, role) for leg in real.legs for role in BRACKET
    }
    assert told(found, {each.order_id for leg in found.legs for each in leg.orders}) == told(real, known)
    assert [leg.stop for leg in found.legs] == [leg.stop for leg in real.legs]
    unanswered = [
        each for leg in found.legs for each in leg.of(Role.STOP) if each.asked
    ]  # here nobody has asked: the test has only said so
    assert real.stop_changes <= found.stop_changes <= real.stop_changes + len(unanswered)
    assert found.causes == real.causes
    assert found.fills == real.fills
    assert (found.net, found.opened_ns, found.entries_live, found.unknown) == (real.net, real.opened_ns, real.entries_live, real.unknown)
    assert (found.mae_ticks, found.mfe_ticks) == (real.mae_ticks, real.mfe_ticks)
    assert (found.closing is not None) == any(leg.of(Role.EXIT) for leg in found.legs), "a closing is known by its closing order"
    for ours, theirs in zip(found.legs, real.legs, strict=True):
        recorded = [each for each in theirs.orders if each.order_id in known]
        assert ours.attempts == max((int(each.order_id.rpartition("-")[2][2:] or 0) for each in recorded), default=0)
        assert (ours.open, ours.entered, ours.protected) == (theirs.open, theirs.entered, theirs.protected)


def step(played: Played, data: st.DataObject) -> None:
    """One thing that may happen next: what a broker says, what we ask, or time."""
    fresh = [each for each in played.orders if not played.heard_of(each)]
    first = next((each for each in fresh if each.order_id in {order.client_order_id.value for order in played.hands.kept}), None)
    if first is not None:  # an order of the supervisor's own: submitted, before anything else is heard of it
        played.tell(first, "OrderSubmitted")
        return
    what = data.draw(st.sampled_from(["say", "say", "say", "fill", "fill", "update", "later", "leave"]))
    tracked = data.draw(st.sampled_from(played.orders))
    if what == "say":
        played.tell(tracked, data.draw(st.sampled_from(SAYINGS)))
    elif what == "fill":
        most = 2 if tracked.role is Role.ENTRY else played.trade.legs[tracked.leg - 1].open  # an entry may be filled with too much
        if most > 0:
            played.fill(tracked, data.draw(st.integers(1, most)), data.draw(st.integers(985, 1015)))
    elif what == "update":
        ticks, cause = data.draw(st.integers(990, 1010)), data.draw(st.sampled_from(["", "protect", "trail"]))
        played.update(tracked, data.draw(st.integers(1, tracked.quantity)), ticks, cause if tracked.role is Role.STOP else "")
    elif what == "later":
        played.later(data.draw(st.sampled_from([1, 30, 60, 90])))
    else:
        played.leave(data.draw(st.sampled_from([ExitReason.TIME, ExitReason.THESIS])))


@settings(max_examples=150)
@given(chosen=st.sampled_from(PLANS), data=st.data(), steps=st.integers(1, 25))
def test_after_any_event_the_records_say_what_the_supervisor_knows(chosen, data, steps):
    played = Played(chosen)
    for _ in range(steps):
        if played.trade.done:
            break
        step(played, data)
        assert_told(played)


@settings(max_examples=60)
@given(chosen=st.sampled_from(PLANS), data=st.data())
def test_an_honest_trade_from_entry_to_exit_is_told_to_its_end(chosen, data):
    """A broker that fills, protects and closes as it is asked to; the sequence that the random one hardly ever reaches."""
    played = Played(chosen)
    for each in played.orders:
        played.tell(each, "OrderSubmitted")
    for leg in played.trade.legs:
        entry, stop, target = (leg.of(role)[0] for role in BRACKET)
        played.tell(entry, "OrderAccepted")
        for _ in range(leg.quantity):
            played.fill(entry, 1, data.draw(st.integers(998, 1002)))
            assert_told(played)
        for child in (stop, target):
            played.tell(child, "OrderAccepted")
    for cause in data.draw(st.lists(st.sampled_from(["protect", "trail"]), max_size=2)):
        played.later(60)
        tighter = data.draw(st.integers(1, 4)) * played.trade.side
        for leg in played.trade.legs:
            stop = leg.of(Role.STOP)[0]
            played.update(stop, leg.quantity, stop.price + tighter, cause)
        assert_told(played)
    _lose_a_stop(played, data)
    played.leave(ExitReason.TIME)
    for _ in range(60):
        if played.trade.done:
            break
        _answer(played, data)
        assert_told(played)
    assert played.trade.done and played.hands.kinds[-1] is Kind.OUTCOME
    found = recovered(Story(played.intent, tuple(played.hands.records)))
    assert found.over and found.closing is ExitReason.TIME
    assert played.supervisor.switch.state is KillState.ARMED


def _lose_a_stop(played: Played, data: st.DataObject) -> None:
    """Perhaps the broker cancels a stop of its own accord, and the supervisor replaces it."""
    if data.draw(st.booleans()):
        played.tell(played.trade.legs[-1].of(Role.STOP)[-1], "OrderCanceled")
        _answer(played, data)
        assert_told(played)


def _answer(played: Played, data: st.DataObject) -> None:
    """The broker does what it was last asked to, and what is due at once is done."""
    played.later(0)
    commands, played.hands.commands = played.hands.commands, []
    for command in commands:
        if isinstance(command, CancelOrder):
            tracked = played.trade.order(command.client_order_id.value)
            played.tell(tracked, "OrderPendingCancel")
            played.tell(tracked, "OrderCanceled")
        for each in [command.order] if isinstance(command, SubmitOrder) else command.order_list.orders if _lists(command) else []:
            tracked = played.trade.order(each.client_order_id.value)
            played.tell(tracked, "OrderSubmitted")
            if tracked.role is Role.EXIT:
                for _ in range(tracked.quantity):
                    played.fill(tracked, 1, data.draw(st.integers(995, 1005)))
            else:
                played.tell(tracked, "OrderAccepted")


def _lists(command: Any) -> bool:
    return isinstance(command, SubmitOrderList)


def test_taking_records_one_by_one_is_taking_them_together():
    played = Played(k4_plan())
    for each in played.orders:
        played.tell(each, "OrderSubmitted")
    played.tell(played.orders[0], "OrderAccepted")
    played.fill(played.orders[0], 1, 1000)
    trade = recovered(Story(played.intent, ()))
    for record in played.hands.records:
        take(trade, record)
    assert trade == recovered(Story(played.intent, tuple(played.hands.records)))


# ------------------------------------------------------------------ what a supervisor does with it


def adopted(*records: OrderRecord | FillRecord, made: Intent = LONG, kill: KillState = KillState.ARMED) -> tuple[Supervisor, Hands]:
    """A supervisor that begins with this story, and resumes."""
    hands = Hands()
    past = Past(unfinished=(Story(made, records),), kill_state=kill)
    supervisor = Supervisor(Runtime(RuntimeSpec("", "", "", "", ""), CONTRACTS, calendar(), LIMITS, past), MES, hands)
    supervisor.adopt()
    assert hands.commands == [], "nothing is sent before everybody listens"
    supervisor.resume()
    return supervisor, hands


def sent(hands: Hands) -> list[str]:
    """Commands in a word each: cancel or submit, and the end of the order's name."""
    found = []
    for command in hands.commands:
        orders = command.order_list.orders if _lists(command) else [getattr(command, "order", command)]
        word = "cancel" if isinstance(command, CancelOrder) else "submit"
        found += [f"{word} {each.client_order_id.value.rpartition('-')[2]}" for each in orders]
    return found


LEAVING = (*OPEN, *(order(name, "OrderCanceled") for name in ("1T", "1S")))


@pytest.mark.parametrize(
    ("records", "kill", "commands"),
    [
        pytest.param((), KillState.ARMED, [], id="nothing is known to have left"),
        pytest.param(OPEN[:4], KillState.ARMED, [], id="an entry works"),
        pytest.param(OPEN, KillState.ARMED, [], id="a position is covered"),
        pytest.param(
            (*OPEN, order("1S", "OrderCanceled")), KillState.ARMED, ["cancel 1T"], id="its stop is gone: its target goes, then a pair comes"
        ),
        pytest.param(
            (*OPEN, order("1S", "OrderCanceled"), order("1T", "OrderCanceled")), KillState.ARMED, ["submit 1S1", "submit 1T1"],
            id="its stop and target are gone",
        ),
        pytest.param(
            (*OPEN, order("1S", "OrderCanceled"), order("1T", "OrderCanceled"), order("1S3", "OrderRejected", trigger=992)),
            KillState.ARMED,
            ["submit 1S4", "submit 1T4"],
            id="its stop and the replacement are gone: the names go on",
        ),
        pytest.param(LEAVING, KillState.ARMED, ["submit 1S1", "submit 1T1"], id="it was being left: that is decided anew, it is covered"),
        pytest.param((*LEAVING, order("1X1", "OrderSubmitted")), KillState.ARMED, [], id="the closing order is on its way"),
        pytest.param(
            (*LEAVING, order("1X1", "OrderSubmitted"), order("1X1", "OrderAccepted")), KillState.ARMED, [], id="the closing order works"
        ),
        pytest.param((*OPEN, fill("1S", 992)), KillState.ARMED, [], id="it is over"),
        pytest.param(OPEN, KillState.TRIPPED, ["cancel 1T"], id="a kill was under way"),
        pytest.param(LEAVING, KillState.TRIPPED, ["submit 1X1"], id="a kill had cancelled everything and not yet closed"),
        pytest.param(OPEN, KillState.HALTED, [], id="a kill has ended, and somebody holds a position again"),
        pytest.param((*OPEN, order("1S", "OrderDenied")), KillState.ARMED, [], id="nobody knows where its stop is"),
    ],
)  # fmt: skip
def test_a_supervisor_that_takes_a_trade_over_sends_what_it_needs_and_nothing_else(records, kill, commands):
    _, hands = adopted(*records, kill=kill)
    assert sent(hands) == commands


def test_a_trade_that_is_over_gets_the_outcome_that_nobody_wrote():
    supervisor, hands = adopted(*OPEN, fill("1S", 991))
    assert hands.kinds == [Kind.OUTCOME]
    hands.wall.advance(MOMENT + 5 * SECOND_NS)
    assert supervisor.net == 0


def test_what_the_broker_says_of_an_adopted_trade_is_written_as_if_nothing_had_happened():
    """The records of both runs together tell the trade to its end."""
    first = Played(plan())
    for each in first.orders:
        first.tell(each, "OrderSubmitted")
    first.tell(first.orders[0], "OrderAccepted")
    first.fill(first.orders[0], 1, 1000)
    for child in first.orders[1:]:
        first.tell(child, "OrderAccepted")
    before = tuple(first.hands.records)
    supervisor, hands = adopted(*before, made=first.intent)
    (trade,) = supervisor.trades
    first.supervisor, first.hands, first.trade = supervisor, hands, trade
    first.fill(first.orders[1], 1, 991)
    first.tell(first.orders[2], "OrderCanceled")
    told_of = recovered(Story(first.intent, (*before, *hands.records)))
    assert told_of.over and told_of.net == 0
    assert hands.kinds.count(Kind.OUTCOME) == 1


def test_a_refused_cancel_is_asked_again_after_a_second_and_not_in_a_circle():
    supervisor, hands = adopted(*OPEN)
    (trade,) = supervisor.trades
    supervisor.trip("manual", "out")
    assert sent(hands) == ["cancel 1T"]
    played = Played.__new__(Played)
    played.supervisor, played.hands, played._strategy = supervisor, hands, strategy_id("K1")
    (target,) = trade.legs[0].of(Role.TARGET)
    for _ in range(3):
        played.tell(target, "OrderCancelRejected")
    assert sent(hands) == ["cancel 1T"]
    hands.wall.advance(MOMENT + SECOND_NS - 1)
    assert sent(hands) == ["cancel 1T"]
    hands.wall.advance(MOMENT + SECOND_NS)
    assert sent(hands) == ["cancel 1T", "cancel 1T"]


@pytest.mark.parametrize(("factor", "mark"), [(0.0, Mark.HELD_OVER_GAP), (2.0, Mark.VOID)])
def test_a_mark_is_written_before_the_trade_is_left_and_whoever_goes_on_from_there_has_it(factor, mark):
    played = Played(plan())
    for each in played.orders:
        played.tell(each, "OrderSubmitted")
        played.tell(each, "OrderAccepted")
    played.fill(played.orders[0], 1, 1000)
    before, sent_after = len(played.hands.records), []
    played.hands.send = lambda command, **_: sent_after.append(len(played.hands.records))
    seen = bar(0, 1000, 1002, 998, 1001)
    quality = QualityUpdate(MOMENT, (0.0,) * 4, 1, seen, 0.9, 0.5, (), 1.0, (), hole=True, new_level=factor)
    BarWatch(RUNTIME).leave_unseen(played.supervisor.trades, quality, played.supervisor.way_out, simulated=False)
    written = tuple(played.hands.records)
    assert sent_after and min(sent_after) > before, "what is sent comes after what was written"
    assert [each.event for each in written[before : sent_after[0]] if isinstance(each, OrderRecord)] == [MARKED]
    assert recovered(Story(played.intent, written[: before + 1])).mark is played.trade.mark is mark
    assert recovered(Story(played.intent, written[:before])).mark is None
    supervisor, hands = adopted(*written[: before + 1], made=played.intent)
    (trade,) = supervisor.trades
    assert (trade.mark, trade.closing) == (mark, None if mark is Mark.VOID else ExitReason.SESSION)
    assert bool(hands.commands) == (mark is not Mark.VOID), "what was held over a hole goes on being left"
    supervisor.way_out.mark(trade, mark)
    assert hands.records == [], "it is written once"
