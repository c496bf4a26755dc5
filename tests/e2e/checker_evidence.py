"""What the checker's rules look at: orders, entries, trades, cover, scores, worked out again from a Report's rows."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from itertools import pairwise
from typing import Any, NamedTuple

from checker_clock import SECOND, new_york, trading_day
from checker_rows import TICK, Bar, Report
from checker_scores import dvs_of, eqs_at, quality_events, slippage_of

TICK_USD = 1.25
FEE_USD = 0.62
EPSILON = 1e-9
HOLE_SECONDS = 180  # bars that come later than this after the last one had stopped
ENDS = ("Filled", "Canceled", "Expired", "Rejected", "Denied")


class Violation(NamedTuple):
    """One broken rule: its name, when (UTC ns), and the facts."""

    name: str
    ts: int
    facts: str

    def __str__(self) -> str:
        return f"{self.name} at {new_york(self.ts):%Y-%m-%d %H:%M:%S}: {self.facts}"


class Fill(NamedTuple):
    """One execution: price in ticks (a fraction if off the grid)."""

    ts: int
    side: int
    quantity: int
    price: float
    fee: float
    order: Order


@dataclass(eq=False)
class Order:
    """An order row with prices in ticks."""

    row: dict[str, Any]
    events: list[dict[str, Any]] = field(default_factory=list)

    def __post_init__(self) -> None:
        row = self.row
        self.id, self.ts, self.side, self.type, self.quantity = row["id"], row["ts"], row["side"], row["type"], row["quantity"]
        self.parent, self.list, self.strategy = row["parent"], row["list"], row["strategy"]
        self.limit, self.trigger = ticks(row["price"]), ticks(row["trigger"])
        self.slippage = int(row["tags"].get("slippage_ticks", 0))
        self.events = row["events"]
        self.fills = [
            Fill(event["ts"], self.side, event["quantity"], ticks(event["price"]), event["fee"], self)
            for event in self.events
            if event["kind"] == "Filled"
        ]

    def first(self, *kinds: str) -> int | None:
        """When the first event of these kinds happened."""
        return next((event["ts"] for event in self.events if event["kind"] in kinds), None)

    @property
    def sent(self) -> bool:
        """Whether it left for the venue at all."""
        return self.first("Submitted") is not None

    @property
    def ended(self) -> int | None:
        """When it stopped working."""
        left = self.quantity
        for event in self.events:
            if event["kind"] == "Updated":
                left += event["quantity"] - self.quantity
            if event["kind"] == "Filled":
                left -= event["quantity"]
            if event["kind"] in ENDS and (event["kind"] != "Filled" or left <= 0):
                return event["ts"]
        return None

    @property
    def entering(self) -> bool:
        """Whether it brings children: the entry of a bracket."""
        return self.row["contingency"] == "OTO"

    def triggers(self) -> list[tuple[int, int]]:
        """(time, trigger in ticks) as first sent and after each change."""
        changes = [(event["ts"], ticks(event["trigger"])) for event in self.events if event["kind"] == "Updated" and event["trigger"]]
        return [] if self.trigger is None else [(self.ts, self.trigger), *changes]

    def trigger_before(self, ts: int) -> int | None:
        """The trigger in force during the minute that ends at `ts`."""
        return next((trigger for when, trigger in reversed(self.triggers()) if when < ts), self.trigger)

    def works(self, start: int, end: int) -> bool:
        """Whether it was working during all of [start, end]."""
        accepted, ended = self.first("Accepted"), self.ended
        return accepted is not None and accepted <= start and (ended is None or ended >= end)

    def leaves(self, ts: int) -> int:
        """Contracts it could still fill after `ts`."""
        return self.quantity - sum(fill.quantity for fill in self.fills if fill.ts <= ts)

    def last_price(self, ts: int, evidence: Evidence) -> float:
        """What a fill at `ts` is compared with: its stop, its limit, or the close it was sent on."""
        if self.type == "STOP_MARKET":
            return self.trigger_before(ts)
        return self.limit if self.limit is not None else evidence.bar_before(self.ts).close


def ticks(points: float | None) -> Any:
    """Whole ticks of a price; a fraction only if it is off the grid."""
    if points is None:
        return None
    value = points / TICK
    return round(value) if abs(value - round(value)) < EPSILON else value


@dataclass(eq=False)
class Entry:
    """All entry orders of one order list: one entry in the spec's counting, whatever its legs."""

    name: str
    orders: list[Order]
    children: dict[str, list[Order]]  # by entry order

    def __post_init__(self) -> None:
        first = self.orders[0]
        self.ts, self.side, self.strategy = first.ts, first.side, first.strategy
        self.quantity = sum(order.quantity for order in self.orders)
        self.fills = [fill for order in self.orders for fill in order.fills]
        self.filled = sum(fill.quantity for fill in self.fills)
        ends = [order.ended for order in self.orders]
        self.ended = None if None in ends else max(ends)
        self.expired = any(order.first("Canceled", "Expired") is not None for order in self.orders)

    def stop_ticks(self, order: Order) -> int | None:
        """From the worst price of an entry order to its stop."""
        stop = next((child for child in self.children.get(order.id, []) if child.type == "STOP_MARKET"), None)
        price = order.limit if order.limit is not None else order.trigger
        return None if stop is None or price is None else (price - stop.trigger) * self.side

    def risk_usd(self, filled_only: bool = False) -> float:
        """Planned risk of all legs, or of what was filled of them."""
        sizes = [(order, sum(fill.quantity for fill in order.fills) if filled_only else order.quantity) for order in self.orders]
        return sum((self.stop_ticks(order) or 0) * size * TICK_USD for order, size in sizes)

    def worst_usd(self) -> float:
        """The most the plan should cost: risk, fees both ways, modelled slippage of the stops."""
        return self.risk_usd() + self.quantity * (2 * FEE_USD + self.orders[0].slippage * TICK_USD)


