"""What a seed is made of: acts of the strategy, bars, and faults, drawn as plain data.

A fault is keyed by the n-th message of a kind, either way, so that a seed meets the bot at the same place again whatever the machine does.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import NamedTuple

from faults import FAULTS
from forcer import Act
from model_day import BARS
from situations import SITUATIONS

MINUTES, PIECES, FIRST_MINUTE = 36, 12, 31  # from 10:31
ENTRIES = (1, 12, 23)  # minutes at which an entry is forced
# How many messages of a kind a seed sees, roughly: a fault is keyed by one of the first so many.
ABOUT = {
    "placeOrder": 7, "openOrder": 16, "orderStatus": 16, "execDetails": 4, "cancelOrder": 4, "position": 5, "commissionReport": 4,
    "currentTime": 6, "reqAllOpenOrders": 4,
}  # fmt: skip
WHERE = (
    *("placeOrder",) * 4, *("openOrder",) * 3, *("orderStatus",) * 3, *("execDetails",) * 3, *("realtimeBar",) * 3, "cancelOrder",
    "position", "commissionReport", "currentTime", "reqAllOpenOrders",
)  # fmt: skip


ALL = {**FAULTS, **SITUATIONS}


class Fault(NamedTuple):
    """When the `count`-th message of `kind` passes, `name` (of ALL) happens; `pick` chooses among what it can do."""

    kind: str
    count: int
    name: str
    pick: int


class Script(NamedTuple):
    """A seed as plain data: paste it into `play` to see it again."""

    seed: int
    acts: tuple[Act, ...]
    faults: tuple[Fault, ...]
    bars: tuple[tuple[str, str], ...] = ()
    at_a_time: int | None = None


def drawn(seed: int, names: Sequence[str] = ()) -> Script:
    """The seed's script: three forced entries, one situation at one of them, and two to six faults, most of them around one of them.

    With `names` these are all that is drawn.
    """
    rng = random.Random(seed)
    acts: list[Act] = []
    for entry in ENTRIES:
        acts.append((clock(entry), "enter", rng.randrange(1000)))
        if rng.random() < 0.7:
            acts.append((clock(entry + rng.randrange(2, 5)), "tighten", rng.randrange(1000)))
        if rng.random() < 0.5:
            acts.append((clock(entry + rng.randrange(3, 10)), "close", rng.randrange(1000)))
    focus = rng.choice(ENTRIES)
    faults = [_at(rng, rng.choice(list(names or SITUATIONS)), 0 if rng.random() < 0.7 else ENTRIES.index(focus), near=True)]
    for _ in range(rng.choice((2, 3, 3, 4, 5, 6))):
        faults.append(_at(rng, rng.choice(list(names or FAULTS)), ENTRIES.index(focus)))
    bars = tuple((clock(minute), rng.choice([name for name in BARS if name != "gap"])) for minute in rng.sample(range(3, MINUTES), 6))
    return Script(seed, tuple(acts), tuple(faults), bars, rng.choice((None, None, 1)))


def _at(rng: random.Random, name: str, entry: int, near: bool = False) -> Fault:
    """A fault around the entry of this number; `near`: at the first message of its kind that the first entry brings."""
    found = ALL[name]
    kind = "realtimeBar" if found.before else rng.choice(found.where or WHERE)
    about = PIECES * (ENTRIES[entry] + 1)  # the bar on which the entry is forced
    if kind == "realtimeBar":
        first, last = (about - PIECES, about) if found.before else (about, about + 60)
    else:
        first, last = 1, min(ABOUT[kind], 3) + 1 if near and not entry else ABOUT[kind] + 1
    if near and kind == "execDetails" and not entry:
        last = 2
    return Fault(kind, rng.randrange(first, last), name, rng.randrange(1 << 30))


def clock(minute: int) -> str:
    """The New York time, so many minutes after 10:31."""
    return f"{10 + (FIRST_MINUTE + minute) // 60}:{(FIRST_MINUTE + minute) % 60:02d}"
