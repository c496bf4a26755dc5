"""The drill: the one bracket that a person may have opened in PAPER, so that the kill switch can be seen at work on a position.

One contract, entered by a limit, with stop and target; in a flat book, and only while no strategy could enter. It is an OPERATOR
trade: no counter counts it, nothing is learned from it, no strategy manages it. What would refuse an entry by layers 0 and 3 to 7 is
waived; constitution, quality and form of a bracket are not. It does not end itself before its time is over: who asks for it kills.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import msgspec
from nautilus_trader.core.uuid import UUID4
from nautilus_trader.execution.messages import SubmitOrderList
from nautilus_trader.model.identifiers import InstrumentId

from bot.calendar import new_york
from bot.decision.book import Book
from bot.decision.codes import Layer
from bot.decision.evaluate import Judgement, bar_failures, evaluate
from bot.decision.intent import Intent
from bot.decision.limits import stop_ticks_for
from bot.decision.plan import OPERATOR, EntryPlan, EntryType, ExitReason, Leg, Thesis
from bot.decision.snapshot import KillState, Snapshot
from bot.errors import JournalError
from bot.journal.build import moment_of
from bot.messages import CloseTrade, DrillOver, DrillRequest, ForeignPosition
from bot.risk_engine.brackets import OrderOrigin, bracket_orders, strategy_id
from bot.risk_engine.foreign import Foreign
from bot.risk_engine.hands import Hands
from bot.risk_engine.supervisor import Supervisor
from bot.runtime.runtime import Runtime
from bot.runtime.situation import Situation
from bot.units import MINUTE_NS, SECOND_NS

WAIVED = frozenset({Layer.KILL_SWITCH, Layer.SESSION, Layer.LOCKOUT, Layer.TIER, Layer.BELIEF, Layer.EUC})
LOCKS = frozenset({Layer.KILL_SWITCH, Layer.CONSTITUTION, Layer.SESSION, Layer.LOCKOUT})  # what keeps every entry away for a while
MINUTES = 5  # then it is left at the market, if nobody has killed it
OLDEST_BAR_NS = 2 * MINUTE_NS
LONG, THROUGH_TICKS = 1, 4


class _NoHistory(NamedTuple):
    """What is known of an operator's trades."""

    state: str = "ACTIVE"
    cost_multiplier: float = 1.0
    wins: float = 0.0
    losses: float = 0.0