@dataclass(eq=False)
class Trade:
    """From flat to flat."""

    opened: int
    closed: int | None = None
    fills: list[Fill] = field(default_factory=list)
    entries: list[Entry] = field(default_factory=list)

    @property
    def side(self) -> int:
        """+1 long, -1 short."""
        return self.fills[0].side

    @property
    def quantity(self) -> int:
        """Contracts entered."""
        return sum(fill.quantity for fill in self.fills if fill.side == self.side)

    @property
    def net_usd(self) -> float:
        """Realised, after fees."""
        gross = sum(-fill.side * fill.quantity * fill.price * TICK_USD for fill in self.fills)
        return round(gross - sum(fill.fee for fill in self.fills), 6)

    @property
    def risk_usd(self) -> float:
        """Planned risk of what was entered."""
        return sum(entry.risk_usd(filled_only=True) for entry in self.entries)

    @property
    def allowed_usd(self) -> float:
        """A loss beyond this is a BUDGET_OVERRUN."""
        slippage = max((entry.orders[0].slippage for entry in self.entries), default=0)
        return self.risk_usd + self.quantity * (2 * FEE_USD + slippage * TICK_USD)

    @property
    def overrun(self) -> bool:
        """Whether it lost more than modelled."""
        return -self.net_usd > self.allowed_usd + EPSILON

    @property
    def loses(self) -> bool:
        """A loss in the spec's counting; a win is net > 0, between them is a scratch."""
        return self.net_usd <= -0.25 * self.risk_usd + EPSILON


