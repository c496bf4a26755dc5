"""Nautilus' acceptance cards in a real TradingNode over a socket to the simulated gateway. The table is acceptance_cards."""

from __future__ import annotations

import datetime as dt
import importlib.util
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import pytest
from acceptance_cards import CARDS, Outcome, ids
from builders import ROOT
from ibkr_node import BARS, MES, Puppet, node_on
from ibkr_rig import TEN, gateway_config, on_a_loop, synthetic, until
from nautilus_trader.core.uuid import UUID4
from nautilus_trader.live.node import TradingNode
from nautilus_trader.model.enums import ContingencyType, OrderSide, OrderStatus, OrderType, PositionSide, TimeInForce
from nautilus_trader.model.enums import TrailingOffsetType as Trailing
from nautilus_trader.model.identifiers import ClientOrderId, OrderListId, StrategyId
from nautilus_trader.model.instruments import Instrument
from nautilus_trader.model.objects import Quantity
from nautilus_trader.model.orders import LimitOrder, Order, OrderList

from bot.gateway.gateway import Gateway
from bot.ibkr.session import _SESSIONS
from bot.risk_engine.brackets import OrderOrigin, OrderTags, price_of, stop_order, target_order
from bot.supervision.orders import Role
from bot.units import MINUTE_NS, SECOND_NS

BUY, SELL = OrderSide.BUY, OrderSide.SELL
HOUR = TEN + 3600 * SECOND_NS
ENTRY, STOP, TARGET = (f"20251002-K1-1001-1{letter}" for letter in "EST")


class Player(Puppet):
    """A puppet that can open a position on start, cleans up on stop, and notes quotes, instruments and past bars."""

    def __init__(self, opens: OrderSide | None = None, cleans: bool = False) -> None:
        super().__init__()
        self.quotes: list[Any] = []
        self.instruments: list[Instrument] = []
        self.past: list[Any] = []
        self._opens, self._cleans = opens, cleans

    def on_start(self) -> None:
        super().on_start()
        self.subscribe_quote_ticks(MES)
        if self._opens is not None:
            self.submit_order(self.make(OrderType.MARKET, "OPEN", self._opens))

    def on_stop(self) -> None:
        if self._cleans:
            self.cancel_all_orders(MES)
            self.close_all_positions(MES, reduce_only=False)
            self.unsubscribe_bars(BARS)
            self.unsubscribe_quote_ticks(MES)

    def on_quote_tick(self, tick: Any) -> None:
        self.quotes.append(tick)

    def on_instrument(self, instrument: Instrument) -> None:
        self.instruments.append(instrument)

    def on_historical_data(self, data: Any) -> None:
        self.past.append(data)

    def make(self, kind: OrderType, ref: str, side: OrderSide = BUY, ticks: int = 0, **more: Any) -> Order:
        """One contract; a limit or trigger at `ticks`."""
        price, common = price_of(ticks), (MES, side, Quantity.from_int(1))
        more["client_order_id"] = ClientOrderId(ref)
        match kind:
            case OrderType.MARKET:
                return self.order_factory.market(*common, **more)
            case OrderType.LIMIT:
                return self.order_factory.limit(*common, price, **more)
            case OrderType.STOP_MARKET:
                return self.order_factory.stop_market(*common, price, **more)
            case OrderType.STOP_LIMIT:
                return self.order_factory.stop_limit(*common, price, price, **more)
            case OrderType.MARKET_IF_TOUCHED:
                return self.order_factory.market_if_touched(*common, price, **more)
            case OrderType.LIMIT_IF_TOUCHED:
                return self.order_factory.limit_if_touched(*common, price, price, **more)
        return self.order_factory.trailing_stop_market(
            *common, Decimal(8), trigger_price=price, trailing_offset_type=Trailing.PRICE, **more
        )

    def short_bracket(self, ticks: int, name: str) -> OrderList:
        """A short bracket as the risk engine builds them: entry at `ticks`, stop 8 above, target 16 below."""
        origin = OrderOrigin(self.trader_id, StrategyId(self.id.value), MES, self.clock.timestamp_ns())
        list_id = OrderListId(name)
        entry, stop, target = (ClientOrderId(f"{name}-1{letter}") for letter in "EST")
        first = LimitOrder(
            origin.trader_id, origin.strategy_id, MES, entry, SELL, Quantity.from_int(1), price_of(ticks), UUID4(), origin.ts_ns,
            contingency_type=ContingencyType.OTO, order_list_id=list_id, linked_order_ids=[stop, target],
            tags=OrderTags(name, 1, Role.ENTRY, 1, HOUR).write(),
        )  # fmt: skip
        child = {"order_list_id": list_id, "parent_order_id": entry, "contingency_type": ContingencyType.OUO}
        stop_tags, target_tags = (OrderTags(name, 1, role, 1) for role in (Role.STOP, Role.TARGET))
        second = stop_order(origin, stop, 1, 1, ticks + 8, stop_tags, linked_order_ids=[target], **child)
        return OrderList(
            list_id, [first, second, target_order(origin, target, 1, 1, ticks - 16, target_tags, linked_order_ids=[stop], **child)]
        )


