"""Random entries: what the same trades would have made at moments drawn by lot (spec 4)."""

from __future__ import annotations

import math
from collections.abc import Sequence

import msgspec
import numpy as np
from numpy.typing import NDArray

from bot import fills
from bot.decision.plan import EntryPlan, EntryType, ExitReason, Leg
from bot.learning.follow import FollowedPlan, Stage
from bot.market.bar import Bar
from bot.units import SECOND_NS

DRAWS = 1000


class Tape(msgspec.Struct, frozen=True):
    """The market to draw from, one entry a bar in order of time: slippage of the model in ticks, whether the
    session is flattened on the bar (and after it), whether an entry may be decided on it, whether nobody saw the way to it (bars had
    stopped before it, or too many were not believed), and whether its open is at a level which no market reaches in a day."""

    bars: Sequence[Bar]
    slippage_ticks: Sequence[int]
    flatten: Sequence[bool]
    eligible: Sequence[bool]
    unseen: Sequence[bool]
    void: Sequence[bool]


class Baseline(msgspec.Struct, frozen=True):
    """Net result of each draw in cents, and how many percent of the draws lie below the real result (ties count half)."""

    net_cents: list[int]
    real_net_cents: int
    percentile: float


def random_entries(plans: Sequence[EntryPlan], tape: Tape, fee_cents: int, real_net_cents: int, seed: int, draws: int = DRAWS) -> Baseline:
    """Draw an eligible bar for each real trade's plan, keeping its side and bracket, `draws` times over.

    Entry is a limit at the drawn bar's close under the plan's own time-to-live; only bars
    where it fills are drawn, so each draw has as many trades as there are plans. Then
    bracket, time and session exits by bot.fills, as for shadows; trades of one draw may overlap. One
    that is held when bars stop is left as a real one is: at the open of the first that comes, in the draw's net; draws have no win rate.
    `fee_cents` is a side and contract. The same seed gives the same draws. Raises
    ValueError if there are no plans, or no eligible bar fills for one of them.
    """
    if not plans:
        raise ValueError("random entries need at least one plan to repeat")
    generator = np.random.default_rng(seed)
    totals = np.zeros(draws, dtype=np.int64)
    results: dict[tuple[EntryPlan, int], int] = {}
    for plan in plans:
        chances = _fillable(plan, tape)
        shape = _moved(plan, 0)
        for draw, pick in enumerate(generator.integers(0, len(chances), size=draws)):
            key = (shape, chances[pick])
            net = results.get(key)
            if net is None:
                net = results[key] = _net_cents(plan, tape, chances[pick], fee_cents)
            totals[draw] += net
    return Baseline(totals.tolist(), real_net_cents, 100 * share_below(real_net_cents, totals))


def share_below(net_cents: int, draws: Sequence[int] | NDArray[np.int64]) -> float:
    """Share of the draws below a net result, 0..1; ties count half. nan without draws."""
    found = np.asarray(draws)
    if not len(found):
        return math.nan
    return float((np.count_nonzero(found < net_cents) + np.count_nonzero(found == net_cents) / 2) / len(found))


def _fillable(plan: EntryPlan, tape: Tape) -> list[int]:
    """Indices of the eligible bars after which a limit at the close fills in time."""
    chances = [index for index, eligible in enumerate(tape.eligible) if eligible and _fills(plan, tape, index)]
    if not chances:
        raise ValueError(f"no eligible bar lets a {plan.strategy} entry of side {plan.side:+d} fill; widen the window")
    return chances


def _fills(plan: EntryPlan, tape: Tape, index: int) -> bool:
    decided = tape.bars[index]
    expires_ns = _expires_ns(plan, decided)
    for later in range(index + 1, len(tape.bars)):
        bar = tape.bars[later]
        if bar.ts_ns > expires_ns:
            return False
        if fills.entry_fills(plan.side, EntryType.LIMIT, decided.close, None, bar):
            return True
        if tape.flatten[later]:
            return False
    return False


def _net_cents(plan: EntryPlan, tape: Tape, index: int, fee_cents: int) -> int:
    decided = tape.bars[index]
    followed = FollowedPlan(_moved(plan, decided.close), decided.ts_ns, _expires_ns(plan, decided), tape.slippage_ticks[index])
    last = len(tape.bars) - 1
    for later in range(index + 1, len(tape.bars)):
        bar, slippage_ticks = tape.bars[later], tape.slippage_ticks[later]
        if tape.unseen[later] and followed.stage is Stage.OPEN:
            stage = followed.leave(bar, slippage_ticks, ExitReason.SESSION, void=tape.void[later])
        else:
            stage = followed.on_bar(bar, slippage_ticks, tape.flatten[later] or later == last)
        if stage is Stage.CLOSED:
            break
    return followed.net_cents(fee_cents)


def _expires_ns(plan: EntryPlan, decided: Bar) -> int:
    return decided.ts_ns + round(plan.ttl_seconds * SECOND_NS)


def _moved(plan: EntryPlan, limit: int) -> EntryPlan:
    """The same side and bracket around another entry price, entered by a limit."""
    step = limit - plan.limit
    legs = tuple(Leg(leg.quantity, leg.stop + step, leg.target + step) for leg in plan.legs)
    return msgspec.structs.replace(plan, entry_type=EntryType.LIMIT, limit=limit, trigger=None, legs=legs)
