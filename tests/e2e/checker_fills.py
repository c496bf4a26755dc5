"""Rules about stops and fills: cover at every second, stops that only tighten, the pessimistic fill rule, reports that agree."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import Any

from checker_clock import SECOND, new_york
from checker_evidence import EPSILON, Evidence, Fill, Order, Trade, Violation
from checker_rows import Bar

Found = Iterator[Violation]


def cover(evidence: Evidence) -> Found:
    """Every second of a position is covered by working stops of its size; a flat book has no orders."""
    for start, end, net in evidence.segments:
        covered = evidence.cover(start, end, net)
        if net and covered < abs(net):
            yield Violation("NAKED", start, f"{covered} of {abs(net)} contracts until {new_york(end):%H:%M:%S}")
        if net and covered > abs(net):
            yield Violation("STOPS_EXCEED_POSITION", start, f"{covered} contracts of stops on a position of {net}")
        if not net and end - start > 2 * SECOND:
            for order in evidence.orders:
                if not order.entering and order.works(start, end) and order.first("Accepted") is not None:
                    yield Violation("ORPHAN", start, f"{order.id} works on a flat book")


def stops_tighten(evidence: Evidence) -> Found:
    """A stop never widens, by a change or by its replacement, and changes at most twice a trade."""
    for trade in evidence.trades:
        stops = [order for order in evidence.orders if order.type == "STOP_MARKET" and _belongs(order, trade)]
        for leg in {order.row["tags"].get("leg") for order in stops}:
            path = sorted(change for order in stops if order.row["tags"].get("leg") == leg for change in order.triggers())
            for (_, before), (ts, after) in pairwise(path):
                if (after - before) * trade.side < 0:
                    yield Violation("STOP_WIDENED", ts, f"leg {leg} from {before} to {after} ticks")
        moments = {ts for order in stops for ts, _ in order.triggers()[1:]}
        if len(moments) > 2:
            yield Violation("STOP_CHANGED_TOO_OFTEN", max(moments), f"{len(moments)} changes, maximum 2")


def _belongs(order: Order, trade: Trade) -> bool:
    entries = {entered.id for entry in trade.entries for entered in entry.orders}
    during = trade.opened <= order.ts and (trade.closed is None or order.ts <= trade.closed)
    return order.parent in entries or (order.parent is None and during)


def fill_rule(evidence: Evidence) -> Found:
    """Each fill against its bar: never better than the pessimistic rule allows."""
    entries = {order.id for entry in evidence.entries for order in entry.orders}
    for fill in evidence.fills:
        bar = evidence.by_ts.get(fill.ts)
        if bar is None:
            yield Violation("FILL_WITHOUT_BAR", fill.ts, fill.order.id)
        elif fill.order.id in entries:
            yield from _entry(fill, bar)
        else:
            yield from _exit(evidence, fill, bar)


def _entry(fill: Fill, bar: Bar) -> Found:
    order = fill.order
    if fill.ts <= order.ts:
        yield Violation("FILLED_ON_DECISION_BAR", fill.ts, order.id)
        return
    if order.limit is None:
        return
    far = bar.low if order.side > 0 else bar.high
    if (order.limit - far) * order.side <= 0:
        yield Violation("FILLED_ON_TOUCH", fill.ts, f"{order.id}: limit {order.limit}, bar {bar.low} to {bar.high}")
    if order.type == "STOP_LIMIT" and not bar.low <= order.trigger <= bar.high:
        near = bar.high if order.side > 0 else bar.low
        if (near - order.trigger) * order.side < 0:
            yield Violation("NOT_TRIGGERED", fill.ts, f"{order.id}: trigger {order.trigger}, bar {bar.low} to {bar.high}")
    if fill.price != order.limit:
        yield Violation("ENTRY_PRICE", fill.ts, f"{order.id}: filled at {fill.price}, limit {order.limit}")


def _exit(evidence: Evidence, fill: Fill, bar: Bar) -> Found:
    order, side = fill.order, -fill.side
    trade = next((trade for trade in evidence.trades if fill in trade.fills), None)
    entered = trade.opened if trade is not None else 0
    modelled = evidence.slippage.get(order.ts, 6)
    unseen = evidence.after_hole(bar) and entered < bar.ts
    if unseen and order.type != "MARKET":
        yield Violation("FILLED_AFTER_HOLE", fill.ts, f"{order.id}: nobody saw whether the market came there first")
        return
    if order.type in ("STOP_MARKET", "MARKET") and order.slippage != modelled:
        yield Violation("SLIPPAGE_MODEL", order.ts, f"{order.id} is charged {order.slippage} ticks, the model says {modelled}")
    if order.type == "STOP_MARKET":
        stop = order.trigger_before(fill.ts)
        worst = stop if entered == fill.ts else min(stop * side, bar.open * side) * side
        _, reach = _extremes(bar, side)
        if (reach - stop) * side > 0:
            yield Violation("STOP_NOT_TOUCHED", fill.ts, f"{order.id}: stop {stop}, bar {bar.low} to {bar.high}")
        if (fill.price - (worst - modelled * side)) * side > EPSILON:
            yield Violation("STOP_PRICE", fill.ts, f"{order.id}: {fill.price}, at best {worst - modelled * side}")
    elif order.type == "MARKET":
        best = (bar.open if unseen else bar.close) - modelled * side
        if (fill.price - best) * side > EPSILON:
            yield Violation("MARKET_PRICE", fill.ts, f"{order.id}: {fill.price}, at best {best}")
    elif order.type == "LIMIT":
        yield from _target(evidence, fill, bar, entered)


def _target(evidence: Evidence, fill: Fill, bar: Bar, entered: int) -> Found:
    order, side = fill.order, -fill.side
    best, reach = _extremes(bar, side)
    if fill.ts == entered:
        yield Violation("TARGET_IN_ENTRY_BAR", fill.ts, order.id)
    if (best - order.limit) * side <= 0:
        yield Violation("TARGET_ON_TOUCH", fill.ts, f"{order.id}: {order.limit}, bar {bar.low} to {bar.high}")
    if fill.price != order.limit:
        yield Violation("TARGET_PRICE", fill.ts, f"{order.id}: filled at {fill.price}, limit {order.limit}")
    stops = [other for name in order.row["links"] if (other := evidence.by_id.get(name)) and other.type == "STOP_MARKET"]
    if any((reach - stop.trigger_before(fill.ts)) * side <= 0 for stop in stops):
        yield Violation("TARGET_BEFORE_STOP", fill.ts, f"{order.id} filled in a bar that touched its stop")


def _extremes(bar: Bar, side: int) -> tuple[int, int]:
    """The bar's best and worst price for a trade of this side."""
    return (bar.high, bar.low) if side > 0 else (bar.low, bar.high)