@dataclass
class Stage:
    """A gateway, a node on it and its strategy."""

    gateway: Gateway
    node: TradingNode
    player: Player

    async def play(self, words: str) -> Any:
        result = self.gateway.side.verbs.do(words)
        return await result if hasattr(result, "__await__") else result

    @property
    def mark(self) -> int:
        """The last price, ticks."""
        return self.gateway.marks[self.gateway.instruments.front.con_id]

    def held(self, ref: str) -> Order:
        return self.node.cache.order(ClientOrderId(ref))

    def at_broker(self, ref: str) -> Any:
        """The broker's own order; None if it is not open there."""
        return next((order for order in self.gateway.broker.open_orders() if order.request.order_ref == ref), None)

    async def events(self, ref: str, *names: str) -> None:
        """Wait until these are all the events of an order after its submission (pending ones left out)."""
        wanted = [f"Order{name}" for name in names]
        await until(
            lambda: [name for name in self.player.happened(ref) if "Pending" not in name] == wanted,
            lambda: f"{ref} {names}, not {self.player.happened(ref)} {[getattr(e, 'reason', '') for e in self.player.seen]}",
        )

    async def rest(self, *orders: Order) -> None:
        """Send orders and wait until they work."""
        for order in orders:
            self.player.submit_order(order)
        for order in orders:
            await self.events(order.client_order_id.value, "Accepted")

    async def fill(self, kind: OrderSide, ref: str) -> None:
        """A market order and its fill."""
        self.player.submit_order(self.player.make(OrderType.MARKET, ref, kind))
        await self.events(ref, "Accepted")
        await self.play("step 1")
        await self.events(ref, "Accepted", "Filled")


@asynccontextmanager
async def stage(player: Player | None = None, gateway: Gateway | None = None) -> AsyncIterator[Stage]:
    """A node on a gateway of its own, or on the one given."""
    player = player or Player()
    if gateway is not None:
        async with node_on(gateway.port, player) as node:
            yield Stage(gateway, node, player)
        return
    async with Gateway(gateway_config()) as own, node_on(own.port, player) as node:
        yield Stage(own, node, player)


Scenario = Callable[[], Coroutine[Any, Any, None]]
SHOWN: list[tuple[tuple[str, ...], Scenario]] = []


def shows(*cards: str) -> Callable[[Scenario], Scenario]:
    """Register a scenario with the cards it proves."""

    def register(scenario: Scenario) -> Scenario:
        SHOWN.append((cards, scenario))
        return scenario

    return register


# ------------------------------------------------------------------------------ orders


