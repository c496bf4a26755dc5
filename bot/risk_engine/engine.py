"""ContractRiskEngine: judges every command on its way to Nautilus' engines.

It sits in front of both endpoints. Entries pass only as complete brackets of a journaled
intent that `evaluate` approves on the engine's own Situation; single orders only if they
reduce; stops only come closer; the only stop of a position is not cancelled. Whatever it
calls is caught: an error is a refusal (GUARD_ERROR), never a pass.

It does not promise that the broker obeys; the supervisor watches that.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from nautilus_trader.core.uuid import UUID4
from nautilus_trader.execution.messages import (
    BatchCancelOrders,
    CancelAllOrders,
    CancelOrder,
    ModifyOrder,
    SubmitOrder,
    SubmitOrderList,
)
from nautilus_trader.model.enums import OrderStatus
from nautilus_trader.model.events import OrderCancelRejected, OrderDenied, OrderModifyRejected
from nautilus_trader.model.identifiers import ClientOrderId
from nautilus_trader.model.orders import Order

from bot.decision.codes import Code, Layer
from bot.decision.euc import euc
from bot.decision.evaluate import evaluate, guard_error
from bot.decision.gates.gate import refused
from bot.decision.intent import Intent
from bot.decision.snapshot import Snapshot
from bot.decision.verdict import Refused
from bot.journal.build import intent_of
from bot.journal.intents import IntentReader
from bot.journal.records import IntentRecord
from bot.risk_engine import judge
from bot.risk_engine.brackets import OrderOrigin, OrderTags, bracket_orders, first_difference
from bot.risk_engine.supervisor import Supervisor
from bot.runtime.runtime import Runtime
from bot.runtime.situation import Situation
from bot.units import TOLERANCE

L1, L8 = Layer.CONSTITUTION, Layer.TEMPLATE
Handler = Callable[[Any], None]


class ContractRiskEngine:
    """The judge of commands. `pass_risk` and `pass_exec` are the engines' own handlers; `cache` is Nautilus'."""

    def __init__(self, runtime: Runtime, situation: Situation, supervisor: Supervisor, cache: Any, clock: Any, msgbus: Any) -> None:
        self._limits = runtime.limits
        self._situation = situation
        self._supervisor = supervisor
        self._intents = IntentReader(runtime.spec.journal_path)
        self._cache = cache
        self._clock = clock
        self._msgbus = msgbus
        self._pass_risk: Handler | None = None
        self._pass_exec: Handler | None = None
        self._vetted: set[UUID4] = set()
        self._seen: set[str] = set(runtime.past.intent_ids)

    def stand_in_front(self, pass_risk: Handler, pass_exec: Handler) -> None:
        """Take the engines' handlers; from now on commands reach them through `on_risk` and `on_exec` alone."""
        self._pass_risk, self._pass_exec = pass_risk, pass_exec

    def begin(self) -> None:
        """Open the journal and read from it once, so that the first intent does not wait for that."""
        self._intents.find("")

    def close(self) -> None:
        """Let go of the journal."""
        self._intents.close()

    # ------------------------------------------------------------- commands

    def on_risk(self, command: Any) -> None:
        """A command on its way to Nautilus' risk engine."""
        refusal = self._safely(command)
        if refusal is not None:
            self._deny(command, refusal)
            return
        self._vetted.add(command.id)
        self._pass_risk(command)

    def on_exec(self, command: Any) -> None:
        """A command on its way to Nautilus' execution engine: cancels, and whatever went round the risk engine."""
        if command.id in self._vetted:
            self._vetted.discard(command.id)
            self._pass_exec(command)
            return
        refusal = self._safely(command)
        if refusal is None:
            self._pass_exec(command)
        else:
            self._deny(command, refusal)

    def send(self, command: Any) -> None:
        """A command of the supervisor: judged like any other, then on its way."""
        if isinstance(command, SubmitOrder | SubmitOrderList | ModifyOrder):
            self.on_risk(command)
        else:
            self.on_exec(command)

    def _safely(self, command: Any) -> Refused | None:
        try:
            return self._judged(command)
        except Exception as error:
            refusal = guard_error("risk engine", L8, error)
            self._supervisor.alarm(refusal.text)
            return refusal

    def _judged(self, command: Any) -> Refused | None:
        if isinstance(command, SubmitOrderList):
            return self._list(command)
        if isinstance(command, SubmitOrder):
            return judge.forbidden_form([command.order]) or self._single(command.order)
        if isinstance(command, ModifyOrder):
            trade, _, order = self._supervisor.find(command.client_order_id.value)
            return judge.modification(command, order, trade.side if trade else 0)
        if isinstance(command, CancelOrder):
            return self._cancel(command.client_order_id.value)
        if isinstance(command, BatchCancelOrders):
            return self._first([cancel.client_order_id.value for cancel in command.cancels])
        if isinstance(command, CancelAllOrders):
            return self._first([order.client_order_id.value for order in self._cache.orders_open(instrument_id=command.instrument_id)])
        return None  # queries change nothing

    def _single(self, order: Order) -> Refused | None:
        if self._supervisor.repairs(order):
            return None  # a stop or target of the supervisor for contracts that are open and uncovered
        return judge.reducing(order, self._supervisor.net, judge.working_exits(self._supervisor.trades))

    def _first(self, names: list[str]) -> Refused | None:
        return next((refusal for name in names if (refusal := self._cancel(name, frozenset(names)))), None)

    def _cancel(self, name: str, together: frozenset[str] = frozenset()) -> Refused | None:
        trade, leg, order = self._supervisor.find(name)
        asked_by_us = order is not None and order.cancel_requested  # the supervisor replaces a stop of a wrong size
        return judge.cancellation(order, leg, asked_by_us or (trade is not None and trade.closing is not None), together)

    # -------------------------------------------------------------- entries

    def _list(self, command: SubmitOrderList) -> Refused | None:
        orders = command.order_list.orders
        refusal = judge.forbidden_form(orders)
        if refusal or all(self._supervisor.repairs(order) for order in orders):
            return refusal
        refusal = judge.complete_brackets(orders)
        if refusal is not None:
            return refusal
        intent_id = OrderTags.read(orders[0]).intent_id
        if intent_id in self._seen:
            return refused(Code.DUPLICATE_INTENT, L8, "intent", intent_id, "required", "one submission an intent")
        record = self._intents.find(intent_id)
        if record is None:
            return refused(Code.UNKNOWN_INTENT, L8, "intent", intent_id, "required", "an intent in the journal")
        return self._entry(orders, record)

    def _entry(self, orders: list[Order], record: IntentRecord) -> Refused | None:
        now = self._situation.snapshot()
        if now is None:
            return refused(Code.DVS_UNKNOWN, Layer.QUALITY, "bars", 0, "minimum", 1)
        intent = intent_of(record)
        difference = self._difference(orders, intent) or self._stale(intent, now) or self._other_euc(intent)
        if difference:
            return refused(Code.PLAN_MISMATCH, L8, "found", difference, "required", "the journaled plan")
        judgement = evaluate(intent.plan, now, self._limits)
        if broken := next((failure for failure in judgement.failures if failure.code == Code.GUARD_ERROR), None):
            self._supervisor.alarm(broken.text)
        if isinstance(judgement.verdict, Refused):
            return judgement.verdict
        self._seen.add(intent.intent_id)
        self._supervisor.begin(intent, orders, now)
        return None

    def _difference(self, orders: list[Order], intent: Intent) -> str:
        first = orders[0]
        origin = OrderOrigin(first.trader_id, first.strategy_id, first.instrument_id, first.ts_init)
        return first_difference(orders, bracket_orders(intent, origin).orders)

    def _stale(self, intent: Intent, now: Snapshot) -> str:
        """An intent is for the bar it was decided on, and lives no longer than the contract and the window allow."""
        latest = min(now.ts_ns + self._limits.ttl_ns, now.window_end_ns)
        if intent.decided.ts_ns != now.ts_ns:
            return f"decided on another bar ({intent.decided.ts_ns} instead of {now.ts_ns})"
        return f"expires at {intent.expires_ns}, after {latest}" if intent.expires_ns > latest else ""

    def _other_euc(self, intent: Intent) -> str:
        said, again = intent.decided.euc.total, euc(intent.decided.inputs, self._limits.euc).total
        return "" if abs(again - said) <= TOLERANCE else f"EUC {said:.6f} where its inputs give {again:.6f}"

    # -------------------------------------------------------------- denials

    def _deny(self, command: Any, refusal: Refused) -> None:
        """Tell the strategy by Nautilus' own events, for every order concerned, and the journal."""
        self._supervisor.denied(command, refusal)
        if isinstance(command, SubmitOrderList):
            for order in command.order_list.orders:
                self.deny_order(order, refusal.text)
        elif isinstance(command, SubmitOrder):
            self.deny_order(command.order, refusal.text)
        elif isinstance(command, ModifyOrder):
            self._reject(command, OrderModifyRejected, refusal.text)
        elif isinstance(command, BatchCancelOrders):
            for cancel in command.cancels:
                self._reject(cancel, OrderCancelRejected, refusal.text)
        elif isinstance(command, CancelOrder):
            self._reject(command, OrderCancelRejected, refusal.text)
        elif isinstance(command, CancelAllOrders):  # Nautilus has marked the strategy's own orders PENDING_CANCEL
            for order in self._cache.orders_open(instrument_id=command.instrument_id, strategy_id=command.strategy_id):
                self._reject(order, OrderCancelRejected, refusal.text)

    def deny_order(self, order: Order, reason: str) -> None:
        """Nautilus' own denial of one order; it reaches the strategy as OrderDenied."""
        if not self._cache.order_exists(order.client_order_id):
            self._cache.add_order(order)
        event = OrderDenied(
            trader_id=order.trader_id,
            strategy_id=order.strategy_id,
            instrument_id=order.instrument_id,
            client_order_id=order.client_order_id,
            reason=reason,
            event_id=UUID4(),
            ts_init=self._clock.timestamp_ns(),
        )
        self._msgbus.send("ExecEngine.process", event)

    def _reject(self, command: Any, event_type: type, reason: str) -> None:
        order = self._cache.order(ClientOrderId(command.client_order_id.value))
        if order is None or order.is_closed:
            return
        now = self._clock.timestamp_ns()
        event = event_type(
            trader_id=order.trader_id,
            strategy_id=order.strategy_id,
            instrument_id=order.instrument_id,
            client_order_id=order.client_order_id,
            venue_order_id=order.venue_order_id,
            account_id=order.account_id,
            reason=reason,
            event_id=UUID4(),
            ts_event=now,
            ts_init=now,
        )
        self._msgbus.send("ExecEngine.process", event)


def deny_rest(orders: list[Order], deny: Callable[[Order, str], None]) -> None:
    """All or nothing: if Nautilus denied one order of a list, deny those it left lying.

    Nautilus' RiskEngine denies only the order that failed its check and forgets the others.
    """
    denied = next((order for order in orders if order.status == OrderStatus.DENIED), None)
    if denied is not None:
        for order in orders:
            if order.status == OrderStatus.INITIALIZED:
                deny(order, f"{denied.client_order_id} of the same list was denied")
