"""What a strategy proposes: a setup, an entry plan with its legs, and what to do with an open trade.

Prices are whole ticks; money is whole cents; side is +1 long, -1 short.
"""

from __future__ import annotations

from enum import StrEnum

import msgspec

from bot.decision.verdict import Unmet
from bot.units import TICK_CENTS

OPERATOR = "OPERATOR"  # whose a drill's trade is: a person's; no strategy may be called so


class EntryType(StrEnum):
    """How an entry may rest at the venue; market entries do not exist."""

    LIMIT = "LIMIT"
    STOP_LIMIT = "STOP_LIMIT"


class ExitReason(StrEnum):
    """Why a trade ended. MANUAL: a person tripped the kill switch; KILL: something else did."""

    TARGET = "TARGET"
    STOP = "STOP"
    THESIS = "THESIS"
    TIME = "TIME"
    VOLATILITY = "VOLATILITY"
    SESSION = "SESSION"
    QUALITY = "QUALITY"
    KILL = "KILL"
    MANUAL = "MANUAL"
    RECONCILED = "RECONCILED"


class Setup(msgspec.Struct, frozen=True, gc=False):
    """A strategy's setup stands, for this side."""

    side: int


class NoSetup(Unmet, frozen=True, gc=False):
    """No setup: the first failing condition in the written order, for the nearer side."""


class Leg(msgspec.Struct, frozen=True, gc=False):
    """One whole bracket of a plan: quantity in contracts, stop and target prices in ticks."""

    quantity: int
    stop: int
    target: int


class Thesis(msgspec.Struct, frozen=True, gc=False):
    """Why the trade was entered: belief name and effective value at entry, and when it is void.

    `exit_belief` None means: only the strategy's own rule voids it. `level` (ticks) is the
    price that rule looks at, if it looks at one.
    """

    belief: str
    entry_value: float
    exit_belief: float | None = None
    level: int | None = None


class EntryPlan(msgspec.Struct, frozen=True, gc=False):
    """A proposed entry, not judged yet. `limit` is the worst entry price; `trigger` only for STOP_LIMIT."""

    strategy: str
    side: int
    entry_type: EntryType
    limit: int
    trigger: int | None
    legs: tuple[Leg, ...]
    ttl_seconds: float
    max_minutes: int
    thesis: Thesis

    @property
    def quantity(self) -> int:
        """Contracts over all legs."""
        return sum(leg.quantity for leg in self.legs)

    @property
    def stop_ticks(self) -> int:
        """The widest leg's distance from the entry's worst price to its stop; negative if the stop is on the wrong side."""
        return max((self.limit - leg.stop) * self.side for leg in self.legs)

    @property
    def min_stop_ticks(self) -> int:
        """The narrowest leg's stop distance."""
        return min((self.limit - leg.stop) * self.side for leg in self.legs)

    @property
    def risk_cents(self) -> int:
        """Planned risk: worst price to stop, all legs, without fees or slippage. This is 1 R."""
        return sum((self.limit - leg.stop) * self.side * leg.quantity for leg in self.legs) * TICK_CENTS

    @property
    def target_cents(self) -> int:
        """The expected move in cents: worst price to target, all legs."""
        return sum((leg.target - self.limit) * self.side * leg.quantity for leg in self.legs) * TICK_CENTS

    @property
    def reward_ratio(self) -> float:
        """T: quantity-weighted target ticks over stop ticks."""
        return self.target_cents / self.risk_cents


class Veto(Unmet, frozen=True, gc=False):
    """The filter's no to every entry of a bar."""


class ExitPlan(msgspec.Struct, frozen=True, gc=False):
    """Leave now, at the market, for this reason; `why` is the rule in a few words."""

    reason: ExitReason
    why: str


class Act(StrEnum):
    """What to do with an open trade."""

    HOLD = "hold"
    TIGHTEN = "tighten"
    EXIT = "exit"


class ManagementAction(msgspec.Struct, frozen=True, gc=False):
    """Hold, tighten the stop to `stop` (ticks), or exit for `reason`. `cause` is counted once per trade."""

    act: Act
    why: str
    stop: int | None = None
    reason: ExitReason | None = None
    cause: str = ""


class TradeView(msgspec.Struct, frozen=True, gc=False):
    """An open trade as its strategy sees it. Prices in ticks, times UTC ns.

    `entry` is the mean fill price (may be fractional), `stop` that of the open legs,
    `stop_changes` how often we moved it, `causes` what for, `atr_at_entry` in ticks,
    `stop_order_ids` the working stops,
    `first_target_hit` whether a leg of two is already home, `closing` whether it is being left.
    """

    trade_id: str
    plan: EntryPlan
    entry: float
    quantity_open: int
    stop: int
    opened_ns: int
    atr_at_entry: float
    stop_order_ids: tuple[str, ...] = ()
    stop_changes: int = 0
    causes: frozenset[str] = frozenset()
    first_target_hit: bool = False
    closing: bool = False

    @property
    def side(self) -> int:
        """+1 long, -1 short."""
        return self.plan.side
