"""A K without an engine, states in a mirror, and what a K makes of them."""

from __future__ import annotations

from functools import lru_cache

import msgspec
from builders import CONTRACTS, mirrored

from bot.decision.plan import EntryPlan, Leg, NoSetup, Setup
from bot.market.state import FailedBreak, MarketState, Sweep
from bot.runtime.runtime import RuntimeSpec
from strategies.base import ContractStrategy, ContractStrategyConfig

PIVOT = 1000
SPEC = RuntimeSpec(CONTRACTS.directory, CONTRACTS.sha256, "2025-08-01", "2025-12-31", "")


@lru_cache
def strategy(name: str) -> ContractStrategy:
    """A K under the standing contracts; it keeps nothing but K5's stop-outs."""
    return CONTRACTS.declared[name].kind(ContractStrategyConfig(runtime=SPEC))


def flip(price: int) -> int:
    return 2 * PIVOT - price


def in_a_mirror(state: MarketState) -> MarketState:
    """The same market seen in a mirror at PIVOT: prices reflected, signed signals negated, sides of beliefs swapped."""
    signed = ("vwap_z", "trend_strength", "rejection_wick", "close_location", "micro_trend", "body_impulse", "vwap_offset")
    failed, sweep = state.failed_break, state.sweep
    return msgspec.structs.replace(
        state,
        **{name: -getattr(state, name) for name in signed},
        bar=mirrored(state.bar, PIVOT),
        vwap=flip(state.vwap),
        vwap_anchor=flip(state.vwap_anchor),
        low_5=flip(state.high_5),
        high_5=flip(state.low_5),
        prior_low_20=flip(state.prior_high_20),
        prior_high_20=flip(state.prior_low_20),
        failed_break=failed and FailedBreak(-failed.side, failed.strength, failed.level_name, flip(failed.level), flip(failed.extreme)),
        sweep=sweep and Sweep(-sweep.side, sweep.strength, flip(sweep.level), flip(sweep.extreme)),
        beliefs={name: pair[::-1] for name, pair in state.beliefs.items()},
    )


def plan_in_a_mirror(plan: EntryPlan) -> EntryPlan:
    level = plan.thesis.level
    return msgspec.structs.replace(
        plan,
        side=-plan.side,
        limit=flip(plan.limit),
        trigger=None if plan.trigger is None else flip(plan.trigger),
        legs=tuple(Leg(leg.quantity, flip(leg.stop), flip(leg.target)) for leg in plan.legs),
        thesis=msgspec.structs.replace(plan.thesis, level=None if level is None else flip(level)),
    )


def answer(name: str, state: MarketState) -> EntryPlan | NoSetup:
    """What a K says to a state; asserted to be the mirror image of what it says to the mirrored one."""
    found, other = _asked(name, state), _asked(name, in_a_mirror(state))
    assert other == (plan_in_a_mirror(found) if isinstance(found, EntryPlan) else found)
    return found


def _asked(name: str, state: MarketState) -> EntryPlan | NoSetup:
    setup = strategy(name).detect(state)
    return strategy(name).plan_entry(setup, state) if isinstance(setup, Setup) else setup