@shows("TC-E01", "TC-E06", "TC-E41", "TC-E80", "TC-E81", "TC-E82", "TC-E83")
async def a_strategy_opens_on_start_and_cleans_up_on_stop() -> None:
    async with stage(Player(opens=BUY, cleans=True)) as s:
        await s.events("OPEN", "Accepted")
        await s.play("step 1")
        await s.events("OPEN", "Accepted", "Filled")
        position = s.node.cache.positions_open()[0]
        assert (position.side, int(position.quantity)) == (PositionSide.LONG, 1)
        assert abs(position.avg_px_open / 0.25 - s.mark) < 40
        limit = OrderType.LIMIT
        await s.rest(s.player.make(limit, "LOW", BUY, s.mark - 400), s.player.make(limit, "HIGH", SELL, s.mark + 400))
        s.player.stop()
        await until(lambda: {s.held("LOW").status, s.held("HIGH").status} == {OrderStatus.CANCELED})
        closing = await until(lambda: [order for order in s.gateway.broker.open_orders() if order.request.order_type == "MKT"])
        assert closing[0].request.action == "SELL"
        await s.play("step 1")
        await until(lambda: s.node.portfolio.is_flat(MES) and not s.node.cache.orders_open())
        assert not s.gateway.broker.open_orders()
        assert not s.node.kernel.data_engine.subscribed_bars() and not s.node.kernel.data_engine.subscribed_quote_ticks()


@shows("TC-E10", "TC-E11", "TC-E12", "TC-E20", "TC-E21", "TC-E22", "TC-E23", "TC-E42", "TC-E43", "TC-E44")
async def resting_orders_are_at_the_broker_as_sent_and_leave_it_when_cancelled() -> None:
    async with stage() as s:
        sent = {}
        for number, (kind, side, ticks) in enumerate(
            (
                (OrderType.LIMIT, BUY, -400),
                (OrderType.LIMIT, SELL, 400),
                (OrderType.STOP_MARKET, BUY, 400),
                (OrderType.STOP_MARKET, SELL, -400),
                (OrderType.STOP_LIMIT, BUY, 440),
                (OrderType.STOP_LIMIT, SELL, -440),
            )
        ):
            sent[f"R{number}"] = s.player.make(kind, f"R{number}", side, s.mark + ticks)
        await s.rest(*sent.values())
        names = {OrderType.LIMIT: "LMT", OrderType.STOP_MARKET: "STP", OrderType.STOP_LIMIT: "STP LMT"}
        for ref, order in sent.items():
            there = s.at_broker(ref)
            assert (there.request.order_type, there.request.tif, there.quantity) == (names[order.order_type], "GTC", 1)
            assert there.request.action == ("BUY" if order.side == BUY else "SELL")
            assert there.limit == (float(order.price) / 0.25 if order.has_price else None)
            assert there.stop == (float(order.trigger_price) / 0.25 if order.has_trigger_price else None)
            assert s.held(ref).status == OrderStatus.ACCEPTED
        for ref in ("R0", "R1"):
            s.player.cancel_order(sent[ref])
        s.player.cancel_orders([sent[ref] for ref in ("R2", "R3", "R4", "R5")])
        for ref in sent:
            await s.events(ref, "Accepted", "Canceled")
        assert not s.gateway.broker.open_orders()
        s.player.cancel_order(sent["R0"])
        await s.rest(s.player.make(OrderType.LIMIT, "FENCE", BUY, s.mark - 400))
        await s.events("R0", "Accepted", "Canceled")


@shows("TC-E30", "TC-E31", "TC-E32", "TC-E33", "TC-E34", "TC-E35", "TC-E40")
async def orders_are_modified_in_place_or_cancelled_and_replaced() -> None:
    async with stage() as s:
        mark, kinds = s.mark, {"B": (OrderType.LIMIT, BUY, -400), "S": (OrderType.LIMIT, SELL, 400), "P": (OrderType.STOP_MARKET, BUY, 400)}
        for ref, (kind, side, ticks) in kinds.items():
            order = s.player.make(kind, ref, side, mark + ticks)
            await s.rest(order)
            permanent, price = s.at_broker(ref).perm_id, price_of(mark + ticks + 4)
            changed = {"trigger_price": price} if kind == OrderType.STOP_MARKET else {"price": price}
            s.player.modify_order(order, **changed)
            await s.events(ref, "Accepted", "Updated")
            there, held = s.at_broker(ref), s.held(ref)
            assert there.perm_id == permanent and mark + ticks + 4 in (there.limit, there.stop)
            assert (held.status, held.trigger_price if "trigger_price" in changed else held.price) == (OrderStatus.ACCEPTED, price)
            s.player.cancel_order(order)
            await s.events(ref, "Accepted", "Updated", "Canceled")
            assert s.at_broker(ref) is None and held.venue_order_id == s.player.seen[-1].venue_order_id
            await s.rest(s.player.make(kind, f"{ref}2", side, mark + ticks + 8))
            assert mark + ticks + 8 in (s.at_broker(f"{ref}2").limit, s.at_broker(f"{ref}2").stop)


