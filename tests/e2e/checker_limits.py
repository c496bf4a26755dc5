"""Rules about entries and their consequences: size, risk, counting, budgets, windows, scores, brackets (spec 2, 5, 6)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml
from checker_clock import MINUTE, SECOND, hours, may_enter, new_york, trading_day
from checker_evidence import EPSILON, FEE_USD, TICK_USD, Entry, Evidence, Order, Trade, Violation

TIERS = (  # from equity: name, widest stop in ticks, most risk in dollars
    (7_500.0, "B", 18, 15.0),
    (2_500.0, "A", 14, 15.0),
    (float("-inf"), "S", 10, 12.0),
)


def blocks(*files: Path) -> dict[str, dict[str, Any]]:
    """What strategies' blocks say, read as a person would: every section of these files that names contracts and tiers."""
    sections = [item for file in files for item in yaml.safe_load(file.read_text(encoding="utf-8")).items()]
    return {name: block for name, block in sections if isinstance(block, dict) and {"contracts", "tiers"} <= block.keys()}


STRATEGIES = blocks(Path(__file__).parents[2] / "contracts" / "strategies.yaml")
BUDGETS = (
    ("DAY", 30.0, trading_day),
    ("WEEK", 75.0, lambda ts: trading_day(ts).isocalendar()[:2]),
    ("MONTH", 150.0, lambda ts: (trading_day(ts).year, trading_day(ts).month)),
)
NOBODY: dict[str, Any] = {"contracts": 0, "tiers": []}
Found = Iterator[Violation]


def size(evidence: Evidence) -> Found:
    """At most two contracts, whatever strategy, and no more than the strategy's own."""
    for start, _, net in evidence.segments:
        if abs(net) > 2:
            yield Violation("TOO_MANY_CONTRACTS", start, f"net {net}, maximum 2")
    for entry in evidence.entries:
        if entry.quantity > min(2, STRATEGIES.get(entry.strategy, NOBODY)["contracts"]):
            yield Violation("TOO_MANY_CONTRACTS", entry.ts, f"{entry.strategy} enters {entry.quantity}")


def one_at_a_time(evidence: Evidence) -> Found:
    """No entry while a position is open or another entry works; no two trades in one."""
    for entry in evidence.entries:
        for trade in evidence.trades:
            if trade.opened <= entry.ts and (trade.closed is None or trade.closed > entry.ts) and entry not in trade.entries:
                yield Violation("ENTRY_WHILE_POSITION_OPEN", entry.ts, f"{entry.name} while {trade.fills[0].order.id} is open")
        for other in evidence.entries:
            if other is not entry and other.ts <= entry.ts and (other.ended is None or other.ended > entry.ts):
                yield Violation("TWO_ENTRIES_AT_ONCE", entry.ts, f"{entry.name} while {other.name} works")
    for trade in evidence.trades:
        if len(trade.entries) > 1:
            yield Violation("TWO_TRADES_AT_ONCE", trade.opened, " and ".join(entry.name for entry in trade.entries))


def frequency(evidence: Evidence) -> Found:
    """Two trades and six submissions a day, one entry a clock hour, thirty minutes between entries."""
    for entry in evidence.entries:
        before = [other for other in evidence.entries if other.ts < entry.ts]
        today = [other for other in before if trading_day(other.ts) == trading_day(entry.ts)]
        trades = [other for other in today if other.filled or other.ended is None or other.ended > entry.ts]
        if len(trades) >= 2:
            yield Violation("TOO_MANY_TRADES_A_DAY", entry.ts, f"{len(trades) + 1} trades, maximum 2")
        if len(today) >= 6:
            yield Violation("TOO_MANY_SUBMISSIONS", entry.ts, f"{len(today) + 1} submissions, maximum 6")
        if any(_hour(other.ts) == _hour(entry.ts) for other in before):
            yield Violation("TWO_ENTRIES_AN_HOUR", entry.ts, f"a second entry in the hour of {_hour(entry.ts)}")
        if before and entry.ts - before[-1].ts < 30 * MINUTE:
            yield Violation("ENTRY_TOO_SOON", entry.ts, f"{(entry.ts - before[-1].ts) / MINUTE:.2f} minutes, minimum 30")


