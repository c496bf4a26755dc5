"""K1–K5 as a vn.py user writes them: one CtaTemplate over an ArrayManager. `make bench-peers` runs it.

By hand from the same rules as strategies/, with the numbers of contracts/strategies.yaml; prices are points, a bar is stamped at its
close, New York. It imports nothing of mesbot. Signals are worked out where they are asked for, inside the session. Left out of the law:
the journal; DVS and EQS, which scale the beliefs; the risk engine, with every limit on risk, stops, losses, frequency and size; lockouts,
tiers, learning and EUC (of two setups the lower K is taken); half days. vn.py has no stop-limit (a stop order stands for it), no
bracket (stop and targets are sent at the fill, and what is left is cancelled when flat) and no market order (a limit through the market).

    python on_vnpy.py BARS.csv STRATEGIES.json [look]       # prints JSON: bars, seconds, setups, entries

With `look` it enters nothing, so that every setup is seen. vn.py keeps its files in .vntrader of the folder it is run in.
"""

from __future__ import annotations

import json
import sys
import time
from collections import defaultdict, deque
from dataclasses import dataclass
from datetime import datetime
from math import exp, floor, isnan, nan, sqrt
from pathlib import Path
from statistics import median
from types import SimpleNamespace as Numbers

Path(".vntrader").mkdir(exist_ok=True)  # before vn.py looks for it; else it takes the home folder

import numpy as np  # noqa: E402
import pandas as pd  # noqa: E402
from vnpy.trader.constant import Exchange, Interval, Offset  # noqa: E402
from vnpy.trader.object import BarData  # noqa: E402
from vnpy_ctastrategy import ArrayManager, CtaTemplate  # noqa: E402
from vnpy_ctastrategy.backtesting import BacktestingEngine  # noqa: E402

TICK = 0.25
OPEN, MINUTES = 9 * 60 + 30, 390  # of the RTH session, New York
NO_ENTRY = ((1, 5), (120, 240), (384, 391))  # minutes of the session, half-open: opening, lunch, late
FLATTEN = 384
PHASES = ((1, 60), (2, 120), (3, 240), (4, 330), (5, 390))  # code, and the minute it ends at
K1_FROM = 30
THROUGH_TICKS = 8  # of a limit that shall fill at once
FAINTEST = 2.0**-6
ROOT_OF_FIVE = sqrt(5)


def clip(value, limit=1.0):
    """The value within -limit..limit."""
    return max(-limit, min(limit, value))


def logistic(value):
    """1 / (1 + exp(-value))."""
    return 1.0 / (1.0 + exp(-value))


def ratio(value, of):
    """value / of, 0 of nothing."""
    return value / of if of else 0.0


def phase_of(minute):
    """The phase of a session's minute; 0 outside."""
    return next((code for code, end in PHASES if minute < end), 6) if minute else 0


class Signals:
    """The signals that need no session, of the last bars of an ArrayManager."""

    def __init__(self, am):
        opens, highs, lows, closes = am.open, am.high, am.low, am.close
        opening, high, low, close = opens[-1], highs[-1], lows[-1], closes[-1]
        self.true_range = max(high, closes[-2]) - min(low, closes[-2])
        self.atr_14, self.atr_30 = am.atr(14), am.atr(30)
        higher, lower = np.sign(np.diff(highs[-31:])), np.sign(np.diff(lows[-31:]))
        self.trend = float(np.sum(np.where(higher == lower, higher, 0.0))) / 30.0
        self.wick = ratio(min(opening, close) - low - (high - max(opening, close)), self.true_range)
        self.location = ratio(2.0 * close - high - low, high - low)
        self.micro_trend = clip((close - closes[-6]) / (self.atr_14 * ROOT_OF_FIVE))
        self.impulse = clip((close - opening) / (2.0 * self.atr_14))
        changes = np.diff(closes[-21:])
        self.efficiency = ratio(abs(close - closes[-21]), float(np.abs(changes).sum()))
        volumes = am.volume[-60:]
        self.volume_z = clip(ratio(float(volumes[-1] - volumes.mean()), float(volumes.std())), 3.0)
        heights = highs[-11:] - lows[-11:]
        shared = np.minimum(highs[-10:], highs[-11:-1]) - np.maximum(lows[-10:], lows[-11:-1])
        smaller = np.minimum(heights[1:], heights[:-1])
        overlap = np.where(shared < 0.0, 0.0, np.where(smaller == 0.0, 1.0, shared / np.where(smaller == 0.0, 1.0, smaller)))
        turns = changes[-10:] * changes[-11:-1] < 0.0
        self.noise = 0.5 * (1.0 - self.efficiency) + 0.3 * float(overlap.mean()) + 0.2 * float(turns.mean())
        self.high_5, self.low_5 = float(highs[-5:].max()), float(lows[-5:].min())


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


