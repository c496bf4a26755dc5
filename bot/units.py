"""Ticks, cents and points of MES, and the clock's units. Prices are ticks inside, points at the edge.

One tick is 0.25 points and $1.25 a contract (constitution.yaml: instrument); the loader
accepts no other instrument, so these are names for its values, not limits of their own.
"""

from __future__ import annotations

from decimal import Decimal

TICK_POINTS = 0.25
TICK_CENTS = 125
TOLERANCE = 1e-9  # comparisons of scores (spec 2)

SECOND_NS = 1_000_000_000
MINUTE_NS = 60 * SECOND_NS
HOUR_NS = 60 * MINUTE_NS


def to_points(ticks: float) -> float:
    """Price in points of a price in ticks (may be fractional, may be nan)."""
    return ticks * TICK_POINTS


def to_cents(usd: Decimal | float | int) -> int:
    """Whole cents of an amount in US dollars, rounded half to even."""
    return round(Decimal(str(usd)) * 100)


def to_usd(cents: int) -> float:
    """US dollars of an amount in whole cents."""
    return cents / 100


def round_trip_fees_cents(fee_cents: int, quantity: int) -> int:
    """Commission and fees of entry and exit, of `fee_cents` a side and contract (risk_model.yaml: fee_per_side_usd)."""
    return 2 * fee_cents * quantity
