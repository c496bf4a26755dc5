"""DVS, EQS and modelled slippage once more, by the checker's own few lines from the spec's text."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Iterable, Sequence
from math import ceil, sqrt
from statistics import median
from typing import Any

from checker_clock import MINUTE, SECOND, new_york, outside_hours, rth_minute, session
from checker_rows import Bar

REJECTED, EXPIRED, LATE, SLIPPED, PARTIAL, CHANGE_REJECTED, NAKED = (
    (0.15, 20.0),
    (0.05, 10.0),
    (0.08, 15.0),
    (0.10, 15.0),
    (0.10, 20.0),
    (0.10, 15.0),
    (0.20, 30.0),
)


def true_ranges(bars: Sequence[Bar]) -> list[int]:
    """The true range of each bar, in ticks."""
    closes = [bars[0].close, *(bar.close for bar in bars)] if bars else []
    return [max(bar.high, before) - min(bar.low, before) for bar, before in zip(bars, closes, strict=False)]


def wilder(values: Iterable[int], period: int) -> list[float]:
    """Wilder's average; nan before there are `period` values."""
    found: list[float] = []
    total, average = 0, float("nan")
    for count, value in enumerate(values, start=1):
        total += value
        if count == period:
            average = total / period
        elif count > period:
            average = (average * (period - 1) + value) / period
        found.append(average)
    return found


def deviation(values: Sequence[int]) -> float:
    """Population standard deviation."""
    mean = sum(values) / len(values)
    return sqrt(sum((value - mean) ** 2 for value in values) / len(values))


def dvs_of(bars: Sequence[Bar]) -> dict[int, float]:
    """DVS by bar stamp, regular session only: the lowest own score of the session's last ten bars."""
    ranges = true_ranges(bars)
    atr = wilder(ranges, 30)
    past: dict[int, deque[int]] = defaultdict(lambda: deque(maxlen=20))
    volumes: deque[int] = deque(maxlen=30)
    window: deque[float] = deque(maxlen=10)
    scores: dict[int, float] = {}
    running: tuple[int, int] | None = None
    closed_own = 1.0  # of bars while CME is shut, for the next session's first bar
    for index, bar in enumerate(bars):
        hours = session(bar.ts)
        if hours is None:
            if outside_hours(bar.ts):
                outlier = ranges[index] > 6 * atr[index - 1] and not _shock(bars, index, ranges[index], atr[index - 1])
                flat = index >= 2 and all(other.high == other.low for other in bars[index - 2 : index + 1])
                closed_own = min(closed_own, max(0.0, 0.70 - 0.20 * outlier - 0.30 * flat))
            continue
        own = 1.0
        volumes.append(bar.volume)
        if hours != running:
            window.clear()
        elif bar.ts - bars[index - 1].ts > 90 * SECOND:
            own -= 0.50
        running = hours
        if len(volumes) >= 10 and median(volumes) < 100:  # the median of fewer bars says nothing yet
            own -= 0.30
        if bar.volume == 0:
            own -= 0.20
        same_minute = past[new_york(bar.ts).hour * 60 + new_york(bar.ts).minute]
        usual = atr[index - 1] if index else float("nan")
        if len(same_minute) >= 5 and median(same_minute) > usual:
            usual = median(same_minute)
        same_minute.append(ranges[index])
        if ranges[index] > 6 * usual and not _shock(bars, index, ranges[index], usual):
            own -= 0.20
        if index >= 2 and all(other.high == other.low for other in bars[index - 2 : index + 1]):
            own -= 0.30
        first, own = not window, max(0.0, own)
        window.append(min(own, closed_own) if first else own)
        closed_own = 1.0
        scores[bar.ts] = min(window)
    return scores


def _shock(bars: Sequence[Bar], index: int, reach: int, usual: float) -> bool:
    last = bars[max(0, index - 59) : index + 1]
    volumes, bodies = [bar.volume for bar in last], [bar.close - bar.open for bar in last]
    if len(last) < 60 or not deviation(volumes):
        return False
    heavy = (volumes[-1] - sum(volumes) / 60) / deviation(volumes) > 2.5
    return reach > 4 * usual and heavy and abs(bodies[-1]) > 3 * deviation(bodies)


def eqs_at(ts: int, events: Sequence[tuple[int, float, float]]) -> float:
    """EQS at `ts` from (time, penalty, half-life in regular minutes) of what happened until then."""
    now = rth_minute(ts)
    felt = sum(penalty * 2.0 ** (-(now - rth_minute(when)) / half) for when, penalty, half in events if when <= ts)
    return max(0.0, 1.0 - felt)


def quality_events(evidence: Any) -> list[tuple[int, float, float]]:
    """What the orders' own events cost EQS; `evidence` is the checker's."""
    found: list[tuple[int, float, float]] = []
    for order in evidence.orders:
        filled = 0
        for event in order.events:
            ts, kind = event["ts"], event["kind"]
            if "Rejected" in kind and _moot(order, ts, evidence):
                continue
            if kind == "Rejected":
                found.append((ts, *REJECTED))
            elif kind in ("CancelRejected", "ModifyRejected"):
                found.append((ts, *CHANGE_REJECTED))
            elif kind == "Filled":
                filled += event["quantity"]
                if filled < order.quantity:
                    found.append((ts, *PARTIAL))
        for fill in order.fills:
            if order.entering and fill.ts - order.ts > 60 * SECOND:
                found.append((fill.ts, *LATE))
            reference = order.last_price(fill.ts, evidence)
            if (fill.price - reference) * fill.side > 2 * order.slippage:
                found.append((fill.ts, *SLIPPED))
    found += [(entry.ended, *EXPIRED) for entry in evidence.entries if entry.ended is not None and not entry.filled and entry.expired]
    found += [(end, *NAKED) for start, end in evidence.naked if end - start > SECOND]
    return sorted(found)


def _moot(order: Any, ts: int, evidence: Any) -> bool:
    """Whether a rejection says only that the bracket was over: the order, or the one that cancels it, had ended before."""
    siblings = (evidence.by_id.get(name) for name in order.row["links"]) if not order.entering else ()
    over = [sibling.first("Filled", "Canceled") for sibling in siblings if sibling is not None]
    ended = order.first("Filled", "Canceled", "Expired")
    return any(moment is not None and moment <= ts for moment in (*over, ended))


def slippage_of(bars: Sequence[Bar]) -> dict[int, int]:
    """Modelled slippage of market and stop orders by bar stamp, in ticks (spread of bars: 1 tick)."""
    atr = wilder(true_ranges(bars), 14)
    history: dict[int, deque[float]] = defaultdict(lambda: deque(maxlen=20))
    found: dict[int, int] = {}
    for bar, value in zip(bars, atr, strict=True):
        hours = session(bar.ts)
        if hours is None:
            continue
        minute = new_york(bar.ts).hour * 60 + new_york(bar.ts).minute
        past = history[minute]
        norm = min(value / median(past), 3.0) / 3.0 if len(past) >= 5 and median(past) > 0 else float("nan")
        past.append(value)
        ticks = 1 + (0 if norm <= 0.70 else 1 if norm <= 0.85 else 2)  # unknown counts as the worst
        first, last = bar.ts < hours[0] + 60 * MINUTE, bar.ts >= hours[1] - 60 * MINUTE
        factor = 1.5 if first else 1.3 if last else 1.0
        found[bar.ts] = min(6, ceil(ticks * factor - 1e-9))
    return found
