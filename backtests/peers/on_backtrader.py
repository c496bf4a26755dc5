"""K1–K5 as a backtrader user writes them: signals as lines and Indicators, entries as brackets. `make bench-peers` runs it.

By hand from the same rules as strategies/, with the numbers of contracts/strategies.yaml; prices are points, a bar is stamped at its
close, New York. It imports nothing of mesbot. Left out of the law: the journal; DVS and EQS, which scale the beliefs; the risk engine,
with every limit on risk, stops, losses, frequency and size; lockouts, tiers, learning and EUC (of two setups the lower K is taken); half
days. A bracket's stop is moved by cancelling both children and sending them anew, since backtrader modifies no order.

    python on_backtrader.py BARS.csv STRATEGIES.json [look]        # prints JSON: bars, seconds, setups, entries

With `look` it enters nothing, so that every setup is seen.
"""

from __future__ import annotations

import json
import sys
import time
from collections import defaultdict, deque
from dataclasses import dataclass, field
from datetime import timedelta
from math import exp, floor, isnan, nan, sqrt
from statistics import median
from types import SimpleNamespace as Numbers

import backtrader as bt
import pandas as pd

TICK = 0.25
OPEN, MINUTES = 9 * 60 + 30, 390  # of the RTH session, New York
NO_ENTRY = ((1, 5), (120, 240), (384, 391))  # minutes of the session, half-open: opening, lunch, late
FLATTEN = 384
PHASES = ((1, 60), (2, 120), (3, 240), (4, 330), (5, 390))  # code, and the minute it ends at
K1_FROM = 30
TIME_TO_LIVE = timedelta(seconds=90)
FAINTEST = 2.0**-6


def clip(value, limit=1.0):
    """The value within -limit..limit."""
    return max(-limit, min(limit, value))


def logistic(value):
    """1 / (1 + exp(-value))."""
    return 1.0 / (1.0 + exp(-value))


def phase_of(minute):
    """The phase of a session's minute; 0 outside."""
    return next((code for code, end in PHASES if minute < end), 6) if minute else 0


class Session(bt.Indicator):
    """Minute of the RTH session, 1..390; 0 outside."""

    lines = ("minute",)

    def next(self):
        now = self.data.datetime.time(0)
        minute = now.hour * 60 + now.minute - OPEN
        self.lines.minute[0] = minute if 1 <= minute <= MINUTES else 0


class Signals(bt.Indicator):
    """The signals that need no session, as lines."""

    lines = (
        "atr_14", "atr_30", "trend", "wick", "location", "micro_trend", "impulse", "efficiency", "volume_z", "true_range", "noise",
        "high_20", "low_20", "high_5", "low_5",
    )  # fmt: skip

    def __init__(self):
        opening, high, low, close = self.data.open, self.data.high, self.data.low, self.data.close
        height, change = high - low, close - close(-1)
        self.lines.true_range = reach = bt.ind.TrueRange(self.data)
        self.lines.atr_14, self.lines.atr_30 = bt.ind.ATR(self.data, period=14), bt.ind.ATR(self.data, period=30)
        up, down = bt.And(high > high(-1), low > low(-1)), bt.And(high < high(-1), low < low(-1))
        self.lines.trend = bt.ind.SumN(up - down, period=30) / 30.0
        self.lines.wick = bt.DivByZero(bt.Min(opening, close) - low - (high - bt.Max(opening, close)), reach)
        self.lines.location = bt.DivByZero(2.0 * close - high - low, height)
        self.lines.micro_trend = within(bt.DivByZero(close - close(-5), self.lines.atr_14 * sqrt(5)), 1.0)
        self.lines.impulse = within(bt.DivByZero(close - opening, 2.0 * self.lines.atr_14), 1.0)
        self.lines.efficiency = bt.DivByZero(abs(close - close(-20)), bt.ind.SumN(abs(change), period=20))
        volume = self.data.volume
        unusual = bt.DivByZero(volume - bt.ind.SMA(volume, period=60), bt.ind.StdDev(volume, period=60))
        self.lines.volume_z = within(unusual, 3.0)
        shared, smaller = bt.Min(high, high(-1)) - bt.Max(low, low(-1)), bt.Min(height, height(-1))
        overlap = bt.If(shared < 0.0, 0.0, bt.DivByZero(shared, smaller, zero=1.0))
        turns = bt.ind.SMA(change * change(-1) < 0.0, period=10)
        self.lines.noise = 0.5 * (1.0 - self.lines.efficiency) + 0.3 * bt.ind.SMA(overlap, period=10) + 0.2 * turns
        self.lines.high_20, self.lines.low_20 = bt.ind.Highest(high, period=20)(-1), bt.ind.Lowest(low, period=20)(-1)
        self.lines.high_5, self.lines.low_5 = bt.ind.Highest(high, period=5), bt.ind.Lowest(low, period=5)