@shows("TC-E17", "TC-E18", "TC-E50", "TC-E51", "TC-E52")
async def brackets_of_both_sides_work_activate_and_expire() -> None:
    async with stage() as s:
        s.player.submit_order_list(s.player.bracket(s.mark - 400, HOUR))
        s.player.submit_order_list(s.player.short_bracket(s.mark + 400, "SHORT"))
        s.player.submit_order_list(s.player.bracket(s.mark - 4000, TEN + 30 * SECOND_NS, name="BRIEF"))
        refs = [f"{name}-1{letter}" for name in ("20251002-K1-1001", "SHORT", "BRIEF") for letter in "EST"]
        for ref in refs:
            await s.events(ref, "Accepted")
        assert [s.at_broker(ref).request.action for ref in refs[:6]] == ["BUY", "SELL", "SELL", "SELL", "BUY", "BUY"]
        assert [s.at_broker(ref).request.order_type for ref in refs[:3]] == ["LMT", "STP", "LMT"]
        assert (s.at_broker("BRIEF-1E").request.tif, s.at_broker("BRIEF-1E").expires_ns) == ("GTD", TEN + 30 * SECOND_NS)
        assert not s.at_broker(STOP).working and not s.at_broker(TARGET).working
        await s.play(f"fill {ENTRY}")
        await s.events(ENTRY, "Accepted", "Filled")
        assert s.at_broker(STOP).working and s.at_broker(TARGET).working
        assert {s.held(STOP).status, s.held(TARGET).status} == {OrderStatus.ACCEPTED}
        await s.play("step 8")
        await s.events("BRIEF-1E", "Accepted", "Expired")
        assert s.held("BRIEF-1E").status == OrderStatus.EXPIRED


# ------------------------------------------------------------------------- refusals


REFUSED: dict[str, tuple[OrderType, OrderSide, int, dict[str, Any]]] = {
    "TC-E05": (OrderType.MARKET, BUY, 0, {"quote_quantity": True}),
    "TC-E24": (OrderType.MARKET_IF_TOUCHED, BUY, -400, {}),
    "TC-E25": (OrderType.MARKET_IF_TOUCHED, SELL, 400, {}),
    "TC-E26": (OrderType.LIMIT_IF_TOUCHED, BUY, -400, {}),
    "TC-E27": (OrderType.LIMIT_IF_TOUCHED, SELL, 400, {}),
    "TC-E60": (OrderType.LIMIT, BUY, -400, {"post_only": True}),
    "TC-E61": (OrderType.MARKET, SELL, 0, {"reduce_only": True}),
    "TC-E62": (OrderType.LIMIT, BUY, -400, {"display_qty": Quantity.from_int(1)}),
    "TC-E70": (OrderType.LIMIT, BUY, 400, {"post_only": True}),
    "TC-E71": (OrderType.LIMIT, BUY, -400, {"reduce_only": True}),
    "TC-E72": (OrderType.TRAILING_STOP_MARKET, SELL, -400, {}),
    "TC-E73": (OrderType.LIMIT, BUY, -400, {"time_in_force": TimeInForce.IOC}),
}


@shows("TC-E53", *REFUSED)
async def what_is_not_sent_is_denied_with_the_reason() -> None:
    async with stage() as s:
        await s.fill(BUY, "LONG")  # a position that a reduce-only order could reduce
        for card, (kind, side, ticks, flags) in REFUSED.items():
            s.player.submit_order(s.player.make(kind, card, side, s.mark + ticks, **flags))
        bracket = s.player.order_factory.bracket(
            MES, BUY, Quantity.from_int(1), entry_order_type=OrderType.LIMIT, entry_price=price_of(s.mark - 400), entry_post_only=True,
            tp_price=price_of(s.mark), sl_trigger_price=price_of(s.mark - 500),
        )  # fmt: skip
        s.player.submit_order_list(bracket)
        for ref in (*REFUSED, *(order.client_order_id.value for order in bracket.orders)):
            await s.events(ref, "Denied")
            assert "only plain LIMIT, STOP_MARKET, STOP_LIMIT and MARKET orders are sent" in s.held(ref).last_event.reason
        assert not s.gateway.broker.open_orders()


