"""Real strategies, states in which each K's long setup just stands, their mirror, and random states.

The mirror is at 1000 ticks, the close of `builders.market`: p' = 2000 - p, high and low swapped.
"""

from __future__ import annotations

from functools import lru_cache

import msgspec
from builders import CONTRACTS, ROOT, STRONG, belief, market, mirrored
from hypothesis import strategies as st

from bot.decision.outcome import TradeOutcome
from bot.decision.plan import EntryPlan, ExitReason, Leg, NoSetup, Setup
from bot.market.bar import Bar
from bot.market.state import FailedBreak, MarketState, Regime, Sweep
from bot.runtime.runtime import RuntimeSpec
from strategies.base import ContractStrategy, ContractStrategyConfig

SPEC = RuntimeSpec(str(ROOT / "contracts"), CONTRACTS.sha256, "2025-08-01", "2025-12-31", "")
TRADERS = ("K1", "K2", "K3", "K4")  # those this kit has states for; one that was added brings its own test
NAN = float("nan")
PIVOT = 1000
TODAY = "2025-09-16"


def new_strategy(name: str) -> ContractStrategy:
    """A fresh K, built as a run builds it."""
    return CONTRACTS.declared[name].kind(ContractStrategyConfig(runtime=SPEC))


shared_strategy = lru_cache(new_strategy)


def ask(name: str, state: MarketState) -> EntryPlan | NoSetup:
    """What a K that holds no trade answers on this state."""
    strategy = shared_strategy(name)
    setup = strategy.detect(state)
    return strategy.plan_entry(setup, state) if isinstance(setup, Setup) else setup


# Each stands for long on the standard bar, open and close 1000, high 1004, low 996.
LONG: dict[str, dict[str, object]] = {
    "K1": dict(vwap_z=-1.6, close_location=0.3, micro_trend=-0.1, low_5=994, vwap_anchor=1000, vwap_offset=14.3),
    "K2": dict(failed_break=FailedBreak(1, 1.0, "prior_low", 998, 990), vwap_offset=-3.0),
    "K3": dict(sweep=Sweep(1, 1.0, 997, 989)),
    "K4": dict(prior_high_20=999, body_impulse=0.4, volume_z=0.9, micro_trend=0.6, vwap_z=0.8, trend_strength=0.5, regime=Regime.TRENDING),
}


def standing(name: str, side: int = 1, **changes: object) -> MarketState:
    """The state in which the setup of K `name` stands for `side`; `changes` are said for long."""
    effective = changes.pop("beliefs", None)
    beliefs = STRONG | {"F2": (belief(0.9), belief(0.1))} if effective is None else effective
    state = market(**(LONG[name] | {"beliefs": beliefs} | changes))
    return state if side > 0 else mirror(state)


def mirror(state: MarketState) -> MarketState:
    """The state of the mirrored bars."""
    twice, failed, sweep = 2 * PIVOT, state.failed_break, state.sweep
    turned = ("vwap_z", "vwap_offset", "trend_strength", "rejection_wick", "close_location", "micro_trend", "body_impulse")
    return msgspec.structs.replace(
        state,
        **{name: -getattr(state, name) for name in turned},
        bar=mirrored(state.bar, PIVOT),
        vwap=twice - state.vwap,
        vwap_anchor=twice - state.vwap_anchor,
        low_5=twice - state.high_5,
        high_5=twice - state.low_5,
        prior_low_20=twice - state.prior_high_20,
        prior_high_20=twice - state.prior_low_20,
        failed_break=failed and FailedBreak(-failed.side, failed.strength, failed.level_name, twice - failed.level, twice - failed.extreme),
        sweep=sweep and Sweep(-sweep.side, sweep.strength, twice - sweep.level, twice - sweep.extreme),
        beliefs={name: (short, long) for name, (long, short) in state.beliefs.items()},
    )


def mirrored_answer(answer: EntryPlan | NoSetup) -> EntryPlan | NoSetup:
    """What a K must answer in the mirror: the plan mirrored, a missing setup word for word."""
    if not isinstance(answer, EntryPlan):
        return answer
    twice, thesis = 2 * PIVOT, answer.thesis
    return msgspec.structs.replace(
        answer,
        side=-answer.side,
        limit=twice - answer.limit,
        trigger=None if answer.trigger is None else twice - answer.trigger,
        legs=tuple(Leg(leg.quantity, twice - leg.stop, twice - leg.target) for leg in answer.legs),
        thesis=msgspec.structs.replace(thesis, level=None if thesis.level is None else twice - thesis.level),
    )