def within(line, limit):
    """A line clipped to -limit..limit."""
    return bt.Max(-limit, bt.Min(limit, line))


class SessionVwap(bt.Indicator):
    """VWAP of the typical price from the RTH open, its deviation, and how many of them the close is away. Of: bars, session."""

    lines = ("vwap", "sigma", "z")
    params = (("law", None),)

    def __init__(self):
        self.weight = self.product = self.squares = 0.0

    def next(self):
        if not self.data1[0]:
            return
        if self.data1[0] == 1:
            self.weight = self.product = self.squares = 0.0
            self.anchor = self.data.open[0]
        away, volume = (self.data.high[0] + self.data.low[0] + self.data.close[0]) / 3.0 - self.anchor, self.data.volume[0]
        self.weight += volume
        self.product += away * volume
        self.squares += away * away * volume
        mean = self.product / self.weight
        sigma = sqrt(max(self.squares / self.weight - mean * mean, 0.0))
        self.lines.sigma[0] = max(sigma, self.p.law.signals.vwap_sigma_floor_ticks * TICK)
        self.lines.vwap[0] = self.anchor + mean
        self.lines.z[0] = clip((self.data.close[0] - self.lines.vwap[0]) / self.lines.sigma[0], 3.0)


class AtrNorm(bt.Indicator):
    """ATR over its median at this minute of the last sessions, a third of it, 0..1. Of: signals, session."""

    lines = ("atr_norm",)
    params = (("law", None),)

    def __init__(self):
        self.by_minute = defaultdict(lambda: deque(maxlen=self.p.law.signals.atr_norm_sessions))

    def next(self):
        if not self.data1[0]:
            return
        values, atr = self.by_minute[self.data1[0]], self.data.atr_14[0]
        if len(values) >= self.p.law.signals.atr_norm_min_sessions:
            self.lines.atr_norm[0] = min(atr / median(values), 3.0) / 3.0
        values.append(atr)


class Level:
    """A high (side 1) or low (-1) of the session, and its break if one is under way."""

    def __init__(self, side, price, close):
        self.side, self.price, self.age = side, price, -1
        self.outside = (close - price) * side > 0

    def update(self, reach, close, law):
        """(level, extreme) if this bar closes back inside a break in time, else None."""
        side = self.side
        if self.age < 0:
            if self.outside:
                self.outside = (close - self.price) * side >= 0
                return None
            if (reach - self.price) * side < law.min_break_ticks * TICK:
                return None
            self.broken, self.extreme = self.price, reach
        self.age += 1
        self.extreme = max(self.extreme * side, reach * side) * side
        if (self.broken - close) * side > 0:
            self.age = -1
            return self.broken, self.extreme
        if self.age >= law.max_bars:
            self.age, self.outside = -1, True
        return None