class Drill:
    """Asked by a person, through the node. `write` journals an intent ahead (raises JournalError), `send` is the risk engine's door for
    the bracket and says whether it passed.
    """

    def __init__(
        self,
        runtime: Runtime,
        situation: Situation,
        supervisor: Supervisor,
        hands: Hands,
        instrument_id: InstrumentId,
        write: Callable[[int, Intent], None],
        send: Callable[[SubmitOrderList, Intent], bool],
        *,
        paper: bool,
    ) -> None:
        self._runtime, self._situation, self._supervisor, self._hands = runtime, situation, supervisor, hands
        self._instrument_id, self._write, self._send, self._paper = instrument_id, write, send, paper
        self._foreign = Foreign(runtime, supervisor, hands, instrument_id, write)
        self._limits = msgspec.structs.replace(runtime.limits, contracts_of={OPERATOR: 1})
        self._ttl_seconds = runtime.contracts.execution_contract.entry.ttl_seconds

    def ask(self, request: DrillRequest | DrillOver | ForeignPosition) -> None:
        """Open one, or end one that was killed; or take over what a kill includes. The answer is written into the request."""
        if isinstance(request, DrillRequest):
            self._begin(request)
        elif isinstance(request, DrillOver):
            self._over(request)
        elif isinstance(request, ForeignPosition):
            self._foreign.take(request)

    def _begin(self, request: DrillRequest) -> None:
        """The answer is the trade's name, or why there is none, as a sentence."""
        now = self._situation.snapshot()
        request.refused = self._why_not(now)
        if now is not None and not request.refused:
            self._open(request, now)

    def _over(self, request: DrillOver) -> None:
        """Nothing of it is left: clear its latch, and no other; the answer is why that stays."""
        left = [order.order_id for trade in self._supervisor.trades if trade.is_drill for order in trade.unsettled]
        if left or self._supervisor.net:
            request.latched = f"the drill has not ended: {left[0] if left else f'{self._supervisor.net:+g} contracts'} may still be there"
        else:
            request.latched = self._supervisor.switch.clear(request.kill)

    def _why_not(self, now: Snapshot | None) -> str:
        """ "" if it may be now."""
        state, net = self._supervisor.kill_state, self._supervisor.net
        working = [order.order_id for trade in self._supervisor.trades for order in trade.unsettled]
        others = [order.client_order_id.value for order in self._hands.cache.orders_open(instrument_id=self._instrument_id)]
        held = sum(position.signed_qty for position in self._hands.cache.positions_open(instrument_id=self._instrument_id))
        if not self._paper or self._runtime.spec.observe:
            return "A drill opens a position, and this run does not trade a paper account; start `mesbot paper` for it."
        if state in (KillState.TRIPPED, KillState.FLAT):
            return f"The kill switch is {state} and at work already; ask for a drill when it has halted."
        if net or held:
            return f"A drill begins flat, and {net or held:+g} contracts are held; ask again when they are closed."
        if working or others:
            return f"A drill begins with nothing at work, and {(working + others)[0]} may still fill; ask again when it has ended."
        if now is None or self._hands.now_ns - now.ts_ns > OLDEST_BAR_NS:
            return "A drill needs a price, and the last two minutes have brought no bar; ask again when the market gives some."
        locked = any(failure.layer in LOCKS for failure in bar_failures(now, self._runtime.limits))
        return "" if locked else "Strategies may enter now; ask for a drill before the entry window, or while entries are locked."

    def _open(self, request: DrillRequest, now: Snapshot) -> None:
        plan = self._plan(now)
        judged = self._judged(plan, now)
        kept = [failure for failure in judged.failures if failure.layer not in WAIVED]
        if kept:
            request.refused = f"The drill's bracket is refused: {kept[0].text}"
            return
        intent = self._intent(judged, now)
        try:
            self._write(self._hands.now_ns, intent)
        except JournalError as error:
            request.refused = f"The drill cannot be written down, so nothing was sent: {error}"
            return
        if self._send(self._command(intent), intent):
            request.trade_id = intent.intent_id
            over_ns = self._hands.now_ns + MINUTES * MINUTE_NS
            self._hands.market.call_at(f"{intent.intent_id}-over", over_ns, lambda: self._end(intent.intent_id))
        else:
            request.refused = "The risk engine refused the drill's bracket; the journal says why."

    def _plan(self, now: Snapshot) -> EntryPlan:
        """In at once, by a limit through the market; its stop as wide as one contract may have it, so that the kill comes first."""
        limit = now.market.bar.close + LONG * THROUGH_TICKS
        stop = min(self._limits.max_stop_ticks, stop_ticks_for(self._limits.max_risk_cents, 1))
        name = next(iter(now.market.beliefs))
        thesis = Thesis(name, now.market.belief(name, LONG).effective)
        leg = Leg(1, limit - LONG * stop, limit + LONG * 2 * stop)
        return EntryPlan(OPERATOR, LONG, EntryType.LIMIT, limit, None, (leg,), self._ttl_seconds, MINUTES, thesis)

    def _judged(self, plan: EntryPlan, now: Snapshot) -> Judgement:
        """With a book that has counted nothing, for this trade is outside of all counters."""
        empty = Book(self._limits).view(now.ts_ns)
        return evaluate(plan, msgspec.structs.replace(now, book=empty, trust={OPERATOR: _NoHistory()}), self._limits)

    def _intent(self, judged: Judgement, now: Snapshot) -> Intent:
        now_ns = self._hands.now_ns
        day = self._runtime.calendar.trading_day(now_ns).date
        name = f"{day.replace('-', '')}-{OPERATOR}-{new_york(now_ns):%H%M}"
        return Intent(name, judged.plan, now_ns + round(self._ttl_seconds * SECOND_NS), moment_of(now, judged, day))

    def _command(self, intent: Intent) -> SubmitOrderList:
        owner = strategy_id(OPERATOR)
        listed = bracket_orders(intent, OrderOrigin(self._hands.trader_id, owner, self._instrument_id, self._hands.now_ns))
        for order in listed.orders:
            if not self._hands.cache.order_exists(order.client_order_id):
                self._hands.cache.add_order(order)
        about: dict[str, Any] = {"trader_id": self._hands.trader_id, "strategy_id": owner, "command_id": UUID4()}
        return SubmitOrderList(order_list=listed, ts_init=self._hands.now_ns, **about)

    def _end(self, trade_id: str) -> None:
        self._supervisor.close(CloseTrade(trade_id, ExitReason.TIME, "a drill lasts so long"))