def one_sided(name: str, long: float, short: float = 0.9) -> dict[str, object]:
    """Beliefs as `standing` has them, but `name` with these (long, short) effective values."""
    return STRONG | {"F2": (belief(0.9), belief(0.1))} | {name: (belief(long), belief(short))}


def closed(side: int, day: str = TODAY, reason: str = ExitReason.STOP) -> TradeOutcome:
    """A trade of K1 that ended."""
    return TradeOutcome(
        trade_id="t", strategy="K1", side=side, quantity=1, legs=1, regime="range", time_of_day="opening", trading_day=day, opened_ns=0,
        closed_ns=0, decided_ns=0, entry_price=250.0, exit_price=248.0, gross_cents=-1000, net_cents=-1124, risk_cents=1000, r=-1.124,
        target_r=2.0, exit_reason=reason, thesis_valid_at_exit=True, belief=0.9, euc={}, dvs=1.0, eqs=1.0, signals={},
        slippage_ticks=1.0, spread_ticks=1.0, mae_ticks=8, mfe_ticks=0, naked_seconds=0.0, budget_overrun=False, shadow=False,
    )  # fmt: skip


# ------------------------------------------------------------------ random states

_AROUND = {  # values at which a rule may flip, and their neighbours
    "vwap_z": (1.49, 1.5, 1.51), "micro_trend": (0.39, 0.4, 0.5, 0.51), "close_location": (0.01,), "body_impulse": (0.29, 0.3),
    "trend_strength": (0.01, 0.4),
}  # fmt: skip


def _signed(name: str) -> st.SearchStrategy[float]:
    edges = [0.0, *_AROUND[name], *(-value for value in _AROUND[name])]
    return st.sampled_from(edges) | st.floats(-3.0, 3.0) if name == "vwap_z" else st.sampled_from(edges) | st.floats(-1.0, 1.0)


_SCORE = st.sampled_from((0.59, 0.6, 0.64, 0.65, 0.7, 0.71, 0.9)) | st.floats(0.0, 1.0)
_PAIR = st.tuples(_SCORE, _SCORE).map(lambda pair: (belief(pair[0]), belief(pair[1])))
_SIDE, _STRENGTH = st.sampled_from((1, -1)), st.sampled_from((1.0, 0.5, 0.25))


@st.composite
def random_states(draw: st.DrawFn, **fixed: st.SearchStrategy) -> MarketState:
    """States with everything a K looks at drawn at random; the bar has not run past the extremes it comes from.

    `fixed` draws those fields otherwise.
    """
    low, body_low, body, up = (draw(st.integers(0, limit)) for limit in (12, 12, 12, 12))
    low = 980 + low
    ends = [low + body_low, low + body_low + body]
    open_, close = draw(st.permutations(ends))
    bar = Bar(draw(st.just(market().ts_ns)), open_, ends[1] + up, low, close, draw(st.integers(0, 5000)))
    side, reach = draw(_SIDE), draw(st.integers(0, 8))
    edge = (bar.low if side > 0 else bar.high) - side * reach
    level = edge + side * draw(st.integers(4, 12))
    values = {name: draw(_signed(name)) for name in _AROUND}
    values |= dict(
        bar=bar, session_phase=draw(st.integers(0, 6)), minute_of_session=draw(st.sampled_from((1, 29, 30, 100))),
        volume_z=draw(st.sampled_from((0.5, 0.51)) | st.floats(-3.0, 3.0)), noise=draw(_SCORE), lunch_void=draw(st.booleans()),
        vwap_anchor=draw(st.integers(990, 1010)), vwap_offset=draw(st.integers(-28, 28)) + draw(st.sampled_from((0.0, 0.01, 0.5, 0.99))),
        low_5=bar.low - draw(st.integers(0, 8)), high_5=bar.high + draw(st.integers(0, 8)),
        prior_low_20=bar.low + draw(st.integers(-9, 9)), regime=draw(st.sampled_from(Regime)),
        failed_break=draw(st.none() | st.builds(FailedBreak, st.just(side), _STRENGTH, st.just("level"), st.just(level), st.just(edge))),
        sweep=draw(st.none() | st.builds(Sweep, st.just(side), _STRENGTH, st.just(level), st.just(edge))),
        beliefs={name: draw(_PAIR) for name in ("F1", "F2", "F3", "F4")} | {"F5": (belief(draw(_SCORE)),) * 2},
    )  # fmt: skip
    values["prior_high_20"] = values["prior_low_20"] + draw(st.integers(1, 30))
    values |= {name: draw(strategy) for name, strategy in fixed.items()}
    return market(**values)
