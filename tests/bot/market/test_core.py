"""The whole market state: session boundaries, warm-up, mirror, prefix, ranges."""

from __future__ import annotations

import csv
import datetime as dt
import gzip
import math
import statistics
from pathlib import Path

import msgspec
import pytest
from builders import mirrored
from hypothesis import given, settings
from hypothesis import strategies as st
from random_bars import random_bars

from bot.calendar import SessionCalendar, clock_ns
from bot.contracts import Contracts
from bot.market.bar import Bar
from bot.market.core import MarketCore
from bot.market.state import Belief, MarketState, Regime
from bot.units import MINUTE_NS

REAL_BARS = Path(__file__).resolve().parents[3].parent / "shared/data/ESZ5_1min_2025-08-31_2025-10-17.csv.gz"
SIGNED = {"vwap_z", "vwap_offset", "trend_strength", "rejection_wick", "close_location", "micro_trend", "body_impulse"}
UNSIGNED = {
    "session", "session_phase", "minute_of_session", "dvs", "eqs", "vwap_sigma", "true_range", "atr_14", "atr_30", "atr_norm",
    "efficiency", "volume_z", "range_expansion", "climax", "participation", "noise", "lunch_void", "volatility_shock",
    "news_shock", "spread_ticks", "slippage_base_ticks", "slippage_ticks", "regime", "warming_up",
}  # fmt: skip
RANGES = {
    "vwap_z": (-3, 3), "atr_norm": (0, 1), "trend_strength": (-1, 1), "rejection_wick": (-1, 1), "close_location": (-1, 1),
    "micro_trend": (-1, 1), "body_impulse": (-1, 1), "efficiency": (0, 1), "volume_z": (-3, 3), "range_expansion": (0, 1),
    "participation": (0, 1), "noise": (0, 1), "session_phase": (0, 6), "minute_of_session": (0, 390),
    "slippage_base_ticks": (1, 6), "slippage_ticks": (1, 6),
}  # fmt: skip
OPEN_NS = clock_ns(dt.date(2025, 9, 15), dt.time(9, 30))


def run(contracts: Contracts, calendar: SessionCalendar, bars: list[Bar], dvs: float = 1.0) -> list[MarketState]:
    core = MarketCore(contracts, calendar)
    return [core.update(bar, dvs, 1.0) for bar in bars]


@pytest.fixture(scope="module")
def states(contracts: Contracts, calendar: SessionCalendar, week_of_bars: list[Bar]) -> list[MarketState]:
    return run(contracts, calendar, week_of_bars)


def same(a: float, b: float) -> bool:
    return a == b or (a != a and b != b)


def same_belief(a: Belief, b: Belief) -> bool:
    return all(same(x, y) for x, y in zip(msgspec.structs.astuple(a), msgspec.structs.astuple(b), strict=True))


def differences_in_mirror(plain: MarketState, mirror: MarketState, pivot: int) -> list[str]:
    """Names of what is not exactly mirrored."""
    twice = 2 * pivot
    wrong = [name for name in SIGNED if not same(getattr(mirror, name), -getattr(plain, name))]
    for name in UNSIGNED:
        a, b = getattr(mirror, name), getattr(plain, name)
        if not (same(a, b) if isinstance(a, float) else a == b):
            wrong.append(name)
    for high, low in (("high_5", "low_5"), ("prior_high_20", "prior_low_20")):
        if (getattr(mirror, high), getattr(mirror, low)) != (twice - getattr(plain, low), twice - getattr(plain, high)):
            wrong.append(high)
    if plain.session and plain.vwap == plain.vwap and mirror.vwap_anchor != twice - plain.vwap_anchor:
        wrong.append("vwap_anchor")
    if not math.isnan(plain.vwap) and not math.isclose(mirror.vwap, twice - plain.vwap, abs_tol=1e-9):
        wrong.append("vwap")
    turned = {_other(name): twice - price for name, price in plain.levels.items()}
    if turned != mirror.levels:
        wrong.append("levels")
    for name in ("failed_break", "sweep"):
        a, b = getattr(plain, name), getattr(mirror, name)
        if (a is None) != (b is None) or (
            a and (-a.side, a.strength, twice - a.level, twice - a.extreme) != (b.side, b.strength, b.level, b.extreme)
        ):
            wrong.append(name)
    for name, (long, short) in plain.beliefs.items():
        if not (same_belief(mirror.beliefs[name][0], short) and same_belief(mirror.beliefs[name][1], long)):
            wrong.append(name)
    return wrong


