"""The end of a trade: its outcome is told once, what is left of its orders goes, and then it is forgotten."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from bot.journal.records import Kind
from bot.messages import TradeClosed
from bot.risk_engine.hands import Hands
from bot.supervision.duties import Waited
from bot.supervision.orders import Role
from bot.supervision.outcome import outcome_of
from bot.supervision.trade import Trade
from bot.units import SECOND_NS

ORPHAN_NS = 2 * SECOND_NS  # a flat book is empty within this (spec 6, invariant 2)


class Endings:
    """`trades` are those not yet forgotten; `act` carries out what a trade demands, `tell` says something of it, `rest` ends a kill."""

    def __init__(
        self,
        hands: Hands,
        trades: list[Trade],
        act: Callable[[Trade, Waited], None],
        tell: Callable[[Trade, Any], None],
        rest: Callable[[], None],
    ) -> None:
        self._hands, self._trades, self._act, self._tell, self._rest = hands, trades, act, tell, rest

    def finish(self, trade: Trade) -> None:
        """A trade is over: flat, and nothing of it can fill."""
        trade.done = True
        if trade.opened_ns and not trade.told:
            trade.told = True
            outcome = outcome_of(trade, on_market_time=self._hands.wall is self._hands.market)
            self._hands.journal(Kind.OUTCOME, outcome.closed_ns, outcome, trade.plan.strategy)
            self._tell(trade, TradeClosed(outcome))
        self._hands.wall.call_at(f"{trade.intent_id}-orphans", self._hands.wall.now_ns + ORPHAN_NS, lambda: self._sweep(trade))
        self._rest()

    def _sweep(self, trade: Trade) -> None:
        """After the grace: cancel leftovers of a flat trade, then let go of it once nothing works."""
        if not trade.done or trade not in self._trades:
            return  # a late fill made it a trade again, or it is gone
        self._act(trade, Waited.GRACE)
        if not any(leg.live(*Role) for leg in trade.legs):
            self._trades.remove(trade)