class FailedBreak(bt.Indicator):
    """The newest failed break of a level: side toward the fade × strength, level, extreme. Of: bars, session, vwap."""

    lines = ("signed", "level", "extreme")
    params = (("law", None),)

    def __init__(self):
        self.levels, self.prior, self.rth, self.night, self.newest = {}, None, None, None, None

    def next(self):
        minute, high, low, close = self.data1[0], self.data.high[0], self.data.low[0], self.data.close[0]
        if not minute:
            self.night = (max(self.night[0], high), min(self.night[1], low)) if self.night else (high, low)
            return
        if minute == 1:
            before = self.data.close[-1]
            self.levels, self.newest = {}, None
            for name, edges in (("prior", self.rth), ("overnight", self.night)):
                self.add(name, edges, before)
            self.rth, self.night = (high, low), None
        self.rth = max(self.rth[0], high), min(self.rth[1], low)
        self.follow(high, low, close)
        if minute == self.p.law.signals.levels.opening_range_minutes:
            self.add("opening", self.rth, close)
        self.move_bands(close)
        side, strength, level, extreme = self.newest or (0, 0.0, nan, nan)
        self.lines.signed[0], self.lines.level[0], self.lines.extreme[0] = side * strength, level, extreme

    def add(self, name, edges, close):
        """Add a range's two edges."""
        if edges:
            self.levels[name, 1], self.levels[name, -1] = Level(1, edges[0], close), Level(-1, edges[1], close)

    def follow(self, high, low, close):
        """Take the bar to every level; of several breaks that fail the deepest counts, equally deep ones of both sides cancel."""
        if self.newest:
            side, strength, *where = self.newest
            self.newest = (side, strength / 2, *where) if strength > FAINTEST else None
        failed = []
        for (_, side), level in self.levels.items():
            if found := level.update(high if side > 0 else low, close, self.p.law.signals.failed_break):
                failed.append((-side, 1.0, *found))
        depth = max((abs(extreme - level) for _, _, level, extreme in failed), default=0.0)
        deepest = [each for each in failed if abs(each[3] - each[2]) == depth]
        if len({side for side, *_ in deepest}) == 1:
            self.newest = deepest[0]

    def move_bands(self, close):
        """VWAP's bands are levels that move, judged from the next bar on."""
        width = self.p.law.signals.levels.vwap_band_sigma * self.data2.sigma[0]
        edges = [round((self.data2.vwap[0] + side * width) / TICK) * TICK for side in (1, -1)]
        if ("band", 1) in self.levels:
            self.levels["band", 1].price, self.levels["band", -1].price = edges
        else:
            self.add("band", edges, close)


class Sweep(bt.Indicator):
    """The newest sweep of a 20-bar extreme: side toward the reversal × strength, level, extreme. Of: bars, session, signals."""

    lines = ("signed", "level", "extreme")
    params = (("law", None),)

    def __init__(self):
        self.newest = None

    def next(self):
        minute = self.data1[0]
        if not minute:
            return
        if minute == 1:
            self.newest = None
        elif self.newest:
            side, strength, *where = self.newest
            self.newest = (side, strength / 2, *where) if strength > FAINTEST else None
        found = self.found(minute) if self.data2.volume_z[0] > self.p.law.signals.sweep.volume_z else []
        if len(found) == 1:
            self.newest = found[0]
        side, strength, level, extreme = self.newest or (0, 0.0, nan, nan)
        self.lines.signed[0], self.lines.level[0], self.lines.extreme[0] = side * strength, level, extreme

    def found(self, minute):
        """The sweeps that this bar completes, of highs and of lows."""
        high, low, close = self.data.high[0], self.data.low[0], self.data.close[0]
        sweeps = []
        for side, turned in ((1, 3 * (close - low) <= high - low), (-1, 3 * (high - close) <= high - low)):
            reaches, edges = (self.data.high, self.data2.high_20) if side > 0 else (self.data.low, self.data2.low_20)
            for back in range(int(min(self.p.law.signals.sweep.max_bars, minute))) if turned else ():
                level = edges[-back]
                extreme = max(reaches[-each] * side for each in range(back + 1)) * side
                ran = (extreme - level) * side >= self.p.law.signals.sweep.min_exceed_ticks * TICK
                first = all((self.data.close[-each] - level) * side >= 0 for each in range(1, back + 1))
                if ran and first and (level - close) * side > 0:
                    sweeps.append((-side, 1.0, level, extreme))
                    break
        return sweeps


