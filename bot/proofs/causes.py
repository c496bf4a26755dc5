"""Where two runs over the same bars were filled otherwise: each difference by its cause, in dollars, from the fills of both alone.

slippage: the same order got another price. latency: the same order got it later; of a market order the way of the price between the
decision and the fill counts here. fill: an order was filled in one of the two alone. consequence: a trade that only one decided, since
something had differed before. What they come to together is what the runs differ by, to the cent.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from enum import StrEnum

import msgspec

from bot.journal.times import minute_end, new_york
from bot.plural import counted
from bot.proofs.told import Body, Fact, Part
from bot.report.wording import dollars
from bot.supervision.orders import Role, named_role
from bot.units import TICK_CENTS, to_points, to_ticks


class Cause(StrEnum):
    """Why two runs over the same bars have not the same result."""

    SLIPPAGE = "slippage"
    LATENCY = "latency"
    FILL = "fill"
    CONSEQUENCE = "consequence"


class Priced(msgspec.Struct, frozen=True):
    """One difference: New York time, trade, order ("" for a whole trade), cause, what it is, and what B has more than A by it, in cents."""

    time: str
    trade: str
    order: str
    cause: Cause
    said: str
    cents: int


class _Filled:
    """All fills of one order, of one run. Prices in ticks."""

    def __init__(self) -> None:
        self.quantity = self.value = self.fees = self.side = self.ts_ns = 0
        self.slippage = 0.0

    def add(self, body: Body) -> None:
        quantity = body["quantity"]
        self.quantity += quantity
        self.value += round(to_ticks(body["price"])) * quantity
        self.fees += body["fee_cents"]
        self.side, self.slippage, self.ts_ns = body["side"], body["slippage_ticks"], body["ts_ns"]

    @property
    def cents(self) -> int:
        """What it brought, fees taken off."""
        return -self.side * self.value * TICK_CENTS - self.fees


class Book:
    """The fills of one run by trade and order, and the trades that it decided."""

    def __init__(self, facts: Iterable[Fact]) -> None:
        self.trades: dict[str, dict[str, _Filled]] = defaultdict(lambda: defaultdict(_Filled))
        self.decided: dict[str, int] = {}
        for fact in facts:
            if fact.part is Part.FILLS:
                self.trades[fact.body["intent_id"]][fact.name].add(fact.body)
            elif fact.part is Part.ORDERS and "plan" in fact.body:
                self.decided[fact.name] = fact.ts_ns

    @property
    def cents(self) -> int:
        """What all trades came to, fees taken off; one that is still open counts as it stands."""
        return sum(filled.cents for orders in self.trades.values() for filled in orders.values())


def priced(a: Book, b: Book, names: tuple[str, str], given_ticks: int | None = None) -> list[Priced]:
    """Every difference between the fills of two runs, which `names` call by, in order of the trades' decisions.

    `given_ticks` is what a market order of B gives up by rule, whole ticks; None where nobody knows.
    """
    found: list[Priced] = []
    intents = sorted(a.decided.keys() | b.decided.keys(), key=lambda name: (a.decided.get(name) or b.decided[name], name))
    for trade in intents:
        mine, its = a.trades.get(trade, {}), b.trades.get(trade, {})
        if trade in a.decided and trade in b.decided:
            found += _of_trade(trade, mine, its, names, given_ticks)
        elif mine or its:
            only = names[0] if trade in a.decided else names[1]
            cents = sum(each.cents for each in its.values()) - sum(each.cents for each in mine.values())
            time = new_york(a.decided.get(trade) or b.decided[trade])
            found.append(Priced(time, trade, "", Cause.CONSEQUENCE, f"only the {only} decided it", cents))
    return found


def _of_trade(trade: str, a: dict[str, _Filled], b: dict[str, _Filled], names: tuple[str, str], given_ticks: int | None) -> list[Priced]:
    found, explained = [], 0
    for order in sorted(a.keys() & b.keys()):
        if a[order].quantity == b[order].quantity:
            found += _of_order(trade, order, a[order], b[order], names, given_ticks)
            explained += b[order].cents - a[order].cents
    alone = [f"{order} in the {names[0] if order in a else names[1]} alone" for order in sorted(a.keys() ^ b.keys())]
    alone += [
        f"{order} with {b[order].quantity} against {a[order].quantity}"
        for order in sorted(a.keys() & b.keys())
        if a[order].quantity != b[order].quantity
    ]
    if alone:
        rest = sum(each.cents for each in b.values()) - sum(each.cents for each in a.values()) - explained
        ts_ns = max(each.ts_ns for each in (*a.values(), *b.values()))
        found.append(Priced(new_york(minute_end(ts_ns)), trade, "", Cause.FILL, f"filled {', '.join(alone)}", rest))
    return found


def _of_order(trade: str, order: str, a: _Filled, b: _Filled, names: tuple[str, str], given_ticks: int | None) -> list[Priced]:
    """An order that both filled whole. `given_ticks`: what a market order of B gives up by rule (None: not known)."""
    cents, found = b.cents - a.cents, []
    market, later = named_role(order) is Role.EXIT, minute_end(a.ts_ns) != minute_end(b.ts_ns)
    slipped = 0 if market or later else cents
    if market and given_ticks is not None:
        slipped = -round((given_ticks - a.slippage) * TICK_CENTS) * a.quantity
    prices = " against ".join(
        f"{to_points(each.value / each.quantity):,.2f} in the {name}" for each, name in ((b, names[1]), (a, names[0]))
    )
    if later or cents != slipped:
        at = f"filled at {new_york(b.ts_ns)} in the {names[1]}, {new_york(a.ts_ns)} in the {names[0]}: {prices}"
        found.append(Priced(new_york(minute_end(a.ts_ns)), trade, order, Cause.LATENCY, at, cents - slipped))
    if slipped:
        said = f"{counted(a.quantity, 'contract')} at {prices}"
        found.append(Priced(new_york(minute_end(a.ts_ns)), trade, order, Cause.SLIPPAGE, said, slipped))
    return found


def by_cause(found: Sequence[Priced]) -> str:
    """How many of each cause there are and what they come to: `slippage +$1.25 (1), fill −$3.00 (2)`; "" if there are none."""
    some = {cause: [each.cents for each in found if each.cause is cause] for cause in Cause}
    return ", ".join(f"{cause.value} {dollars(sum(cents))} ({len(cents)})" for cause, cents in some.items() if cents)


def line(each: Priced) -> str:
    """One difference as a row of columns."""
    return f"{each.time}  {each.cause.value}  {dollars(each.cents)}  {each.order or each.trade}: {each.said}"
