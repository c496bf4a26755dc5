"""After a restart: what earlier runs left unfinished, in Nautilus' cache as the journal tells it, then as the broker does.

The journal is ahead of nothing and the broker is behind nothing: an order the journal knows as
working may have filled or ended meanwhile, and one it only intended may work. Each difference
becomes an ordinary order event, once, so that supervisor, book and journal hear of it as if it had
just happened. No order is sent. It does not promise to know executions from before the broker's
midnight that no journal holds; PositionCheck finds what they left, and books what is gone.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from nautilus_trader.core.uuid import UUID4
from nautilus_trader.model.currencies import USD
from nautilus_trader.model.enums import LiquiditySide, OmsType, OrderType
from nautilus_trader.model.events import OrderAccepted, OrderFilled, OrderSubmitted
from nautilus_trader.model.identifiers import ClientOrderId, PositionId, TradeId, VenueOrderId
from nautilus_trader.model.objects import Quantity
from nautilus_trader.model.orders import Order
from nautilus_trader.model.position import Position

from bot.ibkr.errors import OrderRejectedByBroker, UnknownOrder
from bot.ibkr.link.asking import until_told
from bot.ibkr.order_events import money, venue_id
from bot.ibkr.orders.order_state import BrokerOrder, Draft, Fill, Terms
from bot.ibkr.session import BrokerSession
from bot.journal.records import OrderRecord
from bot.risk_engine.brackets import (
    OrderOrigin,
    OrderTags,
    bracket_orders,
    market_order,
    price_of,
    side_of,
    stop_order,
    strategy_id,
    target_order,
)
from bot.runtime.recover import Story, recovered
from bot.supervision import trade as trades
from bot.supervision.orders import AT_VENUE, OrderState, Role, TrackedOrder, named_role
from bot.units import to_points

ASK_TWICE = 2
CANCELED, REFUSED = ("Cancelled", "ApiCancelled"), ("Inactive",)


class _Held(NamedTuple):
    """An order of ours that the journal leaves alive, and its trade."""

    trade: trades.Trade
    order: TrackedOrder


class _Truth(NamedTuple):
    """What the broker says: open orders, and the last status of completed ones, by our reference."""

    open: dict[str, BrokerOrder]
    ended: dict[str, str]


class Recovery:
    """One restart. `client` is Nautilus' execution client of a session that is READY, `cache` Nautilus' own."""

    def __init__(self, client: Any, session: BrokerSession, cache: Any, stories: tuple[Story, ...]) -> None:
        self._client, self._session, self._cache = client, session, cache
        self._stories = stories

    async def run(self) -> None:
        """Seed, ask the broker until it answers, tell. Raises BrokerError for what no new connection cures."""
        held = [each for story in self._stories for each in self._seed(story)]
        if not self._stories:
            return
        truth = await until_told(self._session.link, lambda: self._ask(held))
        for each in held:
            self._began(each, truth)
        for each, fill in sorted(self._fills(held), key=lambda pair: pair[1].ts_ns):
            self._session.orders.listener.filled(self._named(each.order), fill)
        for each in held:
            self._ended(each, truth)

    # ------------------------------------------------------------------ the broker

    async def _ask(self, held: list[_Held]) -> _Truth:
        """Absence from one snapshot is not a cancel: what is nowhere is asked for once more."""
        session = self._session
        for _ in range(ASK_TWICE):
            await session.order_sync.check()
            done = await session.link.connection.ask_named("reqCompletedOrders", "completedOrdersEnd", False)
            ended = {told.orderRef: state.status for _, told, state in done if told.account == session.link.account}
            truth = _Truth({ref: order for ref, order in session.orders.orders.items() if order.live}, ended)
            if not any(self._nowhere(each.order, truth) for each in held):
                break
            await session.link.delay(session.order_sync.times.again_seconds)
        return truth

    def _nowhere(self, order: TrackedOrder, truth: _Truth) -> bool:
        return not (order.order_id in truth.open or order.order_id in truth.ended or self._total(order))

    def _total(self, order: TrackedOrder) -> int:
        return self._session.orders.ledger.total(order.order_id)

    def _fills(self, held: list[_Held]) -> list[tuple[_Held, Fill]]:
        """Executions that the journal does not have."""
        ledger = self._session.orders.ledger.fills.values()
        known = {fill.trade_id for each in held for fill in each.trade.fills}
        by_ref = {each.order.order_id: each for each in held}
        return [(by_ref[fill.ref], fill) for fill in ledger if fill.ref in by_ref and fill.base_id not in known]

    # ------------------------------------------------------------------------ news

    def _began(self, each: _Held, truth: _Truth) -> None:
        """An order the journal does not know to be at the broker, but is or was."""
        order, here = each.order, truth.open.get(each.order.order_id)
        if self._nowhere(order, truth):
            return
        if order.state is OrderState.NONE:
            self._client.generate_order_submitted(*self._ids(each), self._now)
        if order.state not in AT_VENUE and truth.ended.get(order.order_id) not in REFUSED:
            self._session.orders.listener.accepted(here or self._named(order))
        if here is not None and here.draft.terms != (known := _terms(here, order)):
            self._changed(here, order, known)

    def _changed(self, here: BrokerOrder, order: TrackedOrder, known: Terms) -> None:
        """Another hand has changed it while nobody ran, unless the last run had asked for a change and not heard of it."""
        if order.state is OrderState.PENDING_UPDATE:
            self._session.orders.listener.updated(here)
        else:
            self._session.orders.changed_elsewhere(here, known)

    def _ended(self, each: _Held, truth: _Truth) -> None:
        """An order that is not open any more and did not fill whole."""
        order, listener = each.order, self._session.orders.listener
        if order.order_id in truth.open or max(order.filled, self._total(order)) >= order.quantity:
            return
        status, gone = truth.ended.get(order.order_id), self._named(order)
        if status in REFUSED:
            listener.rejected(gone, OrderRejectedByBroker("refused while mesbot was away", order_ref=order.order_id))
        elif status is None and order.state is OrderState.NONE:
            self._client.generate_order_denied(*self._ids(each), "it never left: mesbot ended before it could be sent", self._now)
        elif status is None and order.state is OrderState.SUBMITTED:
            listener.rejected(gone, OrderRejectedByBroker("it never reached the broker", order_ref=order.order_id))
        elif order.role is Role.ENTRY and self._now >= each.trade.intent.expires_ns:
            self._client.generate_order_expired(*self._ids(each), venue_id(gone), each.trade.intent.expires_ns)
        else:
            if status not in CANCELED:
                self._session.link.report(UnknownOrder("nowhere at the broker after a restart", order_ref=order.order_id))
            listener.canceled(gone)

    def _named(self, order: TrackedOrder) -> BrokerOrder:
        """An order that the broker does not hold any more, as the listener wants one: under the identity that Nautilus knows."""
        held = self._cache.order(ClientOrderId(order.order_id))
        known = None if held is None else held.venue_order_id
        perms = [fill.perm_id for fill in self._session.orders.ledger.fills.values() if fill.ref == order.order_id]
        perm_id = int(known.value) if known is not None else next(iter(perms), 0)
        return BrokerOrder(Draft(order.order_id, "BUY" if order.side > 0 else "SELL", order.quantity, ""), 0, 0, perm_id=perm_id)

    @property
    def _now(self) -> int:
        return self._session.clock.now_ns()

    def _ids(self, each: _Held) -> tuple[Any, Any, Any]:
        return strategy_id(each.trade.plan.strategy), self._session.provider.front_id, ClientOrderId(each.order.order_id)

    # ------------------------------------------------------------------------ seed

    def _unheard_of(self, story: Story) -> list[OrderRecord]:
        """Orders of the trade that the broker has and the journal does not: replacements and closing orders of the last moment."""
        monitor, intent = self._session.orders, story.intent
        known = {order.order_id for leg in recovered(story).legs for order in leg.orders}
        refs = {ref for ref, order in monitor.orders.items() if order.live} | {fill.ref for fill in monitor.ledger.fills.values()}
        strangers = sorted(ref for ref in refs - known if ref.startswith(f"{intent.intent_id}-") and named_role(ref) is not None)
        return [self._record(story, ref) for ref in strangers]

    def _record(self, story: Story, ref: str) -> OrderRecord:
        here, role = self._session.orders.orders.get(ref), named_role(ref)
        assert role is not None, "it is named by us"
        quantity = self._session.orders.ledger.total(ref) if here is None else here.draft.quantity
        limit, stop = (None, None) if here is None else (here.draft.limit, here.draft.stop)
        return OrderRecord(ref, story.intent.intent_id, story.intent.plan.strategy, role.value, "OrderSubmitted", quantity, limit, stop)

    def _seed(self, story: Story) -> list[_Held]:
        """Nautilus' own orders and position, as the journal leaves them and the broker adds to them; those that may still fill."""
        strangers = self._unheard_of(story)
        for record in strangers:
            self._client.found(record)
        story = Story(story.intent, (*story.records, *strangers))
        trade = recovered(story)
        seed = _Seed(self._client, self._cache, self._session.provider, story, trade)
        live = [order for leg in trade.legs for order in leg.orders if order.live]
        for order in live:
            self._cache.add_order(seed.order(order), client_id=self._client.id)
        seed.position()
        return [_Held(trade, order) for order in live]


