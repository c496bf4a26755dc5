"""The supervisor: watches what becomes of every order, keeps positions covered, and leaves them.

It folds Nautilus' order events into trades (bot.supervision), carries out the duties that
follow, counts naked time, and tells the rest of the system in its own words (bot.messages).

It does not promise that a stop fills at its price, nor anything while the link is down.
"""

from __future__ import annotations

from typing import Any

from nautilus_trader.model.events import OrderAccepted, OrderFilled, OrderUpdated
from nautilus_trader.model.identifiers import InstrumentId
from nautilus_trader.model.orders import Order

from bot.contracts.models import ExecutionContract
from bot.decision.intent import Intent
from bot.decision.plan import ExitReason
from bot.decision.snapshot import KillState
from bot.decision.verdict import Refused
from bot.journal.records import Kind
from bot.market.update import MarketUpdate
from bot.messages import TOPIC_BOOK, BookEvent, CloseTrade, EntryEnded, IntentDenied, IntentSubmitted, Leaving, TradeChanged, TradeOpened
from bot.risk_engine.bar_watch import BarWatch
from bot.risk_engine.brackets import strategy_id
from bot.risk_engine.endings import Endings
from bot.risk_engine.entries import Entries
from bot.risk_engine.hands import Hands
from bot.risk_engine.kill_switch import KillSwitch
from bot.risk_engine.patience import Patience
from bot.risk_engine.reconciler import Reconciler
from bot.risk_engine.records import denial_record, order_record
from bot.risk_engine.register import Register
from bot.risk_engine.sender import Sender
from bot.risk_engine.story import answered, changed_elsewhere, take_fill, take_update
from bot.risk_engine.unanswered import Unanswered
from bot.risk_engine.way_out import WayOut
from bot.runtime.runtime import Runtime
from bot.supervision.orders import OrderState, Role, TrackedOrder
from bot.supervision.trade import Leg, Trade
from bot.supervision.watch import execution_events, exits_refused, filled_twice

SAFETY = {"DVS": ExitReason.QUALITY, "EQS": ExitReason.QUALITY, "ATR": ExitReason.VOLATILITY}  # causes of a tightening that may not fail