class Beliefs(bt.Indicator):
    """F1–F4 of long and of short, and F5: evidence -> logistic -> smoothed. Of: signals, session, vwap, failed break, sweep, ATR norm."""

    lines = ("f1_long", "f1_short", "f2_long", "f2_short", "f3_long", "f3_short", "f4_long", "f4_short", "f5")
    params = (("law", None),)

    def __init__(self):
        law = self.p.law.beliefs
        laws = [law.F1, law.F1, law.F2, law.F2, law.F3, law.F3, law.F4, law.F4, law.F5]
        self.laws = [(each.a, each.b, 1.0 - 2.0 ** (-1.0 / each.half_life_bars)) for each in laws]

    def next(self):
        if not self.data1[0]:
            return
        if self.data1[0] == 1:
            self.smoothed = [nan] * len(self.laws)
        for index, (evidence, (a, b, weight)) in enumerate(zip(self.evidence(), self.laws, strict=True)):
            raw, before = logistic(a * evidence + b), self.smoothed[index]
            self.smoothed[index] = raw if isnan(before) else before + weight * (raw - before)
            self.lines[index][0] = self.smoothed[index]

    def evidence(self):
        """Of F1..F4 for (long, short), and of F5, each -1..1."""
        s, law, z = self.data, self.p.law, self.data2.z[0]
        wick, location, micro, volume_z = s.wick[0], s.location[0], s.micro_trend[0], s.volume_z[0]
        expansion = s.true_range[0] / s.atr_30[0]
        climax = s.true_range[0] > law.signals.climax.atr_multiple * s.atr_14[0] and volume_z > law.signals.climax.volume_z
        w = law.beliefs.F1.weights
        lean1 = w.vwap_z * clip(-z / 2.0) + w.rejection_wick * wick + w.close_location * location
        calm = w.micro_trend * (1.0 - 2.0 * abs(micro)) + w.efficiency * (1.0 - 2.0 * s.efficiency[0])
        w = law.beliefs.F2.weights
        lean2 = w.failed_break * self.data3.signed[0] + w.rejection_wick * wick + w.close_location * location
        crowd2 = w.volume_z * clip(volume_z / 2.0)
        w = law.beliefs.F3.weights
        lean3 = w.sweep * self.data4.signed[0] + w.rejection_wick * wick + w.close_location * location
        w4 = law.beliefs.F4.weights
        lean4 = w4.trend_strength * clip(2.0 * s.trend[0]) + w4.micro_trend * micro + w4.body_impulse * clip(2.0 * s.impulse[0])
        crowd4 = w4.range_expansion * clip(expansion * max(volume_z, 0.0) / 2.0)
        crowd4 += w4.participation * (2.0 * logistic(volume_z + expansion - 1.0) - 1.0)
        for lean, rest in ((lean1, calm), (lean2, crowd2), (lean3, w.climax * climax), (lean4, crowd4)):
            yield rest + lean
            yield rest - lean
        void = lunch_void(self.data1[0], self.data5[0], volume_z, law)
        yield 1.0 if void else clip((s.noise[0] - law.beliefs.F5.noise_center) / law.beliefs.F5.noise_width)


def lunch_void(minute, atr_norm, volume_z, law):
    """A lunch without range and volume."""
    return phase_of(minute) == 3 and atr_norm < law.signals.lunch_void.atr_norm and volume_z < law.signals.lunch_void.volume_z


@dataclass
class Plan:
    """An entry with its brackets: where it enters (trigger None: at a limit), the stop, a target for each contract, and when it is over."""

    name: str
    side: int
    limit: float
    trigger: float | None
    stop: float
    targets: list[float]
    max_minutes: int
    level: float = nan