def touched_stops(evidence: Evidence) -> Found:
    """A working stop that a bar touches ends its contracts with that bar; on the first one after a hole the position leaves at the open."""
    bars = evidence.bars
    for order in evidence.orders:
        accepted = order.first("Accepted")
        if order.type != "STOP_MARKET" or accepted is None:
            continue
        end = order.ended if order.ended is not None else bars[-1].ts
        # The entry's own bar belongs to the stop's life: what the bar did before the fill is not known.
        for bar in evidence.during(accepted, end):
            stop = order.trigger_before(bar.ts)
            _, reach = _extremes(bar, -order.side)
            gone = any(fill.ts == bar.ts for fill in order.fills)
            if (reach - stop) * -order.side <= 0 and not gone and not (bar.ts > accepted and evidence.after_hole(bar)):
                yield Violation("STOP_MISSED", bar.ts, f"{order.id} at {stop}, bar {bar.low} to {bar.high}")


def left_after_holes(evidence: Evidence) -> Found:
    """A position over which bars stopped ends with the first bar that comes."""
    for trade in evidence.trades:
        for bar in evidence.during(trade.opened + 1, trade.closed or evidence.bars[-1].ts):
            if evidence.after_hole(bar) and trade.closed != bar.ts:
                yield Violation("HELD_OVER_HOLE", bar.ts, f"opened {new_york(trade.opened):%H:%M}, and not left on the first bar that came")


def reports_agree(evidence: Evidence) -> Found:
    """Order events, the fills report and the positions report tell one story."""
    report = evidence.report
    told = sorted((fill["order"], fill["ts"], fill["side"], fill["quantity"], fill["price"], fill["fee"]) for fill in report.fills)
    own = sorted((fill.order.id, fill.ts, fill.side, fill.quantity, fill.price * 0.25, fill.fee) for fill in evidence.fills)
    if told != own:
        only = next(iter(set(told) ^ set(own)), told[-1:])
        yield Violation("REPORTS_DISAGREE", evidence.bars[-1].ts, f"fills report and order events differ: {only}")
    positions = sorted(_whole(report.positions))
    trades = sorted((trade.opened, trade.closed, trade.side, trade.quantity, round(trade.net_usd, 2)) for trade in evidence.trades)
    if positions != trades:
        only = next(iter(set(positions) ^ set(trades)), positions[-1:])
        yield Violation("REPORTS_DISAGREE", evidence.bars[-1].ts, f"positions and trades differ: {only}")


def _whole(positions: list[dict[str, Any]]) -> Iterator[tuple[Any, ...]]:
    """Positions as trades: two legs that came and went in one minute are two positions to Nautilus, one trade to the spec."""
    by_start: dict[tuple[int, int], list[dict[str, Any]]] = {}
    for row in positions:
        by_start.setdefault((row["opened"], row["side"]), []).append(row)
    for (opened, side), rows in by_start.items():
        closed = None if None in [row["closed"] for row in rows] else max(row["closed"] for row in rows)
        yield opened, closed, side, sum(row["quantity"] for row in rows), round(sum(row["pnl"] for row in rows), 2)


RULES = (cover, stops_tighten, fill_rule, touched_stops, left_after_holes, reports_agree)
