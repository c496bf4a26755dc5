"""After a restart: what earlier runs left unfinished, in Nautilus' cache as the journal tells it, then as the broker does.

The journal is ahead of nothing and the broker is behind nothing: an order the journal knows as
working may have filled or ended meanwhile, and one it only intended may work. Each difference
becomes an ordinary order event, once, so that supervisor, book and journal hear of it as if it had
just happened. No order is sent.

What became of an order is a question to the broker like any other: if it is not answered in three tries the run goes on with what
the journal and the messages so far tell, entries wait, and it is asked again every minute. Until it is answered, no order is
over for being nowhere.

It does not promise to know executions from before the broker's midnight that no journal holds; PositionCheck finds what they left, and
books what is gone.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from nautilus_trader.model.identifiers import ClientOrderId

from bot.ibkr.drafts import draft_of
from bot.ibkr.errors import OrderRejectedByBroker, UnknownOrder
from bot.ibkr.link.link_state import SyncReason
from bot.ibkr.order_events import handle_of, venue_id
from bot.ibkr.orders.order_state import BrokerOrder, Draft, Phase, Terms
from bot.ibkr.orders.order_sync import QUESTION as ORDERS
from bot.ibkr.seed import Seed
from bot.ibkr.session import BrokerSession
from bot.journal.records import OrderRecord
from bot.risk_engine.brackets import strategy_id
from bot.runtime.recover import Story, recovered
from bot.supervision import trade as trades
from bot.supervision.orders import AT_VENUE, OrderState, Role, TrackedOrder, named_role
from bot.units import to_points

QUESTION = "what became of earlier orders"
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
    """One restart. `client` is Nautilus' execution client of a session that has begun, `cache` Nautilus' own."""

    def __init__(self, client: Any, session: BrokerSession, cache: Any, stories: tuple[Story, ...]) -> None:
        self._client, self._session, self._cache = client, session, cache
        self._stories = list(stories)
        self._held: dict[str, _Held] = {}  # by our reference
        self._begun: set[str] = set()  # of those, the ones that were told to be at the broker
        self._ended_as: dict[str, int] = {}  # permIds of completed orders
        self._ended_unheard: set[str] = set()  # references of those that ended as this run began, before Nautilus held them
        self._seeded, self._told = False, not stories

    async def run(self) -> None:
        """Put back what the journal and the messages so far tell, ask, and return once that is answered or was asked in vain."""
        if self._told:
            return
        session = self._session
        session.orders.ledger.told |= {fill.trade_id for story in self._stories for fill in recovered(story).fills}
        self._seed()
        session.orders.filled_quietly = self._tell_fills
        link = session.link
        link.questions.add(QUESTION, self._ask, rests_on=(ORDERS,))
        link.owe(QUESTION)
        await link.until(self._asked_enough)
        if not self._told:
            self._follow_unseen()
            self._tell_begun(_Truth(self._open(), {}))
            self._tell_fills()

    def _follow_unseen(self) -> None:
        """Orders that the journal knows at the broker, and that no message so far has shown: they may work there all the same."""
        monitor, con_id = self._session.orders, self._session.provider.con_id_of(self._session.provider.front_id)
        refs, unseen = {ClientOrderId(ref) for ref in self._held}, []
        for ref, each in self._held.items():
            perm_id, held = self._named(each.order).perm_id, self._cache.order(ClientOrderId(ref))
            handle = 0 if held.venue_order_id is None else handle_of(held.venue_order_id.value)
            if ref not in monitor.orders and each.order.state in AT_VENUE and (perm_id or handle):
                order = BrokerOrder(draft_of(held, refs, 0), con_id, handle, perm_id)
                order.phase, order.accepted, order.adopted, order.filled = Phase.WORKING, True, True, each.order.filled
                unseen.append(order)
        monitor.track(unseen)
        if unseen:
            monitor.doubtful()  # a status tells what the broker calls it now

    def _asked_enough(self) -> bool:
        """Where something else is missing, one try must do: entries wait anyway, and the start has used much of its time."""
        link = self._session.link
        mine = link.questions.open.get(QUESTION)
        in_vain = mine is not None and mine.tries > 0 and bool(link.questions.missing)
        return self._told or in_vain or ORDERS in link.questions.missing

    async def _ask(self, _: SyncReason) -> None:
        """Raises BrokerError."""
        if self._told:
            return
        truth = await self._truth()
        self._seed()
        self._tell_begun(truth)
        self._tell_fills()
        for each in self._held.values():
            self._ended(each, truth)
        self._told = True

    # ------------------------------------------------------------------ the broker

    async def _truth(self) -> _Truth:
        """Absence from one snapshot is not a cancel: what is nowhere is asked for once more."""
        session = self._session
        for _ in range(ASK_TWICE):
            await session.order_sync.check()
            done = await session.link.connection.ask_named("reqCompletedOrders", "completedOrdersEnd", False)
            ours = [(told, state) for _, told, state in done if told.account == session.link.account]
            ended = {told.orderRef: state.status for told, state in ours}
            self._ended_as = {told.orderRef: told.permId for told, _ in ours}
            truth = _Truth(self._open(), ended)
            if not any(self._nowhere(each.order, truth) for each in self._held.values()):
                break
            await session.link.delay(session.order_sync.times.again_seconds)
        return truth

    def _open(self) -> dict[str, BrokerOrder]:
        return {ref: order for ref, order in self._session.orders.orders.items() if order.live}

    def _nowhere(self, order: TrackedOrder, truth: _Truth) -> bool:
        return not (order.order_id in truth.open or order.order_id in truth.ended or self._total(order))

    def _total(self, order: TrackedOrder) -> int:
        return self._session.orders.ledger.total(order.order_id)

    # ------------------------------------------------------------------------ news

    def _tell_begun(self, truth: _Truth) -> None:
        for each in self._held.values():
            if each.order.order_id not in self._begun and not self._nowhere(each.order, truth):
                self._begun.add(each.order.order_id)
                self._began(each, truth)

    def _tell_fills(self) -> None:
        """Executions that neither the journal has nor anybody has told."""
        ledger = self._session.orders.ledger
        new = [
            fill for fill in ledger.fills.values() if fill.ref in self._held and fill.base_id not in ledger.told and not ledger.said(fill)
        ]
        for fill in sorted(new, key=lambda fill: fill.ts_ns):
            self._session.orders.offer(self._named(self._held[fill.ref].order), fill)

    def _began(self, each: _Held, truth: _Truth) -> None:
        """An order the journal does not know to be at the broker, but is or was. One that does not work yet is told when it does."""
        order, here = each.order, truth.open.get(each.order.order_id)
        if order.state is OrderState.NONE:
            self._client.generate_order_submitted(*self._ids(each), self._now)
        works = here is None or here.accepted
        if order.state not in AT_VENUE and truth.ended.get(order.order_id) not in REFUSED and works:
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
        if order.order_id in truth.open or max(order.filled, self._total(order)) >= order.quantity or self._ended_since(order):
            return
        status, gone = truth.ended.get(order.order_id), self._named(order)
        if status in REFUSED:
            listener.rejected(gone, OrderRejectedByBroker("refused while mesbot was away", order_ref=order.order_id))
        elif status is None and order.state is OrderState.NONE:
            self._client.generate_order_denied(*self._ids(each), "it never left: mesbot ended before it could be sent", self._now)
        elif status is None and order.state is OrderState.SUBMITTED:
            listener.rejected(gone, OrderRejectedByBroker("it never reached the broker", order_ref=order.order_id))
        elif order.role is Role.ENTRY and self._now >= each.trade.intent.expires_ns:
            known = self._cache.order(ClientOrderId(order.order_id)).venue_order_id
            self._client.generate_order_expired(*self._ids(each), known or venue_id(gone), each.trade.intent.expires_ns)
        else:
            if status not in CANCELED:
                self._session.link.report(UnknownOrder("nowhere at the broker after a restart", order_ref=order.order_id))
            listener.canceled(gone)

    def _ended_since(self, order: TrackedOrder) -> bool:
        """Whether its end was told while its question was open, to somebody who knew it by then."""
        here, held = self._session.orders.orders.get(order.order_id), self._cache.order(ClientOrderId(order.order_id))
        told = here is not None and not here.live and order.order_id not in self._ended_unheard
        return told or held.is_closed

    def _named(self, order: TrackedOrder) -> BrokerOrder:
        """An order that the broker does not hold any more, as the listener wants one: under the identity that Nautilus knows, else the
        broker's. Nautilus takes two orders of one name for one another, and an order of another name for none.
        """
        held = self._cache.order(ClientOrderId(order.order_id))
        known = None if held is None else held.venue_order_id
        perms = [fill.perm_id for fill in self._session.orders.ledger.fills.values() if fill.ref == order.order_id]
        told = known is not None and known.value.isdecimal()  # else it is our own name, for want of the broker's
        perm_id = int(known.value) if told else next(iter(perms), self._ended_as.get(order.order_id, 0))
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
        ours = {ref for ref in refs - known if ref.startswith(f"{intent.intent_id}-") and named_role(ref) is not None}
        strangers = sorted(ref for ref in ours if self._cache.order(ClientOrderId(ref)) is None)  # what is there this run has sent
        return [self._record(story, ref) for ref in strangers]

    def _record(self, story: Story, ref: str) -> OrderRecord:
        here, role = self._session.orders.orders.get(ref), named_role(ref)
        assert role is not None, "it is named by us"
        quantity = self._session.orders.ledger.total(ref) if here is None else here.draft.quantity
        limit, stop = (None, None) if here is None else (here.draft.limit, here.draft.stop)
        return OrderRecord(ref, story.intent.intent_id, story.intent.plan.strategy, role.value, "OrderSubmitted", quantity, limit, stop)

    def _seed(self) -> None:
        """Nautilus' own orders, as the journal leaves them and the broker adds to them, those that may still fill; and the position."""
        for number, story in enumerate(self._stories):
            strangers = self._unheard_of(story)
            for record in strangers:
                self._client.found(record)
            self._stories[number] = story = Story(story.intent, (*story.records, *strangers))
            trade = recovered(story)
            seed = Seed(self._client, self._cache, self._session.provider, story, trade)
            for tracked in (order for leg in trade.legs for order in leg.orders if order.live and order.order_id not in self._held):
                order = seed.order(tracked)
                self._cache.add_order(order, client_id=self._client.id)
                self._cache.update_order(order)  # it is found by its state
                self._client.seeded(order)
                self._held[tracked.order_id] = _Held(trade, tracked)
                if (here := self._session.orders.orders.get(tracked.order_id)) is not None and not here.live:
                    self._ended_unheard.add(tracked.order_id)
            if not self._seeded and (position := seed.position()) is not None:
                self._client.seeded(position)
        self._seeded = True


def _terms(here: BrokerOrder, order: TrackedOrder) -> Terms:
    """The terms that the journal knows, in the broker's form; what it does not keep is taken as the broker says it."""
    price = None if order.price is None else to_points(order.price)
    stop = here.draft.kind == "STP"
    return order.quantity, here.draft.limit if stop else price, price if stop else here.draft.stop