class _Seed:
    """Makes Nautilus' objects of one trade."""

    def __init__(self, client: Any, cache: Any, provider: Any, story: Story, trade: trades.Trade) -> None:
        self._cache, self._provider, self._story, self._trade = cache, provider, story, trade
        self._strategy, self._account = strategy_id(trade.plan.strategy), client.account_id
        self._decided_ns = story.intent.decided.ts_ns
        self._origin = OrderOrigin(client.trader_id, self._strategy, provider.front_id, self._decided_ns)
        self._planned = {order.client_order_id.value: order for order in bracket_orders(story.intent, self._origin).orders}

    def order(self, tracked: TrackedOrder) -> Order:
        """The order in the state that the journal knows."""
        order = self._made(tracked)
        if tracked.state is OrderState.NONE:
            return order
        times = (self._decided_ns, self._decided_ns)
        order.apply(OrderSubmitted(*self._who(tracked), self._account, UUID4(), *times))
        if tracked.state in AT_VENUE:
            order.apply(OrderAccepted(*self._who(tracked), self._venue(tracked), self._account, UUID4(), *times))
        for fill in self._trade.fills:
            if (fill.role, fill.leg) == (tracked.role, tracked.leg) and fill.trade_id in self._of(tracked):
                order.apply(self._filled(tracked, fill, order.order_type))
        return order

    def position(self) -> None:
        """The position that the fills so far make."""
        position: Position | None = None
        if not self._trade.net:
            return
        for fill in self._trade.fills:
            tracked = next(each for leg in self._trade.legs for each in leg.of(fill.role) if fill.trade_id in self._of(each))
            event = self._filled(tracked, fill, OrderType.MARKET)
            if position is None:
                position = Position(self._cache.instrument(self._provider.front_id), event)
            else:
                position.apply(event)
        self._cache.add_position(position, OmsType.NETTING)

    def _made(self, tracked: TrackedOrder) -> Order:
        name = ClientOrderId(tracked.order_id)
        if tracked.role is Role.ENTRY:
            return self._planned[tracked.order_id]
        tags = OrderTags(self._trade.intent_id, tracked.leg, tracked.role, tracked.slippage_ticks)
        if tracked.price is None:
            return market_order(self._origin, name, tracked.side, tracked.quantity, tags)
        make = stop_order if tracked.role is Role.STOP else target_order
        return make(self._origin, name, tracked.side, tracked.quantity, tracked.price, tags)

    def _of(self, tracked: TrackedOrder) -> set[str]:
        """The venue's names of an order's fills."""
        records = self._story.records
        return {record.trade_id for record in records if record.client_order_id == tracked.order_id and hasattr(record, "trade_id")}

    def _who(self, tracked: TrackedOrder) -> tuple[Any, ...]:
        return self._origin.trader_id, self._strategy, self._provider.front_id, ClientOrderId(tracked.order_id)

    def _venue(self, tracked: TrackedOrder) -> VenueOrderId:
        return VenueOrderId(self._story.venue_ids.get(tracked.order_id, "0"))

    def _filled(self, tracked: TrackedOrder, fill: trades.Fill, kind: OrderType) -> OrderFilled:
        return OrderFilled(
            *self._who(tracked),
            self._venue(tracked),
            self._account,
            TradeId(fill.trade_id),
            PositionId(f"{self._provider.front_id}-{self._strategy}"),
            side_of(fill.side),
            kind,
            Quantity.from_int(fill.quantity),
            price_of(fill.price),
            USD,
            money(fill.fee_cents / 100),
            LiquiditySide.NO_LIQUIDITY_SIDE,
            UUID4(),
            fill.ts_ns,
            fill.ts_ns,
        )


def _terms(here: BrokerOrder, order: TrackedOrder) -> Terms:
    """The terms that the journal knows, in the broker's form; what it does not keep is taken as the broker says it."""
    price = None if order.price is None else to_points(order.price)
    stop = here.draft.kind == "STP"
    return order.quantity, here.draft.limit if stop else price, price if stop else here.draft.stop