@dataclass
class Event:
    """A failed break or a sweep: the side it speaks for, its strength, halved each bar, the level and how far it was run."""

    side: int
    strength: float
    level: float
    extreme: float


NOTHING = Event(1, 0.0, nan, nan)


def halved(event):
    """The event a bar later."""
    return Event(event.side, event.strength / 2, event.level, event.extreme) if event.strength > FAINTEST else NOTHING


@dataclass
class Plan:
    """An entry and its way out: a limit, or with `stop_entry` a trigger; the stop, and a target for each contract."""

    name: str
    side: int
    price: float
    stop_entry: bool
    stop: float
    targets: list[float]
    risk: float
    max_minutes: int
    level: float = nan


class FiveRules(CtaTemplate):
    """The five rules, one trade at a time."""

    author = "mesbot"
    parameters = ["law", "look"]
    variables = ["entries"]
    law, look, entries = None, False, 0

    def on_init(self):
        """Nothing is known yet."""
        self.am = ArrayManager(200)
        self.setups, self.seen = [], 0
        self.levels, self.failed, self.sweep = {}, NOTHING, NOTHING
        self.rth = self.night = None
        self.atrs = defaultdict(lambda: deque(maxlen=self.law.signals.atr_norm_sessions))
        self.stop_outs = []
        self.plan, self.entry = None, nan

    def on_bar(self, bar):
        """A closed minute."""
        self.seen += 1
        self.am.update_bar(bar)
        minute = bar.datetime.hour * 60 + bar.datetime.minute - OPEN
        if not 1 <= minute <= MINUTES:
            high, low = bar.high_price, bar.low_price
            self.night = (max(self.night[0], high), min(self.night[1], low)) if self.night else (high, low)
            if self.plan:
                self.look_after(bar, 0)
            return
        if not self.am.inited:
            return
        self.understand(bar, minute)
        if self.plan:
            self.look_after(bar, minute)
        if not self.plan:
            self.decide(bar, minute)

    # ------------------------------------------------------ the market

    def understand(self, bar, minute):
        """The session's signals and the beliefs."""
        if minute == 1:
            self.begin(bar)
        self.signals = s = Signals(self.am)
        self.rth = max(self.rth[0], bar.high_price), min(self.rth[1], bar.low_price)
        known = self.atrs[minute]
        enough = len(known) >= self.law.signals.atr_norm_min_sessions
        self.atr_norm = min(s.atr_14 / median(known), 3.0) / 3.0 if enough else nan
        known.append(s.atr_14)
        self.follow_levels(bar)
        self.follow_sweeps(bar, minute)
        if minute == self.law.signals.levels.opening_range_minutes:
            self.add("opening", self.rth, bar.close_price)
        self.follow_vwap(bar)
        void = phase_of(minute) == 3 and self.atr_norm < self.law.signals.lunch_void.atr_norm
        self.lunch_void = void and s.volume_z < self.law.signals.lunch_void.volume_z
        self.believe()

    def begin(self, bar):
        """A session begins: its levels are yesterday's and the night's, and nothing is believed."""
        before = float(self.am.close[-2])
        self.levels, self.failed, self.sweep = {}, NOTHING, NOTHING
        self.add("prior", self.rth, before)
        self.add("overnight", self.night, before)
        self.rth, self.night = (bar.high_price, bar.low_price), None
        self.anchor, self.weight, self.product, self.squares = bar.open_price, 0.0, 0.0, 0.0
        self.beliefs, self.stop_outs = {}, []

    def add(self, name, edges, close):
        """Add a range's two edges."""
        if edges:
            self.levels[name, 1], self.levels[name, -1] = Level(1, edges[0], close), Level(-1, edges[1], close)

    def follow_levels(self, bar):
        """Of several breaks that fail on a bar the deepest counts; equally deep ones of both sides cancel."""
        self.failed = halved(self.failed)
        failed = []
        for (_, side), level in self.levels.items():
            if found := level.update(bar.high_price if side > 0 else bar.low_price, bar.close_price, self.law.signals.failed_break):
                failed.append(Event(-side, 1.0, *found))
        depth = max((abs(each.extreme - each.level) for each in failed), default=0.0)
        deepest = [each for each in failed if abs(each.extreme - each.level) == depth]
        if len({each.side for each in deepest}) == 1:
            self.failed = deepest[0]

    def follow_sweeps(self, bar, minute):
        """A sweep runs an extreme of 20 bars and closes back inside, far from the run, on volume."""
        law, high, low, close = self.law.signals.sweep, bar.high_price, bar.low_price, bar.close_price
        self.sweep = halved(self.sweep)
        if self.signals.volume_z <= law.volume_z:
            return
        found = []
        if 3 * (close - low) <= high - low:
            found += self.swept(1, self.am.high, close, min(law.max_bars, minute))
        if 3 * (high - close) <= high - low:
            found += self.swept(-1, self.am.low, close, min(law.max_bars, minute))
        if len(found) == 1:
            self.sweep = found[0]

    def swept(self, side, reaches, close, most):
        """The sweep of highs (1) or of lows (-1) that the bar completes, in a list; the shortest run."""
        law = self.law.signals.sweep
        for run in range(1, most + 1):
            level = float(np.max(reaches[-run - law.lookback_bars : -run] * side)) * side
            extreme = float(np.max(reaches[-run:] * side)) * side
            first = bool(np.all((self.am.close[-run:-1] - level) * side >= 0))
            if (extreme - level) * side >= law.min_exceed_ticks * TICK and first and (level - close) * side > 0:
                return [Event(-side, 1.0, level, extreme)]
        return []

    def follow_vwap(self, bar):
        """VWAP, its deviation, and the bands, which are levels from the next bar on."""
        away, volume = (bar.high_price + bar.low_price + bar.close_price) / 3.0 - self.anchor, bar.volume
        self.weight += volume
        self.product += away * volume
        self.squares += away * away * volume
        mean = self.product / self.weight
        sigma = sqrt(max(self.squares / self.weight - mean * mean, 0.0))
        self.sigma, self.vwap = max(sigma, self.law.signals.vwap_sigma_floor_ticks * TICK), self.anchor + mean
        self.vwap_z = clip((bar.close_price - self.vwap) / self.sigma, 3.0)
        width = self.law.signals.levels.vwap_band_sigma * self.sigma
        edges = [round((self.vwap + side * width) / TICK) * TICK for side in (1, -1)]
        if ("band", 1) in self.levels:
            self.levels["band", 1].price, self.levels["band", -1].price = edges
        else:
            self.add("band", edges, bar.close_price)

    def believe(self):
        """F1–F4 of each side, and F5: evidence -> logistic -> smoothed."""
        s, law = self.signals, self.law.beliefs
        wick, location, micro, volume_z = s.wick, s.location, s.micro_trend, s.volume_z
        expansion = s.true_range / s.atr_30
        climax = s.true_range > self.law.signals.climax.atr_multiple * s.atr_14 and volume_z > self.law.signals.climax.volume_z
        w = law.F1.weights
        lean = w.vwap_z * clip(-self.vwap_z / 2.0) + w.rejection_wick * wick + w.close_location * location
        calm = w.micro_trend * (1.0 - 2.0 * abs(micro)) + w.efficiency * (1.0 - 2.0 * s.efficiency)
        self.smooth("F1", lean, calm)
        w = law.F2.weights
        lean = w.failed_break * self.failed.side * self.failed.strength + w.rejection_wick * wick + w.close_location * location
        self.smooth("F2", lean, w.volume_z * clip(volume_z / 2.0))
        w = law.F3.weights
        lean = w.sweep * self.sweep.side * self.sweep.strength + w.rejection_wick * wick + w.close_location * location
        self.smooth("F3", lean, w.climax * climax)
        w = law.F4.weights
        lean = w.trend_strength * clip(2.0 * s.trend) + w.micro_trend * micro + w.body_impulse * clip(2.0 * s.impulse)
        crowd = w.range_expansion * clip(expansion * max(volume_z, 0.0) / 2.0)
        crowd += w.participation * (2.0 * logistic(volume_z + expansion - 1.0) - 1.0)
        self.smooth("F4", lean, crowd)
        self.smooth("F5", 0.0, 1.0 if self.lunch_void else clip((s.noise - law.F5.noise_center) / law.F5.noise_width))

    def smooth(self, name, lean, rest):
        """A belief's two sides with this bar's evidence, which leans to long."""
        law = getattr(self.law.beliefs, name)
        weight = 1.0 - 2.0 ** (-1.0 / law.half_life_bars)
        for side in (1, -1):
            raw = logistic(law.a * (rest + side * lean) + law.b)
            before = self.beliefs.get((name, side), raw)
            self.beliefs[name, side] = before + weight * (raw - before)

    def regime(self):
        """The market's manner."""
        law, s = self.law.regime, self.signals
        if self.atr_norm >= law.volatile_atr_norm:
            return "volatile"
        if abs(s.trend) >= law.trending.trend_strength and s.efficiency >= law.trending.efficiency:
            return "trending"
        return "choppy" if s.noise >= law.choppy_noise else "range"

    # ------------------------------------------------------ the five

    def decide(self, bar, minute):
        """Ask the five, and enter at most one plan."""
        if isnan(self.atr_norm):
            return
        plans = [plan for rule in (self.k1, self.k2, self.k3, self.k4) if (plan := rule(bar, minute))]
        self.setups += [(str(bar.datetime), plan.name, plan.side) for plan in plans]
        shut = self.look or any(start <= minute < end for start, end in NO_ENTRY)
        if plans and not shut and not self.k5():
            self.plan, self.entry, self.atr_at_entry, self.done = plans[0], nan, self.signals.atr_14, set()
            send = self.buy if self.plan.side > 0 else self.short
            send(self.plan.price, len(self.plan.targets), stop=self.plan.stop_entry)

    def k1(self, bar, minute):
        """VWAP mean reversion: fades a stretched price back to VWAP."""
        rules, s, close = self.law.K1, self.signals, bar.close_price
        side = -1 if self.vwap_z > 0 else 1
        if phase_of(minute) not in rules.phases or minute < K1_FROM or abs(self.vwap_z) < rules.min_abs_vwap_z:
            return None
        if abs(s.micro_trend) >= rules.max_abs_micro_trend or side * s.location <= 0 or self.beliefs["F1", side] < rules.min_belief:
            return None
        if phase_of(minute) in self.law.K2.phases and self.beliefs["F2", -side] > rules.max_opposite_f2:
            return None
        room = floor(side * (self.vwap - close) / TICK)
        if room < rules.min_target_ticks:
            return None
        stop = (s.low_5 if side > 0 else s.high_5) - side * rules.stop_beyond_ticks * TICK
        target = close + side * min(room, rules.max_target_ticks) * TICK
        return Plan("K1", side, close, False, stop, [target], abs(close - stop), rules.max_minutes)

    def k2(self, bar, minute):
        """Failed break: takes the other side of a level that was won back."""
        rules, event, close = self.law.K2, self.failed, bar.close_price
        side = event.side
        if phase_of(minute) not in rules.phases or event.strength < rules.min_failed_break or self.exceeded(event, bar):
            return None
        if (self.regime() == "trending" and self.signals.trend * side < 0) or self.beliefs["F2", side] < rules.min_belief:
            return None
        stop = event.extreme - side * rules.stop_beyond_ticks * TICK
        reward = floor(rules.target_r * (close - stop) * side / TICK)
        room = floor(side * (self.vwap - close) / TICK)
        if rules.min_vwap_target_ticks <= room < reward:
            reward = room
        return Plan("K2", side, close, False, stop, [close + side * reward * TICK], abs(close - stop), rules.max_minutes, event.level)

    def k3(self, bar, minute):
        """Sweep reversal: joins the turn after an extreme was run."""
        rules, event = self.law.K3, self.sweep
        side = event.side
        if phase_of(minute) not in rules.phases or event.strength < rules.min_sweep or self.exceeded(event, bar):
            return None
        if self.regime() == "choppy" or self.beliefs["F3", side] < rules.min_belief:
            return None
        trigger, worst = self.beyond(side, bar, rules)
        stop = event.extreme - side * rules.stop_beyond_ticks * TICK
        target = worst + side * floor(rules.target_r * (worst - stop) * side / TICK) * TICK
        return Plan("K3", side, trigger, True, stop, [target], abs(worst - stop), rules.max_minutes, event.level)

    def k4(self, bar, minute):
        """Momentum: follows a break of the range, two contracts with a target each."""
        rules, s, law = self.law.K4, self.signals, self.law.signals
        past = slice(-1 - law.range_bars, -1)
        above, below = bar.close_price - self.am.high[past].max(), self.am.low[past].min() - bar.close_price
        side = 1 if above > below else -1
        if phase_of(minute) not in rules.phases or max(above, below) <= 0 or abs(s.impulse) < rules.min_body_impulse:
            return None
        if s.volume_z <= rules.min_volume_z or side * s.micro_trend <= rules.min_micro_trend or side * self.vwap_z <= 0:
            return None
        if self.regime() not in ("trending", "volatile") or self.beliefs["F4", side] < rules.min_belief:
            return None
        trigger, worst = self.beyond(side, bar, rules)
        risk = rules.stop_ticks * TICK
        targets = [worst + side * floor(each * rules.stop_ticks) * TICK for each in rules.leg_targets_r]
        return Plan("K4", side, trigger, True, worst - side * risk, targets, risk, rules.max_minutes)

    def k5(self):
        """Noise: true vetoes every entry of the bar."""
        rules = self.law.K5
        if self.signals.noise >= rules.veto_noise and self.beliefs["F5", 1] >= rules.veto_belief:
            return True
        return self.lunch_void or (len(self.stop_outs) >= rules.opposite_stop_outs and len(set(self.stop_outs)) > 1)

    @staticmethod
    def exceeded(event, bar):
        """The bar has gone beyond the extreme that a stop would lie behind."""
        return (event.extreme - (bar.low_price if event.side > 0 else bar.high_price)) * event.side > 0

    @staticmethod
    def beyond(side, bar, rules):
        """Trigger of an entry beyond the bar, and the worst price it shall fill at."""
        trigger = (bar.high_price if side > 0 else bar.low_price) + side * rules.entry_beyond_ticks * TICK
        return trigger, trigger + side * rules.limit_beyond_ticks * TICK

    # ------------------------------------------------------ orders

    def on_stop_order(self, stop_order):
        """A stop that is hit is remembered for K5."""
        if stop_order.vt_orderids and stop_order.offset is Offset.CLOSE and self.plan:
            self.stop_outs.append(self.plan.side)

    def on_trade(self, trade):
        """A fill: of the entry, of the first of two targets, or of what closes the trade."""
        if not self.pos:
            self.cancel_all()
            self.plan = None
        elif isnan(self.entry):
            self.entry, self.since = trade.price, self.seen
            self.entries += 1
            self.protect()
        else:
            self.plan.targets.pop(0)
            self.done.add("home")
            self.protect()

    def protect(self):
        """Stop and targets of what is held, in place of those that work."""
        self.cancel_all()
        close = self.sell if self.plan.side > 0 else self.cover
        close(self.plan.stop, abs(self.pos), stop=True)
        for target in self.plan.targets:
            close(target, 1)

    def look_after(self, bar, minute):
        """An entry that was not filled on its bar is over; of a trade the first that speaks: session, thesis, time, volatility, profit."""
        plan, law = self.plan, self.law.management
        if not self.pos:
            self.cancel_all()
            self.plan = None
            return
        if not minute or minute >= FLATTEN or self.void(bar) or self.seen - self.since >= plan.max_minutes:
            self.leave(bar)
            return
        swelled, gained = self.signals.atr_14 / self.atr_at_entry, (bar.close_price - self.entry) * plan.side
        if swelled >= law.volatility_exit:
            self.leave(bar)
        elif swelled >= law.volatility_tighten and "ATR" not in self.done:
            self.tighten("ATR", (self.entry + plan.stop) / 2.0, bar)
        elif "home" in self.done and "first target" not in self.done:
            self.tighten("first target", self.entry, bar)
        elif gained >= law.protect_at_r * plan.risk and "+1R" not in self.done:
            self.tighten("+1R", self.entry, bar)

    def void(self, bar):
        """The thesis does not hold any more."""
        plan, rules = self.plan, self.law.K1
        if plan.name == "K1":
            return self.beliefs["F1", plan.side] < rules.exit_belief or plan.side * self.vwap_z >= rules.exit_past_vwap_sigma
        if plan.name == "K4":
            return self.signals.trend * plan.side < 0
        return (bar.close_price - plan.level) * plan.side < 0

    def leave(self, bar):
        """Close what is held, by a limit through the market."""
        self.cancel_all()
        close, side = (self.sell, 1) if self.plan.side > 0 else (self.cover, -1)
        close(bar.close_price - side * THROUGH_TICKS * TICK, abs(self.pos))

    def tighten(self, cause, price, bar):
        """Bring the stop closer."""
        plan = self.plan
        self.done.add(cause)
        price = (-floor(-price / TICK) if plan.side > 0 else floor(price / TICK)) * TICK
        if (price - plan.stop) * plan.side > 0 and (bar.close_price - price) * plan.side > 0:
            plan.stop = price
            self.protect()


