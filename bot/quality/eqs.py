"""EQS, the execution quality score: may we believe our fills? (spec 5; execution_contract.yaml: eqs)"""

from __future__ import annotations

import math
from collections.abc import Iterator

from bot.contracts.models import ExecutionContract

NEGLIGIBLE = 1e-12  # below what a comparison of scores can see (spec 2: 1e-9), so forgotten


class EqsScorer:
    """EQS = clip(1 - sum of penalty x 2^(-t / half-life)) over past events, t in minutes of RTH market time.

    Starts at 1; a session boundary does not reset it. The value depends only on the events
    and the minute, to the bit and whatever the order they arrive in, so it can be rebuilt
    from the journal. It speaks of our own orders alone: with no order there is no evidence.
    """

    def __init__(self, contract: ExecutionContract) -> None:
        self._charges = {name: (event.penalty, event.half_life_minutes) for name, event in contract.eqs.events}
        self._events: list[tuple[str, float]] = []
        self._minute = -math.inf

    def on_event(self, name: str, minute: float) -> None:
        """Charge an event that happened at `minute` (RthClock). Raises ValueError for an unknown name or a nan minute."""
        if name not in self._charges:
            raise ValueError(f"EQS event {name!r} is not in execution_contract.yaml: eqs.events; known: {', '.join(self._charges)}")
        if math.isnan(minute):
            raise ValueError(f"EQS event {name!r} has no time")
        self._events.append((name, minute))

    def score(self, minute: float) -> float:
        """EQS at `minute`, 0..1.

        An earlier minute than the last one asked for reads as the last: a bar whose time does
        not increase must not take the score down with it. Raises ValueError for a nan minute.
        """
        return self.at(minute)[0]

    def parts(self, minute: float) -> list[tuple[str, float]]:
        """Each event still felt at `minute` with the penalty left of it, oldest arrival first."""
        return list(self.at(minute)[1])

    def at(self, minute: float) -> tuple[float, tuple[tuple[str, float], ...]]:
        """`score` and `parts` together. Raises ValueError for a nan minute."""
        live = self._live(minute)
        if not live:
            return 1.0, ()
        return max(0.0, 1.0 - math.fsum(penalty for _, _, penalty in live)), tuple((name, penalty) for name, _, penalty in live)

    def _live(self, minute: float) -> list[tuple[str, float, float]]:
        if math.isnan(minute):
            raise ValueError("EQS was asked for a time that is nan")
        self._minute = max(self._minute, minute)
        if not self._events:
            return []
        live = [item for item in self._left(self._minute) if item[2] >= NEGLIGIBLE]
        if len(live) < len(self._events):
            self._events = [(name, when) for name, when, _ in live]
        return live

    def _left(self, minute: float) -> Iterator[tuple[str, float, float]]:
        for name, when in self._events:
            penalty, half_life = self._charges[name]
            yield name, when, penalty * 2.0 ** (-max(0.0, minute - when) / half_life)


def fill_events(
    contract: ExecutionContract, waited_seconds: float | None, slippage_ticks: float, modelled_ticks: int, partial: bool
) -> list[str]:
    """EQS events of one fill.

    `waited_seconds` is submission to fill of an order meant to fill now, None for a resting
    exit; `slippage_ticks` adverse positive against the order's own price; `partial` if the
    fill left the order unfinished.
    """
    limits = contract.eqs
    found = {
        "late_fill": waited_seconds is not None and waited_seconds > limits.late_fill_seconds,
        "excess_slippage": slippage_ticks > limits.slippage_multiple * modelled_ticks,
        "partial_fill": partial,
    }
    return [name for name, happened in found.items() if happened]


def naked_events(contract: ExecutionContract, naked_seconds: float) -> list[str]:
    """EQS events of a stretch in which a position had no working stop, seconds."""
    return ["naked_time"] if naked_seconds > contract.eqs.naked_seconds else []


def loss_events(*, expected: bool, idle: bool, in_session: bool) -> list[str]:
    """EQS events of a lost connection: none of one that is `expected`, as the gateway's own restart is, and that nothing can have felt.

    `idle`: nothing of ours was at the broker; `in_session`: RTH is open, or went on while the link was away. An order that works, a
    position or an open session makes of any loss a disruption, and so does one that nobody expected, at whatever hour.
    """
    return [] if expected and idle and not in_session else ["connection_disrupted"]
