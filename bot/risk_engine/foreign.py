"""What the account holds and nothing explains, taken over so that a kill can close it: `mesbot kill --include-foreign`, and nothing else.

Each contract becomes a trade of the OPERATOR, outside of counters and learning, and is left as any trade is: with the same doubts,
retries and limits, one at a time. Nothing is taken over unless the kill switch was tripped and nothing of ours is left.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Any

from nautilus_trader.core.uuid import UUID4
from nautilus_trader.execution.messages import SubmitOrder
from nautilus_trader.model.identifiers import InstrumentId

from bot.calendar import new_york
from bot.decision.euc import Euc, EucInputs
from bot.decision.intent import Intent
from bot.decision.moment import Moment
from bot.decision.plan import OPERATOR, EntryPlan, EntryType, ExitReason, Leg, Thesis
from bot.decision.snapshot import KillState
from bot.errors import JournalError
from bot.messages import CLOSED_ELSEWHERE, ForeignPosition
from bot.risk_engine.brackets import OrderOrigin, bracket_orders, strategy_id
from bot.risk_engine.hands import Hands
from bot.risk_engine.supervisor import Supervisor
from bot.runtime.runtime import Runtime
from bot.units import SECOND_NS, nearest_tick, to_points

STOP_TICKS, TTL_SECONDS, MINUTES = 12, 1.0, 1  # of a plan that was nobody's: written down, and never sent


class Foreign:
    """`write` journals an intent ahead; unlike an entry, this does not wait for the disk."""

    def __init__(
        self, runtime: Runtime, supervisor: Supervisor, hands: Hands, instrument_id: InstrumentId, write: Callable[[int, Intent], None]
    ) -> None:
        self._runtime, self._supervisor, self._hands = runtime, supervisor, hands
        self._instrument_id, self._write = instrument_id, write
        self._taken = 0

    def take(self, found: ForeignPosition) -> None:
        """One contract of it; why not is written into the message."""
        found.refused = self._why_not(found)
        if found.refused:
            return
        self._taken += 1
        intent = self._intent(found)
        with suppress(JournalError):  # the journal keeps and tells what it could not write
            self._write(self._hands.now_ns, intent)
        self._begin(intent, found.price)

    def _why_not(self, found: ForeignPosition) -> str:
        """ "" if it may be."""
        ours = [trade.intent_id for trade in self._supervisor.trades if not trade.done]
        if self._supervisor.kill_state is KillState.ARMED:
            return "The kill switch is ARMED: what is foreign is closed by a kill alone."
        if ours:
            return f"{ours[0]} is not over, and goes first."
        return "" if found.contracts else "Nothing is held."

    def _intent(self, found: ForeignPosition) -> Intent:
        now_ns, side = self._hands.now_ns, 1 if found.contracts > 0 else -1
        price = nearest_tick(found.price)
        leg = Leg(1, price - side * STOP_TICKS, price + side * STOP_TICKS)
        plan = EntryPlan(OPERATOR, side, EntryType.LIMIT, price, None, (leg,), TTL_SECONDS, MINUTES, Thesis("none", 0.0))
        day = self._runtime.calendar.trading_day(now_ns).date
        nothing = Euc(*[0.0] * 6), EucInputs(*[0.0] * 9)
        decided = Moment(day, now_ns, self._hands.slippage_ticks, 0.0, 0.0, *nothing)
        name = f"{day.replace('-', '')}-{OPERATOR}-F{new_york(now_ns):%H%M%S}{self._taken}"
        return Intent(name, plan, now_ns + round(TTL_SECONDS * SECOND_NS), decided)

    def _begin(self, intent: Intent, price: float) -> None:
        """It is being left from the moment it is known; its entry, which another hand has made, is booked and not sent."""
        owner = strategy_id(OPERATOR)
        entry = bracket_orders(intent, OrderOrigin(self._hands.trader_id, owner, self._instrument_id, self._hands.now_ns)).orders[0]
        self._hands.cache.add_order(entry)
        self._supervisor.begin(intent, [entry], self._hands.now_ns)
        trade, _, _ = self._supervisor.find(entry.client_order_id.value)
        trade.closing, trade.closing_since_ns = ExitReason.MANUAL, self._hands.wall.now_ns
        about: dict[str, Any] = {"trader_id": self._hands.trader_id, "strategy_id": owner, "command_id": UUID4()}
        booked = {CLOSED_ELSEWHERE: to_points(nearest_tick(price))}
        self._hands.send(SubmitOrder(order=entry, params=booked, ts_init=self._hands.now_ns, **about), after_wait=True)