def bars_of(frame):
    """The bars as vn.py takes them."""
    for row in frame.itertuples(index=False):
        yield BarData(
            gateway_name="BACKTESTING", symbol="MES", exchange=Exchange.CME, datetime=row.time.to_pydatetime(), interval=Interval.MINUTE,
            volume=row.volume, open_price=row.open, high_price=row.high, low_price=row.low, close_price=row.close,
        )  # fmt: skip


def main(bars, strategies, look=""):
    """Run it, and print what it took."""
    frame = pd.read_csv(bars, parse_dates=["time"])
    with open(strategies, encoding="utf-8") as file:
        law = json.load(file, object_hook=lambda block: Numbers(**block))
    engine = BacktestingEngine()
    engine.output = lambda text: print(text, file=sys.stderr)
    engine.set_parameters("MES.CME", Interval.MINUTE, datetime(2025, 1, 1), rate=0.0, slippage=TICK, size=5, pricetick=TICK, capital=10_000)
    engine.add_strategy(FiveRules, {"law": law, "look": bool(look)})
    start = time.process_time()
    engine.history_data = list(bars_of(frame))
    engine.run_backtesting()
    seconds = time.process_time() - start
    ran = engine.strategy  # of an exception vn.py prints a trace and ends early: whoever reads this compares the bars
    print(json.dumps({"bars": ran.seen, "seconds": seconds, "setups": ran.setups, "entries": ran.entries}))


if __name__ == "__main__":
    main(*sys.argv[1:])