def _hour(ts: int) -> str:
    return f"{new_york(ts):%Y-%m-%d %H}"


def risk(evidence: Evidence) -> Found:
    """Planned risk, stop distance and tier, for every submitted entry."""
    for entry in evidence.entries:
        stops = [stop for order in entry.orders if (stop := entry.stop_ticks(order)) is not None]
        _, tier, tier_stop, tier_risk = next(row for row in TIERS if evidence.equity(trading_day(entry.ts)) >= row[0])
        cap_usd = min(15.0, tier_risk)
        cap = min(12, tier_stop, int(cap_usd / (TICK_USD * entry.quantity) + EPSILON))
        if tier not in STRATEGIES.get(entry.strategy, NOBODY)["tiers"]:
            yield Violation("STRATEGY_ABOVE_TIER", entry.ts, f"{entry.strategy} at ${evidence.equity(trading_day(entry.ts)):.2f}")
        if entry.risk_usd() > cap_usd + EPSILON:
            yield Violation("PLANNED_LOSS", entry.ts, f"${entry.risk_usd():.2f}, maximum ${cap_usd:.2f}")
        if any(stop > cap for stop in stops):
            yield Violation("STOP_TOO_WIDE", entry.ts, f"{max(stops)} ticks, maximum {cap}")
        if any(0 < stop < 4 for stop in stops):
            yield Violation("STOP_TOO_NARROW", entry.ts, f"{min(stops)} ticks, minimum 4")


def budgets(evidence: Evidence) -> Found:
    """Realised losses of day, week and month; a trade that overran its budget counts with what was modelled."""
    for name, limit, period in BUDGETS:
        sums: dict[object, float] = {}
        for trade in sorted((trade for trade in evidence.trades if trade.closed), key=lambda trade: trade.closed):
            key = period(trade.closed)
            sums[key] = sums.get(key, 0.0) + (-trade.allowed_usd if trade.overrun else trade.net_usd)
            if sums[key] < -limit - EPSILON:
                yield Violation(f"{name}_LOSS", trade.closed, f"${-sums[key]:.2f} realised, maximum ${limit:.2f}")
        for entry in evidence.entries:
            realised = sum(trade.net_usd for trade in evidence.closed_before(entry.ts) if period(trade.closed) == period(entry.ts))
            if entry.worst_usd() > limit + realised + EPSILON:
                yield Violation(f"{name}_BUDGET", entry.ts, f"worst case ${entry.worst_usd():.2f}, remaining ${limit + realised:.2f}")


def after_losses(evidence: Evidence) -> Found:
    """The lock after two losses in a row, after an overrun, and no more contracts than the day's last loser."""
    for entry in evidence.entries:
        day, closed = trading_day(entry.ts), evidence.closed_before(entry.ts)
        today = [trade for trade in closed if trading_day(trade.closed) == day]
        if _streak_lock(closed) == day:
            yield Violation("LOSING_STREAK", entry.ts, "two losses in a row, and the next session has not begun")
        if any(trade.overrun for trade in today):
            yield Violation("ENTRY_AFTER_OVERRUN", entry.ts, "a trade of this day lost more than modelled")
        losers = [trade for trade in today if trade.loses]
        if losers and entry.quantity > losers[-1].quantity:
            yield Violation("MORE_THAN_LAST_LOSER", entry.ts, f"{entry.quantity} contracts after a loss of {losers[-1].quantity}")


def _streak_lock(closed: list[Trade]) -> object:
    """The trading day that the last losing streak locked; serving a lock sets the streak to 0."""
    streak, locked = 0, None
    for trade in closed:
        if locked is not None and trading_day(trade.closed) != locked:
            streak, locked = 0, None
        if trade.loses:
            streak += 1
        elif trade.net_usd > 0:
            streak = 0
        if streak >= 2:
            locked = trading_day(trade.closed)
    return locked