@pytest.mark.parametrize("tif", [TimeInForce.FOK, TimeInForce.DAY])
@on_a_loop
async def test_any_other_time_in_force_is_denied(tif: TimeInForce) -> None:
    async with stage() as s:
        s.player.submit_order(s.player.make(OrderType.LIMIT, "ODD", BUY, s.mark - 400, time_in_force=tif))
        await until(lambda: s.player.happened("ODD"))
        assert s.player.happened("ODD") == ["OrderDenied"]


# ------------------------------------------------------------- losses and restarts


def link() -> Any:
    """The broker connection of the one node that runs."""
    return next(iter(_SESSIONS.values())).link


@shows("TC-E74")
async def an_order_whose_sending_is_in_doubt_is_not_rejected_and_is_there_once() -> None:
    async with stage() as s:
        for fate in ("kept", "lost"):
            await until(lambda: link().allows_entries)  # the last loss is mended: an entry sent while it is not would be denied
            await s.play(f"drop-after-place {fate}")
            s.player.submit_order(s.player.make(OrderType.LIMIT, fate, BUY, s.mark - 400))
            await s.events(fate, "Accepted")
        assert [order.request.order_ref for order in s.gateway.broker.open_orders()] == ["kept", "lost"]


@shows("TC-E75")
async def a_cancel_that_cannot_be_sent_is_not_rejected_and_goes_out_after_the_loss() -> None:
    async with stage() as s:
        order = s.player.make(OrderType.LIMIT, "DOUBT", BUY, s.mark - 400)
        await s.rest(order)
        await s.play("drop")
        await until(lambda: not s.gateway.delivery.sessions)
        s.player.cancel_order(order)
        await s.events("DOUBT", "Accepted", "Canceled")
        assert s.at_broker("DOUBT") is None


@shows("TC-E76")
async def a_modification_without_an_answer_is_not_rejected_and_found_after_the_loss() -> None:
    async with stage() as s:
        order, mark = s.player.make(OrderType.LIMIT, "DOUBT", BUY, s.mark - 400), s.mark
        await s.rest(order)
        await s.play("swallow openOrder 1")
        await s.play("swallow orderStatus 1")
        s.player.modify_order(order, price=price_of(mark - 396))
        await until(lambda: s.at_broker("DOUBT").limit == mark - 396)
        assert order.status == OrderStatus.PENDING_UPDATE
        await s.play("drop")
        await s.events("DOUBT", "Accepted", "Updated")
        assert order.price == price_of(mark - 396)


async def reconciled(side: OrderSide) -> None:
    """A second node finds order, fill and position of the first."""
    async with Gateway(gateway_config()) as gateway:
        async with stage(gateway=gateway) as s:
            await s.fill(side, "FILLED")
            await s.rest(
                s.player.make(OrderType.LIMIT, "RESTING", BUY, s.mark - 400), s.player.make(OrderType.STOP_MARKET, "ST", SELL, s.mark - 404)
            )
            before = {ref: (order := s.held(ref)).venue_order_id and order.to_dict() for ref in ("FILLED", "RESTING", "ST")}
        async with stage(gateway=gateway) as s:
            for ref, was in before.items():
                now = s.held(ref).to_dict()
                same = (
                    "venue_order_id",
                    "status",
                    "side",
                    "type",
                    "quantity",
                    "filled_qty",
                    "price",
                    "trigger_price",
                    "avg_px",
                    "commissions",
                )
                assert {key: now.get(key) for key in same} == {key: was.get(key) for key in same}
            assert len(s.node.cache.orders_open()) == len(gateway.broker.open_orders()) == 2
            positions = s.node.cache.positions_open()
            assert [(p.instrument_id, p.signed_qty) for p in positions] == [(MES, 1 if side == BUY else -1)]
            assert positions[0].avg_px_open == before["FILLED"]["avg_px"]


@shows("TC-E84", "TC-E85", "TC-E86")
async def a_second_node_finds_orders_fill_and_long_position() -> None:
    await reconciled(BUY)