def _other(level: str) -> str:
    swaps = {"high": "low", "low": "high", "upper": "lower", "lower": "upper"}
    stem, edge = level.rsplit("_", 1)
    return f"{stem}_{swaps[edge]}"


def test_the_mirror_compares_every_field() -> None:
    compared = SIGNED | UNSIGNED | {"bar", "vwap", "vwap_anchor", "low_5", "high_5", "prior_low_20", "prior_high_20"}
    assert compared | {"failed_break", "sweep", "beliefs", "levels"} == set(MarketState.__struct_fields__)


@pytest.mark.parametrize("pivot", [0, 25_600, 31_007])
def test_mirrored_bars_give_exactly_mirrored_states(
    contracts: Contracts, calendar: SessionCalendar, week_of_bars: list[Bar], states: list[MarketState], pivot: int
) -> None:
    mirror = run(contracts, calendar, [mirrored(bar, pivot) for bar in week_of_bars])
    wrong = [(plain.ts_ns, differences_in_mirror(plain, turned, pivot)) for plain, turned in zip(states, mirror, strict=True)]
    assert [found for found in wrong if found[1]] == []


@settings(max_examples=30, deadline=None)
@given(random_bars(OPEN_NS - 40 * MINUTE_NS, min_size=60, max_size=130), st.integers(20_000, 30_000))
def test_any_bars_mirror_exactly(contracts: Contracts, calendar: SessionCalendar, bars: list[Bar], pivot: int) -> None:
    plain = run(contracts, calendar, bars)
    mirror = run(contracts, calendar, [mirrored(bar, pivot) for bar in bars])
    assert [differences_in_mirror(a, b, pivot) for a, b in zip(plain, mirror, strict=True)] == [[] for _ in bars]


def test_a_state_does_not_depend_on_later_bars(
    contracts: Contracts, calendar: SessionCalendar, week_of_bars: list[Bar], states: list[MarketState]
) -> None:
    cut = len(week_of_bars) - 250  # within the last session
    other = [mirrored(bar, week_of_bars[cut].close) for bar in week_of_bars[cut:]]
    assert states[cut - 1].session is not None
    found = run(contracts, calendar, week_of_bars[:cut] + other)
    assert [repr(state) for state in found[:cut]] == [repr(state) for state in states[:cut]]


def test_every_signal_keeps_its_range(states: list[MarketState]) -> None:
    for state in states:
        for name, (low, high) in RANGES.items():
            value = getattr(state, name)
            assert math.isnan(value) or low <= value <= high, name
        for pair in state.beliefs.values():
            for belief in pair:
                assert 0.0 <= belief.effective <= 1.0 and 0.0 <= belief.applicability <= 1.0
        if state.session:
            assert state.vwap_sigma >= 2.0


def test_warm_up_ends_when_the_minutes_medians_are_known(states: list[MarketState]) -> None:
    sessions = sorted({state.session.date for state in states if state.session})
    for state in states:
        if state.session is None:
            assert {"vwap_z", "atr_norm"} <= set(state.warming_up)
        else:
            known = sessions.index(state.session.date) >= 5
            assert state.warming_up == (() if known else ("atr_norm",))
            assert (state.regime is Regime.UNKNOWN) is not known