class Evidence:
    """What the rules look at, worked out once."""

    def __init__(self, report: Report) -> None:
        self.report, self.bars = report, report.bars
        self._stamps = [bar.ts for bar in report.bars]
        self.by_ts = {bar.ts: bar for bar in report.bars}
        self.orders = [Order(row) for row in report.orders]
        self.by_id = {order.id: order for order in self.orders}
        self.fills = sorted((fill for order in self.orders for fill in order.fills), key=lambda fill: (fill.ts, not fill.order.entering))

    def after_hole(self, bar: Bar) -> bool:
        """Whether bars had stopped before this one."""
        index = bisect_left(self._stamps, bar.ts)
        return index > 0 and bar.ts - self._stamps[index - 1] > HOLE_SECONDS * SECOND

    def during(self, start: int, end: int) -> list[Bar]:
        """Bars stamped in [start, end]."""
        stamps = self._stamps
        return self.bars[bisect_left(stamps, start) : bisect_right(stamps, end)]

    def bar_before(self, ts: int) -> Bar:
        """The last bar closed at or before `ts`."""
        return self.bars[bisect_right(self._stamps, ts) - 1]

    @cached_property
    def entries(self) -> list[Entry]:
        """Entries that left, in time order."""
        lists: dict[str, list[Order]] = {}
        for order in self.orders:
            if order.entering and order.sent:
                lists.setdefault(order.list or order.id, []).append(order)
        made = []
        for name, orders in lists.items():
            children = {order.id: [child for child in self.orders if child.parent == order.id] for order in orders}
            made.append(Entry(name, orders, children))
        return sorted(made, key=lambda entry: entry.ts)

    @cached_property
    def trades(self) -> list[Trade]:
        """The net position's journeys from flat to flat."""
        owner = {order.id: entry for entry in self.entries for order in entry.orders}
        found: list[Trade] = []
        net = 0
        for fill in self.fills:
            if net == 0:
                found.append(Trade(fill.ts))
            trade = found[-1]
            trade.fills.append(fill)
            entry = owner.get(fill.order.id)
            if entry is not None and entry not in trade.entries:
                trade.entries.append(entry)
            net += fill.side * fill.quantity
            if net == 0:
                trade.closed = fill.ts
        return found

    @cached_property
    def segments(self) -> list[tuple[int, int, int]]:
        """(start, end, net contracts) between any two order events; the last ends with the bars."""
        moments = sorted({event["ts"] for order in self.orders for event in order.events} | {self.bars[-1].ts})
        found, net, index = [], 0, 0
        for start, end in pairwise(moments):
            while index < len(self.fills) and self.fills[index].ts <= start:
                net += self.fills[index].side * self.fills[index].quantity
                index += 1
            found.append((start, end, net))
        return found

    def cover(self, start: int, end: int, net: int) -> int:
        """Contracts of working stops against a position, all through [start, end]."""
        stops = (order for order in self.orders if order.type == "STOP_MARKET" and order.side * net < 0 and order.works(start, end))
        return sum(order.leaves(start) for order in stops)

    @cached_property
    def naked(self) -> list[tuple[int, int]]:
        """Stretches in which a position had less stop than contracts."""
        return [(start, end) for start, end, net in self.segments if net and self.cover(start, end, net) < abs(net)]

    @cached_property
    def dvs(self) -> dict[int, float]:
        """DVS by bar."""
        return dvs_of(self.bars)

    @cached_property
    def slippage(self) -> dict[int, int]:
        """Modelled slippage by bar."""
        return slippage_of(self.bars)

    @cached_property
    def quality(self) -> list[tuple[int, float, float]]:
        """What EQS is made of."""
        return quality_events(self)

    def eqs(self, ts: int) -> float:
        """EQS at a moment."""
        return eqs_at(ts, self.quality)

    def closed_before(self, ts: int) -> list[Trade]:
        """Trades that were over at `ts`, oldest first."""
        return sorted((trade for trade in self.trades if trade.closed is not None and trade.closed <= ts), key=lambda trade: trade.closed)

    def equity(self, day: date) -> float:
        """Equity when a trading day began."""
        return self.report.equity_usd + sum(t.net_usd for t in self.trades if t.closed is not None and trading_day(t.closed) < day)
