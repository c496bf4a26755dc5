"""Ticks, cents and points of MES, and the clock's units. Prices are ticks inside, points at the edge.

Whoever reads or writes a file, a journal record, a Nautilus price or a broker's message converts by these functions
and nobody converts by hand.

One tick is 0.25 points and $1.25 a contract (constitution.yaml: instrument); the loader
accepts no other instrument, so these are names for its values, not limits of their own.
"""

from __future__ import annotations

import math
from decimal import Decimal

TICK_POINTS = 0.25
TICK_CENTS = 125
OFF_TICK = 1e-6  # of a tick: what a price read as a float may be away from its tick
TOLERANCE = 1e-9  # comparisons of scores (spec 2)

SECOND_NS = 1_000_000_000
MINUTE_NS = 60 * SECOND_NS
HOUR_NS = 60 * MINUTE_NS


def to_points(ticks: float) -> float:
    """Price or distance in points of one in ticks, or of an array of them (may be fractional, may be nan)."""
    return ticks * TICK_POINTS


def to_ticks(points: float) -> float:
    """Ticks of a price or distance in points, or of an array of them: fractional off the tick, nan of nan."""
    return points / TICK_POINTS


def nearest_tick(points: float) -> int:
    """The tick nearest to a price in points, for prices that were on one when we wrote them. Raises ValueError of nan."""
    return round(to_ticks(points))


def whole_ticks(points: float) -> int | None:
    """Whole ticks of a price in points that anybody may have written; None if it is nan, infinite or off the tick."""
    if not math.isfinite(points):
        return None
    whole = nearest_tick(points)
    return whole if abs(to_ticks(points) - whole) < OFF_TICK else None


def to_cents(usd: Decimal | float | int) -> int:
    """Whole cents of an amount in US dollars, rounded half to even."""
    return round(Decimal(str(usd)) * 100)


def to_usd(cents: int) -> float:
    """US dollars of an amount in whole cents."""
    return cents / 100


def round_trip_fees_cents(fee_cents: int, quantity: int) -> int:
    """Commission and fees of entry and exit, of `fee_cents` a side and contract (risk_model.yaml: fee_per_side_usd)."""
    return 2 * fee_cents * quantity