def test_a_minute_that_is_always_wide_is_news_only_while_nobody_knows_its_usual_range(
    contracts: Contracts, calendar: SessionCalendar
) -> None:
    sessions = [session for session in calendar.sessions if not session.half_day][:6]
    quiet = (100, 104, 96, 101, 500)
    bars = [
        Bar(session.open_ns + minute * MINUTE_NS, *((100, 141, 100, 141, 5000) if minute == 65 else quiet))
        for session in sessions
        for minute in range(1, 66)
    ]
    wide = run(contracts, calendar, bars)[64::65]
    assert [state.news_shock for state in wide] == [True] * 5 + [False]


def test_the_first_bars_name_what_is_undefined(contracts: Contracts, calendar: SessionCalendar) -> None:
    bars = [Bar(OPEN_NS + minute * MINUTE_NS, 100, 104, 96, 100 + minute % 3, 500 + minute) for minute in range(1, 70)]
    states = run(contracts, calendar, bars)
    for state in states:
        undefined = [name for name in state.warming_up if name != "atr_norm"]
        assert undefined == [name for name in undefined if math.isnan(getattr(state, name))]
    assert set(states[0].warming_up) == {
        "atr_14", "atr_30", "trend_strength", "micro_trend", "body_impulse", "efficiency", "volume_z", "range_expansion",
        "participation", "noise", "atr_norm",
    }  # fmt: skip
    assert all(belief.effective == 0.0 for name in ("F1", "F2", "F3", "F4", "F5") for belief in states[0].beliefs[name])
    assert states[-1].warming_up == ("atr_norm",)


def test_atr_norm_compares_with_the_same_minute_of_earlier_sessions(states: list[MarketState]) -> None:
    by_minute: dict[int, list[float]] = {}
    for state in states:
        if state.session:
            earlier = by_minute.setdefault(state.minute_of_session, [])
            if len(earlier) >= 5:
                assert state.atr_norm == pytest.approx(min(state.atr_14 / statistics.median(earlier), 3.0) / 3.0, abs=1e-9)
            earlier.append(state.atr_14)


def test_beliefs_rest_outside_the_session_and_in_the_wrong_phase(states: list[MarketState]) -> None:
    for state in states:
        if state.session is None or state.session_phase == 6:
            assert all(belief.effective == 0.0 for pair in state.beliefs.values() for belief in pair)
        if state.session_phase == 3:
            assert state.belief("F1", 1).effective == 0.0 and state.belief("F5", 1).applicability == 1.0


def test_beliefs_and_vwap_restart_at_the_open(states: list[MarketState]) -> None:
    first = [state for state in states if state.minute_of_session == 1]
    assert len(first) == 8
    for state in first:
        assert state.vwap_anchor == state.bar.open
        assert state.vwap == pytest.approx((state.bar.high + state.bar.low + state.bar.close) / 3)
        assert all(belief.instability == 0.0 for pair in state.beliefs.values() for belief in pair)


def test_levels_are_those_of_the_sessions_before(states: list[MarketState]) -> None:
    rth: dict[str, list[Bar]] = {}
    overnight: list[Bar] = []
    done: list[str] = []
    for state in states:
        if state.session is None:
            overnight.append(state.bar)
            continue
        date = state.session.date
        if date not in rth:
            rth[date] = []
            known = {"overnight_high": max(b.high for b in overnight), "overnight_low": min(b.low for b in overnight)}
            if done:
                known |= {"prior_high": max(b.high for b in rth[done[-1]]), "prior_low": min(b.low for b in rth[done[-1]])}
            overnight = []
            done.append(date)
        rth[date].append(state.bar)
        if state.minute_of_session == 15:
            known |= {"opening_high": max(b.high for b in rth[date]), "opening_low": min(b.low for b in rth[date])}
        bands = {name: state.levels[name] for name in ("vwap_upper", "vwap_lower")}
        assert state.levels == known | bands
        assert bands["vwap_upper"] == pytest.approx(state.vwap + 1.5 * state.vwap_sigma, abs=0.5 + 1e-9)