@dataclass
class Trade:
    """A plan under way. `legs` are the orders [entry, stop, target] of each contract."""

    plan: Plan
    atr: float
    legs: list[list[bt.Order]]
    stop: float
    entry: float = nan
    since: int = 0
    home: bool = False  # the first of two targets
    done: set[str] = field(default_factory=set)


class Rules(bt.Strategy):
    """The five rules, one trade at a time."""

    params = (("law", None), ("look", False))

    def __init__(self):
        law = self.law = self.p.law
        self.session, self.signals = Session(self.data), Signals(self.data)
        self.vwap, self.atr_norm = SessionVwap(self.data, self.session, law=law), AtrNorm(self.signals, self.session, law=law)
        self.failed = FailedBreak(self.data, self.session, self.vwap, law=law)
        self.sweep = Sweep(self.data, self.session, self.signals, law=law)
        self.beliefs = Beliefs(self.signals, self.session, self.vwap, self.failed, self.sweep, self.atr_norm, law=law)
        self.trade, self.stop_outs = None, []
        self.setups, self.entries = [], 0

    def next(self):
        minute = int(self.session[0])
        if minute == 1:
            self.stop_outs = []
        if self.trade and not self.position and not any(entry.alive() for entry, _, _ in self.trade.legs):
            self.trade = None
        if self.trade:
            if self.position:
                self.manage(minute)
        elif minute and not isnan(self.atr_norm[0]):
            plans = [plan for rule in (self.k1, self.k2, self.k3, self.k4) if (plan := rule(minute))]
            self.setups += [(str(self.data.datetime.datetime(0)), plan.name, plan.side) for plan in plans]
            shut = self.p.look or any(start <= minute < end for start, end in NO_ENTRY)
            if plans and not shut and not self.k5(minute):
                self.enter(plans[0])

    # ------------------------------------------------------ the five

    def k1(self, minute):
        """VWAP mean reversion: fades a stretched price back to VWAP."""
        rules, s, z, close = self.law.K1, self.signals, self.vwap.z[0], self.data.close[0]
        side = -1 if z > 0 else 1
        if phase_of(minute) not in rules.phases or minute < K1_FROM or abs(z) < rules.min_abs_vwap_z:
            return None
        if abs(s.micro_trend[0]) >= rules.max_abs_micro_trend or side * s.location[0] <= 0:
            return None
        if self.belief(1, side) < rules.min_belief or self.applied(2, -side, minute) > rules.max_opposite_f2:
            return None
        room = floor(side * (self.vwap.vwap[0] - close) / TICK)
        if room < rules.min_target_ticks:
            return None
        stop = (s.low_5[0] if side > 0 else s.high_5[0]) - side * rules.stop_beyond_ticks * TICK
        return Plan("K1", side, close, None, stop, [close + side * min(room, rules.max_target_ticks) * TICK], rules.max_minutes)

    def k2(self, minute):
        """Failed break: takes the other side of a level that was won back."""
        rules, signed, close, extreme = self.law.K2, self.failed.signed[0], self.data.close[0], self.failed.extreme[0]
        side = 1 if signed > 0 else -1
        if phase_of(minute) not in rules.phases or abs(signed) < rules.min_failed_break or self.exceeded(side, extreme):
            return None
        if (self.regime() == "trending" and self.signals.trend[0] * side < 0) or self.belief(2, side) < rules.min_belief:
            return None
        stop = extreme - side * rules.stop_beyond_ticks * TICK
        reward = floor(rules.target_r * (close - stop) * side / TICK)
        room = floor(side * (self.vwap.vwap[0] - close) / TICK)
        if rules.min_vwap_target_ticks <= room < reward:
            reward = room
        return Plan("K2", side, close, None, stop, [close + side * reward * TICK], rules.max_minutes, self.failed.level[0])

    def k3(self, minute):
        """Sweep reversal: joins the turn after an extreme was run."""
        rules, signed, extreme = self.law.K3, self.sweep.signed[0], self.sweep.extreme[0]
        side = 1 if signed > 0 else -1
        if phase_of(minute) not in rules.phases or abs(signed) < rules.min_sweep or self.exceeded(side, extreme):
            return None
        if self.regime() == "choppy" or self.belief(3, side) < rules.min_belief:
            return None
        trigger, limit = self.beyond(side, rules)
        stop = extreme - side * rules.stop_beyond_ticks * TICK
        target = limit + side * floor(rules.target_r * (limit - stop) * side / TICK) * TICK
        return Plan("K3", side, limit, trigger, stop, [target], rules.max_minutes, self.sweep.level[0])

    def k4(self, minute):
        """Momentum: follows a break of the range, two contracts with a target each."""
        rules, s, close = self.law.K4, self.signals, self.data.close[0]
        above, below = close - s.high_20[0], s.low_20[0] - close
        side = 1 if above > below else -1
        if phase_of(minute) not in rules.phases or max(above, below) <= 0 or abs(s.impulse[0]) < rules.min_body_impulse:
            return None
        if s.volume_z[0] <= rules.min_volume_z or side * s.micro_trend[0] <= rules.min_micro_trend or side * self.vwap.z[0] <= 0:
            return None
        if self.regime() not in ("trending", "volatile") or self.belief(4, side) < rules.min_belief:
            return None
        trigger, limit = self.beyond(side, rules)
        targets = [limit + side * floor(ratio * rules.stop_ticks) * TICK for ratio in rules.leg_targets_r]
        return Plan("K4", side, limit, trigger, limit - side * rules.stop_ticks * TICK, targets, rules.max_minutes)

    def k5(self, minute):
        """Noise: true vetoes every entry of the bar."""
        rules, noise = self.law.K5, self.signals.noise[0]
        if noise >= rules.veto_noise and self.beliefs.f5[0] >= rules.veto_belief:
            return True
        both = len(self.stop_outs) >= rules.opposite_stop_outs and len(set(self.stop_outs)) > 1
        return both or lunch_void(minute, self.atr_norm[0], self.signals.volume_z[0], self.law)

    def belief(self, number, side):
        """A belief of a side."""
        return self.beliefs.lines[2 * number - 2 + (side < 0)][0]

    def applied(self, number, side, minute):
        """A belief of a side, 0 outside its owner's phases."""
        return self.belief(number, side) if phase_of(minute) in getattr(self.law, f"K{number}").phases else 0.0

    def regime(self):
        """The market's manner."""
        law, s = self.law.regime, self.signals
        if self.atr_norm[0] >= law.volatile_atr_norm:
            return "volatile"
        if abs(s.trend[0]) >= law.trending.trend_strength and s.efficiency[0] >= law.trending.efficiency:
            return "trending"
        return "choppy" if s.noise[0] >= law.choppy_noise else "range"

    def exceeded(self, side, extreme):
        """The bar has gone beyond the extreme that a stop would lie behind."""
        return (extreme - (self.data.low[0] if side > 0 else self.data.high[0])) * side > 0

    def beyond(self, side, rules):
        """Trigger and limit of an entry beyond the bar."""
        trigger = (self.data.high[0] if side > 0 else self.data.low[0]) + side * rules.entry_beyond_ticks * TICK
        return trigger, trigger + side * rules.limit_beyond_ticks * TICK

    # ------------------------------------------------------ orders

    def enter(self, plan):
        """A bracket for each contract."""
        how = {"exectype": bt.Order.Limit, "price": plan.limit}
        if plan.trigger is not None:
            how = {"exectype": bt.Order.StopLimit, "price": plan.trigger, "plimit": plan.limit}
        bracket, stay = self.buy_bracket if plan.side > 0 else self.sell_bracket, {"valid": None}
        legs = [
            bracket(size=1, valid=TIME_TO_LIVE, stopprice=plan.stop, limitprice=target, stopargs=stay, limitargs=stay, **how)
            for target in plan.targets
        ]
        self.trade = Trade(plan, self.signals.atr_14[0], legs, plan.stop)

    def notify_order(self, order):
        trade = self.trade
        if order.status != order.Completed or not trade:
            return
        for entry, stop, target in trade.legs:
            if order == entry and not trade.since:
                trade.entry, trade.since = order.executed.price, len(self)
                self.entries += 1
            elif order == stop:
                self.stop_outs.append(trade.plan.side)
            elif order == target:
                trade.home = len(trade.legs) > 1

    def manage(self, minute):
        """The first that speaks: session, thesis, time, volatility, profit protection."""
        trade, law, close = self.trade, self.law.management, self.data.close[0]
        plan, side = trade.plan, trade.plan.side
        swelled = self.signals.atr_14[0] / trade.atr
        if (
            minute >= FLATTEN
            or not minute
            or self.void(plan)
            or len(self) - trade.since >= plan.max_minutes
            or swelled >= law.volatility_exit
        ):
            self.leave()
        elif swelled >= law.volatility_tighten and "ATR" not in trade.done:
            self.tighten("ATR", (trade.entry + trade.stop) / 2.0)
        elif trade.home and "home" not in trade.done:
            self.tighten("home", trade.entry)
        elif (close - trade.entry) * side >= law.protect_at_r * (plan.limit - plan.stop) * side and "+1R" not in trade.done:
            self.tighten("+1R", trade.entry)

    def void(self, plan):
        """The thesis does not hold any more."""
        side, rules = plan.side, self.law.K1
        if plan.name == "K1":
            return self.belief(1, side) < rules.exit_belief or side * self.vwap.z[0] >= rules.exit_past_vwap_sigma
        if plan.name == "K4":
            return self.signals.trend[0] * side < 0
        return (self.data.close[0] - plan.level) * side < 0

    def leave(self):
        """Cancel what works and close at the market."""
        for leg in self.trade.legs:
            for order in leg:
                if order.alive():
                    self.cancel(order)
        self.close()

    def tighten(self, cause, price):
        """Bring the stops closer: both children of a leg are cancelled and sent anew, one cancelling the other."""
        trade, side = self.trade, self.trade.plan.side
        trade.done.add(cause)
        price = (-floor(-price / TICK) if side > 0 else floor(price / TICK)) * TICK
        if (price - trade.stop) * side <= 0 or (self.data.close[0] - price) * side <= 0:
            return
        trade.stop, send = price, self.sell if side > 0 else self.buy
        for leg, limit in zip(trade.legs, trade.plan.targets, strict=True):
            if leg[1].alive():
                self.cancel(leg[1])
                leg[1] = send(size=1, exectype=bt.Order.Stop, price=price)
                leg[2] = send(size=1, exectype=bt.Order.Limit, price=limit, oco=leg[1])


def main(bars, strategies, look=""):
    """Run it, and print what it took."""
    frame = pd.read_csv(bars, parse_dates=["time"], index_col="time")
    with open(strategies, encoding="utf-8") as file:
        law = json.load(file, object_hook=lambda block: Numbers(**block))
    cerebro = bt.Cerebro(stdstats=False)
    cerebro.adddata(bt.feeds.PandasData(dataname=frame, timeframe=bt.TimeFrame.Minutes))
    cerebro.addstrategy(Rules, law=law, look=bool(look))
    cerebro.broker.setcash(10_000.0)
    cerebro.broker.setcommission(commission=0.62, margin=2_400.0, mult=5.0)
    cerebro.broker.set_slippage_fixed(TICK)
    start = time.process_time()
    (ran,) = cerebro.run()
    seconds = time.process_time() - start
    print(json.dumps({"bars": len(ran), "seconds": seconds, "setups": ran.setups, "entries": ran.entries}))


if __name__ == "__main__":
    main(*sys.argv[1:])