class Supervisor:
    """Keeps the trades; `hands` is its hands. Times are UTC ns of the market; liveness (naked, orphans, closing) runs on the wall."""

    def __init__(self, runtime: Runtime, instrument_id: InstrumentId, hands: Hands) -> None:
        self.register = Register(runtime)
        self._runtime, self._execution = runtime, runtime.contracts.execution_contract
        self._hands, self._instrument_id = hands, instrument_id
        self._sender = Sender(hands, instrument_id, self._execution_of, self.register.track)
        self.way_out = WayOut(hands, self._sender, lambda: self.net, adopting=bool(runtime.past.unfinished))
        self._patience = Patience(self._execution_of, self._sender.cancel, self.close, awake=not runtime.past.unfinished)
        self.entries = Entries(hands, self._sender, self.register.trades, self.close, self.way_out.cancel_later)
        self.reconciler = Reconciler(hands, self._sender, self.register.trades, self.way_out.act, self.trip)
        self.judge_from_ns = runtime.spec.decide_from_ns
        self.simulated = False
        self.unanswered = Unanswered(hands, lambda name: self.find(name)[2], self.trip)
        self._endings = Endings(hands, self.register.trades, self.way_out.act, self._tell, self._rest)
        self._bars = BarWatch(runtime)
        self.switch = KillSwitch(hands, self._leave_all, runtime.past.kill_state, runtime.past.kill_reason)

    @property
    def trades(self) -> list[Trade]:
        """Trades that are not yet forgotten."""
        return self.register.trades

    @property
    def net(self) -> int:
        """Signed contracts held by all our trades."""
        return sum(trade.net for trade in self.trades)

    def find(self, name: str) -> tuple[Trade | None, Leg | None, TrackedOrder | None]:
        """The trade, leg and tracked order of a client order id."""
        return self.register.find(name)

    @property
    def kill_state(self) -> KillState:
        """The kill switch's state; nobody else keeps it."""
        return self.switch.state

    @property
    def now_ns(self) -> int:
        """Market time."""
        return self._hands.now_ns

    # --------------------------------------------------------------- entries

    def begin(self, intent: Intent, orders: list[Order], ts_ns: int) -> None:
        """Track an intent that was approved at this time; called before its orders leave."""
        trade = self.register.begin(intent)
        self._sender.owner(intent.intent_id, orders[0].strategy_id)
        for order in orders:
            self.register.track(trade, order)
        self.entries.watch(trade)
        self._tell(trade, IntentSubmitted(intent.intent_id, intent.plan.strategy, ts_ns))

    def _tell(self, trade: Trade, event: BookEvent) -> None:
        """What is counted and learned from; a drill is neither."""
        if not trade.is_drill:
            self._hands.publish(TOPIC_BOOK, event)

    def adopt(self) -> None:
        """Take over what earlier runs left unfinished; nothing is sent. Expiry is looked at with each bar."""
        for story in self._runtime.past.unfinished:
            trade = self.register.adopt(story)
            trade.entry_ended = not trade.entries_live
            self._sender.owner(trade.intent_id, strategy_id(trade.plan.strategy))

    def resume(self) -> None:
        """Everybody listens now: tell of adopted trades, finish those that are over, go on with a kill that was under way."""
        self.way_out.adopting = False
        self._patience.wake(self._hands.market, self.trades)
        adopted = [trade for trade in self.trades if trade.opened_ns and not trade.done]
        for trade in adopted:
            if trade.over:  # its last fill was written down, and its outcome was not
                self._endings.finish(trade)
            elif not trade.announced:
                trade.announced = True
                self._tell(trade, TradeOpened(trade.view()))
                self.way_out.look(trade)
        self.go_on()
        for trade in adopted:
            if trade.closing is not None and not trade.done:
                self.way_out.leave(trade, trade.closing)
            elif trade.is_drill and not trade.done:  # nobody waits for its kill any more
                self.way_out.leave(trade, ExitReason.TIME)
        for trade in self.register.unfinished:  # an entry that lost its stop meanwhile, too
            self.way_out.act(trade)

    # ---------------------------------------------------------------- events

    def on_order_event(self, event: Any, *, ours: bool = False) -> None:
        """Fold one Nautilus order event in and do what follows from it. `ours`: a refusal of our own, which says nothing of the venue."""
        trade, leg, order = self.find(event.client_order_id.value)
        if trade is None or leg is None or order is None:
            self._unapproved(event)
            return
        name, was_asked = type(event).__name__, order.cancel_requested
        if isinstance(event, OrderFilled):
            self._fill(trade, leg, order, event)
        order.apply(name, int(event.last_qty) if isinstance(event, OrderFilled) else 0)
        closing = trade.closing.value if trade.closing is not None and order.role is Role.EXIT else ""
        cause, widened, changed = closing, "", ""
        if isinstance(event, OrderUpdated):
            changed = changed_elsewhere(trade, order, event)
            cause, widened = take_update(trade, leg, order, event)
        elif ours:
            order.cancel_requested = was_asked
        else:
            answered(order, name)
        self._patience.watch(self._hands.market, trade, order)
        # Market time, not ts_event: some events are Nautilus' own, stamped by its clock, which on a replay is not the market's.
        venue_order_id = event.venue_order_id.value if isinstance(event, OrderAccepted) else ""
        record = order_record(trade, order, name, getattr(event, "reason", "") or "", cause, venue_order_id)
        self._hands.journal(Kind.ORDER, self._hands.now_ns, record, trade.plan.strategy)
        if not ours:
            self._charge(trade, order, name, event)
        if order.state is OrderState.UNKNOWN:
            self.trip("order state desync", f"{order.order_id}: {name} cannot follow from what the broker said before")
        if widened:
            self.trip("a stop was widened at the venue", widened)
        if changed:
            self.trip("an order was changed at the venue", changed)
        self._after(trade, order, getattr(event, "reason", ""), refused=name == "OrderCancelRejected" and not ours)

    def _unapproved(self, event: Any) -> None:
        """An event of an order that never passed the risk engine; a denial of one is what should happen."""
        if isinstance(event, OrderFilled) and event.instrument_id == self._instrument_id:
            self.trip("an unapproved order was filled", event.client_order_id.value)

    def _fill(self, trade: Trade, leg: Leg, order: TrackedOrder, event: OrderFilled) -> None:
        if trade.done:
            self._reopen(trade, order)
        take_fill(self._hands, trade, leg, order, event)

    def _reopen(self, trade: Trade, order: TrackedOrder) -> None:
        """A fill of a trade that was over: of its entry it is an ordinary trade after all, of anything else a contradiction."""
        trade.done = False
        if trade not in self.trades:
            self.trades.append(trade)
        if trade.told:
            self.trip("a finished trade was filled again", order.order_id)
        else:
            self._tell(trade, EntryEnded(trade.intent_id, trade.plan.strategy, filled=True, late=True))

    def _charge(self, trade: Trade, order: TrackedOrder, name: str, event: Any) -> None:
        for charge in execution_events(self._execution, trade, order, name, event.ts_event):
            self._hands.charge(charge, self._hands.now_ns, order.order_id)

    # ---------------------------------------------------------- consequences

    def _after(self, trade: Trade, order: TrackedOrder, why: str, *, refused: bool) -> None:
        self.way_out.heard(trade, order)
        self.entries.one_at_a_time(trade, order)
        if not trade.entry_ended and not trade.entries_live:
            trade.entry_ended = True
            self._tell(trade, EntryEnded(trade.intent_id, trade.plan.strategy, filled=bool(trade.opened_ns)))
        if abs(self.net) > (1 if trade.is_drill else self._runtime.law_of(trade.intent_id).limits.contracts_of[trade.plan.strategy]):
            self.trip("position above its limit", f"{abs(self.net)} contracts")
        if detail := exits_refused(trade, order, why):
            self.trip("closing orders are refused", detail)
        for reason in filled_twice(trade):
            self.trip(reason, order.order_id)
        if trade.over and not trade.done:
            self._endings.finish(trade)
        elif trade.opened_ns and not trade.done:
            news = TradeChanged if trade.announced else TradeOpened
            trade.announced = True
            self._tell(trade, news(trade.view()))
        if refused:
            self.way_out.cancel_later(trade, order)
        if trade.closing is not None and order.role is Role.TARGET:
            self.way_out.act_soon(trade)  # at some venues the end of a target takes its stop along: hear of that before cancelling the stop
        else:
            self.way_out.act(trade)

    def close(self, request: CloseTrade) -> None:
        """Leave a trade at the market: what works is cancelled first, the stop last (spec 6). No reason, known or not, holds that up."""
        trade = next((trade for trade in self.trades if trade.intent_id == request.trade_id and not trade.done), None)
        if trade is not None and trade.closing is None:
            self.way_out.leave(trade, request.reason if isinstance(request.reason, ExitReason) else ExitReason.THESIS)

    def too_many_changes(self, trade: Trade, cause: str) -> None:
        """A change that came too often was refused: if safety asked for it, the trade is left."""
        if cause in SAFETY:
            self.close(CloseTrade(trade.intent_id, SAFETY[cause], f"{cause}: the stop may not be moved again"))

    def resize_refused(self, name: str) -> None:
        """A change of size did not pass: the pair is replaced instead."""
        _, _, order = self.find(name)
        if order is not None:
            order.resized, order.resize_refused = None, True

    def on_market(self, update: MarketUpdate) -> None:
        """Follow excursions bar by bar, and ask the kill triggers that look at the scores."""
        trades, quality = self.register.trades, update.quality
        self._bars.follow(trades, quality.bar)
        if quality.ts_ns < self.judge_from_ns:
            return  # history: it says nothing about a position held now
        self.entries.overdue(quality.ts_ns)
        self._bars.leave_unseen(trades, quality, self.way_out, simulated=self.simulated)
        if reason := self._bars.kill(trades, quality):
            self.trip(reason, f"own DVS {quality.own_dvs:.2f}, EQS {quality.eqs:.2f}")

    def leaving(self, answer: Leaving) -> None:
        """What is held, and what is being left."""
        holding = [trade for trade in self.trades if trade.net]
        answer.held, answer.leaving = any(t.closing is None for t in holding), any(t.closing is not None for t in holding)

    def _execution_of(self, trade: Trade) -> ExecutionContract:
        return self._runtime.law_of(trade.intent_id).contracts.execution_contract

    def trip(self, reason: str, detail: str) -> None:
        """The kill sequence: refuse entries, cancel, flatten, halt. Latched; tripped again, it goes on with what is still open."""
        try:
            if self.switch.state is KillState.ARMED:  # so that its record finds the journal
                self._hands.look()
        finally:
            self.switch.trip(reason, detail)

    def go_on(self) -> None:
        """A kill that is not over goes on, whatever has failed of it before."""
        if self.switch.state is KillState.TRIPPED:
            self._leave_all()

    def _leave_all(self) -> None:
        open_trades = self.register.unfinished
        for trade in open_trades:
            if trade.closing is None:
                self.way_out.leave(trade, self.switch.exit_reason)
            else:
                self.way_out.act(trade)
        if not open_trades:
            self._rest()

    def _rest(self) -> None:
        """A kill is over when the book is flat and Nautilus holds nothing of the instrument that is none of ours either.

        What the book says is believed only while we hear everything.
        """
        if self.switch.state is not KillState.TRIPPED:
            return
        self._hands.look()
        held = self._hands.cache.positions_open(instrument_id=self._instrument_id)
        if self.net == 0 and not sum(position.signed_qty for position in held):
            self.switch.rest()

    def alarm(self, text: str) -> None:
        """A guard failed: that trips the kill switch (constitution: an exception in a guard or the supervisor)."""
        self.trip("a guard failed", text)

    def denied(self, command: Any, refusal: Refused) -> None:
        """A command was refused; its strategy hears of it by Nautilus' own event."""
        record = denial_record(command, refusal)
        self._hands.journal(Kind.ORDER, self._hands.now_ns, record, record.strategy)
        self._hands.publish(TOPIC_BOOK, IntentDenied(record.intent_id, record.strategy, refusal))
