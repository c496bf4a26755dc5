"""ContractRiskEngine: lets pass only what it knows.

It sits in front of both of Nautilus' endpoints. Five things pass, whatever state the system is in (spec 6): the
bracket of one intent that `evaluate` approves now, equal field by field to the one the engine builds from the journaled
intent; a strategy's tighter stop; a strategy's cancel of its own unfilled entry; a command that the supervisor hands over;
and, in PAPER, the drill's one bracket. Everything else is refused, command types of tomorrow included. What passed the
first door is known at the second by identity, never by an id. Whatever it calls is caught: an error is a refusal
(GUARD_ERROR) and an alarm, never a pass.

The promise is against anything that is *sent*: to any topic, to any endpoint, at any moment, in any words. Who stands where is looked
at when the run starts, each minute (with each bar of a simulation) and before a book is believed flat; so are the instrument, orders,
accounts and positions that Nautilus' cache holds of ours (bot.risk_engine.look). What is found is put right, and is a kill.

It does not promise that the broker obeys (the supervisor watches that), nor, in a backtest, anything against who speaks for the venue,
nor against code that reaches into objects by private names: what stands then is at the broker, stops, targets and the account.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from nautilus_trader.execution.messages import CancelOrder, ModifyOrder, SubmitOrderList
from nautilus_trader.model.events import OrderModifyRejected
from nautilus_trader.model.identifiers import InstrumentId, TraderId

from bot.decision.codes import Code, Layer
from bot.decision.euc import euc
from bot.decision.evaluate import evaluate, guard_error
from bot.decision.gates.gate import refused
from bot.decision.intent import Intent
from bot.decision.plan import OPERATOR, EntryType
from bot.decision.snapshot import Snapshot
from bot.decision.verdict import APPROVED, Refused
from bot.journal.build import intent_of
from bot.journal.intents import IntentReader
from bot.risk_engine.brackets import OrderOrigin, OrderTags, bracket_orders, strategy_id, ticks_of
from bot.risk_engine.denials import Denials
from bot.risk_engine.on_the_way import OnTheWay, Passing, names
from bot.risk_engine.recognise import CAUSE, entry_cancel, other_list, other_owner, overtaken, stop_change, unknown_command
from bot.risk_engine.supervisor import Supervisor
from bot.runtime.runtime import Runtime
from bot.runtime.said import Handler
from bot.runtime.situation import Situation
from bot.supervision.exposure import exposure
from bot.units import TOLERANCE

L1, L8 = Layer.CONSTITUTION, Layer.TEMPLATE


class ContractRiskEngine:
    """The judge of commands. `pass_risk` and `pass_exec` are the engines' own handlers; `cache` is Nautilus'."""

    def __init__(
        self,
        runtime: Runtime,
        situation: Situation,
        supervisor: Supervisor,
        denials: Denials,
        cache: Any,
        whose: tuple[TraderId, InstrumentId],
        pass_risk: Handler,
        pass_exec: Handler,
        *,
        paper: bool = False,
    ) -> None:
        self._runtime, self._limits = runtime, runtime.limits
        self._situation, self._supervisor = situation, supervisor
        self._denials, self._cache, self._paper = denials, cache, paper
        self._trader_id, self._instrument_id = whose
        self._pass_risk, self._pass_exec = pass_risk, pass_exec
        self._intents = IntentReader(runtime.spec.journal_path)
        self._seen: set[str] = set(runtime.past.intent_ids)
        self._on_the_way = OnTheWay()
        self._first, self._second = {SubmitOrderList: self._entry, ModifyOrder: self._change}, {CancelOrder: self._cancel}

    def begin(self) -> None:
        """Open the journal and read from it once, so that the first intent does not wait for that."""
        self._intents.find("")

    def close(self) -> None:
        """Let go of the journal."""
        self._intents.close()

    # ---------------------------------------------------------------- doors

    def on_risk(self, command: Any) -> None:
        """A command on its way to Nautilus' risk engine."""
        if self._passes(command, self._first.get(type(command), unknown_command)):
            self._through(command)

    def on_exec(self, command: Any) -> None:
        """A command on its way to Nautilus' execution engine: cancels, and whatever comes from the first door."""
        if passing := self._on_the_way.arrived(command):
            passes = self._may_leave(passing)
        else:
            passes = self._passes(command, self._second.get(type(command), unknown_command))
        if passes:
            self._pass_exec(command)

    def send(self, command: Any, *, after_wait: bool = False) -> None:
        """A command that the supervisor hands over; known by that. What it would lead to is looked at all the same.

        It goes to the execution engine itself: what stands between the doors can neither refuse it nor end it on its way.
        `after_wait`: it may close more than is open, because what stands in its way does not answer.
        """
        if type(command) is CancelOrder or self._passes(command, lambda _: self._beyond(command, after_wait), let_out=False):
            self._pass_exec(command)
        elif type(command) is ModifyOrder:
            self._supervisor.resize_refused(command.client_order_id.value)

    def refuse(self, command: Any) -> None:
        """A command that came where none may pass."""
        self._passes(command, unknown_command)

    def drill(self, command: SubmitOrderList, intent: Intent) -> bool:
        """The one bracket that a person may have in PAPER, known by being handed over here; whether it is on its way."""
        passes = self._passes(command, lambda _: self._no_drill(command, intent), let_out=False)
        if passes:
            self._begin(command, intent, self._situation.snapshot().ts_ns)
            self._through(command)
        return passes

    def stopped(self, event: Any, bring: Handler) -> bool:
        """Whether Nautilus' own risk engine refuses what had passed here: nobody may use that again, and the rest of its list goes too.
        `bring` takes the refusal to Nautilus, but not before: whoever hears of it could be quicker than we.
        """
        kind = ModifyOrder if type(event) is OrderModifyRejected else SubmitOrderList
        command = self._on_the_way.about(event.client_order_id, kind)
        if command is None:
            return False
        self._on_the_way.gone(command)
        bring(event)
        if kind is SubmitOrderList:
            self._denials.deny_rest(command.order_list.orders, event.client_order_id)
        return True

    def _through(self, command: Any) -> None:
        if self._on_the_way.leaves(command):
            self._pass_risk(command)

    def _may_leave(self, passing: Passing) -> bool:
        """What was approved at the first door may be wanted no longer when it reaches the second."""
        intent = passing.intent
        return intent is None or (self._is_unchanged(passing, intent) and self._is_wanted(passing, intent))

    def _is_wanted(self, passing: Passing, intent: Intent) -> bool:
        trade, _, _ = self._supervisor.find(passing.orders[0].client_order_id.value)
        if (refusal := overtaken(intent, trade, self._supervisor.kill_state)) is not None:
            self._deny(passing, refusal)
        return refusal is None

    def _deny(self, passing: Passing, refusal: Refused) -> None:
        self._supervisor.denied(passing.command, refusal)
        self._denials.deny(passing.orders, refusal.text)

    def _is_unchanged(self, passing: Passing, intent: Intent) -> bool:
        """A bracket that was changed after it was judged is denied, and is a kill: the list and its orders are still in other hands."""
        try:
            difference = self._difference(passing.command, intent)
        except Exception as error:
            difference = f"{type(error).__name__}: {error}"
        if difference:
            self._deny(passing, refused(Code.PLAN_MISMATCH, L8, "found", difference, "required", "what was approved a moment ago"))
            self._supervisor.alarm(f"an approved bracket was changed on its way: {difference}")
        return not difference

    def _passes(self, command: Any, judge: Callable[[Any], Refused | None], *, let_out: bool = True) -> bool:
        """`let_out`: orders that are tracked have passed before this command; refusing a copy of it must not end them on their way."""
        try:
            refusal = judge(command)
        except Exception as error:
            refusal = guard_error("risk engine", L8, error)
            self._supervisor.alarm(refusal.text)
        if refusal is not None:
            self._supervisor.denied(command, refusal)
            spared = lambda order: self._supervisor.find(order.client_order_id.value)[2] is not None  # noqa: E731
            self._denials.tell(command, refusal.text, spared if let_out else None)
        return refusal is None

    # ------------------------------------------------------------- changes

    def _change(self, command: ModifyOrder) -> Refused | None:
        """A strategy's tighter stop. A safety tightening that is one too many becomes an exit."""
        refusal = other_owner(command, self._cache, Code.CHANGE_FORBIDDEN, CAUSE)
        trade, _, stop = self._supervisor.find(command.client_order_id.value)
        if refusal is not None or trade is None or stop is None:
            return refusal or refused(Code.CHANGE_FORBIDDEN, L8, "order", command.client_order_id.value, "required", "an order of ours")
        bar_ns = self._situation.ts_ns
        cause = str((command.params or {}).get("cause", ""))
        most = self._runtime.law_of(trade.intent_id).limits.max_stop_changes
        refusal = stop_change(command, trade, stop, bar_ns, most)
        if refusal is None:
            trade.ask_stop(stop, round(ticks_of(command.trigger_price)), bar_ns, cause)
            self._on_the_way.judged(command)
        elif refusal.code == Code.STOP_CHANGES:
            self._supervisor.too_many_changes(trade, cause)
        return refusal

    def _cancel(self, command: CancelOrder) -> Refused | None:
        """A strategy's cancel of an entry of its own; the entry of the other leg ends with it."""
        refusal = other_owner(command, self._cache, Code.CANCEL_FORBIDDEN)
        trade, _, order = self._supervisor.find(command.client_order_id.value)
        if refusal is not None or trade is None or order is None:
            return refusal or refused(Code.CANCEL_FORBIDDEN, L8, "order", command.client_order_id.value, "required", "an order of ours")
        refusal = entry_cancel(trade, order)
        if refusal is None:
            self._supervisor.entries.cancelled(trade, order)
        return refusal

    def _beyond(self, command: Any, after_wait: bool) -> Refused | None:
        """What all that is live or in doubt could come to: not beyond the limit by a command of the supervisor (its orders are tracked)."""
        _, _, changed = self._supervisor.find(str(names(command)[0]))
        if type(command) is ModifyOrder and changed is not None and changed.resized is not None and changed.resized <= changed.quantity:
            return None  # less of what works already
        trades, limit = self._supervisor.trades, self._limits.max_contracts
        now, before = exposure(trades), exposure(trades, {str(name) for name in names(command)})
        if now.worst > max(limit, before.worst):
            refusal = refused(Code.EXPOSURE, L1, "worst", now.worst, "maximum", limit, "contracts")
        elif now.unpaired > before.unpaired and not after_wait:
            refusal = refused(Code.EXPOSURE, L1, "closing_too_much", now.unpaired, "maximum", 0, "contracts")
        else:
            return None
        self._supervisor.alarm(f"{type(command).__name__} of the supervisor: {refusal.text}")
        return refusal

    # -------------------------------------------------------------- entries

    def _entry(self, command: SubmitOrderList) -> Refused | None:
        """The bracket of one intent that is approved now."""
        orders = command.order_list.orders
        tags = OrderTags.read(orders[0]) if orders else None
        if tags is None:
            return refused(Code.UNKNOWN_INTENT, L8, "list", str(command.order_list.id), "required", "the tags of an intent")
        if tags.intent_id in self._seen:
            return refused(Code.DUPLICATE_INTENT, L8, "intent", tags.intent_id, "required", "one submission an intent")
        if drill := next((trade.intent_id for trade in self._supervisor.trades if trade.is_drill and not trade.done), ""):
            return refused(Code.POSITION_OPEN, L1, "drill", drill, "required", "no drill under way")
        record = self._intents.find(tags.intent_id)
        if record is None or record.strategy not in self._limits.contracts_of:
            return refused(Code.UNKNOWN_INTENT, L8, "intent", tags.intent_id, "required", "an intent of a strategy in the journal")
        now = self._situation.snapshot()
        if now is None:
            return refused(Code.DVS_UNKNOWN, Layer.QUALITY, "bars", 0, "minimum", 1)
        intent = intent_of(record)
        difference = self._difference(command, intent) or self._stale(intent, now) or self._other_euc(intent)
        if difference:
            return refused(Code.PLAN_MISMATCH, L8, "found", difference, "required", "the journaled plan")
        return self._approved(command, intent, now)

    def _approved(self, command: SubmitOrderList, intent: Intent, now: Snapshot) -> Refused | None:
        judgement = evaluate(intent.plan, now, self._limits)
        if broken := next((failure for failure in judgement.failures if failure.code == Code.GUARD_ERROR), None):
            self._supervisor.alarm(broken.text)
        if judgement.verdict is not APPROVED:
            return judgement.verdict
        self._seen.add(intent.intent_id)
        self._begin(command, intent, now.ts_ns)
        return None

    def _begin(self, command: SubmitOrderList, intent: Intent, ts_ns: int) -> None:
        # Before anybody hears of it and could change it.
        passing = self._on_the_way.judged(command, intent, tuple(command.order_list.orders))
        try:
            self._supervisor.begin(intent, list(passing.orders), ts_ns)
        except Exception:
            self._on_the_way.gone(command)
            raise

    def _no_drill(self, command: SubmitOrderList, intent: Intent) -> Refused | None:
        """Why a bracket is not the drill's: once, one contract, entered by a limit, whole and as it was written down."""
        plan = intent.plan
        if not self._paper or plan.strategy != OPERATOR:
            return refused(Code.NOT_RECOGNISED, L8, "drill", plan.strategy, "required", f"{OPERATOR}, in PAPER")
        if intent.intent_id in self._seen:
            return refused(Code.DUPLICATE_INTENT, L8, "intent", intent.intent_id, "required", "one drill a minute")
        self._seen.add(intent.intent_id)
        if plan.quantity != 1:
            return refused(Code.MAX_CONTRACTS, L1, "contracts", plan.quantity, "maximum", 1)
        if plan.entry_type is not EntryType.LIMIT:
            return refused(Code.ENTRY_TYPE, L8, "type", plan.entry_type.value, "allowed", EntryType.LIMIT.value)
        difference = self._difference(command, intent)
        return refused(Code.PLAN_MISMATCH, L8, "found", difference, "required", "the drill's bracket") if difference else None

    def _difference(self, command: SubmitOrderList, intent: Intent) -> str:
        origin = OrderOrigin(self._trader_id, strategy_id(intent.plan.strategy), self._instrument_id, 0)
        return other_list(command, bracket_orders(intent, origin), self._cache)

    def _stale(self, intent: Intent, now: Snapshot) -> str:
        """An intent is for the bar it was decided on, and lives no longer than the contract and the window allow."""
        latest = min(now.ts_ns + self._limits.ttl_ns, now.window_end_ns)
        if intent.decided.ts_ns != now.ts_ns:
            return f"decided on another bar ({intent.decided.ts_ns} instead of {now.ts_ns})"
        if intent.expires_ns <= max(now.ts_ns, self._supervisor.now_ns):
            return f"expired at {intent.expires_ns}"
        return f"expires at {intent.expires_ns}, after {latest}" if intent.expires_ns > latest else ""

    def _other_euc(self, intent: Intent) -> str:
        said, again = intent.decided.euc.total, euc(intent.decided.inputs, self._limits.euc).total
        return "" if abs(again - said) <= TOLERANCE else f"EUC {said:.6f} where its inputs give {again:.6f}"
