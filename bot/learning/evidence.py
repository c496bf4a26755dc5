"""How much an outcome still says: its DVS at entry, halved every so many sessions (spec 7).

A session is a trading day that the journal tells of; no calendar is asked, so that the same journal gives the same ages.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Sequence

from bot.contracts.models import Learning
from bot.units import TOLERANCE

Aged = tuple[float, int]
"""An outcome as its weight sees it: its DVS at entry (nan: UNKNOWN), and how many sessions began after its trading day."""


class Sessions:
    """The trading days with a bar of the window, in their order."""

    def __init__(self) -> None:
        self._days: list[str] = []

    def __len__(self) -> int:
        """How many there were."""
        return len(self._days)

    def begin(self, trading_day: str) -> bool:
        """Count one (ISO date). False, and nothing changes, for a day that is not after the last one."""
        if self._days and trading_day <= self._days[-1]:
            return False
        self._days.append(trading_day)
        return True

    def since(self, trading_day: str) -> int:
        """How many began after this day (ISO date)."""
        return len(self._days) - bisect_right(self._days, trading_day)


def weight(dvs: float, sessions_since: int, learning: Learning) -> float:
    """What an outcome weighs: DVS at entry × 0.5^(sessions since ÷ half-life), 0..1; UNKNOWN (nan) weighs nothing.

    Source: learning.yaml: evidence. Without a half-life (a journal from before evidence aged) it weighs its DVS for ever.
    """
    if dvs != dvs:
        return 0.0
    half_life = learning.evidence.half_life_sessions
    share = 1.0 if half_life is None else 0.5 ** (sessions_since / half_life)
    return min(1.0, max(0.0, dvs)) * share


def effective_sample(outcomes: Sequence[Aged], learning: Learning, later: int = 0) -> float:
    """The sum of their weights when `later` more sessions have begun."""
    return math.fsum(weight(dvs, since + later, learning) for dvs, since in outcomes)


def has_aged(sample: float, sessions_since: int, learning: Learning) -> bool:
    """Whether an effective sample lets a strategy go that was throttled so many sessions ago."""
    law = learning.evidence
    return sessions_since >= law.aged_after_sessions and sample < law.aged_below_sample - TOLERANCE


def sessions_until_aged(outcomes: Sequence[Aged], throttled_since: int, learning: Learning) -> int | None:
    """How many more sessions must begin, with no trade closed meanwhile, until `has_aged` (>= 1); None if it never will."""
    law, first = learning.evidence, max(1, learning.evidence.aged_after_sessions - throttled_since)
    if has_aged(effective_sample(outcomes, learning, first), throttled_since + first, learning):
        return first
    if law.half_life_sessions is None or law.aged_below_sample <= TOLERANCE:
        return None
    halvings = math.log2(effective_sample(outcomes, learning) / law.aged_below_sample)
    later = max(first, math.floor(halvings * law.half_life_sessions))
    while not has_aged(effective_sample(outcomes, learning, later), throttled_since + later, learning):
        later += 1
    return later
