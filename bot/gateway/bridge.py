"""Twelve five-second pieces of a minute bar: a seeded path from open to close through both extremes.

The pieces together have exactly the minute's open, high, low, close and volume, and each begins
where the one before ended. The path is an invention; only its minute is data.
"""

from __future__ import annotations

from itertools import pairwise
from random import Random

from bot.gateway.messages import Candle
from bot.market.bar import Bar
from bot.units import MINUTE_NS, SECOND_NS

PIECES = 12
PIECE_NS = 5 * SECOND_NS


def pieces_of(bar: Bar, seed: int) -> list[Candle]:
    """The twelve pieces of a closed minute (named by its close), each named by its open. Same bar and seed, same pieces."""
    random = Random(seed * 1_000_003 + bar.ts_ns // MINUTE_NS)
    path = _path(bar, random)
    volumes = _shares(bar.volume, random)
    start = bar.ts_ns - MINUTE_NS
    candles = []
    for index in range(PIECES):
        steps = path[index * 2 : index * 2 + 3]
        candles.append(Candle(start + index * PIECE_NS, steps[0], max(steps), min(steps), steps[2], volumes[index]))
    return candles


def _path(bar: Bar, random: Random) -> list[int]:
    """25 prices: where each half-piece ends. Anchored at open, both extremes and close; never outside high and low."""
    last = PIECES * 2
    first_at, second_at = sorted(1 + int(random.random() * (last - 1)) for _ in range(2))
    if first_at == second_at:
        first_at, second_at = (first_at - 1, second_at) if first_at > 1 else (first_at, second_at + 1)
    up_first = random.random() < (0.35 if bar.close > bar.open else 0.65 if bar.close < bar.open else 0.5)
    extremes = (bar.high, bar.low) if up_first else (bar.low, bar.high)
    anchors = [(0, bar.open), (first_at, extremes[0]), (second_at, extremes[1]), (last, bar.close)]
    noise = (bar.high - bar.low) / 6.0
    path = [bar.open]
    for (start, begin), (end, finish) in pairwise(anchors):
        for place in range(start + 1, end):
            share = (place - start) / (end - start)
            wiggle = (random.random() * 2 - 1) * noise
            path.append(min(bar.high, max(bar.low, round(begin + (finish - begin) * share + wiggle))))
        path.append(finish)
    return path


def _shares(volume: int, random: Random) -> list[int]:
    """The volume split at random; the parts sum to it exactly."""
    weights = [0.3 + random.random() for _ in range(PIECES)]
    total, shares, running, given = sum(weights), [], 0.0, 0
    for weight in weights:
        running += weight
        upto = round(volume * running / total)
        shares.append(upto - given)
        given = upto
    shares[-1] += volume - given
    return shares