def test_unknown_data_quality_makes_no_belief_effective(contracts: Contracts, calendar: SessionCalendar, week_of_bars: list[Bar]) -> None:
    blind = run(contracts, calendar, week_of_bars[-700:], dvs=math.nan)
    assert any(state.session for state in blind)
    assert all(belief.effective == 0.0 for state in blind for pair in state.beliefs.values() for belief in pair)


def test_a_session_whose_open_was_missed_has_no_vwap(contracts: Contracts, calendar: SessionCalendar) -> None:
    bars = [Bar(OPEN_NS + minute * MINUTE_NS, 100, 104, 96, 100, 500) for minute in range(2, 40)]
    for state in run(contracts, calendar, bars):
        assert math.isnan(state.vwap_z) and "vwap_z" in state.warming_up
        assert not set(state.levels) & {"vwap_upper", "opening_high"}
    next_open = Bar(OPEN_NS + 24 * 60 * MINUTE_NS + MINUTE_NS, 100, 104, 96, 100, 500)
    assert set(run(contracts, calendar, [*bars, next_open])[-1].levels) == {"vwap_upper", "vwap_lower"}


def test_a_date_that_no_calendar_covers_is_observed_only(contracts: Contracts, calendar: SessionCalendar) -> None:
    noon = clock_ns(dt.date(2031, 1, 2), dt.time(12))
    (state,) = run(contracts, calendar, [Bar(noon, 100, 104, 96, 100, 500)])
    assert (state.session, state.session_phase, state.minute_of_session) == (None, 0, 0)


@pytest.mark.parametrize(
    ("clock", "factor"), [("09:31", 1.5), ("10:29", 1.5), ("10:30", 1.0), ("14:59", 1.0), ("15:00", 1.3), ("15:59", 1.3)]
)
def test_slippage_is_worse_in_the_first_and_last_hour(contracts: Contracts, calendar: SessionCalendar, clock: str, factor: float) -> None:
    ts_ns = clock_ns(dt.date(2025, 9, 15), dt.time.fromisoformat(clock))
    (state,) = run(contracts, calendar, [Bar(ts_ns, 100, 104, 96, 100, 500)])
    assert state.slippage_ticks == math.ceil(state.slippage_base_ticks * factor)


def test_a_half_days_last_hour_ends_at_one(contracts: Contracts, calendar: SessionCalendar) -> None:
    ts_ns = clock_ns(dt.date(2025, 11, 28), dt.time(12))
    (state,) = run(contracts, calendar, [Bar(ts_ns, 100, 104, 96, 100, 500)])
    assert (state.slippage_base_ticks, state.slippage_ticks) == (3, 4)


def test_a_quiet_lunch_is_a_void(states: list[MarketState]) -> None:
    for state in states:
        assert state.lunch_void == (state.session_phase == 3 and state.atr_norm < 0.33 and state.volume_z < 0)
    assert any(state.lunch_void for state in states)


@pytest.mark.skipif(not REAL_BARS.exists(), reason=f"real bars are not at {REAL_BARS}")
def test_real_bars_mirror_exactly_and_warm_up_in_five_sessions(contracts: Contracts, calendar: SessionCalendar) -> None:
    bars = _real_bars()
    plain = run(contracts, calendar, bars)
    mirror = run(contracts, calendar, [mirrored(bar, 26_500) for bar in bars])
    assert [a.ts_ns for a, b in zip(plain, mirror, strict=True) if differences_in_mirror(a, b, 26_500)] == []
    unready = {state.session.date for state in plain if state.session and state.warming_up}
    assert len(unready) == 5


def _real_bars() -> list[Bar]:
    with gzip.open(REAL_BARS, "rt") as file:
        return [
            Bar(
                (int(dt.datetime.fromisoformat(row["timestamp"]).timestamp()) + 60) * 10**9,
                *(round(float(row[name]) * 4) for name in ("open", "high", "low", "close")),
                int(float(row["volume"])),
            )
            for row in csv.DictReader(file)
        ]