def windows(evidence: Evidence) -> Found:
    """Entries in their windows, no longer than they may live, and nobody home after the flatten."""
    for entry in evidence.entries:
        if not may_enter(entry.ts):
            yield Violation("OUTSIDE_WINDOW", entry.ts, f"{entry.name} decided at {new_york(entry.ts):%H:%M:%S}")
        end = entry.ended if entry.ended is not None else evidence.bars[-1].ts
        if end - entry.ts > 92 * SECOND:
            yield Violation("ENTRY_OUTLIVED", entry.ts, f"{entry.name} worked {(end - entry.ts) / SECOND:.0f} s, at most 90")
    for trade in evidence.trades:
        found = hours(new_york(trade.opened).date())
        end = trade.closed if trade.closed is not None else evidence.bars[-1].ts
        if found is None or end > found[1] - 5 * MINUTE:
            yield Violation("HELD_TOO_LATE", end, f"held until {new_york(end):%Y-%m-%d %H:%M:%S}")


def scores(evidence: Evidence) -> Found:
    """DVS and EQS when the entry was decided."""
    for entry in evidence.entries:
        dvs, eqs = evidence.dvs.get(entry.ts, 0.0), evidence.eqs(entry.ts)
        if dvs < 0.80 - EPSILON:
            yield Violation("DVS_TOO_LOW", entry.ts, f"DVS {dvs:.2f}, minimum 0.80")
        if eqs < 0.75 - EPSILON:
            yield Violation("EQS_TOO_LOW", entry.ts, f"EQS {eqs:.2f}, minimum 0.75")


def brackets(evidence: Evidence) -> Found:
    """Every leg is one entry with one stop and one target of its size, on the other side, right of the price."""
    for entry in evidence.entries:
        for order in entry.orders:
            fault = _bracket_fault(entry, order)
            if fault:
                yield Violation("NO_BRACKET", entry.ts, f"{order.id}: {fault}")
    for order in evidence.orders:
        if order.row["reduce_only"]:
            yield Violation("REDUCE_ONLY", order.ts, f"{order.id} is flagged reduce-only")


def _bracket_fault(entry: Entry, order: Order) -> str:
    children = entry.children[order.id]
    stops = [child for child in children if child.type == "STOP_MARKET"]
    targets = [child for child in children if child.type == "LIMIT"]
    if len(stops) != 1 or len(targets) != 1 or len(children) != 2:
        return f"{len(stops)} stops and {len(targets)} targets"
    for child in children:
        if (child.side, child.quantity, child.list) != (-order.side, order.quantity, order.list):
            return f"{child.id} has another size, side or list"
    price = order.limit if order.limit is not None else order.trigger
    if price is not None and not stops[0].trigger * order.side < price * order.side < targets[0].limit * order.side:
        return f"stop {stops[0].trigger}, entry {price}, target {targets[0].limit} ticks"
    linked = stops[0].id in targets[0].row["links"] and targets[0].id in stops[0].row["links"]
    return "" if linked else "stop and target do not cancel each other"


def entry_types(evidence: Evidence) -> Found:
    """A position only grows by a limit or stop-limit entry of a bracket, and never turns round."""
    entries = {order.id for entry in evidence.entries for order in entry.orders}
    net = 0
    for fill in evidence.fills:
        after = net + fill.side * fill.quantity
        if net * after < 0:
            yield Violation("FLIPPED", fill.ts, f"{fill.order.id} takes {net} to {after}")
        elif abs(after) > abs(net) and fill.order.id not in entries:
            yield Violation("UNAPPROVED_ENTRY", fill.ts, f"{fill.order.id} ({fill.order.type}) takes {net} to {after}")
        net = after
    for entry in evidence.entries:
        for order in entry.orders:
            if order.type not in ("LIMIT", "STOP_LIMIT"):
                yield Violation("MARKET_ENTRY", entry.ts, f"{order.id} is a {order.type}")


def fees(evidence: Evidence) -> Found:
    """Every fill pays $0.62 a contract."""
    for fill in evidence.fills:
        if abs(fill.fee - FEE_USD * fill.quantity) > EPSILON:
            yield Violation("FEE", fill.ts, f"{fill.order.id} paid ${fill.fee:.2f} for {fill.quantity}")


RULES = (size, one_at_a_time, frequency, risk, budgets, after_losses, windows, scores, brackets, entry_types, fees)
