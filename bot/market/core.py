"""MarketCore: one bar in, one MarketState out (spec 3). Plain ints and floats, O(1) a bar."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from types import MappingProxyType

import msgspec

from bot.calendar import Session, SessionCalendar
from bot.contracts.checks import CORE_BELIEFS
from bot.contracts.models import Contracts, TraderRules
from bot.market.bar import Bar
from bot.market.beliefs import NO_BELIEF, OUTSIDE_SESSION, RTH_PHASES, Applicability, BeliefBook, Evidence
from bot.market.levels import LevelBook
from bot.market.own_beliefs import OwnBeliefs
from bot.market.regime import classify, is_volatility_shock
from bot.market.rolling import RangeWindow
from bot.market.session import SessionSignals
from bot.market.shock import is_shock, usual_range
from bot.market.signals import BarSignals
from bot.market.slippage import slippage_ticks
from bot.market.state import Belief, MarketState
from bot.units import HOUR_NS

LUNCH = 3
BARS_ONLY_TICKS = 1.0  # the spread that bars alone stand for


class MarketCore:
    """Computes the state of the market bar by bar, for one contract month.

    Bars come once each, in the order of time, already judged valid (DVS); a state depends on the
    bars up to its own only. Rolling signals run over all bars; VWAP, opening range, levels, failed
    breaks, sweeps, beliefs and instability restart at the RTH open and rest outside it. After a
    roll begin a new core: nothing is carried over from another contract's prices.
    """

    def __init__(self, contracts: Contracts, calendar: SessionCalendar) -> None:
        strategies, gates = contracts.strategies, contracts.constitution.quality_gates
        self._strategies = strategies
        self._regime_limits, self._calendar = strategies.regime, calendar
        self._volatility_shock, self._news_shock = contracts.constitution.lockouts.volatility_shock, contracts.data_contract.shock_signature
        self._slippage_model = contracts.execution_contract.slippage
        self._lunch_void = strategies.signals.lunch_void
        self._signals = BarSignals(strategies.signals.climax.atr_multiple, strategies.signals.climax.volume_z, self._news_shock.body_bars)
        self._rth = SessionSignals(strategies.signals)
        self._range = RangeWindow(strategies.signals.range_bars)
        self._highs: deque[int] = deque(maxlen=strategies.signals.extreme_bars)
        self._lows: deque[int] = deque(maxlen=strategies.signals.extreme_bars)
        self._evidence, self._beliefs = Evidence(strategies.beliefs), BeliefBook(strategies.beliefs)
        self._applicability = Applicability(owners_phases(contracts), gates.dvs, gates.eqs)
        self._own = OwnBeliefs(contracts)
        self._outside = MappingProxyType(OUTSIDE_SESSION | dict.fromkeys(self._own.names, (NO_BELIEF, NO_BELIEF)))
        self._session: Session | None = None

    @property
    def levels(self) -> LevelBook:
        """The levels of the session, with their touches and breaks."""
        return self._rth.book

    @property
    def faults(self) -> Mapping[str, str]:
        """What the evidence functions of strategies did wrong on the last bar, by belief, as sentences."""
        return MappingProxyType(self._own.faults)

    def forget_levels(self) -> None:
        """Another contract's prices begin with the next bar: yesterday's levels, extremes and close are not carried over."""
        signals = self._strategies.signals
        self._range = RangeWindow(signals.range_bars)
        self._highs.clear()
        self._lows.clear()
        self._signals.forget_close()
        self._rth.forget_levels()

    def update(self, bar: Bar, dvs: float, eqs: float, spread_ticks: float = BARS_ONLY_TICKS) -> MarketState:
        """The state at the close of `bar`. Scores 0..1; nan is unknown and makes every belief inapplicable.

        `spread_ticks` is the quote's, 1 when there are only bars, nan when there should be a quote and is none.
        Never raises for a date that the calendar
        does not cover: that is outside RTH.
        """
        signals, rth = self._signals, self._rth
        session = self._calendar.session_at(bar.ts_ns)
        minute = self._calendar.minute_of_session(session, bar.ts_ns) if session else 0
        if session is not self._session:
            self._change_session(session, minute, bar)
        signals.update(bar)
        self._highs.append(bar.high)
        self._lows.append(bar.low)
        if session:
            rth.update(bar, minute, signals)
        else:
            rth.observe(bar)
        core = self._state(bar, session, dvs, eqs, spread_ticks)
        if not (session and self._own.names):
            return core
        return msgspec.structs.replace(core, beliefs=MappingProxyType({**core.beliefs, **self._own.of(core)}))

    def pass_over(self, bar: Bar) -> None:
        """Take in a bar outside any session of which nobody asks the state: what comes after it is as if it had been asked for."""
        if self._session is not None:
            self._change_session(None, 0, bar)
        self._signals.update(bar)
        self._highs.append(bar.high)
        self._lows.append(bar.low)
        self._rth.observe(bar)
        self._range.update(bar)

    def _change_session(self, session: Session | None, minute: int, bar: Bar) -> None:
        self._session = session
        if session is None:
            self._rth.rest()
            return
        self._rth.begin(minute, bar, self._signals.last_close)
        self._beliefs.restart()
        self._own.restart()

    def _state(self, bar: Bar, session: Session | None, dvs: float, eqs: float, spread_ticks: float) -> MarketState:
        # long because: one line a field, and a field belongs where its signal is at hand
        signals, rth = self._signals, self._rth
        phase = self._calendar.phase(bar.ts_ns)
        atr_norm, noise = rth.atr_norm, signals.noise
        lunch_void = phase == LUNCH and atr_norm < self._lunch_void.atr_norm and signals.volume_z < self._lunch_void.volume_z
        slippage_base, slippage = slippage_ticks(
            self._slippage_model,
            atr_norm,
            spread_ticks,
            first_hour=session is not None and bar.ts_ns < session.open_ns + HOUR_NS,
            last_hour=session is not None and bar.ts_ns >= session.close_ns - HOUR_NS,
        )
        prior_high_20, prior_low_20 = self._range.update(bar)
        return MarketState(
            bar=bar,
            session=session,
            session_phase=phase,
            minute_of_session=rth.minute,
            dvs=dvs,
            eqs=eqs,
            vwap=rth.vwap,
            vwap_anchor=rth.vwap_anchor,
            vwap_offset=rth.vwap_offset,
            vwap_sigma=rth.vwap_sigma,
            vwap_z=rth.vwap_z,
            true_range=float(signals.true_range),
            atr_14=signals.atr_14,
            atr_30=signals.atr_30,
            atr_norm=atr_norm,
            trend_strength=signals.trend_strength,
            rejection_wick=signals.rejection_wick,
            close_location=signals.close_location,
            micro_trend=signals.micro_trend,
            body_impulse=signals.body_impulse,
            efficiency=signals.efficiency,
            volume_z=signals.volume_z,
            range_expansion=signals.range_expansion,
            climax=signals.climax == 1.0,
            participation=signals.participation,
            noise=noise,
            lunch_void=lunch_void,
            volatility_shock=is_volatility_shock(
                self._volatility_shock, atr_norm, signals.true_range, signals.atr_30_before, rth.median_range
            ),
            news_shock=is_shock(
                self._news_shock,
                signals.true_range,
                usual_range(signals.atr_30_before, rth.median_range),
                signals.volume_z,
                bar.close - bar.open,
                signals.body_deviation,
            ),
            spread_ticks=spread_ticks,
            slippage_base_ticks=slippage_base,
            slippage_ticks=slippage,
            low_5=min(self._lows),
            high_5=max(self._highs),
            prior_low_20=prior_low_20,
            prior_high_20=prior_high_20,
            failed_break=rth.failed_break,
            sweep=rth.sweep,
            regime=classify(self._regime_limits, atr_norm, signals.trend_strength, signals.efficiency, noise),
            beliefs=MappingProxyType(self._believe(phase, dvs, eqs, lunch_void)) if session else self._outside,
            levels=MappingProxyType(rth.levels),
            warming_up=self._warming_up(spread_ticks),
        )

    def _warming_up(self, spread_ticks: float) -> tuple[str, ...]:
        missing = _undefined(self._signals, self._rth)
        if spread_ticks != spread_ticks:
            missing = (*missing, "spread_ticks")
        return missing if missing or self._range.full else ("prior_high_20", "prior_low_20")

    def _believe(self, phase: int, dvs: float, eqs: float, lunch_void: bool) -> dict[str, tuple[Belief, Belief]]:
        s, rth, evidence = self._signals, self._rth, self._evidence
        wick, location, micro = s.rejection_wick, s.close_location, s.micro_trend
        pairs = (
            evidence.reversion(rth.vwap_z, wick, location, micro, s.efficiency),
            evidence.failed_break(rth.failed_break, wick, location, s.volume_z),
            evidence.sweep(rth.sweep, wick, location, s.climax),
            evidence.momentum(s.trend_strength, micro, s.body_impulse, s.range_expansion, s.participation),
        )
        return self._beliefs.update(pairs, evidence.noise(s.noise, lunch_void), self._applicability.update(phase, dvs, eqs))


def owners_phases(contracts: Contracts) -> list[frozenset[int]]:
    """When each of the core's beliefs applies: in the phases of the strategy that owns it, all session long if that has none."""
    rules = (contracts.rules[getattr(contracts.strategies.beliefs, name).owner] for name in CORE_BELIEFS)
    return [frozenset(law.phases) if isinstance(law, TraderRules) else RTH_PHASES for law in rules]


_SIGNAL_NAMES = (
    "atr_14", "atr_30", "trend_strength", "micro_trend", "body_impulse", "efficiency", "volume_z", "range_expansion",
    "participation", "noise",
)  # fmt: skip
_SESSION_NAMES = ("vwap_z", "atr_norm")


def _undefined(signals: BarSignals, rth: SessionSignals) -> tuple[str, ...]:
    """Names of the signals that are nan and that a rule needs."""
    # The three are the last to be defined; a sum is nan if one of them is. The names are worked out only then.
    total = signals.trend_strength + signals.range_expansion + signals.noise
    if total == total:
        if not rth.minute:
            return _SESSION_NAMES
        if rth.vwap_z + rth.atr_norm == rth.vwap_z + rth.atr_norm:
            return ()
    missing = [name for name in _SIGNAL_NAMES if (value := getattr(signals, name)) != value]
    return tuple(missing + [name for name in _SESSION_NAMES if (value := getattr(rth, name)) != value])