@shows("TC-E02", "TC-E84", "TC-E85", "TC-E87")
async def a_second_node_finds_orders_fill_and_short_position() -> None:
    await reconciled(SELL)


# ------------------------------------------------------------------------------ data


@shows("TC-D01", "TC-D02", "TC-D03")
async def instruments_are_given_on_request_and_subscription() -> None:
    async with stage() as s:
        cached = s.node.cache.instrument(MES)
        assert (cached.price_precision, str(cached.price_increment), int(cached.multiplier)) == (2, "0.25", 5)
        for ask in (lambda: s.player.subscribe_instrument(MES), lambda: s.player.request_instrument(MES)):
            s.player.instruments.clear()
            ask()
            await until(lambda: MES in {instrument.id for instrument in s.player.instruments})
        s.player.instruments.clear()
        s.player.request_instruments(MES.venue)
        await until(lambda: {i.id for i in s.player.instruments} == {i.id for i in s.node.cache.instruments()})
        assert all(str(instrument.size_increment) == "1" for instrument in s.player.instruments)


@shows("TC-D20", "TC-D40", "TC-D70")
async def quotes_and_bars_flow_until_they_are_unsubscribed() -> None:
    async with stage() as s:
        await s.play("step 24")
        await until(lambda: len(s.player.bars) >= 2 and s.player.quotes)
        assert all(q.bid_price <= q.ask_price and q.bid_size > 0 and q.ask_size > 0 for q in s.player.quotes)
        assert any(q.bid_price < q.ask_price for q in s.player.quotes)
        assert all(b.low <= min(b.open, b.close) and b.high >= max(b.open, b.close) and b.volume > 0 for b in s.player.bars)
        s.player.unsubscribe_bars(BARS)
        s.player.unsubscribe_quote_ticks(MES)
        engine = s.node.kernel.data_engine
        await until(lambda: not engine.subscribed_bars() and not engine.subscribed_quote_ticks())
        await s.rest(s.player.make(OrderType.LIMIT, "BEFORE", BUY, s.mark - 400))
        cache = s.node.cache  # holds what the client sent, whoever listens
        heard = cache.bar_count(BARS), cache.quote_tick_count(MES)
        await s.play("step 24")
        await s.rest(s.player.make(OrderType.LIMIT, "AFTER", BUY, s.mark - 404))
        assert (cache.bar_count(BARS), cache.quote_tick_count(MES)) == heard


@shows("TC-D41")
async def past_bars_are_those_of_the_tape() -> None:
    async with stage() as s:
        start, end = (dt.datetime.fromtimestamp((TEN - minutes * MINUTE_NS) / 1e9, dt.UTC) for minutes in (31, 1))
        s.player.request_bars(BARS, start=start, end=end)
        await until(lambda: s.player.past)
        stamps = [bar.ts_event for bar in s.player.past]
        tape = {bar.ts_ns: bar for bar in synthetic()}
        assert stamps == [TEN - minutes * MINUTE_NS for minutes in range(30, 0, -1)]
        assert all(float(bar.close) / 0.25 == tape[bar.ts_event].close for bar in s.player.past)


# ------------------------------------------------------------------------ the matrix


@pytest.mark.parametrize("scenario", [pytest.param(scenario, id=f"{'+'.join(cards)}-{scenario.__name__}") for cards, scenario in SHOWN])
@on_a_loop
async def test_cards(scenario: Scenario) -> None:
    await scenario()


def test_every_card_that_passes_or_is_refused_is_shown_and_no_other() -> None:
    assert {card for cards, _ in SHOWN for card in cards} == ids(Outcome.PASS, Outcome.REFUSED)


def test_cards_are_named_once_and_say_why_they_do_not_pass() -> None:
    assert len({card.id for card in CARDS}) == len(CARDS)
    assert all(card.why for card in CARDS if card.outcome is not Outcome.PASS)


def test_the_page_of_cards_is_not_stale() -> None:
    spec = importlib.util.spec_from_file_location("make_acceptance", ROOT / "scripts" / "make_acceptance.py")
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    assert (ROOT / "docs" / "acceptance.md").read_text(encoding="utf-8") == script.page(), "run scripts/make_acceptance.py"
