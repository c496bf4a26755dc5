"""A plan followed bar by bar with the one fill rule (bot.fills), where no order was ever sent."""

from __future__ import annotations

from enum import Enum

import msgspec

from bot import fills
from bot.decision.plan import EntryPlan, ExitReason, Leg
from bot.market.bar import Bar
from bot.units import MINUTE_NS, TICK_CENTS, round_trip_fees_cents


class Stage(Enum):
    """Where a followed plan stands."""

    PENDING = "pending"
    OPEN = "open"
    CLOSED = "closed"
    EXPIRED = "expired"


class LegExit(msgspec.Struct, frozen=True, gc=False):
    """How one leg ended: contracts, price in ticks, reason, and ticks lost against the order's own price (a market order's: the close, or
    the open where it was due since before the bar)."""

    quantity: int
    price: int
    reason: ExitReason
    slippage_ticks: int
    ts_ns: int


class FollowedPlan:
    """One plan from its decision to its last exit. Prices are ticks, times UTC ns.

    - The entry may fill on bars after the decision that close by `expires_ns`, at its limit.
    - Each leg keeps its stop and target as planned; stops slip by `slippage_ticks`, the
      model's value on the bar that decided, when they would have been sent.
    - What is left is closed at the market when the session flattens or `max_minutes` after
      the entry's bar, slipping by the model's value on that bar. The bracket is asked first:
      it was working all through the bar.
    - Excursions doubt in our disfavour: the entry's bar counts for the worst, and for the best
      only by its close; a bar that hit a stop counts for the best not at all.
    """

    __slots__ = (
        "_decided_ns", "_expires_ns", "_open", "_slippage_ticks", "exits", "mae_ticks", "mfe_ticks", "opened_ns", "plan", "stage",
    )  # fmt: skip

    def __init__(self, plan: EntryPlan, decided_ns: int, expires_ns: int, slippage_ticks: int) -> None:
        self.plan = plan
        self.stage = Stage.PENDING
        self.opened_ns = 0
        self.exits: list[LegExit] = []
        self.mae_ticks = self.mfe_ticks = 0
        self._decided_ns, self._expires_ns = decided_ns, expires_ns
        self._slippage_ticks = slippage_ticks
        self._open: list[Leg] = list(plan.legs)

    def on_bar(self, bar: Bar, slippage_ticks: int, flatten: bool) -> Stage:
        """Follow one more bar; `slippage_ticks` is the model's value on it, `flatten` that the session ends with it."""
        if bar.ts_ns <= self._decided_ns or self.stage in (Stage.CLOSED, Stage.EXPIRED):
            return self.stage
        entered = self.stage is Stage.PENDING and self._enter(bar, flatten)
        if self.stage is Stage.OPEN:
            self._exit_bracket(bar, entered)
            self._measure(bar, entered)
            reason = self._market_exit(bar, flatten)
            if reason is not None:
                self._exit_market(bar, slippage_ticks, reason)
            if not self._open:
                self.stage = Stage.CLOSED
        return self.stage

    def leave(self, bar: Bar, slippage_ticks: int, reason: ExitReason, *, void: bool) -> Stage:
        """Leave what is open at a bar's open, because nobody saw the way there: neither stop nor target fills on it.

        `void`: at the entry's own price, for no market goes so far in a day.
        """
        side, entry = self.plan.side, self.plan.limit
        price = entry if void else fills.market_exit_price(side, bar, slippage_ticks, at_open=True)
        lost = 0 if void else slippage_ticks
        self.exits.extend(LegExit(leg.quantity, price, reason, lost, bar.ts_ns) for leg in self._open)
        self._open, self.stage = [], Stage.CLOSED
        self.mae_ticks = max(self.mae_ticks, (entry - price) * side)
        self.mfe_ticks = max(self.mfe_ticks, (price - entry) * side)
        return self.stage

    def gross_cents(self) -> int:
        """P&L of the exits so far before fees, cents."""
        plan = self.plan
        return sum((leg.price - plan.limit) * plan.side * leg.quantity for leg in self.exits) * TICK_CENTS

    def net_cents(self, fee_cents: int) -> int:
        """P&L of a closed plan after fees of `fee_cents` a side and contract, cents."""
        return self.gross_cents() - round_trip_fees_cents(fee_cents, self.plan.quantity)

    def _enter(self, bar: Bar, flatten: bool) -> bool:
        plan = self.plan
        if bar.ts_ns <= self._expires_ns and fills.entry_fills(plan.side, plan.entry_type, plan.limit, plan.trigger, bar):
            self.stage, self.opened_ns = Stage.OPEN, bar.ts_ns
            return True
        if flatten or bar.ts_ns >= self._expires_ns:
            self.stage = Stage.EXPIRED
        return False

    def _exit_bracket(self, bar: Bar, entered: bool) -> None:
        side, kept = self.plan.side, []
        for leg in self._open:
            if fills.stop_touched(side, leg.stop, bar):
                price = fills.stop_price(side, leg.stop, bar, self._slippage_ticks, entered)
                self.exits.append(LegExit(leg.quantity, price, ExitReason.STOP, (leg.stop - price) * side, bar.ts_ns))
            elif fills.target_fills(side, leg.target, leg.stop, bar, entered):
                self.exits.append(LegExit(leg.quantity, leg.target, ExitReason.TARGET, 0, bar.ts_ns))
            else:
                kept.append(leg)
        self._open = kept

    def _market_exit(self, bar: Bar, flatten: bool) -> ExitReason | None:
        if not self._open:
            return None
        if flatten:
            return ExitReason.SESSION
        late = bar.ts_ns - self.opened_ns >= self.plan.max_minutes * MINUTE_NS
        return ExitReason.TIME if late else None

    def _exit_market(self, bar: Bar, slippage_ticks: int, reason: ExitReason) -> None:
        price = fills.market_exit_price(self.plan.side, bar, slippage_ticks)
        self.exits.extend(LegExit(leg.quantity, price, reason, slippage_ticks, bar.ts_ns) for leg in self._open)
        self._open = []

    def _measure(self, bar: Bar, entered: bool) -> None:
        """Take the bar into the worst and best excursion, as far as the plan was still in the market."""
        side, entry = self.plan.side, self.plan.limit
        worst, best = (bar.low, bar.high) if side > 0 else (bar.high, bar.low)
        ended = [leg for leg in self.exits if leg.ts_ns == bar.ts_ns]
        if any(leg.reason is ExitReason.STOP for leg in ended):
            best = entry
            if not self._open:
                worst = min((leg.price for leg in ended), key=lambda price: price * side)
        elif not self._open:
            best = max((leg.price for leg in ended), key=lambda price: price * side)
        elif entered:
            best = bar.close
        self.mae_ticks = max(self.mae_ticks, (entry - worst) * side)
        self.mfe_ticks = max(self.mfe_ticks, (best - entry) * side)
